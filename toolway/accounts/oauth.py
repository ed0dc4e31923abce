"""OAuth2 as a client: what is asked of a provider and what its answers mean. Pure: requests and answers are values, `net` is the wire.

The protocol is `oauthlib`'s, which is loaded when an authorization begins or a token is renewed.
"""

import hmac
from binascii import b2a_base64
from collections.abc import Mapping
from importlib import import_module
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from msgspec import Struct

from toolway.accounts import schemes
from toolway.accounts.keeper import Credential
from toolway.accounts.vault import Secret
from toolway.catalog.model import Auth
from toolway.errors import BadSetting, CallFailed, ToolwayError
from toolway.net import Answer, Request
from toolway.store.records import random_text

CALLBACK = "/api/v3/toolkits/auth/callback"
"""Where providers send people back to; after the origin, exactly this is what an operator registers."""
METHODS = ("client_secret_basic", "client_secret_post", "none")
"""How a client proves itself at the token endpoint; the first is taken when nothing is said."""
ADDRESSES = {"authorize_url": "authorize", "token_url": "token", "revoke_url": "revoke", "issuer": "issuer"}
"""The settings of an auth config that a toolkit may say in its file, and their names there."""
SETTINGS = ("client_id", "scopes", "token_endpoint_auth_method", *ADDRESSES)
"""The settings of an OAuth2 auth config; its secret is `client_secret`."""
NO = "access_denied"
"""The word for a person who did not say yes."""
_SECONDS = 10.0
_MOST = 256 * 1024
_SAID = 300
_SCOPE = 1000
_RANDOM = 64
_AGAIN = "Connect again with a new link."


class Denied(ToolwayError):
    """The provider said no. `reason` is its word for it: `invalid_grant`, `access_denied` ..."""

    code = "denied"

    def __init__(self, message: str, reason: str, *, fix: str | None = None) -> None:
        self.reason = reason
        super().__init__(message, fix=fix)


class Client(Struct, frozen=True):
    """A client registered with a provider, and where that is. An empty `revoke_url`: the provider takes nothing back."""

    title: str
    authorize_url: str
    token_url: str
    revoke_url: str
    issuer: str
    names_itself: bool
    client_id: str
    secret: Secret | None
    method: str
    scopes: tuple[str, ...]


class Way(Struct, frozen=True):
    """A way to the provider: the address to send the person to, and what only this server may know until they are back."""

    url: str
    state: str
    verifier: str


class Tokens(Struct, frozen=True):
    """What a provider gave. `seconds` is how long the access token lives, None when it does not say."""

    access: Secret
    refresh: Secret | None
    seconds: int | None
    scope: str


def client_of(title: str, auth: Auth, settings: Mapping[str, str], secrets: Mapping[str, Secret]) -> Client:
    """The client that an auth config describes. What the toolkit's own file says of the provider goes before what the config says.

    Raises `BadSetting` when something is missing.
    """
    said: dict[str, str] = {key: getattr(auth, name) or settings.get(key, "") for key, name in ADDRESSES.items()}
    method = settings.get("token_endpoint_auth_method", "")
    secret = secrets.get("client_secret")
    due = ("token_url",) if auth.mode == "S2S_OAUTH2" else ("authorize_url", "token_url")
    missing = [key for key in due if not said[key]] + (["client_id"] if not settings.get("client_id") else [])
    if method not in ("", *METHODS):
        raise BadSetting(f"token_endpoint_auth_method is {method[:60]!r}; one of {', '.join(METHODS)} is expected.")
    if method not in ("", "none") and secret is None:
        missing.append("client_secret")
    if missing:
        raise BadSetting(f"The auth config for {title} lacks {', '.join(missing)}.", fix="The operator has to add it.")
    return Client(
        title,
        **said,
        names_itself=auth.names_itself,
        client_id=settings["client_id"],
        secret=secret,
        method=method or ("client_secret_basic" if secret else "none"),
        scopes=tuple(settings.get("scopes", "").split()) or auth.scopes,
    )


def begin(client: Client, redirect_uri: str) -> Way:
    """A way to the provider, with a `state` that nobody can guess and PKCE (S256)."""
    state, verifier = random_text(_RANDOM), random_text(_RANDOM)
    asked = {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": redirect_uri,
        "state": state,
        "code_challenge": _web(client).create_code_challenge(verifier, "S256"),
        "code_challenge_method": "S256",
    }
    if client.scopes:
        asked["scope"] = " ".join(client.scopes)
    mark = "&" if urlsplit(client.authorize_url).query else "?"
    return Way(f"{client.authorize_url}{mark}{urlencode(asked, quote_via=quote)}", state, verifier)


def came_from(client: Client, issuer: str | None) -> None:
    """Check who answers (RFC 9207). Raises `Denied` when it is not the provider that was asked."""
    if issuer is None:
        if client.names_itself:
            raise Denied(f"{client.title}'s answer does not say whose it is, though its provider always does.", "no_issuer", fix=_AGAIN)
        return
    known = client.issuer or "://".join(urlsplit(client.authorize_url)[:2])
    if not hmac.compare_digest(issuer.rstrip("/").encode("utf-8", "replace"), known.rstrip("/").encode()):
        raise Denied(f"The answer came from {issuer[:100]!r}, and not from {known}, which was asked.", "wrong_issuer", fix=_AGAIN)


