"""Answers that take long: streams of events, progress, and the time by which everything is answered."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.serve.conftest import Router, running
from toolway.accounts.sealing import Sealing
from toolway.catalog.model import Json
from toolway.errors import Unavailable
from toolway.router.asking import Answer, Asking
from toolway.serve.app import App
from toolway.serve.local import Local
from toolway.serve.mcp import McpDoor
from toolway.serve.questions import Questions
from toolway.serve.responder import KEEP_ALIVE_SECONDS
from toolway.store.records import Session

BOTH = "application/json, text/event-stream"
LONG = "t" * 257
Work = Callable[[Asking], Awaitable[Answer]]


class OneTool:
    """A desk with one tool, which does what the test wants."""

    def __init__(self) -> None:
        self.work: Work | None = None

    async def withheld(self, session: Session) -> frozenset[str]:
        return frozenset()

    def list_tools(self, session: Session, withheld: frozenset[str]) -> list[Json]:
        return []

    async def call(self, session: Session, asking: Asking, name: str, arguments: Json) -> Answer:
        assert self.work is not None
        return await self.work(asking)


DESK = OneTool()


@pytest.fixture
async def path(tmp_path: Path) -> AsyncGenerator[tuple[Router, str]]:
    """A router whose endpoint begins a stream after 0.2 s and gives up after 3 s."""

    def door(local: Local) -> McpDoor:
        return McpDoor(DESK, Questions(Sealing(local.vault)), local.watch, stream_after=0.2, most_seconds=3.0)

    async with running(tmp_path, None, door) as router:
        yield router, await router.session()


async def ask(where: tuple[Router, str], work: Work, accept: str = BOTH, **meta: Any) -> tuple[int, str, str]:
    """Call the tool; gives status, content type and body."""
    DESK.work = work
    router, path = where
    params: Json = {"name": "WORK"} | ({"_meta": meta} if meta else {})
    body = json.dumps({"jsonrpc": "2.0", "id": 5, "method": "tools/call", "params": params}).encode()
    reply = await router.ask("POST", path, body, [("x-api-key", router.key), ("accept", accept)])
    if reply.headers["content-type"] == "text/event-stream":
        assert (reply.headers["x-accel-buffering"], reply.headers["cache-control"]) == ("no", "no-store")
        assert reply.headers["x-request-id"]
    return reply.status, reply.headers["content-type"], reply.text


def events(body: str) -> list[Any]:
    """The messages of a stream."""
    return [json.loads(line.removeprefix("data: ")) for line in body.splitlines() if line.startswith("data: ")]


async def at_once(asking: Asking) -> Answer:
    return Answer({"done": True})


async def slow(asking: Asking) -> Answer:
    await asyncio.sleep(0.4)
    return Answer({"done": "line\nbreak"})


async def stepwise(asking: Asking) -> Answer:
    for step in (1, 2, 2, 1, 3):
        asking.tell(step, 3, f"step {step}")
    return Answer({"done": True})


async def endless(asking: Asking) -> Answer:
    await asyncio.Event().wait()
    raise AssertionError


async def broken(asking: Asking) -> Answer:
    await asyncio.sleep(0.4)
    raise RuntimeError("secret")


async def no_database(asking: Asking) -> Answer:
    await asyncio.sleep(0.4)
    raise Unavailable("The database does not answer.")


async def test_a_quick_answer_is_json(path: tuple[Router, str]) -> None:
    status, kind, body = await ask(path, at_once)
    assert (status, kind) == (200, "application/json")
    assert json.loads(body)["result"]["content"] == [{"type": "text", "text": '{"done":true}'}]


async def test_a_slow_answer_is_a_stream(path: tuple[Router, str]) -> None:
    status, kind, body = await ask(path, slow)
    assert (status, kind) == (200, "text/event-stream")
    (answer,) = events(body)
    assert (answer["id"], json.loads(answer["result"]["content"][0]["text"])) == (5, {"done": "line\nbreak"})


@pytest.mark.parametrize("accept", ["application/json", "*/*"])
async def test_a_client_that_reads_no_events_gets_json(path: tuple[Router, str], accept: str) -> None:
    status, kind, body = await ask(path, slow, accept, progressToken="x")
    assert (status, kind, json.loads(body)["id"]) == (200, "application/json", 5)


@pytest.mark.parametrize("token", ["t", 7, 0])
async def test_progress_is_told_to_who_asks_and_only_grows(path: tuple[Router, str], token: str | int) -> None:
    _, kind, body = await ask(path, stepwise, progressToken=token)
    assert kind == "text/event-stream"
    *told, answer = events(body)
    assert [one["method"] for one in told] == ["notifications/progress"] * 3
    assert [one["params"] for one in told] == [
        {"progressToken": token, "progress": n, "total": 3, "message": f"step {n}"} for n in (1, 2, 3)
    ]
    assert answer["id"] == 5


@pytest.mark.parametrize(
    "meta", [{}, {"progressToken": None}, {"progressToken": True}, {"progressToken": {}}, {"progressToken": LONG}, {"other": 1}]
)
async def test_progress_is_not_told_to_others(path: tuple[Router, str], meta: Json) -> None:
    _, kind, body = await ask(path, stepwise, **meta)
    assert (kind, json.loads(body)["id"]) == ("application/json", 5)


async def test_what_is_told_is_short(path: tuple[Router, str]) -> None:
    """It may be made of what the client sent, and a client that does not read has it kept for it."""

    async def work(asking: Asking) -> Answer:
        asking.tell(1, 2, "x" * 1_000_000)
        return Answer({})

    _, _, body = await ask(path, work, progressToken=1)
    assert len(body) < 1000


@pytest.mark.parametrize("accept", [BOTH, "application/json"])
async def test_everything_is_answered_in_time(path: tuple[Router, str], accept: str) -> None:
    status, _, body = await ask(path, endless, accept)
    answer = events(body)[0] if accept is BOTH else json.loads(body)
    assert (status, answer["id"], answer["result"]["isError"]) == (200, 5, True)
    assert "took longer than 3 seconds" in answer["result"]["content"][0]["text"]


@pytest.mark.parametrize("work", [broken, no_database])
async def test_what_fails_in_a_stream_is_told_there(path: tuple[Router, str], work: Work) -> None:
    status, kind, body = await ask(path, work)
    (answer,) = events(body)
    assert (status, kind, answer["id"]) == (200, "text/event-stream", 5)
    assert answer["error"]["code"] in (-32603, -32001)
    assert "secret" not in body


async def test_a_server_that_ends_says_so_in_the_stream(path: tuple[Router, str]) -> None:
    """To the message that waits for its answer: an error for no message in particular would leave the client waiting."""
    router, where = path
    DESK.work = endless
    sent: asyncio.Queue[Any] = asyncio.Queue()
    body = json.dumps({"jsonrpc": "2.0", "id": 5, "method": "tools/call", "params": {"name": "WORK"}}).encode()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body}

    headers = [(b"host", b"localhost"), (b"x-api-key", router.key.encode()), (b"accept", BOTH.encode())]
    scope = {"type": "http", "method": "POST", "path": where, "query_string": b"", "headers": headers}
    door = McpDoor(DESK, Questions(Sealing(router.local.vault)), router.local.watch, stream_after=0.1)
    task = asyncio.create_task(App(router.local, door)(scope, receive, sent.put))
    async with asyncio.timeout(10):
        assert (await sent.get())["status"] == 200
        task.cancel()
        (answer,) = events((await sent.get())["body"].decode())
        await task
    assert (answer["id"], answer["error"]["code"]) == (5, -32001)
    assert "interrupted" in answer["error"]["message"]


async def test_a_sign_of_life(path: tuple[Router, str]) -> None:
    """A stream on which nothing is told yet says so, so that nobody between takes it for dead."""
    router, _ = path

    async def work(asking: Asking) -> Answer:
        await asyncio.sleep(KEEP_ALIVE_SECONDS + 0.5)
        return Answer({})

    def door(local: Local) -> McpDoor:
        return McpDoor(DESK, Questions(Sealing(local.vault)), local.watch, stream_after=0.1)

    async with running(router.local.settings.data, None, door) as other:
        _, _, body = await ask((other, await other.session()), work)
    assert body.startswith(": ")
    assert len(events(body)) == 1


async def test_a_server_that_ends_tells_in_the_stream_which_call_it_was(path: tuple[Router, str]) -> None:
    DESK.work = endless
    router, where = path
    body = json.dumps({"jsonrpc": "2.0", "id": 5, "method": "tools/call", "params": {"name": "WORK"}}).encode()
    sent: asyncio.Queue[Any] = asyncio.Queue()

    async def receive() -> Any:
        return {"type": "http.request", "body": body}

    headers = [(b"host", b"localhost"), (b"x-api-key", router.key.encode()), (b"accept", BOTH.encode())]
    scope = {"type": "http", "method": "POST", "path": where, "query_string": b"", "headers": headers}
    app = App(router.local, McpDoor(DESK, Questions(Sealing(router.local.vault)), router.local.watch, stream_after=0.05))
    task = asyncio.create_task(app(scope, receive, sent.put))
    assert (await sent.get())["status"] == 200
    task.cancel()
    await task
    (answer,) = events((await sent.get())["body"].decode())
    assert (answer["id"], answer["error"]["code"]) == (5, -32001)
    assert "interrupted" in answer["error"]["message"]


async def test_a_client_that_leaves_a_stream_ends_the_call(path: tuple[Router, str]) -> None:
    ended = asyncio.Event()

    async def work(asking: Asking) -> Answer:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        raise AssertionError

    DESK.work = work
    router, where = path
    body = {"jsonrpc": "2.0", "id": 5, "method": "tools/call", "params": {"name": "WORK"}}
    async with aiohttp.ClientSession() as client:
        answer = await client.post(router.origin + where, json=body, headers={"x-api-key": router.key, "accept": BOTH})
        assert answer.content_type == "text/event-stream"
        answer.close()
    async with asyncio.timeout(2.5):  # it would be given up after three seconds in any case
        await ended.wait()
