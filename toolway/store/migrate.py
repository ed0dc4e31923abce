"""Brings a database's tables up to date: numbered files, each applied once, in their order.

What was applied stands in `meta` under `schema`, written in the same transaction as the tables themselves: a start that is cut off
leaves either all of it or nothing.
"""

import sqlite3
from collections.abc import Iterator

from toolway.errors import BadSetting
from toolway.store.engine import HERE, Desk

_FOLDER = HERE / "migrations"


def known_migrations() -> tuple[str, ...]:
    """The names of the migrations that this version has, in their order; written into the database they are its stamp."""
    return tuple(sorted(file.stem for file in _FOLDER.glob("*.sql")))


async def bring_up_to_date(desk: Desk, name: str) -> None:
    """Apply what the database called `name` lacks. Raises BadSetting when it knows more than this version does."""
    known = known_migrations()
    if await _applied(desk) == known:
        return
    async with desk.transaction() as change:
        await change.value("take_turn", what="tables")
        applied = await _applied(change)
        if set(applied) - set(known):
            raise BadSetting(f"The database {name} was made by a newer Toolway.", fix="Run that version, or give another database.")
        for migration in known:
            if migration not in applied:
                for statement in _statements((_FOLDER / f"{migration}.sql").read_text(encoding="utf-8")):
                    await change.run(statement)
        await change.do("put_meta", name="schema", value=" ".join(known))


async def _applied(desk: Desk) -> tuple[str, ...]:
    held: str | None = await desk.value("meta", name="schema") if await desk.value("has_meta") else None
    return tuple((held or "").split())


def _statements(text: str) -> Iterator[str]:
    statement = ""
    for line in text.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
