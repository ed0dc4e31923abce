"""Sending the answer to a request: whole, or as the last event of a stream that began with what was told before."""

import asyncio

from toolway.serve.wire import Response, Send

KEEP_ALIVE_SECONDS = 5.0
_STREAM = ((b"cache-control", b"no-store"), (b"x-accel-buffering", b"no"))


class Responder:
    """Answers one request, once. `message_id` is the id of the JSON-RPC message in it, once that was read."""

    __slots__ = ("_events", "_request_id", "_send", "_writer", "message_id")

    def __init__(self, send: Send, request_id: str) -> None:
        self.message_id: str | int | None = None
        self._send = send
        self._request_id = request_id
        self._events: asyncio.Queue[bytes | None] | None = None
        self._writer: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Begin a stream of events, if none has begun."""
        if self._writer is None:
            self._events = asyncio.Queue()
            self._writer = asyncio.create_task(self._write(self._events))

    def event(self, data: bytes) -> None:
        """Tell something on the way to the answer: one JSON text, which holds no line break."""
        self.begin()
        assert self._events is not None
        self._events.put_nowait(data)

    async def respond(self, response: Response) -> None:
        """Send the answer."""
        if self._writer is None or self._events is None:
            headers = [(b"content-length", str(len(response.body)).encode()), *self._named(), *response.headers]
            if response.body:
                headers.insert(0, (b"content-type", response.kind))
            await self._send({"type": "http.response.start", "status": response.status, "headers": headers})
            await self._send({"type": "http.response.body", "body": response.body})
            return
        self._events.put_nowait(response.body)
        self._events.put_nowait(None)
        await self._writer

    def abandon(self) -> None:
        """Send nothing more."""
        if self._writer is not None:
            self._writer.cancel()

    def _named(self) -> tuple[tuple[bytes, bytes], ...]:
        return (b"x-request-id", self._request_id.encode()), (b"x-content-type-options", b"nosniff")

    async def _write(self, events: asyncio.Queue[bytes | None]) -> None:
        headers = [(b"content-type", b"text/event-stream"), *_STREAM, *self._named()]
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})
        while True:
            try:
                async with asyncio.timeout(KEEP_ALIVE_SECONDS):
                    data = await events.get()
            except TimeoutError:
                await self._send({"type": "http.response.body", "body": b": still at work\n\n", "more_body": True})
                continue
            if data is None:
                await self._send({"type": "http.response.body", "body": b""})
                return
            await self._send({"type": "http.response.body", "body": b"event: message\ndata: " + data + b"\n\n", "more_body": True})
