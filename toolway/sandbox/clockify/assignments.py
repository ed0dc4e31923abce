"""Scheduled work: `getAllAssignments`. The window is due and is a wall clock; whatever has a moment in it is listed."""

from typing import Literal

import msgspec

from toolway.sandbox.clockify.house import PageNumber, PageSize, Row, SortOrder, absent, ordered, page, refuse, stamp, wall, workspace_of
from toolway.sandbox.wire import Call, Reply, Route
from toolway.sandbox.world import Assignment, World


class _Search(msgspec.Struct, rename="kebab"):
    name: str = ""
    start: str | None = None
    end: str | None = None
    sort_column: Literal["PROJECT", "USER", "ID"] | None = None
    sort_order: SortOrder | None = None
    page: PageNumber = 1
    page_size: PageSize = 50


def show(world: World, one: Assignment) -> Row:
    """An assignment with the names of what it is about (schema AssignmentHydratedDtoV1)."""
    project = world.projects.get(one.project)
    client = world.clients.get(project.client) if project and project.client else None
    task = world.tasks.get(one.task) if one.task else None
    return {
        "id": one.id,
        "workspaceId": one.workspace,
        "userId": one.person,
        "userName": world.people[one.person].name,
        "projectId": one.project,
        "projectName": project.name if project else None,
        "projectColor": project.color if project else None,
        "projectArchived": project.archived if project else True,
        "projectBillable": project.billable if project else False,
        "clientId": client.id if client else None,
        "clientName": client.name if client else None,
        "taskId": one.task,
        "taskName": task.name if task else None,
        "billable": one.billable,
        "hoursPerDay": one.hours,
        "note": one.note,
        "period": {"start": stamp(one.start), "end": stamp(one.end)},
        "startTime": None,
    }


def _list(call: Call) -> Reply:
    """`name` is looked for in the names of project, task and person: the document says only that it filters by name."""
    asked, home, world = call.ask(_Search), workspace_of(call), call.world
    if not asked.start or not asked.end:
        raise absent("end" if asked.start else "start")
    begin, end = wall(asked.start, call.zone), wall(asked.end, call.zone)
    if end < begin:
        raise refuse("Start date must not be after end date")
    rows = [one for one in world.assignments.values() if one.workspace == home.id and one.start <= end and one.end >= begin]

    def names(one: Assignment) -> tuple[str, str, str]:
        shown = show(world, one)
        return str(shown["projectName"] or ""), str(shown["userName"]), str(shown["taskName"] or "")

    rows = [one for one in rows if any(asked.name.casefold() in name.casefold() for name in names(one))]

    def key(one: Assignment) -> str:
        project, user, _ = names(one)
        return {"PROJECT": project, "USER": user}.get(asked.sort_column or "ID", one.id)

    return page(ordered(rows, key, asked.sort_order), asked.page, asked.page_size, lambda one: show(world, one))


ROUTES = (Route("GET", "/v1/workspaces/{workspaceId}/scheduling/assignments/all", _list, feature="SCHEDULING"),)
