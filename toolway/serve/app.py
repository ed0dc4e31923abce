"""The application: which door a request goes to. The only room that knows all others."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from toolway.accounts.keys import Caller
from toolway.accounts.sealing import Sealing
from toolway.accounts.vault import Vault
from toolway.errors import NotFound, ToolwayError, Unavailable
from toolway.router.connections import Connections
from toolway.router.desk import Desk
from toolway.router.discover import Finder
from toolway.router.execute import Executor
from toolway.router.sessions import Sessions
from toolway.serve import mcp
from toolway.serve.gate import Crowd, Gate, identify
from toolway.serve.local import Local
from toolway.serve.metrics import METRICS, follow
from toolway.serve.metrics import door as door_of
from toolway.serve.pages import paper
from toolway.serve.pages.door import PagesDoor, is_page
from toolway.serve.questions import Questions
from toolway.serve.responder import Responder
from toolway.serve.rest.asked import Asked
from toolway.serve.rest.sessions import SessionRest
from toolway.serve.wire import (
    MOST_BODY,
    SMALL_BODY,
    Bodies,
    Receive,
    Response,
    Scope,
    Send,
    WhileConnected,
    envelope,
    header,
    json_response,
    plain,
)
from toolway.store.records import next_id
from toolway.watch import begin, fault, log

if TYPE_CHECKING:
    from toolway.serve.rest.table import Table

_Answer = Callable[[Asked], Awaitable[Response]]


class App:
    """A raw ASGI application over an installation. `door` takes the place of its MCP endpoint."""

    def __init__(self, local: Local, door: mcp.McpDoor | None = None) -> None:
        settings = local.settings
        self._local = local
        self._bodies = Bodies()
        self._crowd = Crowd()
        self._gate = Gate(settings.text("public_url"), settings.words("origins"))
        self._sessions = Sessions(local.store, local.catalogue, local.comebacks)
        finder = Finder(local.catalogue, local.standing, local.watch)
        executor = Executor(local.store, local.catalogue, local.keeper, local.runner, local.watch)
        connections = Connections(local.store, local.catalogue, local.standing, local.connector, local.doctor)
        self._desk = desk = Desk(local.catalogue, finder, executor, connections, local.standing)
        # Not under the vault's ring: what clients hold for us has to open after its keys were changed.
        questions = Questions(Sealing(Vault.of(bytes.fromhex(local.keys.derive("what clients bring back")))))
        self._mcp = door or mcp.McpDoor(desk, questions, local.watch, links_as_errors=settings.flag("links_as_errors"))
        self._rest = SessionRest(self._sessions, desk)
        self._cold: Table | None = None
        self._meters = local.watch.meters
        follow(self._meters, local.store.log, {"keys": local.keys.tally, "accounts": local.keeper.tally, "sessions": self._sessions.tally})
        self._pages = PagesDoor(local, self._gate, self._bodies)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "http":
            request_id = _request_id(scope)
            begin(request_id)
            out = Responder(send, request_id)
            try:
                answer = await self._answer(scope, receive, request_id, out)
                self._meters.request(door_of(scope["path"]), answer.status)
                await out.respond(answer)
            except (ConnectionResetError, asyncio.CancelledError):  # nobody is left to be told
                out.abandon()
            except Exception as error:
                out.abandon()
                fault("answer", error)

    async def _answer(self, scope: Scope, receive: Receive, request_id: str, out: Responder) -> Response:
        parts = tuple(str(scope["path"]).strip("/").split("/"))
        try:
            return await self._route(scope, receive, parts, request_id, out)
        except ConnectionResetError:
            raise
        except Unavailable as error:
            log().warning("unavailable", where=_where(scope, parts), message=error.message)
            told = error
        except ToolwayError as error:
            told = error
        except asyncio.CancelledError:  # this process ends
            told = Unavailable("This was interrupted: the server is being stopped.", fix="Look what was done before you repeat it.")
        except Exception as error:
            fault(_where(scope, parts), error)
            told = ToolwayError(f"Something went wrong here; the operator finds it in the log under {request_id}.")
        if is_page(parts):
            return paper.told(told)
        return mcp.refused(told, out.message_id) if parts[0] == "tool_router" else envelope(told, request_id)

    async def _route(self, scope: Scope, receive: Receive, parts: tuple[str, ...], request_id: str, out: Responder) -> Response:
        match parts:
            case ("tool_router", session_id, "mcp"):
                return await self._mcp_call(scope, receive, session_id, out)
            case ("healthz",):
                return _get(scope, json_response(200, {"status": "ok"}), request_id)
            case ("readyz",):
                return _get(scope, await self._ready(), request_id)
            case ("metrics",):
                await self._caller(scope, "read")
                return _get(scope, Response(200, self._meters.text(), kind=METRICS), request_id)
            case ("",) if "text/html" in (header(scope, b"accept") or ""):
                self._gate.welcome(scope, self._gate.origin(scope))
                return _get(scope, paper.page("home.html", 200), request_id)
            case ("static", "toolway.css"):
                return _get(scope, paper.style(), request_id)
            case _ if is_page(parts):
                return await self._pages.open(scope, receive, parts)
            case ("api", "v3" | "v3.1", *rest):
                return await self._api(scope, receive, tuple(rest), request_id)
            case ("openapi.json",):
                self._gate.welcome(scope, self._gate.origin(scope))
                return _get(scope, self._table().document(), request_id)
            case _:
                raise NotFound(f"There is nothing at {str(scope['path'])[:100]}.")

    async def _api(self, scope: Scope, receive: Receive, rest: tuple[str, ...], request_id: str) -> Response:
        """REST. What SDKs ask most is found here; the table of everything else is made when it is first asked."""
        match (scope["method"], *rest):
            case ("POST", "tool_router", "session"):
                return await self._asked(scope, receive, "execute", self._rest.create)
            case ("GET", "tool_router", "session", session_id):
                return await self._asked(scope, receive, "read", self._rest.get, (session_id,))
            case ("POST", "tool_router", "session", session_id, "execute"):
                return await self._asked(scope, receive, "execute", self._rest.execute, (session_id,), MOST_BODY)
            case ("POST", "tool_router", "session", session_id, "execute_meta"):
                return await self._asked(scope, receive, "execute", self._rest.execute_meta, (session_id,), MOST_BODY)
            case _:
                found = self._table().find(scope["method"], rest)
                if found is None:
                    fix = "GET /openapi.json lists what there is."
                    raise NotFound(f"Toolway does not serve {str(scope['path'])[:100]} yet.", fix=fix)
                if not found.route:
                    await self._caller(scope, "")
                    return _not_allowed(", ".join(found.methods), request_id)
                return await self._asked(scope, receive, found.route.needs, found.route.answer, found.ids, found.route.most)

    async def _asked(
        self, scope: Scope, receive: Receive, needs: str, answer: _Answer, ids: tuple[str, ...] = (), most: int = SMALL_BODY
    ) -> Response:
        """The answer of a route, for a key that may ask it. It ends when the client goes away."""
        origin, caller = await self._caller(scope, needs)
        self._crowd.enter(caller.key_id)
        try:
            content = await self._bodies.read(scope, receive, most, caller.key_id)
            with WhileConnected(receive):
                return await answer(Asked(scope, caller, origin, ids, content))
        finally:
            self._crowd.leave(caller.key_id)

    def _table(self) -> "Table":
        if self._cold is None:
            from toolway.serve.rest.table import table

            self._cold = table(self._local, self._sessions, self._desk, self._rest)
        return self._cold

    async def _ready(self) -> Response:
        try:
            await self._local.store.generation()
        except ToolwayError as error:
            raise Unavailable("The database cannot be read.", fix=error.fix) from None
        if self._local.store.log.trouble:
            raise Unavailable("The call log cannot be written.", fix="The database's disk may be full.")
        return json_response(200, {"status": "ready"})

    async def _caller(self, scope: Scope, needs: str) -> tuple[str, Caller]:
        origin = self._gate.origin(scope)
        self._gate.welcome(scope, origin)
        await self._local.store.freshness.fresh()
        return origin, await identify(scope, self._local.keys, needs)

    async def _mcp_call(self, scope: Scope, receive: Receive, session_id: str, out: Responder) -> Response:
        origin, caller = await self._caller(scope, "execute")
        session = await self._sessions.open(caller.project_id, session_id)
        if scope["method"] != "POST":
            return Response(405, b"", ((b"allow", b"POST"),))
        self._crowd.enter(caller.key_id)
        try:
            content = await self._bodies.read(scope, receive, key_id=caller.key_id)
            with WhileConnected(receive):
                return await self._mcp.handle(scope, content, session, origin, out)
        finally:
            self._crowd.leave(caller.key_id)


def _request_id(scope: Scope) -> str:
    sent = header(scope, b"x-request-id") or ""
    fits = 0 < len(sent) <= 80 and sent.isascii() and sent.replace("-", "").replace("_", "").isalnum()
    return sent if fits else next_id("req_")


def _where(scope: Scope, parts: tuple[str, ...]) -> str:
    return f"{scope['method']} {parts[0][:40]}"


def _get(scope: Scope, response: Response, request_id: str) -> Response:
    return response if scope["method"] in ("GET", "HEAD") else _not_allowed("GET", request_id)


def _not_allowed(methods: str, request_id: str) -> Response:
    told = plain(405, f"Only {methods} is taken here.", request_id)
    return Response(405, told.body, (*told.headers, (b"allow", methods.encode())))
