"""People: `getLoggedUser`, `getUsersOfWorkspace`, `filterUsersOfWorkspace`."""

from typing import Literal

import msgspec

from toolway.sandbox.clockify.house import (
    MemberStatus,
    PageNumber,
    PageSize,
    Row,
    SortOrder,
    membership,
    money,
    named,
    ordered,
    page,
    project_of,
    workspace_of,
)
from toolway.sandbox.clockify.workspaces import Role
from toolway.sandbox.wire import Call, Reply, Route
from toolway.sandbox.world import Person, Workspace, World, hex_id

Memberships = Literal["ALL", "NONE", "WORKSPACE", "PROJECT", "USERGROUP"]
SortColumn = Literal["ID", "EMAIL", "NAME", "NAME_LOWERCASE", "ACCESS", "HOURLYRATE", "COSTRATE"]


class _Me(msgspec.Struct, rename="kebab"):
    include_memberships: bool = False


class _Search(msgspec.Struct, rename="camel"):
    """The body of `filterUsersOfWorkspace`, which pages in the body."""

    email: str | None = None
    name: str | None = None
    status: MemberStatus | None = None
    account_statuses: list[str] | None = None
    project_id: str | None = None
    roles: list[Role] | None = None
    user_groups: list[str] | None = None
    memberships: Memberships = "NONE"
    include_roles: bool = False
    sort_column: SortColumn | None = None
    sort_order: SortOrder | None = None
    page: PageNumber = 1
    page_size: PageSize = 50


class _Listing(_Search, rename="kebab"):
    """The query of `getUsersOfWorkspace`."""


def show(world: World, person: Person, memberships: Memberships = "NONE") -> Row:
    """A user (schema UserDtoV1)."""
    homes = [workspace.id for workspace in world.workspaces.values() if person.id in workspace.members]
    return {
        "id": person.id,
        "email": person.email,
        "name": person.name,
        "memberships": _memberships(world, person, memberships),
        "profilePicture": f"https://img.example.com/people/{person.name.lower()}.png",
        "activeWorkspace": homes[0] if homes else None,
        "defaultWorkspace": homes[0] if homes else None,
        "settings": _settings(person.zone or world.zone),
        "status": person.status,
        "customFields": [],
    }


def _memberships(world: World, person: Person, kind: Memberships) -> list[Row]:
    """Where somebody belongs, as far as asked."""
    rows: list[Row] = []
    if kind in ("ALL", "WORKSPACE"):
        for workspace in world.workspaces.values():
            if person.id in workspace.members:
                rows.append(membership(person.id, workspace.id, "WORKSPACE", money(person.rate, workspace.currency)))
    if kind in ("ALL", "PROJECT"):
        rows += [membership(person.id, project.id, "PROJECT") for project in world.projects.values() if person.id in project.members]
    if kind in ("ALL", "USERGROUP"):
        rows += [membership(person.id, group.id, "USERGROUP") for group in world.groups.values() if person.id in group.members]
    return rows


_OFF = (
    "alerts",
    "approval",
    "collapseAllProjectLists",
    "groupSimilarEntriesDisabled",
    "invoiceReminders",
    "multiFactorEnabled",
    "onboarding",
    "projectPickerTaskFilter",
    "pto",
    "reminders",
    "scheduledReports",
    "scheduling",
    "showOnlyWorkingDays",
)


def _settings(zone: str) -> Row:
    """A person's own settings (schema UserSettingsDtoV1); the zone decides what `today` is."""
    return {
        **dict.fromkeys(_OFF, False),
        "weekStart": "MONDAY",
        "timeZone": zone,
        "timeFormat": "HOUR24",
        "dateFormat": "YYYY-MM-DD",
        "sendNewsletter": False,
        "weeklyUpdates": False,
        "longRunning": False,
        "timeTrackingManual": False,
        "summaryReportSettings": {"group": "Project", "subgroup": "Time Entry"},
        "isCompactViewOn": False,
        "dashboardSelection": "ME",
        "dashboardViewType": "PROJECT",
        "dashboardPinToTop": False,
        "projectListCollapse": 50,
        "myStartOfDay": "09:00",
        "lang": "EN",
        "theme": "DEFAULT",
    }


def sort(workspace: Workspace, people: list[Person], column: SortColumn | None, order: SortOrder | None) -> list[Person]:
    """People by a column, by e-mail address unless told otherwise."""

    def key(one: Person) -> str:
        words = {
            "ID": one.id,
            "NAME": one.name,
            "NAME_LOWERCASE": one.name,
            "ACCESS": workspace.members[one.id],
            "HOURLYRATE": f"{one.rate:012}",
            "COSTRATE": f"{one.cost:012}",
        }
        return words.get(column or "EMAIL", one.email)

    return ordered(people, key, order)


def _me(call: Call) -> Reply:
    asked = call.ask(_Me)
    return Reply(show(call.world, call.me, "ALL" if asked.include_memberships else "NONE"))


def _filter(call: Call) -> Reply:
    return _search(call, workspace_of(call), call.read(_Search))


def _list(call: Call) -> Reply:
    return _search(call, workspace_of(call), call.ask(_Listing))


def _search(call: Call, workspace: Workspace, asked: _Search) -> Reply:
    """The members that match, sorted by e-mail address unless told otherwise. Owners count as administrators here."""
    world, roles = call.world, set[str](asked.roles or ())
    if "WORKSPACE_ADMIN" in roles:
        roles.add("OWNER")
    people = [world.people[id] for id, role in workspace.members.items() if not roles or role in roles]
    people = named(people, asked.name, False, lambda one: one.name)
    people = named(people, asked.email, False, lambda one: one.email)
    if asked.status not in (None, "ALL"):
        people = [one for one in people if one.status == asked.status]
    if asked.account_statuses:
        people = [one for one in people if one.status in asked.account_statuses]
    if asked.project_id:
        project = project_of(world, workspace, asked.project_id)
        people = [one for one in people if project.public or one.id in project.members]
    if asked.user_groups:
        inside = {id for group in asked.user_groups if group in world.groups for id in world.groups[group].members}
        people = [one for one in people if one.id in inside]

    def row(one: Person) -> Row:
        shown = show(world, one, asked.memberships)
        if asked.include_roles:
            role = workspace.members[one.id]
            shown["roles"] = [{"role": role, "userId": one.id, "workspaceId": workspace.id, "id": hex_id("role", role), "entities": []}]
        return shown

    return page(sort(workspace, people, asked.sort_column, asked.sort_order), asked.page, asked.page_size, row)


ROUTES = (
    Route("GET", "/v1/user", _me),
    Route("GET", "/v1/workspaces/{workspaceId}/users", _list),
    Route("POST", "/v1/workspaces/{workspaceId}/users/info", _filter),
)
