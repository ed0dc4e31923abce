"""How sending fails, against real sockets: every way has one name, and no way tells a secret."""

import asyncio
import gzip
import resource
import socket
import ssl
import time
import traceback
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from rich.pretty import pretty_repr

from tests.net.wire import Say, always, plain, reaching, served
from toolway.errors import Blocked, Busy, NoAnswer, TooLarge, ToolwayError, Unreachable
from toolway.net import Answer, Net, Request, named_addresses

CANARY = "canary-5f1d0c9a77"


def request(url: str, method: str = "GET", **more: object) -> Request:
    """A request with a secret in a header and in the query."""
    return Request(method, f"{url}/v1/me?apiKey={CANARY}", {"X-Api-Key": CANARY}, **more)  # pyright: ignore[reportArgumentType]


def tells_nothing(error: BaseException) -> None:
    said = "".join(traceback.format_exception(error)) + repr(error) + str(error) + pretty_repr(error)
    assert CANARY not in said
    if isinstance(error, ToolwayError):
        assert CANARY not in error.sentence


async def fails(say: Say, kind: type[ToolwayError], method: str = "GET", **more: object) -> ToolwayError:
    async with served(say) as server, reaching(server.url) as net:
        began = time.monotonic()
        with pytest.raises(kind) as raised:
            await net.send(request(server.url, method, **more))
        assert time.monotonic() - began < 2
    assert type(raised.value) is kind
    tells_nothing(raised.value)
    return raised.value


async def test_a_request_arrives_as_it_is() -> None:
    async with served(always(plain(b'{"a": 1}', "201 Created", "X-More: Yes"))) as server, reaching(server.url) as net:
        sent = Request("POST", server.url + "/a%2Fb/%252e?q=%C3%A4%26", {"X-Key": "k"}, b"{}")
        answer = await net.send(sent)
        head = server.heard[0]
    assert (answer.status, answer.headers["x-more"], answer.body) == (201, "Yes", b'{"a": 1}')
    assert head.startswith(b"POST /a%2Fb/%252e?q=%C3%A4%26 HTTP/1.1\r\n")
    assert b"X-Key: k\r\n" in head and b"content-type" not in head.lower() and head.endswith(b"\r\n\r\n{}")


def test_nothing_shows_what_may_be_secret() -> None:
    secret = Request("GET", f"https://u:{CANARY}@api.example/v1?k={CANARY}", {"X": CANARY}, CANARY.encode())
    for value in (secret, Answer(200, {"x": CANARY}, CANARY.encode())):
        assert CANARY not in repr(value) + str(value) + pretty_repr(value) + pretty_repr([value]) + f"{value}"


async def test_redirects_are_not_followed() -> None:
    async with served(always(plain())) as other:
        redirect = always(plain(b"", "302 Found", f"Location: {other.url}/x"))
        async with served(redirect) as server, reaching(server.url, other.url) as net:
            answer = await net.send(request(server.url))
        assert answer.status == 302 and not other.heard


async def test_a_cookie_is_not_kept() -> None:
    async with served(always(plain(b"{}", "200 OK", "Set-Cookie: a=b"))) as server, reaching(server.url) as net:
        await net.send(request(server.url))
        await net.send(request(server.url))
        assert b"cookie:" not in server.heard[1].lower()


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\0b", "\x7f", "a\udcff"])
async def test_a_header_cannot_be_injected(value: str) -> None:
    async with served(always(plain())) as server, reaching(server.url) as net:
        with pytest.raises(Blocked):
            await net.send(Request("GET", server.url, {"X-Key": value}))
        assert not server.heard


