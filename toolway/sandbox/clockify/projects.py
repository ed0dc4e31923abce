"""Projects: `getProjects`, `createNewProject`, `getProject`, `updateProject`, `deleteProject`."""

from datetime import timedelta
from typing import Annotated, Literal

import msgspec

from toolway.sandbox.clockify.house import (
    Amount,
    MemberStatus,
    PageNumber,
    PageSize,
    Row,
    Since,
    SortOrder,
    client_of,
    membership,
    money,
    named,
    ordered,
    page,
    period,
    person_of,
    project_of,
    refuse,
    workspace_of,
)
from toolway.sandbox.clockify.tasks import Length, make
from toolway.sandbox.clockify.tasks import New as NewTask
from toolway.sandbox.clockify.tasks import show as show_task
from toolway.sandbox.wire import Call, Reply, Route
from toolway.sandbox.world import Project, Workspace, World

Name = Annotated[str, msgspec.Meta(min_length=2, max_length=250)]
Color = Annotated[str, msgspec.Meta(pattern=r"^#[0-9a-fA-F]{6}$")]
Note = Annotated[str, msgspec.Meta(max_length=16384)]


class _One(msgspec.Struct, rename="kebab"):
    """No reply shows expenses or custom fields under a project: what is said about them is only read."""

    hydrated: bool = False
    expense_limit: int = 20
    expense_date: str | None = None
    custom_field_entity_type: str | None = None


class _Search(_One, rename="kebab"):
    name: str | None = None
    strict_name_search: bool = False
    archived: bool | None = None
    billable: bool | None = None
    clients: list[str] = []
    contains_client: bool = True
    client_status: Literal["ACTIVE", "ARCHIVED", "ALL"] | None = None
    users: list[str] = []
    contains_user: bool = True
    user_status: MemberStatus | None = None
    is_template: bool | None = None
    sort_column: Literal["ID", "NAME", "CLIENT_NAME", "DURATION", "BUDGET", "PROGRESS"] | None = None
    sort_order: SortOrder | None = None
    page: PageNumber = 1
    page_size: PageSize = 50
    access: Literal["PUBLIC", "PRIVATE"] | None = None
    user_groups: list[str] = msgspec.field(default_factory=list[str], name="userGroups")
    contains_group: bool = True


class _Rate(msgspec.Struct):
    amount: Amount
    since: Since | None = None


class _Estimate(msgspec.Struct):
    estimate: Length | None = None
    type: Literal["AUTO", "MANUAL"] = "AUTO"


class _Membership(msgspec.Struct, rename="camel"):
    user_id: str


class _Change(msgspec.Struct, rename="camel"):
    name: Name | None = None
    client_id: str | None = None
    color: Color | None = None
    billable: bool = False
    is_public: bool = False
    archived: bool | None = None
    note: Note | None = None
    hourly_rate: _Rate | None = None
    cost_rate: _Rate | None = None


class _New(_Change, rename="camel"):
    estimate: _Estimate | None = None
    memberships: list[_Membership] | None = None
    tasks: list[NewTask] | None = None


def show(world: World, project: Project, hydrated: bool = False) -> Row:
    """A project (schema ProjectDtoV1, with the client that the wire also carries)."""
    client = world.clients.get(project.client) if project.client else None
    currency = world.workspaces[project.workspace].currency
    row: Row = {
        "id": project.id,
        "name": project.name,
        "hourlyRate": money(project.rate, currency),
        "costRate": money(project.cost, currency),
        "clientId": project.client or "",
        "clientName": client.name if client else "",
        "workspaceId": project.workspace,
        "billable": project.billable,
        "memberships": [
            membership(person, project.id, "PROJECT", money(project.member_rates.get(person), currency)) for person in project.members
        ],
        "color": project.color,
        "estimate": {"estimate": project.estimate, "type": "AUTO" if project.estimate == "PT0S" else "MANUAL"},
        "timeEstimate": {
            "estimate": project.estimate,
            "type": "MANUAL",
            "resetOption": None,
            "active": project.estimate != "PT0S",
            "includeNonBillable": True,
        },
        "budgetEstimate": None,
        "archived": project.archived,
        "duration": period(_spent(world, project)),
        "note": project.note,
        "public": project.public,
        "template": False,
    }
    if hydrated:
        row["tasks"] = [show_task(world, task) for task in world.tasks.values() if task.project == project.id]
    return row


def _spent(world: World, project: Project) -> timedelta:
    """The time recorded on a project."""
    return sum((entry.end - entry.start for entry in world.entries.values() if entry.project == project.id and entry.end), timedelta())


def _free(world: World, workspace: Workspace, name: str, client: str | None, but: str = "") -> None:
    """A project's name is the only one of its kind under its client."""
    for other in world.projects.values():
        same = other.workspace == workspace.id and other.client == client and other.name.casefold() == name.casefold()
        if same and other.id != but:
            raise refuse(f"Project with name '{name}' already exists")


