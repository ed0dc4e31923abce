"""Workspaces: `getWorkspacesOfUser`, `createWorkspace`, `getWorkspaceOfUser`."""

from typing import Annotated, Literal

import msgspec

from toolway.sandbox.clockify.house import Row, currency_id, membership, money, stamp, workspace_of
from toolway.sandbox.clockify.plans import features
from toolway.sandbox.wire import Call, Reply, Route
from toolway.sandbox.world import Workspace, hex_id

Role = Literal["WORKSPACE_ADMIN", "OWNER", "TEAM_MANAGER", "PROJECT_MANAGER"]

_DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY")


class _Search(msgspec.Struct):
    roles: list[Role] = []


class _New(msgspec.Struct, rename="camel"):
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=50)]
    organization_id: str | None = None


def show(workspace: Workspace) -> Row:
    """A workspace (schema WorkspaceDtoV1)."""
    return {
        "id": workspace.id,
        "name": workspace.name,
        "hourlyRate": money(workspace.rate, workspace.currency),
        "costRate": None,
        "currencies": [{"id": currency_id(code), "code": code, "isDefault": code == workspace.currency} for code in ("USD", "EUR", "GBP")],
        "memberships": [membership(person, workspace.id, "WORKSPACE") for person in workspace.members],
        "workspaceSettings": _settings(workspace),
        "imageUrl": "",
        "featureSubscriptionType": workspace.plan,
        "features": features(workspace),
        "subdomain": {"enabled": workspace.subdomain is not None, "name": workspace.subdomain},
        "cakeOrganizationId": hex_id("organization"),
    }


def _settings(workspace: Workspace) -> Row:
    """How a workspace is set up (schema WorkspaceSettingsDtoV1)."""
    return {
        "timeRoundingInReports": False,
        "onlyAdminsSeeBillableRates": True,
        "onlyAdminsCreateProject": True,
        "onlyAdminsSeeDashboard": False,
        "defaultBillableProjects": True,
        "lockTimeEntries": stamp(workspace.locked) if workspace.locked else None,
        "lockTimeZone": None,
        "round": {"round": "Round to nearest", "minutes": "15"},
        "projectFavorites": True,
        "canSeeTimeSheet": True,
        "canSeeTracker": True,
        "projectPickerSpecialFilter": False,
        "forceProjects": "projects" in workspace.forced,
        "forceTasks": "tasks" in workspace.forced,
        "forceTags": "tags" in workspace.forced,
        "forceDescription": "description" in workspace.forced,
        "onlyAdminsSeeAllTimeEntries": False,
        "onlyAdminsSeePublicProjectsEntries": False,
        "trackTimeDownToSecond": True,
        "projectGroupingLabel": "client",
        "projectLabel": "project",
        "taskLabel": "task",
        "adminOnlyPages": [],
        "automaticLock": None,
        "onlyAdminsCreateTag": False,
        "onlyAdminsCreateTask": False,
        "timeTrackingMode": "DEFAULT",
        "multiFactorEnabled": False,
        "numberFormat": "COMMA_PERIOD",
        "currencyFormat": "CURRENCY_SPACE_VALUE",
        "durationFormat": "FULL",
        "isProjectPublicByDefault": True,
        "activeBillableHours": True,
        "workingDays": list(_DAYS),
    }


def _list(call: Call) -> Reply:
    wanted = call.ask(_Search).roles
    mine = [one for one in call.world.workspaces.values() if call.who in one.members]
    return Reply([show(one) for one in mine if not wanted or one.members[call.who] in wanted])


def _create(call: Call) -> Reply:
    """A new workspace is on the free plan."""
    made = Workspace(id=call.world.new_id(), name=call.read(_New).name, members={call.who: "OWNER"}, rate=0, plan="FREE")
    call.world.workspaces[made.id] = made
    return Reply(show(made), 201)


def _get(call: Call) -> Reply:
    return Reply(show(workspace_of(call)))


ROUTES = (
    Route("GET", "/v1/workspaces", _list),
    Route("POST", "/v1/workspaces", _create, writes=True),
    Route("GET", "/v1/workspaces/{workspaceId}", _get),
)
