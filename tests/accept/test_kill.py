"""The record outlives kill -9: no write that a service saw without its row, at most the last 50 ms of reads missing, no row that lies.

The witness is the truth of what was sent, its client of what was answered; the rows are read past the router.
"""

import asyncio
import os
import random
import signal
import time
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from math import inf
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import msgspec
import pytest

from tests.databases import Postgres, outside

from .server import Server
from .witness import LOOK, SHOUT, WRITES, Witness, witnessing

ROUNDS = 12
WRITERS, READERS = 8, 4
READS_LOST = 0.05 + 0.45
"""Seconds: what is promised, and what a commit may take on a busy machine."""
WAYS = "obey obey obey cut fail refuse"
STATES = {"obey": "done", "cut": "unknown", "fail": "unknown", "refuse": "refused", "stall": "unknown", "hold": "done"}
"""What is to be told of a request that arrived, by its way."""
VAULT = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


class Row(NamedTuple):
    """What is told of a call."""

    id: str
    session: str
    tool: str
    state: str


class Asked(msgspec.Struct):
    """One call that a client asked for: when, and what it was told, if it was told anything."""

    session: str
    tool: str
    mark: str
    began: float
    answered: float = inf
    id: str = ""
    error: str | None = None

    @property
    def way(self) -> str:
        """How the witness is to treat it."""
        return self.mark.split(".")[-2]


class House:
    """A router on a database, the witness behind it, and a client before it."""

    def __init__(self, server: Server, url: str, witness: Witness, client: aiohttp.ClientSession) -> None:
        self.server = server
        self.witness = witness
        self._url = url
        self._client = client

    async def start(self) -> None:
        await asyncio.to_thread(self.server.start)

    async def say(self, *words: str) -> str:
        return await asyncio.to_thread(self.server.say, *words)

    async def post(self, path: str, content: Any) -> Any:
        url = path if path.startswith("http") else self.server.origin + path
        async with self._client.post(url, json=content, headers={"x-api-key": self.server.key}) as answer:
            assert answer.status in (200, 201), await answer.text()
            return await answer.json()

    async def session(self) -> str:
        return (await self.post("/api/v3.1/tool_router/session", {"user_id": "kim", "toolkits": {"enable": ["witness"]}}))["session_id"]

    async def ask(self, items: list[Asked]) -> None:
        """Have the items done at once. Raises ClientError or OSError when no answer came."""
        tools = [{"tool_slug": item.tool, "arguments": {"mark": item.mark}} for item in items]
        params = {"name": "COMPOSIO_MULTI_EXECUTE_TOOL", "arguments": {"tools": tools}}
        message: Any = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
        answer = await self.post(f"/tool_router/{items[0].session}/mcp", message)
        results = msgspec.json.decode(answer["result"]["content"][0]["text"])["data"]["results"]
        for item, result in zip(items, results, strict=True):
            item.answered = time.monotonic()
            item.id, item.error = result["response"]["log_id"], result["response"]["error"]

    async def rows(self) -> list[Row]:
        return [Row(*row) for row in await outside(self._url, "SELECT id, session_id, tool, state FROM log")]

    async def until(self, true: Callable[[list[Row]], bool]) -> list[Row]:
        """The rows, once they are so."""
        async with asyncio.timeout(20):
            while not true(rows := await self.rows()):
                await asyncio.sleep(0.01)
            return rows


@asynccontextmanager
async def opened(folder: Path, url: str, witness: Witness, *words: str) -> AsyncGenerator[House]:
    """A router that is not started yet, on a folder of its own."""
    folder.mkdir()
    given = {"database": url, "hosts": witness.hosts, "toolkits": str(folder.parent / "witness"), "vault_key": VAULT}
    server = Server(folder, *(words or ("--workers", "1")), **given)
    timeout, connector = aiohttp.ClientTimeout(40), aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(timeout=timeout, connector=connector) as client:
        try:
            yield House(server, url, witness, client)
        finally:
            await asyncio.to_thread(server.stop)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.005)


async def connect(house: House) -> None:
    await house.say("connect", "witness", "--user", "kim", "--api-key", "any-key-at-all")


@pytest.fixture
async def witness(tmp_path: Path) -> AsyncGenerator[Witness]:
    async with witnessing(tmp_path / "witness") as made:
        yield made


@pytest.fixture
async def house(tmp_path: Path, url: str, witness: Witness) -> AsyncGenerator[House]:
    async with opened(tmp_path / "one", url, witness) as made:
        await connect(made)
        yield made