def _list(call: Call) -> Reply:
    asked, home, world = call.ask(_Search), workspace_of(call), call.world
    rows = [one for one in world.projects.values() if one.workspace == home.id and _fits(world, one, asked)]
    rows = named(rows, asked.name, asked.strict_name_search, lambda one: one.name)

    def key(one: Project) -> str:
        client = world.clients.get(one.client) if one.client else None
        words = {"ID": one.id, "CLIENT_NAME": client.name if client else "", "DURATION": f"{_spent(world, one).total_seconds():012.0f}"}
        return words.get(asked.sort_column or "NAME", one.name)

    return page(ordered(rows, key, asked.sort_order), asked.page, asked.page_size, lambda one: show(world, one, asked.hydrated))


def _fits(world: World, project: Project, asked: _Search) -> bool:
    """Whether a project passes the filters; one that is not given lets all pass."""
    client = world.clients.get(project.client) if project.client else None
    wanted_client = {"ACTIVE": False, "ARCHIVED": True}.get(asked.client_status or "ALL")
    return (
        asked.archived in (None, project.archived)
        and asked.billable in (None, project.billable)
        and asked.is_template in (None, False)
        and asked.access in (None, "PUBLIC" if project.public else "PRIVATE")
        and (not asked.clients or (project.client in asked.clients) == asked.contains_client)
        and (not asked.users or any(id in asked.users for id in project.members) == asked.contains_user)
        and (not asked.user_groups or any(_has_group(world, project, id) for id in asked.user_groups) == asked.contains_group)
        and (asked.user_status in (None, "ALL") or any(world.people[id].status == asked.user_status for id in project.members))
        and (wanted_client is None or (client is not None and client.archived == wanted_client))
    )


def _has_group(world: World, project: Project, id: str) -> bool:
    """Whether a group has members and all of them are on the project."""
    group = world.groups.get(id)
    return bool(group and group.members) and set(group.members if group else ()) <= set(project.members)


def _create(call: Call) -> Reply:
    home, given, world = workspace_of(call), call.read(_New), call.world
    if given.name is None:
        raise refuse("Project name has to be between 2 and 250 characters long")
    client = client_of(world, home, given.client_id).id if given.client_id else None
    members = [person_of(call, home, one.user_id).id for one in given.memberships or []]
    _free(world, home, given.name, client)
    project = Project(
        id=world.new_id(),
        workspace=home.id,
        name=given.name,
        client=client,
        color=given.color or "#03A9F4",
        billable=given.billable,
        public=given.is_public,
        note=given.note or "",
        rate=given.hourly_rate.amount if given.hourly_rate else None,
        cost=given.cost_rate.amount if given.cost_rate else None,
        estimate=(given.estimate.estimate if given.estimate else None) or "PT0S",
        members=list(dict.fromkeys([call.who, *members])),
    )
    made = [make(call, project, task) for task in given.tasks or []]
    world.tasks.update((task.id, task) for task in made)
    world.projects[project.id] = project
    return Reply(show(world, project), 201)


def _get(call: Call) -> Reply:
    project = project_of(call.world, workspace_of(call), call.places["projectId"])
    return Reply(show(call.world, project, call.ask(_One).hydrated))


def _update(call: Call) -> Reply:
    """What is not said stays, but for `billable` and `isPublic`, which fall back to false."""
    home, given, world = workspace_of(call), call.read(_Change), call.world
    project = project_of(world, home, call.places["projectId"])
    client = client_of(world, home, given.client_id).id if given.client_id else project.client
    _free(world, home, given.name or project.name, client, project.id)
    project.name, project.client = given.name or project.name, client
    project.color = given.color or project.color
    project.note = project.note if given.note is None else given.note
    project.archived = project.archived if given.archived is None else given.archived
    project.billable, project.public = given.billable, given.is_public
    project.rate = given.hourly_rate.amount if given.hourly_rate else project.rate
    project.cost = given.cost_rate.amount if given.cost_rate else project.cost
    return Reply(show(world, project))


def _delete(call: Call) -> Reply:
    world = call.world
    project = project_of(world, workspace_of(call), call.places["projectId"])
    if not project.archived:
        raise refuse("Project is active: it has to be archived before it is deleted")
    row = show(world, project)
    del world.projects[project.id]
    world.tasks = {id: task for id, task in world.tasks.items() if task.project != project.id}
    for entry in world.entries.values():
        if entry.project == project.id:
            entry.project = entry.task = None
    return Reply(row)


ROUTES = (
    Route("GET", "/v1/workspaces/{workspaceId}/projects", _list),
    Route("POST", "/v1/workspaces/{workspaceId}/projects", _create, writes=True, admin=True),
    Route("GET", "/v1/workspaces/{workspaceId}/projects/{projectId}", _get),
    Route("PUT", "/v1/workspaces/{workspaceId}/projects/{projectId}", _update, writes=True, admin=True),
    Route("DELETE", "/v1/workspaces/{workspaceId}/projects/{projectId}", _delete, writes=True, admin=True),
)
