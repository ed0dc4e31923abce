"""Entries as they are shown when hydrated: the things that they name stand in them."""

from toolway.sandbox.clockify import projects, tags, tasks, users
from toolway.sandbox.clockify.house import Row
from toolway.sandbox.world import Entry, World


def hydrate(world: World, entry: Entry, row: Row) -> Row:
    """A shown entry with its project, task, tags and person."""
    return {
        **row,
        "project": projects.show(world, world.projects[entry.project]) if entry.project else None,
        "task": tasks.show(world, world.tasks[entry.task]) if entry.task else None,
        "tags": [tags.show(world.tags[id]) for id in entry.tags],
        "user": users.show(world, world.people[entry.person]),
    }
