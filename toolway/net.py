"""The only room that opens an outgoing socket.

Requests and answers are values. Every address that is about to be dialled, literal or resolved, passes `_Guard.socket`: private,
loopback, link-local and reserved ranges are refused. Addresses that the operator named (overrides, the sandbox, private hosts) go
through connectors of their own, which may reach exactly those. Redirects are never followed, the environment's proxy settings are
not read, certificates are always verified.

Of the HTTP client, aiohttp, two parts are used: its connector, which finds, opens and keeps connections, and its reading of answers. Its
session is left out: for each request it does what no call needs, and costs more than both together. It is imported when the first
request leaves.
"""

import asyncio
import ipaddress
import math
import re
import socket
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from msgspec import Struct, field

from toolway.errors import BadSetting, Blocked, Busy, NoAnswer, TooLarge, Unreachable

if TYPE_CHECKING:
    import aiohttp
    from aiohttp.connector import Connection
    from aiohttp.http import RawResponseMessage
    from yarl import URL

    _Answering = tuple[Connection, RawResponseMessage, aiohttp.StreamReader]

Address = tuple[str, int]

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_GLOBAL6 = ipaddress.ip_network("2000::/3")
_NEVER = tuple(  # not public either, whatever the standard library of this Python says; 6to4 and Teredo carry other addresses
    ipaddress.ip_network(net) for net in ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "2002::/16", "3fff::/20")
)
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+", re.IGNORECASE)
_UNFIT_TARGET = re.compile(r"[\x00-\x20\x7f\ud800-\udfff]")
_UNFIT = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONNECT_SECONDS = 8.0
_EACH = 50
_TURN_SECONDS = 5.0
_SMALL = 256 * 1024
_USER = re.compile(r"//[^/]*@")
_PORTS = {"http": 80, "https": 443}


class Request(Struct, frozen=True):
    """A request that is ready to leave. The URL and the headers may hold a secret, so neither is shown.

    `once` marks a request that must not be sent twice, whatever its method; `seconds` bounds the whole exchange and `most` the bytes
    of the answer's body after decompression.
    """

    method: str
    url: str
    headers: dict[str, str] = {}
    body: bytes = b""
    once: bool = False
    seconds: float = 20.0
    most: int = 10 * 1024 * 1024

    def __repr__(self) -> str:
        return f"Request({self.method} {_USER.sub('//', self.url.partition('?')[0])})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("", self.__repr__())]


class Answer(Struct, frozen=True):
    """What came back: status, headers with lower-case names, and the body."""

    status: int
    headers: dict[str, str]
    body: bytes = field(default=b"")

    def __repr__(self) -> str:
        return f"Answer({self.status}, {len(self.body)} bytes)"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("", self.__repr__())]


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet. IPv4 inside IPv6 (mapped, NAT64) counts as what it carries."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or (ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if ip in _NAT64 else None)
        if inner is not None:
            return is_public(str(inner))
        if ip not in _GLOBAL6:
            return False
    return ip.is_global and not ip.is_multicast and not any(ip in net for net in _NEVER)


def _named_public(host: str) -> bool:
    """Whether a host may be asked of a proxy, which resolves it where our guard does not see: a public name, or a public address."""
    try:
        return is_public(str(ipaddress.ip_address(host)))
    except ValueError:
        *before, last = host.rstrip(".").split(".")
        return (
            bool(before) and not _NUMBER.fullmatch(last) and last.lower() not in ("localhost", "local", "internal", "lan", "home", "arpa")
        )


def address_of(url: str) -> Address:
    """Host (lower case) and port that a URL leads to."""
    parts = urlsplit(url)
    return (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme, 0)


