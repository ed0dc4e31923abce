"""How a request proves who sends it: one function a scheme, from credential and request to signed request.

The words of the modes are the contract's (API_KEY, BEARER_TOKEN, BASIC, NO_AUTH, OAUTH2, S2S_OAUTH2), and so are the names of what is
sealed (`api_key`, `token`, `username`, `access_token` ...). A secret goes nowhere but into the request that leaves.
"""

import re
from binascii import a2b_base64, b2a_base64
from collections.abc import Mapping
from functools import cached_property
from urllib.parse import quote
from weakref import WeakKeyDictionary

import msgspec

from toolway.accounts.keeper import Credential
from toolway.accounts.vault import Secret
from toolway.catalog.model import Auth, Toolkit
from toolway.errors import BadArgument, Blocked
from toolway.net import Answer, Request, headers_of

TYPED = ("API_KEY", "BEARER_TOKEN", "BASIC", "NO_AUTH", "S2S_OAUTH2")
"""The modes that a person connects by typing something, or nothing; in the order in which they are chosen."""
RENEWED = ("OAUTH2", "S2S_OAUTH2")
"""The modes whose access tokens this server makes anew."""
_SHORTEST = 8  # what is shorter occurs in any text
_RUN = re.compile(rb"[A-Za-z0-9]+")
_ALSO = {b" ": (b"+",), b"+": (b"-",), b"/": (b"_",)}  # in a form; in base64 that fits into URLs
_TRACES: "WeakKeyDictionary[Credential, list[_Trace]]" = WeakKeyDictionary()
"""Kept as long as the open account itself."""
_LONGEST = 4096


class SecretField(msgspec.Struct, frozen=True):
    """What a person types to connect, or an operator for an auth config: its name, what it is called, whether it has to be there, whether
    it is hidden while it is typed (a secret), and a sentence.
    """

    name: str
    title: str
    required: bool = True
    hidden: bool = True
    about: str = ""


_ASKED = {
    "API_KEY": (SecretField("api_key", "API key"),),
    "BEARER_TOKEN": (SecretField("token", "token"),),
    "BASIC": (SecretField("username", "user name", hidden=False), SecretField("password", "password", required=False)),
    "S2S_OAUTH2": (SecretField("client_id", "client id", hidden=False), SecretField("client_secret", "client secret")),
}
_SPOKEN = {"OAUTH2": "access_token", "S2S_OAUTH2": "access_token", "BEARER_TOKEN": "token", "API_KEY": "api_key"}
"""The secret that is sent."""


def key_auth(kit: Toolkit) -> Auth | None:
    """The toolkit's way to connect without a client of the operator's own: by what a person types, or by nothing. None: there is none."""
    return next((auth for auth in kit.auth if auth.mode in TYPED), None)


def auth_of(kit: Toolkit, mode: str) -> Auth | None:
    """The toolkit's way of this mode, or None."""
    return next((auth for auth in kit.auth if auth.mode == mode), None)


def asked(auth: Auth) -> tuple[SecretField, ...]:
    """What a person types to connect in this way; nothing for OAUTH2 and NO_AUTH."""
    return _ASKED.get(auth.mode, ()) + tuple(SecretField(name, name.replace("_", " "), about=about) for _, name, about in auth.also)


def asked_of_operator(auth: Auth) -> tuple[SecretField, ...]:
    """What an auth config of this way needs from the operator; nothing for what a person types."""
    if auth.mode not in RENEWED:
        return ()
    own = auth.mode == "OAUTH2"
    fields = [
        SecretField("client_id", "client id", hidden=False, about="As the service gave it when the client was registered."),
        SecretField("client_secret", "client secret", required=False, about="Left out for a client that has none."),
        SecretField("scopes", "scopes", False, False, f"Parted by blanks; left out: {' '.join(auth.scopes) or 'none'}."),
        SecretField(
            "token_endpoint_auth_method", "proof at the token endpoint", False, False, "client_secret_basic, client_secret_post or none."
        ),
    ]
    places = [
        ("authorize_url", auth.authorize, own, "Where people say yes."),
        ("token_url", auth.token, True, "Where tokens are given."),
        ("revoke_url", auth.revoke, False, "Where tokens are taken back."),
        ("issuer", auth.issuer, False, "How the service names itself in its answers."),
    ]
    where = [SecretField(name, name.replace("_", " "), due, False, about) for name, said, due, about in places if not said]
    return tuple(field for field in fields if own or field.name == "scopes") + tuple(
        field for field in where if own or field.name == "token_url"
    )


def secret_field(mode: str) -> str:
    """The name under which the secret that is sent is sealed; the contract's name in `state.val`."""
    return _SPOKEN[mode]


