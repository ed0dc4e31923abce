"""Shared reports and the expense report, over HTTP."""

import csv
import io
import zipfile
from typing import Any

import pytest

from .asking import Answer
from .served import Account
from .test_accounts import forbidden
from .test_clockify_things import refused

WINDOW: dict[str, Any] = {"dateRangeStart": "2026-11-09T00:00:00", "dateRangeEnd": "2026-11-15T23:59:59"}
SUMMARY: dict[str, Any] = {"name": "By project", "type": "SUMMARY", "filter": {**WINDOW, "summaryFilter": {"groups": ["PROJECT"]}}}


def titles(answer: Answer) -> list[str]:
    assert answer.status == 200, answer
    return [row["name"] for row in answer.body["reports"]]


def test_a_shared_report_from_first_to_last(studio: Account) -> None:
    made = studio.report("POST", "shared-reports", {**SUMMARY, "isPublic": True, "fixedDate": True, "visibleToUsers": [studio.me["id"]]})
    assert made.status == 200, "not 201"
    one = made.body
    assert (one["isPublic"], one["fixedDate"], one["filter"], one["userId"]) == (True, True, SUMMARY["filter"], studio.me["id"])
    path = f"shared-reports/{one['id']}"
    row = next(row for row in studio.report("GET", "shared-reports").body["reports"] if row["id"] == one["id"])
    assert row["link"].endswith(one["id"])
    assert (row["reportAuthor"], row["visibleToUsers"]) == (studio.me["id"], [{"id": studio.me["id"], "name": "Alice"}])
    assert "filter" not in row
    seen = studio.report("GET", f"/shared-reports/{one['id']}").body
    plain = studio.report("POST", "reports/summary", SUMMARY["filter"]).body
    assert (seen["groupOne"], seen["totals"]) == (plain["groupOne"], plain["totals"])
    assert seen["groupTotals"] == {"groupOneTotalCount": len(plain["groupOne"])}
    assert seen["filters"]["name"] == "By project"
    changed = studio.report("PUT", path, {"name": "Renamed"}).body
    assert (changed["name"], changed["isPublic"], changed["fixedDate"], changed["visibleToUsers"]) == ("Renamed", False, False, [])
    assert (changed["type"], changed["filter"]) == ("SUMMARY", SUMMARY["filter"]), "what an update cannot say stays"
    refused(studio.report("PUT", path, {"isPublic": True}), "name")
    refused(
        studio.report("PUT", path, {"name": "No", "visibleToUsers": [studio.me["id"]], "visibleToUserGroups": ["f" * 24]}), "User group"
    )
    row = next(row for row in studio.report("GET", "shared-reports").body["reports"] if row["id"] == one["id"])
    assert (row["name"], row["visibleToUsers"]) == ("Renamed", []), "a refused update changes nothing"
    gone = studio.report("DELETE", path)
    assert (gone.status, gone.raw) == (204, b"")
    refused(studio.report("DELETE", path), "Shared report")
    refused(studio.report("GET", f"/shared-reports/{one['id']}"), "Shared report")


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"type": "PIE"},
        {"filter": {}},
        {"filter": WINDOW},
        {"filter": {**WINDOW, "summaryFilter": {"groups": ["PLANET"]}}},
        {"visibleToUsers": ["f" * 24]},
        {"visibleToUserGroups": ["f" * 24]},
        {"type": "WEEKLY", "filter": {**WINDOW, "dateRangeEnd": "2026-11-14T23:59:59", "weeklyFilter": {}}},
    ],
)
def test_what_a_shared_report_cannot_be(studio: Account, wrong: dict[str, object]) -> None:
    before = titles(studio.report("GET", "shared-reports"))
    refused(studio.report("POST", "shared-reports", {**SUMMARY, **wrong}))
    assert titles(studio.report("GET", "shared-reports")) == before


def test_lists_by_page_and_by_author(studio: Account, member: Account) -> None:
    assert titles(studio.report("GET", "shared-reports")) == ["Marketing's week", "Time by project"]
    assert titles(studio.report("GET", "shared-reports", sharedReportsFilter="CREATED_BY_ME")) == ["Time by project"]
    assert titles(studio.report("GET", "shared-reports", sharedReportsFilter="SHARED_WITH_ME")) == ["Marketing's week"]
    assert titles(member.report("GET", "shared-reports")) == ["Marketing's week"]
    for place in range(3):
        studio.report("POST", "shared-reports", {**SUMMARY, "name": f"More {place}"})
    pages = [studio.report("GET", "shared-reports", page=page, pageSize=2) for page in (1, 2, 3, 4)]
    assert [titles(one) for one in pages] == [["Marketing's week", "More 0"], ["More 1", "More 2"], ["Time by project"], []]
    assert {one.body["count"] for one in pages} == {5}
    refused(studio.report("GET", "shared-reports", pageSize=0))
    refused(studio.report("GET", "shared-reports", sharedReportsFilter="NONE"))