class _Guard:
    """Decides which addresses may be dialled: public ones, or exactly the `named` ones."""

    def __init__(self, named: Iterable[Address] | None = None) -> None:
        self._named = None if named is None else set(named)

    @property
    def named(self) -> bool:
        """Whether only named addresses may be dialled."""
        return self._named is not None

    def found(self, host: str, port: int, address: str) -> None:
        """A named host was resolved: its address is named as well."""
        if self._named is not None and (host.lower(), port) in self._named:
            self._named.add((address, port))

    def socket(self, info: tuple[Any, ...]) -> socket.socket:
        """Make the socket for an address, or refuse."""
        family, kind, protocol, _, address = info
        allowed = is_public(address[0]) if self._named is None else (address[0], address[1]) in self._named
        if not allowed:
            raise PermissionError(f"{address[0]} is not an address that a toolkit may reach")
        made = socket.socket(family, kind, protocol)
        made.setblocking(False)
        return made


class Net:
    """The way out. `named` are the addresses outside the public internet that may be reached; `proxy` is used for all else.

    Of answers that are larger than 256 KiB, `large` are read at once: with 10 MiB for each, 250 MiB at most. The others wait their turn.
    """

    def __init__(self, named: Iterable[Address] = (), proxy: str = "", *, large: int = 25) -> None:
        self._named = frozenset((host.lower(), port) for host, port in named)
        self._proxy = proxy or None
        self._ways: dict[tuple[bool, bool], _Way] = {}
        self._large = asyncio.Semaphore(large)

    async def send(self, request: Request, left: float = math.inf) -> Answer:
        """Send it and read the answer, within the request's time or what is `left` of it.

        Raises `Unreachable` when the request surely did not arrive, `NoAnswer` when that is not known, `Blocked` when the guard refused
        the address, `TooLarge` when the answer is larger than `request.most`, and `Busy` when too many large ones are being read.
        """
        import aiohttp
        from aiohttp.http_exceptions import HttpProcessingError
        from yarl import URL

        # The client's own reading of the URL decides: two readers might see two hosts in it.
        try:
            url = URL(request.url, encoded=True)
            host, port = (url.host or "").lower(), url.port or 0
        except ValueError:
            raise Blocked("The request has no address that can be read; nothing was sent.") from None
        trusted = (host, port) in self._named
        if url.scheme not in _PORTS or not host or _UNFIT.search(host) or (self._proxy and not trusted and not _named_public(host)):
            raise _blocked(host)
        if _UNFIT_TARGET.search(url.raw_path_qs) or not _HEADER.fullmatch(request.method):
            raise Blocked("The address of the request holds a character that none can; nothing was sent.")
        headers = headers_of(request.headers)
        seconds = min(request.seconds, left)
        try:
            async with asyncio.timeout(seconds):
                connection, head, content = await self._way(trusted, request.once).ask(request, url, headers, seconds)
                whole = False
                try:
                    told = {name.lower(): value for name, value in head.headers.items()}
                    body = await self._read(content, told.get("content-length", ""), host, request.most, seconds)
                    whole = True
                finally:
                    _let_go(connection, whole)
            return Answer(head.code, told, body)
        except aiohttp.ClientConnectorCertificateError:
            raise Unreachable(f"The certificate of {host} could not be verified, so nothing was sent.") from None
        except aiohttp.ClientSSLError:
            raise Unreachable(f"No secure connection to {host} came about, so nothing was sent.") from None
        except aiohttp.ClientConnectorError as error:
            if _refused(error):
                raise _blocked(host) from None
            if isinstance(error, aiohttp.ClientConnectorDNSError):
                told = f"The name {host} could not be looked up; nothing was changed."
                raise Unreachable(told, fix="Is it written right, and does this machine reach a name server?") from None
            raise Unreachable(f"{host} could not be reached; nothing was changed.", fix="Try again in a moment.") from None
        except aiohttp.ConnectionTimeoutError:
            raise Unreachable(f"{host} did not accept a connection in time; nothing was changed.", fix="Try again in a moment.") from None
        except (aiohttp.InvalidURL, PermissionError):
            raise _blocked(host) from None
        except TimeoutError:
            raise NoAnswer(f"{host} did not answer within {request.seconds:g} seconds.") from None
        except (aiohttp.ClientError, HttpProcessingError, OSError, ValueError) as error:
            raise NoAnswer(f"The connection to {host} broke before an answer came ({type(error).__name__}).") from None

    def is_named(self, host: str, port: int) -> bool:
        """Whether the operator named this address, so that it may be reached although it is not public."""
        return (host, port) in self._named

    @property
    def large_answers(self) -> bool:
        """Whether as many large answers are being read as may be at once."""
        return self._large.locked()

    async def _read(self, content: "aiohttp.StreamReader", declared: str, host: str, most: int, seconds: float) -> bytes:
        if declared.isdecimal() and int(declared) > most:
            raise _too_large(host, most)
        if content.is_eof() and content.total_bytes <= most:  # it came whole, with its head
            return content.read_nowait()
        parts: list[bytes] = []
        size, turn = 0, False
        try:
            async for chunk in content.iter_any():
                size += len(chunk)
                if size > most:
                    raise _too_large(host, most)
                parts.append(chunk)
                if size > _SMALL and not turn:
                    turn = await self._turn(min(_TURN_SECONDS, seconds / 2))
            return b"".join(parts)
        finally:
            if turn:
                self._large.release()

    async def _turn(self, seconds: float) -> bool:
        """Wait until a large answer may be read. Who waits holds little, so that nobody waits for somebody who waits."""
        try:
            async with asyncio.timeout(seconds):
                return await self._large.acquire()
        except TimeoutError:
            raise Busy("Too many large answers are being read.", seconds=_TURN_SECONDS, fix="Ask for less, or try again later.") from None

    async def close(self) -> None:
        """Close all connections."""
        for way in self._ways.values():
            await way.connector.close()
        self._ways.clear()

    def _way(self, trusted: bool, once: bool) -> "_Way":
        found = self._ways.get((trusted, once))
        if found is None:
            proxy = None if trusted else self._proxy
            guard = _Guard(self._named if trusted else {address_of(proxy)} if proxy else None)
            found = self._ways[(trusted, once)] = _Way(guard, proxy, once)
        return found


