"""The MCP endpoint of a session: stateless, both eras on one URL (`rpc` tells them apart).

Answers are JSON; a stream of events is begun only for a call that takes long or tells how far it is. Answers to `tools/list` are
encoded once per session and kept.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Protocol, cast

import msgspec

from toolway import __version__
from toolway.catalog.model import Json
from toolway.errors import Forbidden, ToolwayError, Unavailable, UnknownTool
from toolway.router.asking import Answer, Asking
from toolway.serve import rpc
from toolway.serve.questions import Questions
from toolway.serve.responder import Responder
from toolway.serve.rpc import Call, RpcError
from toolway.serve.wire import CHALLENGE, Response, Scope, header, status_of
from toolway.store.records import Session
from toolway.watch import Watch, fault, request_id

STREAM_AFTER_SECONDS = 10.0
MOST_SECONDS = 25.0
"""By then everything is answered; an execution ends before, to say what became of it."""
INSTRUCTIONS = (
    "Tools of the user's services, reached in three steps: COMPOSIO_SEARCH_TOOLS finds the tools for a task and says whether their "
    "toolkit is connected; COMPOSIO_MANAGE_CONNECTIONS gives a link for the user where it is not; COMPOSIO_MULTI_EXECUTE_TOOL calls "
    "them. Names of things are taken where ids are asked for. Every result holds successful, data and error; error says what to do."
)
"""Told when a request is cancelled from outside: its client is gone, or this process ends."""
_SERVER: Json = {"name": "toolway", "title": "Toolway", "version": __version__}
_CAPABILITIES: Json = {"tools": {}}
_SESSION = b"mcp-session-id"
_KEPT = 1024
_TTL_MS = 300_000


class Desk(Protocol):
    """What stands behind the endpoint."""

    async def withheld(self, session: Session) -> frozenset[str]:
        """The tools of a session that are not listed just now, since every account of its user refuses them."""
        ...

    def list_tools(self, session: Session, withheld: frozenset[str]) -> list[Json]:
        """The tools of a session, as they are listed, without these."""
        ...

    async def call(self, session: Session, asking: Asking, name: str, arguments: Json) -> Answer:
        """Answer a call. Raises `UnknownTool` or `Forbidden` for a name that this session does not list."""
        ...


class McpDoor:
    """Answers JSON-RPC messages for sessions. With `links_as_errors` clients of 2025-11-25 that open links get them as error -32042."""

    def __init__(
        self,
        desk: Desk,
        questions: Questions,
        watch: Watch,
        *,
        links_as_errors: bool = False,
        stream_after: float = STREAM_AFTER_SECONDS,
        most_seconds: float = MOST_SECONDS,
    ) -> None:
        self._desk = desk
        self._questions = questions
        self._watch = watch
        self._links_as_errors = links_as_errors
        self._stream_after = stream_after
        self._most_seconds = most_seconds
        self._lists: OrderedDict[tuple[str, int, bool, frozenset[str]], bytes] = OrderedDict()

    async def handle(self, scope: Scope, content: bytes, session: Session, origin: str, out: Responder) -> Response:
        """One message in, one answer out. A tool's failure is a result; only a malformed message is an error."""
        modern = header(scope, b"mcp-protocol-version") == rpc.MODERN
        if not _takes_json(scope):
            return Response(406)
        try:
            fields = rpc.message(content)
            out.message_id = rpc.message_id(fields)
            call = rpc.understood(scope, fields, out.message_id)
            modern = call.modern
            if modern:
                rpc.ladder(scope, call)
            elif self._links_as_errors and call.method != "initialize" and not self._knows(scope, session):
                return _error(call.id, {"code": rpc.SHUT, "message": "This MCP session is not known here; begin again."}, 404)
            if call.id is None:
                return Response(202)
            match call.method:
                case "tools/call":
                    return _answer(call.id, await self._call(scope, call, session, origin, out))
                case "tools/list":
                    return _answer(call.id, await self._list(session, modern))
                case "server/discover" if modern:
                    found: Json = {"supportedVersions": rpc.SUPPORTED, "capabilities": _CAPABILITIES, "instructions": INSTRUCTIONS}
                    return _answer(call.id, msgspec.json.encode(_stamped(found, _TTL_MS)))
                case "initialize" if not modern:
                    return self._initialize(call, session)
                case "ping" if not modern:
                    return _answer(call.id, b"{}")
                case _:
                    raise RpcError(rpc.METHOD, f"There is no method {call.method[: rpc.SHOWN]!r} here.")
        except RpcError as error:
            inside: Json = {"code": error.code, "message": error.message} | ({"data": error.data} if error.data else {})
            status = rpc.STATUS.get(error.code, 200) if modern or error.code in (rpc.PARSE, rpc.INVALID, rpc.VERSION) else 200
            return _error(out.message_id, inside, status)
        except Unavailable:
            raise
        except Exception as error:
            fault("mcp", error)
            said = f"Something went wrong inside Toolway; the operator finds it in its log under {request_id()}."
            return _error(out.message_id, {"code": rpc.INTERNAL, "message": said})

    async def _list(self, session: Session, modern: bool) -> bytes:
        withheld = await self._desk.withheld(session)
        place = (session.id, session.version, modern, withheld)
        kept = self._lists.get(place)
        if kept is None:
            listed: Json = {"tools": self._desk.list_tools(session, withheld)}
            # The account that is connected next may allow what is left out: a client is not to remember that.
            kept = self._lists[place] = msgspec.json.encode(_stamped(listed, 0 if withheld else _TTL_MS) if modern else listed)
            if len(self._lists) > _KEPT:
                self._lists.popitem(last=False)
        return kept

    async def _call(self, scope: Scope, call: Call, session: Session, origin: str, out: Responder) -> bytes:
        name, arguments = call.params.get("name"), call.params.get("arguments")
        if not isinstance(name, str):
            raise RpcError(rpc.PARAMS, "params.name is missing; the name of a tool is expected.")
        if arguments is not None and not isinstance(arguments, dict):
            raise RpcError(rpc.PARAMS, "params.arguments is no object; give the arguments by name.")
        streams = "text/event-stream" in (header(scope, b"accept") or "")
        opens_links = self._links_as_errors and not call.modern and header(scope, _SESSION) is not None
        asking = self._questions.asking(call, session, origin, out if streams else None, opens_links)
        deadline = _Deadline(self._stream_after, self._most_seconds, out.begin if streams else None)
        try:
            with self._watch.message(call.meta, call.id, call.version) as told:
                answer = await self._desk.call(session, asking, name, cast("Json", arguments or {}))
                told(name, answer.is_error)
        except asyncio.CancelledError:
            if not deadline.over:
                raise
            said = f"{name[: rpc.SHOWN]} took longer than {self._most_seconds:g} seconds. Look what was done before you repeat it."
            answer = Answer({"successful": False, "data": {}, "error": said}, is_error=True)
        except (UnknownTool, Forbidden) as error:
            raise RpcError(rpc.PARAMS, error.sentence) from None
        finally:
            deadline.end()
        if answer.question is not None:
            return msgspec.json.encode(_signed(self._questions.result(answer.question, asking, call, session)))
        blocks = answer.blocks or [{"type": "text", "text": msgspec.json.encode(answer.content).decode()}]
        result: Json = {"content": blocks, "isError": answer.is_error}
        return msgspec.json.encode(_stamped(result) if call.modern else result)

    def _initialize(self, call: Call, session: Session) -> Response:
        wanted = call.params.get("protocolVersion")
        version = wanted if wanted in rpc.LEGACY else rpc.LEGACY[-1]
        made: Json = {"protocolVersion": version, "capabilities": _CAPABILITIES, "serverInfo": _SERVER, "instructions": INSTRUCTIONS}
        answer = _answer(call.id, msgspec.json.encode(made))
        if self._links_as_errors and version == rpc.LEGACY[-1]:
            session_id = self._questions.session_id(session, call.params.get("capabilities"))
            if session_id is not None:
                return Response(200, answer.body, ((_SESSION, session_id.encode()),))
        return answer

    def _knows(self, scope: Scope, session: Session) -> bool:
        session_id = header(scope, _SESSION)
        return session_id is None or self._questions.knows(session, session_id)


