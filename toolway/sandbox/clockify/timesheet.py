"""Time entries, read: `getTimeEntries`, `getTimeEntry`, `getInProgressTimeEntries`."""

from datetime import UTC, timedelta
from typing import Annotated

import msgspec

from toolway.sandbox.clockify.entries import show_with_rates
from toolway.sandbox.clockify.house import PageNumber, PageSize, Row, entry_of, page, person_of, wall, workspace_of
from toolway.sandbox.clockify.hydrated import hydrate
from toolway.sandbox.wire import Call, Reply, Route
from toolway.sandbox.world import Entry, World


class _Search(msgspec.Struct, rename="kebab"):
    description: str | None = None
    start: str | None = None
    end: str | None = None
    project: str | None = None
    task: str | None = None
    tags: list[str] = []
    project_required: bool = False
    task_required: bool = False
    hydrated: bool = False
    page: PageNumber = 1
    page_size: PageSize = 50
    in_progress: bool = False
    get_week_before: str | None = None


class _One(msgspec.Struct):
    hydrated: bool = False


class _Running(msgspec.Struct, rename="kebab"):
    """This list has a smaller page than the others."""

    page: PageNumber = 1
    page_size: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 10


def show(world: World, entry: Entry, hydrated: bool) -> Row:
    """A time entry; hydrated, the things that it names stand in it."""
    row = show_with_rates(world, entry)
    return hydrate(world, entry, row) if hydrated else row


def _list(call: Call) -> Reply:
    """Newest first; the window is read off a clock on the wall of the account's zone."""
    asked, home, world = call.ask(_Search), workspace_of(call), call.world
    person = person_of(call, home, call.places["userId"])
    since = wall(asked.start, call.zone) if asked.start else None
    until = wall(asked.end, call.zone) if asked.end else None
    needs_project = asked.project_required
    if asked.get_week_before:
        until = wall(asked.get_week_before, call.zone)
        since, needs_project = until - timedelta(days=7), True
    word = (asked.description or "").casefold()
    rows = [
        entry
        for entry in world.entries.values()
        if (entry.workspace, entry.person) == (home.id, person.id)
        and (since is None or entry.start >= since)
        and (until is None or entry.start <= until)
        and word in entry.description.casefold()
        and asked.project in (None, entry.project)
        and asked.task in (None, entry.task)
        and (not asked.tags or any(tag in asked.tags for tag in entry.tags))
        and (entry.project or not needs_project)
        and (entry.task or not asked.task_required)
        and (entry.end is None or not asked.in_progress)
    ]
    return page(_newest(rows), asked.page, asked.page_size, lambda one: show(world, one, asked.hydrated))


def _in_progress(call: Call) -> Reply:
    asked, home = call.ask(_Running), workspace_of(call)
    rows = [entry for entry in call.world.entries.values() if entry.workspace == home.id and entry.end is None]
    return page(_newest(rows), asked.page, asked.page_size, lambda one: show(call.world, one, False))


def _newest(rows: list[Entry]) -> list[Entry]:
    """The latest start first."""
    return sorted(rows, key=lambda one: (one.start.astimezone(UTC), one.id), reverse=True)


def _get(call: Call) -> Reply:
    entry = entry_of(call.world, workspace_of(call), call.places["id"])
    return Reply(show(call.world, entry, call.ask(_One).hydrated))


ROUTES = (
    Route("GET", "/v1/workspaces/{workspaceId}/user/{userId}/time-entries", _list),
    Route("GET", "/v1/workspaces/{workspaceId}/time-entries/status/in-progress", _in_progress),
    Route("GET", "/v1/workspaces/{workspaceId}/time-entries/{id}", _get),
)
