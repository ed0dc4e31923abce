"""Time entries, written: create, replace, stop, duplicate, delete. At most one timer of a person runs at a time."""

from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec

from toolway.sandbox.clockify.house import (
    Instant,
    Row,
    entries_cost,
    entry_of,
    money,
    period,
    person_of,
    project_of,
    refuse,
    stamp,
    tag_of,
    task_of,
    workspace_of,
)
from toolway.sandbox.wire import Call, Refusal, Reply, Route
from toolway.sandbox.world import Entry, Workspace, World

Description = Annotated[str, msgspec.Meta(max_length=3000)]


class _Given(msgspec.Struct, rename="camel"):
    """The fields of an entry that a create and an update share."""

    start: Instant | None = None
    end: Instant | None = None
    description: Description | None = None
    project_id: str | None = None
    task_id: str | None = None
    tag_ids: list[str] | None = None
    billable: bool = False
    type: Literal["REGULAR", "BREAK"] = "REGULAR"


class _Replacement(_Given, rename="camel", kw_only=True):
    """One element of a bulk update."""

    id: Annotated[str, msgspec.Meta(min_length=1)]


class _Stop(msgspec.Struct):
    end: Instant


class _Listed(msgspec.Struct, rename="kebab"):
    time_entry_ids: list[str] = []


def show(entry: Entry) -> Row:
    """A time entry as a write answers it (schema TimeEntryDtoImplV1)."""
    return {
        "id": entry.id,
        "description": entry.description,
        "tagIds": entry.tags or None,
        "userId": entry.person,
        "billable": entry.billable,
        "taskId": entry.task,
        "projectId": entry.project,
        "workspaceId": entry.workspace,
        "timeInterval": {
            "start": stamp(entry.start),
            "end": stamp(entry.end) if entry.end else None,
            "duration": period(entry.end - entry.start) if entry.end else None,
        },
        "customFieldValues": [],
        "type": entry.type,
        "kioskId": None,
        "isLocked": False,
    }


def show_with_rates(world: World, entry: Entry) -> Row:
    """A time entry as a read answers it (schema TimeEntryWithRatesDtoV1)."""
    earned, cost = entries_cost(world, entry)
    currency = world.workspaces[entry.workspace].currency
    return {**show(entry), "hourlyRate": money(earned, currency), "costRate": money(cost, currency)}


def running(world: World, person: str) -> Entry | None:
    """The timer of a person that runs."""
    return next((entry for entry in world.entries.values() if entry.person == person and entry.end is None), None)


def _check(call: Call, home: Workspace, given: _Given, start: datetime, end: datetime | None) -> None:
    """What is given belongs together and to the workspace, and does not end before it begins."""
    if end is not None and end < start:
        raise refuse("Start datetime must not be after end datetime")
    project = project_of(call.world, home, given.project_id) if given.project_id else None
    if given.task_id:
        if project is None:
            raise refuse("Task doesn't belong to Project")
        task_of(call.world, project, given.task_id)
    for tag in given.tag_ids or []:
        tag_of(call.world, home, tag)


def _fill(entry: Entry, given: _Given) -> None:
    """Put everything that is given into the entry; what is not given is cleared."""
    entry.description = given.description or ""
    entry.project, entry.task = given.project_id or None, given.task_id or None
    entry.tags = list(dict.fromkeys(given.tag_ids or []))
    entry.billable, entry.type = given.billable, given.type


def _make_room(world: World, entry: Entry) -> None:
    """A timer that starts ends the one that runs."""
    other = running(world, entry.person) if entry.end is None else None
    if other is not None and other.id != entry.id:
        other.end = max(other.start, entry.start)


def _whole(moment: datetime) -> datetime:
    """A moment in UTC without the fraction of a second, as entries keep it."""
    return moment.astimezone(UTC).replace(microsecond=0)


def _add(call: Call, person: str) -> Reply:
    home, given = workspace_of(call), call.read(_Given)
    person_of(call, home, person)
    start, end = _whole(given.start or call.now), _whole(given.end) if given.end else None
    _check(call, home, given, start, end)
    entry = Entry(id=call.world.new_id(), workspace=home.id, person=person, start=start, end=end)
    _fill(entry, given)
    _make_room(call.world, entry)
    call.world.entries[entry.id] = entry
    return Reply(show(entry), 201)


