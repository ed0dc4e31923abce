"""The table of the REST face: which request goes to which room. Made when it is first asked for.

A route is a value. Finding it, refusing what it does not take and writing the OpenAPI document are all made of it; see
docs/decisions/0005 for why no framework does that here.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from msgspec import Struct

from toolway.router.desk import Desk
from toolway.router.sessions import Sessions
from toolway.serve.local import Local
from toolway.serve.rest.route import Route
from toolway.serve.rest.sessions import ExecuteBody, ExecuteMetaBody, SessionRest
from toolway.serve.wire import MOST_BODY, Response, json_response


class Found(Struct, frozen=True):
    """What there is at a path: the route of the method, if it has one, what stood in the open parts, and the methods that there are."""

    route: Route | None
    ids: tuple[str, ...]
    methods: tuple[str, ...]


class Table:
    """Finds routes."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self.routes = tuple(routes)
        self._by_path: dict[tuple[str, ...], dict[str, Route]] = {}
        # A literal part goes before an open one: `toolkits/categories` is no toolkit.
        for route in sorted(routes, key=lambda route: [part.startswith("{") for part in route.parts]):
            self._by_path.setdefault(route.parts, {})[route.method] = route

    def find(self, method: str, parts: Sequence[str]) -> Found | None:
        """What there is at a path; None for nothing."""
        for path, here in self._by_path.items():
            if len(path) == len(parts) and _fits(path, parts):
                ids = tuple(given for part, given in zip(path, parts, strict=True) if part.startswith("{"))
                return Found(here.get(method), ids, tuple(sorted(here)))
        return None

    def document(self) -> Response:
        """The OpenAPI document of all routes."""
        return json_response(200, self._document)

    @cached_property
    def _document(self) -> Any:
        from toolway.serve.rest.document import document

        return document(self.routes)


def _fits(path: Sequence[str], parts: Sequence[str]) -> bool:
    return all(given if part.startswith("{") else part == given for part, given in zip(path, parts, strict=True))


def table(local: Local, sessions: Sessions, desk: Desk, hot: SessionRest) -> Table:
    """Every route that there is. The first four are found before this table is made; here they are for its document."""
    from toolway.serve.rest.auth_configs import ConfigRest
    from toolway.serve.rest.bodies import session_body
    from toolway.serve.rest.connected_accounts import AccountRest
    from toolway.serve.rest.doctor import DoctorRest
    from toolway.serve.rest.toolkits import ToolkitRest
    from toolway.serve.rest.tools import ToolRest
    from toolway.serve.rest.within import WithinRest

    session = "tool_router/session/{session_id}"
    routes = [
        Route("POST", "tool_router/session", "execute", "Create a session for a user.", hot.create, body=session_body(), gives=201),
        Route("GET", session, "read", "Get a session.", hot.get),
        Route("POST", f"{session}/execute", "execute", "Execute a tool.", hot.execute, body=ExecuteBody, most=MOST_BODY),
        Route(
            "POST",
            f"{session}/execute_meta",
            "execute",
            "Execute a tool, as older SDKs do.",
            hot.execute_meta,
            body=ExecuteMetaBody,
            most=MOST_BODY,
        ),
        *WithinRest(local, sessions, desk, hot).routes(),
        *ToolRest(local, desk).routes(),
        *ToolkitRest(local).routes(),
        *ConfigRest(local).routes(),
        *AccountRest(local).routes(),
        *DoctorRest(local, sessions).routes(),
    ]
    return Table(routes)
