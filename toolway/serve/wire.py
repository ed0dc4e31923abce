"""HTTP in bytes: reading bodies, sending answers, and the only table that turns our errors into numbers."""

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, cast

import msgspec
from msgspec import Struct

from toolway.catalog.model import Json
from toolway.errors import BadRequest, TooLarge, ToolwayError

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

MOST_BODY = 4 * 1024 * 1024
_BODY_SECONDS = 10.0
_DEEPEST = 64
_LARGEST = 2**63
STATUS = {
    "bad_request": 400,
    "bad_argument": 400,
    "bad_setting": 500,
    "bad_file": 500,
    "misdirected": 421,
    "unauthorized": 401,
    "forbidden": 403,
    "not_found": 404,
    "unknown_tool": 404,
    "unknown_toolkit": 404,
    "unknown_session": 404,
    "not_connected": 400,
    "conflict": 409,
    "gone": 410,
    "too_large": 413,
    "busy": 429,
    "unavailable": 503,
}
_SLUGS = {
    400: "HTTP_BadRequest",
    401: "HTTP_Unauthorized",
    403: "HTTP_Forbidden",
    404: "HTTP_NotFound",
    405: "HTTP_MethodNotAllowed",
    409: "HTTP_Conflict",
    410: "HTTP_Gone",
    413: "HTTP_PayloadTooLarge",
    415: "HTTP_UnsupportedMediaType",
    421: "HTTP_MisdirectedRequest",
    429: "HTTP_TooManyRequests",
    503: "HTTP_ServiceUnavailable",
}
CHALLENGE = ((b"www-authenticate", b'Bearer realm="toolway"'),)
"""What a 401 always carries. It names no metadata: a client would begin an OAuth dance that could not end."""
_CODES = {400: 10400, 401: 10401, 403: 10403, 404: 10404, 429: 10429}


class Response(Struct, frozen=True):
    """An answer: status, body and further headers (lower-case names)."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    kind: bytes = b"application/json"


def json_response(status: int, content: Any, *headers: tuple[bytes, bytes]) -> Response:
    """An answer that holds JSON."""
    return Response(status, msgspec.json.encode(content), headers)


async def respond(send: Send, response: Response, request_id: str) -> None:
    """Send an answer."""
    headers = [(b"content-length", str(len(response.body)).encode()), (b"x-request-id", request_id.encode()), *response.headers]
    if response.body:
        headers.insert(0, (b"content-type", response.kind))
    headers.append((b"x-content-type-options", b"nosniff"))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})


def header(scope: Scope, name: bytes) -> str | None:
    """The value of a header, trimmed of blanks (not every server does that), or None."""
    for key, value in scope["headers"]:
        if key == name:
            return value.decode("latin-1").strip(" \t")
    return None


async def body(scope: Scope, receive: Receive) -> bytes:
    """The request's body. Raises `TooLarge` above 4 MiB, `BadRequest` for an encoding that is not taken or a body that trickles in."""
    declared = header(scope, b"content-length") or ""
    if declared.isdecimal() and int(declared[:20]) > MOST_BODY:
        raise TooLarge(f"The body has {declared[:20]} bytes; at most {MOST_BODY} are taken.")
    if header(scope, b"content-encoding") not in (None, "", "identity"):
        raise BadRequest("The body is compressed, which is not taken.", fix="Send it as it is.")
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            return await _whole(receive)
    except TimeoutError:
        raise BadRequest(f"The body did not come within {_BODY_SECONDS:g} seconds.") from None


async def _whole(receive: Receive) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionResetError
        part = message.get("body", b"")
        size += len(part)
        if size > MOST_BODY:
            raise TooLarge(f"The body has more than {MOST_BODY} bytes.")
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


def json_body(content: bytes) -> Any:
    """A body as JSON. Raises `BadRequest` for what is no JSON, and for what two readers could understand in two ways: a key that comes
    twice, a whole number that no reply could hold, depth without end.
    """
    try:
        msgspec.json.decode(content)  # strict where the standard library is not: half characters, NaN, numbers without bound
        found = _strict.decode(content.decode())
    except (ValueError, msgspec.MsgspecError, RecursionError) as error:
        raise BadRequest(f"The body is no JSON that is taken here: {str(error)[:120]}.") from None
    # Depth is counted only where there are enough brackets for it.
    if content.count(b"[") + content.count(b"{") > _DEEPEST and _depth(found) > _DEEPEST:
        raise BadRequest(f"The body is nested more than {_DEEPEST} deep.")
    return found


def _once(pairs: list[tuple[str, Any]]) -> Json:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the key {next(name for name in names if names.count(name) > 1)[:60]!r} comes twice")
    return made


def _whole_number(text: str) -> int:
    number = int(text) if len(text) <= 20 else _LARGEST
    if not -_LARGEST <= number < _LARGEST:
        raise ValueError(f"the number {text[:24]} has more than 64 bits; send it as a text")
    return number


_strict = json.JSONDecoder(object_pairs_hook=_once, parse_int=_whole_number)


def _depth(value: Any) -> int:
    level, depth = [value], 0
    while level:
        inner: list[Any] = []
        for one in level:
            if isinstance(one, dict):
                inner += cast("Json", one).values()
            elif isinstance(one, list):
                inner += cast("list[Any]", one)
        level = inner
        depth += 1
    return depth - 1


def status_of(error: ToolwayError) -> int:
    """The HTTP status of an error of ours."""
    return STATUS.get(error.code, 500)


def envelope(error: ToolwayError, request_id: str, status: int | None = None) -> Response:
    """The contract's error envelope (section 1)."""
    status = status or status_of(error)
    inside: Json = {
        "message": error.message,
        "code": _CODES.get(status, status),
        "slug": _SLUGS.get(status, "HTTP_Error"),
        "status": status,
        "request_id": request_id,
    }
    if error.fix:
        inside["suggested_fix"] = error.fix
    if isinstance(error, BadRequest) and error.details:
        inside["errors"] = list(error.details)
    return json_response(status, {"error": inside}, *(CHALLENGE if status == 401 else ()))


def plain(status: int, message: str, request_id: str, fix: str | None = None) -> Response:
    """An envelope for what no error class stands for (405 and the like)."""
    return envelope(ToolwayError(message, fix=fix), request_id, status)