def test_who_may_see_and_change_one(studio: Account, member: Account, agency: Account) -> None:
    mine = studio.report("POST", "shared-reports", SUMMARY).body["id"]
    forbidden(member.report("GET", f"/shared-reports/{mine}"))
    forbidden(member.report("PUT", f"shared-reports/{mine}", {"name": "Theirs"}))
    forbidden(member.report("DELETE", f"shared-reports/{mine}"))
    studio.report("PUT", f"shared-reports/{mine}", {"name": "Ours", "visibleToUsers": [member.me["id"]]})
    assert member.report("GET", f"/shared-reports/{mine}").body["filters"]["isAdminOrOwner"] is False
    open_one = studio.report("GET", "shared-reports", sharedReportsFilter="CREATED_BY_ME").body["reports"][-1]["id"]
    assert agency.report("GET", f"/shared-reports/{open_one}").status == 200, "public is for everybody"
    forbidden(agency.report("GET", f"/shared-reports/{mine}"))


def test_a_window_moves_unless_it_is_fixed(studio: Account) -> None:
    def dates(answer: Answer) -> tuple[str, str]:
        filters = answer.body["filters"]
        return filters["dateRangeStart"][:10], filters["dateRangeEnd"][:10]

    for kind, expected in {
        "TODAY": ("2026-11-18", "2026-11-18"),
        "YESTERDAY": ("2026-11-17", "2026-11-17"),
        "THIS_WEEK": ("2026-11-16", "2026-11-22"),
        "LAST_WEEK": ("2026-11-09", "2026-11-15"),
        "PAST_TWO_WEEKS": ("2026-11-02", "2026-11-15"),
        "THIS_MONTH": ("2026-11-01", "2026-11-30"),
        "LAST_MONTH": ("2026-10-01", "2026-10-31"),
        "THIS_YEAR": ("2026-01-01", "2026-12-31"),
        "LAST_YEAR": ("2025-01-01", "2025-12-31"),
        "ABSOLUTE": ("2026-11-09", "2026-11-15"),
    }.items():
        body: dict[str, Any] = {**SUMMARY, "filter": {**SUMMARY["filter"], "dateRangeType": kind}}
        one = studio.report("POST", "shared-reports", body).body["id"]
        assert dates(studio.report("GET", f"/shared-reports/{one}")) == expected, kind
        other = {"dateRangeStart": "2026-11-02T00:00:00", "dateRangeEnd": "2026-11-03T00:00:00"}
        assert dates(studio.report("GET", f"/shared-reports/{one}", None, **other)) == ("2026-11-02", "2026-11-03")
        studio.report("PUT", f"shared-reports/{one}", {"name": "Fixed", "fixedDate": True})
        assert dates(studio.report("GET", f"/shared-reports/{one}", None, **other)) == ("2026-11-09", "2026-11-15")


def test_pages_and_order_of_a_detailed_one(studio: Account) -> None:
    body = {"name": "Lines", "type": "DETAILED", "filter": {**WINDOW, "detailedFilter": {"pageSize": 10}}}
    one = studio.report("POST", "shared-reports", body).body["id"]
    whole = studio.report("POST", "reports/detailed", {**WINDOW, "detailedFilter": {"pageSize": 1000}}).body["timeentries"]
    first = studio.report("GET", f"/shared-reports/{one}").body["timeentries"]
    assert first == whole[:10]
    assert studio.report("GET", f"/shared-reports/{one}", page=2, pageSize=7).body["timeentries"] == whole[7:14]
    upside = studio.report("GET", f"/shared-reports/{one}", sortOrder="ASCENDING", sortColumn="DURATION").body["timeentries"]
    spans = [row["timeInterval"]["duration"] for row in upside]
    assert spans == sorted(spans)
    refused(studio.report("GET", f"/shared-reports/{one}", sortColumn="COLOUR"))


