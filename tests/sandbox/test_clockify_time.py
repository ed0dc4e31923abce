"""Time entries, timers and reports."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolway.sandbox.clockify.house import period, wall

from .asking import Sandbox
from .test_clockify_things import refused


@given(
    st.datetimes(datetime(1990, 1, 1), datetime(2040, 1, 1)).map(lambda one: one.replace(microsecond=0, fold=0)),
    st.sampled_from(["Z", "+05:00", ""]),
)
def test_a_wall_clock_does_not_heed_the_offset(shown: datetime, offset: str) -> None:
    for zone in ("UTC", "Europe/Berlin", "America/New_York"):
        moment = wall(shown.isoformat() + offset, zone)
        there = shown.replace(tzinfo=ZoneInfo(zone))
        assert moment == there.astimezone(UTC)


@given(st.integers(0, 10**6))
def test_a_period_says_its_seconds(seconds: int) -> None:
    text, total, number = period(timedelta(seconds=seconds)).removeprefix("PT"), 0, ""
    for sign in text:
        if sign.isdigit():
            number += sign
        else:
            total += int(number) * {"H": 3600, "M": 60, "S": 1}[sign]
            number = ""
    assert total == seconds


def mine(sandbox: Sandbox) -> str:
    return f"user/{sandbox.me}/time-entries"


def entry(**fields: object) -> dict[str, object]:
    return {"start": "2026-11-18T09:00:00Z", "end": "2026-11-18T10:30:00Z", **fields}


def test_the_seed_has_worked_four_weeks(sandbox: Sandbox) -> None:
    rows = sandbox.clockify("GET", mine(sandbox), page_size=5000).body
    days = {datetime.fromisoformat(row["timeInterval"]["start"]).date() for row in rows}
    assert len(days) > 12
    assert all(day.weekday() < 5 for day in days)
    assert Sandbox().clockify("GET", mine(sandbox), page_size=5000).body == rows
    running = sandbox.clockify("GET", "time-entries/status/in-progress").body
    assert [(row["userId"], row["timeInterval"]["end"]) for row in running] == [(sandbox.person("Ben"), None)]


def test_an_entry_from_first_to_last(sandbox: Sandbox) -> None:
    project = sandbox.id_of("projects", "client website redesign")
    task = sandbox.id_of(f"projects/{project}/tasks", "Wireframes")
    tag = sandbox.id_of("tags", "review")
    body = entry(description="Home page", projectId=project, taskId=task, tagIds=[tag], billable=True)
    made = sandbox.clockify("POST", "time-entries", body)
    assert made.status == 201
    assert made.body["timeInterval"] == {"start": "2026-11-18T09:00:00Z", "end": "2026-11-18T10:30:00Z", "duration": "PT1H30M"}
    path = f"time-entries/{made.body['id']}"
    read = sandbox.clockify("GET", path).body
    assert (read["projectId"], read["tagIds"], read["hourlyRate"]["amount"]) == (project, [tag], 11000)
    full = sandbox.clockify("GET", path, hydrated="true").body
    assert (full["project"]["name"], full["task"]["name"], full["tags"][0]["name"]) == ("client website redesign", "Wireframes", "review")
    assert made.body["id"] in [row["id"] for row in sandbox.clockify("GET", mine(sandbox), description="home").body]
    bare = sandbox.clockify("PUT", path, {"start": "2026-11-18T09:00:00Z", "end": "2026-11-18T09:10:00Z"}).body
    assert (bare["projectId"], bare["taskId"], bare["tagIds"], bare["description"]) == (None, None, None, "")
    refused(sandbox.clockify("PUT", path, {"description": "no start"}))
    gone = sandbox.clockify("DELETE", path)
    assert (gone.status, gone.raw) == (204, b"")
    refused(sandbox.clockify("DELETE", path), "doesn't belong to Workspace")


@pytest.mark.parametrize(
    "wrong",
    [
        {"end": "2026-11-18T08:00:00Z"},
        {"start": "yesterday"},
        {"start": "2026-11-18T09:00:00"},
        {"projectId": "f" * 24},
        {"taskId": "f" * 24},
        {"tagIds": ["f" * 24]},
        {"type": "HOLIDAY"},
        {"description": "d" * 3001},
        {"billable": "yes"},
    ],
)
def test_what_an_entry_cannot_be(sandbox: Sandbox, wrong: dict[str, object]) -> None:
    refused(sandbox.clockify("POST", "time-entries", entry(**wrong)))


def test_one_timer_at_a_time(sandbox: Sandbox) -> None:
    first = sandbox.clockify("POST", "time-entries", {"start": "2026-11-18T13:00:00Z", "description": "one"}).body
    assert first["timeInterval"]["duration"] is None
    second = sandbox.clockify("POST", "time-entries", {"start": "2026-11-18T13:30:00Z"}).body
    assert sandbox.clockify("GET", f"time-entries/{first['id']}").body["timeInterval"]["end"] == "2026-11-18T13:30:00Z"
    assert [row["id"] for row in sandbox.clockify("GET", mine(sandbox), in_progress="true").body] == [second["id"]]
    refused(sandbox.clockify("PATCH", mine(sandbox), {"end": "2026-11-18T13:00:00Z"}))
    refused(sandbox.clockify("PATCH", mine(sandbox), {}))
    stopped = sandbox.clockify("PATCH", mine(sandbox), {"end": "2026-11-18T14:00:00Z"})
    assert (stopped.status, stopped.body["id"], stopped.body["timeInterval"]["duration"]) == (200, second["id"], "PT30M")
    again = sandbox.clockify("PATCH", mine(sandbox), {"end": "2026-11-18T14:00:00Z"})
    assert (again.status, again.body["code"]) == (404, 404)


def test_time_for_somebody_else(sandbox: Sandbox) -> None:
    ben = sandbox.person("Ben")
    made = sandbox.clockify("POST", f"user/{ben}/time-entries", entry())
    assert (made.status, made.body["userId"]) == (201, ben)
    refused(sandbox.clockify("POST", f"user/{'f' * 24}/time-entries", entry()), "User")
    copy = sandbox.clockify("POST", f"user/{ben}/time-entries/{made.body['id']}/duplicate")
    assert (copy.status, copy.body["timeInterval"]) == (201, made.body["timeInterval"])
    gone = sandbox.clockify("DELETE", f"user/{ben}/time-entries", time_entry_ids=f"{made.body['id']},{copy.body['id']}")
    assert len(gone.body) == 2
    assert sandbox.clockify("DELETE", f"user/{ben}/time-entries").status == 400


def test_a_bulk_update_replaces_all_or_nothing(sandbox: Sandbox) -> None:
    project = sandbox.id_of("projects", "Internal")
    two = [sandbox.clockify("POST", "time-entries", entry(description=word, projectId=project)).body for word in "ab"]
    changes = [{"id": one["id"], "start": "2026-11-18T09:00:00Z", "end": "2026-11-18T11:00:00Z"} for one in two]
    refused(sandbox.clockify("PUT", mine(sandbox), [changes[0], {**changes[1], "projectId": "f" * 24}]))
    assert sandbox.clockify("GET", f"time-entries/{two[0]['id']}").body["projectId"] == project
    changed = sandbox.clockify("PUT", mine(sandbox), changes).body
    assert [(row["projectId"], row["description"], row["timeInterval"]["duration"]) for row in changed] == [(None, "", "PT2H")] * 2
    refused(sandbox.clockify("PUT", mine(sandbox), changes[0]), "array")
    refused(sandbox.clockify("PUT", mine(sandbox), [{"description": "no id"}]), "id")


def test_a_window_is_a_wall_clock(sandbox: Sandbox) -> None:
    made = sandbox.clockify("POST", "time-entries", {"start": "2026-11-17T23:30:00Z", "end": "2026-11-17T23:45:00Z"}).body
    inside = sandbox.clockify("GET", mine(sandbox), start="2026-11-18T00:00:00Z", end="2026-11-18T23:59:59Z").body
    assert made["id"] in [row["id"] for row in inside], "23:30 UTC is 00:30 of the next day in Berlin"
    refused(sandbox.clockify("GET", mine(sandbox), start="today"))


def report(**more: object) -> dict[str, object]:
    return {"dateRangeStart": "2026-11-09T00:00:00.000", "dateRangeEnd": "2026-11-15T23:59:59.999", **more}


def total(body: Any) -> int:
    return body["totals"][0]["totalTime"]


def test_a_detailed_report_pages_and_adds_up(sandbox: Sandbox) -> None:
    def ask(**more: object) -> Any:
        answer = sandbox.report("detailed", report(detailedFilter={"page": 1, "pageSize": 1000}, **more))
        assert answer.status == 200, answer
        return answer.body

    every = ask()
    assert sum(row["timeInterval"]["duration"] for row in every["timeentries"]) == total(every)
    assert len(every["timeentries"]) == every["totals"][0]["entriesCount"]
    worth = sum(row["amount"] for row in every["timeentries"])
    assert every["totals"][0]["amounts"] == [{"type": "EARNED", "value": pytest.approx(worth)}]
    acme = sandbox.id_of("clients", "Acme")
    inside = ask(clients={"ids": [acme], "contains": "CONTAINS"})
    outside = ask(clients={"ids": [acme], "contains": "DOES_NOT_CONTAIN"})
    assert total(inside) + total(outside) == total(every)
    assert {row["clientName"] for row in inside["timeentries"]} == {"Acme"}
    assert all(row["timeInterval"]["start"].endswith("+01:00") for row in every["timeentries"])
    assert ask(timeZone="UTC")["timeentries"][0]["timeInterval"]["start"].endswith("+00:00")
    paged: list[Any] = []
    for page in (1, 2, 3, 4):
        paged += sandbox.report("detailed", report(detailedFilter={"page": page, "pageSize": 40})).body["timeentries"]
    assert paged == every["timeentries"][:160]
    refused(sandbox.report("detailed", report()), "detailedFilter")
    refused(sandbox.report("detailed", {"detailedFilter": {}}), "dateRangeStart")
    refused(sandbox.report("detailed", report(detailedFilter={}, timeZone="Mars/Base")))
    refused(sandbox.report("detailed", report(detailedFilter={}, exportType="PDF")), "does not play")
    refused(sandbox.report("detailed", report(detailedFilter={"pageSize": 1001})))
    assert ask(description="no such words") == {"totals": [], "timeentries": []}


def test_a_summary_adds_up_on_every_level(sandbox: Sandbox) -> None:
    body = sandbox.report("summary", report(summaryFilter={"groups": ["PROJECT", "USER", "DATE"]})).body
    assert sum(group["duration"] for group in body["groupOne"]) == total(body)
    for group in body["groupOne"]:
        assert sum(child["duration"] for child in group["children"]) == group["duration"]
        assert sum(leaf["duration"] for child in group["children"] for leaf in child["children"]) == group["duration"]
    named = [group["name"] for group in body["groupOne"]]
    assert named == sorted(named, key=str.casefold)
    for groups in ([], ["PLANET"], ["USER"] * 4):
        refused(sandbox.report("summary", report(summaryFilter={"groups": groups})))
    refused(sandbox.report("summary", report()), "summaryFilter")
    longest = sandbox.report("summary", report(summaryFilter={"groups": ["TAG"], "sortColumn": "DURATION"}, sortOrder="DESCENDING")).body
    spans = [group["duration"] for group in longest["groupOne"]]
    assert spans == sorted(spans, reverse=True)


def test_a_week_has_exactly_seven_days(sandbox: Sandbox) -> None:
    body = sandbox.report("weekly", report(weeklyFilter={"group": "USER", "subgroup": "PROJECT"})).body
    assert [row["date"] for row in body["totalsByDay"]] == [f"2026-11-{day:02}" for day in range(9, 16)]
    assert sum(row["duration"] for row in body["totalsByDay"]) == total(body) == sum(group["duration"] for group in body["groupOne"])
    assert all(len(group["days"]) == 7 for group in body["groupOne"])
    for end in ("2026-11-14T23:59:59Z", "2026-11-16T23:59:59Z"):
        refused(sandbox.report("weekly", report(weeklyFilter={}, dateRangeEnd=end)), "7 days")
    refused(sandbox.report("weekly", report()), "weeklyFilter")
    autumn = {"dateRangeStart": "2026-10-19T00:00:00", "dateRangeEnd": "2026-10-25T23:59:59"}
    assert sandbox.report("weekly", report(weeklyFilter={}, **autumn)).status == 200, "the week that the clocks go back is a week"
