"""The sandbox as a process: one socket, one line when ready, gone with its parent if asked."""

import asyncio
import contextlib
import os
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import uvicorn

from toolway.sandbox.app import make_app


class _Server(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()


def run(host: str = "127.0.0.1", port: int = 9901, data: Path | None = None, with_parent: bool = False) -> None:
    """Serve until told to stop; once listening, one line on stdout names the address."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # so: no delay
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(2048)
    name = f"[{host}]" if ":" in host else host
    line = f"sandbox ready http://{name}:{listener.getsockname()[1]}"
    config = uvicorn.Config(
        make_app(data, lambda: datetime.now(UTC)), lifespan="off", log_level="warning", access_log=False, timeout_graceful_shutdown=2
    )
    server = _Server(config, lambda: print(line, flush=True))

    async def serve() -> None:
        if with_parent:
            _watch_stdin(lambda: setattr(server, "should_exit", True))
        await server.serve(sockets=[listener])

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve())


def _watch_stdin(ended: Callable[[], None]) -> None:
    """Call `ended` when standard input reaches its end, which it does when the parent is gone."""

    def read() -> None:
        while os.read(0, 4096):
            pass
        ended()

    threading.Thread(target=read, daemon=True).start()  # os.read holds no lock of Python's, so leaving is never blocked by it
