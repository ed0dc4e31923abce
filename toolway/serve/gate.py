"""The gate: is this host ours, is this origin welcome, whose key is it. Asked before a body is read."""

import ipaddress
import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import SplitResult, unquote_plus, urlsplit

from toolway.accounts.keys import Caller, Keys
from toolway.errors import BadRequest, BadSetting, Forbidden, ToolwayError, Unauthorized
from toolway.serve.wire import Scope, once

_HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::(\d{1,5}))?")
_QUERY_KEYS = ("api_key=", "apikey=", "x-api-key=", "x_api_key=", "key=", "token=", "access_token=")


class Misdirected(ToolwayError):
    """This server does not answer for that host."""

    code = "misdirected"


class Crowded(ToolwayError):
    """Too much at once."""

    code = "busy"


class Gate:
    """Knows the origins under which this server may be reached: loopback always, others by setting."""

    def __init__(self, public_url: str = "", origins: Iterable[str] = ()) -> None:
        self._origins: dict[str, str] = {}
        for url in (public_url, *origins):
            if not url:
                continue
            parts = _parts(url)
            if parts is None:
                raise BadSetting(f"{url!r} is no origin; scheme://host or scheme://host:port is expected.")
            self._origins[parts.netloc.lower()] = f"{parts.scheme}://{parts.netloc.lower()}"

    def origin(self, scope: Scope) -> str:
        """The origin that the client itself used. Raises `BadRequest` for a malformed Host, `Misdirected` for a foreign one."""
        host = (once(scope, b"host") or "").lower()
        match = _HOST.fullmatch(host)
        if match is None or int(match[2] or 0) > 65535:
            raise BadRequest("The Host header is missing, doubled or malformed.")
        known = self._origins.get(host)
        if known:
            return known
        if not is_loopback(match[1]):
            raise Misdirected(
                f"This server does not answer for the host {host[:100]}.",
                fix="The operator can allow it with --public-url or TOOLWAY_ORIGINS.",
            )
        return f"{scope.get('scheme', 'http')}://{host}"

    def welcome(self, scope: Scope, origin: str, or_null: bool = False) -> None:
        """Raises `Forbidden` when a browser of another site sends the request; `or_null` takes one that does not say which site."""
        sent = once(scope, b"origin")
        if sent == "null" and or_null:
            return
        if sent is not None and sent.lower() != origin and sent.lower() not in self._origins.values():
            raise Forbidden("Requests from this origin are not taken.")


class Crowd:
    """Counts the calls under way of each key; `most` at once."""

    def __init__(self, most: int = 1000) -> None:
        self._most = most
        self._counts: Counter[str] = Counter()

    def enter(self, key_id: str) -> None:
        """One more. Raises `Crowded` when there are too many."""
        if self._counts[key_id] >= self._most:
            raise Crowded(f"{self._most} calls of this key are under way.", fix="Wait until some have been answered.")
        self._counts[key_id] += 1

    def leave(self, key_id: str) -> None:
        """One less."""
        self._counts[key_id] -= 1
        if not self._counts[key_id]:
            del self._counts[key_id]


def _parts(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        fits = parts.scheme in ("http", "https") and parts.netloc and parts.port != 0 and parts.path in ("", "/")
    except ValueError:  # half an IPv6 address, a port that is none
        return None
    return parts if fits else None


@lru_cache(maxsize=64)
def is_loopback(host: str) -> bool:
    """Whether a host name or address can only mean this machine."""
    bare = host.strip("[]").lower()
    if bare == "localhost" or bare.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(bare).is_loopback
    except ValueError:
        return False


def is_public_url(origin: str) -> bool:
    """Whether somebody else's cloud could open this origin: https, and not an address of this machine or a private network."""
    from toolway.net import is_public

    parts = urlsplit(origin)
    host = parts.hostname or ""
    if parts.scheme != "https" or is_loopback(host):
        return False
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return "." in host and not host.endswith((".local", ".lan", ".internal", ".home.arpa"))
    return is_public(host)


async def identify(scope: Scope, keys: Keys, scope_name: str) -> Caller:
    """Whose key it is. Raises `Unauthorized`, or `Forbidden` when the key lacks the scope (`execute`, `read`, `admin`, or "" for none)."""
    query = scope.get("query_string", b"").decode("latin-1")
    if query and any(unquote_plus(part).lower().startswith(_QUERY_KEYS) for part in query.split("&")):
        raise Unauthorized("A key in the URL is not taken.", fix="Send it in the header x-api-key.")
    sent, bearer = once(scope, b"x-api-key"), once(scope, b"authorization") or ""
    if sent is None:
        sent = bearer[7:].strip() if bearer[:7].lower() == "bearer " else ""
    if not sent:
        raise Unauthorized("The header x-api-key is missing.", fix="toolway key new makes a key.")
    caller = await keys.identify(sent)
    if caller is None:
        raise Unauthorized("Invalid API key", fix="toolway key list shows the keys; toolway key new makes one.")
    if scope_name and scope_name not in caller.scopes and "admin" not in caller.scopes:
        raise Forbidden(f"This key may {', '.join(caller.scopes) or 'do nothing'}; {scope_name} is needed.", fix="Use another key.")
    return caller
