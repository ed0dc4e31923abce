"""The doorkeeper before a small application: heads, connections, and what is left of bodies."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from toolway.cli import doorkeeper

HEAD = b"GET / HTTP/1.1\r\nhost: a\r\n"
_LARGE = 20_000_000  # more than the system keeps for a connection
_SENT = asyncio.Event()
Open = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


async def _app(scope: Any, receive: Any, send: Any) -> None:
    """Answers at once; under /read, when the body has come; under /large, with much."""
    while scope["path"] == "/read" and (await receive()).get("more_body"):
        pass
    if scope["path"] == "/large":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % _LARGE)]})
        await send({"type": "http.response.body", "body": b"x" * _LARGE, "more_body": True})
        await send({"type": "http.response.body", "body": b""})  # when most was read, or nobody is left to read
        _SENT.set()
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture
async def door(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Open]:
    """Opens connections to a server that waits a fifth of a second for a head, and a little longer for a reader."""
    monkeypatch.setattr(doorkeeper, "HEAD_SECONDS", 0.2)
    monkeypatch.setattr(doorkeeper, "READ_SECONDS", 0.3)
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(_app, http=doorkeeper.Doorkeeper, lifespan="off", log_level="critical", ws="none")
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup(sockets=[listener])
    writers: list[asyncio.StreamWriter] = []

    async def connect() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        writers.append(writer)
        return reader, writer

    yield connect
    for writer in writers:
        writer.close()
    for opened in server.servers:
        opened.close()
    await asyncio.sleep(0.01)


async def _status(reader: asyncio.StreamReader) -> int:
    """The status of the next answer; 0 when the connection ends first."""
    try:
        async with asyncio.timeout(2):
            head = await reader.readuntil(b"\r\n\r\n")
            status = int(head.split()[1])
            await reader.readexactly(2 if status == 200 else 0)
            return status
    except (asyncio.IncompleteReadError, ConnectionError):
        return 0


@pytest.mark.parametrize("start", [b"", b"G", HEAD, b"\r\n", HEAD + b"\r\n" + HEAD, b"POST / HTTP/1.1\r\ncontent-length: 9\r\n\r\nx"])
async def test_what_does_not_go_on_is_ended(door: Open, start: bytes) -> None:
    reader, writer = await door()
    writer.write(start)
    for _ in range(start.count(b"\r\n\r\n")):
        assert await _status(reader) == 200
    if start.startswith(HEAD + b"\r\n"):
        writer.write(b"x: y\r\n")  # a second request that trickles in
    assert await _status(reader) == 0


async def test_a_connection_that_is_kept_waits_longer_than_a_head(door: Open) -> None:
    reader, writer = await door()
    for _ in range(2):
        writer.write(HEAD)
        await asyncio.sleep(0.02)
        writer.write(b"\r\n")
        assert await _status(reader) == 200
        await asyncio.sleep(0.3)
    writer.write(b"POST /read HTTP/1.1\r\ncontent-length: 2\r\n\r\n")
    await asyncio.sleep(0.3)  # a body has a deadline of its own
    writer.write(b"xy")
    assert await _status(reader) == 200


@pytest.mark.parametrize("pieces", [1, 20])
@pytest.mark.parametrize("line", [b"x: " + b"y" * 90_000, b"x: y\r\n" * 16_000, b"x" * 90_000, b""])
async def test_a_head_that_is_too_long(door: Open, line: bytes, pieces: int) -> None:
    reader, writer = await door()
    head = HEAD + line.strip() + b"\r\n\r\n" if line else HEAD.replace(b"/", b"/" + b"a" * 90_000, 1) + b"\r\n"
    for at in range(pieces):
        writer.write(head[at * len(head) // pieces : (at + 1) * len(head) // pieces])
        await asyncio.sleep(0.001)
    assert await _status(reader) in (431, 0)  # who still sends when the connection ends may not get to read why
    assert await _status(reader) == 0


async def test_a_long_head_and_a_long_body(door: Open) -> None:
    reader, writer = await door()
    start = b"POST /read HTTP/1.1\r\nx: " + b"y" * 60_000
    writer.write(start + b"\r\ncontent-length: 1000000\r\n\r\n" + b"x" * 1_000_000 + HEAD + b"\r\n")
    assert [await _status(reader), await _status(reader)] == [200, 200]


async def test_trailers_without_end(door: Open) -> None:
    reader, writer = await door()
    writer.write(b"POST /read HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n" + b"a: b\r\n" * 100_000)
    assert await _status(reader) in (0, 431)


async def test_an_answer_that_is_not_read_is_not_kept(door: Open) -> None:
    """The transport holds it for the client, as much as it is, and for as long as the connection lives."""
    reader, writer = await door()
    writer.write(HEAD.replace(b"/", b"/large", 1) + b"\r\n")
    _SENT.clear()
    async with asyncio.timeout(5):
        await _SENT.wait()
        with pytest.raises(asyncio.IncompleteReadError):
            await reader.readexactly(_LARGE)


async def test_an_answer_that_is_read_slowly_comes_whole(door: Open) -> None:
    reader, writer = await door()
    writer.write(HEAD.replace(b"/", b"/large", 1) + b"\r\n")
    await reader.readuntil(b"\r\n\r\n")
    for _ in range(8):
        await asyncio.sleep(0.1)
        await reader.readexactly(_LARGE // 8)
    writer.write(HEAD + b"\r\n")
    assert await _status(reader) == 200


async def test_connections_beyond_the_most(door: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorkeeper, "most_connections", lambda: 2)
    kept = [await door() for _ in range(2)]
    reader, _ = await door()
    assert await _status(reader) == 0
    kept[0][1].close()
    await asyncio.sleep(0.02)
    for reader, writer in (kept[1], await door()):
        writer.write(HEAD + b"\r\n")
        assert await _status(reader) == 200


def test_half_of_the_files() -> None:
    assert doorkeeper.most_connections() >= 512


class _Wire(asyncio.Transport):
    """A transport that keeps what is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []

    def write(self, data: Any) -> None:
        self.written.append(bytes(data))

    def is_closing(self) -> bool:
        return False

    def close(self) -> None:
        self.written.append(b"closed")

    def get_write_buffer_size(self) -> int:
        return 0

    def abort(self) -> None: ...

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


@pytest.mark.parametrize(("more", "last"), [(b"", []), (b"connection: close\r\n", [b"closed"])])
async def test_an_answer_is_written_once(more: bytes, last: list[bytes]) -> None:
    config = uvicorn.Config(_app, http=doorkeeper.Doorkeeper, lifespan="off", log_level="critical", ws="none")
    config.load()
    wire = _Wire()
    protocol = doorkeeper.Doorkeeper(config, ServerState(), {})
    protocol.connection_made(wire)
    protocol.data_received(HEAD + more + b"\r\n")
    async with asyncio.timeout(5):
        while not wire.written or len(wire.written) < 1 + len(last):
            await asyncio.sleep(0)
    answer, *rest = wire.written
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b"\r\n\r\nok")
    assert rest == last
    protocol.connection_lost(None)
