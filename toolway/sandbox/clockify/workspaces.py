"""Workspaces: `getWorkspacesOfUser`, `createWorkspace`, `getWorkspaceOfUser`."""

from typing import Annotated, Literal

import msgspec

from toolway.sandbox.clockify.house import Row, currency_id, membership, money, workspace_of
from toolway.sandbox.wire import Call, Reply, Route
from toolway.sandbox.world import Workspace, hex_id

Role = Literal["WORKSPACE_ADMIN", "OWNER", "TEAM_MANAGER", "PROJECT_MANAGER"]

_FEATURES = ("ADD_TIME_FOR_OTHERS", "BULK_EDIT", "LABOR_COST", "HISTORIC_RATES", "TIME_TRACKING", "SHARED_REPORTS", "CSV_EXPORT")
_DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY")


class _Search(msgspec.Struct):
    roles: list[Role] = []


class _New(msgspec.Struct):
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=50)]


def show(workspace: Workspace) -> Row:
    """A workspace (schema WorkspaceDtoV1)."""
    return {
        "id": workspace.id,
        "name": workspace.name,
        "hourlyRate": money(workspace.rate, workspace.currency),
        "costRate": None,
        "currencies": [{"id": currency_id(code), "code": code, "isDefault": code == workspace.currency} for code in ("USD", "EUR", "GBP")],
        "memberships": [membership(person, workspace.id, "WORKSPACE") for person in workspace.members],
        "workspaceSettings": _settings(),
        "imageUrl": "",
        "featureSubscriptionType": "PRO",
        "features": list(_FEATURES),
        "subdomain": {"enabled": False, "name": None},
        "cakeOrganizationId": hex_id("organization"),
    }


def _settings() -> Row:
    """How a workspace is set up (schema WorkspaceSettingsDtoV1)."""
    return {
        "timeRoundingInReports": False,
        "onlyAdminsSeeBillableRates": True,
        "onlyAdminsCreateProject": True,
        "onlyAdminsSeeDashboard": False,
        "defaultBillableProjects": True,
        "lockTimeEntries": None,
        "lockTimeZone": None,
        "round": {"round": "Round to nearest", "minutes": "15"},
        "projectFavorites": True,
        "canSeeTimeSheet": True,
        "canSeeTracker": True,
        "projectPickerSpecialFilter": False,
        "forceProjects": False,
        "forceTasks": False,
        "forceTags": False,
        "forceDescription": False,
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
    mine = [one for one in call.world.workspaces.values() if call.world.owner in one.members]
    return Reply([show(one) for one in mine if not wanted or one.members[call.world.owner] in wanted])


def _create(call: Call) -> Reply:
    owner = call.world.owner
    made = Workspace(id=call.world.new_id(), name=call.read(_New).name, members={owner: "OWNER"}, rate=0)
    call.world.workspaces[made.id] = made
    return Reply(show(made), 201)


def _get(call: Call) -> Reply:
    return Reply(show(workspace_of(call)))


ROUTES = (
    Route("GET", "/v1/workspaces", _list),
    Route("POST", "/v1/workspaces", _create, writes=True),
    Route("GET", "/v1/workspaces/{workspaceId}", _get),
)
