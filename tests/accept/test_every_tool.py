"""Every tool there is, executed against the sandbox with arguments that succeed: over REST and over MCP, one world for each."""

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple, cast

import pytest

from tests.serve.conftest import SESSION, Fault, Router, fault, running
from toolway.catalog.index import BUILTIN, Catalogue
from toolway.sandbox.seed.extras import ADDON

__all__ = ["fault"]

Execute = Callable[[str, dict[str, Any]], Awaitable[Any]]
PERIOD = {"dateRangeStart": "2026-11-02T00:00:00", "dateRangeEnd": "2026-11-15T23:59:59"}

WEEK = {"dateRangeStart": "2026-11-09T00:00:00", "dateRangeEnd": "2026-11-15T23:59:59.999"}


class Step(NamedTuple):
    """A tool, its arguments, and under which name to keep the id of what it gave. `{name}` in the arguments is such an id."""

    slug: str
    arguments: dict[str, Any]
    keep: str


def clockify(tool: str, keep: str = "", **arguments: Any) -> Step:
    return Step(f"CLOCKIFY_{tool}", {name.replace("__", "-"): value for name, value in arguments.items()}, keep)


def desktime(tool: str, keep: str = "", **arguments: Any) -> Step:
    return Step(f"DESKTIME_{tool}", arguments, keep)


