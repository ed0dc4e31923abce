"""Who works where and at which rate: `getMemberProfile`, `getManagersOfUser`, `updateMemberships` and the three hourly rates."""

from typing import Literal

import msgspec

from toolway.sandbox.clockify import projects, users, workspaces
from toolway.sandbox.clockify.house import (
    Amount,
    PageNumber,
    PageSize,
    Since,
    SortOrder,
    currency_id,
    owned,
    page,
    person_of,
    project_of,
    refuse,
    workspace_of,
)
from toolway.sandbox.clockify.users import SortColumn
from toolway.sandbox.wire import Call, Reply, Route

_CURRENCIES = {code: currency_id(code) for code in ("USD", "EUR", "GBP")}


class _Rate(msgspec.Struct):
    amount: Amount
    since: Since | None = None


class _RateWithCurrency(_Rate, kw_only=True):
    currency: str


class _Membership(msgspec.Struct, rename="camel"):
    user_id: str
    hourly_rate: _Rate | None = None


class _Groups(msgspec.Struct):
    """Some groups, whose members join too."""

    ids: list[str] = []
    contains: Literal["CONTAINS", "DOES_NOT_CONTAIN"] = "CONTAINS"
    status: Literal["ALL", "ACTIVE", "INACTIVE"] = "ALL"


class _Memberships(msgspec.Struct, rename="camel"):
    memberships: list[_Membership]
    user_groups: _Groups | None = None


class _Pages(msgspec.Struct, rename="kebab"):
    sort_column: SortColumn | None = None
    sort_order: SortOrder | None = None
    page: PageNumber = 1
    page_size: PageSize = 50


def _profile(call: Call) -> Reply:
    """Somebody as the others see them (schema MemberProfileDtoV1)."""
    person = person_of(call, workspace_of(call), call.places["userId"])
    return Reply(
        {
            "email": person.email,
            "name": person.name,
            "imageUrl": f"https://img.example.com/people/{person.name.lower()}.png",
            "hasPassword": True,
            "hasPendingApprovalRequest": False,
            "userCustomFieldValues": [],
            "weekStart": "MONDAY",
            "workCapacity": "PT8H",
            "workingDays": ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"],
            "workspaceNumber": None,
        }
    )


def _managers(call: Call) -> Reply:
    """The owner and the administrators look after everybody else."""
    home, asked = workspace_of(call), call.ask(_Pages)
    person = person_of(call, home, call.places["userId"])
    chiefs = [call.world.people[id] for id, role in home.members.items() if role in ("OWNER", "WORKSPACE_ADMIN") and id != person.id]
    if asked.sort_column or asked.sort_order:
        chiefs = users.sort(home, chiefs, asked.sort_column, asked.sort_order)
    return page(chiefs, asked.page, asked.page_size, lambda one: users.show(call.world, one))


def _project_members(call: Call) -> Reply:
    """The whole list is replaced (so the reference believes, without proof); the members of the groups that are named join."""
    home, given = workspace_of(call), call.read(_Memberships)
    project = project_of(call.world, home, call.places["projectId"])
    rates = {person_of(call, home, one.user_id).id: one.hourly_rate for one in given.memberships}
    named = given.user_groups if given.user_groups and given.user_groups.contains == "CONTAINS" else _Groups()
    grouped = [id for group in named.ids for id in owned(call.world.groups, home, group, "User group").members]
    project.members = list(dict.fromkeys([*rates, *grouped]))
    project.member_rates = {id: rate.amount for id, rate in rates.items() if rate}
    return Reply(projects.show(call.world, project))


def _project_member_rate(call: Call) -> Reply:
    home, given = workspace_of(call), call.read(_Rate)
    project = project_of(call.world, home, call.places["projectId"])
    if call.places["userId"] not in project.members:
        raise refuse("User doesn't belong to Project")
    project.member_rates = {**project.member_rates, call.places["userId"]: given.amount}
    return Reply(projects.show(call.world, project))


def _member_rate(call: Call) -> Reply:
    home, given = workspace_of(call), call.read(_Rate)
    person_of(call, home, call.places["userId"]).rate = given.amount
    return Reply(workspaces.show(home))


def _workspace_rate(call: Call) -> Reply:
    home, given = workspace_of(call), call.read(_RateWithCurrency)
    if given.currency not in _CURRENCIES:
        raise refuse("Currency doesn't belong to Workspace")
    home.rate, home.currency = given.amount, given.currency
    return Reply(workspaces.show(home))


_PATH = "/v1/workspaces/{workspaceId}"
ROUTES = (
    Route("GET", _PATH + "/member-profile/{userId}", _profile),
    Route("GET", _PATH + "/users/{userId}/managers", _managers),
    Route("PATCH", _PATH + "/projects/{projectId}/memberships", _project_members, writes=True, admin=True),
    Route("PUT", _PATH + "/projects/{projectId}/users/{userId}/hourly-rate", _project_member_rate, writes=True, admin=True),
    Route("PUT", _PATH + "/users/{userId}/hourly-rate", _member_rate, writes=True, admin=True),
    Route("PUT", _PATH + "/hourly-rate", _workspace_rate, writes=True, admin=True),
)
