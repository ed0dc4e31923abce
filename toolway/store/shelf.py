"""What every shelf is built on: a named query, its rows as records."""

from collections.abc import Sequence
from typing import Any

import msgspec

from toolway.errors import Conflict
from toolway.store.database import Database
from toolway.store.records import R, from_row, to_row


class Shelf:
    """A noun's place in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._read = database.read

    async def _one(self, kind: type[R], query: str, **values: Any) -> R | None:
        row = await self._read.one(query, **values)
        return None if row is None else from_row(kind, row)

    async def _all(self, kind: type[R], query: str, **values: Any) -> Sequence[R]:
        return [from_row(kind, row) for row in await self._read.all(query, **values)]

    async def _add(self, query: str, record: msgspec.Struct, what: str, *, bump: bool) -> None:
        try:
            async with self._database.write(bump=bump) as desk:
                await desk.do(query, **to_row(record))
        except Conflict:
            raise Conflict(f"There is such {what} already.") from None