def take(auth: Auth, given: Mapping[str, str]) -> tuple[dict[str, Secret], dict[str, str]]:
    """What was typed, checked: secrets, and settings that are none (a user name). Raises `BadArgument`."""
    secrets: dict[str, Secret] = {}
    settings: dict[str, str] = {}
    for one in asked(auth):
        value = given.get(one.name, "").strip()
        fits = (value or not one.required) and value.isprintable() and len(value) <= _LONGEST and (value.isascii() or auth.mode == "BASIC")
        if not fits or (one.name == "username" and ":" in value):
            said = f"The {one.title} is empty or holds characters that none has."
            raise BadArgument(said, fix="Copy it again, whole and on its own.", field=one.name)
        if one.hidden:
            secrets[one.name] = Secret(value)
        else:
            settings[one.name] = value
    return secrets, settings


def sign(request: Request, kit: Toolkit, credential: Credential) -> Request:
    """The request with the credential put where the toolkit says: a header, the query, a bearer token, a user name with its password."""
    auth = auth_of(kit, credential.mode)
    if auth is None:
        raise Blocked(f"{kit.title} cannot be called with a {credential.mode} account.")
    if auth.mode == "NO_AUTH":
        return request
    headers = {header: credential.secrets[name].open() for header, name, _ in auth.also}
    if auth.mode == "BASIC":
        pair = f"{credential.settings['username']}:{credential.secrets['password'].open()}"
        headers["Authorization"] = f"Basic {b2a_base64(pair.encode(), newline=False).decode()}"
        return msgspec.structs.replace(request, headers=request.headers | headers_of(headers))
    secret = credential.secrets[secret_field(auth.mode)].open()
    url = request.url
    if auth.query:
        url = f"{url}{'&' if '?' in url else '?'}{auth.query}={quote(secret, safe='')}"
    elif auth.header:
        headers[auth.header] = secret
    else:
        headers["Authorization"] = f"Bearer {secret}"
    return msgspec.structs.replace(request, url=url, headers=request.headers | headers_of(headers))


def settled(kit: Toolkit, auth: Auth, secrets: Mapping[str, Secret], settings: dict[str, str]) -> dict[str, str]:
    """The settings of an account whose token tells itself where it belongs: its region, from the addresses in its claims.

    Raises `BadArgument` when the token is none, or names an address that the toolkit does not have: the token goes nowhere then.
    """
    if not auth.claims:
        return settings
    claims = _claims(secrets[secret_field(auth.mode)])
    named = {host: str(claims.get(claim, "")).rstrip("/") for host, claim in auth.claims.items()}
    for region, hosts in {"": kit.hosts, **kit.regions}.items():
        if all((hosts.get(host) or kit.hosts[host]) == address for host, address in named.items()):
            kept = {name: value for name, value in settings.items() if name != "region"}
            return kept | ({"region": region} if region else {})
    told = ", ".join(f"{claim} {named[host][:80]!r}" for host, claim in auth.claims.items())
    raise BadArgument(
        f"This token belongs to an address that the toolkit {kit.slug} does not know ({told}), so it was sent nowhere.",
        fix="Use a token of one of the service's regions.",
    )


def _claims(token: Secret) -> dict[str, object]:
    """The claims of a JWT. Nobody's signature is checked: they only choose among addresses that the toolkit knows."""
    try:
        part = token.open().split(".")[1]
        return msgspec.json.decode(a2b_base64(part.replace("-", "+").replace("_", "/") + "=" * (-len(part) % 4)), type=dict[str, object])
    except (IndexError, ValueError, msgspec.MsgspecError):
        raise BadArgument("This is no token of that kind: it does not tell where it belongs.", fix="Copy it again, whole.") from None


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
    for trace in traces:
        if trace.run in body:
            body = trace.pattern.sub(b"***", body)
        if trace.run in head:
            headers = {
                name: trace.pattern.sub(b"***", value.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")
                for name, value in headers.items()
            }
    if body is answer.body and headers is answer.headers:
        return answer
    return msgspec.structs.replace(answer, body=body, headers=headers)


class _Trace:
    """A shape of a secret. `run` is what is looked for first, and `pattern`, made when that was found, finds it in any writing."""

    def __init__(self, shape: bytes) -> None:
        self._shape = shape
        self.run: bytes = max(_RUN.findall(shape), key=len, default=b"")

    @cached_property
    def pattern(self) -> re.Pattern[bytes]:
        return _pattern(self._shape)


def _traces(credential: Credential) -> list[_Trace]:
    """The shapes of an account's secrets."""
    secrets = (secret.open().encode("utf-8", "surrogatepass") for secret in credential.secrets.values())
    return [_Trace(shape) for secret in secrets for shape in _shapes(secret)]


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
    first, *rest = (_written(bytes((byte,))) for byte in shape)
    # So that the search looks for the few letters that it can begin with, and no further.
    return re.compile(rb"(?:" + first + rb"|\\\\{0,3}(?:" + first + rb"))" + b"".join(rb"\\{0,4}(?:" + one + rb")" for one in rest))


def _written(one: bytes) -> bytes:
    ways = {one, *_ALSO.get(one, ())}
    code = b"%02x" % ord(one)
    return b"|".join([*(re.escape(way) for way in ways), rb"%%(?:25){0,2}(?i:%b)" % code, rb"u00(?i:%b)" % code])
