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
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from toolway.errors import BadSetting
from toolway.sandbox import lines
from toolway.sandbox.app import CUT, App, make_app
from toolway.sandbox.mix import Mix


class Cuttable(HttpToolsProtocol):
    """uvicorn's protocol, with a way for the app to end the connection without an answer."""

    def on_message_begin(self) -> None:
        """A request."""
        super().on_message_begin()
        self.scope["extensions"] = {CUT: {"now": self.transport.abort}}


class _Server(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()


def config(app: App) -> uvicorn.Config:
    """How the sandbox is served; its log is left to the process."""
    return uvicorn.Config(
        app, http=Cuttable, lifespan="on", log_config=None, log_level="warning", access_log=False, timeout_graceful_shutdown=2, ws="none"
    )


def run(host: str = "127.0.0.1", port: int = 9901, data: Path | None = None, with_parent: bool = False, mix: Mix | None = None) -> None:
    """Serve until told to stop; once listening, one line on stdout names the address.

    Raises `BadSetting` when the address cannot be listened on, or the file of the state not be read or written.
    """
    lines.begin()
    app = make_app(data, lambda: datetime.now(UTC), mix)
    listener = _listen(host, port)
    name = f"[{host}]" if ":" in host else host
    line = f"sandbox ready http://{name}:{listener.getsockname()[1]}"
    server = _Server(config(app), lambda: print(line, flush=True))

    async def serve() -> None:
        if with_parent:
            _watch_stdin(lambda: setattr(server, "should_exit", True))
        await server.serve(sockets=[listener])

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve())


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # so: no delay
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(2048)
    except (OSError, OverflowError, ValueError) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or error
        raise BadSetting(f"{host}:{port} cannot be listened on: {why}.", fix="Choose another with --port.") from None
    return listener


def _watch_stdin(ended: Callable[[], None]) -> None:
    """Call `ended` when standard input reaches its end, which it does when the parent is gone."""

    def read() -> None:
        while os.read(0, 4096):
            pass
        ended()

    threading.Thread(target=read, daemon=True).start()  # os.read holds no lock of Python's, so leaving is never blocked by it
