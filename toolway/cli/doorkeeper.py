"""What uvicorn lets strangers do without end, ended: heads that trickle in or do not stop, answers that are not read, and connections
without number.

Its own limits begin when a request's head is complete; until then a connection costs memory and a file for as long as the client
likes, and after it for as long as an answer waits to be read. Loaded when a server starts.
"""

import asyncio
import contextlib
import resource
from functools import cache
from typing import cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 10.0
MOST_HEAD = 64 * 1024
READ_SECONDS = 20.0
_LEAST_READ = 32 * 1024
_LARGE = 16 * 1024
_REFUSAL = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


@cache
def most_connections() -> int:
    """Half of the files that this process may open, after asking for as many as it may ask for; the rest is for its own calls."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # a system may say "no limit" and mean it otherwise
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft = hard
    return soft // 2 if soft > 0 else 1 << 16


class Gathering:
    """A transport that sends what is written in one turn of the loop as one: uvicorn writes an answer's head and body one after the other,
    and each would go to the system, and over the net, by itself.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._waiting: list[bytes] = []
        for name in ("is_closing", "get_extra_info", "get_write_buffer_size", "pause_reading", "resume_reading", "abort"):
            setattr(self, name, getattr(transport, name))

    def write(self, data: bytes) -> None:
        """Send this soon; what is large at once, so that whoever sends more feels that it waits."""
        self._waiting.append(data)
        if len(data) > _LARGE:
            self._flush()
        elif len(self._waiting) == 1:
            self._loop.call_soon(self._flush)

    def close(self) -> None:
        """Send what was written, and hang up."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._waiting:
            self._transport.write(b"".join(self._waiting))
            self._waiting.clear()


class Doorkeeper(HttpToolsProtocol):
    """uvicorn's protocol with a deadline and a size for what is no body, and no more connections than there are files for."""

    _deadline: asyncio.TimerHandle | None = None
    _heading = True  # what comes next belongs to a head
    _taken = 0  # bytes since the last that belonged to a body
    _reading: asyncio.TimerHandle | None = None  # runs while much of an answer waits to be read

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client: it has some seconds for its first head."""
        super().connection_made(cast("asyncio.Transport", Gathering(transport, self.loop)))
        if len(self.connections) > most_connections():
            transport.abort()
        else:
            self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self._arrived()
        self._read()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes of heads and bodies."""
        self._taken += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._taken > MOST_HEAD:
            self._refuse()
        elif self._heading and self._taken:
            self._expect()

    def on_headers_complete(self) -> None:
        """A whole head."""
        # More came than a head may have; what of it was the head is known only now.
        if self._taken > MOST_HEAD and len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers) > MOST_HEAD:
            raise _TooLong
        self._arrived()
        self._heading = False
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Some of a body."""
        self._taken = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """A whole request; a head is next."""
        self._arrived()
        self._heading = True
        self._taken = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """A whole answer."""
        super().on_response_complete()
        if not self._heading:  # answered before its body came: what is left of that must not take forever either
            self._expect()

    def send_400_response(self, msg: str) -> None:
        """What the parser refused."""
        if self._taken > MOST_HEAD:
            self._refuse()
        else:
            super().send_400_response(msg)

    def pause_writing(self) -> None:
        """More waits than is good: the client has to read, and to go on reading."""
        super().pause_writing()
        self._read()
        self._expect_reader(self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        """Most of it was read."""
        self._read()
        super().resume_writing()

    def _expect_reader(self, waiting: int) -> None:
        self._reading = self.loop.call_later(READ_SECONDS, self._look_at_reader, waiting)

    def _look_at_reader(self, before: int) -> None:
        waiting = self.transport.get_write_buffer_size()
        if waiting > before - _LEAST_READ:
            self.transport.abort()
        else:
            self._expect_reader(waiting)

    def _read(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    def _refuse(self) -> None:
        self.transport.write(_REFUSAL)
        self.transport.close()

    def _expect(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(HEAD_SECONDS, self.transport.abort)

    def _arrived(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class _TooLong(Exception):
    """Ends the parsing."""
