"""Properties 23 to 30: requests that leave, and what comes back. Nothing here may leave the machine."""

import asyncio
import gzip
import ipaddress
import os
import random
import resource
import socket
import ssl
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import example, given
from hypothesis import strategies as st

from tests.calls.shop import BASE, builtin, param, tool
from tests.net.wire import Say, always, fails, plain, reaching, request, served, tells_nothing
from tests.serve.conftest import SESSION, running
from toolway.calls.request import build, host_url
from toolway.errors import BadArgument, BadSetting, Blocked, NoAnswer, TooLarge, ToolwayError, Unreachable
from toolway.net import Request, is_public

PRIVATE = [
    # loopback, however it is spelt
    "127.0.0.1", "127.0.0.2", "127.255.255.254", "127.1", "127.0.1", "0177.0.0.1", "0x7f.0.0.1", "0x7f000001", "2130706433", "017700000001",
    "localhost", "LOCALHOST", "[::1]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]",
    # nowhere and everywhere
    "0.0.0.0", "0", "0.1.2.3", "[::]", "255.255.255.255", "224.0.0.1", "239.255.255.250", "[ff02::1]", "240.0.0.1",
    # private
    "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.1.1", "192.168.257", "3232235777", "0xc0a80101",
    "[fc00::1]", "[fd12:3456::1]", "[fec0::1]", "[::ffff:10.0.0.1]", "[::ffff:192.168.1.1]",
    # shared, link-local, metadata
    "100.64.0.1", "100.127.255.254", "169.254.0.1", "169.254.169.254", "0xa9fea9fe", "2852039166", "0251.0376.0251.0376", "[fe80::1]",
    "[fe80::1%25lo]", "[::ffff:169.254.169.254]", "[fd00:ec2::254]", "192.0.0.192", "192.0.0.8", "100.100.100.200",
    # carried inside other addresses
    "[64:ff9b::7f00:1]", "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::1]", "[2002:7f00:1::]", "[2002:a9fe:a9fe::1]", "[2001:0:7f00:1::]",
    # kept for benchmarks, documents and the like
    "198.18.0.1", "198.51.100.1", "203.0.113.1", "192.0.2.1", "192.88.99.1", "[2001:db8::1]", "[3fff::1]", "[2001:20::1]", "[100::1]",
]  # fmt: skip


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("host", PRIVATE)
async def test_23_a_private_address_is_refused_however_it_is_spelt(host: str, scheme: str) -> None:
    async with reaching() as net:
        with pytest.raises(Blocked, match="private address"):
            await net.send(Request("GET", f"{scheme}://{host}/", seconds=2))


ODD = [
    "", "/", "api.example", "http://", "http:///x", "http://[bad", "http://[::1", "http://a:99999999/", "http://a:b/", "file:///etc/passwd",
    "ftp://example.com/", "javascript:alert(1)", "unix:///run/docker.sock", "gopher://127.0.0.1/", "http://\x00/", "http://\udcff/",
]  # fmt: skip


@pytest.mark.parametrize("url", ODD, ids=ascii)
async def test_23_what_is_no_address_of_the_web_is_refused(url: str) -> None:
    async with reaching() as net:
        request = Request("GET", url, seconds=2)
        assert repr(request).startswith("Request(GET ")
        with pytest.raises(Blocked):
            await net.send(request)


@given(st.ip_addresses(v=4))
def test_23_an_address_within_an_address_counts_as_what_it_is(address: ipaddress.IPv4Address) -> None:
    for carrier in ("::ffff:", "64:ff9b::"):
        assert is_public(str(ipaddress.IPv6Address(f"{carrier}{address}"))) == is_public(str(address))
    assert not is_public(str(ipaddress.IPv6Address((0x2002 << 112) | int(address) << 80)))