def test_files(studio: Account) -> None:
    body = {**WINDOW, "detailedFilter": {"pageSize": 20}}
    rows = studio.report("POST", "reports/detailed", body).body["timeentries"]
    answer = studio.report("POST", "reports/detailed", {**body, "exportType": "CSV"})
    assert answer.headers["content-type"] == "text/csv"
    assert "report.csv" in answer.headers["content-disposition"]
    lines = list(csv.DictReader(io.StringIO(answer.raw.decode())))
    assert [line["_id"] for line in lines] == [row["_id"] for row in rows]
    assert lines[0]["start"] == rows[0]["timeInterval"]["start"]
    packed = studio.report("POST", "reports/summary", {**SUMMARY["filter"], "exportType": "ZIP"})
    assert packed.headers["content-type"] == "application/zip"
    assert zipfile.ZipFile(io.BytesIO(packed.raw)).namelist() == ["report.csv"]
    one = studio.report("GET", "shared-reports", sharedReportsFilter="CREATED_BY_ME").body["reports"][0]["id"]
    assert studio.report("GET", f"/shared-reports/{one}", exportType="CSV").headers["content-type"] == "text/csv"
    refused(studio.report("GET", f"/shared-reports/{one}", exportType="PDF"), "does not play")


def test_a_type_that_is_kept_but_not_played(studio: Account) -> None:
    one = studio.report("POST", "shared-reports", {"name": "Days off", "type": "PTO_BALANCE", "filter": WINDOW})
    assert one.status == 200
    refused(studio.report("GET", f"/shared-reports/{one.body['id']}"), "does not play")


MONTH: dict[str, Any] = {"dateRangeStart": "2026-10-20T00:00:00", "dateRangeEnd": "2026-11-18T23:59:59"}


def test_the_expense_report_adds_up_over_its_pages(studio: Account) -> None:
    whole = studio.report("POST", "reports/expenses/detailed", MONTH)
    rows, totals = whole.body["expenses"], whole.body["totals"]
    assert len(rows) == totals["expensesCount"] == 7
    assert sum(row["amount"] for row in rows) == totals["totalAmount"]
    assert sum(row["amount"] for row in rows if row["billable"]) == totals["totalAmountBillable"] < totals["totalAmount"]
    assert [row["date"] for row in rows] == sorted((row["date"] for row in rows), reverse=True)
    assert whole.headers["last-page"] == "true"
    paged: list[Any] = []
    for page in (1, 2, 3):
        one = studio.report("POST", "reports/expenses/detailed", {**MONTH, "page": page, "pageSize": 3})
        paged += one.body["expenses"]
        assert (one.body["totals"], one.headers["last-page"]) == (totals, "true" if page == 3 else "false")
    assert paged == rows


def test_filters_of_the_expense_report(studio: Account) -> None:
    def ask(**more: object) -> list[dict[str, Any]]:
        answer = studio.report("POST", "reports/expenses/detailed", {**MONTH, **more})
        assert answer.status == 200, answer
        return answer.body["expenses"]

    every = ask()
    ids = {row["categoryName"]: row["categoryId"] for row in every}
    assert {row["userName"] for row in ask(categories={"ids": [ids["Mileage"]]})} == {"Ben", "Hugo"}
    assert len(ask(categories={"ids": [ids["Mileage"]], "contains": "DOES_NOT_CONTAIN"})) == 5
    assert ask(categories={"ids": [ids["Mileage"]], "status": "ARCHIVED"}) == []
    assert {row["userName"] for row in ask(users={"ids": [every[0]["userId"]]})} == {"Alice"}
    assert len(ask(billable=False)) == 2
    assert [row["notes"] for row in ask(note="workshop")] == ["Train to the workshop"]
    assert [row["userName"] for row in ask(withoutNote=True)] == ["Chloe"]
    acme = studio.id_of("clients", "Acme")
    assert {row["projectName"] for row in ask(clients={"ids": [acme]})} == {"client website redesign", "Autumn campaign"}
    assert ask(approvalState="APPROVED") == ask(invoicingState="INVOICED") == []
    amounts = [row["amount"] for row in ask(sortColumn="AMOUNT", sortOrder="ASCENDING")]
    assert amounts == sorted(amounts)
    assert {row["date"] for row in ask(dateRangeStart="2026-11-16T00:00:00", dateRangeEnd="2026-11-17T00:00:00")} == {
        "2026-11-16T00:00:00Z",
        "2026-11-17T00:00:00Z",
    }
    refused(studio.report("POST", "reports/expenses/detailed", {**MONTH, "sortColumn": "COLOUR"}))
    refused(studio.report("POST", "reports/expenses/detailed", {}), "dateRangeStart")
    assert b"Train" in studio.report("POST", "reports/expenses/detailed", {**MONTH, "exportType": "CSV"}).raw
