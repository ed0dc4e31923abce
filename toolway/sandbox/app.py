"""The door of the sandbox: one ASGI app over both vendors and a control path of its own."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from toolway.sandbox import clockify, desktime
from toolway.sandbox.faults import Fault, Faults
from toolway.sandbox.limits import Limits
from toolway.sandbox.mix import Lot, Mix
from toolway.sandbox.postman import Postman
from toolway.sandbox.seed import make_world
from toolway.sandbox.wire import Call, Reply, Unreadable, parse_query
from toolway.sandbox.world import World, load, save

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
App = Callable[[Scope, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]]

CUT = "toolway.cut"
"""The server's extension that ends a connection: the name it has in a scope, and in it the name of what to call."""
_CHUNK = 65536
_REMEMBERED = 10_000
_VENDORS = (("/clockify/", clockify.answer, clockify.failure), ("/desktime/", desktime.answer, desktime.failure))


class Seen(NamedTuple):
    """One request, the fault that it was given by lot, and the status of the vendor's true answer: 0 where it was not obeyed."""

    method: str
    path: str
    fault: str
    status: int


class _Sandbox:
    """One world, and the vendors who answer from it."""

    def __init__(self, data: Path | None, now: Callable[[], datetime], mix: Mix | None) -> None:
        self._data = data
        self._now = now
        self._mix = mix
        self._seen: deque[Seen] = deque(maxlen=_REMEMBERED)
        self._faults = Faults()
        self._limits = Limits()
        kept = load(data) if data else None
        self._world: World = kept or make_world(now())
        if data:
            save(self._world, data)  # what cannot be kept is told at once
        self._postman = Postman(lambda: self._world, self._keep, now)

    async def __call__(self, scope: Scope, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]) -> None:
        if scope["type"] == "http":
            await self._serve(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)

    async def _live(self, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]) -> None:
        """From start to end: what an earlier sandbox could not deliver is delivered first."""
        await receive()
        self._postman.go()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._postman.drop()
        await send({"type": "lifespan.shutdown.complete"})

    def _keep(self) -> None:
        """Write the state down, if there is a file for it."""
        if self._data:
            save(self._world, self._data)

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
        if call.path.startswith("/_sandbox/"):
            await _send(send, self._control(call))
            return
        lot = self._draw(call)
        obeyed = not lot.fault or lot.fault.after or lot.fault.only_slow
        reply = self._answer(call) if obeyed else Reply()
        self._seen.append(Seen(call.method, call.path, lot.name, reply.status if obeyed else 0))
        if lot.fault is not None:
            await asyncio.sleep(lot.fault.delay_seconds)
        if lot.fault is None or lot.fault.only_slow:
            await _send(send, reply)
        elif lot.fault.cut:
            await _cut(scope, receive)
        else:
            await _fail(send, lot.fault)

    def _draw(self, call: Call) -> Lot:
        """What is to go wrong: what waits for such a request, or what the lot says."""
        waiting = self._faults.take(call.method, call.path)
        if waiting is not None or self._mix is None:
            return Lot("", waiting)
        lot = self._mix.draw()
        if lot.fault is not None and lot.fault.status is not None:
            lot.fault.body = next((failure(lot.fault.status) for base, _, failure in _VENDORS if call.path.startswith(base)), None)
        return lot

    def _answer(self, call: Call) -> Reply:
        """What the one who is asked says; the state is kept whenever it may have changed."""
        for base, vendor, _ in _VENDORS:
            if call.path.startswith(base):
                reply, wrote = vendor(call)
                if wrote:
                    self._keep()
                    self._postman.go()
                return reply
        return Reply({"message": "the sandbox has /clockify/api/v1, /clockify/reports/v1 and /desktime/api/v2/json"}, 404)

    def _control(self, call: Call) -> Reply:
        """POST reset starts over; POST fault makes the next requests go wrong; GET requests tells the last ones."""
        if (call.method, call.path) == ("POST", "/_sandbox/reset"):
            self._world = make_world(self._now())
            self._faults = Faults()
            self._limits = Limits()
            self._mix = self._mix and self._mix.again()
            self._seen.clear()
            self._postman.drop()
            self._keep()
            return Reply(status=204)
        if (call.method, call.path) == ("POST", "/_sandbox/fault"):
            try:
                self._faults.add(call.read(Fault))
            except Unreadable as error:
                return Reply({"message": str(error)}, 400)
            return Reply(status=204)
        if (call.method, call.path) == ("GET", "/_sandbox/requests"):
            return Reply([one._asdict() for one in self._seen])
        return Reply({"message": "POST /_sandbox/reset, POST /_sandbox/fault or GET /_sandbox/requests"}, 404)


def make_app(data: Path | None, now: Callable[[], datetime], mix: Mix | None = None) -> App:
    """The sandbox as an ASGI app; `data` keeps its state, `now` tells it the time, `mix` lets a share of the requests go wrong."""
    return _Sandbox(data, now, mix)


async def _send(send: Callable[[Message], Awaitable[None]], reply: Reply) -> None:
    """Put a reply on the wire."""
    payload = reply.payload()
    headers = {"content-type": "application/json", **reply.headers} if payload else dict(reply.headers)
    if reply.status != 204:
        headers["content-length"] = str(len(payload))
    await send(_start(reply.status, headers))
    await send({"type": "http.response.body", "body": payload})


async def _cut(scope: Scope, receive: Callable[[], Awaitable[Message]]) -> None:
    """End the connection, and wait until it is seen to be gone."""
    scope["extensions"][CUT]["now"]()
    while (await receive())["type"] != "http.disconnect":
        pass


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
