"""A model provider on loopback: the HTTP around a scripted mind, whatever the wire.

Each wire says where it is called, how its key comes, how its requests read, and how its answers and refusals look.
"""

import json
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message as Headers
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import ClassVar, Self, cast

from .mind import Json, Mind, Move, Talk


@dataclass(frozen=True)
class Exchange:
    """One request that came, and the move that answered it."""

    talk: Talk
    move: Move
    body: Json
    at: float = field(default_factory=time.monotonic)


class Refused(Exception):
    """A request that the real service would refuse."""

    def __init__(self, message: str, status: int = 400) -> None:
        self.status = status
        super().__init__(message)


class Provider(ABC):
    """The server; a context manager. `exchanges` is what was asked and answered, `troubles` what went wrong."""

    paths: ClassVar[tuple[str, ...]]

    def __init__(self, mind: Mind) -> None:
        self.mind = mind
        self.exchanges: list[Exchange] = []
        self.troubles: list[str] = []
        self._turn = threading.Lock()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                owner.serve(self)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def origin(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def turns(self, request: str) -> list[Exchange]:
        """The exchanges that served one request of the user."""
        return [e for e in self.exchanges if e.talk.request == request]

    def play(self, talk: Talk, body: Json) -> Move:
        """The mind's move, noted; one at a time."""
        with self._turn:
            move = self.mind.play(talk)
            self.exchanges.append(Exchange(talk, move, body))
        return move

    @abstractmethod
    def knows(self, headers: Headers) -> bool:
        """Whether the caller's key is right."""

    @abstractmethod
    def answer(self, body: Json) -> Json | Iterator[bytes]:
        """The answer to a request: a JSON body, or the pieces of a stream. Raises `Refused`."""

    @abstractmethod
    def refusal(self, message: str) -> Json:
        """The body of a refusal."""

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one POST."""
        try:
            body = cast(Json, json.loads(handler.rfile.read(int(handler.headers.get("content-length") or 0))))
            if handler.path not in self.paths:
                raise Refused(f"Invalid URL (POST {handler.path})", 404)
            if not self.knows(handler.headers):
                raise Refused("Incorrect API key provided", 401)
            answer = self.answer(body)
            if isinstance(answer, dict):
                _plain(handler, 200, answer)
            else:
                _stream(handler, answer)
        except ConnectionError as error:
            self.troubles.append(f"the client went away: {error!r}")
        except Refused as error:
            self.troubles.append(str(error))
            _plain(handler, error.status, self.refusal(str(error)))
        except Exception as error:
            self.troubles.append(f"{type(error).__name__}: {error}")
            _plain(handler, 400, self.refusal(f"the scripted model is lost: {error}"))


def pieces(text: str, size: int = 24) -> list[str]:
    """A text as a stream brings it."""
    return [text[start : start + size] for start in range(0, len(text), size)]


def paired(talk: Talk) -> Talk:
    """The talk, if every call in it was answered once, before anything else was said; else `Refused`."""
    waiting: set[str] = set()
    for message in talk.messages:
        if message.role == "tool":
            if message.answers not in waiting:
                raise Refused(f"a tool's answer to {message.answers!r}, which nobody called")
            waiting.remove(message.answers)
        elif waiting:
            raise Refused(f"calls must be followed by their answers; unanswered: {sorted(waiting)}")
        waiting |= {call.id for call in message.calls}
    if waiting:
        raise Refused(f"unanswered calls: {sorted(waiting)}")
    return talk


def _plain(handler: BaseHTTPRequestHandler, status: int, body: Json) -> None:
    data = json.dumps(body).encode()
    handler.send_response(status)
    handler.send_header("content-type", "application/json")
    handler.send_header("content-length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data)


def _stream(handler: BaseHTTPRequestHandler, parts: Iterator[bytes]) -> None:
    handler.send_response(200)
    handler.send_header("content-type", "text/event-stream; charset=utf-8")
    handler.send_header("connection", "close")
    handler.end_headers()
    for part in parts:
        handler.wfile.write(part)
        handler.wfile.flush()
