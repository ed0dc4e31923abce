"""What an agent reads of a result is small: every tool that reads, asked in an ordinary way, at a sandbox that is a process of its own."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.serve.conftest import Router, running
from toolway.catalog.index import BUILTIN, Catalogue
from toolway.sandbox.seed.extras import ADDON

MOST = 8_000

NOW = datetime.now().replace(hour=0, minute=0, second=0, microsecond=0)
MONDAY = NOW - timedelta(days=NOW.weekday() + 7)
WEEK = {"from": MONDAY.isoformat(), "to": (MONDAY + timedelta(days=7, milliseconds=-1)).isoformat(timespec="milliseconds")}
REPORT: dict[str, Any] = {"dateRangeStart": WEEK["from"], "dateRangeEnd": WEEK["to"]}
MONTH: dict[str, Any] = {"dateRangeStart": (NOW - timedelta(days=30)).isoformat(), "dateRangeEnd": (NOW + timedelta(days=1)).isoformat()}
PERIOD = {"start": MONTH["dateRangeStart"], "end": MONTH["dateRangeEnd"]}
PROJECT = {"projectId": "client website redesign"}
CHANGED: dict[str, Any] = {"type": ["TIME_ENTRY", "PROJECTS", "CLIENTS", "TAGS", "TASKS"]}

ASKED: dict[str, dict[str, Any]] = {
    # what must be given; all other tools that read want nothing
    "CLOCKIFY_GENERATE_DETAILED_REPORT": MONTH,
    "CLOCKIFY_GENERATE_EXPENSE_REPORT": MONTH,
    "CLOCKIFY_GENERATE_SUMMARY_REPORT": MONTH | {"summaryFilter": {"groups": ["PROJECT", "USER"]}},
    "CLOCKIFY_GENERATE_WEEKLY_REPORT": REPORT | {"weeklyFilter": {"group": "USER", "subgroup": "PROJECT"}},
    "CLOCKIFY_GET_ALL_ADDON_WEBHOOKS": {"addonId": ADDON, "workspaceId": "Design Team"},
    "CLOCKIFY_GET_CLIENT_BY_ID": {"id": "Acme"},
    "CLOCKIFY_GET_CREATED_ENTITIES": CHANGED,
    "CLOCKIFY_GET_DELETED_ENTITIES": CHANGED,
    "CLOCKIFY_GET_UPDATED_ENTITIES": CHANGED,
    "CLOCKIFY_GET_HOLIDAYS_IN_PERIOD": PERIOD,
    "CLOCKIFY_GET_PROJECT": PROJECT,
    "CLOCKIFY_GET_SHARED_REPORT": {"id": "Time by project"},
    "CLOCKIFY_GET_TAG": {"id": "meeting"},
    "CLOCKIFY_GET_TASK": PROJECT | {"taskId": "Wireframes"},
    "CLOCKIFY_GET_TASKS": PROJECT,
    "CLOCKIFY_GET_TEMPLATE_BY_ID_ON_WORKSPACE": {"templateId": "The usual week"},
    "CLOCKIFY_LIST_ASSIGNMENTS": PERIOD,
}
FURTHER: list[tuple[str, dict[str, Any]]] = [
    ("CLOCKIFY_GENERATE_WEEKLY_REPORT", REPORT | {"weeklyFilter": {"group": "PROJECT", "subgroup": "USER"}}),
    ("CLOCKIFY_GENERATE_WEEKLY_REPORT", REPORT | {"weeklyFilter": {"group": "PROJECT", "subgroup": "TIME"}}),
    ("CLOCKIFY_GET_TIME_ENTRIES", PERIOD),
    ("CLOCKIFY_GENERATE_SUMMARY_REPORT", MONTH | {"summaryFilter": {"groups": ["PROJECT", "USER", "DATE"]}}),
    ("CLOCKIFY_GENERATE_SUMMARY_REPORT", MONTH | {"summaryFilter": {"groups": ["USER", "TIMEENTRY"]}}),
    ("DESKTIME_GET_ALL_COMPANY_EMPLOYEES", {"date": MONDAY.date().isoformat(), "period": "month"}),
    ("DESKTIME_GET_EMPLOYEE_DATA", {"date": MONDAY.date().isoformat(), "period": "month"}),
    ("DESKTIME_GET_ALL_COMPANY_EMPLOYEES", {"date": MONDAY.date().isoformat()}),
    ("DESKTIME_GET_EMPLOYEE_DATA", {"date": MONDAY.date().isoformat()}),
    ("DESKTIME_GET_EMPLOYEE_PROJECTS_AND_APPS", {"date": MONDAY.date().isoformat()}),
]


@pytest.fixture(scope="module")
def played() -> Iterator[str]:
    command = [sys.executable, "-m", "toolway.sandbox", "--port", "0", "--with-parent"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1].decode()
        process.terminate()


async def first(router: Router, path: str, slug: str, key: str, **given: Any) -> str:
    """The id of the first thing that a tool lists."""
    answer = await router.execute(path, slug, **given)
    assert answer["successful"], answer["error"]
    return str(answer["data"][key][0]["id"])


async def test_the_result_of_every_tool_that_reads_is_small(tmp_path: Path, played: str) -> None:
    reads = [card.slug for card in Catalogue([BUILTIN]).cards() if card.effect == "read"]
    weights: dict[str, int] = {}
    async with running(tmp_path / "data", sandbox=played) as router:
        for toolkit in ("clockify", "desktime"):
            await router.connect(toolkit)
        path = await router.session()
        hook = {"webhookId": await first(router, path, "CLOCKIFY_GET_ALL_WEBHOOKS", "webhooks")}
        entry = {"id": await first(router, path, "CLOCKIFY_GET_TIME_ENTRIES", "timeEntries")}
        asked = ASKED | {
            "CLOCKIFY_GET_TIME_ENTRY": entry,
            "CLOCKIFY_GET_WEBHOOK_BY_ID": hook,
            "CLOCKIFY_GET_WEBHOOK_LOGS": hook,
        }
        for slug, given in [*((slug, asked.get(slug, {})) for slug in reads), *FURTHER]:
            answer = await router.execute(path, slug, **given)
            assert answer["successful"], (slug, given, answer["error"])
            weights[f"{slug} {msgspec.json.encode(given).decode()}"] = len(msgspec.json.encode(answer).decode())
    print(*(f"{weight:7,} {name}" for name, weight in sorted(weights.items(), key=lambda item: -item[1])), sep="\n")
    assert not {name: weight for name, weight in weights.items() if weight >= MOST}
