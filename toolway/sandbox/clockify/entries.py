"""Time entries, written: create, replace, stop, duplicate, delete. At most one timer of a person runs at a time.

A workspace can force fields: a finished entry without them is refused (a timer may run without them, but not be stopped). What began
before the workspace's lock can be neither made, changed nor removed; the reference names no exception for administrators, so there is
none. Somebody else's time is for owners and administrators.
"""

from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec

from toolway.sandbox.clockify.fields import Value, check_values, show_values
from toolway.sandbox.clockify.house import (
    Instant,
    Row,
    absent,
    check_admin,
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
from toolway.sandbox.clockify.hydrated import hydrate
from toolway.sandbox.clockify.plans import needs
from toolway.sandbox.wire import Call, Reply, Route
from toolway.sandbox.world import Entry, Workspace, World

Word = Annotated[str, msgspec.Meta(min_length=1)]
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
    custom_fields: Annotated[list[Value], msgspec.Meta(max_length=50)] = []
    """The key that is read, `customFieldValues`, is silently dropped when it is written."""


class _Attribute(msgspec.Struct):
    """Something that an integration keeps with an entry; no reply ever shows it."""

    name: Word
    namespace: Word
    value: Word


class _New(_Given, rename="camel"):
    custom_attributes: Annotated[list[_Attribute], msgspec.Meta(max_length=10)] = []


class _Replacement(_Given, rename="camel", kw_only=True):
    """One element of a bulk update."""

    id: Annotated[str, msgspec.Meta(min_length=1)]


class _Stop(msgspec.Struct):
    end: Instant


class _Listed(msgspec.Struct, rename="kebab"):
    time_entry_ids: list[str] = []


class _Whole(msgspec.Struct):
    hydrated: bool = False


class _From(msgspec.Struct, rename="kebab"):
    """The document names an entry here and does not say what for: it is only looked up."""

    from_entry: str | None = None


def show(world: World, entry: Entry) -> Row:
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
        "customFieldValues": show_values(world, entry),
        "type": entry.type,
        "kioskId": None,
        "isLocked": _is_locked(world.workspaces[entry.workspace], entry.start),
    }


def show_with_rates(world: World, entry: Entry) -> Row:
    """A time entry as a read answers it (schema TimeEntryWithRatesDtoV1)."""
    earned, cost = entries_cost(world, entry)
    currency = world.workspaces[entry.workspace].currency
    return {**show(world, entry), "hourlyRate": money(earned, currency), "costRate": money(cost, currency)}


def running(world: World, person: str) -> Entry | None:
    """The timer of a person that runs."""
    return next((entry for entry in world.entries.values() if entry.person == person and entry.end is None), None)


def _is_locked(home: Workspace, start: datetime) -> bool:
    return home.locked is not None and start < home.locked


def _check_open(home: Workspace, *starts: datetime) -> None:
    """Refuse what lies in the locked past."""
    if any(_is_locked(home, start) for start in starts):
        raise refuse("Time entries in this period are locked")


def _check_forced(home: Workspace, entry: Entry) -> None:
    """Refuse a finished entry that lacks what the workspace forces."""
    has = {"projects": entry.project, "tasks": entry.task, "tags": entry.tags, "description": entry.description.strip()}
    if entry.end is not None and (missing := [name for name in home.forced if not has[name]]):
        raise refuse(f"Required fields are missing: {', '.join(missing)}")


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
    check_values(call.world, home, given.custom_fields)
    _check_open(home, start)


def _fill(entry: Entry, given: _Given) -> None:
    """Put everything that is given into the entry; what is not given is cleared."""
    entry.description = given.description or ""
    entry.project, entry.task = given.project_id or None, given.task_id or None
    entry.tags = list(dict.fromkeys(given.tag_ids or []))
    entry.billable, entry.type = given.billable, given.type
    entry.fields = {one.custom_field_id: one.value for one in given.custom_fields}


def _make_room(world: World, entry: Entry) -> None:
    """A timer that starts ends the one that runs."""
    other = running(world, entry.person) if entry.end is None else None
    if other is not None and other.id != entry.id:
        other.end = max(other.start, entry.start)


def _whole(moment: datetime) -> datetime:
    """A moment in UTC without the fraction of a second, as entries keep it."""
    return moment.astimezone(UTC).replace(microsecond=0)


def _add(call: Call, person: str) -> Reply:
    home, given = workspace_of(call), call.read(_New)
    person_of(call, home, person)
    start, end = _whole(given.start or call.now), _whole(given.end) if given.end else None
    _check(call, home, given, start, end)
    entry = Entry(id=call.world.new_id(), workspace=home.id, person=person, start=start, end=end)
    _fill(entry, given)
    _check_forced(home, entry)
    _make_room(call.world, entry)
    call.world.entries[entry.id] = entry
    return Reply(show(call.world, entry), 201)


def _create(call: Call) -> Reply:
    return _add(call, call.who)


def _create_for(call: Call) -> Reply:
    """Somebody else's time takes the role of an administrator and a paid plan."""
    home, copied = workspace_of(call), call.ask(_From).from_entry
    if call.places["userId"] != call.who:
        check_admin(call, home)
        needs(home, "ADD_TIME_FOR_OTHERS")
    if copied:
        entry_of(call.world, home, copied)
    return _add(call, call.places["userId"])


