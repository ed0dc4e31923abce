"""SQLite: a file beside the data, nothing to install. The default.

Three connections a process: one that writes, behind a lock; one that reads; one for the call log, so that a call is never behind a
slow change.
"""

import asyncio
import os
import sqlite3
import stat
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any, Self

import aiosqlite

from toolway.errors import BadSetting, ToolwayError, Unavailable
from toolway.store import migrate
from toolway.store.adapter import OneOrder
from toolway.store.engine import (
    Desk,
    Telling,
    belongs_nowhere,
    cannot_be_kept,
    cannot_be_written,
    does_not_answer,
    exists_already,
    load_queries,
)
from toolway.store.locks import Hold, Presence
from toolway.store.records import new_id

_BUSY_SECONDS = 10.0
_UNWRITABLE = ("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_READONLY", "SQLITE_CANTOPEN")
_TURN_SECONDS = 60.0


def _told(problem: Exception) -> ToolwayError | None:
    match problem:
        case sqlite3.IntegrityError():
            return belongs_nowhere() if problem.sqlite_errorname == "SQLITE_CONSTRAINT_FOREIGNKEY" else exists_already()
        case sqlite3.OperationalError():
            # an extended code (SQLITE_IOERR_WRITE) begins with its plain one; an error of the Python module itself has none
            name = getattr(problem, "sqlite_errorname", "")
            return cannot_be_written() if name.startswith(_UNWRITABLE) else does_not_answer()
        case UnicodeEncodeError() | OverflowError():
            return cannot_be_kept()
        case _:
            return None


_TELLING = Telling(_told)


@cache
def _queries() -> Any:
    return load_queries("sqlite", OneOrder)


class SQLiteDesk(Desk):
    """A connection. Whoever has its transaction has it alone."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        super().__init__(connection, _queries(), _TELLING)
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Self]:
        """All of it or nothing."""
        # The connection's thread takes one order after the other, so a rollback is ahead of whatever comes next even when we are
        # cancelled while we wait for it.
        async with self._turn:
            with self._telling:
                try:
                    await self._connection.execute("BEGIN IMMEDIATE")
                    yield self
                    await self._connection.commit()
                except BaseException:
                    await asyncio.shield(self._connection.rollback())
                    raise


class SQLite:
    """An open SQLite file."""

    def __init__(self, name: str, write: Desk, read: Desk, log: Desk, presence: Presence, closing: AsyncExitStack) -> None:
        self.name = name
        self.owner = presence.owner
        self.write = write
        self.read = read
        self.log = log
        self._presence = presence
        self._closing = closing

    @classmethod
    async def open(cls, url: str) -> Self:
        """Open the file, made and brought up to date when needed. `url` is `sqlite:///path` or a path. Raises BadSetting."""
        path = where(url)
        try:
            return await cls._open(path)
        except (OSError, sqlite3.Error, Unavailable) as problem:
            raise BadSetting(f"The database {path} cannot be opened: {problem.__cause__ or problem}.") from problem

    @classmethod
    async def _open(cls, path: Path) -> Self:
        _make(path)
        async with AsyncExitStack() as closing:
            starting = await _turn(path.with_name(path.name + ".lock"))
            try:  # one process after the other, so that one makes the tables and the others find them
                write = await _connect(path, "prepare_write", closing)
                await migrate.bring_up_to_date(write, str(path))
                read = await _connect(path, "prepare_read", closing)
                log = await _connect(path, "prepare_log", closing)
                presence = Presence.begin(path.with_name(path.name + ".live"), new_id(""))
                closing.callback(presence.end)
            finally:
                starting.release()
            return cls(str(path), write, read, log, presence, closing.pop_all())

    async def lives(self, owner: str) -> bool:
        """Whether the process of that name still runs."""
        return self._presence.lives(owner)

    async def close(self) -> None:
        """Close the connections."""
        await self._closing.aclose()


def where(url: str) -> Path:
    """The file that a database's address means, absolute. Raises BadSetting."""
    scheme, is_url, text = url.partition("://")
    if is_url and not url.startswith("sqlite:///"):
        raise BadSetting(
            f"A {scheme}:// database of that form is not supported.",
            fix="Give a file (sqlite:///path/toolway.db, or its path) or postgresql://user@host/name.",
        )
    text = text.removeprefix("/") if is_url else url
    if not text or ":memory:" in text or text.startswith("sqlite:"):
        raise BadSetting(f"The database is {url!r}; a file is expected.", fix="Give its path, or sqlite:///path/toolway.db.")
    return Path(text).expanduser().absolute()


def _make(path: Path) -> None:
    if path.is_dir():
        raise BadSetting(f"The database {path} is a folder.", fix=f"Give a file, for example {path / 'toolway.db'}.")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))  # SQLite gives the files beside it the same mode
    except FileExistsError:
        # It is not opened here: closing it again would take from this process every lock that it holds on it already, and whoever
        # comes then thinks that nobody uses the database.
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise BadSetting(f"The database {path} is no ordinary file.") from None
        if found.st_mode & 0o077:
            path.chmod(0o600)


async def _turn(lock: Path) -> Hold:
    deadline = time.monotonic() + _TURN_SECONDS
    while (hold := Hold.attempt(lock, make=True)) is None:
        if time.monotonic() > deadline:
            raise BadSetting(f"Another process has been opening the same database for {_TURN_SECONDS:.0f} s.", fix="See what holds it up.")
        await asyncio.sleep(0.01)
    return hold


async def _connect(path: Path, prepare: str, closing: AsyncExitStack) -> SQLiteDesk:
    connection = await aiosqlite.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
    closing.push_async_callback(connection.close)
    connection.row_factory = sqlite3.Row
    script: Callable[[aiosqlite.Connection], Awaitable[str]] = getattr(_queries(), prepare)
    await script(connection)
    return SQLiteDesk(connection)
