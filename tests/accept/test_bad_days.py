"""A service on a bad day: a share of its answers is an error, late, cut off or rubbish. Every call ends in a result that is true.

The sandbox tells which requests came, what it did to each and which it obeyed; its file tells what is in its world.
"""

import contextlib
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import msgspec
import pytest

from tests.serve.conftest import Router, running
from toolway.errors import ToolwayError
from toolway.sandbox.seed import make_world
from toolway.sandbox.world import Tag, World, save

CALLS = 300
FAULTS = "500:0.06,slow:20ms:0.1,cut:0.03,rubbish:0.03"
MANY = 150


class Seen(NamedTuple):
    """A request as the sandbox saw it."""

    method: str
    path: str
    fault: str
    status: int

    @property
    def writes(self) -> bool:
        return self.method != "GET" or self.path.endswith("-project")

    @property
    def obeyed(self) -> bool:
        return 200 <= self.status < 300


class Told(NamedTuple):
    """A call: what was asked for, what the agent was told, and the requests that it took."""

    slug: str
    arguments: dict[str, Any]
    answer: dict[str, Any]
    took: list[Seen]


class Day:
    """A router with accounts at a sandbox that has a bad day."""

    def __init__(self, router: Router, address: str, path: str) -> None:
        self.router = router
        self.path = path
        self._address = address
        self._read = 0

    async def took(self) -> list[Seen]:
        """The requests since the last look."""
        async with aiohttp.ClientSession() as client, client.get(self._address + "/_sandbox/requests") as answer:
            seen = [Seen(**row) for row in await answer.json()]
        new, self._read = seen[self._read :], len(seen)
        return new

    async def call(self, slug: str, arguments: dict[str, Any]) -> Told:
        """One tool, as an agent calls it."""
        item = {"tool_slug": slug, "arguments": arguments}
        params = {"name": "COMPOSIO_MULTI_EXECUTE_TOOL", "arguments": {"tools": [item]}}
        status, answer = await self.router.send("POST", self.path, {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
        assert status == 200, answer
        text: str = answer["result"]["content"][0]["text"]
        assert "Traceback" not in text
        return Told(slug, arguments, msgspec.json.decode(text)["data"]["results"][0]["response"], await self.took())


@pytest.fixture
def unlucky(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a sandbox on a day on which the requests go wrong that the seed says. It has many tags: tag 000, tag 001 and so on."""
    file = tmp_path / "world.json"
    world = make_world(datetime.now(UTC))
    home = next(iter(world.workspaces))
    for number in range(MANY):
        tag = Tag(id=world.new_id(), workspace=home, name=f"tag {number:03}")
        world.tags[tag.id] = tag
    save(world, file)
    command = [sys.executable, "-m", "toolway.sandbox", "--port", "0", "--with-parent", "--data", str(file)]
    seeded = [*command, "--fault", FAULTS, "--seed", str(request.param)]
    with subprocess.Popen(seeded, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1].decode()
        process.terminate()


async def connect(router: Router, toolkit: str) -> None:
    """Connect, however often it takes."""
    for _ in range(20):
        with contextlib.suppress(ToolwayError):
            await router.connect(toolkit)
            return
    raise AssertionError("never connected")


def plan(seed: int) -> list[tuple[str, dict[str, Any]]]:
    """So many calls, each of which leaves a mark of its own in the world if it is obeyed."""
    chance = random.Random(seed)
    tags = list(range(MANY))
    chance.shuffle(tags)
    made: list[tuple[str, dict[str, Any]]] = []
    for number in range(CALLS):
        kind = chance.choices(["tags", "clients", "create", "update", "delete", "ping", "desk"], [20, 10, 30, 20, 20, 1, 2])[0]
        match kind:
            case "tags":
                made.append(("CLOCKIFY_GET_TAGS", {"name": f"tag {chance.randrange(MANY):03}"}))
            case "clients":
                made.append(("CLOCKIFY_GET_CLIENTS", {}))
            case "create":
                made.append(("CLOCKIFY_CREATE_CLIENT", {"name": f"client {number}"}))
            case "update":
                made.append(("CLOCKIFY_UPDATE_TAG", {"id": f"tag {tags.pop():03}", "name": f"renamed {number}"}))
            case "delete":
                made.append(("CLOCKIFY_DELETE_TAG", {"id": f"tag {tags.pop():03}"}))
            case "ping":
                made.append(("DESKTIME_PING_REQUEST", {}))
            case _:
                made.append(("DESKTIME_CREATE_PROJECT_WITH_TASK", {"project": f"project {number}"}))
    return made


def marks(world: World, told: Told) -> int:
    """How often the world shows that a write was obeyed."""
    tags = Counter(one.name for one in world.tags.values())
    match told.slug:
        case "CLOCKIFY_CREATE_CLIENT":
            return sum(one.name == told.arguments["name"] for one in world.clients.values())
        case "CLOCKIFY_UPDATE_TAG":
            return tags[told.arguments["name"]]
        case "CLOCKIFY_DELETE_TAG":
            return 1 - tags[told.arguments["id"]]
        case _:
            return sum(one.name == told.arguments["project"] for one in world.desk_projects.values())


@pytest.mark.parametrize("unlucky", [1], indirect=True)
async def test_every_call_of_a_bad_day_ends_in_the_truth(tmp_path: Path, unlucky: str) -> None:
    async with running(tmp_path / "data", sandbox=unlucky) as router:
        for toolkit in ("clockify", "desktime"):
            await connect(router, toolkit)
        day = Day(router, unlucky, await router.session())
        await day.took()
        calls = [await day.call(slug, arguments) for slug, arguments in plan(1)]
        project = await day.router.local.project()
        await day.router.entries(100)
        rows = {row.id: row for row in await day.router.local.store.log.recent(project.id, 10 * CALLS)}
    world = msgspec.json.decode((tmp_path / "world.json").read_bytes(), type=World)
    states: Counter[tuple[str, str]] = Counter()
    for told in calls:
        row, answer = rows[told.answer["log_id"]], told.answer
        assert answer["successful"] == (row.state == "done") == (answer["error"] is None), told
        assert row.tool == told.slug
        if not answer["successful"]:
            assert answer["error"].endswith((".", "?", "!")), told
            assert 20 < len(answer["error"]) < 600, told
        if row.effect == "read":
            assert not any(one.writes for one in told.took)
            states["read", check_read(told)] += 1
        else:
            states["write", row.state] += 1
            check_write(told, row.state, marks(world, told))
    assert states["read", "mended"] > 3
    assert states["write", "done"] > CALLS / 3
    assert states["write", "unknown"] > 3 < states["write", "refused"]  # the day was a bad one


def check_read(told: Told) -> str:
    """What became of a read. It fails only on rubbish, or when it went wrong to the end of our patience."""
    last = told.took[-1]
    wrong = [one for one in told.took if one.fault not in ("", "slow")]
    if told.answer["successful"]:
        assert last.fault in ("", "slow"), told
        return "mended" if wrong else "fine"
    assert last.fault == "rubbish" or all(one.fault in ("429", "500", "cut") for one in told.took[-3:]), told
    return "failed"


def check_write(told: Told, state: str, marks: int) -> None:
    """It was sent once at most, and its row in the log says what is known of it."""
    sent = [one for one in told.took if one.writes]
    assert len(sent) <= 1, told
    assert marks == sum(one.obeyed for one in sent), told
    if not sent:
        assert state in ("failed", "refused"), told
        assert told.took[-1].fault not in ("", "slow"), told.answer["error"]
        assert "not known" not in told.answer["error"], told
        return
    [one] = sent
    match one.fault:
        case "" | "slow":
            assert (state, one.obeyed) == ("done", True), told
        case "429":
            assert (state, one.obeyed) == ("refused", False), told
        case _:
            assert state == "unknown", told
            assert "Whether it was done is not known: look before you repeat it." in told.answer["error"], told
