"""The door of the sandbox: one ASGI app over both vendors and a control path of its own."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import datetime
from pathlib import Path
from typing import Any

from toolway.sandbox import clockify, desktime
from toolway.sandbox.faults import Fault, Faults
from toolway.sandbox.limits import Limits
from toolway.sandbox.seed import make_world
from toolway.sandbox.wire import Call, Reply, Unreadable, parse_query
from toolway.sandbox.world import World, load, save

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
App = Callable[[Scope, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]]

_CHUNK = 65536


class _Sandbox:
    """One world, and the vendors who answer from it."""

    def __init__(self, data: Path | None, now: Callable[[], datetime]) -> None:
        self._data = data
        self._now = now
        self._faults = Faults()
        self._limits = Limits()
        kept = load(data) if data else None
        self._world: World = kept or make_world(now())

    async def __call__(self, scope: Scope, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]) -> None:
        if scope["type"] == "http":
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]) -> None:
        """Read one request whole, and answer it or let it go wrong."""
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        call = Call(
            world=self._world,
            now=self._now(),
            method=scope["method"],
            path=scope["path"],
            query=parse_query(scope["query_string"]),
            headers={name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]},
            body=body,
            limits=self._limits,
        )
        fault = None if call.path.startswith("/_sandbox/") else self._faults.take(call.method, call.path)
        reply = self._answer(call) if fault is None or fault.after or fault.only_slow else Reply()
        if fault is not None:
            await asyncio.sleep(fault.delay_seconds)
        await (_send(send, reply) if fault is None or fault.only_slow else _fail(send, fault))

    def _answer(self, call: Call) -> Reply:
        """What the one who is asked says; the state is kept whenever it may have changed."""
        if call.path.startswith("/_sandbox/"):
            return self._control(call)
        for base, vendor in (("/clockify/", clockify.answer), ("/desktime/", desktime.answer)):
            if call.path.startswith(base):
                reply, wrote = vendor(call)
                if wrote and self._data:
                    save(self._world, self._data)
                return reply
        return Reply({"message": "the sandbox has /clockify/api/v1, /clockify/reports/v1 and /desktime/api/v2/json"}, 404)

    def _control(self, call: Call) -> Reply:
        """POST /_sandbox/reset starts over; POST /_sandbox/fault makes the next requests go wrong."""
        if (call.method, call.path) == ("POST", "/_sandbox/reset"):
            self._world = make_world(self._now())
            self._faults = Faults()
            self._limits = Limits()
            if self._data:
                save(self._world, self._data)
            return Reply(status=204)
        if (call.method, call.path) == ("POST", "/_sandbox/fault"):
            try:
                self._faults.add(call.read(Fault))
            except Unreadable as error:
                return Reply({"message": str(error)}, 400)
            return Reply(status=204)
        return Reply({"message": "POST /_sandbox/reset or POST /_sandbox/fault"}, 404)


def make_app(data: Path | None, now: Callable[[], datetime]) -> App:
    """The sandbox as an ASGI app; `data` keeps its state, `now` tells it the time."""
    return _Sandbox(data, now)


async def _send(send: Callable[[Message], Awaitable[None]], reply: Reply) -> None:
    """Put a reply on the wire."""
    payload = reply.payload()
    headers = {"content-type": "application/json", **reply.headers} if payload else dict(reply.headers)
    if reply.status != 204:
        headers["content-length"] = str(len(payload))
    await send(_start(reply.status, headers))
    await send({"type": "http.response.body", "body": payload})


async def _fail(send: Callable[[Message], Awaitable[None]], fault: Fault) -> None:
    """Put a fault on the wire; a huge one goes out in pieces and names no length."""
    if fault.huge:
        await send(_start(fault.status or 200, {"content-type": "application/json", **fault.headers}))
        for _ in range(0, fault.huge, _CHUNK):
            await send({"type": "http.response.body", "body": b" " * _CHUNK, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    else:
        body = b"<html>not what you asked for" if fault.garbage else fault.body
        await _send(send, Reply(body, fault.status or 200, fault.headers))


def _start(status: int, headers: dict[str, str]) -> Message:
    """The opening of a response."""
    return {
        "type": "http.response.start",
        "status": status,
        "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()],
    }
