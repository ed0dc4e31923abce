"""Several server processes on one database: what one of them does the others see within a second, and the vault's keys change under all."""

import asyncio
import json
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, ProxyHandler, Request, build_opener

import pytest

from tests.databases import outside
from tests.processes import KEY, House, Served, until
from tests.serve.browsing import fields

SESSION = "/api/v3.1/tool_router/session"
SEEN_SECONDS = 1.0 + 1.5
"""What is promised, and what a busy machine may add."""


def session(served: Served, user: str, *toolkits: str) -> str:
    body = {"user_id": user, "toolkits": {"enable": toolkits}, "manage_connections": {"enable": True, "enable_wait_for_connections": True}}
    status, made = served.ask("POST", SESSION, KEY, body)
    assert status == 201, made
    return f"/tool_router/{made['session_id']}/mcp"


def call(served: Served, path: str, name: str, **arguments: Any) -> Any:
    message: Any = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name, "arguments": arguments}}
    status, answer = served.ask("POST", path, KEY, message, wait=40)
    assert status == 200, answer
    return json.loads(answer["result"]["content"][0]["text"])


@pytest.fixture
def houses(tmp_path: Path, url: str, sandbox: str) -> list[House]:
    """Two servers' worth of environment, on one data folder and one database."""
    made: list[House] = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        made.append(House(tmp_path / name, url, TOOLWAY_DATA=str(tmp_path / "data"), TOOLWAY_SANDBOX=sandbox))
    return made


@pytest.fixture
def two(houses: list[House]) -> Generator[list[Served]]:
    with ExitStack() as stack:
        yield [stack.enter_context(house.serving(workers)) for house, workers in zip(houses, (2, 1), strict=True)]


def test_who_waits_at_one_server_sees_within_a_second_what_was_connected_past_it(houses: list[House], two: list[Served], url: str) -> None:
    one, other = two
    path = session(one, "alice", "clockify", "desktime")
    call(one, path, "COMPOSIO_MANAGE_CONNECTIONS", toolkits=["clockify", "desktime"])
    with ThreadPoolExecutor() as pool:
        for toolkit in ("clockify", "desktime"):
            seen = [pool.submit(waited, served, path, toolkit) for served in (one, other)]
            seen += [pool.submit(polled, served, path, toolkit) for served in (one, other)]
            kept = pool.submit(asyncio.run, committed(url, toolkit))
            houses[1].say("connect", toolkit, "--user", "alice", "--api-key", f"sandbox-{toolkit}-key")
            assert max(told.result() for told in seen) - kept.result() < SEEN_SECONDS


def test_who_polls_an_account_at_one_server_sees_within_a_second_what_was_done_at_the_other(two: list[Served]) -> None:
    """A link that is answered, a new name, switching off, deleting: by its id alone, in every worker."""
    one, other = two
    made = call(one, session(one, "alice", "desktime"), "COMPOSIO_MANAGE_CONNECTIONS", toolkits=["desktime"])
    begun = made["data"]["results"]["desktime"]
    place = f"/api/v3.1/connected_accounts/{begun['connected_account_id']}"
    assert one.ask("GET", place)[1]["status"] == other.ask("GET", place)[1]["status"] == "INITIATED"
    changes: list[tuple[str, str, Any, Callable[[int, Any], bool]]] = [
        ("PATCH", "", {"alias": "work"}, lambda status, shown: shown["alias"] == "work"),
        ("PATCH", "/status", {"enabled": False}, lambda status, shown: shown["status"] == "INACTIVE"),
        ("PATCH", "/status", {"enabled": True}, lambda status, shown: shown["status"] == "ACTIVE"),
        ("POST", "/revoke", None, lambda status, shown: shown["status"] == "REVOKED"),
        ("DELETE", "", None, lambda status, shown: status == 404),
    ]
    with ThreadPoolExecutor() as pool:
        waits = [pool.submit(told, served, place, lambda status, shown: shown["status"] == "ACTIVE") for served in (*two, one)]
        fill_in(begun["redirect_url"], "sandbox-desktime-key")
        done = time.monotonic()
        assert max(one.result() for one in waits) - done < SEEN_SECONDS
        for index, (method, rest, content, seen) in enumerate(changes):
            here = two[index % 2]
            waits = [pool.submit(told, served, place, seen) for served in (*two, one)]
            status, answer = here.ask(method, place + rest, KEY, content)
            done = time.monotonic()
            assert status == 200, answer
            assert max(one.result() for one in waits) - done < SEEN_SECONDS, (method, rest)


