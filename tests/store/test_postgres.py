"""What only PostgreSQL has: a server that can be away, be started again, and be on another machine."""

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from functools import partial

import msgspec
import pytest

from tests.databases import Postgres, outside
from toolway.errors import BadSetting, ToolwayError, Unavailable
from toolway.store.postgres import shown
from toolway.store.records import Entry, Project, new_id
from toolway.store.shelves import Store


@pytest.fixture(scope="module")
def own() -> Iterator[Postgres]:
    """A server that may be stopped without harm to other tests."""
    server = Postgres()
    yield server
    server.end()


def entry(at: int = 1) -> Entry:
    return Entry(new_id("log_"), "pr_1", "trs_1", "alice", "clockify", "T", "ca_1", "create", "done", "", 0, 0, at)


async def until(true: Callable[[], Awaitable[object]]) -> None:
    async with asyncio.timeout(20):
        while not await true():
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://me:hunter2@db.example/toolway", "toolway on db.example"),
        ("postgres://me:hunter2@db.example:6543/toolway?sslmode=require", "toolway on db.example:6543"),
        ("postgresql://me:hunter2@one:5432,two:5433/toolway", "toolway on one:5432,two:5433"),
        ("postgresql://me:hunt%40er2@[::1]/t", "t on [::1]"),
        ("postgresql:///t?host=/run/postgresql&password=hunter2", "t on /run/postgresql"),
        ("postgresql://db.example", "(the one named as the user) on db.example"),
    ],
)
def test_a_database_is_told_of_by_name_and_host(url: str, told: str) -> None:
    assert shown(url) == told


@pytest.mark.parametrize("password", ["hun/ter2", "hun@ter2", "hun?ter2", "hun#ter2", "/hunter2", "hun:ter2/", "[hunter2"])
async def test_a_password_that_is_not_quoted_is_told_of_without_it(password: str) -> None:
    with pytest.raises(BadSetting) as told:
        await Store.open(f"postgresql://me:{password}@127.0.0.1:1/toolway")
    said = told.value.sentence + repr(told.value.__cause__)
    assert "hun" not in said and "ter2" not in said
    assert "%40" in said


async def test_what_cannot_be_opened_is_told_with_host_and_database_and_without_the_password(postgres: Postgres) -> None:
    for url, expected in (
        ("postgresql://me:hunter2@127.0.0.1:1/toolway", "toolway on 127.0.0.1:1"),
        ("postgresql://me:hunter2@nowhere.invalid/toolway", "toolway on nowhere.invalid"),
        ("postgresql://me:hunter2@127.0.0.1:none/toolway", "cannot be read"),
        (postgres.url("missing") + "&password=hunter2", 'database "missing" does not exist'),
        ("postgresql:///toolway?host=/nowhere&user=me&password=hunter2", "toolway on /nowhere"),
    ):
        with pytest.raises(BadSetting) as told:
            await Store.open(url)
        assert expected in told.value.sentence and "hunter2" not in told.value.sentence + repr(told.value.__cause__)


def test_a_missing_driver_is_told_in_a_sentence() -> None:
    code = """
import asyncio, sys
sys.modules["asyncpg"] = None  # as if it were not installed
from toolway.errors import BadSetting
from toolway.store.shelves import Store
try:
    asyncio.run(Store.open("postgresql://db/toolway"))
except BadSetting as told:
    print(told.sentence)
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30).stdout
    assert "asyncpg" in said and "pip install '.[postgres]'" in said


async def test_a_process_takes_few_connections_and_gives_them_all_back(postgres: Postgres) -> None:
    url = postgres.fresh_database()
    count = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    async with await Store.open(url) as store:
        async with asyncio.TaskGroup() as work:
            for number in range(50):
                work.create_task(store.projects.add(Project(f"pr_{number}", f"{number}", 1)))
                work.create_task(store.projects.all())
                work.create_task(store.log.sent(entry()))
        [(taken,)] = await outside(url, count)
        assert taken <= 8
    await until(lambda: _is(url, count, 0))


async def _is(url: str, query: str, expected: int) -> bool:
    return await outside(url, query) == [(expected,)]


async def test_a_process_whose_presence_was_cut_off_is_present_again(postgres: Postgres) -> None:
    url = postgres.fresh_database()
    holders = "FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    async with await Store.open(url) as store, await Store.open(url) as other:
        await store.log.sent(entry())
        for _ in range(3):
            cut = await outside(url, f"SELECT pid, pg_terminate_backend(pid) {holders}")
            assert len(cut) == 2, "each of the two holds one lock"
            gone = ", ".join(str(pid) for pid, _ in cut)
            again = f"SELECT count(DISTINCT pid) {holders} AND pid NOT IN ({gone})"
            await until(partial(_is, url, again, 2))
        assert await other.database.lives(store.database.owner) and await store.database.lives(other.database.owner)
        assert await other.log.give_up_dead() == 0
    async with await Store.open(url) as later:
        assert not await later.database.lives(store.database.owner)


async def test_the_server_may_go_away_and_come_back(own: Postgres) -> None:
    url = own.fresh()
    async with await Store.open(url) as store:
        await store.projects.add(Project("pr_1", "one", 1))
        under_way = entry()
        await store.log.sent(under_way)

        await asyncio.to_thread(own.stop)
        for _ in range(3):
            with pytest.raises(Unavailable, match="does not answer"):
                await store.projects.all()
            with pytest.raises(Unavailable):
                await store.projects.add(Project("pr_2", "two", 2))
            with pytest.raises(Unavailable):
                await store.freshness.fresh()
        noted = [entry(number) for number in range(300)]
        for one in noted:
            await store.log.note(one)
        await store.log.note(msgspec.structs.replace(under_way, state="done", status=201))
        refused = entry()
        with pytest.raises(ToolwayError, match="nothing was sent"):
            await store.log.sent(refused)
        assert store.log.waiting == 302 and store.log.trouble

        await asyncio.to_thread(own.start)

        async def written() -> bool:
            return store.log.waiting == 0

        await until(written)
        states = {one.id: one.state for one in await store.log.recent("pr_1", 1000)}
        assert states == {one.id: "done" for one in noted} | {under_way.id: "done", refused.id: "failed"}
        await store.projects.add(Project("pr_2", "two", 2))
        await store.freshness.fresh()
        async with await Store.open(url) as other:

            async def present() -> bool:
                return await other.database.lives(store.database.owner)

            await until(present)


async def test_an_end_during_an_outage_is_soon_and_tells_what_was_lost(own: Postgres) -> None:
    store = await Store.open(own.fresh())
    await asyncio.to_thread(own.stop)
    await store.log.note(entry())
    with pytest.raises(ToolwayError, match="1 entries of the call log could not be written"):
        async with asyncio.timeout(10):
            await store.close()
    await asyncio.to_thread(own.start)
