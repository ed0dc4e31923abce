"""What a database is to the rest of the store: desks at which named queries are asked, and word of which processes live.

An engine (`sqlite`, `postgres`) brings it; nothing above this room knows which one it is. The queries in `queries/` are the same for
all; what differs stands beside the engine, under its name.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Protocol, Self

import aiosql

from toolway.errors import BadRequest, Conflict, NotFound, ToolwayError, Unavailable
from toolway.store.records import Row

HERE = Path(__file__).parent


def load_queries(engine: str, adapter: type) -> Any:
    """All named queries: the portable ones and those of an engine."""
    files = [*sorted((HERE / "queries").glob("*.sql")), HERE / f"{engine}.sql"]
    loader: Any = aiosql
    return loader.from_str("\n".join(file.read_text(encoding="utf-8") for file in files), adapter)


class Telling:
    """Around a query: turns what a driver raises into an error of ours. `translate` gives None for what is not the driver's to say."""

    def __init__(self, translate: Callable[[Exception], ToolwayError | None]) -> None:
        self._translate = translate

    def __enter__(self) -> None: ...

    def __exit__(self, _kind: object, problem: BaseException | None, _trace: object) -> None:
        if isinstance(problem, Exception) and (told := self._translate(problem)) is not None:
            raise told from problem


class Desk(ABC):
    """Where named queries are asked. The values go by the names that the query gives them.

    Raises Conflict or NotFound where a row exists already or belongs to one that does not, BadRequest for a value that cannot be kept,
    Unavailable when the database does not answer.
    """

    def __init__(self, connection: Any, queries: Any, telling: Telling) -> None:
        self._connection = connection
        self._queries = queries
        self._telling = telling

    async def one(self, query: str, **values: Any) -> Row | None:
        """The row that the query finds, or None."""
        with self._telling:
            return await getattr(self._queries, query)(self._connection, **values)

    async def all(self, query: str, **values: Any) -> list[Row]:
        """All rows that the query finds."""
        with self._telling:
            return [row async for row in getattr(self._queries, query)(self._connection, **values)]

    async def value(self, query: str, **values: Any) -> Any:
        """The one value that the query finds, or None."""
        with self._telling:
            return await getattr(self._queries, query)(self._connection, **values)

    async def do(self, query: str, **values: Any) -> int:
        """Change something; tells how many rows were changed."""
        with self._telling:
            return await getattr(self._queries, query)(self._connection, **values)

    async def many(self, query: str, rows: Sequence[dict[str, Any]]) -> None:
        """Change something once for each of the rows, all or nothing, as a transaction of its own."""
        with self._telling:
            await getattr(self._queries, query)(self._connection, rows)

    async def run(self, statement: str) -> None:
        """One statement without values, of a migration."""
        with self._telling:
            await self._connection.execute(statement)

    @abstractmethod
    def transaction(self) -> AbstractAsyncContextManager[Self]:
        """A desk at which all is done or nothing. Holds nothing but queries."""


class Engine(Protocol):
    """An open database. `name` is for people and holds no password; `owner` is the name of this process."""

    name: str
    owner: str
    read: Desk
    write: Desk
    log: Desk

    async def lives(self, owner: str) -> bool:
        """Whether the process of that name still runs, on whichever machine."""
        ...

    async def close(self) -> None:
        """Close the connections; this process is done."""
        ...


def exists_already() -> Conflict:
    """The error for a row that is there already."""
    return Conflict()


def belongs_nowhere() -> NotFound:
    """The error for a row that belongs to one that does not exist."""
    return NotFound("What this belongs to does not exist in this project.")


def cannot_be_kept() -> BadRequest:
    """The error for a value that no database takes: half characters, NUL, numbers beyond 64 bits."""
    return BadRequest("A value cannot be kept as it is.", fix="Leave out half characters, NUL and numbers beyond 64 bits.")


def cannot_be_written() -> Unavailable:
    """The error for a disk that takes nothing more."""
    return Unavailable("Storage is full or cannot be written.", fix="The operator has to make room.")


def does_not_answer() -> Unavailable:
    """The error for a database that cannot be used for now."""
    return Unavailable("The database does not answer.", fix="Try again in a moment.")
