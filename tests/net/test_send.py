"""How sending fails, against real sockets: every way has one name, and no way tells a secret."""

import asyncio
import socket

import pytest
from rich.pretty import pretty_repr

from tests.net.wire import CANARY, always, fails, plain, reaching, request, served, tells_nothing
from toolway.errors import Busy, NoAnswer, Unreachable
from toolway.net import Answer, Net, Request, named_addresses


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


async def test_a_cookie_is_not_kept() -> None:
    async with served(always(plain(b"{}", "200 OK", "Set-Cookie: a=b"))) as server, reaching(server.url) as net:
        await net.send(request(server.url))
        await net.send(request(server.url))
        assert b"cookie:" not in server.heard[1].lower()


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


@pytest.mark.parametrize("said", [plain(b"", "403 Forbidden"), b"", b"SSH-2.0\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_proxy_that_refuses_sent_nothing(said: bytes, method: str) -> None:
    async def refuses(number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        writer.close()

    async with served(refuses) as proxy, reaching(proxy=proxy.url) as net:
        with pytest.raises(Unreachable, match="nothing was changed") as raised:
            await net.send(request("https://api.example.com", method, once=method == "POST", seconds=2))
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


async def test_a_name_that_cannot_be_looked_up_is_told_as_that() -> None:
    async with reaching() as net:
        with pytest.raises(Unreachable, match=r"The name nowhere\.invalid could not be looked up"):
            await net.send(Request("GET", "https://nowhere.invalid/", seconds=5))
