"""Holidays and scheduled work, over HTTP."""

import pytest

from .served import Account
from .test_clockify_things import names, refused

WEEK = {"start": "2026-11-16T00:00:00Z", "end": "2026-11-22T23:59:59Z"}


def person(account: Account, name: str) -> str:
    return account.call("POST", "users/info", {"name": name}).body[0]["id"]


def test_holidays_have_no_pages(studio: Account) -> None:
    every = studio.call("GET", "holidays")
    assert names(every) == ["New Year's Day", "Christmas", "Company summer day", "Moving desks"]
    assert "last-page" not in every.headers
    assert studio.call("GET", "holidays", page=2, page_size=1).body == every.body
    assert names(studio.call("GET", "holidays", assigned_to=person(studio, "Ben"))) == names(every)
    assert names(studio.call("GET", "holidays", assigned_to=studio.me["id"])) == names(every)[:-1]
    refused(studio.call("GET", "holidays", assigned_to="f" * 24), "User")
    christmas = every.body[1]
    assert (christmas["datePeriod"], christmas["occursAnnually"]) == ({"startDate": "2020-12-25", "endDate": "2020-12-26"}, True)


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [
        ("2026-11-01T00:00:00Z", "2026-11-30T23:59:59Z", ["Moving desks"]),
        ("2026-11-27T00:00:00Z", "2026-11-27T23:59:59.999Z", ["Moving desks"]),
        ("2026-12-26T00:00:00Z", "2027-01-01T00:00:00Z", ["New Year's Day", "Christmas"]),
        ("2026-12-27T00:00:00Z", "2026-12-31T23:59:59Z", []),
        ("2026-07-03T12:00:00Z", "2026-07-03T12:00:00Z", ["Company summer day"]),
        ("2027-07-03T00:00:00Z", "2027-07-03T23:59:59Z", []),
    ],
)
def test_holidays_in_a_period(studio: Account, start: str, end: str, found: list[str]) -> None:
    ben = person(studio, "Ben")
    assert names(studio.call("GET", "holidays/in-period", None, assigned_to=ben, start=start, end=end)) == found


def test_a_period_needs_all_three(studio: Account) -> None:
    whole = {"assigned_to": studio.me["id"], "start": "2026-12-01T00:00:00Z", "end": "2026-12-31T00:00:00Z"}
    assert names(studio.call("GET", "holidays/in-period", None, **whole)) == ["Christmas"]
    for name in whole:
        less = studio.call("GET", "holidays/in-period", None, **{key: value for key, value in whole.items() if key != name})
        assert (less.status, less.body["code"]) == (400, 3000)
        assert name.replace("_", "-") in less.body["message"]
    refused(studio.call("GET", "holidays/in-period", None, **{**whole, "start": "2026-12-01"}), "yyyy-MM-ddThh:mm:ssZ")
    refused(studio.call("GET", "holidays/in-period", None, **{**whole, "end": "2026-11-01T00:00:00Z"}), "after")


def test_scheduled_work_of_a_window(studio: Account) -> None:
    rows = studio.call("GET", "scheduling/assignments/all", None, **WEEK)
    assert sorted(row["userName"] for row in rows.body) == ["Alice", "Ben", "Elena", "Grace", "Hugo"]
    assert rows.headers["last-page"] == "true"
    both = studio.call("GET", "scheduling/assignments/all", None, **{**WEEK, "end": "2026-11-23T00:00:00Z"}).body
    assert len(both) == 10, "the next week begins with its first moment"
    assert len(studio.call("GET", "scheduling/assignments/all", None, **{**WEEK, "end": "2026-11-22T23:59:59Z"}).body) == 5
    assert studio.call("GET", "scheduling/assignments/all", None, start="2026-11-21T00:00:00Z", end="2026-11-22T00:00:00Z").body == []
    alice = next(row for row in rows.body if row["userName"] == "Alice")
    assert (alice["projectName"], alice["clientName"], alice["taskName"], alice["hoursPerDay"]) == (
        "client website redesign",
        "Acme",
        "Visual design",
        2.0,
    )
    assert alice["period"] == {"start": "2026-11-15T23:00:00Z", "end": "2026-11-20T22:59:59Z"}, "midnight in Berlin"


def test_scheduled_work_by_name_order_and_page(studio: Account) -> None:
    path = "scheduling/assignments/all"

    def users(**query: object) -> list[str]:
        return [row["userName"] for row in studio.call("GET", path, None, **WEEK, **query).body]

    assert users(sort_column="USER") == ["Alice", "Ben", "Elena", "Grace", "Hugo"]
    assert users(sort_column="USER", sort_order="DESCENDING", page=2, page_size=2) == ["Elena", "Ben"]
    assert sorted(users(name="website")) == ["Alice", "Grace"]
    assert users(name="copywriting") == users(name="ben") == ["Ben"]
    assert studio.call("GET", path, None, **WEEK, page_size=2).headers["last-page"] == "false"
    for name in WEEK:
        less = studio.call("GET", path, None, **{key: value for key, value in WEEK.items() if key != name})
        assert (less.status, less.body["code"]) == (400, 3000)
    refused(studio.call("GET", path, None, **WEEK, sort_column="COLOUR"))
    refused(studio.call("GET", path, None, start=WEEK["end"], end=WEEK["start"]), "after")
    refused(studio.call("GET", path, None, **WEEK, page_size=0))
