import asyncio
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.databases import outside
from toolway.errors import BadSetting, Conflict, Unavailable
from toolway.store.database import Database
from toolway.store.migrate import known_migrations
from toolway.store.records import Project
from toolway.store.shelves import Store
from toolway.store.sqlite import where


def test_an_address_is_a_path_or_sqlite(tmp_path: Path) -> None:
    assert where(f"sqlite:///{tmp_path}/a.db") == tmp_path / "a.db"
    assert where(str(tmp_path / "a.db")) == tmp_path / "a.db"
    assert where("sqlite:///b.db") == Path("b.db").absolute() == where("b.db")
    assert where("~/c.db") == Path("~/c.db").expanduser()


@pytest.mark.parametrize("url", ["", "sqlite://", "sqlite:///", "sqlite:x.db", ":memory:", "sqlite:///:memory:", "sqlite://host/x.db"])
def test_another_address_is_refused(url: str) -> None:
    with pytest.raises(BadSetting) as told:
        where(url)
    assert "sqlite:///" in told.value.sentence


@pytest.mark.parametrize("scheme", ["mysql", "postgresql+asyncpg", "sqlite"])
def test_another_database_is_told_of_in_plain_terms_and_without_its_password(scheme: str) -> None:
    with pytest.raises(BadSetting) as told:
        where(f"{scheme}://me:hunter2@db/toolway")
    assert f"{scheme}:// database" in told.value.sentence and "hunter2" not in told.value.sentence


async def test_files_are_for_their_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    async with await Store.open(f"sqlite:///{folder / 'toolway.db'}") as store:
        await store.projects.add(Project("pr_1", "one", 1))
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        files = [file for file in folder.rglob("*") if file.is_file()]
        assert {"toolway.db", "toolway.db-wal", "toolway.db-shm"} <= {file.name for file in files}
        for file in files:
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


async def test_a_database_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    path.touch(0o644)
    async with await Store.open(str(path)):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_a_strange_folder_is_no_trouble(tmp_path: Path) -> None:
    path = tmp_path / "odd %41 ?a=b#[x]* 'y' ü" / "toolway.db"
    async with await Store.open(f"sqlite:///{path}") as store:
        await store.projects.add(Project("pr_1", "one", 1))
    assert path.is_file() and {file.name for file in path.parent.iterdir()} == {"toolway.db", "toolway.db.lock", "toolway.db.live"}


async def test_what_cannot_be_a_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear Sir or Madam, this is not a database. " * 50)
    for url in (str(tmp_path), str(tmp_path / "letter.txt"), str(tmp_path / "letter.txt" / "t.db")):
        with pytest.raises(BadSetting) as told:
            await Store.open(url)
        assert str(tmp_path) in told.value.sentence


async def test_a_database_from_a_newer_toolway_is_told(url: str) -> None:
    async with await Store.open(url):
        pass
    await outside(url, "UPDATE meta SET value = value || ' 9999_future' WHERE name = 'schema'")
    with pytest.raises(BadSetting, match="newer Toolway"):
        await Store.open(url)


START = """
import asyncio, sys
from toolway.store.shelves import Store
from toolway.store.records import Project, new_id, now_ms

async def main():
    async with await Store.open(sys.argv[1]) as store:
        await store.projects.add(Project(new_id("pr_"), new_id("name "), now_ms()))

asyncio.run(main())
"""


def start(url: str) -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-c", START, url], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


async def test_processes_that_start_at_once_all_succeed(url: str) -> None:
    for process in [start(url) for _ in range(6)]:
        _, trouble = await asyncio.to_thread(process.communicate, timeout=30)
        assert process.returncode == 0, trouble
    assert await outside(url, "SELECT count(*) FROM projects") == [(6,)]
    assert await outside(url, "SELECT value FROM meta WHERE name = 'schema'") == [(" ".join(known_migrations()),)]