def fill_in(link: str, key: str) -> None:
    """What a person does with a connect link, in a browser."""
    browser = build_opener(ProxyHandler({}), HTTPCookieProcessor())
    with browser.open(link, timeout=20) as page:
        form = fields(page.read().decode())
    form[next(name for name in form if name.startswith("secret."))] = key
    with browser.open(Request(link, urlencode(form).encode(), {"origin": "null"}), timeout=20) as page:
        assert page.status == 200


def told(served: Served, place: str, seen: Callable[[int, Any], bool]) -> float:
    """When an account was first shown so."""
    until(lambda: seen(*served.ask("GET", place)))
    return time.monotonic()


async def committed(url: str, toolkit: str) -> float:
    """When the account was in the database."""
    while not await outside(url, f"SELECT id FROM accounts WHERE status = 'ACTIVE' AND toolkit = '{toolkit}'"):
        await asyncio.sleep(0.02)
    return time.monotonic()


def waited(served: Served, path: str, toolkit: str) -> float:
    """When COMPOSIO_WAIT_FOR_CONNECTIONS said that it is connected."""
    assert call(served, path, "COMPOSIO_WAIT_FOR_CONNECTIONS", toolkits=[toolkit])["data"]["results"][toolkit]["status"] == "ACTIVE"
    return time.monotonic()


def polled(served: Served, path: str, toolkit: str) -> float:
    """The same for who asks again and again."""
    wish = {"clockify": "list the tags in Clockify", "desktime": "list the projects in DeskTime"}[toolkit]
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = call(served, path, "COMPOSIO_SEARCH_TOOLS", queries=[wish])["data"]["toolkit_connection_statuses"]
        if any(one["toolkit"] == toolkit and one["has_active_connection"] for one in found):
            return time.monotonic()
        time.sleep(0.1)
    raise AssertionError(f"{toolkit} was not shown as connected within a minute")


def test_keys_change_under_workers_and_servers_and_killed_changes_are_finished(houses: list[House], two: list[Served]) -> None:
    done, stop = Counter[str](), threading.Event()
    house = houses[0]
    house.say("connect", "clockify", "--user", "alice", "--api-key", "sandbox-clockify-key")

    def over_and_over(served: Served, path: str) -> None:
        while not stop.is_set():
            tools: Any = [{"tool_slug": "CLOCKIFY_GET_ALL_MY_WORKSPACES", "arguments": {}}]
            response = call(served, path, "COMPOSIO_MULTI_EXECUTE_TOOL", tools=tools)["data"]["results"][0]["response"]
            done["well" if response["successful"] else str(response["error"])] += 1

    dice = random.Random(41)
    with ThreadPoolExecutor() as pool:
        calls = [pool.submit(over_and_over, served, session(served, "alice", "clockify")) for served in two for _ in range(2)]
        try:
            for _ in range(4):
                cut = subprocess.Popen([sys.executable, "-m", "toolway", "vault", "rotate"], env=house.environment, stdout=subprocess.PIPE)
                assert cut.stdout is not None
                for _ in range(dice.randint(1, 4)):  # it is killed somewhere behind this line
                    cut.stdout.readline()
                cut.kill()
                cut.communicate()
                assert "Everything is sealed under" in house.say("vault", "rotate")
                before = done["well"]
                until(served_more(done, before + 8))
        finally:
            stop.set()
        for one in calls:
            one.result()
    assert set(done) == {"well"}, done
    assert len(json.loads((Path(house.environment["TOOLWAY_DATA"]) / "vault.key").read_text("utf-8"))["keys"]) == 1
    house.say("connect", "clockify", "--user", "bob", "--api-key", "sandbox-clockify-key")
    assert "Nothing is wrong." in house.say("doctor")


def served_more(done: Counter[str], number: int) -> Callable[[], bool]:
    return lambda: done["well"] >= number
