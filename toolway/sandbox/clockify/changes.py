"""What a write did to the things that the change feed tells of: the world is looked at before and after it."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from copy import copy
from datetime import datetime

from toolway.sandbox.clockify import assignments, clients, entries, projects, tags, tasks
from toolway.sandbox.clockify.house import Row
from toolway.sandbox.world import Act, Assignment, Change, Client, Entry, Project, Tag, Task, World

Document = Client | Project | Tag | Task | Assignment | Entry


def tables(world: World) -> dict[str, Mapping[str, Document]]:
    """The tables that are told of, under the vendor's names for them."""
    return {
        "CLIENTS": world.clients,
        "PROJECTS": world.projects,
        "TAGS": world.tags,
        "TASKS": world.tasks,
        "SCHEDULED_ASSIGNMENT": world.assignments,
        "TIME_ENTRY": world.entries,
    }


def show(world: World, one: Document) -> Row:
    """A document as the vendor shows it."""
    match one:
        case Client():
            return clients.show(one)
        case Project():
            return projects.show(world, one)
        case Tag():
            return tags.show(one)
        case Task():
            return tasks.show(world, one)
        case Assignment():
            return assignments.show(world, one)
        case Entry():
            return entries.show_with_rates(world, one)


def home_of(world: World, one: Document) -> str:
    """The workspace of a document."""
    if isinstance(one, Task):
        project = world.projects.get(one.project)
        return project.workspace if project else ""
    return one.workspace


@contextmanager
def watched(world: World, now: datetime) -> Generator[None]:
    """Keep in the world what changes in it; a write that is refused has changed nothing."""
    before = {name: {id: copy(one) for id, one in table.items()} for name, table in tables(world).items()}
    homes = {id: home_of(world, one) for table in before.values() for id, one in table.items()}
    yield

    def note(act: Act, table: str, id: str, home: str, was: Row | None = None) -> None:
        world.changes.append(Change(act=act, table=table, id=id, workspace=home, at=now, was=was or {}))

    for name, table in tables(world).items():
        old = before[name]
        for id, one in table.items():
            if one != old.get(id):
                note("updated" if id in old else "created", name, id, home_of(world, one))
        for id, one in old.items():
            if id not in table:
                note("deleted", name, id, homes[id], show(world, one))
