"""The database under the shelves, whichever engine keeps it."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Self

from toolway.store.engine import Desk, Engine


class Database:
    """An open database. `write()` is a transaction, `read` looks, `log` belongs to the call log; `owner` is the name of this process."""

    def __init__(self, engine: Engine) -> None:
        self.name = engine.name
        self.owner = engine.owner
        self.read = engine.read
        self.log = engine.log
        self.lives = engine.lives
        self.close = engine.close
        self.on_bump: Callable[[], None] = lambda: None
        self._write = engine.write

    @classmethod
    async def open(cls, url: str) -> Self:
        """Open the database, made and brought up to date when needed. `url` is `sqlite:///path`, a path, or `postgresql://...`.

        Raises BadSetting, with host and database and never a password.
        """
        if url.startswith(("postgresql://", "postgres://")):
            from toolway.store.postgres import PostgreSQL

            return cls(await PostgreSQL.open(url))
        from toolway.store.sqlite import SQLite

        return cls(await SQLite.open(url))

    @asynccontextmanager
    async def write(self, *, bump: bool) -> AsyncGenerator[Desk]:
        """A transaction. With `bump` it tells every process, this one at once, to forget what it remembers."""
        async with self._write.transaction() as desk:
            yield desk
            if bump:
                await desk.do("bump_generation")
        if bump:
            self.on_bump()