async def endless(number: int, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
        await writer.drain()


def bomb(member: int, members: int) -> Say:
    """So many times so many MiB of nothing."""
    return always(plain(gzip.compress(bytes(member * 1024 * 1024), 9) * members, "200 OK", "Content-Encoding: gzip"))


async def test_a_large_answer_is_not_taken() -> None:
    declared = always(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n")
    for say in (declared, endless, always(plain(b" " * 2000))):
        error = await fails(say, TooLarge, most=1024)
        assert "smaller page" in error.sentence
    async with served(always(plain(b" " * 1024))) as server, reaching(server.url) as net:
        assert len((await net.send(request(server.url, most=1024))).body) == 1024


@pytest.mark.parametrize(("member", "members"), [(16, 64), (128, 1)])
async def test_a_compressed_bomb_takes_no_memory(member: int, members: int) -> None:
    say = bomb(member, members)
    await fails(say, TooLarge)  # what the client itself needs is loaded from now on
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    await fails(say, TooLarge)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 48 * 1024


async def test_slow_answers_are_given_up_in_time() -> None:
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


async def test_a_broken_answer_is_no_answer() -> None:
    async def reset(number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")
        await writer.drain()
        writer.transport.abort()

    async def reset_at_once(number: int, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    async def closed_early(number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")
        writer.close()

    async def closed(number: int, writer: asyncio.StreamWriter) -> None:
        writer.close()

    said = [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"\x00\xff" * 64 + b"\r\n\r\n",
        b"HTTP/1.1 banana\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        plain(b"no gzip at all", "200 OK", "Content-Encoding: gzip"),
        plain(b"nor this", "200 OK", "Content-Encoding: br"),
    ]
    for say in (reset, reset_at_once, closed_early, closed, *map(always, said)):
        for method in ("POST", "GET"):
            await fails(say, NoAnswer, method=method, once=method == "POST", seconds=1.5)


async def test_what_did_not_arrive_is_told_apart() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    async with reaching(f"http://127.0.0.1:{port}") as net:
        for scheme in ("http", "https"):
            with pytest.raises(Unreachable, match="nothing was changed") as raised:
                await net.send(request(f"{scheme}://127.0.0.1:{port}"))
            tells_nothing(raised.value)
        with pytest.raises(Unreachable) as raised:
            await net.send(request("http://no-such-host.invalid", seconds=5))
        tells_nothing(raised.value)


async def test_without_tls_nothing_is_sent(tmp_path: Path) -> None:
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


async def test_a_proxy_that_refuses_sent_nothing() -> None:
    async with served(always(plain(b"", "403 Forbidden"))) as proxy, reaching(proxy=proxy.url) as net:
        with pytest.raises(Unreachable) as raised:
            await net.send(request("https://api.example.com", seconds=2))
        tells_nothing(raised.value)
        assert CANARY.encode() not in b"".join(proxy.heard)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "POST", "PATCH"])
async def test_once_means_once_although_the_server_drops_kept_connections(method: str) -> None:
    async def drops_the_second(number: int, writer: asyncio.StreamWriter) -> None:
        if number == 1:
            writer.write(plain(b""))
        else:
            writer.close()

    async with served(drops_the_second) as server, reaching(server.url) as net:
        assert (await net.send(request(server.url, method, once=True))).status == 200
        with pytest.raises(NoAnswer):
            await net.send(request(server.url, method, once=True))
        assert len(server.heard) == 2


async def test_once_does_not_take_a_connection_that_may_be_closed() -> None:
    async def closes_soon(number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(plain())
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.close()

    async with served(closes_soon) as server, reaching(server.url) as net:
        for number in range(1, 4):
            assert (await net.send(request(server.url, "POST", once=True))).status == 200
            assert len(server.heard) == number
            await asyncio.sleep(0.05)


def self_signed(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
    certificate = made.sign(key, hashes.SHA256())
    path = folder / "server.pem"
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(secret + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


async def test_large_answers_wait_their_turn_and_small_ones_do_not() -> None:
    """The first large answer stops in the middle; the second waits for it, or is told that there is no room."""
    go, large = asyncio.Event(), b"x" * 1_000_000

    async def say(number: int, writer: asyncio.StreamWriter) -> None:
        whole = plain(large) if number < 4 else plain()
        writer.write(whole[:600_000])
        if number == 1:
            await writer.drain()
            await go.wait()
        writer.write(whole[600_000:])

    async with served(say) as server:
        net = Net(named_addresses((server.url,), ()), large=1)
        first = asyncio.create_task(net.send(request(server.url)))
        while not net.large_answers:
            await asyncio.sleep(0.01)
        with pytest.raises(Busy, match="Too many large answers"):
            await net.send(request(server.url, seconds=0.6))
        second = asyncio.create_task(net.send(request(server.url)))
        while len(server.heard) < 3:
            await asyncio.sleep(0.01)
        assert (await net.send(request(server.url))).body == b"{}"
        assert not first.done() and not second.done()
        go.set()
        assert (await first).body == (await second).body == large and not net.large_answers
        await net.close()
