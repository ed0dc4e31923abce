"""Tasks of a project: `getTasks`, `createTask`, `getTask`, `updateTask`, `deleteTask`."""

from datetime import timedelta
from typing import Annotated, Literal

import msgspec

from toolway.sandbox.clockify.house import (
    MemberStatus,
    PageNumber,
    PageSize,
    Row,
    SortOrder,
    named,
    ordered,
    owned,
    page,
    period,
    person_of,
    project_of,
    refuse,
    task_of,
    workspace_of,
)
from toolway.sandbox.wire import Call, Reply, Route
from toolway.sandbox.world import Project, Task, World

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
Length = Annotated[str, msgspec.Meta(pattern=r"^P(?=.)(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+S)?)?$")]
Status = Literal["ACTIVE", "DONE", "ALL"]


class _Search(msgspec.Struct, rename="kebab"):
    name: str | None = None
    strict_name_search: bool = False
    is_active: bool | None = None
    page: PageNumber = 1
    page_size: PageSize = 50
    sort_column: Literal["ID", "NAME"] | None = None
    sort_order: SortOrder | None = None


class New(msgspec.Struct, rename="camel"):
    """A task as it is created, alone or inside a new project."""

    name: Name
    id: str | None = None
    """The document has it; a task gets an id of the vendor's all the same."""
    assignee_id: str | None = None
    assignee_ids: list[str] | None = None
    user_group_ids: list[str] | None = None
    budget_estimate: Annotated[int, msgspec.Meta(ge=0)] | None = None
    estimate: Length | None = None
    status: Status = "ACTIVE"
    billable: bool | None = None


class _Assignees(msgspec.Struct, rename="kebab"):
    """False: the task has no assignee, whatever the body names. What `membership-status` does is not told: it changes nothing."""

    contains_assignee: bool = True
    membership_status: MemberStatus | None = None


def show(world: World, task: Task) -> Row:
    """A task (schema TaskDtoV1)."""
    spent = (entry.end - entry.start for entry in world.entries.values() if entry.task == task.id and entry.end)
    return {
        "id": task.id,
        "name": task.name,
        "projectId": task.project,
        "assigneeIds": task.assignees,
        "assigneeId": task.assignees[0] if task.assignees else None,
        "userGroupIds": task.groups,
        "estimate": task.estimate,
        "status": task.status,
        "budgetEstimate": task.budget,
        "billable": task.billable,
        "hourlyRate": None,
        "costRate": None,
        "duration": period(sum(spent, timedelta())),
    }


def make(call: Call, project: Project, given: New) -> Task:
    """A new task for a project, not yet in the world."""
    _free(call.world, project, given.name)
    task = Task(id=call.world.new_id(), project=project.id, name=given.name, billable=project.billable)
    _fill(call, task, given)
    return task


def _fill(call: Call, task: Task, given: New) -> None:
    """Put what is given into the task; what is not given is wiped."""
    assignees = given.assignee_ids or ([given.assignee_id] if given.assignee_id else [])
    home = workspace_of(call)
    known = [person_of(call, home, id).id for id in assignees]
    groups = [owned(call.world.groups, home, id, "User group").id for id in given.user_group_ids or []]
    task.assignees = known if call.ask(_Assignees).contains_assignee else []
    task.name, task.estimate, task.budget = given.name, given.estimate, given.budget_estimate
    task.groups = groups
    task.status = "DONE" if given.status == "DONE" else "ACTIVE"
    task.billable = task.billable if given.billable is None else given.billable


def _free(world: World, project: Project, name: str, but: str = "") -> None:
    """A task's name is the only one of its kind in the project."""
    for other in world.tasks.values():
        if other.project == project.id and other.id != but and other.name.casefold() == name.casefold():
            raise refuse(f"Task with name '{name}' already exists")


def _project(call: Call) -> Project:
    return project_of(call.world, workspace_of(call), call.places["projectId"])


def _task(call: Call) -> Task:
    return task_of(call.world, _project(call), call.places["taskId"])


def _list(call: Call) -> Reply:
    asked, project = call.ask(_Search), _project(call)
    rows = [one for one in call.world.tasks.values() if one.project == project.id]
    rows = [one for one in rows if asked.is_active in (None, one.status == "ACTIVE")]
    rows = named(rows, asked.name, asked.strict_name_search, lambda one: one.name)
    rows = ordered(rows, lambda one: one.id if asked.sort_column == "ID" else one.name, asked.sort_order)
    return page(rows, asked.page, asked.page_size, lambda one: show(call.world, one))


def _create(call: Call) -> Reply:
    task = make(call, _project(call), call.read(New))
    call.world.tasks[task.id] = task
    return Reply(show(call.world, task), 201)


def _get(call: Call) -> Reply:
    return Reply(show(call.world, _task(call)))


def _update(call: Call) -> Reply:
    """What is not said is wiped, `billable` too."""
    given, task = call.read(New), _task(call)
    _free(call.world, _project(call), given.name, task.id)
    _fill(call, task, given)
    task.billable = bool(given.billable)
    return Reply(show(call.world, task))


def _delete(call: Call) -> Reply:
    task = _task(call)
    if task.status != "DONE":
        raise refuse("Task is active: it has to be done before it is deleted")
    row = show(call.world, task)
    del call.world.tasks[task.id]
    for entry in call.world.entries.values():
        entry.task = None if entry.task == task.id else entry.task
    return Reply(row)


_PATH = "/v1/workspaces/{workspaceId}/projects/{projectId}/tasks"
ROUTES = (
    Route("GET", _PATH, _list),
    Route("POST", _PATH, _create, writes=True),
    Route("GET", _PATH + "/{taskId}", _get),
    Route("PUT", _PATH + "/{taskId}", _update, writes=True, admin=True),
    Route("DELETE", _PATH + "/{taskId}", _delete, writes=True, admin=True),
)