def _mine(call: Call, home: Workspace, person: str) -> str:
    """The person, if it is the one who asks or an administrator asks."""
    if person != call.who:
        check_admin(call, home)
    return person_of(call, home, person).id


def _interval(entry: Entry, given: _Given) -> tuple[datetime, datetime | None]:
    """Start and end after a replacement: a start without an end makes a running timer."""
    if given.start is None:
        return entry.start, _whole(given.end) if given.end else entry.end
    return _whole(given.start), _whole(given.end) if given.end else None


def _replace(call: Call, home: Workspace, entry: Entry, given: _Given) -> None:
    """Overwrite an entry that has been checked."""
    changed = _changed(entry, given)
    entry.start, entry.end = changed.start, changed.end
    _fill(entry, given)
    _make_room(call.world, entry)


def _changed(entry: Entry, given: _Given) -> Entry:
    """The entry as it would be; what is not given is cleared."""
    start, end = _interval(entry, given)
    copy = msgspec.structs.replace(entry, start=start, end=end)
    _fill(copy, given)
    return copy


def _check_change(call: Call, home: Workspace, entry: Entry, given: _Given) -> None:
    """Refuse a replacement that cannot be."""
    _check_open(home, entry.start)
    _check(call, home, given, *_interval(entry, given))
    _check_forced(home, _changed(entry, given))


def _update(call: Call) -> Reply:
    """`updateTimeEntry`: the start is due."""
    home, given = workspace_of(call), call.read(_Given)
    entry = entry_of(call.world, home, call.places["id"])
    _mine(call, home, entry.person)
    if given.start is None:
        raise refuse("Object missing required field `start`")
    _check_change(call, home, entry, given)
    _replace(call, home, entry, given)
    return Reply(show(call.world, entry))


def _update_many(call: Call) -> Reply:
    """`replaceMany`: a bare list of at least one; all of it is checked before any of it is written, and each has its row in the reply."""
    home, given, whole = workspace_of(call), call.read(list[_Replacement]), call.ask(_Whole).hydrated
    if not given:
        raise refuse("At least one time entry is required")
    person = _mine(call, home, call.places["userId"])
    pairs = [(_entry_of_person(call, home, person, one.id), one) for one in given]
    for entry, one in pairs:
        _check_change(call, home, entry, one)
    for entry, one in pairs:
        _replace(call, home, entry, one)
    rows = [(entry, show(call.world, entry)) for entry, _ in pairs]
    return Reply([hydrate(call.world, entry, row) if whole else row for entry, row in rows])


def _entry_of_person(call: Call, home: Workspace, person: str, id: str) -> Entry:
    """An entry of that person in that workspace."""
    entry = entry_of(call.world, home, id)
    if entry.person != person:
        raise refuse("Time entry doesn't belong to User")
    return entry


def _stop(call: Call) -> Reply:
    home, given = workspace_of(call), call.read(_Stop)
    entry = running(call.world, _mine(call, home, call.places["userId"]))
    if entry is None or entry.workspace != home.id:
        raise refuse("No time entry in progress", 404, 404)
    end = _whole(given.end)
    if end < entry.start:
        raise refuse("Start datetime must not be after end datetime")
    _check_open(home, entry.start)
    _check_forced(home, msgspec.structs.replace(entry, end=end))
    entry.end = end
    return Reply(show(call.world, entry))


def _duplicate(call: Call) -> Reply:
    home, world = workspace_of(call), call.world
    old = _entry_of_person(call, home, _mine(call, home, call.places["userId"]), call.places["id"])
    _check_open(home, old.start)
    copy = msgspec.structs.replace(old, id=world.new_id(), tags=list(old.tags), fields=dict(old.fields))
    _make_room(world, copy)
    world.entries[copy.id] = copy
    return Reply(show(world, copy), 201)


def _delete(call: Call) -> Reply:
    home = workspace_of(call)
    entry = entry_of(call.world, home, call.places["id"])
    _mine(call, home, entry.person)
    _check_open(home, entry.start)
    del call.world.entries[entry.id]
    return Reply(status=204)


def _delete_many(call: Call) -> Reply:
    """`deleteMany`: the ids stand in the query; only they are removed."""
    home, ids = workspace_of(call), call.ask(_Listed).time_entry_ids
    person = _mine(call, home, call.places["userId"])
    if not ids:
        raise absent("time-entry-ids")
    doomed = [_entry_of_person(call, home, person, id) for id in dict.fromkeys(ids)]
    _check_open(home, *(entry.start for entry in doomed))
    for entry in doomed:
        del call.world.entries[entry.id]
    return Reply([show(call.world, entry) for entry in doomed])


_ONE = "/v1/workspaces/{workspaceId}/time-entries"
_MANY = "/v1/workspaces/{workspaceId}/user/{userId}/time-entries"
ROUTES = (
    Route("POST", _ONE, _create, writes=True),
    Route("PUT", _ONE + "/{id}", _update, writes=True),
    Route("DELETE", _ONE + "/{id}", _delete, writes=True),
    Route("POST", _MANY, _create_for, writes=True),
    Route("PUT", _MANY, _update_many, writes=True, feature="BULK_EDIT"),
    Route("PATCH", _MANY, _stop, writes=True),
    Route("DELETE", _MANY, _delete_many, writes=True),
    Route("POST", _MANY + "/{id}/duplicate", _duplicate, writes=True),
)