class Rebinding(asyncio.SelectorEventLoop):
    """A loop whose resolver says something else each time, and which dials nothing: it notes who was dialled, and leads to `service`."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[list[str]] = []
        self.dialled: list[str] = []
        self.service = 0

    async def getaddrinfo(self, host: Any, port: Any, **_: Any) -> list[tuple[Any, ...]]:  # type: ignore[override]
        found = self.answers.pop(0)
        kinds = {address: socket.AF_INET6 if ":" in address else socket.AF_INET for address in found}
        return [(kind, socket.SOCK_STREAM, 6, "", (address, port, 0, 0)[: 4 if ":" in address else 2]) for address, kind in kinds.items()]

    async def sock_connect(self, sock: socket.socket, address: Any) -> None:
        self.dialled.append(address[0])
        await super().sock_connect(sock, ("127.0.0.1", self.service))


PUBLIC = "1.1.1.1"
REBOUND = ["127.0.0.1", "10.0.0.1", "169.254.169.254", "100.64.0.1", "::1", "fd00::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"]


@pytest.mark.parametrize("private", REBOUND)
def test_24_the_address_that_is_dialled_is_the_one_that_was_looked_at(private: str) -> None:
    """A name that was public is private when it is asked again, or is both at once: only the public one is ever dialled."""

    async def rebind() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, Rebinding)
        async with served(always(plain(b'"reached"'))) as service, reaching() as net:
            loop.service = service.port
            loop.answers = [[PUBLIC], [private]]
            assert (await net.send(Request("GET", "http://rebind.example/", seconds=2))).body == b'"reached"'
            with pytest.raises(Blocked):  # what must be sent once has a connection, and a look-up, of its own
                await net.send(Request("POST", "http://rebind.example/", once=True, seconds=2))
            assert loop.dialled == [PUBLIC] and not loop.answers
            loop.answers = [[private], [private, private]]
            for host in ("first.example", "second.example"):
                with pytest.raises(Blocked):
                    await net.send(Request("GET", f"http://{host}/", seconds=2))
            loop.answers = [[private, PUBLIC]]
            assert (await net.send(Request("GET", "http://both.example/", seconds=2))).body == b'"reached"'
            assert set(loop.dialled) == {PUBLIC} and len(service.heard) == 2

    with asyncio.Runner(loop_factory=Rebinding) as runner:
        runner.run(rebind())


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
async def test_25_redirects_are_not_followed(status: str) -> None:
    async with served(always(plain())) as other:
        redirect = always(plain(b"", status, f"Location: {other.url}/x"))
        async with served(redirect) as server, reaching(server.url, other.url) as net:
            answer = await net.send(request(server.url))
            assert len(server.heard) == 1
        assert answer.status == int(status[:3]) and not other.heard


TEXT = st.text(st.characters(), max_size=12) | st.text("./\\%2eE;?#@:\r\n\0é ", max_size=12)


@given(TEXT)
@pytest.mark.parametrize("extra", ["", "evil.com#", "a@evil", "x.evil.com/", "evil.com:80", "-a", "a-", "a" * 64, "ａ", "a\n"])
def test_26_an_account_s_part_of_a_host_name_is_no_other_host(extra: str, text: str) -> None:
    _, clockify = builtin("CLOCKIFY_GET_TAGS")
    for value in (extra, extra + text):
        try:
            url = host_url(clockify, "reports", {"region": "EUC1_SUBDOMAIN", "subdomain": value}, {})
        except Blocked:
            continue
        else:
            assert value.isascii() and value.replace("-", "").isalnum() and url == f"https://{value}.clockify.me/report"


@pytest.mark.parametrize("subdomain", ["evil.example#", "a@evil", "x.evil.example/", "evil.example:80", "..", "a b", "\u0430", "%2e", ""])
async def test_26_a_key_goes_to_the_toolkit_s_own_hosts_only(tmp_path: Path, subdomain: str) -> None:
    """Neither the settings of an account nor the arguments of a call lead it elsewhere."""
    async with served(always(plain(b'{"email": "a@b", "activeWorkspace": "' + b"0" * 24 + b'"}'))) as own, served(always(plain())) as other:
        hosts = {"hosts": f"clockify.api={own.url}", "private_hosts": f"127.0.0.1:{other.port}"}
        async with running(tmp_path, **hosts) as router:
            connector, project = router.local.connector, await router.local.project()
            region = {"region": "EUC1_SUBDOMAIN", "subdomain": subdomain}
            with pytest.raises(BadArgument):
                await connector.direct(project.id, "alice", "clockify", {"api_key": "canary-key"}, region)
            for name in ("host", "base_url", "instance_url", "api"):
                with pytest.raises(BadArgument, match="no setting"):
                    await connector.direct(project.id, "alice", "clockify", {"api_key": "canary-key"}, {name: other.url})
            assert not own.heard
            await connector.direct(project.id, "alice", "clockify", {"api_key": "canary-key"}, {})
            path = await router.session("alice", "clockify")
            place = f"127.0.0.1:{other.port}"
            for value in (f"@{place}", f"//{place}/x", f"{other.url}#", f"\\\\{place}", subdomain):
                for name in ("workspaceId", "id"):
                    await router.execute(path, "CLOCKIFY_GET_CLIENT_BY_ID", **({"workspaceId": "0" * 24, "id": "1" * 24} | {name: value}))
            assert len(own.heard) > 2 and not other.heard
            assert all(b"canary-key" in head for head in own.heard)


WIDE = tool(
    "POST /a/{id}/b/{name}",
    param("path", "id", "text!"),
    param("path", "name", "text!"),
    param("query", "q", "text[]"),
    param("header", "X-Note", "text"),
    param("body", "note", "any"),
)


@given(
    TEXT,
    TEXT,
    st.lists(TEXT, max_size=3),
    TEXT,
    st.recursive(TEXT, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=4),
)
@example("..", "x", [], "", "")
@example("%2e%2e", "%2e%2e%2f", [], "", "")
@example("x/../../y", "//evil.example", [], "", "")
@example("a?b#c@evil.example", "x", ["&admin=1"], "", "")
@example("x", "x", [], "v\r\nX-Evil: 1", "")
def test_27_no_argument_leaves_its_place(id: str, name: str, query: list[str], header: str, note: object) -> None:
    try:
        made = build(WIDE, BASE, {"id": id, "name": name, "q": query, "X-Note": header, "note": note})
    except (BadArgument, Blocked):
        return
    url, _, asked = made.url.partition("?")
    assert made.url.isascii() and made.url.isprintable() and "#" not in made.url and "\\" not in made.url
    assert url.startswith(BASE + "/a/")
    v1, a, one, b, two = url.removeprefix("https://api.acme.example/").split("/")
    assert (v1, a, b) == ("v1", "a", "b")
    assert one not in ("", ".", "..") and two not in ("", ".", "..")
    assert not {"@", ":", ";", "?"} & set(one + two)
    assert [pair.partition("=")[0] for pair in asked.split("&") if asked] == ["q"] * len(query)
    assert made.headers["X-Note"] == header and not {"\r", "\n", "\0"} & set(header)
    assert set(made.headers) == {"X-Note", "Accept", "Content-Type"}
    assert msgspec.json.decode(made.body) == {"note": note}


@pytest.mark.parametrize(
    "value", ["", " ", ".", "..", "../x", "x/../y", "..%2fx", "%2e%2e", "%2E%2e/x", "..\\x", "..;/x", "a\0", "a\nb", "\ud800"]
)
def test_27_a_path_value_that_climbs_or_vanishes_is_refused(value: str) -> None:
    with pytest.raises(BadArgument):
        build(WIDE, BASE, {"id": value, "name": "x"})


@pytest.mark.parametrize(
    ("value", "sent"), [("a/b", "a%2Fb"), ("a.b..c", "a.b..c"), ("100%", "100%25"), ("ä ö", "%C3%A4%20%C3%B6"), (5, "5"), (True, "true")]
)
def test_27_a_path_value_is_one_quoted_segment(value: object, sent: str) -> None:
    assert build(WIDE, BASE, {"id": value, "name": "x"}).url == f"{BASE}/a/{sent}/b/x"


def test_27_a_template_that_is_no_path_leaves_nowhere() -> None:
    for path in ("@evil.example/", ".evil.example/x", ":80/"):
        with pytest.raises(Blocked):
            build(tool(f"GET {path}"), BASE, {})


HOSTILE = [
    "../x", "%2e%2e%2f", "//evil", "a?b=c", "a#b", "a\r\nX-Evil: 1", "a%0d%0ab", "a;b", "a\\b", "a%2fb", "%252e%252e%252f", "a/b", "\u2025",
    "ａ",
]  # fmt: skip


async def test_27_the_service_sees_one_literal_segment() -> None:
    """On the wire, past the client's own reading of the address: what came as one value is one segment, letter for letter."""
    found = tool("GET /a/{id}/z", param("path", "id", "text!"))
    async with served(always(plain())) as server, reaching(server.url) as net:

        async def seen(value: str) -> str | None:
            """The segment that arrived; None when the value was refused."""
            before = len(server.heard)
            try:
                await net.send(build(found, server.url, {"id": value}))
            except BadArgument:
                assert len(server.heard) == before
                return None
            assert len(server.heard) == before + 1
            method, target, version = server.heard[-1].partition(b"\r\n")[0].decode("ascii").split(" ")
            assert (method, version) == ("GET", "HTTP/1.1") and b"X-Evil" not in server.heard[-1]
            start, a, segment, z = target.split("/")
            assert (start, a, z) == ("", "a", "z") and not {"?", "#", "\\"} & set(segment)
            return unquote(segment)

        for value in HOSTILE:
            assert await seen(value) in (value, None)
        assert [await seen(value) for value in ("a/b", "a?b=c", "//evil", "\u2025")] == ["a/b", "a?b=c", "//evil", "\u2025"]
        draw = random.Random(27)
        for _ in range(300):
            value = "".join(draw.choices("./\\%2eE;?#@:\r\n\0é ab", k=draw.randint(1, 8)))
            assert await seen(value) in (value, None)


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\0b", "\x7f", "a\udcff"])
async def test_28_a_header_cannot_be_injected(value: str) -> None:
    async with served(always(plain())) as server, reaching(server.url) as net:
        with pytest.raises(Blocked):
            await net.send(Request("GET", server.url, {"X-Key": value}))
        assert not server.heard


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\rb", "a\0b", "\x7f", "a\udcff", "a\r\n\r\nGET / HTTP/1.1"])
async def test_28_nor_by_an_argument_or_a_key(value: str) -> None:
    found = tool("GET /a", param("header", "X-Note", "text"))
    async with served(always(plain())) as server, reaching(server.url) as net:
        with pytest.raises((BadArgument, Blocked)):
            await net.send(build(found, server.url, {"X-Note": value}))
        for name in ("X\r\nX-Evil", "X:", "X Y", "ü", ""):
            with pytest.raises(ToolwayError):
                await net.send(Request("GET", server.url, {name: "v"}))
        assert not any(b"X-Evil" in head for head in server.heard)


