"""How aiosql speaks to the drivers here. The adapters take the kinds of query that `queries/` has."""

import re
from collections.abc import AsyncGenerator, Sequence
from typing import Any

import aiosqlite

Values = dict[str, Any]

_NAME = re.compile(r"(?<![:\w]):(\w+)")
_ROW = re.compile(r"(?<=VALUES )(\(:[^()]+\))")


class OneOrder:
    """aiosqlite: one order to the connection's thread for each query.

    aiosql's own adapter gives two or three (execute, fetch, close), and handing an order over is most of what a small query costs. A
    statement that has run to its end needs no closing. Many rows go in one statement, all or nothing: with one for each the thread would
    take the interpreter from the calls under way at every row.
    """

    is_aio_driver = True

    def process_sql(self, _name: str, _kind: object, sql: str) -> str:
        """The query as SQLite takes it: as it stands."""
        return sql

    async def select(self, conn: aiosqlite.Connection, _name: str, sql: str, values: Values, _kind: None = None) -> AsyncGenerator[Any]:
        """Every row."""
        for row in await conn.execute_fetchall(sql, values):
            yield row

    async def select_one(self, conn: aiosqlite.Connection, _name: str, sql: str, values: Values, _kind: None = None) -> Any:
        """The first row, or None."""
        return next(iter(await conn.execute_fetchall(sql, values)), None)

    async def select_value(self, conn: aiosqlite.Connection, _name: str, sql: str, values: Values) -> Any:
        """The first value of the first row, or None."""
        row = await self.select_one(conn, _name, sql, values)
        return None if row is None else row[0]

    async def insert_update_delete(self, conn: aiosqlite.Connection, _name: str, sql: str, values: Values) -> int:
        """How many rows were changed."""
        return (await conn.execute(sql, values)).rowcount

    async def insert_update_delete_many(self, conn: aiosqlite.Connection, _name: str, sql: str, rows: Sequence[Values]) -> None:
        """The same change for many rows: the query's own row of values, repeated."""
        before, row, after = _ROW.split(sql)
        names = _NAME.findall(row)
        marks = f"({', '.join('?' * len(names))})"
        await conn.execute(before + ", ".join([marks] * len(rows)) + after, [values[name] for values in rows for name in names])

    async def execute_script(self, conn: aiosqlite.Connection, sql: str) -> None:
        """Several statements, without values."""
        await conn.executescript(sql)


class Numbered:
    """asyncpg, its connections and its pools: values by their numbers, and the count of changed rows as a number.

    aiosql's own adapter gives the count as text, and looks through the connection for each query.
    """

    is_aio_driver = True

    def __init__(self) -> None:
        self._names: dict[str, list[str]] = {}

    def process_sql(self, name: str, _kind: object, sql: str) -> str:
        """The query with $1 for the first of its values, and so on."""
        names = self._names.setdefault(name, [])

        def number(found: re.Match[str]) -> str:
            if found[1] not in names:
                names.append(found[1])
            return f"${names.index(found[1]) + 1}"

        return _NAME.sub(number, sql)

    def _ordered(self, name: str, values: Values) -> list[Any]:
        return [values[value] for value in self._names[name]]

    async def select(self, conn: Any, name: str, sql: str, values: Values, _kind: None = None) -> AsyncGenerator[Any]:
        """Every row."""
        for row in await conn.fetch(sql, *self._ordered(name, values)):
            yield row

    async def select_one(self, conn: Any, name: str, sql: str, values: Values, _kind: None = None) -> Any:
        """The first row, or None."""
        return await conn.fetchrow(sql, *self._ordered(name, values))

    async def select_value(self, conn: Any, name: str, sql: str, values: Values) -> Any:
        """The first value of the first row, or None."""
        return await conn.fetchval(sql, *self._ordered(name, values))

    async def insert_update_delete(self, conn: Any, name: str, sql: str, values: Values) -> int:
        """How many rows were changed."""
        status: str = await conn.execute(sql, *self._ordered(name, values))
        return int(status.rpartition(" ")[2])

    async def insert_update_delete_many(self, conn: Any, name: str, sql: str, rows: Sequence[Values]) -> None:
        """The same change for many rows, all or nothing."""
        await conn.executemany(sql, [self._ordered(name, values) for values in rows])
