"""DeskTime: the same answer to every question about a day, and projects that are started by name."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolway.sandbox.desktime.days import desk_day, shares

from .asking import Sandbox
from .served import Served

ZONE = ZoneInfo("Europe/Berlin")


@given(st.integers(1, 10**6), st.dates(date(2026, 1, 1), date(2026, 12, 31)), st.integers(0, 48 * 60))
def test_a_day_only_grows(person: int, day: date, minute: int) -> None:
    now = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=minute)
    seen, whole = desk_day(person, day, now, ZONE), desk_day(person, day, now + timedelta(days=2), ZONE)
    assert seen.at_work <= whole.at_work < 9 * 3600
    assert seen.desktime <= seen.at_work - seen.offline
    assert seen.arrived is None or seen.arrived <= now
    assert day.weekday() < 5 or whole.arrived is None
    split = shares(person, day, whole.spent("productive"), [(1, 11), (2, 21), (3, 31), (4, 41)])
    assert sum(seconds for *_, seconds in split) <= whole.spent("productive")


def test_the_company_and_its_people(sandbox: Sandbox) -> None:
    company = sandbox.desktime("/company").body
    assert (company["name"], company["timezone_identifier"]) == ("Example Studio", "Europe/Berlin")
    assert isinstance(company["__request_time"], str)
    people = sandbox.desktime("/employees").body["employees"]["2026-11-18"]
    assert sorted(people) == [str(number) for number in range(12341, 12349)]
    names = {row["name"] for row in sandbox.clockify("POST", "users/info", {}).body}
    assert names < {row["name"] for row in people.values()}
    month = sandbox.desktime("/employees", period="month", date="2026-11-18").body["employees"]
    assert len(month) == 18
    assert month["2026-11-18"] == people
    assert sandbox.desktime("/employees", period="year").status == 400
    assert sandbox.desktime("/employees", date="today").status == 400


def test_a_full_day_of_one_employee(sandbox: Sandbox) -> None:
    day: Any = sandbox.desktime("/employee", id="12345", date="2026-11-17").body
    assert (day["id"], day["isOnline"], set(day["apps"])) == (12345, False, {"productive", "neutral", "unproductive"})
    assert sum(app["duration"] for apps in day["apps"].values() for app in apps) == day["desktimeTime"]
    assert sum(app["duration"] for app in day["apps"]["productive"]) == day["productiveTime"] > 3 * 3600
    assert 0 < sum(row["duration"] for row in day["projects"]) <= day["productiveTime"]
    assert sandbox.desktime("/employee/apps", id="12345", date="2026-11-17").body["apps"] == day["apps"]
    assert sandbox.desktime("/employee/projects", id="12345", date="2026-11-17").body["projects"] == day["projects"]
    assert "apps" not in sandbox.desktime("/employee/basic", id="12345", date="2026-11-17").body
    for back in range(28):
        when = sandbox.now.date() - timedelta(days=back)
        seen = sandbox.desktime("/employee", id="12345", date=str(when)).body
        assert bool(seen["projects"]) == (when.weekday() < 5), when
    weekend = sandbox.desktime("/employee", id="12345", date="2026-11-15").body
    assert (weekend["arrived"], weekend["left"], weekend["apps"], weekend["projects"]) == (False, False, [], [])
    assert sandbox.desktime("/employee", id="1").status == 404
    assert sandbox.desktime("/employee").body["name"] == "Alice"


def test_starting_a_project_ends_the_other_and_makes_what_is_missing(sandbox: Sandbox) -> None:
    def active() -> list[str]:
        return [row["project_title"] for row in sandbox.desktime("/employee/basic").body["activeProject"]]

    listed = {row["name"]: row for row in sandbox.desktime("/projects").body["projects"]}
    assert listed["client website redesign"]["tasks"]
    assert sandbox.desktime("/start-project", project="client website redesign").body["started"] is True
    assert active() == ["client website redesign"]
    sandbox.later(minutes=20)
    assert sandbox.desktime("/start-project", project="Brand new", task="First").body["started"] is True
    assert active() == ["Brand new"]
    made = next(row for row in sandbox.desktime("/projects").body["projects"] if row["name"] == "Brand new")
    assert [task["name"] for task in made["tasks"]] == ["First"]
    sandbox.later(minutes=10)
    for _ in range(2):
        assert sandbox.desktime("/stop-project", project="Brand new", task="First").body["stopped"] is True
    sandbox.later(minutes=10)
    assert active() == []
    spent = {row["project_title"]: row for row in sandbox.desktime("/employee/projects").body["projects"]}
    assert (spent["Brand new"]["duration"], spent["Brand new"]["task_title"]) == (600, "First")
    assert sandbox.desktime("/stop-project", project="Nothing of the kind").status == 404
    assert sandbox.desktime("/start-project").status == 400


def test_creating_a_project(sandbox: Sandbox) -> None:
    made = sandbox.desktime("/create-project", "POST", project="Winter", task="Plan").body["project"]
    assert (made["name"], made["tasks"][0]["name"]) == ("Winter", "Plan")
    assert made in sandbox.desktime("/projects").body["projects"]
    assert sandbox.desktime("/create-project", "POST", project="winter").status == 400


EMPLOYEE = {"apiKey": "sandbox-desktime-employee-key"}


def test_an_employee_sees_no_one_else(served: Served) -> None:
    own = served.desktime("/employee", **EMPLOYEE).body
    assert own["name"] == "Chloe"
    assert served.desktime("/employee", id=str(own["id"]), **EMPLOYEE).body == own
    for path, query in (("/employees", {}), ("/employee", {"id": "12341"}), ("/employee/apps", {"id": "12341"})):
        answer = served.desktime(path, **EMPLOYEE, **query)
        assert (answer.status, answer.body) == (200, {"error": "Access denied"}), "an error that is a word, on status 200"
    assert served.desktime("/company", **EMPLOYEE).body["name"] == "Example Studio"


def test_each_key_is_at_a_project_of_its_own(served: Served) -> None:
    def active(**key: str) -> list[str]:
        return [row["project_title"] for row in served.desktime("/employee/basic", **key).body["activeProject"]]

    served.desktime("/start-project", project="Internal")
    served.desktime("/start-project", project="Design system", **EMPLOYEE)
    assert (active(), active(**EMPLOYEE)) == (["Internal"], ["Design system"])
    served.later(minutes=5)
    served.desktime("/stop-project", project="Internal", **EMPLOYEE)
    assert (active(), active(**EMPLOYEE)) == (["Internal"], ["Design system"]), "nobody stops what another is at"
    served.desktime("/stop-project", project="Design system", **EMPLOYEE)
    assert (active(), active(**EMPLOYEE)) == (["Internal"], [])


def test_a_busy_service_says_the_key_is_wrong(served: Served) -> None:
    key = {"apiKey": "sandbox-desktime-busy-key"}
    first, second = served.desktime("/ping", **key), served.desktime("/ping", **key)
    assert (first.status, second.status) == (200, 401)
    assert second.body == {"error": {"code": 401, "description": "API Key is invalid"}}
    served.later(seconds=0.75)
    assert served.desktime("/company", **key).status == 200


def test_an_archived_project_is_not_listed_and_keeps_its_name(served: Served) -> None:
    names = [row["name"] for row in served.desktime("/projects").body["projects"]]
    assert "Press catalogue 2025" not in names
    assert len(names) == 8
    taken = served.desktime("/create-project", "POST", project="press catalogue 2025")
    assert (taken.status, set(taken.body["error"])) == (400, {"code", "description"})


@pytest.mark.parametrize("path", ["/employee", "/employee/apps", "/employee/projects", "/employee/basic"])
def test_the_parts_of_an_employees_day(served: Served, path: str) -> None:
    day = {"id": "12345", "date": "2026-11-17"}
    whole, part = served.desktime("/employee", **day).body, served.desktime(path, **day).body
    assert {key: whole[key] for key in part if key in whole} == part, "every part is the same day"
    assert ("apps" in part, "projects" in part) == (path in ("/employee", "/employee/apps"), path in ("/employee", "/employee/projects"))
    assert served.desktime(path, id="12345", date="17.11.2026").status == 400
    assert served.desktime(path, id="9").status == 404
    fault = {"path_prefix": "/desktime/api/v2/json" + path, "status": 200, "body": {"error": "Too many requests"}}
    served.send("POST", "/_sandbox/fault", fault)
    assert served.desktime(path, **day).body == {"error": "Too many requests"}
    assert served.desktime(path, **day).body == part
