"""The door of the pages: connect links, and the way back from a provider. Whatever is refused here is a page too."""

from typing import TYPE_CHECKING

from toolway.accounts.oauth import CALLBACK
from toolway.errors import BadRequest
from toolway.serve.gate import Gate
from toolway.serve.pages import paper
from toolway.serve.pages.browser import Browsers
from toolway.serve.pages.callback import CallbackPage
from toolway.serve.pages.connect import ConnectPage
from toolway.serve.pages.outcome import Outcome
from toolway.serve.wire import SMALL_BODY, Bodies, Receive, Response, Scope

if TYPE_CHECKING:
    from toolway.serve.local import Local

_CALLBACK = tuple(CALLBACK.strip("/").split("/"))


def is_page(parts: tuple[str, ...]) -> bool:
    """Whether a path, in its parts, leads to a page for people."""
    return (len(parts) == 2 and parts[0] == "link") or parts == _CALLBACK


class PagesDoor:
    """Opens the page of a path."""

    def __init__(self, local: "Local", gate: Gate, bodies: Bodies) -> None:
        browsers, outcome = Browsers(local.keys.derive), Outcome(local.catalogue, local.comebacks)
        overrides = local.settings.overrides
        self._connect = ConnectPage(local.store, local.catalogue, local.connector, browsers, outcome, overrides, local.settings.played)
        self._callback = CallbackPage(local.connector, browsers, outcome)
        self._gate = gate
        self._bodies = bodies

    async def open(self, scope: Scope, receive: Receive, parts: tuple[str, ...]) -> Response:
        """The page; raises `ToolwayError` for what is refused."""
        origin, method = self._gate.origin(scope), scope["method"]
        if parts == _CALLBACK:  # by GET alone, and never looked at beforehand: its state is good once
            return await self._callback.show(scope, origin) if method == "GET" else _not_allowed(method, "GET")
        # A browser names no origin when it sends the form of a page that forbids to tell where one came from; the form's own token
        # stands for it.
        self._gate.welcome(scope, origin, or_null=True)
        if method in ("GET", "HEAD"):
            return await self._connect.show(scope, parts[1], origin)
        if method == "POST":
            return await self._connect.take(scope, parts[1], await self._bodies.read(scope, receive, SMALL_BODY), origin)
        return _not_allowed(method, "GET, HEAD, POST")


def _not_allowed(method: str, methods: str) -> Response:
    error = BadRequest(f"{method[:20]} is not taken here.", fix="Open the link in a browser.")
    return paper.with_headers(paper.told(error, 405), (b"allow", methods.encode()))