def _create(call: Call) -> Reply:
    return _add(call, call.world.owner)


def _create_for(call: Call) -> Reply:
    return _add(call, call.places["userId"])


def _interval(entry: Entry, given: _Given) -> tuple[datetime, datetime | None]:
    """Start and end after a replacement: a start without an end makes a running timer."""
    if given.start is None:
        return entry.start, _whole(given.end) if given.end else entry.end
    return _whole(given.start), _whole(given.end) if given.end else None


def _replace(call: Call, home: Workspace, entry: Entry, given: _Given) -> None:
    """Overwrite an entry that has been checked."""
    entry.start, entry.end = _interval(entry, given)
    _fill(entry, given)
    _make_room(call.world, entry)


def _update(call: Call) -> Reply:
    """`updateTimeEntry`: the start is due."""
    home, given = workspace_of(call), call.read(_Given)
    entry = entry_of(call.world, home, call.places["id"])
    if given.start is None:
        raise refuse("Object missing required field `start`")
    _check(call, home, given, *_interval(entry, given))
    _replace(call, home, entry, given)
    return Reply(show(entry))


def _update_many(call: Call) -> Reply:
    """`replaceMany`: a bare list; all of it is checked before any of it is written."""
    home, given = workspace_of(call), call.read(list[_Replacement])
    person = person_of(call, home, call.places["userId"])
    pairs = [(_entry_of_person(call, home, person.id, one.id), one) for one in given]
    for entry, one in pairs:
        _check(call, home, one, *_interval(entry, one))
    for entry, one in pairs:
        _replace(call, home, entry, one)
    return Reply([show(entry) for entry, _ in pairs])


def _entry_of_person(call: Call, home: Workspace, person: str, id: str) -> Entry:
    """An entry of that person in that workspace."""
    entry = entry_of(call.world, home, id)
    if entry.person != person:
        raise refuse("Time entry doesn't belong to User")
    return entry


def _stop(call: Call) -> Reply:
    home, given = workspace_of(call), call.read(_Stop)
    person = person_of(call, home, call.places["userId"])
    entry = running(call.world, person.id)
    if entry is None or entry.workspace != home.id:
        raise refuse("No time entry in progress", 404, 404)
    end = _whole(given.end)
    if end < entry.start:
        raise refuse("Start datetime must not be after end datetime")
    entry.end = end
    return Reply(show(entry))


def _duplicate(call: Call) -> Reply:
    home, world = workspace_of(call), call.world
    old = _entry_of_person(call, home, call.places["userId"], call.places["id"])
    copy = msgspec.structs.replace(old, id=world.new_id(), tags=list(old.tags))
    _make_room(world, copy)
    world.entries[copy.id] = copy
    return Reply(show(copy), 201)


def _delete(call: Call) -> Reply:
    entry = entry_of(call.world, workspace_of(call), call.places["id"])
    del call.world.entries[entry.id]
    return Reply(status=204)


def _delete_many(call: Call) -> Reply:
    """`deleteMany`: the ids stand in the query; only they are removed."""
    home, ids = workspace_of(call), call.ask(_Listed).time_entry_ids
    person = person_of(call, home, call.places["userId"])
    if not ids:
        raise Refusal(Reply({"message": "Required parameter 'time-entry-ids' is not present", "code": 3000}, 400))
    doomed = [_entry_of_person(call, home, person.id, id) for id in dict.fromkeys(ids)]
    for entry in doomed:
        del call.world.entries[entry.id]
    return Reply([show(entry) for entry in doomed])


_ONE = "/v1/workspaces/{workspaceId}/time-entries"
_MANY = "/v1/workspaces/{workspaceId}/user/{userId}/time-entries"
ROUTES = (
    Route("POST", _ONE, _create, writes=True),
    Route("PUT", _ONE + "/{id}", _update, writes=True),
    Route("DELETE", _ONE + "/{id}", _delete, writes=True),
    Route("POST", _MANY, _create_for, writes=True),
    Route("PUT", _MANY, _update_many, writes=True),
    Route("PATCH", _MANY, _stop, writes=True),
    Route("DELETE", _MANY, _delete_many, writes=True),
    Route("POST", _MANY + "/{id}/duplicate", _duplicate, writes=True),
)
