"""The MCP endpoint of a session: stateless, JSON answers, both eras on one URL.

Revisions 2024-11-05 to 2025-11-25 speak by handshake (`initialize`), 2026-07-28 without one. The version header decides, then the
body. Answers to `tools/list` are encoded once per session and kept.
"""

import base64
import binascii
from collections import OrderedDict
from typing import Any, NamedTuple, cast

import msgspec

from toolway import __version__
from toolway.catalog.model import Card, Json
from toolway.errors import BadRequest, Forbidden, ToolwayError, Unavailable, UnknownTool
from toolway.router import policy
from toolway.router.desk import Desk
from toolway.router.meta import MetaTool
from toolway.serve.wire import CHALLENGE, Response, Scope, header, json_body, status_of
from toolway.store.records import Session
from toolway.watch import Watch, fault, request_id

LEGACY = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
MODERN = "2026-07-28"
_META = "io.modelcontextprotocol/"
_SERVER: Json = {"name": "toolway", "title": "Toolway", "version": __version__}
_CAPABILITIES: Json = {"tools": {}}
INSTRUCTIONS = (
    "Tools of the user's services, reached in three steps: COMPOSIO_SEARCH_TOOLS finds the tools for a task and says whether their "
    "toolkit is connected; COMPOSIO_MANAGE_CONNECTIONS gives a link for the user where it is not; COMPOSIO_MULTI_EXECUTE_TOOL calls "
    "them. Names of things are taken where ids are asked for. Every result holds successful, data and error; error says what to do."
)
_PARSE, _INVALID, _METHOD, _PARAMS, _INTERNAL = -32700, -32600, -32601, -32602, -32603
_MISMATCH, _VERSION = -32020, -32022
_SHUT = -32001
_HTTP = {_PARSE: 400, _INVALID: 400, _PARAMS: 400, _MISMATCH: 400, _VERSION: 400, _METHOD: 404}
_KEPT = 1024
_SHOWN = 80
_LONGEST_RESULT = 500_000
_TTL_MS = 300_000


class RpcError(Exception):
    """A JSON-RPC error: code, message, data."""

    def __init__(self, code: int, message: str, data: Json | None = None) -> None:
        self.code = code
        self.message = message
        self.data = data
        super().__init__(message)


class Call(NamedTuple):
    """A message that was understood: its id (None for a notification), method, params, whether it speaks 2026-07-28, and the version."""

    id: Any
    method: str
    params: Json
    modern: bool
    version: str