class _Deadline:
    """Calls `slow` after a while, and cancels the task much later: one timer, which most calls stop before it rings."""

    __slots__ = ("_further", "_slow", "_task", "_timer", "over")

    def __init__(self, slow_after: float, most: float, slow: Callable[[], None] | None) -> None:
        self.over = False
        self._slow = slow
        self._further = max(most - slow_after, 0)
        self._task = asyncio.current_task()
        self._timer = asyncio.get_running_loop().call_later(min(slow_after, most), self._ring)

    def _ring(self) -> None:
        if self._slow is not None:
            self._slow()
        self._timer = asyncio.get_running_loop().call_later(self._further, self._give_up)

    def _give_up(self) -> None:
        if self._task is not None:
            self.over = self._task.cancel()

    def end(self) -> None:
        """Stop the timer; a cancellation that came from it is none of anybody else's."""
        self._timer.cancel()
        if self.over and self._task is not None:
            self._task.uncancel()


def _takes_json(scope: Scope) -> bool:
    """Whether the client can read an answer of ours; a client that does not say takes anything."""
    accepts = header(scope, b"accept")
    return accepts is None or "application/json" in accepts or "*/*" in accepts or "application/*" in accepts


def _signed(result: Json) -> Json:
    return result | {"_meta": {rpc.META + "serverInfo": _SERVER}}


def _stamped(result: Json, ttl_ms: int | None = None) -> Json:
    made = _signed(result) | {"resultType": "complete"}
    return made if ttl_ms is None else made | {"ttlMs": ttl_ms, "cacheScope": "private"}


def _answer(call_id: Any, result: bytes) -> Response:
    return Response(200, b'{"jsonrpc":"2.0","id":' + msgspec.json.encode(call_id) + b',"result":' + result + b"}")


def _error(call_id: Any, error: Json, status: int = 200, *headers: tuple[bytes, bytes]) -> Response:
    return Response(status, msgspec.json.encode({"jsonrpc": "2.0", "id": call_id, "error": error}), headers)


def refused(error: ToolwayError, message_id: str | int | None) -> Response:
    """The answer on the MCP URL when the door itself is shut: 401, 403, 404 and the like. The message may not have been read by then."""
    status = status_of(error)
    return _error(message_id, {"code": rpc.SHUT, "message": error.sentence}, status, *(CHALLENGE if status == 401 else ()))
