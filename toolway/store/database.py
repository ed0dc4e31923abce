"""The database under the shelves: where it lies, its connections, its transactions.

Three connections a process: one that writes, behind a lock; one that reads; one for the call log, so that a call is never behind a
slow change. Every query is named and stands in `queries/`.
"""

import asyncio
import os
import sqlite3
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any, Self

import aiosql
import aiosqlite

from toolway.errors import BadSetting, Conflict, NotFound
from toolway.store.adapter import OneOrder
from toolway.store.locks import Hold, Presence
from toolway.store.records import Row, new_id

_HERE = Path(__file__).parent
_BUSY_SECONDS = 10.0
_TURN_SECONDS = 60.0


@cache
def _queries() -> Any:
    text = "\n".join(file.read_text(encoding="utf-8") for file in sorted((_HERE / "queries").glob("*.sql")))
    loader: Any = aiosql
    return loader.from_str(text, OneOrder)


def known_migrations() -> tuple[str, ...]:
    """The names of the migrations that this version has, in their order; written into the database they are its stamp."""
    return tuple(sorted(file.stem for file in (_HERE / "migrations").glob("*.sql")))


class Desk:
    """A connection at which named queries are asked. The values go by the names that the query gives them."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection
        self._queries = _queries()

    async def one(self, query: str, **values: Any) -> Row | None:
        """The row that the query finds, or None."""
        return await getattr(self._queries, query)(self._connection, **values)

    async def all(self, query: str, **values: Any) -> list[Row]:
        """All rows that the query finds."""
        return [row async for row in getattr(self._queries, query)(self._connection, **values)]

    async def value(self, query: str, **values: Any) -> Any:
        """The one value that the query finds, or None."""
        return await getattr(self._queries, query)(self._connection, **values)

    async def do(self, query: str, **values: Any) -> int:
        """Change something; tells how many rows were changed."""
        return await getattr(self._queries, query)(self._connection, **values)

    async def many(self, query: str, rows: Sequence[dict[str, Any]]) -> None:
        """Change something once for each of the rows."""
        await getattr(self._queries, query)(self._connection, rows)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[None]:
        """All of it or nothing; raises Conflict or NotFound where a row exists already or belongs to one that does not."""
        # The connection's thread takes one order after the other, so a rollback is ahead of whatever comes next even when we are
        # cancelled while we wait for it.
        try:
            await self._connection.execute("BEGIN IMMEDIATE")
            yield
            await self._connection.commit()
        except BaseException as problem:
            await asyncio.shield(self._connection.rollback())
            if isinstance(problem, sqlite3.IntegrityError):
                raise _told(problem) from None
            raise


class Database:
    """An open database. `write()` is a transaction, `read` looks, `log` belongs to the call log."""

    def __init__(self, path: Path, write: Desk, read: Desk, log: Desk, presence: Presence, closing: AsyncExitStack) -> None:
        self.path = path
        self.read = read
        self.log = log
        self.presence = presence
        self.on_bump: Callable[[], None] = lambda: None
        self._desk = write
        self._lock = asyncio.Lock()
        self._closing = closing

    @classmethod
    async def open(cls, url: str) -> Self:
        """Open the database, made and brought up to date when needed. `url` is `sqlite:///path` or a path. Raises BadSetting."""
        path = where(url)
        try:
            return await cls._open(path)
        except (OSError, sqlite3.Error) as problem:
            raise BadSetting(f"The database {path} cannot be opened: {problem}.") from problem

    @classmethod
    async def _open(cls, path: Path) -> Self:
        _make(path)
        async with AsyncExitStack() as closing:
            starting = await _turn(path.with_name(path.name + ".lock"))
            try:  # one process after the other, so that one makes the tables and the others find them
                write = await _connect(path, "prepare_write", closing)
                await _bring_up_to_date(path, write)
                read = await _connect(path, "prepare_read", closing)
                log = await _connect(path, "prepare_log", closing)
                presence = Presence.begin(path.with_name(path.name + ".live"), new_id(""))
                closing.callback(presence.end)
            finally:
                starting.release()
            return cls(path, write, read, log, presence, closing.pop_all())

    async def close(self) -> None:
        """Close the connections."""
        await self._closing.aclose()

    @asynccontextmanager
    async def write(self, *, bump: bool) -> AsyncGenerator[Desk]:
        """A transaction, one at a time. With `bump` it tells every process, this one at once, to forget what it remembers."""
        async with self._lock:
            async with self._desk.transaction():
                yield self._desk
                if bump:
                    await self._desk.do("bump_generation")
            if bump:
                self.on_bump()


def where(url: str) -> Path:
    """The file that a database's address means, absolute. Raises BadSetting."""
    if url.startswith("sqlite:///"):
        text = url.removeprefix("sqlite:///")
    elif "://" in url:
        raise BadSetting(
            f"A {url.partition('://')[0]}:// database is not supported yet.", fix="Give a file: sqlite:///path/toolway.db, or its path."
        )
    else:
        text = url
    if not text or ":memory:" in text or text.startswith("sqlite:"):
        raise BadSetting(f"The database is {url!r}; a file is expected.", fix="Give its path, or sqlite:///path/toolway.db.")
    return Path(text).expanduser().absolute()


def _make(path: Path) -> None:
    if path.is_dir():
        raise BadSetting(f"The database {path} is a folder.", fix=f"Give a file, for example {path / 'toolway.db'}.")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)  # SQLite gives the files beside it the same mode
    try:
        if os.fstat(descriptor).st_mode & 0o077:
            os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)


async def _turn(lock: Path) -> Hold:
    deadline = time.monotonic() + _TURN_SECONDS
    while (hold := Hold.attempt(lock, make=True)) is None:
        if time.monotonic() > deadline:
            raise BadSetting(f"Another process has been opening the same database for {_TURN_SECONDS:.0f} s.", fix="See what holds it up.")
        await asyncio.sleep(0.01)
    return hold


async def _connect(path: Path, prepare: str, closing: AsyncExitStack) -> Desk:
    connection = await aiosqlite.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
    closing.push_async_callback(connection.close)
    connection.row_factory = sqlite3.Row
    script: Callable[[aiosqlite.Connection], Awaitable[str]] = getattr(_queries(), prepare)
    await script(connection)
    return Desk(connection)


async def _bring_up_to_date(path: Path, desk: Desk) -> None:
    known = known_migrations()
    held = await desk.value("meta", name="schema") if await desk.value("has_meta") else None
    applied = (held or "").split()
    if set(applied) - set(known):
        from toolway.store.migrate import newer

        raise newer(path)
    if tuple(applied) != known:
        from toolway.store.migrate import migrate

        migrate(path)  # the loop waits: nothing else runs yet, and whoever cancels us must not leave it at work without its turn
        await desk.do("put_meta", name="schema", value=" ".join(known))


def _told(problem: sqlite3.IntegrityError) -> Exception:
    if problem.sqlite_errorname == "SQLITE_CONSTRAINT_FOREIGNKEY":
        return NotFound("What this belongs to does not exist in this project.")
    return Conflict()
