"""HTTP in bytes: reading bodies, sending answers, and the only table that turns our errors into numbers."""

import asyncio
from collections import defaultdict
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
SMALL_BODY = 256 * 1024
"""The most that a request takes which is no tool call."""
_LARGE_AT_ONCE = 4
_PATIENCE_SECONDS = 0.05
_BODY_SECONDS = 10.0
_HEADERS, _TWICE = "toolway.headers", "toolway.twice"
_DEEPEST = 64
_MOST_INNER = 100_000
_LARGEST = 2**63
_DIGITS = bytes.maketrans(b"123456789", b"000000000")
_LONG = b"0" * len(str(_LARGEST))
_decode, _encode = msgspec.json.Decoder().decode, msgspec.json.Encoder().encode
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
    "refused": 400,
    "denied": 400,
    "blocked": 400,
    "call_failed": 424,  # not 502: SDKs would try a key again and again
    "unreachable": 424,
    "no_answer": 424,
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
    424: "HTTP_FailedDependency",
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


def header(scope: Scope, name: bytes) -> str | None:
    """The value of a header, trimmed of blanks (not every server does that), or None; of several the first."""
    found: dict[bytes, str] = scope.get(_HEADERS) or _read(scope)
    return found.get(name)


def once(scope: Scope, name: bytes) -> str | None:
    """The value of a header on which much depends. Raises `BadRequest` when it comes twice: two readers could take different ones."""
    if twice(scope, name):
        raise BadRequest(f"The header {name.decode()} came twice.")
    return header(scope, name)


def twice(scope: Scope, name: bytes) -> bool:
    """Whether a header came more than once."""
    if _TWICE not in scope:
        _read(scope)
    return name in scope[_TWICE]


def header_values(scope: Scope, name: bytes) -> list[bytes]:
    """Every value of a header, as it came."""
    return [value for key, value in scope["headers"] if key == name]


def _read(scope: Scope) -> dict[bytes, str]:
    """The headers in order, made at the first question: a call asks two dozen."""
    found, more = dict[bytes, str](), set[bytes]()
    for name, value in scope["headers"]:
        if name in found:
            more.add(name)
        else:
            found[name] = value.decode("latin-1").strip(" \t")
    scope[_HEADERS], scope[_TWICE] = found, more
    return found


class Bodies:
    """Reads requests' bodies; large ones only a few at a time for each key, so that a slow client keeps nobody else waiting."""

    def __init__(self) -> None:
        self._large = defaultdict[str, asyncio.Semaphore](lambda: asyncio.Semaphore(_LARGE_AT_ONCE))

    async def read(self, scope: Scope, receive: Receive, most: int = MOST_BODY, key_id: str = "") -> bytes:
        """The request's body, sent with this key.

        Raises `TooLarge`, and `BadRequest` for an encoding that is not taken or a body that trickles in.
        """
        declared = header(scope, b"content-length") or ""
        if declared.isdecimal() and int(declared[:20]) > most:
            raise TooLarge(f"The body has {declared[:20]} bytes; at most {most} are taken.")
        if header(scope, b"content-encoding") not in (None, "", "identity"):
            raise BadRequest("The body is compressed, which is not taken.", fix="Send it as it is.")
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                content = bytearray()
                if await _more(receive, content, min(most, SMALL_BODY)):
                    async with self._large[key_id]:
                        await _more(receive, content, most)
        except TimeoutError:
            raise BadRequest(f"The body did not come within {_BODY_SECONDS:g} seconds.") from None
        if len(content) > most:
            raise TooLarge(f"The body has more than {most} bytes.")
        return bytes(content)


class WhileConnected:
    """Ends what is inside the `with` when the client goes away, and raises `ConnectionResetError` then. Begins to look after a moment:
    most calls are done by then.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._gone = False
        self._watch: asyncio.Task[None] | None = None

    def __enter__(self) -> None:
        self._task = asyncio.current_task()
        self._timer = asyncio.get_running_loop().call_later(_PATIENCE_SECONDS, self._begin)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._timer.cancel()
        if self._watch is not None:
            self._watch.cancel()
        if self._gone and self._task is not None:
            self._task.uncancel()
            raise ConnectionResetError

    def _begin(self) -> None:
        self._watch = asyncio.create_task(self._look())

    async def _look(self) -> None:
        message = await self._receive()  # after a body nothing else comes
        if message["type"] == "http.disconnect" and self._task is not None:
            self._gone = self._task.cancel()


async def _more(receive: Receive, content: bytearray, most: int) -> bool:
    """Read on until the end, or until there is more than `most`; whether there may be more to read."""
    while len(content) <= most:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionResetError
        content += message.get("body", b"")
        if not message.get("more_body", False):
            return False
    return True


def json_body(content: bytes) -> Any:
    """A body as JSON. Raises `BadRequest` for what is no JSON, and for what two readers could understand in two ways: a key that comes
    twice, a whole number of more than 64 bits, depth or lists without end.

    What was read is written again and the two texts are compared, which costs less than to look at each value: where a key came twice,
    fewer colons are written than came. Values are looked at only where there are brackets or digits enough for it.
    """
    brackets = content.count(b"[") + content.count(b"{")
    if brackets > _MOST_INNER and _inner(content) > _MOST_INNER:
        raise BadRequest(f"The body holds more than {_MOST_INNER} lists and objects.")
    try:
        found = _decode(content)
    except (ValueError, msgspec.MsgspecError, RecursionError) as error:
        raise BadRequest(f"The body is no JSON that is taken here: {str(error)[:120]}.") from None
    if _colons(content) != _encode(found).count(b":"):
        raise BadRequest("The body is no JSON that is taken here: a key comes twice in one object.")
    if brackets > _DEEPEST or _LONG in content.translate(_DIGITS):
        _look_through(found)
    return found


def _inner(content: bytes) -> int:
    """How many lists and objects a JSON text opens; brackets in its texts do not count."""
    outside = content.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')[::2]
    bare = b"".join(outside)
    return bare.count(b"[") + bare.count(b"{")


def _colons(content: bytes) -> int:
    """How many colons a JSON text means, be they written as such or escaped."""
    count = content.count(b":")
    if b"\\u003" in content:
        escapes = content.replace(b"\\\\", b"").lower()  # a backslash that is left begins an escape
        count += escapes.count(b"\\u003a")
    return count


def _look_through(value: Any) -> None:
    level: list[Any] = [value]
    for _ in range(_DEEPEST + 1):
        inner: list[Any] = []
        for one in level:
            if type(one) is dict:
                inner += cast("Json", one).values()
            elif type(one) is list:
                inner += cast("list[Any]", one)
            elif type(one) is int and not -_LARGEST <= one < _LARGEST:
                raise BadRequest("The body holds a whole number of more than 64 bits.", fix="Send it as a text.")
        if not inner:
            return
        level = inner
    raise BadRequest(f"The body is nested more than {_DEEPEST} deep.")


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
