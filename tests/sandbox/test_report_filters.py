"""What the filters of time reports let through, over HTTP."""

from collections.abc import Callable
from typing import Any

import pytest

from .served import Account
from .test_clockify_things import refused

Rows = list[dict[str, Any]]
Ask = Callable[..., Rows]
WINDOW = {"dateRangeStart": "2026-11-09T00:00:00", "dateRangeEnd": "2026-11-17T23:59:59"}


@pytest.fixture
def ask(agency: Account) -> Ask:
    home = agency.me["activeWorkspace"]

    def rows(detailed: dict[str, object] | None = None, **more: object) -> Rows:
        body = {**WINDOW, "detailedFilter": {"pageSize": 1000, **(detailed or {})}, **more}
        answer = agency.report("POST", f"/workspaces/{home}/reports/detailed", body)
        assert answer.status == 200, answer
        return answer.body["timeentries"]

    return rows


def tags(row: dict[str, Any]) -> list[str]:
    return [tag["_id"] for tag in row["tags"]]


def test_nothing_but(agency: Account, ask: Ask) -> None:
    first, second = (one["id"] for one in agency.call("GET", "tags", page_size=2).body)
    day = {"start": "2026-11-17T12:00:00Z", "end": "2026-11-17T12:30:00Z"}
    for picked in ([first], [second], [first, second], []):
        agency.call("POST", "time-entries", {**day, "tagIds": picked, "description": "tagged"})

    def had(**how: object) -> list[list[str]]:
        return sorted(sorted(tags(row)) for row in ask(description="tagged", tags=how))

    assert had(ids=[first]) == sorted([[first], sorted([first, second])])
    assert had(ids=[first], contains="DOES_NOT_CONTAIN") == sorted([[], [second]])
    assert had(ids=[first], containedInTimeentry="CONTAINS_ONLY") == [[first]]
    assert had(ids=[first, second], containedInTimeentry="CONTAINS_ONLY", contains="CONTAINS") == sorted(
        [[first], [second], sorted([first, second])]
    )
    agency.call("PUT", f"tags/{first}", {"name": "gone", "archived": True})
    assert had(ids=[first], status="ACTIVE") == []
    assert len(had(ids=[first], status="ARCHIVED")) == 2


def test_people_and_groups(agency: Account, ask: Ask) -> None:
    makers = agency.call("GET", "user-groups", name="Makers").body[0]
    inside, outside = ask(userGroups={"ids": [makers["id"]]}), ask(userGroups={"ids": [makers["id"]], "contains": "DOES_NOT_CONTAIN"})
    assert {row["userId"] for row in inside} == set(makers["userIds"])
    assert len(inside) + len(outside) == len(ask()) > 0
    person = makers["userIds"][0]
    assert {row["userId"] for row in ask(users={"ids": [person], "status": "ACTIVE"})} == {person}
    assert ask(users={"ids": [person], "status": "PENDING"}) == []
    refused(agency.report("POST", "reports/detailed", {**WINDOW, "detailedFilter": {}, "users": {"status": "ARCHIVED"}}))


def test_custom_fields(agency: Account, ask: Ask) -> None:
    rows = agency.call("GET", agency.mine(), page_size=5000).body
    field = next(value["customFieldId"] for row in rows for value in row["customFieldValues"])
    filled = ask(customFields=[{"id": field, "isEmpty": False}])
    empty = ask(customFields=[{"id": field, "isEmpty": True}])
    assert len(filled) + len(empty) == len(ask())
    low, high = (
        ask(customFields=[{"id": field, "type": "NUMBER", "numberCondition": how, "value": 4001}]) for how in ("LESS_THAN", "GREATER_THAN")
    )
    same = ask(customFields=[{"id": field, "value": 4001}])
    assert len(low) + len(high) + len(same) == len(filled)
    assert min(map(len, (low, high, same))) > 0


def test_odd_entries(agency: Account, ask: Ask) -> None:
    day = {"start": "2026-11-17T12:00:00Z", "end": "2026-11-17T12:07:00Z"}
    odd = agency.call("POST", "time-entries", day).body["id"]
    for audit in ({"withoutProject": True}, {"withoutTask": True}, {"duration": 8, "durationShorter": True}):
        assert [row["_id"] for row in ask({"auditFilter": audit})] == [odd], audit
    assert all(row["timeInterval"]["duration"] > 90 * 60 for row in ask({"auditFilter": {"duration": 90}}))
    assert odd not in [row["_id"] for row in ask({"auditFilter": {"duration": 8}})]


def test_what_nothing_here_ever_is(agency: Account, ask: Ask) -> None:
    whole = ask()
    assert ask(approvalState="APPROVED") == ask(invoicingState="INVOICED") == []
    assert ask(approvalState="UNAPPROVED") == ask(invoicingState="UNINVOICED") == ask(dateRangeType="TODAY") == whole
    body = {**WINDOW, "detailedFilter": {"options": {"totals": "EXCLUDE"}}}
    assert agency.report("POST", "reports/detailed", body).body["totals"] == []
    for wrong in ({"approvalState": "MAYBE"}, {"dateRangeType": "SOON"}, {"weekStart": "DAY"}, {"timeZone": "Mars/Base"}):
        refused(agency.report("POST", "reports/detailed", {**WINDOW, "detailedFilter": {}, **wrong}))
