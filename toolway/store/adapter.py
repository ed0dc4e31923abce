"""How aiosql speaks to aiosqlite here: one order to the connection's thread for each query.

aiosql's own adapter gives two or three (execute, fetch, close), and handing an order over is most of what a small query costs. A
statement that has run to its end needs no closing.
"""

from collections.abc import AsyncGenerator, Sequence
from typing import Any

import aiosqlite

Values = dict[str, Any]


class OneOrder:
    """An adapter for aiosql. It takes the kinds of query that `queries/` has."""

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
        """The same change for many rows."""
        await conn.executemany(sql, rows)

    async def execute_script(self, conn: aiosqlite.Connection, sql: str) -> None:
        """Several statements, without values."""
        await conn.executescript(sql)