# One after the other: what is made is read, changed and removed again.
STEPS = [
    clockify("GET_CURRENTLY_LOGGED_IN_USER_INFO", "me"),
    clockify("GET_ALL_MY_WORKSPACES"),
    clockify("GET_WORKSPACE_INFO"),
    clockify("FILTER_WORKSPACE_USERS"),
    clockify("FIND_USER_TEAM_MANAGER"),
    clockify("GET_MEMBER_PROFILE"),
    clockify("CREATE_CLIENT", "client", name="Every Tool"),
    clockify("GET_CLIENTS", name="Every"),
    clockify("GET_CLIENT_BY_ID", id="Every Tool"),
    clockify("UPDATE_CLIENT", id="{client}", name="Every Tool Inc", archived=True),
    clockify("CREATE_NEW_PROJECT", "project", name="Every project"),
    clockify("GET_PROJECTS", name="Every"),
    clockify("GET_PROJECT", projectId="Every project"),
    clockify("UPDATE_PROJECT", projectId="{project}", note="Every word", archived=False),
    clockify("CREATE_TASK", "task", projectId="{project}", name="Every task"),
    clockify("GET_TASKS", projectId="{project}"),
    clockify("GET_TASK", projectId="{project}", taskId="Every task"),
    clockify("UPDATE_TASK", projectId="{project}", taskId="{task}", name="Every other task", status="DONE"),
    clockify("UPDATE_PROJECT_MEMBERSHIPS", projectId="{project}", memberships=[{"userId": "{me}"}]),
    clockify("UPDATE_PROJECT_USER_HOURLY_RATE", projectId="{project}", userId="{me}", amount=5000),
    clockify("UPDATE_USER_HOURLY_RATE", userId="{me}", amount=6000),
    clockify("UPDATE_WORKSPACE_HOURLY_RATE", amount=7000, currency="EUR"),
    clockify("CREATE_TIME_ENTRY", "entry", start="2026-11-20T09:00:00Z", end="2026-11-20T10:00:00Z", projectId="{project}"),
    clockify("GET_TIME_ENTRY", id="{entry}"),
    clockify("UPDATE_TIME_ENTRY", id="{entry}", description="Every hour"),
    clockify("UPDATE_TIME_ENTRIES", entries=[{"id": "{entry}", "description": "Every minute"}]),
    clockify("DUPLICATE_TIME_ENTRY", "copy", id="{entry}"),
    clockify("CREATE_USER_TIME_ENTRY", "running", userId="{me}", start="2026-11-20T11:00:00Z"),
    clockify("GET_IN_PROGRESS_TIME_ENTRIES"),
    clockify("STOP_USER_TIMER", end="2026-11-20T12:00:00Z"),
    clockify("GET_TIME_ENTRIES"),
    clockify("DELETE_TIME_ENTRY", id="{copy}"),
    clockify("DELETE_USER_TIME_ENTRIES", userId="{me}", time__entry__ids=["{running}"]),
    clockify(
        "CREATE_TEMPLATES_ON_WORKSPACE", "template", templates=[{"name": "Every week", "projectsAndTasks": [{"projectId": "{project}"}]}]
    ),
    clockify("GET_TEMPLATES_ON_WORKSPACE"),
    clockify("GET_TEMPLATE_BY_ID_ON_WORKSPACE", templateId="Every week"),
    clockify("UPDATE_TEMPLATE", templateId="{template}", name="Every other week"),
    clockify("DELETE_TEMPLATE", templateId="{template}"),
    clockify("GET_TAGS"),
    clockify("GET_TAG", id="{tag}"),
    clockify("UPDATE_TAG", id="{tag}", archived=True),
    clockify("DELETE_TAG", id="{tag}"),
    clockify("CREATE_USER_GROUP", "group", name="Everybody"),
    clockify("GET_USER_GROUPS"),
    clockify("UPDATE_USER_GROUP", id="{group}", name="Everyone"),
    clockify("ADD_USER_TO_GROUP", userGroupId="{group}", userId="{me}"),
    clockify("REMOVE_USER_FROM_GROUP", userGroupId="{group}", userId="{me}"),
    clockify("DELETE_USER_GROUP", id="{group}"),
    clockify(
        "CREATE_WEBHOOK",
        "webhook",
        name="Every event",
        url="http://127.0.0.1:9/hook",
        webhookEvent="NEW_CLIENT",
        triggerSourceType="WORKSPACE_ID",
        triggerSource=["{workspace}"],
    ),
    clockify("GET_ALL_WEBHOOKS"),
    clockify("GET_WEBHOOK_BY_ID", webhookId="Every event"),
    clockify("UPDATE_WEBHOOK", webhookId="{webhook}", name="Every other event"),
    clockify("GENERATE_NEW_WEBHOOK_TOKEN", webhookId="{webhook}"),
    clockify("GET_WEBHOOK_LOGS", webhookId="{webhook}"),
    clockify("DELETE_WEBHOOK", webhookId="{webhook}"),
    clockify("GET_ALL_ADDON_WEBHOOKS", workspaceId="Design Team", addonId=ADDON),
    clockify(
        "CREATE_SHARED_REPORT", "report", name="Every report", type="SUMMARY", filter=PERIOD | {"summaryFilter": {"groups": ["PROJECT"]}}
    ),
    clockify("GET_SHARED_REPORTS"),
    clockify("GET_SHARED_REPORT", id="{report}"),
    clockify("UPDATE_SHARED_REPORT", id="{report}", name="Every other report"),
    clockify("DELETE_SHARED_REPORT", id="{report}"),
    clockify("GENERATE_DETAILED_REPORT", **PERIOD),
    clockify("GENERATE_EXPENSE_REPORT", **PERIOD),
    clockify("GENERATE_SUMMARY_REPORT", **PERIOD, summaryFilter={"groups": ["PROJECT"]}),
    clockify("GENERATE_WEEKLY_REPORT", **WEEK, weeklyFilter={"group": "PROJECT", "subgroup": "TIME"}),
    clockify("GET_CREATED_ENTITIES", type=["CLIENTS"]),
    clockify("GET_UPDATED_ENTITIES", type=["PROJECTS"]),
    clockify("GET_DELETED_ENTITIES", type=["TIME_ENTRY"]),
    clockify("GET_HOLIDAYS"),
    clockify("GET_HOLIDAYS_IN_PERIOD", start="2026-01-01T00:00:00", end="2026-12-31T00:00:00"),
    clockify("LIST_ASSIGNMENTS", start="2026-11-01T00:00:00", end="2026-11-30T00:00:00"),
    clockify("DELETE_TASK", projectId="{project}", taskId="{task}"),
    clockify("UPDATE_PROJECT", projectId="{project}", archived=True),
    clockify("DELETE_PROJECT", projectId="{project}"),
    clockify("DELETE_CLIENT", id="{client}"),
    clockify("CREATE_WORKSPACE", name="Every space"),
    desktime("PING_REQUEST"),
    desktime("GET_ACCOUNT_DETAILS"),
    desktime("GET_ALL_COMPANY_EMPLOYEES"),
    desktime("GET_EMPLOYEE"),
    desktime("GET_EMPLOYEE_APPS"),
    desktime("GET_EMPLOYEE_DATA"),
    desktime("GET_EMPLOYEE_PROJECTS"),
    desktime("GET_EMPLOYEE_PROJECTS_AND_APPS"),
    desktime("GET_PROJECTS_LIST"),
    desktime("CREATE_PROJECT_WITH_TASK", project="Every project", task="Every task"),
    desktime("START_PROJECT_TASK", project="Every project", task="Every task"),
    desktime("STOP_PROJECT_TASK", project="Every project", task="Every task"),
]


