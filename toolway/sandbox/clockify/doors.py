"""Who may come in, and by which host: keys know only the host that they were made on.

Hosts, as paths under /clockify/: `api` and `reports` are the global ones; `euc1/api` and `euc1/report` those of a region; a workspace
with a subdomain has its region's `api` and reports under its own name, `northlight/report`.
"""

from base64 import urlsafe_b64decode
from datetime import timedelta
from typing import NamedTuple

import msgspec

from toolway.sandbox.clockify.house import refuse
from toolway.sandbox.wire import Call
from toolway.sandbox.world import hex_id

KEY = "sandbox-clockify-key"
MEMBER_KEY = "sandbox-clockify-member-key"
EU_KEY = "sandbox-clockify-eu-key"
AU_KEY = "sandbox-clockify-au-key"
SUBDOMAIN_KEY = "sandbox-clockify-subdomain-key"
ADDON_KEY = "sandbox-clockify-addon-token"

REGIONS = ("euc1", "use2", "euw2", "apse2", "developer")
SUBDOMAIN = "northlight"
_GLOBAL = frozenset({"api", "reports"})
_HOSTS = {f"{region}/{kind}" for region in REGIONS for kind in ("api", "report")} | {f"{SUBDOMAIN}/report"}


class _Account(NamedTuple):
    person: str
    hosts: frozenset[str] = _GLOBAL


def _account(name: str, *hosts: str) -> _Account:
    return _Account(hex_id("person", name), frozenset(hosts) or _GLOBAL)


_KEYS = {
    KEY: _account("Alice"),
    MEMBER_KEY: _account("Chloe"),
    EU_KEY: _account("Ingrid Aalto", "euc1/api", "euc1/report"),
    AU_KEY: _account("Jack Murray", "apse2/api", "apse2/report"),
    SUBDOMAIN_KEY: _account("Nora Winter", "euc1/api", f"{SUBDOMAIN}/report"),
}
_ADDONS = {ADDON_KEY: _account("Alice")}
_BACKEND = "https://api.clockify.me/api"
"""What the claims of an add-on's token name, which was given for a workspace on the global hosts."""
_TOKENS = ("x-api-key", "x-addon-token", "x-marketplace-token")
_ADDON_REQUESTS, _ADDON_WINDOW = 50, timedelta(seconds=1)


def host_of(path: str) -> str | None:
    """Which host a path under /clockify/ is for; None if there is no such host."""
    first, _, rest = path.partition("/")
    if first in _GLOBAL:
        return first
    host = f"{first}/{rest.partition('/')[0]}"
    return host if host in _HOSTS else None


def let_in(call: Call, host: str) -> str:
    """The id of the person whose token came: exactly one token, known on this host. A bearer token is not known here.

    An add-on may ask fifty times a second, says the document; it names no header that tells when to come back, so none is sent.
    """
    given = [name for name in _TOKENS if call.headers.get(name)]
    if len(given) != 1:
        raise refuse("Multiple or none auth tokens present", 1000, 401)
    token = call.headers[given[0]]
    account = _KEYS.get(token) if given[0] == "x-api-key" else _addon(token)
    if account is None or host not in account.hosts or account.person not in call.world.people:
        raise refuse("Api key does not exist", 4003, 401) if given[0] == "x-api-key" else refuse("Token is not valid", 4017, 401)
    if given[0] != "x-api-key" and call.limits.too_many(f"clockify {token}", call.now, _ADDON_REQUESTS, _ADDON_WINDOW):
        raise too_many()
    return account.person


def _addon(token: str) -> _Account | None:
    """Whose an add-on's token is: a key alone, or a JWT that has it for a signature and tells that it is for here."""
    told, _, key = token.rpartition(".")
    return _ADDONS.get(key) if not told or _backend(told) == _BACKEND else None


def _backend(told: str) -> object:
    try:
        claims = told.partition(".")[2]
        return msgspec.json.decode(urlsafe_b64decode(claims + "=" * (-len(claims) % 4)), type=dict[str, object]).get("backendUrl")
    except (ValueError, msgspec.MsgspecError):
        return None


def too_many() -> Exception:
    """The answer when a limit is reached; its code is not documented."""
    return refuse("Too many requests", 429, 429)
