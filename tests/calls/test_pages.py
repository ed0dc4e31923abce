"""Lists: pages that follow one another without a gap, and those that come as a whole."""

from typing import Any

import msgspec
import pytest

from tests.calls.shop import answer, builtin
from tests.calls.test_reply import ROW
from toolway.calls.brevity import MOST_CHARACTERS
from toolway.calls.places import at
from toolway.calls.reply import read


@pytest.mark.parametrize(("rows", "following"), [(49, None), (50, {"page": 2}), (51, None)])
def test_where_no_header_tells_of_more_a_full_page_does(rows: int, following: Any) -> None:
    assert read(*builtin("CLOCKIFY_GET_TAGS"), answer([{"id": str(n)} for n in range(rows)]), {}).next == following


@pytest.mark.parametrize("wide", [10, 90, 1_000, 9_000])
@pytest.mark.parametrize(
    ("slug", "given"),
    [
        ("CLOCKIFY_GET_TIME_ENTRIES", {"page-size": 1_000}),
        ("CLOCKIFY_GET_TIME_ENTRIES", {"page-size": 100, "page": 3}),
        ("CLOCKIFY_GET_TIME_ENTRIES", {"page-size": 37, "page": 2}),
        ("CLOCKIFY_GET_WEBHOOK_LOGS", {"size": 200}),
        ("CLOCKIFY_GENERATE_DETAILED_REPORT", {"detailedFilter": {"pageSize": 500, "sortColumn": "DATE"}}),
    ],
)
def test_a_page_that_is_too_long_goes_on_in_smaller_ones(slug: str, given: Any, wide: int) -> None:
    """Whoever follows `next` sees every row of the list once, each page short."""
    found, its = builtin(slug)
    held = [{"id": str(n), "_id": str(n), "description": "x" * (wide if n % 7 else 2 * wide), "statusCode": n} for n in range(230)]
    pages = found.pages
    assert pages is not None
    asked, seen = dict(given), list[Any]()
    first = (at(found, asked, pages.page) - pages.first) * at(found, asked, pages.size)
    for _ in range(300):
        number, size = at(found, asked, pages.page), at(found, asked, pages.size)
        page = held[(number - pages.first) * size :][:size]
        content = {found.list_key: page} if slug.endswith("REPORT") else page
        made = read(found, its, answer(content), asked)
        shown = made.data[found.list_key]
        seen += [row.get("id") or row["_id"] for row in shown]
        assert len(msgspec.json.encode(made.data)) <= MOST_CHARACTERS + 30
        assert len(shown) == len(page) or f"This page has {len(page)} rows, of which {len(shown)} are shown" in made.note
        if made.next is None:
            break
        asked |= made.next
    assert seen == [row["id"] for row in held[first:]]
    assert slug != "CLOCKIFY_GENERATE_DETAILED_REPORT" or asked["detailedFilter"]["sortColumn"] == "DATE"


@pytest.mark.parametrize(
    ("slug", "content", "total"),
    [
        ("CLOCKIFY_GET_ALL_MY_WORKSPACES", [{"id": n} for n in range(7)], 7),
        ("CLOCKIFY_GET_HOLIDAYS", [], 0),
        ("CLOCKIFY_GET_ALL_WEBHOOKS", {"webhooks": [{"id": "h"}] * 9, "workspaceWebhookCount": 9}, 9),
        ("DESKTIME_GET_ALL_COMPANY_EMPLOYEES", {"employees": {"2026-11-20": {"1": ROW, "2": ROW}, "2026-11-21": [], "x": [ROW]}}, 3),
        ("DESKTIME_GET_ALL_COMPANY_EMPLOYEES", {"employees": []}, 0),
        ("DESKTIME_GET_EMPLOYEE_APPS", {"apps": {"1": [{"app": "a"}] * 3, "0": {"x": {"app": "b"}}, "-1": []}}, 4),
        ("DESKTIME_GET_EMPLOYEE_PROJECTS", {"projects": [{"project_id": 1, "duration": 5}]}, 1),
        ("DESKTIME_GET_PROJECTS_LIST", {"projects": {"1": {"name": "a"}, "2": {"name": "b"}}}, 2),
        ("DESKTIME_GET_PROJECTS_LIST", {"projects": [{"name": "a"}]}, 1),
        ("DESKTIME_GET_EMPLOYEE", {"id": 1, "items": "x"}, None),
        ("CLOCKIFY_GET_TAGS", [{"id": 1}], None),
        ("CLOCKIFY_DELETE_USER_TIME_ENTRIES", [{"id": "1"}], None),
    ],
)
def test_a_list_without_pages_says_how_many_there_are(slug: str, content: Any, total: int | None) -> None:
    for most in (MOST_CHARACTERS, None):
        assert read(*builtin(slug), answer(content), {"time-entry-ids": ["1"]} if "DELETE" in slug else {}, most).total == total


def test_a_long_list_that_heeds_no_page_is_cut_and_says_so() -> None:
    made = read(*builtin("CLOCKIFY_GET_TIME_ENTRIES"), answer([{"id": str(n), "description": "x" * 100} for n in range(300)]), {})
    assert made.next is None and "of each timeEntries (of up to 300). Ask for less at once, or with view full" in made.note
    made = read(*builtin("CLOCKIFY_GET_PROJECT"), answer({"id": "p", "name": "n", "note": "x" * 9_000}), {})
    assert "texts end after 5,000 characters: note (of up to 9,000). Ask for less" in made.note
