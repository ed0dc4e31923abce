"""User groups: `getUserGroups`, `createUserGroup`, `updateUserGroup`, `deleteUserGroup`, `addUser`, `deleteUser`."""

from typing import Annotated, Literal

import msgspec

from toolway.sandbox.clockify.house import (
    PageNumber,
    PageSize,
    Row,
    SortOrder,
    foreign,
    named,
    ordered,
    page,
    person_of,
    project_of,
    refuse,
    workspace_of,
)
from toolway.sandbox.wire import Call, Reply, Route
from toolway.sandbox.world import Group, Workspace, World


class _Search(msgspec.Struct, rename="kebab"):
    project_id: str | None = None
    name: str | None = None
    sort_column: Literal["ID", "NAME"] | None = None
    sort_order: SortOrder | None = None
    page: PageNumber = 1
    page_size: PageSize = 50
    include_team_managers: bool = msgspec.field(default=False, name="includeTeamManagers")


class _Named(msgspec.Struct):
    name: Annotated[str, msgspec.Meta(max_length=100)] | None = None


class _Member(msgspec.Struct, rename="camel"):
    user_id: str


def show(group: Group) -> Row:
    """A group (schema UserGroupDtoV1)."""
    return {"id": group.id, "name": group.name, "workspaceId": group.workspace, "userIds": group.members, "teamManagers": list[Row]()}


def _with_managers(world: World, group: Group) -> Row:
    """A group with those who manage it."""
    chiefs = [world.people[id] for id in group.managers]
    return {**show(group), "teamManagers": [{"id": one.id, "name": one.name} for one in chiefs]}


def _group(call: Call, place: str) -> Group:
    """The group that the path names."""
    found = call.world.groups.get(call.places[place])
    if found is None or found.workspace != workspace_of(call).id:
        raise foreign("User group")
    return found


def _name(world: World, workspace: Workspace, name: str | None, but: str = "") -> str:
    """The name, if there is one and no other group of the workspace has it."""
    if not name or not name.strip():
        raise refuse("User group name has to be between 1 and 100 characters long")
    for other in world.groups.values():
        if other.workspace == workspace.id and other.id != but and other.name.casefold() == name.casefold():
            raise refuse(f"User group with name '{name}' already exists")
    return name


def _list(call: Call) -> Reply:
    asked, home = call.ask(_Search), workspace_of(call)
    rows = [one for one in call.world.groups.values() if one.workspace == home.id]
    if asked.project_id:
        project = project_of(call.world, home, asked.project_id)
        rows = [one for one in rows if any(id in project.members for id in one.members)]
    rows = named(rows, asked.name, False, lambda one: one.name)
    rows = ordered(rows, lambda one: one.id if asked.sort_column == "ID" else one.name, asked.sort_order)
    return page(rows, asked.page, asked.page_size, (lambda one: _with_managers(call.world, one)) if asked.include_team_managers else show)


def _create(call: Call) -> Reply:
    home, world = workspace_of(call), call.world
    name = _name(world, home, call.read(_Named).name)
    group = Group(id=world.new_id(), workspace=home.id, name=name)
    world.groups[group.id] = group
    return Reply(show(group), 201)


def _update(call: Call) -> Reply:
    group = _group(call, "id")
    group.name = _name(call.world, workspace_of(call), call.read(_Named).name, group.id)
    return Reply(show(group))


def _delete(call: Call) -> Reply:
    group = _group(call, "id")
    del call.world.groups[group.id]
    return Reply(show(group))


def _add(call: Call) -> Reply:
    """Adding a member twice is harmless."""
    group = _group(call, "userGroupId")
    person = person_of(call, workspace_of(call), call.read(_Member).user_id)
    group.members = list(dict.fromkeys([*group.members, person.id]))
    return Reply(show(group))


def _remove(call: Call) -> Reply:
    group = _group(call, "userGroupId")
    if call.places["userId"] not in group.members:
        raise refuse("User doesn't belong to User group")
    group.members = [id for id in group.members if id != call.places["userId"]]
    return Reply(show(group))


_PATH = "/v1/workspaces/{workspaceId}/user-groups"
ROUTES = (
    Route("GET", _PATH, _list),
    Route("POST", _PATH, _create, writes=True, admin=True),
    Route("PUT", _PATH + "/{id}", _update, writes=True, admin=True),
    Route("DELETE", _PATH + "/{id}", _delete, writes=True, admin=True),
    Route("POST", _PATH + "/{userGroupId}/users", _add, writes=True, admin=True),
    Route("DELETE", _PATH + "/{userGroupId}/users/{userId}", _remove, writes=True, admin=True),
)