class _Way:
    """Connections of one kind: those that one guard allows, through a proxy or not. With `once` none is kept: a kept connection may turn
    out closed, and then nobody knows what arrived; a fresh one never is.
    """

    def __init__(self, guard: _Guard, proxy: str | None, once: bool) -> None:
        import aiohttp
        from yarl import URL

        self._once = once
        self._proxy = URL(proxy) if proxy else None
        self._limit = aiohttp.ClientTimeout(connect=_CONNECT_SECONDS)
        self._origin = lru_cache(maxsize=1024)(self._new_origin)
        resolver = _resolver(guard) if guard.named else None
        self.connector = aiohttp.TCPConnector(
            socket_factory=guard.socket, resolver=resolver, force_close=once, limit=200, limit_per_host=_EACH
        )

    async def ask(self, request: Request, url: "URL", headers: Mapping[str, str], seconds: float) -> "_Answering":
        """Send a request; returns the connection, the head of the answer, and its body to be read. What may be asked twice is, where a
        connection breaks before there is a head. Raises what the client raises.
        """
        import aiohttp

        limit = self._limit if seconds * 0.8 >= _CONNECT_SECONDS else aiohttp.ClientTimeout(connect=seconds * 0.8)
        origin = self._origin(url.scheme, url.raw_authority)
        again = not self._once and request.method in ("GET", "HEAD")
        for _ in range(_EACH + 2):  # more than are kept: who speaks first on every new connection is not asked for ever
            try:
                connection = await self.connector.connect(origin, [], limit)
            except TimeoutError:
                raise aiohttp.ConnectionTimeoutError from None
            except (aiohttp.ClientResponseError, aiohttp.ServerDisconnectedError):  # the proxy's
                break
            try:
                protocol, transport = connection.protocol, connection.transport
                if protocol is None or transport is None:
                    raise aiohttp.ServerDisconnectedError
                if protocol.should_close:  # something came over it that nobody asked for
                    _let_go(connection)
                    continue
                protocol.set_response_params(skip_payload=request.method == "HEAD", read_until_eof=True)
                transport.write(self._written(request, url, headers, origin))
                head, content = await protocol.read()
                while 100 <= head.code < 200 and head.code != 101:
                    head, content = await protocol.read()
                return connection, head, content
            except BaseException as error:
                _let_go(connection)
                if not again or not isinstance(error, aiohttp.ClientOSError | aiohttp.ServerDisconnectedError):
                    raise
                again = False
        raise Unreachable(f"{url.host} could not be reached; nothing was changed.", fix="Try again in a moment.")

    def _written(self, request: Request, url: "URL", given: Mapping[str, str], origin: "aiohttp.ClientRequest") -> bytes:
        """A request in the bytes of HTTP/1.1."""
        headers = origin.headers.copy()
        headers.update(given)
        if request.body or request.method not in ("GET", "HEAD"):
            headers["Content-Length"] = str(len(request.body))
        if self._once:
            headers["Connection"] = "close"
        target = url.raw_path_qs
        if self._proxy and url.scheme == "http":
            target = f"http://{url.host_port_subcomponent}{target}"
        lines = [f"{request.method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        return "\r\n".join(lines).encode() + request.body

    def _new_origin(self, scheme: str, authority: str) -> "aiohttp.ClientRequest":
        """Where connections go: what the connector wants to know of a request, and the headers that each has."""
        import aiohttp
        from yarl import URL

        return aiohttp.ClientRequest("GET", URL(f"{scheme}://{authority}/", encoded=True), proxy=self._proxy)


def named_addresses(urls: Iterable[str], hosts: Iterable[str]) -> set[Address]:
    """The addresses that the operator named: those of override URLs, and `host:port` words."""
    found = {address_of(url) for url in urls}
    for word in hosts:
        host, _, port = word.rpartition(":")
        if not host or not port.isdecimal():
            raise BadSetting(f"private_hosts holds {word!r}; host:port is expected, for example kimai.lan:8001.")
        found.add((host.strip("[]").lower(), int(port)))
    return found


def _let_go(connection: "Connection", whole: bool = False) -> None:
    """Keep a connection on which a `whole` exchange took place. Any other is dropped with what was not sent yet: somebody who does not
    read would hold that for ever.
    """
    transport = connection.transport
    if transport is None or (whole and not transport.get_write_buffer_size()):
        connection.release()
    else:
        transport.abort()
        connection.close()


def _refused(error: BaseException | None) -> bool:
    return error is not None and (isinstance(error, PermissionError) or _refused(error.__cause__ or error.__context__))


def _resolver(guard: _Guard) -> Any:
    from aiohttp import ThreadedResolver

    class Told(ThreadedResolver):
        """Tells the guard what a named host resolves to."""

        async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> list[Any]:
            found: list[Any] = list(await super().resolve(host, port, family))
            for one in found:
                guard.found(host, port, one["host"])
            return found

    return Told()


def _blocked(host: str) -> Blocked:
    told = f"{host} leads to a private address, which toolkits may not reach."
    return Blocked(told, fix="The operator can allow it with TOOLWAY_HOSTS or TOOLWAY_PRIVATE_HOSTS.")


def _too_large(host: str, most: int) -> TooLarge:
    size = f"{most // 1_048_576} MiB" if most >= 1_048_576 else f"{most // 1024} KiB"
    return TooLarge(f"{host} answered with more than {size}.", fix="Ask for less: a smaller page, a shorter period or a filter.")


def headers_of(pairs: Mapping[str, str]) -> dict[str, str]:
    """Headers that may leave: names that are one, values without control characters and half ones. Raises `Blocked`."""
    for name, value in pairs.items():
        if _UNFIT.search(value) or not _HEADER.fullmatch(name):
            raise Blocked(f"The header {name!r} would hold a character that no header can; nothing was sent.")
    return dict(pairs)
