"""What a write did to the things that the change feed tells of: the world is looked at before and after it."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from copy import copy
from datetime import datetime
from typing import NamedTuple

from toolway.sandbox.clockify import assignments, clients, entries, groups, projects, tags, tasks
from toolway.sandbox.clockify.house import Row
from toolway.sandbox.world import Act, Assignment, Change, Client, Entry, Group, Project, Tag, Task, World

Document = Client | Project | Tag | Task | Assignment | Entry | Group


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
        case Group():
            return groups.show(one)


def home_of(world: World, one: Document) -> str:
    """The workspace of a document."""
    if isinstance(one, Task):
        project = world.projects.get(one.project)
        return project.workspace if project else ""
    return one.workspace


def _seen(world: World) -> dict[str, Mapping[str, Document]]:
    return {**tables(world), "USER_GROUPS": world.groups}


class Happening(NamedTuple):
    """Something that was made, changed or removed: how it is or last was, what it was before (if it was), and its workspace."""

    act: Act
    table: str
    now: Document
    was: Document | None
    home: str


@contextmanager
def watched(world: World, now: datetime) -> Generator[list[Happening]]:
    """Keep in the world what changes in it; a write that is refused has changed nothing. The list holds it all once the write is done."""
    before = {name: {id: copy(one) for id, one in table.items()} for name, table in _seen(world).items()}
    homes = {id: home_of(world, one) for table in before.values() for id, one in table.items()}
    happened: list[Happening] = []
    yield happened
    for name, table in _seen(world).items():
        old = before[name]
        for id, one in table.items():
            if one != old.get(id):
                happened.append(Happening("updated" if id in old else "created", name, one, old.get(id), home_of(world, one)))
        happened += [Happening("deleted", name, one, one, homes[id]) for id, one in old.items() if id not in table]
    for one in happened:
        if one.table != "USER_GROUPS":  # of which the feed does not tell
            was = show(world, one.now) if one.act == "deleted" else {}
            world.changes.append(Change(act=one.act, table=one.table, id=one.now.id, workspace=one.home, at=now, was=was))