async def test_a_start_that_was_cut_off_leaves_nothing_half_made(url: str) -> None:
    """It is cut off at its last step; nothing of the first ones is there."""
    async with await Store.open(url):
        tables = sorted(await outside(url, TABLES[url.partition(":")[0]]))
    assert ("log",) in tables
    for (table,) in tables:
        await outside(url, f"DROP TABLE {table}{'' if 'sqlite' in url else ' CASCADE'}")
    await outside(url, "CREATE TABLE sessions (of_somebody_else BIGINT)")  # in the way of a later table
    with pytest.raises(BadSetting, match="sessions"):
        await Store.open(url)
    assert await outside(url, TABLES[url.partition(":")[0]]) == [("sessions",)]
    await outside(url, "DROP TABLE sessions")
    async with await Store.open(url) as store:
        await store.projects.add(Project("pr_1", "one", 1))


TABLES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table'",
    "postgresql": "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()",
}


async def test_a_transaction_is_all_or_nothing(url: str) -> None:
    database = await Database.open(url)
    try:

        async def twice() -> None:
            async with database.write(bump=True) as desk:
                await desk.do("add_project", id="pr_1", name="one", created_at=1)
                await desk.do("add_project", id="pr_1", name="two", created_at=1)

        with pytest.raises(Conflict):
            await twice()
        assert await database.read.all("projects") == []
        assert await database.read.value("generation") == 1
    finally:
        await database.close()


async def test_a_cancelled_transaction_leaves_nothing_and_holds_nobody_up(url: str) -> None:
    database = await Database.open(url)
    try:
        inside = asyncio.Event()

        async def half() -> None:
            async with database.write(bump=True) as desk:
                await desk.do("add_project", id="pr_1", name="one", created_at=1)
                inside.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(half())
        await inside.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

        async def whole(number: int) -> None:
            async with database.write(bump=False) as desk:
                await desk.do("add_project", id=f"pr_{number}", name=f"name {number}", created_at=number)

        others = [asyncio.create_task(whole(number)) for number in range(40)]
        for turn, other in enumerate(others):  # cancelled wherever they happen to be: before, in and after their transaction
            await asyncio.sleep(0)
            if turn % 3 == 0:
                other.cancel()
        told = await asyncio.gather(*others, return_exceptions=True)
        assert all(outcome is None or isinstance(outcome, asyncio.CancelledError) for outcome in told)
        assert sum(outcome is None for outcome in told) >= 26
        names = {row["name"] for row in await database.read.all("projects")}
        assert names >= {f"name {number}" for number, outcome in enumerate(told) if outcome is None} and "one" not in names
    finally:
        await database.close()


async def test_the_desk_that_reads_cannot_write(url: str) -> None:
    async with await Store.open(url) as store:
        with pytest.raises(Unavailable) as told:
            await store.database.read.do("bump_generation")
        assert "read" in str(told.value.__cause__)


async def test_a_sqlite_file_is_prepared_as_it_should(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    async with await Store.open(str(path)):
        assert await outside(str(path), "PRAGMA journal_mode") == [("wal",)]
    assert os.listdir(tmp_path / "t.db.live") == []


async def test_a_disk_that_is_full_is_told_as_such(tmp_path: Path) -> None:
    async with await Store.open(str(tmp_path / "t.db")) as store:
        async with store.database.write(bump=False) as desk:
            await desk.run("PRAGMA max_page_count = 1")  # SQLite takes the present size at least
        with pytest.raises(Unavailable, match="Storage is full or cannot be written"):
            await store.projects.add(Project("pr_1", "x" * 1_000_000, 1))
        assert await store.projects.all() == [], "what is there can be read"


USE_AND_GO = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT count(*) FROM meta').fetchone(); c.close()"


async def test_a_process_that_opens_the_file_twice_keeps_its_locks(tmp_path: Path) -> None:
    """Closing any descriptor of a file drops a process's locks on it: whoever came next thought to be alone, and took the WAL away."""
    path = tmp_path / "t.db"
    async with await Store.open(str(path)) as one, await Store.open(str(path)) as other:
        await one.meta.put_once("a", "1")
        wal = path.with_name("t.db-wal").stat().st_ino
        passing = await asyncio.create_subprocess_exec(sys.executable, "-c", USE_AND_GO, str(path))
        assert await passing.wait() == 0
        assert path.with_name("t.db-wal").stat().st_ino == wal
        assert await other.meta.get("a") == "1"
