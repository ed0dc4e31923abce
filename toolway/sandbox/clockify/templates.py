"""Templates of a week, deprecated by the vendor: `getTemplates`, `createMany`, `getTemplate`, `update`, `delete_1`.

Nobody has proof that the real service still answers these; they are played as the document has them.
"""

from datetime import date, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec

from toolway.sandbox.clockify import entries, projects, tasks
from toolway.sandbox.clockify.house import (
    PageNumber,
    PageSize,
    Row,
    entry_of,
    named,
    ordered,
    owned,
    page,
    period,
    project_of,
    stamp,
    task_of,
    workspace_of,
)
from toolway.sandbox.wire import Call, Reply, Route
from toolway.sandbox.world import Entry, Template, World

Word = Annotated[str, msgspec.Meta(min_length=1)]


class _Pair(msgspec.Struct, rename="camel"):
    project_id: Word
    task_id: str | None = None
    type: str | None = None


class _New(msgspec.Struct, rename="camel"):
    name: Word
    projects_and_tasks: list[_Pair]
    time_entry_ids: list[str] = []
    week_start: date | None = None


class _Rename(msgspec.Struct):
    name: Word


class _One(msgspec.Struct):
    cleansed: bool = False
    hydrated: bool = False


class _Search(_One, rename="kebab"):
    name: str | None = None
    page: PageNumber = 1
    page_size: PageSize = 50


def show(template: Template) -> Row:
    """A template as a list names it (schema TemplateDto)."""
    return {"id": template.id, "name": template.name, "userId": template.person, "workspaceId": template.workspace}


def _show_whole(world: World, template: Template) -> Row:
    """A template as a write answers it (schema TemplateDtoImpl)."""
    inside = [world.entries[id] for id in template.entries if id in world.entries]
    return {
        **show(template),
        "projectsAndTasks": [{"projectId": project, "taskId": task} for project, task in template.pairs],
        "entries": [_show_entry(world, one) for one in inside],
        "weekStart": template.week.isoformat() if template.week else None,
    }


def _show_entry(world: World, entry: Entry) -> Row:
    """An entry of a template; its times stand in it twice, the second time by the clock of its person."""
    name = world.people[entry.person].zone or world.zone
    end = entry.end or entry.start
    start_there, end_there = entry.start.astimezone(ZoneInfo(name)), end.astimezone(ZoneInfo(name))
    span: Row = {
        "start": stamp(entry.start),
        "end": stamp(end),
        "duration": period(end - entry.start),
        "timeZone": name,
        "zonedStart": start_there.replace(tzinfo=None).isoformat(),
        "zonedEnd": end_there.replace(tzinfo=None).isoformat(),
        "offsetStart": int((start_there.utcoffset() or timedelta()).total_seconds()),
        "offsetEnd": int((end_there.utcoffset() or timedelta()).total_seconds()),
    }
    return {**entries.show(world, entry), "timeInterval": span}


def _show_for(call: Call, asked: _One, template: Template) -> Row:
    """A template as it is read: hydrated, its projects and tasks stand in it; cleansed, only those that are active."""
    if not asked.hydrated:
        return show(template)
    world = call.world
    pairs: list[Row] = []
    for id, task_id in template.pairs:
        project, task = world.projects.get(id), world.tasks.get(task_id) if task_id else None
        active = project is not None and not project.archived and (task is None or task.status == "ACTIVE")
        if project and (active or not asked.cleansed):
            pairs.append({"project": projects.show(world, project), "task": tasks.show(world, task) if task else None})
    return {**show(template), "projectsAndTasks": pairs}


def _template(call: Call) -> Template:
    return owned(call.world.templates, workspace_of(call), call.places["templateId"], "Template")


def _list(call: Call) -> Reply:
    asked, home = call.ask(_Search), workspace_of(call)
    rows = [one for one in call.world.templates.values() if one.workspace == home.id]
    rows = ordered(named(rows, asked.name, False, lambda one: one.name), lambda one: one.name, None)
    return page(rows, asked.page, asked.page_size, lambda one: _show_for(call, asked, one))


def _create(call: Call) -> Reply:
    """A bare list; all of it is checked before any of it is kept. The document says 200, not 201."""
    home, world = workspace_of(call), call.world
    made: list[Template] = []
    for given in call.read(list[_New]):
        pairs: list[tuple[str, str | None]] = []
        for pair in given.projects_and_tasks:
            project = project_of(world, home, pair.project_id)
            pairs.append((project.id, task_of(world, project, pair.task_id).id if pair.task_id else None))
        copies = [entry_of(world, home, id).id for id in given.time_entry_ids]
        id = world.new_id()
        made.append(
            Template(id=id, workspace=home.id, person=call.who, name=given.name, pairs=pairs, entries=copies, week=given.week_start)
        )
    world.templates.update((one.id, one) for one in made)
    return Reply([_show_whole(world, one) for one in made])


def _get(call: Call) -> Reply:
    return Reply(_show_for(call, call.ask(_One), _template(call)))


def _rename(call: Call) -> Reply:
    template = _template(call)
    template.name = call.read(_Rename).name
    return Reply(_show_whole(call.world, template))


def _delete(call: Call) -> Reply:
    template = _template(call)
    del call.world.templates[template.id]
    return Reply(_show_whole(call.world, template))


_PATH = "/v1/workspaces/{workspaceId}/templates"
ROUTES = (
    Route("GET", _PATH, _list),
    Route("POST", _PATH, _create, writes=True),
    Route("GET", _PATH + "/{templateId}", _get),
    Route("PATCH", _PATH + "/{templateId}", _rename, writes=True),
    Route("DELETE", _PATH + "/{templateId}", _delete, writes=True),
)