class McpDoor:
    """Answers JSON-RPC messages for sessions."""

    def __init__(self, desk: Desk, watch: Watch) -> None:
        self._desk = desk
        self._watch = watch
        self._lists: OrderedDict[tuple[str, int, bool], bytes] = OrderedDict()

    async def handle(self, scope: Scope, content: bytes, session: Session, origin: str) -> Response:
        """One message in, one answer out. A tool's failure is a result; only a malformed message is an error."""
        call_id, modern = None, header(scope, b"mcp-protocol-version") == MODERN
        if not _takes_json(scope):
            return Response(406)
        try:
            fields = _message(content)
            call_id = _id(fields)
            call = _understood(scope, fields, call_id)
            modern = call.modern
            if modern:
                _ladder(scope, call)
            if call.id is None:
                return Response(202)
            return _answer(call.id, await self._result(call, session, origin))
        except RpcError as error:
            inside: Json = {"code": error.code, "message": error.message} | ({"data": error.data} if error.data else {})
            status = _HTTP.get(error.code, 200) if modern or error.code in (_PARSE, _INVALID, _VERSION) else 200
            return _error(call_id, inside, status)
        except Unavailable:
            raise
        except Exception as error:
            fault("mcp", error)
            return _error(
                call_id,
                {
                    "code": _INTERNAL,
                    "message": f"Something went wrong inside Toolway; the operator finds it in its log under {request_id()}.",
                },
            )

    async def _result(self, call: Call, session: Session, origin: str) -> bytes:
        match call.method:
            case "tools/call":
                return await self._call(call, session, origin)
            case "tools/list":
                return self._list(session, call.modern)
            case "server/discover" if call.modern:
                found: Json = {"supportedVersions": [MODERN], "capabilities": _CAPABILITIES, "instructions": INSTRUCTIONS}
                return msgspec.json.encode(_stamped(found, cached=True))
            case "initialize" if not call.modern:
                return msgspec.json.encode(_initialized(call.params))
            case "ping" if not call.modern:
                return b"{}"
            case _:
                raise RpcError(_METHOD, f"There is no method {call.method[:_SHOWN]!r} here.")

    def _list(self, session: Session, modern: bool) -> bytes:
        place = (session.id, session.version, modern)
        kept = self._lists.get(place)
        if kept is None:
            tools = [_listed_meta(tool) for tool in self._desk.meta_tools(session)]
            tools += [_listed(card) for card in self._desk.preloaded(session)]
            listed: Json = {"tools": tools}
            kept = self._lists[place] = msgspec.json.encode(_stamped(listed, cached=True) if modern else listed)
            if len(self._lists) > _KEPT:
                self._lists.popitem(last=False)
        return kept

    async def _call(self, call: Call, session: Session, origin: str) -> bytes:
        name, arguments = call.params.get("name"), call.params.get("arguments")
        if not isinstance(name, str):
            raise RpcError(_PARAMS, "params.name is missing; the name of a tool is expected.")
        if arguments is not None and not isinstance(arguments, dict):
            raise RpcError(_PARAMS, "params.arguments is no object; give the arguments by name.")
        try:
            with self._watch.message(call.params.get("_meta"), call.id, call.version) as told:
                answer = await self._desk.call(session, origin, name, cast("Json", arguments or {}))
                told(name, answer.is_error)
        except (UnknownTool, Forbidden) as error:
            raise RpcError(_PARAMS, error.sentence) from None
        text = msgspec.json.encode(answer.content).decode()
        result: Json = {"content": [{"type": "text", "text": text}], "isError": answer.is_error}
        return msgspec.json.encode(_stamped(result) if call.modern else result)


def _message(content: bytes) -> Json:
    try:
        message = json_body(content)
    except BadRequest as error:
        raise RpcError(_PARSE, error.sentence) from None
    if not isinstance(message, dict):
        raise RpcError(_INVALID, "One JSON-RPC message is expected; batches are not taken.")
    return cast("Json", message)


def _id(fields: Json) -> str | int | None:
    given = fields.get("id")
    if not isinstance(given, str | int | None) or isinstance(given, bool) or ("id" in fields and given is None):
        raise RpcError(_INVALID, "id must be a text or a whole number.")
    return given


def _understood(scope: Scope, fields: Json, call_id: str | int | None) -> Call:
    """The message as a call of one era or the other: the version header decides, and where there is none, the body."""
    method, params = fields.get("method"), fields.get("params")
    if fields.get("jsonrpc") != "2.0" or not isinstance(method, str):
        raise RpcError(_INVALID, 'A JSON-RPC 2.0 message with "jsonrpc" and "method" is expected.')
    if params is not None and not isinstance(params, dict):
        raise RpcError(_INVALID, "params must be an object.")
    given = cast("Json", params or {})
    version = header(scope, b"mcp-protocol-version")
    inner = given.get("_meta")
    named = cast("Json", inner).get(_META + "protocolVersion") if isinstance(inner, dict) else None
    modern = version == MODERN or (version is None and named is not None)
    if not modern and version is not None and version not in LEGACY:
        data: Json = {"supported": [MODERN, *reversed(LEGACY)], "requested": version[:_SHOWN]}
        raise RpcError(_VERSION if named is not None else _INVALID, f"Protocol version {version[:_SHOWN]!r} is not known here.", data)
    return Call(call_id, method, given, modern, version or (MODERN if modern else ""))


