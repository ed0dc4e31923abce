"""Clients that go away in the middle of a call, servers that end, and databases that do not answer."""

import asyncio
import json
import sqlite3
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.serve.conftest import Fault, Router
from toolway.errors import Unavailable
from toolway.serve.app import App
from toolway.serve.wire import WhileConnected
from toolway.store.shelves import Store

READY = "/readyz"


async def test_a_client_that_goes_away(router: Router, fault: Fault, capfd: pytest.CaptureFixture[str]) -> None:
    """Its call is cancelled at once, also upstream, and the log says that its outcome is unknown."""
    await router.connect("clockify")
    path = await router.session()
    await router.execute(path, "CLOCKIFY_GET_TAGS")
    await fault("/clockify/api/v1/workspaces/", method="POST", delay_seconds=20)
    item = {"tool_slug": "CLOCKIFY_CREATE_CLIENT", "arguments": {"name": "Gone"}}
    params = {"name": "COMPOSIO_MULTI_EXECUTE_TOOL", "arguments": {"tools": [item]}}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).encode()
    where = urlsplit(router.origin)
    _, writer = await asyncio.open_connection(where.hostname, where.port)
    head = f"POST {path} HTTP/1.1\r\nhost: {where.netloc}\r\nx-api-key: {router.key}\r\ncontent-length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    project = await router.local.project()
    async with asyncio.timeout(5):
        while [entry.state for entry in await router.local.store.log.recent(project.id, 1)] != ["sent"]:
            await asyncio.sleep(0.01)
    writer.close()
    async with asyncio.timeout(1 + 2):  # a second is promised, two more may a busy machine take
        while (entry := (await router.local.store.log.recent(project.id, 1))[0]).state == "sent":
            await asyncio.sleep(0.01)
    assert (entry.tool, entry.state, entry.error) == ("CLOCKIFY_CREATE_CLIENT", "unknown", "interrupted")
    assert b'status="503"' not in router.local.watch.meters.text()  # nobody was answered
    printed = capfd.readouterr()
    assert "Traceback" not in printed.out + printed.err
    assert b'status="503"' not in router.local.watch.meters.text()  # that would tell of a server in trouble


async def test_a_server_that_ends(router: Router, fault: Fault) -> None:
    """uvicorn cancels what takes too long; that is answered, not thrown at it."""
    await router.connect("clockify")
    path = await router.session()
    await router.execute(path, "CLOCKIFY_GET_TAGS")
    await fault("/clockify/api/v1/workspaces/", delay_seconds=20)
    item: Any = {"tool_slug": "CLOCKIFY_GET_TAGS", "arguments": {}}
    params = {"name": "COMPOSIO_MULTI_EXECUTE_TOOL", "arguments": {"tools": [item]}}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).encode()
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": body}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    headers = [(b"host", b"localhost"), (b"x-api-key", router.key.encode())]
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": headers}
    task = asyncio.create_task(App(router.local)(scope, receive, send))
    await asyncio.sleep(0.2)
    task.cancel()
    await task
    assert sent[0]["status"] == 503
    assert b"interrupted" in sent[1]["body"]


async def test_nobody_watches_a_short_call() -> None:
    asked = 0

    async def receive() -> MutableMapping[str, Any]:
        nonlocal asked
        asked += 1
        return {"type": "http.disconnect"}

    with WhileConnected(receive):
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    assert asked == 0
    with pytest.raises(ConnectionResetError), WhileConnected(receive):
        await asyncio.sleep(1)
    assert asked == 1


async def test_an_answer_that_cannot_be_sent(router: Router, capfd: pytest.CaptureFixture[str]) -> None:
    async def send(message: MutableMapping[str, Any]) -> None:
        raise RuntimeError("Invalid HTTP header value.")

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.disconnect"}

    await App(router.local)({"type": "http", "method": "GET", "path": "/healthz", "headers": []}, receive, send)
    printed = capfd.readouterr()
    assert [line for line in (printed.out + printed.err).splitlines() if "fault" in line and "answer" in line]


async def test_ready_or_not(router: Router, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await router.ask("GET", READY)).status == 200
    router.local.store.log.trouble = "OperationalError: disk full"
    reply = await router.ask("GET", READY)
    assert (reply.status, "disk full" in reply.text) == (503, False)
    router.local.store.log.trouble = ""

    async def broken(_: Store) -> int:
        raise Unavailable("The database does not answer.") from sqlite3.OperationalError("x")

    monkeypatch.setattr(Store, "generation", broken)
    assert (await router.ask("GET", READY)).status == 503


async def test_a_database_that_does_not_answer(router: Router, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """503 on both faces, and a line in the log."""
    path = await router.session()

    async def broken(*_: object) -> None:
        raise Unavailable("The database does not answer.", fix="Try again in a moment.")

    monkeypatch.setattr("toolway.router.sessions.Sessions.open", broken)
    status, _ = await router.send("GET", f"/api/v3.1/tool_router/session/{path.split('/')[2]}")
    assert status == 503
    assert (await router.send("POST", path, {"jsonrpc": "2.0", "id": 1, "method": "ping"}))[0] == 503
    monkeypatch.undo()
    monkeypatch.setattr("toolway.router.desk.Desk.call", broken)
    params: Any = {"name": "COMPOSIO_SEARCH_TOOLS", "arguments": {}}
    status, _ = await router.send("POST", path, {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
    assert status == 503
    printed = capfd.readouterr()
    assert [line for line in (printed.out + printed.err).splitlines() if "unavailable" in line].__len__() == 3
