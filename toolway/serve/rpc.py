"""JSON-RPC messages of both eras: read, understood and checked in the order that the protocol fixes.

Revisions 2024-11-05 to 2025-11-25 speak by handshake (`initialize`), 2026-07-28 without one. The version header decides, then the body.
"""

import base64
import binascii
from typing import Any, NamedTuple, cast

from toolway.catalog.model import Json
from toolway.errors import BadRequest
from toolway.serve.wire import Scope, header, json_body, twice

LEGACY = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
MODERN = "2026-07-28"
SUPPORTED = (MODERN, *reversed(LEGACY))
"""What is told wherever versions are told: a client may look for one in `server/discover` that an error named."""
META = "io.modelcontextprotocol/"
PARSE, INVALID, METHOD, PARAMS, INTERNAL = -32700, -32600, -32601, -32602, -32603
MISMATCH, INCAPABLE, VERSION = -32020, -32021, -32022
SHUT = -32001
OPEN_LINK = -32042
"""2025-11-25 alone: the client has to open a link first."""
STATUS = {PARSE: 400, INVALID: 400, PARAMS: 400, MISMATCH: 400, INCAPABLE: 400, VERSION: 400, METHOD: 404}
SHOWN = 80


class RpcError(Exception):
    """A JSON-RPC error: code, message, data."""

    def __init__(self, code: int, message: str, data: Json | None = None) -> None:
        self.code = code
        self.message = message
        self.data = data
        super().__init__(message)


class Call(NamedTuple):
    """A message that was understood: its id (None for a notification), method, params, whether it speaks 2026-07-28, and the version."""

    id: str | int | None
    method: str
    params: Json
    modern: bool
    version: str

    @property
    def meta(self) -> Json:
        """What `params._meta` holds."""
        given: Any = self.params.get("_meta")
        return cast("Json", given) if isinstance(given, dict) else {}


def message(content: bytes) -> Json:
    """The one message of a body. Raises `RpcError`."""
    try:
        found = json_body(content)
    except BadRequest as error:
        raise RpcError(PARSE, error.sentence) from None
    if not isinstance(found, dict):
        raise RpcError(INVALID, "One JSON-RPC message is expected; batches are not taken.")
    return cast("Json", found)


def message_id(fields: Json) -> str | int | None:
    """A message's id, None for a notification. Raises `RpcError`."""
    given = fields.get("id")
    if not isinstance(given, str | int | None) or isinstance(given, bool) or ("id" in fields and given is None):
        raise RpcError(INVALID, "id must be a text or a whole number.")
    return given


def understood(scope: Scope, fields: Json, call_id: str | int | None) -> Call:
    """The message as a call of one era or the other: the version header decides, and where there is none, the body."""
    method, params = fields.get("method"), fields.get("params")
    if fields.get("jsonrpc") != "2.0" or not isinstance(method, str):
        raise RpcError(INVALID, 'A JSON-RPC 2.0 message with "jsonrpc" and "method" is expected.')
    if params is not None and not isinstance(params, dict):
        raise RpcError(INVALID, "params must be an object.")
    given = cast("Json", params or {})
    version = header(scope, b"mcp-protocol-version")
    inner = given.get("_meta")
    named = cast("Json", inner).get(META + "protocolVersion") if isinstance(inner, dict) else None
    modern = version == MODERN or (version is None and named is not None)
    if not modern and version is not None and version not in LEGACY:
        data: Json = {"supported": SUPPORTED, "requested": version[:SHOWN]}
        raise RpcError(VERSION if named is not None else INVALID, f"Protocol version {version[:SHOWN]!r} is not known here.", data)
    return Call(call_id, method, given, modern, version or (MODERN if modern else ""))


def ladder(scope: Scope, call: Call) -> None:
    """The checks of 2026-07-28 in their order; the first failure wins."""
    for name in (b"mcp-protocol-version", b"mcp-method", b"mcp-name"):
        if twice(scope, name):
            raise RpcError(MISMATCH, f"The header {name.decode()} came twice.")
    if call.id is not None:
        inner = call.meta
        missing = [name for name in ("protocolVersion", "clientCapabilities") if META + name not in inner]
        if missing:
            raise RpcError(PARAMS, f"params._meta lacks {', '.join(META + name for name in missing)}.")
        named = inner[META + "protocolVersion"]
        if not isinstance(named, str):
            raise RpcError(PARAMS, f"params._meta.{META}protocolVersion must be a text.")
        _same("mcp-protocol-version", header(scope, b"mcp-protocol-version"), named)
    _same("mcp-method", _decoded(header(scope, b"mcp-method")), call.method)
    if call.method == "tools/call":
        _same("mcp-name", _decoded(header(scope, b"mcp-name")), call.params.get("name"))


def _same(name: str, sent: str | None, told: Any) -> None:
    if sent != told:
        came = "is missing or cannot be read" if sent is None else f"is {sent[:SHOWN]!r}"
        raise RpcError(MISMATCH, f"The header {name} {came}, and the body says {str(told)[:SHOWN]!r}; both have to say the same.")


def abilities(capabilities: Any) -> frozenset[str]:
    """The kinds of questions that a client says it can answer."""
    if not isinstance(capabilities, dict):
        return frozenset()
    given = cast("Json", capabilities)
    found = {name for name in ("sampling", "roots") if isinstance(given.get(name), dict)}
    asked: Any = given.get("elicitation")
    if isinstance(asked, dict):  # an empty one is from the time when there were forms only
        modes = cast("Json", asked) or {"form": {}}
        found |= {f"elicitation.{mode}" for mode in ("form", "url") if isinstance(modes.get(mode), dict)}
    return frozenset(found)


def _decoded(value: str | None) -> str | None:
    """A header's value out of its base64 dress; None, which equals nothing, when the dress does not fit."""
    if value is None or not (value.startswith("=?base64?") and value.endswith("?=")):
        return value
    try:
        plain = base64.b64decode(value[9:-2], validate=True)
        return plain.decode() if base64.b64encode(plain).decode() == value[9:-2] else None
    except (binascii.Error, ValueError):
        return None
