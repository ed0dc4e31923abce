"""A loopback proxy that adds one header to every request and passes all else on as it came, byte for byte."""

import asyncio
import re
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

_MOST_HEAD = 1 << 20
_PIECE = 1 << 16
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)


@asynccontextmanager
async def adding(header: bytes, port: int) -> AsyncGenerator[int]:
    """A proxy before a port of the loopback; gives its own port. `header` is a whole line without its end."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, server = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(_until_end(_requests(reader, server, header), server), _until_end(_bytes(answers, writer), writer))

    proxy = await asyncio.start_server(serve, "127.0.0.1", 0, limit=_MOST_HEAD)
    try:
        yield int(proxy.sockets[0].getsockname()[1])
    finally:
        proxy.close()


async def _until_end(way: Coroutine[Any, Any, None], writer: asyncio.StreamWriter) -> None:
    """One side that is gone takes the other along: a client that goes away has to be seen behind the proxy."""
    try:
        await way
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def _requests(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, header: bytes) -> None:
    """One request after the other; each tells the length of its body, or has none."""
    while True:
        head = await reader.readuntil(b"\r\n\r\n")
        start, rest = head.split(b"\r\n", 1)
        writer.write(start + b"\r\n" + header + b"\r\n" + rest)
        length = _LENGTH.search(head)
        if length:
            writer.write(await reader.readexactly(int(length[1])))
        await writer.drain()


async def _bytes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(_PIECE):
        writer.write(piece)
        await writer.drain()