def exchange(client: Client, code: str, redirect_uri: str, verifier: str) -> Request:
    """The request that gives tokens for a code."""
    body = _web(client).prepare_request_body(code, redirect_uri, code_verifier=verifier, include_client_id=False)
    return _asking(client, client.token_url, body)


def refresh(client: Client, token: Secret) -> Request:
    """The request that gives a fresh access token for a refresh token."""
    return _asking(client, client.token_url, _web(client).prepare_refresh_body(refresh_token=token.open()))


def credentials(client: Client) -> Request:
    """The request that gives an access token for the client itself."""
    made = _oauthlib().BackendApplicationClient(client.client_id)
    return _asking(client, client.token_url, made.prepare_request_body(scope=list(client.scopes) or None, include_client_id=False))


def revoke(client: Client, token: Secret, kind: str) -> Request:
    """The request that takes a token back (RFC 7009); `kind` is refresh_token or access_token."""
    return _asking(client, client.revoke_url, urlencode({"token": token.open(), "token_type_hint": kind}))


def tokens(client: Client, answer: Answer, *sent: Secret) -> Tokens:
    """The tokens of an answer. Raises `Denied` when the provider says no, `CallFailed` when it says nothing that can be used.

    What was `sent` (a code, a refresh token) is taken out of a provider's no: some quote it.
    """
    if answer.status >= 500 or answer.status == 429 or 300 <= answer.status < 400:
        raise CallFailed(f"{client.title}'s authorization server answered {answer.status}.", fix="Try again in a moment.")
    library = _oauthlib()
    try:
        said: dict[str, Any] = _web(client).parse_request_body_response(answer.body.decode())
    except library.MissingTokenError:
        raise _unusable(client, answer) from None
    except library.OAuth2Error as error:
        raise denied(client, error.error, error.description or "", *sent) from None
    except (ValueError, TypeError, AttributeError, KeyError, OverflowError, RecursionError):
        raise _unusable(client, answer) from None
    access, fresh, seconds = said.get("access_token"), said.get("refresh_token"), said.get("expires_in")
    kind: Any = said.get("token_type") or "bearer"
    if not is_token(access) or (fresh and not is_token(fresh)) or answer.status >= 400:
        raise _unusable(client, answer)
    if str(kind).lower() != "bearer":
        raise CallFailed(f"{client.title} gave a token of the kind {str(kind)[:40]!r}; a bearer token is expected.")
    # some write it as a text, or with a fraction; the library has read it as a whole number already
    lives = int(seconds) if isinstance(seconds, int | float | str) and seconds != "" else -1
    return Tokens(
        Secret(str(access)),
        Secret(str(fresh)) if fresh else None,
        max(lives, 1) if 0 <= lives < 2**31 else None,
        scope_of(" ".join(map(str, said.get("scope") or ()))),
    )


def scope_of(text: str) -> str:
    """What a provider says that a token is for, fit to be kept: nothing that nobody sees, nothing endless."""
    return "".join(letter for letter in text[:_SCOPE] if letter.isprintable())


def denied(client: Client, reason: str, description: str, *sent: Secret) -> Denied:
    """The provider's no, in its own words, without our secret and what was `sent`: some quote it."""
    no = Answer(0, {}, f"{reason}\n{description}".encode("utf-8", "surrogatepass"))
    hidden = Credential("", "", "", {str(number): one for number, one in enumerate((*sent, client.secret)) if one}, {})
    reason, _, description = schemes.conceal(no, hidden).body.decode("utf-8", "replace").partition("\n")
    reason, description = reason[:60], " ".join(description.split())[:_SAID]
    said = f"{client.title} refused: {description or reason}{'' if description in ('', reason) else f' ({reason})'}."
    fix = _AGAIN
    if reason in ("invalid_client", "unauthorized_client"):
        fix = "The client_id or client_secret of the auth config is wrong; the operator can mend it."
    if reason == NO:
        fix = "Ask for a new link if you want to connect after all."
    return Denied(said, reason, fix=fix)


def is_token(token: object) -> bool:
    """Whether this can be a token: something that a header can hold."""
    return isinstance(token, str) and token.isascii() and token.isprintable() and " " not in token and 0 < len(token) <= 16_384


def _unusable(client: Client, answer: Answer) -> CallFailed:
    return CallFailed(f"{client.title}'s authorization server answered {answer.status} with no token.", fix="Try again in a moment.")


def _asking(client: Client, url: str, body: str) -> Request:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    secret = client.secret.open() if client.secret else ""
    if client.method == "client_secret_basic":
        pair = f"{quote(client.client_id, safe='')}:{quote(secret, safe='')}"
        headers["Authorization"] = f"Basic {b2a_base64(pair.encode(), newline=False).decode()}"
    else:
        own = {"client_id": client.client_id} | ({"client_secret": secret} if client.method == "client_secret_post" else {})
        body = f"{body}&{urlencode(own)}"
    return Request("POST", url, headers, body.encode(), once=True, seconds=_SECONDS, most=_MOST)


def _oauthlib() -> Any:
    return import_module("oauthlib.oauth2")


def _web(client: Client) -> Any:
    return _oauthlib().WebApplicationClient(client.client_id)
