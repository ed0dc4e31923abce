"""PostgreSQL: many processes on many machines.

A process has a small pool that reads, one that writes, a connection of its own for the call log, and one that holds its *presence*: a
lock under the process's name, which the database gives back when that connection ends, however it ends. Connections that were lost
are made again when they are next needed; presence is taken again at once.

Connections speak to the server itself: a pooler that shares one among several clients would break prepared statements and presence.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import cache
from importlib import import_module
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

from toolway.errors import BadSetting, ToolwayError
from toolway.store import migrate
from toolway.store.adapter import Numbered
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
from toolway.store.records import new_id

_CONNECT_SECONDS = 3.0
_ANSWER_SECONDS = 10.0
_NOTE_SECONDS = 4.0
_START_SECONDS = 600.0
_CLOSE_SECONDS = 2.0
_AGAIN_SECONDS = 0.1
_READERS = 4
_WRITERS = 2
_SESSION = {
    "application_name": "toolway",
    # a machine that is gone without a word is known to be gone after half a minute
    "tcp_keepalives_idle": "15",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}
_HOST = re.compile(r"(\[[0-9a-fA-F:.]*\]|[\w.%-]*)(:\d*)?")
# SQLSTATE, or its class: https://www.postgresql.org/docs/current/errcodes-appendix.html
_STATES: dict[str, Callable[[], ToolwayError]] = {
    "23505": exists_already,
    "23503": belongs_nowhere,
    "53100": cannot_be_written,
    "58030": cannot_be_written,
    "22": cannot_be_kept,
    **dict.fromkeys(("08", "25", "28", "3D", "40", "53", "55", "57", "58"), does_not_answer),
}


@cache
def _driver() -> Any:
    try:
        return import_module("asyncpg")
    except ImportError:
        raise BadSetting(
            "A PostgreSQL database needs the driver asyncpg.", fix="In Toolway's checkout: make setup, or pip install '.[postgres]'"
        ) from None


@cache
def _queries() -> Any:
    return load_queries("postgres", Numbered)


def _told(problem: Exception) -> ToolwayError | None:
    if isinstance(problem, (OSError, _driver().InterfaceError)):  # InterfaceError: the connection or the pool is closed
        return does_not_answer()
    state = str(getattr(problem, "sqlstate", None) or "")
    made = _STATES.get(state) or _STATES.get(state[:2])
    return made() if made else None


_TELLING = Telling(_told)


class PostgresDesk(Desk):
    """A pool, or one connection of it in a transaction. The driver prepares each query once a connection."""

    def __init__(self, connection: Any) -> None:
        super().__init__(connection, _queries(), _TELLING)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Self]:
        """All of it or nothing."""
        with self._telling:
            async with self._connection.acquire() as connection, connection.transaction():
                yield type(self)(connection)


class PostgreSQL:
    """An open PostgreSQL database."""

    def __init__(self, name: str, write: Desk, read: Desk, log: Desk, presence: "Presence", closing: AsyncExitStack) -> None:
        self.name = name
        self.owner = presence.owner
        self.write = write
        self.read = read
        self.log = log
        self._closing = closing

    @classmethod
    async def open(cls, url: str) -> Self:
        """Open the database and bring it up to date. Raises BadSetting."""
        driver, name = _driver(), shown(url)
        try:
            return await cls._open(url, name)
        except (OSError, driver.PostgresError, driver.InterfaceError, ToolwayError) as problem:
            cause = problem.__cause__ or problem
            if isinstance(cause, ToolwayError):
                raise
            said = "no answer came" if isinstance(cause, TimeoutError) else str(cause).splitlines()[0].rstrip(".")
            raise BadSetting(
                f"The PostgreSQL database {name} cannot be opened: {said}.",
                fix="Is the server running, does the database exist, may this user make tables in it?",
            ) from None
        except ValueError:
            raise _unreadable() from None

    @classmethod
    async def _open(cls, url: str, name: str) -> Self:
        async with AsyncExitStack() as closing:
            async with AsyncExitStack() as starting:
                await migrate.bring_up_to_date(await _pool(url, 1, _START_SECONDS, starting), name)
            presence = await Presence.begin(url, new_id(""))
            closing.push_async_callback(presence.end)
            read = await _pool(url, _READERS, _ANSWER_SECONDS, closing, default_transaction_read_only="on")
            write = await _pool(url, _WRITERS, _ANSWER_SECONDS, closing)
            log = await _pool(url, 1, _NOTE_SECONDS, closing)
            return cls(name, write, read, log, presence, closing.pop_all())

    async def lives(self, owner: str) -> bool:
        """Whether the process of that name still runs, on whichever machine."""
        return owner == self.owner or not await self.read.value("is_absent", owner=owner)

    async def close(self) -> None:
        """Close the connections."""
        await self._closing.aclose()


class Presence:
    """Holds the lock of this process's name, and takes it again when its connection was lost."""

    def __init__(self, url: str, owner: str) -> None:
        self.owner = owner
        self._url = url
        self._connection: Any = None
        self._lost = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None

    @classmethod
    async def begin(cls, url: str, owner: str) -> Self:
        """Hold the lock from now on."""
        presence = cls(url, owner)
        await presence._hold()
        presence._keeper = asyncio.create_task(presence._keep(), name="toolway presence")
        return presence

    async def _hold(self) -> None:
        self._lost.clear()
        self._connection = await _driver().connect(self._url, timeout=_CONNECT_SECONDS, command_timeout=_ANSWER_SECONDS, **_settings())
        self._connection.add_termination_listener(self._gone)
        # shared: after a lost connection the old one may hold it for a while yet
        await _queries().be_present(self._connection, owner=self.owner)

    def _gone(self, _: Any) -> None:
        self._lost.set()

    async def _keep(self) -> None:
        while True:
            await self._lost.wait()
            try:
                await self._hold()
            except Exception:  # whatever it is: without presence our calls would be taken for left behind
                await self._let_go()
                self._lost.set()
                await asyncio.sleep(_AGAIN_SECONDS)

    async def _let_go(self) -> None:
        if self._connection is not None:
            with suppress(Exception):
                await self._connection.close(timeout=_CLOSE_SECONDS)

    async def end(self) -> None:
        """This process is done."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait((self._keeper,))
        await self._let_go()


def shown(url: str) -> str:
    """Host and database of an address, for people. Raises BadSetting for what is no address, and never tells the password."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise _unreadable() from None
    hosts = parts.netloc.rpartition("@")[2]
    # What does not look like a host may be a piece of a password that was not quoted.
    if url.count("@") != parts.netloc.count("@") or url.count("@") > 1 or not all(_HOST.fullmatch(host) for host in hosts.split(",")):
        raise _unreadable()
    host = hosts or "".join(parse_qs(parts.query).get("host", ["localhost"])[:1])
    return f"{unquote(parts.path).strip('/') or '(the one named as the user)'} on {host}"


def _unreadable() -> BadSetting:
    return BadSetting(
        "The address of the PostgreSQL database cannot be read.",
        fix="postgresql://user:password@host:port/name is expected; write / @ : ? # of a password as %2F %40 %3A %3F %23.",
    )


def _settings(**more: str) -> dict[str, Any]:
    return {"server_settings": _SESSION | more}


async def _as_it_is(_: Any) -> None:
    """Nothing of a session is changed that would have to be put back when a connection goes back to its pool."""


async def _pool(url: str, size: int, seconds: float, closing: AsyncExitStack, **more: str) -> PostgresDesk:
    pool = await _driver().create_pool(
        url, min_size=1, max_size=size, timeout=_CONNECT_SECONDS, command_timeout=seconds, reset=_as_it_is, **_settings(**more)
    )

    async def close() -> None:
        try:
            await asyncio.wait_for(pool.close(), _CLOSE_SECONDS)
        except TimeoutError:
            pool.terminate()

    closing.push_async_callback(close)
    return PostgresDesk(pool)
