"""The four requests of the DeskTime guide: what the model does about them, and what must be true afterwards."""

import re
from datetime import date, timedelta
from typing import Any, cast

from .models.errand import EXECUTE, SEARCH, Errand, script, words
from .models.mind import Mind, Talk
from .models.provider import Provider
from .server import Server

HELP = "What can you help me with?"
PROJECTS = "List all active projects with tasks."
TODAY = "Get today's time tracked for each employee."
START = "Start timing work on 'client website redesign'."
APPS = "Show app usage for employee 12345 yesterday."
GREETING = "I can look after your DeskTime."

Json = dict[str, Any]


def _yesterday(talk: Talk) -> str:
    """The day before the one that the search told: a model has no clock of its own."""
    told = str(talk.since.answers(SEARCH)[-1]["data"]["time_info"]["current_time_utc"])
    return str(date.fromisoformat(told[:10]) - timedelta(days=1))


def _greet(talk: Talk) -> str:
    return GREETING


def scripts() -> Mind:
    """The model's part. A link is told to the user, and the request comes again when they are done."""
    errands = {
        "active projects": Errand("list all active projects with their tasks", "desktime", r"DESKTIME_GET_PROJECTS_LIST"),
        "time tracked": Errand(
            "get today's tracked time of every employee",
            "desktime",
            r"DESKTIME_GET_ALL_COMPANY_EMPLOYEES",
            tell=("name", "desktimeTime"),
        ),
        "start timing": Errand(
            "start tracking time on a project",
            "desktime",
            r"DESKTIME_START_PROJECT_TASK",
            {"project": words(r"on '(.+?)'")},
            ("started",),
        ),
        "app usage": Errand(
            "show the programs that an employee used on a day",
            "desktime",
            r"DESKTIME_GET_EMPLOYEE_PROJECTS_AND_APPS",
            {"id": words(r"employee (\d+)"), "date": _yesterday},
            ("app", "duration"),
        ),
    }
    return Mind({"what can you help": [_greet], **{request: script(errand) for request, errand in errands.items()}})


def told(answer: str) -> list[tuple[str, str]]:
    """The pairs that an answer tells."""
    return re.findall(r"^ - (.+), (.+)$", answer, re.M)


def check_projects(router: Server, answer: str) -> None:
    """All projects with their tasks, in order."""
    projects = cast(list[Json], router.desktime("/projects")["projects"])
    assert len(projects) > 3
    assert told(answer) == [(row["name"], str(row["id"])) for project in projects for row in (project, *project["tasks"])]


def tracked(router: Server) -> dict[str, int]:
    """The seconds of today, employee by employee. They grow while people are at work."""
    days = cast(dict[str, dict[str, Json]], router.desktime("/employees")["employees"])
    return {row["name"]: row["desktimeTime"] for people in days.values() for row in people.values()}


def check_today(before: dict[str, int], answer: str, after: dict[str, int]) -> None:
    """Each employee is told, with seconds between those read before and after."""
    said = {name: int(seconds) for name, seconds in told(answer)}
    assert len(said) == 8
    assert set(said) == set(before) == set(after)
    for name, seconds in said.items():
        assert before[name] <= seconds <= after[name]


def check_start(router: Server, answer: str) -> None:
    """The owner of the key is at the project now, and at no other."""
    assert answer.strip().endswith(" - True")
    active = cast(list[Json], router.desktime("/employee/basic")["activeProject"])
    assert [row["project_title"] for row in active] == ["client website redesign"]


def check_apps(router: Server, model: Provider, answer: str) -> None:
    """Every program of the day that was asked for, with its seconds. At a weekend nobody was there."""
    calls = [call for turn in model.turns(APPS) for call in turn.move if not isinstance(call, str)]
    arguments = cast(Json, next(call for call in calls if call.name == EXECUTE).arguments["tools"][0]["arguments"])
    day = date.fromisoformat(arguments["date"])
    assert abs(date.today() - timedelta(days=1) - day) <= timedelta(days=1)
    kinds = router.desktime("/employee/apps", id="12345", date=str(day))["apps"]
    rows = [row for kind in cast(dict[str, list[Json]], kinds or {}).values() for row in kind]
    assert bool(rows) == (day.weekday() < 5)
    assert told(answer) == [(row["app"], str(row["duration"])) for row in rows]
