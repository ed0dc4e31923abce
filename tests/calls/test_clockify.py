"""Clockify's habits, through the whole way of a call to a real server on loopback: PUTs that replace, refused deletes, long lists."""

import json
from typing import Any

import msgspec
import pytest

from tests.calls.shop import answer, builtin
from tests.calls.test_run import W, run
from toolway.calls import reply
from toolway.errors import Refused

A, B, C = ("a" * 24, "b" * 24, "c" * 24)
PROJECT = f"/v1/workspaces/{W}/projects/{A}"


def sent(request: bytes) -> Any:
    return msgspec.json.decode(request.partition(b"\r\n\r\n")[2])


async def test_a_changed_project_keeps_its_visibility_and_its_rates_are_left_alone() -> None:
    now = {"id": A, "name": "Site", "public": True, "billable": True, "archived": False, "clientId": C, "hourlyRate": {"amount": 5}}
    table = {f"GET {PROJECT}": now, f"PUT {PROJECT}": {"id": A}}
    kept = {"name": "Site", "isPublic": True, "billable": True, "clientId": C}
    given = {"workspaceId": W, "projectId": A, "archived": True}
    _, heard = await run("CLOCKIFY_UPDATE_PROJECT", given, table)
    assert sent(heard[-1]) == kept | {"archived": True}
    _, heard = await run("CLOCKIFY_UPDATE_PROJECT", given | {"hourlyRate": {"amount": 7}, "clientId": None}, table)
    assert sent(heard[-1]) == kept | {"archived": True, "hourlyRate": {"amount": 7}, "clientId": None}


async def test_a_task_is_marked_done_without_losing_its_people() -> None:
    path = f"{PROJECT}/tasks/{B}"
    now = {
        "id": B,
        "name": "QA",
        "assigneeIds": [C],
        "assigneeId": C,
        "userGroupIds": [],
        "estimate": "PT5H",
        "billable": True,
        "status": "ACTIVE",
    }
    table = {f"GET {path}": now, f"PUT {path}": {"id": B}}
    _, heard = await run("CLOCKIFY_UPDATE_TASK", {"workspaceId": W, "projectId": A, "taskId": B, "status": "done", "estimate": None}, table)
    assert sent(heard[-1]) == {"name": "QA", "assigneeIds": [C], "userGroupIds": [], "billable": True, "status": "DONE", "estimate": None}


@pytest.mark.parametrize(
    ("slug", "given", "path", "first"),
    [
        ("CLOCKIFY_DELETE_CLIENT", {"id": A}, f"clients/{A}", "CLOCKIFY_UPDATE_CLIENT with archived true"),
        ("CLOCKIFY_DELETE_PROJECT", {"projectId": A}, f"projects/{A}", "CLOCKIFY_UPDATE_PROJECT with archived true"),
        ("CLOCKIFY_DELETE_TASK", {"projectId": A, "taskId": B}, f"projects/{A}/tasks/{B}", "CLOCKIFY_UPDATE_TASK with status DONE"),
    ],
)
async def test_a_refused_delete_says_which_call_comes_first(slug: str, given: dict[str, str], path: str, first: str) -> None:
    refusal = ("400 Bad Request", {"message": "Cannot delete an active one", "code": 501})
    with pytest.raises(Refused, match="Cannot delete an active one") as raised:
        await run(slug, {"workspaceId": W, **given}, {f"DELETE /v1/workspaces/{W}/{path}": refusal})
    assert first in raised.value.sentence and "not found" not in raised.value.sentence
    assert first in builtin(slug)[0].about


async def test_names_stand_for_groups_and_people_within_lists() -> None:
    groups, people = [{"id": B, "name": "Design"}], [{"id": C, "name": "Anna"}]
    table = {
        f"GET /v1/workspaces/{W}/user-groups": groups,
        f"POST /v1/workspaces/{W}/users/info": people,
        f"PATCH {PROJECT}/memberships": {"id": A},
    }
    given = {"workspaceId": W, "projectId": A, "memberships": [{"userId": "anna"}], "userGroups": {"ids": ["Design"]}}
    _, heard = await run("CLOCKIFY_UPDATE_PROJECT_MEMBERSHIPS", given, table)
    assert sent(heard[-1]) == {"memberships": [{"userId": C}], "userGroups": {"ids": [B]}}


async def test_a_task_in_a_template_is_looked_up_in_the_project_beside_it() -> None:
    table = {
        f"GET {PROJECT}/tasks": [{"id": B, "name": "QA"}],
        f"GET /v1/workspaces/{W}/projects": [{"id": A, "name": "Site"}],
        f"POST /v1/workspaces/{W}/templates": [{"id": C}],
    }
    week = {"name": "Week", "projectsAndTasks": [{"taskId": "qa", "projectId": "site"}]}
    result, heard = await run("CLOCKIFY_CREATE_TEMPLATES_ON_WORKSPACE", {"workspaceId": W, "templates": [week]}, table)
    assert sent(heard[-1]) == [{"name": "Week", "projectsAndTasks": [{"taskId": B, "projectId": A}]}]
    assert result.reply.data == {"templates": [{"id": C}]}


async def test_templates_that_are_gone_point_to_those_of_projects() -> None:
    gone = ("404 Not Found", {"message": "No static resource v1/workspaces/templates.", "code": 3000})
    with pytest.raises(Refused) as raised:
        await run("CLOCKIFY_GET_TEMPLATES_ON_WORKSPACE", {"workspaceId": W}, {"GET": gone})
    assert "CLOCKIFY_GET_PROJECTS with is-template true" in raised.value.sentence


ROWS: dict[str, dict[str, Any]] = {
    "CLOCKIFY_LIST_ASSIGNMENTS": {
        **dict.fromkeys(("id", "userId", "projectId", "clientId", "taskId", "workspaceId"), A),
        **dict.fromkeys(("userName", "projectName", "clientName", "taskName"), "Northern Lights Ltd"),
        **{"period": {"start": "2026-11-20T09:00:00Z", "end": "2026-11-27T17:00:00Z"}, "startTime": "09:00:00", "hoursPerDay": 7.5},
        **{"note": "Takes over from Maria, see the plan", "projectColor": "#112233", "billable": True},
    },
    "CLOCKIFY_GET_HOLIDAYS": {
        **{"id": A, "name": "Independence Day", "datePeriod": {"startDate": "2026-11-18", "endDate": "2026-11-18"}, "userIds": [A] * 50},
        **{"occursAnnually": True, "everyoneIncludingNew": True, "userGroupIds": [B] * 9},
    },
    "CLOCKIFY_GET_USER_GROUPS": {"id": A, "name": "Designers", "userIds": [A] * 50, "teamManagers": [{"id": B, "name": "Anna Liepa"}] * 3},
    "CLOCKIFY_FIND_USER_TEAM_MANAGER": {"id": A, "name": "Anna Liepa", "email": "anna@acme.example", "settings": {"x": "y" * 900}},
}


@pytest.mark.parametrize("slug", ROWS)
def test_twenty_of_a_kind_fit_a_conversation(slug: str) -> None:
    tool, kit = builtin(slug)
    shown = reply.read(tool, kit, answer([ROWS[slug]] * 20), {}).data
    assert len(shown[tool.list_key]) == 20 and shown[tool.list_key][0]["id"] == A
    assert len(json.dumps(shown)) < 8_000
