"""How a request proves who sends it: one function a scheme, from credential and request to signed request.

The words of the modes are the contract's (API_KEY, BEARER_TOKEN). The secret goes nowhere but into the request that leaves.
"""

import re
from binascii import b2a_base64
from urllib.parse import quote
from weakref import WeakKeyDictionary

import msgspec

from toolway.accounts.keeper import Credential
from toolway.catalog.model import Auth, Toolkit
from toolway.errors import Blocked
from toolway.net import Answer, Request, headers_of

KEY_MODES = ("API_KEY", "BEARER_TOKEN")
_SHORTEST = 8  # what is shorter occurs in any text
_RUN = re.compile(rb"[A-Za-z0-9]+")
_ALSO = {b" ": (b"+",), b"+": (b"-",), b"/": (b"_",)}  # in a form; in base64 that fits into URLs
_TRACES: WeakKeyDictionary[Credential, list[tuple[bytes, bytes]]] = WeakKeyDictionary()
"""Kept as long as the open account itself."""
_SECRET_FIELD = {"API_KEY": "api_key", "BEARER_TOKEN": "token"}


def key_auth(kit: Toolkit) -> Auth | None:
    """The toolkit's way to connect with a key that a person pastes, or None."""
    return next((auth for auth in kit.auth if auth.mode in KEY_MODES), None)


def secret_field(mode: str) -> str:
    """The name under which a pasted key is sealed; the contract's name in `state.val`."""
    return _SECRET_FIELD[mode]


def sign(request: Request, kit: Toolkit, credential: Credential) -> Request:
    """The request with the credential put where the toolkit says: a header, the query or a bearer token."""
    auth = next((a for a in kit.auth if a.mode == credential.mode), None)
    if auth is None or auth.mode not in KEY_MODES:
        raise Blocked(f"{kit.title} cannot be called with a {credential.mode} account.")
    secret = credential.secrets[secret_field(auth.mode)].open()
    if auth.query:
        mark = "&" if "?" in request.url else "?"
        return msgspec.structs.replace(request, url=f"{request.url}{mark}{auth.query}={quote(secret, safe='')}")
    name, value = ("Authorization", f"Bearer {secret}") if auth.bearer else (auth.header, secret)
    return msgspec.structs.replace(request, headers=request.headers | headers_of({name: value}))


def conceal(answer: Answer, credential: Credential) -> Answer:
    """The answer without the credential: services that refuse a request like to quote it, key and all.

    What becomes an error's text comes from here too, the headers included. A key is found as it is, escaped as in JSON or a URL, and in
    base64. An answer is searched with care only where it holds what no escaping changes: the longest run of letters and digits of a shape.
    """
    head = "\n".join(answer.headers.values()).encode("utf-8", "surrogateescape")
    body, headers = answer.body, answer.headers
    traces = _TRACES.get(credential)
    if traces is None:
        traces = _TRACES[credential] = _traces(credential)
    for trace, shape in traces:
        if trace in body:
            body = _pattern(shape).sub(b"***", body)
        if trace in head:
            pattern = _pattern(shape)
            headers = {
                name: pattern.sub(b"***", value.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")
                for name, value in headers.items()
            }
    if body is answer.body and headers is answer.headers:
        return answer
    return msgspec.structs.replace(answer, body=body, headers=headers)


def _traces(credential: Credential) -> list[tuple[bytes, bytes]]:
    """The shapes of an account's secrets, each behind what is to be looked for first."""
    shapes = [shape for secret in credential.secrets.values() for shape in _shapes(secret.open().encode())]
    return [(max(_RUN.findall(shape), key=len, default=b""), shape) for shape in shapes]


def _shapes(secret: bytes) -> list[bytes]:
    """A secret as it is and as base64 shows it, wherever it begins there: only the letters that are made of it alone."""
    if len(secret) < _SHORTEST:
        return []
    encoded = [b2a_base64(bytes(before) + secret, newline=False) for before in range(3)]
    ends = [-(-8 * before // 6) for before in range(3)]  # letters that hold bits of what is before it
    whole = [8 * (before + len(secret)) // 6 for before in range(3)]
    return [secret, *(text[start:end] for text, start, end in zip(encoded, ends, whole, strict=True))]


def _pattern(shape: bytes) -> re.Pattern[bytes]:
    """Finds a shape with each of its characters written in any usual way; no two ways begin alike, so that it costs no more than once."""
    return re.compile(b"".join(_written(bytes((byte,))) for byte in shape))


def _written(one: bytes) -> bytes:
    ways = {one, *_ALSO.get(one, ())}
    code = b"%02x" % ord(one)
    return rb"\\{0,4}(?:" + b"|".join([*(re.escape(way) for way in ways), rb"%%(?:25){0,2}(?i:%b)" % code, rb"u00(?i:%b)" % code]) + rb")"