async def endless(number: int, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
        await writer.drain()


def bomb(member: int, members: int) -> Say:
    """So many times so many MiB of nothing."""
    return always(plain(gzip.compress(bytes(member * 1024 * 1024), 9) * members, "200 OK", "Content-Encoding: gzip"))


async def test_29_a_large_answer_is_not_taken() -> None:
    declared = always(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n")
    for say in (declared, endless, always(plain(b" " * 2000))):
        error = await fails(say, TooLarge, most=1024)
        assert "more than 1 KiB" in error.sentence and "smaller page" in error.sentence
    async with served(always(plain(b" " * 1024))) as server, reaching(server.url) as net:
        assert len((await net.send(request(server.url, most=1024))).body) == 1024


@pytest.mark.parametrize(("member", "members"), [(16, 64), (128, 1)])
async def test_29_a_compressed_bomb_takes_no_memory(member: int, members: int) -> None:
    say = bomb(member, members)
    await fails(say, TooLarge)  # what the client itself needs is loaded from now on
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    await fails(say, TooLarge)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 48 * 1024


async def test_29_slow_answers_are_given_up_in_time() -> None:
    async def silent(number: int, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(5)

    async def slow_head(number: int, writer: asyncio.StreamWriter) -> None:
        for letter in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 1000:
            writer.write(bytes([letter]))
            await writer.drain()
            await asyncio.sleep(0.02)

    async def slow_body(number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(1000):
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.02)

    for say in (silent, slow_head, slow_body):
        assert "within 0.3 seconds" in (await fails(say, NoAnswer, seconds=0.3)).message


async def test_30_without_a_good_certificate_nothing_is_sent(tmp_path: Path) -> None:
    async with served(always(plain()), self_signed(tmp_path)) as server, reaching(server.url) as net:
        with pytest.raises(Unreachable, match="certificate") as raised:
            await net.send(request(server.url))
        tells_nothing(raised.value)
        assert not server.heard

    async def clear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(plain())
        writer.close()

    in_clear = await asyncio.start_server(clear, "127.0.0.1", 0)
    async with in_clear, reaching(url := f"https://127.0.0.1:{in_clear.sockets[0].getsockname()[1]}") as net:
        with pytest.raises(Unreachable, match="nothing was sent") as raised:
            await net.send(request(url, seconds=2))
        tells_nothing(raised.value)
    with socket.create_server(("127.0.0.1", 0)) as mute:  # takes the connection and never says hello
        url = f"https://127.0.0.1:{mute.getsockname()[1]}"
        async with reaching(url) as net:
            with pytest.raises(Unreachable, match="in time") as raised:
                await net.send(request(url, seconds=0.5))
            tells_nothing(raised.value)


def self_signed(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
    made = made.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
    certificate = made.sign(key, hashes.SHA256())
    path = folder / "server.pem"
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(secret + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


ELSEWHERE = """
import asyncio, sys
from toolway.net import Net, Request, named_addresses
from toolway.errors import ToolwayError

async def main():
    net = Net(named_addresses(sys.argv[1:], ()))
    for url in sys.argv[1:]:
        try:
            print((await net.send(Request("GET", url + "/x", seconds=5))).status)
        except ToolwayError as error:
            print(type(error).__name__)
    await net.close()

asyncio.run(main())
"""


async def test_30_the_environment_changes_neither_the_way_nor_the_trust(tmp_path: Path) -> None:
    """What programs commonly read of proxies, and what switches checks off, is read by nobody here."""
    async with (
        served(always(plain())) as own,
        served(always(plain())) as proxy,
        served(always(plain()), self_signed(tmp_path)) as secret,
    ):
        names = ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
        given = dict.fromkeys(names, proxy.url) | {"no_proxy": "", "PYTHONHTTPSVERIFY": "0", "NODE_TLS_REJECT_UNAUTHORIZED": "0"}
        given |= dict.fromkeys(("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"), str(tmp_path / "server.pem"))
        (tmp_path / ".netrc").write_text("machine 127.0.0.1 login a password canary\n", "ascii")
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", ELSEWHERE, own.url, secret.url),
            stdout=asyncio.subprocess.PIPE,
            env=os.environ | given | {"NETRC": str(tmp_path / ".netrc"), "HOME": str(tmp_path)},
        )
        async with asyncio.timeout(30):
            said, _ = await process.communicate()
        assert said.decode().split() == ["200", "Unreachable"]
        assert len(own.heard) == 1 and not proxy.heard and not secret.heard
        assert b"authorization" not in own.heard[0].lower()


async def test_30_no_request_of_a_tenant_names_a_proxy_or_a_trust(tmp_path: Path) -> None:
    async with running(tmp_path) as router:
        for name in ("proxy", "ca", "verify", "ssl", "tls", "env", "environment", "hosts"):
            for body in ({"user_id": "u", name: "x"}, {"user_id": "u", "proxy_execute": {"enable": True, name: "x"}}):
                status, answer = await router.send("POST", SESSION, body)
                assert status == 400 and name in answer["error"]["message"]
            project = await router.local.project()
            with pytest.raises(BadArgument, match="no setting"):
                await router.local.connector.direct(project.id, "u", "desktime", {"api_key": "key"}, {name: "x"})


@pytest.mark.parametrize("name", ["CLOCKIFY.api", "clockify.API", "clockify.euc1.api", "clockify.NOPE.api", "clocky.api"])
async def test_hosts_that_would_send_nothing_elsewhere_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadSetting, match="hosts names"):
        async with running(tmp_path, hosts=f"{name}=http://127.0.0.1:9/api"):
            pass