async def agent(house: House, session: str, asked: list[Asked], tools: Iterable[str], ways: str, seed: str, stop: asyncio.Event) -> None:
    """Ask in a session, these tools at once, over and over until told to stop; when cut off, in a new session if there can be one."""
    dice, number = random.Random(seed), 0
    while not stop.is_set():
        number += 1
        items: list[Asked] = []
        for tool in tools:
            mark = f"{session}.{number}.{tool[8:11]}.{dice.choice(ways.split())}.{dice.choice((0, 0, 10, 100))}"
            items.append(Asked(session, tool, mark.lower(), time.monotonic()))
        asked += items
        try:
            await house.ask(items)
        except (aiohttp.ClientError, OSError):
            try:
                session = await house.session()
            except (aiohttp.ClientError, OSError):
                return


def judge(asked: list[Asked], rows: list[Row], witness: Witness, killed: float, in_order: bool) -> None:
    """Hold what a client asked for and what the service saw against the rows.

    `in_order`: all went through one process, whose rows are committed in their order. A write that arrived had its row committed, so
    whatever was answered before it was begun has its last row too. `killed` is when a process was killed.
    """
    named, mine = {item.id for item in asked} - {""}, {item.session for item in asked}
    by_id = {row.id: row for row in rows}
    rest = [row for row in rows if row.session in mine and row.id not in named]
    spare = {(row.session, row.tool): row for row in rest}
    assert len(spare) == len(rest), "of one session one call at most was under way"
    arrived = max((item.began for item in asked if item.tool != LOOK and witness.seen[item.mark]), default=0)
    sure = max(killed - READS_LOST, arrived if in_order else 0)
    for item in asked:
        row = by_id.get(item.id) if item.id else spare.pop((item.session, item.tool), None)
        state, seen, expected = row.state if row else "missing", witness.seen[item.mark], STATES[item.way]
        if item.id:
            assert seen and (item.error is None) == (expected == "done"), item
            assert ("is not known" in (item.error or "")) == (expected == "unknown"), item
        if item.answered < sure:
            assert state == expected, (item, state, sure)
        elif item.tool == LOOK:
            assert state in (expected, "missing"), (item, state)
        elif seen:
            assert seen == 1 and state in (expected, "unknown"), (item, state)
        else:
            assert state in ("missing", "failed", "unknown"), (item, state)
    assert not spare, "rows of calls that nobody asked for"


async def storm(house: House, seed: str, writers: int, stop: asyncio.Event) -> tuple[list[Asked], asyncio.Future[Any]]:
    """Clients that ask at once: what they asked, and their end."""
    asked: list[Asked] = []
    sessions = [await house.session() for _ in range(writers + READERS)]
    agents = [agent(house, one, asked, WRITES, WAYS, f"{seed} w{n}", stop) for n, one in enumerate(sessions[READERS:])]
    agents += [agent(house, one, asked, [LOOK], "obey", f"{seed} r{n}", stop) for n, one in enumerate(sessions[:READERS])]
    return asked, asyncio.gather(*agents)


def answered(asked: list[Asked], count: int = 1, *, since: float = 0, ago: float = 0) -> Callable[[], bool]:
    """Whether so many calls were answered so many seconds ago, of those asked after a moment."""
    return lambda: sum(item.began > since and item.answered < time.monotonic() - ago for item in asked) >= count


async def test_killed_at_any_moment_over_and_over(house: House) -> None:
    states: dict[str, str] = {}
    await house.start()
    for number in range(ROUNDS):
        dice = random.Random(number)
        # Every fourth time only reads are asked for: nothing but the clock has their rows committed then.
        quiet = number % 4 == 3
        asked, done = await storm(house, str(number), 0 if quiet else WRITERS, asyncio.Event())
        if quiet:
            await until(answered(asked, ago=READS_LOST + 0.1))
        else:
            await until(answered(asked, dice.choice((0, 1, 10, 30, 100))))
        await asyncio.sleep(dice.uniform(0, 0.1))
        killed = time.monotonic()
        house.server.kill()
        await done
        await house.witness.quiet()
        if number % 3 == 2:  # and killed again while it starts
            house.server.spawn()
            await asyncio.sleep(dice.uniform(0, 0.6))
            house.server.kill()
        await house.start()
        rows = await house.rows()
        judge(asked, rows, house.witness, killed, in_order=True)
        now = {row.id: row.state for row in rows}
        assert "sent" not in now.values()
        assert now.items() >= states.items()
        states = now
    assert set(states.values()) == {"done", "unknown", "refused"}


def one(session: str, tool: str, way: str) -> Asked:
    return Asked(session, tool, f"{session}.{tool[8:]}.{way}.0".lower(), time.monotonic())


def told(item: Asked, state: str) -> Callable[[list[Row]], bool]:
    """Whether this is what is told of a call."""
    return lambda rows: (item.session, item.tool, state) in [row[1:] for row in rows]


