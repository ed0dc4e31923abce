"""The load: keep-alive connections that send prepared JSON-RPC requests, one after the other."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from bench.upstream import MARK

MODERN, LEGACY = "2026-07-28", "2025-11-25"
Ask = Callable[[], Awaitable[None]]


class Bad(Exception):
    """An answer that does not belong into a measurement."""


def request(port: int, path: str, key: str, revision: str, method: str, params: dict[str, Any]) -> bytes:
    """A JSON-RPC request over HTTP, ready to be written."""
    headers = {"host": f"127.0.0.1:{port}", "x-api-key": key, "mcp-protocol-version": revision}
    headers |= {"content-type": "application/json", "accept": "application/json, text/event-stream"}
    if revision == MODERN:
        meta = {"protocolVersion": revision, "clientCapabilities": {}, "clientInfo": {"name": "bench", "version": "0"}}
        params = params | {"_meta": {f"io.modelcontextprotocol/{name}": value for name, value in meta.items()}}
        headers |= {"mcp-method": method} | ({"mcp-name": params["name"]} if "name" in params else {})
    content = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST {path} HTTP/1.1\r\n{head}content-length: {len(content)}\r\n\r\n".encode() + content


class Line:
    """A keep-alive connection to a server on this machine."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, port: int) -> "Line":
        """Connect."""
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def send(self, content: bytes) -> tuple[int, bytes]:
        """Send a prepared request; gives status and body of the answer."""
        self._writer.write(content)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        _, found, length = head.partition(b"content-length:")
        if not found:
            raise Bad(f"an answer without a length: {head[:200]!r}")
        body = await self._reader.readexactly(int(length.partition(b"\r\n")[0]))
        return int(head[9:12]), body

    async def ask(self, content: bytes, mark: bytes = MARK) -> None:
        """Send a prepared request whose answer has to hold the mark."""
        status, body = await self.send(content)
        if status != 200 or mark not in body:
            raise Bad(f"{status} {body[:500]!r}")

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


async def play(asks: Sequence[Ask], each: int) -> tuple[float, list[float]]:
    """All callers at once, each calling so many times in a row; gives the seconds that it took and every latency in ms."""
    taken: list[float] = []

    async def caller(ask: Ask) -> None:
        for _ in range(each):
            began = time.perf_counter()
            await ask()
            taken.append((time.perf_counter() - began) * 1000)

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for ask in asks:
            group.create_task(caller(ask))
    return time.perf_counter() - began, taken