async def walk(execute: Execute) -> dict[str, str]:
    """What went wrong, by tool."""
    kept: dict[str, str] = {}
    wrong: dict[str, str] = {}
    for step in STEPS:
        answer = await execute(step.slug, _filled(step.arguments, kept))
        data: Any = answer["data"]
        if answer["error"] is not None:
            wrong[step.slug] = answer["error"]
            continue
        if step.keep:
            kept[step.keep] = _id(data)
        if step.slug == "CLOCKIFY_GET_CURRENTLY_LOGGED_IN_USER_INFO":
            kept["workspace"] = data["activeWorkspace"]
        if step.slug == "CLOCKIFY_GET_TAGS":
            kept["tag"] = data["tags"][0]["id"]
    return wrong


def _id(data: Any) -> str:
    """The id of what was made; of several the first."""
    if "id" in data:
        return str(data["id"])
    [rows] = [cast("list[Any]", value) for value in data.values() if isinstance(value, list)]
    return str(rows[0]["id"])


def _filled(value: Any, kept: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _filled(one, kept) for name, one in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [_filled(one, kept) for one in cast("list[Any]", value)]
    if isinstance(value, str):
        return re.sub(r"\{(\w+)\}", lambda match: kept.get(match[1], match[0]), value)
    return value


@pytest.fixture
async def started(tmp_path: Path, sandbox: str, fault: Fault) -> Any:
    async with running(tmp_path / "data", sandbox=sandbox) as router:
        for toolkit in ("clockify", "desktime"):
            await router.connect(toolkit)
        yield router


def test_every_tool_is_walked() -> None:
    slugs = [card.slug for card in Catalogue([BUILTIN]).cards(["clockify", "desktime"])]
    assert sorted({step.slug for step in STEPS}) == sorted(slugs)


async def test_over_rest(started: Router) -> None:
    path = f"{SESSION}/{(await started.session()).split('/')[2]}/execute"

    async def execute(slug: str, arguments: dict[str, Any]) -> Any:
        status, answer = await started.send("POST", path, {"tool_slug": slug, "arguments": arguments})
        assert (status, answer["result_type"]) == (200, "failed" if answer["error"] else "completed"), answer
        return answer

    wrong = await walk(execute)
    assert not wrong, "\n".join(f"{slug}: {said}" for slug, said in wrong.items())


async def test_over_mcp(started: Router) -> None:
    path = await started.session()

    async def execute(slug: str, arguments: dict[str, Any]) -> Any:
        answer = await started.execute(path, slug, **arguments)
        assert answer["successful"] is (answer["error"] is None)
        return answer

    wrong = await walk(execute)
    assert not wrong, "\n".join(f"{slug}: {said}" for slug, said in wrong.items())
