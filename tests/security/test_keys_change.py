"""41: the vault's keys change while servers run and calls go on; nobody notices, and the old key can be destroyed."""

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.serve.conftest import Router, running
from toolway.accounts.ring import KEY_FILE
from toolway.accounts.vault import Vault
from toolway.store.sealed import key_of

Two = tuple[Router, Router]
CLOCKIFY = "CLOCKIFY_GET_CURRENTLY_LOGGED_IN_USER_INFO"


@pytest.fixture
async def two(tmp_path: Path, sandbox: str, url: str) -> AsyncGenerator[Two]:
    data = tmp_path / "data"
    settings = {"sandbox": sandbox, "database": url, "links_as_errors": "on"}
    async with running(data, **settings) as one, running(data, **settings) as other:
        yield one, other


async def toolway(router: Router, *words: str) -> str:
    """What a command says, in a process of its own beside the servers."""
    settings = router.local.settings
    own = {name: value for name, value in os.environ.items() if not name.startswith("TOOLWAY_")}
    own |= {"TOOLWAY_DATA": str(settings.data), "TOOLWAY_DATABASE": settings.database, "COLUMNS": "160"}
    command = await asyncio.create_subprocess_exec(sys.executable, "-m", "toolway", *words, stdout=-1, stderr=-1, env=own)
    out, err = await command.communicate()
    assert command.returncode == 0, err.decode()
    return out.decode()


async def test_41_keys_change_under_load_without_an_error(two: Two) -> None:
    done, stop = Counter[str](), asyncio.Event()

    async def over_and_over(what: str, act: Callable[[int], Awaitable[bool]]) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            done[what if await act(number) else f"{what}: not well"] += 1

    data = two[0].local.settings.data
    tasks: list[asyncio.Task[None]] = []
    for index, router in enumerate(two):
        await router.connect("clockify", f"u{index}")
        path = await router.session(f"u{index}", "clockify")

        async def call(_: int, router: Router = router, path: str = path) -> bool:
            return (await router.execute(path, CLOCKIFY))["successful"]

        async def connect(number: int, router: Router = router, index: int = index) -> bool:
            """An account is connected by one server, and called with through the other."""
            user, other = f"new-{index}-{number}", two[1 - index]
            await router.connect("clockify", user)
            return (await other.execute(await other.session(user, "clockify"), CLOCKIFY))["successful"]

        tasks += [asyncio.create_task(over_and_over("call", call)) for _ in range(2)]
        tasks.append(asyncio.create_task(over_and_over("connect", connect)))
    old = (data / KEY_FILE).read_text("utf-8")
    try:
        for _ in range(2):
            before = done.copy()
            said = await toolway(two[0], "vault", "rotate")
            assert "is gone from" in said
            while any(done[what] < before[what] + 2 for what in ("call", "connect")):
                await asyncio.sleep(0.05)
    finally:
        stop.set()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    assert results == [None] * len(tasks)
    assert set(done) == {"call", "connect"}, done

    ring = json.loads((data / KEY_FILE).read_text("utf-8"))
    assert len(ring["keys"]) == 1 and not set(ring["keys"]) & set(json.loads(old)["keys"])
    vault = Vault.open(data, None)
    project = await two[0].local.project()
    accounts = await two[0].local.store.accounts.list(project.id)
    assert len(accounts) >= done["connect"] + 2 and all(key_of(account.sealed) == vault.ring[0] for account in accounts)
    assert f"accounts {len(accounts)}" in await toolway(two[1], "vault", "status")


async def test_41_what_clients_hold_for_us_opens_after_the_change(two: Two) -> None:
    """A session id of MCP was given out sealed before it."""
    path = await two[0].session("alice", "clockify")
    begin: Any = {
        "protocolVersion": "2025-11-25",
        "capabilities": {"elicitation": {"url": {}}},
        "clientInfo": {"name": "t", "version": "1"},
    }
    message = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": begin}).encode()
    headers = [("x-api-key", two[0].key), ("content-type", "application/json"), ("accept", "application/json, text/event-stream")]
    reply = await two[0].ask("POST", path, message, headers)
    given = reply.headers["mcp-session-id"]
    await toolway(two[0], "vault", "rotate")
    ping = json.dumps({"jsonrpc": "2.0", "id": 2, "method": "ping"}).encode()
    for router in two:
        headers[0] = ("x-api-key", router.key)
        assert (await router.ask("POST", path, ping, [*headers, ("mcp-session-id", given)])).status == 200
        strange = await router.ask("POST", path, ping, [*headers, ("mcp-session-id", given[:-1] + "A")])
        assert strange.status == 404
