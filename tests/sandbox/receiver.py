"""A program that webhooks are delivered to: a server on a loopback socket that keeps what came."""

import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, NamedTuple

import msgspec


class Came(NamedTuple):
    """One delivery."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def event(self) -> str:
        return self.headers["clockify-webhook-event-type"]


class Receiver:
    """Answers with the next of `answers`, and with 200 once they are used up; `held` lets every answer wait until it is set free."""

    def __init__(self, *answers: int, held: bool = False) -> None:
        self.came: list[Came] = []
        self.free = threading.Event()
        if not held:
            self.free.set()
        left = list(answers)
        came, free = self.came, self.free

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                came.append(Came(self.path, {name.lower(): value for name, value in self.headers.items()}, msgspec.json.decode(body)))
                free.wait(30)
                self.send_response(left.pop(0) if left else 200)
                self.send_header("content-length", "4")
                self.end_headers()
                self.wfile.write(b"seen")

            def log_message(self, format: str, *args: Any) -> None:
                """It is quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self.port: int = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/hook"

    def __enter__(self) -> "Receiver":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.free.set()
        self._server.shutdown()
        self._thread.join(10)
        self._server.server_close()


def until(true: Callable[[], object], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "not in time"
        time.sleep(0.01)
