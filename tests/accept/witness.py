"""A service that writes down what reached it, and answers as the request asks: its own toolkit and its own socket.

The path of a request ends in its *mark*: a unique word, a way and a delay in milliseconds, as in `trs_1.7.ONE.cut.20`.
"""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

OBEYED = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
ANSWERS = {
    "obey": OBEYED,
    "hold": OBEYED,
    "fail": b"HTTP/1.1 500 Oh\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}",
    "refuse": b"HTTP/1.1 422 No\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}",
}
"""What each way answers. Besides there are `cut`, which ends the connection instead, `stall`, which waits until the router
ends it, and `hold`, which obeys when it is let go. All but `refuse` do what they are asked before they answer."""
TOOLKIT = """
slug  = "witness"
title = "Witness"
about = "Things that are written down."
[hosts]
api  = "https://api.witness.example"
deaf = "https://deaf.witness.example"
[auth.api_key]
about  = "Any key."
header = "X-Key"
"""
TOOL = """
[{name}]
slug  = "WITNESS_{upper}"
title = "{name}"
about = "Writes a thing down."
call  = "{call} /things/{{mark}}"
why-no-spec = "There is none."
path.mark = "text(1..120)! -- What is written down."
"""
CALLS = {"look": "GET api", "make": "POST api", "change": "PUT api", "remove": "DELETE api", "shout": "POST deaf"}
WRITES = ("WITNESS_MAKE", "WITNESS_CHANGE", "WITNESS_REMOVE")
LOOK, SHOUT = "WITNESS_LOOK", "WITNESS_SHOUT"


class Witness:
    """`seen` tells how often each mark came; `then` holds what to do when the answer to a mark has left."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()
        self.then: dict[str, Callable[[], None]] = {}
        self.let_go = asyncio.Event()
        self.hosts = ""
        self._open = 0
        self._changed = asyncio.Condition()

    async def saw(self, *marks: str) -> None:
        """Wait until these came."""
        await self._until(lambda: all(self.seen[mark] for mark in marks))

    async def quiet(self) -> None:
        """Wait until nobody is connected: then everything that was sent has been read."""
        await self._until(lambda: not self._open)

    async def _until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(20), self._changed:
            await self._changed.wait_for(true)

    async def _step(self, opened: int = 0) -> None:
        self._open += opened
        async with self._changed:
            self._changed.notify_all()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        await self._step(1)
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                while await self._answered(reader, writer):
                    pass
        finally:
            writer.close()
            await self._step(-1)

    async def _answered(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        for line in head.splitlines():
            name, _, value = line.partition(": ")
            if name == "content-length":
                await reader.readexactly(int(value))
        mark = head.split()[1].rpartition("/")[2]
        self.seen[mark] += 1
        await self._step()
        *_, way, delay = mark.split(".")
        if way == "stall":
            await reader.read()
        if way == "hold":
            await self.let_go.wait()
        await asyncio.sleep(int(delay) / 1000)
        answer = ANSWERS.get(way, b"")
        writer.write(answer)  # the socket takes so little at once
        self.then.pop(mark, _nothing)()
        return bool(answer)


def _nothing() -> None: ...


@asynccontextmanager
async def witnessing(folder: Path) -> AsyncGenerator[Witness]:
    """A witness with its toolkit in a folder, on a socket of this loop. Its host `deaf` takes up no connection: a request cannot leave."""
    folder.mkdir()
    (folder / "toolkit.toml").write_text(TOOLKIT, "utf-8")
    (folder / "tools.toml").write_text("".join(TOOL.format(name=n, upper=n.upper(), call=c) for n, c in CALLS.items()), "utf-8")
    witness = Witness()
    with socket.socket() as deaf, socket.socket() as first:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)  # has room for one that waits; Linux lets no more come
        first.connect(deaf.getsockname())
        async with await asyncio.start_server(witness.serve, "127.0.0.1", 0) as server:
            ports = {"api": server.sockets[0].getsockname()[1], "deaf": deaf.getsockname()[1]}
            witness.hosts = ",".join(f"witness.{host}=http://127.0.0.1:{port}" for host, port in ports.items())
            yield witness
