"""The change feed: `getCreatedEntityInfo`, `getUpdatedEntityInfo`, `getDeletedEntityInfo` (experimental, says the document).

Where the document is silent or is contradicted:

- `page` counts from 0, its default in the document; the vendor's guide shows `page=1`. Both are words of text there, and so is `limit`.
- The document shows no rows for what was created or updated. Here a row holds the document under the names that its `deleted` rows have.
- `deleted` stands under `response`, as the document has it; the reference saw a bare list. The rows carry the names of both.
- A window without an end, or without a beginning, is thirty days long; without both it ends now. A wall clock, as everywhere on this host.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal, NamedTuple, get_args

import msgspec

from toolway.sandbox.clockify.changes import home_of, show, tables
from toolway.sandbox.clockify.house import Row, absent, refuse, stamp, wall, workspace_of
from toolway.sandbox.wire import Call, Reply, Route
from toolway.sandbox.world import Act, Entry, World, hex_id

Kind = Literal[
    "CLIENTS", "PROJECTS", "TAGS", "TASKS", "SCHEDULED_ASSIGNMENT", "TIME_ENTRY", "TIME_ENTRY_RATE", "TIME_ENTRY_CUSTOM_FIELD_VALUE"
]
_WINDOW, _LATE = timedelta(days=30), timedelta(minutes=1)


class _Search(msgspec.Struct):
    type: list[str] = []
    start: str | None = None
    end: str | None = None
    page: Annotated[int, msgspec.Meta(ge=0)] = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=5000)] = 50


class _Life(NamedTuple):
    """When a thing was made, when it was last changed and when it was removed."""

    table: str
    id: str
    made: datetime
    changed: datetime | None
    gone: datetime | None
    was: Row


def _lives(world: World, home: str) -> Iterator[_Life]:
    """Everything that is or was in a workspace. What was there from the first is as old as the company, an entry as old as its end."""
    last: dict[tuple[str, str], dict[Act, datetime]] = {}
    was: dict[tuple[str, str], Row] = {}
    for change in world.changes:
        if change.workspace == home:
            last.setdefault((change.table, change.id), {})[change.act] = change.at
            if change.act == "deleted":
                was[change.table, change.id] = change.was
    founded = world.founded or datetime.min.replace(tzinfo=UTC)
    for name, table in tables(world).items():
        for id, one in table.items():
            if home_of(world, one) == home:
                told = last.get((name, id), {})
                first = (one.end or one.start) if isinstance(one, Entry) else founded
                yield _Life(name, id, told.get("created", first), told.get("updated"), None, show(world, one))
    for (name, id), document in was.items():
        told = last[name, id]
        yield _Life(name, id, told.get("created", founded), told.get("updated"), told["deleted"], document)


def _parts(life: _Life, kinds: list[str]) -> Iterator[tuple[str, str, Row]]:
    """A thing under each kind that is asked for: the kind, the id and the document. An entry is also its rates and its field values."""
    if life.table in kinds:
        yield life.table, life.id, life.was
    if life.table == "TIME_ENTRY" and "TIME_ENTRY_RATE" in kinds:
        row: Row = {"timeEntryId": life.id, "hourlyRate": life.was["hourlyRate"], "costRate": life.was["costRate"]}
        yield "TIME_ENTRY_RATE", hex_id("rate", life.id), row
    values = life.was.get("customFieldValues")
    if life.table == "TIME_ENTRY" and "TIME_ENTRY_CUSTOM_FIELD_VALUE" in kinds and isinstance(values, list):
        for value in msgspec.convert(values, list[Row]):
            yield "TIME_ENTRY_CUSTOM_FIELD_VALUE", hex_id("value", life.id, str(value["customFieldId"])), value


def _window(call: Call, asked: _Search) -> tuple[datetime, datetime]:
    """From when to when."""
    start = wall(asked.start, call.zone) if asked.start else None
    end = wall(asked.end, call.zone) if asked.end else None
    if end is None:
        end = start + _WINDOW if start else call.now
    start = start or end - _WINDOW
    if end < start:
        raise refuse("Start date must not be after end date")
    return start, end


def _feed(call: Call, act: Act) -> list[Row]:
    """One page of what happened in the window; what began and ended in it happened nowhere, what was made in it was not changed in it."""
    asked, home = call.ask(_Search), workspace_of(call)
    if not asked.type:
        raise absent("type")
    if unknown := [one for one in asked.type if one not in get_args(Kind)]:
        raise refuse(f"Type '{unknown[0]}' is not one of {', '.join(get_args(Kind))}")
    start, end = _window(call, asked)
    found: list[tuple[datetime, str, Row]] = []
    for life in _lives(call.world, home.id):
        inside = {"created": life.made, "updated": life.changed, "deleted": life.gone}
        at, new = inside[act], start <= life.made <= end
        if at is None or not start <= at <= end or (act != "created" and new) or (life.gone is not None) != (act == "deleted"):
            continue
        if act == "deleted" and at > call.now - _LATE:
            continue
        for kind, id, document in _parts(life, asked.type):
            found.append((at, id, {"id": id, "documentType": kind, f"{act}At": stamp(at), "document": document}))
    found.sort(key=lambda row: (row[0], row[1]))
    begin = asked.page * asked.limit
    return [row for _, _, row in found[begin : begin + asked.limit]]


def _created(call: Call) -> Reply:
    return Reply(_feed(call, "created"))


def _updated(call: Call) -> Reply:
    return Reply(_feed(call, "updated"))


def _deleted(call: Call) -> Reply:
    """What was removed shows a minute later."""
    rows = [{**row, "documentCode": row["documentType"], "deletionBinId": hex_id("bin", str(row["id"]))} for row in _feed(call, "deleted")]
    return Reply({"response": rows})


_PATH = "/v1/workspaces/{workspaceId}/entities/"
ROUTES = (
    Route("GET", _PATH + "created", _created),
    Route("GET", _PATH + "updated", _updated),
    Route("GET", _PATH + "deleted", _deleted),
)
