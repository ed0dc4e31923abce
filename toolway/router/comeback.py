"""Where a person is sent after connecting: the page that a project named, if it may name it.

Only pages of the web, and nothing that a browser reads otherwise than this server does. Where the operator has set `callback_urls`, a
project names pages under those only; without it, whoever holds a key of the project is trusted with its users' way back.
"""

import re
from collections.abc import Sequence
from urllib.parse import SplitResult, quote, unquote, urlsplit, urlunsplit

from toolway.errors import BadRequest
from toolway.store.shelves import Store

# Nothing that a browser reads otherwise than this server, and nothing that could end a line of the page's policy.
_NETLOC = re.compile(r"[A-Za-z0-9.-]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?")
_VISIBLE = re.compile(r"[!-\[\]-~]+")
_LONGEST = 2000
_PORTS = {"http": 80, "https": 443}


class Comebacks:
    """The pages that projects may name. `allowed` holds pairs: a project's name ("" for every project) and an address, under which
    everything is allowed.
    """

    def __init__(self, store: Store, allowed: Sequence[tuple[str, str]] = ()) -> None:
        self._store = store
        self._allowed = allowed

    async def check(self, project_id: str, url: str, name: str = "callback_url") -> None:
        """Raises `BadRequest` for an address that this project may not name; `name` is what the request calls it. "" is allowed."""
        if not url:
            return
        require_page(url, name)
        if not await self.allows(project_id, url):
            fix = "The operator can allow it with TOOLWAY_CALLBACK_URLS."
            raise BadRequest(f"{name} leads to a page that this project may not name.", fix=fix)

    async def allows(self, project_id: str, url: str) -> bool:
        """Whether a person may be sent there."""
        if not is_web_page(url):
            return False
        if not self._allowed:
            return True
        project = await self._store.projects.get(project_id)
        known = ("", project.name if project else "")
        return any(_under(url, page) for name, page in self._allowed if name in known)


def is_web_page(url: str) -> bool:
    """Whether it is the address of a page of the web, read alike by every reader."""
    if len(url) > _LONGEST or not _VISIBLE.fullmatch(url):
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in _PORTS and _NETLOC.fullmatch(parts.netloc) is not None and parts.port != 0
    except ValueError:  # half an IPv6 address, a port that is none
        return False


def require_page(url: str, name: str) -> None:
    """Raises `BadRequest` for what is no address of a page; `name` is what the request calls it."""
    if not is_web_page(url):
        raise BadRequest(f"{name} is no http or https address.", fix="Give the page to come back to, with its host.")


def origin_of(url: str) -> str:
    """Scheme, host and port of a page's address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def told_of(url: str, outcome: dict[str, str]) -> str:
    """The address with the outcome in its query. Its own parameters stay as they are, save those of the same names."""
    parts = urlsplit(url)
    own = [pair for pair in parts.query.split("&") if pair and unquote(pair.partition("=")[0]) not in outcome]
    new = [f"{name}={quote(value, safe='')}" for name, value in outcome.items()]
    return urlunsplit(parts._replace(query="&".join(own + new)))


def _under(url: str, page: str) -> bool:
    """Whether an address is a page's own, or lies under it."""
    given, held = urlsplit(url), urlsplit(page)
    if _place(given) != _place(held):
        return False
    root = held.path.rstrip("/")
    steps = unquote(given.path).split("/")
    return not root or (".." not in steps and "." not in steps and (given.path == root or given.path.startswith(root + "/")))


def _place(parts: SplitResult) -> tuple[str, str, int]:
    return parts.scheme, (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme, 0)