def settled(ids: Iterable[str]) -> Callable[[list[Row]], bool]:
    """Whether these calls have their rows, and none is under way."""
    return lambda rows: {row.id for row in rows}.issuperset(ids) and "sent" not in {row.state for row in rows}


async def cut_off(*calls: "asyncio.Task[None]") -> None:
    for call in calls:
        with pytest.raises((aiohttp.ClientError, OSError)):
            await call


async def test_killed_at_each_point_of_a_write(house: House) -> None:
    await house.start()
    for _ in range(2):
        first, second, third, fourth = [await house.session() for _ in range(4)]

        # Its row is committed, and it cannot leave.
        before = one(first, SHOUT, "obey")
        held = asyncio.create_task(house.ask([before]))
        await house.until(told(before, "sent"))

        # It arrived: then its row is there already. No answer comes.
        stalled = [one(second, tool, "stall") for tool in WRITES]
        waits = asyncio.create_task(house.ask(stalled))
        await house.witness.saw(*(item.mark for item in stalled))
        rows = await house.rows()
        assert all(told(item, "sent")(rows) for item in stalled)

        # The answer left for the router, and this moment is the last; rarely it is long enough for the client's own answer.
        answered = one(third, WRITES[0], "obey")
        house.witness.then[answered.mark] = house.server.kill
        with suppress(aiohttp.ClientError, OSError):
            await house.ask([answered])
        await cut_off(held, waits)

        # The next look is enough, though nothing serves again yet.
        said = await house.say("status", "--last", "1")
        rows = await house.rows()
        judge([before, *stalled, answered], rows, house.witness, 0, in_order=True)
        assert not house.witness.seen[before.mark] and all(told(item, "unknown")(rows) for item in (before, *stalled))
        unknown = [row.state for row in rows].count("unknown")
        assert f"outcome unknown {unknown}\n" in said and said.count("outcome unknown (The process that sent this ended") >= 2

        # The client knows it is done; the row may not.
        await house.start()
        known = one(fourth, WRITES[0], "obey")
        await house.ask([known])
        house.server.kill()
        await house.start()
        judge([known], await house.rows(), house.witness, 0, in_order=True)


@pytest.fixture
def shared(postgres: Postgres) -> str:
    return postgres.fresh()


async def test_of_two_routers_only_the_dead_ones_calls_are_given_up(tmp_path: Path, shared: str, witness: Witness) -> None:
    async with AsyncExitStack() as stack:
        dies, lives = [await stack.enter_async_context(opened(tmp_path / name, shared, witness)) for name in ("dies", "lives")]
        await connect(lives)
        await dies.start()
        await lives.start()
        for _ in range(2):
            lost, kept = one(await dies.session(), WRITES[0], "hold"), one(await lives.session(), WRITES[0], "hold")
            cut, goes_on = asyncio.create_task(dies.ask([lost])), asyncio.create_task(lives.ask([kept]))
            await witness.saw(lost.mark, kept.mark)
            dies.server.kill()
            await cut_off(cut)
            said = await lives.say("status", "--last", "2")
            assert "outcome unknown (The process that sent this ended" in said and "sent, no answer yet" in said
            rows = await lives.rows()
            assert told(lost, "unknown")(rows) and told(kept, "sent")(rows)
            await dies.start()
            assert told(kept, "sent")(await dies.rows())
            witness.let_go.set()
            await goes_on
            rows = await lives.until(told(kept, "done"))
            judge([lost, kept], rows, witness, 0, in_order=False)
            witness.let_go.clear()


async def test_workers_killed_in_turn_one_and_all(tmp_path: Path, shared: str, witness: Witness) -> None:
    async with opened(tmp_path / "two", shared, witness, "--workers", "2") as house:
        await connect(house)
        await house.start()
        for number in range(4):
            await until(lambda: len(house.server.workers()) == 2)
            dice, stop = random.Random(100 + number), asyncio.Event()
            asked, done = await storm(house, str(number), WRITERS, stop)
            await until(answered(asked, dice.choice((1, 30, 100))))
            killed, workers = time.monotonic(), house.server.workers()
            if number % 2:
                os.kill(house.server.pid, signal.SIGSTOP)  # it would put others in their place
                for worker in workers:
                    os.kill(worker, signal.SIGKILL)
                house.server.kill()
                await done
                await witness.quiet()
                await house.start()
            else:
                os.kill(dice.choice(workers), signal.SIGKILL)
                await until(answered(asked, 30, since=killed))  # the other goes on
                stop.set()
                await done
            later = {item.id: STATES[item.way] for item in asked if item.began > killed and item.id}
            rows = await house.until(settled(later))
            judge(asked, rows, witness, killed, in_order=False)
            assert {row.id: row.state for row in rows}.items() >= later.items()
