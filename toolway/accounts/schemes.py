"""How a request proves who sends it: one function a scheme, from credential and request to signed request.

The words of the modes are the contract's (API_KEY, BEARER_TOKEN). The secret goes nowhere but into the request that leaves.
"""

from urllib.parse import quote

import msgspec

from toolway.accounts.keeper import Credential
from toolway.catalog.model import Auth, Toolkit
from toolway.errors import Blocked
from toolway.net import Answer, Request, headers_of

KEY_MODES = ("API_KEY", "BEARER_TOKEN")
_SHORTEST = 8  # what is shorter occurs in any text
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
    """The answer without the credential: services that refuse a request like to quote it, key and all."""
    body = answer.body
    for secret in credential.secrets.values():
        text = secret.open()
        for shape in {text, quote(text, safe="")} if len(text) >= _SHORTEST else ():
            body = body.replace(shape.encode(), b"***")
    return answer if body is answer.body else msgspec.structs.replace(answer, body=body)
