"""What goes over a connection, byte by byte, and what comes back over one that is kept."""

import asyncio
import gzip

import pytest

from tests.net.wire import always, plain, reaching, request, served
from toolway.errors import Blocked, NoAnswer, TooLarge
from toolway.net import Request


async def test_a_request_is_written_once_and_whole() -> None:
    async with served(always(plain())) as server, reaching(server.url) as net:
        await net.send(Request("GET", f"{server.url}/v1/a?b=c#d", {"user-agent": "Mine", "Accept": "application/json"}))
        await net.send(Request("DELETE", server.url))
        await net.send(Request("PUT", server.url, {"Content-Type": "application/json"}, b'"\xc3\xa4"', once=True))
        got, deleted, put = server.heard
    assert got.startswith(b"GET /v1/a?b=c HTTP/1.1\r\n") and got.endswith(b"\r\n\r\n")
    lines = got.lower().split(b"\r\n")
    assert [line for line in lines if line.startswith((b"host:", b"user-agent:", b"accept:", b"content-length:"))] == [
        f"host: 127.0.0.1:{server.port}".encode(),
        b"accept: application/json",
        b"user-agent: mine",
    ]
    assert deleted.startswith(b"DELETE / HTTP/1.1\r\n") and b"content-length: 0\r\n" in deleted.lower()
    assert b"connection: close\r\n" in put.lower() and put.endswith(b'\r\n\r\n"\xc3\xa4"')


@pytest.mark.parametrize("target", ["/a b", "/a\r\nX: y", "/a\x00", "/\ud800"])
async def test_an_address_that_would_be_read_as_more_is_not_sent(target: str) -> None:
    async with served(always(plain())) as server, reaching(server.url) as net:
        with pytest.raises(Blocked):
            await net.send(Request("GET", server.url + target))
        with pytest.raises(Blocked):
            await net.send(Request("GET / HTTP/1.1\r\n", server.url))
        assert not server.heard


async def test_names_in_addresses_prove_who_asks_and_are_not_sent_as_addresses() -> None:
    async with served(always(plain())) as server, reaching(server.url) as net:
        await net.send(Request("GET", server.url.replace("//", "//user:pass@")))
    assert b"Authorization: Basic dXNlcjpwYXNz\r\n" in server.heard[0] and b"user" not in server.heard[0].lower().replace(
        b"user-agent", b""
    )
    async with served(always(plain())) as proxy, reaching(proxy=proxy.url.replace("//", "//user:pass@")) as net:
        for _ in range(2):  # over a new connection, and over a kept one
            await net.send(Request("GET", "http://api.example.com/x?y"))
        for head in proxy.heard:
            assert head.startswith(b"GET http://api.example.com/x?y HTTP/1.1\r\n") and b"\r\nHost: api.example.com\r\n" in head
            assert b"Proxy-Authorization: Basic dXNlcjpwYXNz\r\n" in head and b"\r\nAuthorization" not in head


async def test_a_connection_is_kept_whatever_the_shape_of_the_answer() -> None:
    body = b'{"a": 1}'
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n" + body[:4] + b"\r\n4\r\n" + body[4:] + b"\r\n0\r\n\r\n"
    hinted = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + plain(body)
    answers = [plain(body), chunked, hinted, plain(gzip.compress(body), "200 OK", "Content-Encoding: gzip")]
    answers += [b"HTTP/1.1 204 No Content\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n", plain(b"x" * 600_000)]
    ends = set[object]()

    async def say(number: int, writer: asyncio.StreamWriter) -> None:
        ends.add(writer.get_extra_info("peername"))
        writer.write(answers[number - 1])

    async with served(say) as server, reaching(server.url) as net:
        for answer in answers[:4]:
            assert (await net.send(request(server.url))).body == body, answer
        assert (await net.send(request(server.url))).status == 204
        assert (await net.send(request(server.url, "HEAD"))).body == b""
        assert len((await net.send(request(server.url, "POST", body=b"x" * 300_000))).body) == 600_000
    assert len(ends) == 1


async def test_what_nobody_asked_for_answers_nobody() -> None:
    """A connection on which more came than an answer, or not all of it, is not used again."""
    late = list[asyncio.StreamWriter]()

    async def say(number: int, writer: asyncio.StreamWriter) -> None:
        match number:
            case 1:
                writer.write(plain(b"x" * 400))
            case 2:
                writer.write(plain() + plain(b'"stale"'))
            case 3:
                writer.write(plain())
                late.append(writer)
            case _:
                writer.write(plain())

    async with served(say) as server, reaching(server.url) as net, reaching(server.url) as other:
        with pytest.raises(TooLarge):
            await net.send(request(server.url, most=100))
        for _ in range(2):
            assert (await net.send(request(server.url))).body == b"{}"
        late[0].write(plain(b'"stale"'))
        await other.send(request(server.url))  # by then it has arrived
        for method in ("POST", "GET"):
            assert (await net.send(request(server.url, method))).body == b"{}"


@pytest.mark.parametrize(("method", "heard"), [("GET", 3), ("HEAD", 3), ("POST", 2), ("PUT", 2)])
async def test_a_kept_connection_that_is_closed_is_asked_again_where_asking_changes_nothing(method: str, heard: int) -> None:
    async def drops_the_second(number: int, writer: asyncio.StreamWriter) -> None:
        if number == 2:
            writer.close()
        else:
            writer.write(plain(b""))

    async with served(drops_the_second) as server, reaching(server.url) as net:
        await net.send(request(server.url, method))
        if heard == 3:
            assert (await net.send(request(server.url, method))).status == 200
        else:
            with pytest.raises(NoAnswer):
                await net.send(request(server.url, method))
        assert len(server.heard) == heard


@pytest.mark.parametrize("once", [True, False])
@pytest.mark.parametrize("early", [b"", plain(b"no", "413 Content Too Large")])
async def test_a_call_that_is_over_sends_nothing_more(early: bytes, once: bool) -> None:
    """A server that does not read holds neither the rest of a request nor its connection, whether it answered or not."""
    body, arrived = b"x" * 30_000_000, asyncio.get_running_loop().create_future()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(early)
        await over.wait()
        size = 0
        try:
            while part := await reader.read(1_000_000):
                size += len(part)
        except ConnectionError:
            pass
        writer.close()
        arrived.set_result(size)

    over = asyncio.Event()
    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with reaching(url) as net:
            if early:
                assert (await net.send(request(url, "POST", body=body, once=once))).status == 413
            else:
                with pytest.raises(NoAnswer):
                    await net.send(request(url, "POST", body=body, once=once, seconds=0.3))
            over.set()
            assert await asyncio.wait_for(arrived, 5) < len(body)