def _ladder(scope: Scope, call: Call) -> None:
    """The checks of 2026-07-28 in their order; the first failure wins."""
    for name in (b"mcp-protocol-version", b"mcp-method", b"mcp-name"):
        if sum(key == name for key, _ in scope["headers"]) > 1:
            raise RpcError(_MISMATCH, f"The header {name.decode()} came twice.")
    if call.id is not None:
        given: Any = call.params.get("_meta")
        inner = cast("Json", given) if isinstance(given, dict) else {}
        missing = [name for name in ("protocolVersion", "clientCapabilities") if _META + name not in inner]
        if missing:
            raise RpcError(_PARAMS, f"params._meta lacks {', '.join(_META + name for name in missing)}.")
        named = inner[_META + "protocolVersion"]
        if not isinstance(named, str):
            raise RpcError(_PARAMS, f"params._meta.{_META}protocolVersion must be a text.")
        if named != header(scope, b"mcp-protocol-version"):
            raise RpcError(_MISMATCH, "The header mcp-protocol-version and the body name different versions.")
        if named != MODERN:
            raise RpcError(_VERSION, "Unsupported protocol version", {"supported": [MODERN], "requested": named[:_SHOWN]})
    if _decoded(header(scope, b"mcp-method")) != call.method:
        raise RpcError(_MISMATCH, "The header mcp-method and the body name different methods.")
    if call.method == "tools/call" and _decoded(header(scope, b"mcp-name")) != call.params.get("name"):
        raise RpcError(_MISMATCH, "The header mcp-name and the body name different tools.")


def _takes_json(scope: Scope) -> bool:
    """Whether the client can read an answer of ours; a client that does not say takes anything."""
    accepts = header(scope, b"accept")
    return accepts is None or any(kind in accepts for kind in ("application/json", "application/*", "*/*"))


def _decoded(value: str | None) -> str | None:
    """A header's value out of its base64 dress; None, which equals nothing, when the dress does not fit."""
    if value is None or not (value.startswith("=?base64?") and value.endswith("?=")):
        return value
    try:
        plain = base64.b64decode(value[9:-2], validate=True)
        return plain.decode() if base64.b64encode(plain).decode() == value[9:-2] else None
    except (binascii.Error, ValueError):
        return None


def _initialized(params: Json) -> Json:
    wanted = params.get("protocolVersion")
    return {
        "protocolVersion": wanted if wanted in LEGACY else LEGACY[-1],
        "capabilities": _CAPABILITIES,
        "serverInfo": _SERVER,
        "instructions": INSTRUCTIONS,
    }


def _stamped(result: Json, cached: bool = False) -> Json:
    made = result | {"resultType": "complete", "_meta": {_META + "serverInfo": _SERVER}}
    return made | {"ttlMs": _TTL_MS, "cacheScope": "private"} if cached else made


def _answer(call_id: Any, result: bytes) -> Response:
    return Response(200, b'{"jsonrpc":"2.0","id":' + msgspec.json.encode(call_id) + b',"result":' + result + b"}")


def _error(call_id: Any, error: Json, status: int = 200, *headers: tuple[bytes, bytes]) -> Response:
    return Response(status, msgspec.json.encode({"jsonrpc": "2.0", "id": call_id, "error": error}), headers)


def _listed_meta(tool: MetaTool) -> Json:
    return {
        "name": tool.name,
        "title": tool.title,
        "description": tool.about,
        "inputSchema": tool.schema,
        "annotations": {"title": tool.title} | tool.hints,
        # The Claude CLI defers tools and cuts results at about 50,000 characters unless told otherwise.
        "_meta": {"anthropic/alwaysLoad": True, "anthropic/maxResultSizeChars": _LONGEST_RESULT},
    }


def _listed(card: Card) -> Json:
    hints = policy.HINTS[card.effect]
    return {
        "name": card.slug,
        "title": card.title,
        "description": card.about,
        "inputSchema": msgspec.Raw(card.schema),
        "annotations": {
            "title": card.title,
            "readOnlyHint": "readOnlyHint" in hints,
            "destructiveHint": "destructiveHint" in hints,
            "idempotentHint": "idempotentHint" in hints,
            "openWorldHint": "openWorldHint" in hints,
        },
        "_meta": {"anthropic/maxResultSizeChars": _LONGEST_RESULT},
    }


def refused(error: ToolwayError) -> Response:
    """The answer on the MCP URL when the door itself is shut: 401, 403, 404 and the like."""
    status = status_of(error)
    return _error(None, {"code": _SHUT, "message": error.sentence}, status, *(CHALLENGE if status == 401 else ()))
