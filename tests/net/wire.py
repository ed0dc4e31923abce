"""A server on loopback that says exactly the bytes it is told to, and remembers what it heard."""

import asyncio
import ssl
import time
import traceback
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple

import pytest
from rich.pretty import pretty_repr

from toolway.errors import ToolwayError
from toolway.net import Net, Request, named_addresses

CANARY = "canary-5f1d0c9a77"

Say = Callable[[int, asyncio.StreamWriter], Awaitable[None]]
"""Answers the request of this number (from 1) on this connection; a connection that it closes is not read any further."""


class Server(NamedTuple):
    url: str
    port: int
    heard: list[bytes]


@asynccontextmanager
async def served(say: Say, tls: ssl.SSLContext | None = None) -> AsyncGenerator[Server]:
    heard: list[bytes] = []
    talks: set[asyncio.Task[None]] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while not writer.is_closing():
                head = await reader.readuntil(b"\r\n\r\n")
                length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
                heard.append(head + await reader.readexactly(length))
                await say(len(heard), writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(talk(reader, writer))
        talks.add(task)
        task.add_done_callback(talks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls)
    port: int = server.sockets[0].getsockname()[1]
    try:
        yield Server(f"{'https' if tls else 'http'}://127.0.0.1:{port}", port, heard)
    finally:
        server.close()
        for task in talks:
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)


def plain(body: bytes = b"{}", status: str = "200 OK", *headers: str) -> bytes:
    """A whole answer."""
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def always(answer: bytes) -> Say:
    """Say this to every request."""

    async def say(number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)

    return say


@asynccontextmanager
async def reaching(*urls: str, proxy: str = "") -> AsyncGenerator[Net]:
    """A way out that may reach these addresses besides the public ones."""
    net = Net(named_addresses(urls, ()), proxy)
    try:
        yield net
    finally:
        await net.close()


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
