from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.calls.shop import answer, builtin, catalogue, kit, param, tool
from toolway.calls.brevity import MOST_CHARACTERS
from toolway.calls.places import largest_page
from toolway.calls.reply import read
from toolway.catalog.model import Fault, Pages, Tool, Toolkit
from toolway.errors import Refused
from toolway.net import Answer

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["a", "b", "error", "message", "code", "id"]), inner, max_size=4)
    ),
    max_leaves=12,
)
BODY = st.binary(max_size=40) | JSON.map(msgspec.json.encode)


@given(
    BODY, st.integers(100, 599), st.sampled_from(["CLOCKIFY_GET_TAGS", "DESKTIME_GET_EMPLOYEE_DATA", "CLOCKIFY_GENERATE_DETAILED_REPORT"])
)
@example(b"[" * 100_000, 200, "CLOCKIFY_GET_TAGS")
@example(b'{"error": {"code": ' + b"9" * 4000 + b"}}", 400, "CLOCKIFY_GET_TAGS")
@example(b"\xff\xfe", 502, "CLOCKIFY_GET_TAGS")
@example(b'"\\ud800"', 200, "CLOCKIFY_GET_TAGS")
def test_an_answer_is_a_result_or_refused(body: bytes, status: int, slug: str) -> None:
    found, its = builtin(slug)
    for most in (MOST_CHARACTERS, None):
        try:
            made = read(found, its, Answer(status, {}, body), {"detailedFilter": {"page": 7}}, most)
        except Refused as refused:
            refused.sentence.encode()
        else:
            msgspec.json.encode(made.data)
            assert 200 <= status < 300


@pytest.mark.parametrize("depth", [60, 440, 600, 100_000])
@pytest.mark.parametrize("before", [b"", b"\\b", b"x" * 9_000])
def test_depth_is_an_answer_or_rubbish_and_no_fault_of_ours(before: bytes, depth: int) -> None:
    found, its = builtin("CLOCKIFY_GENERATE_DETAILED_REPORT")
    body = b'{"before": "' + before + b'", "deep": ' + b"[" * depth + b"]" * depth + b"}"
    said = ""
    try:
        msgspec.json.encode(read(found, its, Answer(200, {}, body), {}).data)
    except Refused as refused:
        said = f"{refused.means}: {refused.message}"
    assert depth > 60 or not said
    assert depth < 100_000 or said
    assert not said or said == "rubbish: Clockify answered 200 with lists or objects that are nested without end."


ROW = {"id": 1, "name": "Anna", "email": "a@x", "groupId": 3, "arrived": False}
SHOWN = {"id": 1, "name": "Anna", "arrived": False}


VIEWS: list[tuple[str, Any, Any]] = [
    (
        "CLOCKIFY_GET_TAGS",
        [{"id": "t", "name": "n", "archived": False, "workspaceId": "w"}],
        {"tags": [{"id": "t", "name": "n", "archived": False}]},
    ),
    ("CLOCKIFY_GET_TAGS", [], {"tags": []}),
    ("CLOCKIFY_GET_CLIENT_BY_ID", {"id": "c", "email": None, "x": 1}, {"id": "c", "email": None}),
    (
        "CLOCKIFY_GET_PROJECT",
        {"id": "p", "memberships": [{"userId": "u", "hourlyRate": None}], "estimate": {"type": "AUTO"}},
        {"id": "p", "estimate": {"type": "AUTO"}, "memberships": [{"userId": "u"}]},
    ),
    ("CLOCKIFY_GET_PROJECT", {"id": "p", "memberships": None}, {"id": "p", "memberships": None}),
    (
        "CLOCKIFY_GENERATE_DETAILED_REPORT",
        {"totals": [{"totalTime": 5, "_id": ""}], "timeentries": [{"_id": "e", "tags": [{"name": "t", "_id": "x"}], "userId": "u"}]},
        {"totals": [{"totalTime": 5}], "timeentries": [{"_id": "e", "tags": [{"name": "t"}]}]},
    ),
    (
        "CLOCKIFY_GENERATE_SUMMARY_REPORT",
        {"totals": [None], "groupOne": [{"name": "P", "_id": "p", "children": [{"name": "U", "_id": "u", "children": []}]}]},
        {"totals": [None], "groupOne": [{"name": "P", "children": [{"name": "U", "children": []}]}]},
    ),
    (
        "CLOCKIFY_GET_CURRENTLY_LOGGED_IN_USER_INFO",
        {"id": "u", "settings": {"timeZone": "UTC", "x": 1}},
        {"id": "u", "settings": {"timeZone": "UTC"}},
    ),
    (
        "CLOCKIFY_GET_IN_PROGRESS_TIME_ENTRIES",
        [{"id": "e", "timeInterval": {"start": "s", "end": None}}],
        {"timeEntries": [{"id": "e", "timeInterval": {"start": "s"}}]},
    ),
    (
        "CLOCKIFY_GET_USER_GROUPS",
        [{"id": "g", "userIds": ["u"], "teamManagers": [{"id": "m", "name": "n"}]}, {"id": "h", "teamManagers": None}],
        {"userGroups": [{"id": "g", "teamManagers": [{"name": "n"}]}, {"id": "h", "teamManagers": None}]},
    ),
    (
        "CLOCKIFY_GET_MEMBER_PROFILE",
        {"name": "n", "workingDays": ["MONDAY"], "userCustomFieldValues": [{"name": "f", "value": 1, "type": "NUMBER"}]},
        {"name": "n", "workingDays": ["MONDAY"], "userCustomFieldValues": [{"name": "f", "value": 1}]},
    ),
    (
        "CLOCKIFY_UPDATE_USER_HOURLY_RATE",
        {"id": "w", "memberships": [{"userId": "u", "hourlyRate": {"amount": 1}, "costRate": None}], "features": []},
        {"id": "w", "memberships": [{"userId": "u", "hourlyRate": {"amount": 1}}]},
    ),
    (
        "DESKTIME_GET_ALL_COMPANY_EMPLOYEES",
        {"employees": {"2026-11-20": {"1": ROW}, "2026-11-21": []}, "__request_time": 5},
        {"employees": {"2026-11-20": {"1": SHOWN}, "2026-11-21": []}},
    ),
    ("DESKTIME_GET_ALL_COMPANY_EMPLOYEES", {"employees": {"2026-11-20": [ROW]}}, {"employees": {"2026-11-20": [SHOWN]}}),
    ("DESKTIME_GET_ALL_COMPANY_EMPLOYEES", {"employees": []}, {"employees": []}),
    (
        "DESKTIME_GET_EMPLOYEE_PROJECTS_AND_APPS",
        {"id": 1, "apps": {"1": {"x": {"app": "a", "type": "t", "duration": 3}}, "-1": []}, "projects": []},
        {"id": 1, "projects": [], "apps": {"1": {"x": {"app": "a", "duration": 3}}, "-1": []}},
    ),
    (
        "DESKTIME_GET_EMPLOYEE_PROJECTS_AND_APPS",
        {"apps": [], "projects": [{"project_title": "p", "x": 1}]},
        {"projects": [{"project_title": "p"}], "apps": []},
    ),
    (
        "DESKTIME_GET_EMPLOYEE_APPS",
        {"id": 1, "apps": {"0": [{"name": "Mail", "type": "t", "duration": 3}], "1": []}, "__request_time": "1"},
        {"id": 1, "apps": {"0": [{"name": "Mail", "duration": 3}], "1": []}},
    ),
    (
        "CLOCKIFY_GENERATE_WEEKLY_REPORT",
        {"totals": [{"_id": "", "totalTime": 9}], "totalsByDay": [{"duration": 9}], "groupOne": [{"id": "p", "name": "Site", "days": []}]},
        {"totals": [{"totalTime": 9}], "totalsByDay": [{"duration": 9}], "groupOne": [{"name": "Site", "days": []}]},
    ),
    (
        "CLOCKIFY_GENERATE_EXPENSE_REPORT",
        {"totals": {"expensesCount": 1}, "expenses": [{"id": "x", "amount": 5, "fileId": "f", "locked": False}]},
        {"totals": {"expensesCount": 1}, "expenses": [{"id": "x", "amount": 5}]},
    ),
    (
        "CLOCKIFY_GET_SHARED_REPORTS",
        {"count": 1, "reports": [{"id": "r", "name": "Acme", "visibleToUsers": [{"id": "u", "name": "Anna"}]}]},
        {"count": 1, "reports": [{"id": "r", "name": "Acme"}]},
    ),
    *(
        (
            slug,
            {"workspaceWebhookCount": 1, "webhooks": [{"id": "h", "authToken": "secret"}]},
            {"workspaceWebhookCount": 1, "webhooks": [{"id": "h"}]},
        )
        for slug in ("CLOCKIFY_GET_ALL_WEBHOOKS", "CLOCKIFY_GET_ALL_ADDON_WEBHOOKS")
    ),
    *(
        (slug, {"id": "h", "name": "Slack", "authToken": "secret"}, {"id": "h", "name": "Slack"})
        for slug in ("CLOCKIFY_GET_WEBHOOK_BY_ID", "CLOCKIFY_GENERATE_NEW_WEBHOOK_TOKEN", "CLOCKIFY_UPDATE_WEBHOOK")
    ),
]


@pytest.mark.parametrize(("slug", "content", "left"), VIEWS)
def test_views_leave_what_is_meant(slug: str, content: Any, left: Any) -> None:
    found, its = builtin(slug)
    made = read(found, its, answer(content), {})
    assert made.data == left
    assert made.trimmed == ((made.data if isinstance(content, dict) else made.data[found.list_key]) != content)
    full = read(found, its, answer(content), {}, most=None)
    assert not full.trimmed and full.data == (content if isinstance(content, dict) else {found.list_key: content})


def test_every_view_is_shown_here_or_is_flat() -> None:
    dotted = {c.slug for c in catalogue().cards() if any("*" in name for name in builtin(c.slug)[0].view)}
    assert dotted == {
        "CLOCKIFY_GENERATE_DETAILED_REPORT",
        "CLOCKIFY_GENERATE_SUMMARY_REPORT",
        "CLOCKIFY_GENERATE_WEEKLY_REPORT",
        "CLOCKIFY_GENERATE_EXPENSE_REPORT",
        "CLOCKIFY_GET_SHARED_REPORTS",
        "CLOCKIFY_GET_ALL_WEBHOOKS",
        "CLOCKIFY_GET_ALL_ADDON_WEBHOOKS",
        "CLOCKIFY_GET_PROJECT",
        "CLOCKIFY_GET_MEMBER_PROFILE",
        "CLOCKIFY_GET_USER_GROUPS",
        "CLOCKIFY_CREATE_NEW_PROJECT",
        "CLOCKIFY_UPDATE_PROJECT",
        "CLOCKIFY_UPDATE_PROJECT_MEMBERSHIPS",
        "CLOCKIFY_UPDATE_PROJECT_USER_HOURLY_RATE",
        "CLOCKIFY_UPDATE_USER_HOURLY_RATE",
        "DESKTIME_GET_ALL_COMPANY_EMPLOYEES",
        "DESKTIME_GET_EMPLOYEE_APPS",
        "DESKTIME_GET_EMPLOYEE_DATA",
        "DESKTIME_GET_EMPLOYEE_PROJECTS",
        "DESKTIME_GET_EMPLOYEE_PROJECTS_AND_APPS",
    }


@pytest.mark.parametrize(
    ("slug", "given", "rows", "last", "following"),
    [
        ("CLOCKIFY_GET_TAGS", {}, 50, "false", {"page": 2}),
        ("CLOCKIFY_GET_TAGS", {"page": 4, "page-size": 3}, 3, "FALSE", {"page-size": 3, "page": 5}),
        ("CLOCKIFY_GET_TAGS", {}, 50, "true", None),
        ("CLOCKIFY_GET_TAGS", {}, 50, "", None),
        ("CLOCKIFY_FILTER_WORKSPACE_USERS", {}, 50, "", {"page": 2}),
        ("CLOCKIFY_FILTER_WORKSPACE_USERS", {}, 49, "", None),
        ("CLOCKIFY_FILTER_WORKSPACE_USERS", {"page": 2, "pageSize": 2}, 2, "", {"pageSize": 2, "page": 3}),
        ("CLOCKIFY_GET_WEBHOOK_LOGS", {}, 50, "", {"page": 1}),
        ("CLOCKIFY_GET_WEBHOOK_LOGS", {"size": 5, "page": 0}, 5, "", {"size": 5, "page": 1}),
        ("CLOCKIFY_GET_WEBHOOK_LOGS", {}, 0, "", None),
        ("CLOCKIFY_GET_IN_PROGRESS_TIME_ENTRIES", {}, 10, "", {"page": 2}),
        ("CLOCKIFY_GENERATE_DETAILED_REPORT", {}, 20, "", {"detailedFilter": {"page": 2, "pageSize": 20}}),
        (
            "CLOCKIFY_GENERATE_DETAILED_REPORT",
            {"detailedFilter": {"page": 2, "pageSize": 1, "sortColumn": "DATE"}},
            1,
            "",
            {"detailedFilter": {"page": 3, "pageSize": 1, "sortColumn": "DATE"}},
        ),
        (
            "CLOCKIFY_GENERATE_DETAILED_REPORT",
            {"detailedFilter": {"sortColumn": "DATE"}},
            20,
            "",
            {"detailedFilter": {"page": 2, "sortColumn": "DATE"}},
        ),
        ("CLOCKIFY_GENERATE_DETAILED_REPORT", {}, 19, "", None),
        ("CLOCKIFY_GENERATE_EXPENSE_REPORT", {}, 20, "", {"page": 2}),
        ("CLOCKIFY_GET_SHARED_REPORTS", {"page": 2}, 50, "", {"page": 3}),
        ("CLOCKIFY_GET_TIME_ENTRIES", {}, 20, "", {"page": 2}),
        ("CLOCKIFY_GET_CREATED_ENTITIES", {}, 10, "", {"page": 1}),
        ("CLOCKIFY_GET_DELETED_ENTITIES", {"page": 1, "limit": 3}, 3, "", {"limit": 3, "page": 2}),
        ("CLOCKIFY_GET_DELETED_ENTITIES", {}, 9, "", None),
        ("CLOCKIFY_GET_ALL_MY_WORKSPACES", {}, 500, "false", None),
    ],
)
def test_a_page_says_what_comes_next(slug: str, given: Any, rows: int, last: str, following: Any) -> None:
    found, its = builtin(slug)
    content: Any = [{"id": str(n)} for n in range(rows)]
    if found.list_key in ("timeentries", "expenses", "reports", "response"):
        content = {found.list_key: content}
    made = read(found, its, answer(content, last_page=last or "true"), given)
    assert made.next == following


def test_every_paged_tool_is_shown_above() -> None:
    ways = {builtin(c.slug)[0].pages for c in catalogue().cards()} - {None}
    assert len(ways) == 7


def test_a_cursor_is_the_next_page() -> None:
    found = tool("GET /x", param("query", "after", "text"), pages=Pages("query.after", more="cursor next"))
    assert read(found, kit(), answer({"next": "abc"}), {}).next == {"after": "abc"}
    assert read(found, kit(), answer({"next": None}), {}).next is None
    assert read(found, kit(), answer([1]), {}).next is None


def test_the_largest_page_is_what_the_bounds_say() -> None:
    assert largest_page(builtin("CLOCKIFY_GET_IN_PROGRESS_TIME_ENTRIES")[0]) == {"page-size": 1000}
    assert largest_page(builtin("CLOCKIFY_GENERATE_DETAILED_REPORT")[0]) == {"detailedFilter": {"page": 1, "pageSize": 1000}}
    assert largest_page(builtin("CLOCKIFY_GET_TAGS")[0]) == largest_page(tool()) == {}


CLOCKIFY, DESKTIME = builtin("CLOCKIFY_GET_TAGS"), builtin("DESKTIME_GET_EMPLOYEE_DATA")


@pytest.mark.parametrize(
    ("its", "status", "content", "means", "said"),
    [
        (
            CLOCKIFY,
            401,
            {"message": "Api key does not exist", "code": 4003},
            "key",
            "Clockify refused (401, code 4003): Api key does not exist",
        ),
        (CLOCKIFY, 401, {}, "key", "Clockify refused (401). The account's key is not accepted"),
        (CLOCKIFY, 403, {"message": "no"}, "forbidden", "does not permit it"),
        (CLOCKIFY, 404, {"code": 404}, "not found", "No timer is running"),
        (CLOCKIFY, 429, {"message": "Too many requests"}, "pace", "allowance is used up"),
        (CLOCKIFY, 400, {"message": "TAG doesn't belong to Workspace", "code": 501}, "refused", "not in this workspace"),
        (CLOCKIFY, 500, {}, "refused", "fault of its own"),
        (DESKTIME, 401, {"error": {"code": 401, "description": "API Key is invalid"}}, "key", "(401, code 401): API Key is invalid"),
        (DESKTIME, 200, {"error": {"code": 401, "description": "API Key is invalid"}}, "key", "(200, code 401): API Key is invalid"),
        (DESKTIME, 200, {"error": "Something went wrong"}, "refused", "its own words say why"),
        (DESKTIME, 200, {"error": {"code": 404, "description": "x"}}, "not found", "No such employee"),
        (DESKTIME, 302, {"a": 1}, "rubbish", "redirect (302)"),
    ],
)
def test_a_refusal_says_in_whose_words_and_what_to_do(its: tuple[Tool, Toolkit], status: int, content: Any, means: str, said: str) -> None:
    with pytest.raises(Refused) as raised:
        read(*its, answer(content, status), {})
    assert raised.value.means == means and raised.value.status == status
    assert said in raised.value.sentence


def test_what_is_no_json_is_told() -> None:
    found, its = CLOCKIFY
    with pytest.raises(Refused, match="200 with text/html where JSON was expected") as raised:
        read(found, its, Answer(200, {"content-type": "text/html; charset=x"}, b"<html>"), {})
    assert raised.value.means == "rubbish"
    with pytest.raises(Refused, match=r"Clockify refused \(502\)\.") as raised:
        read(found, its, Answer(502, {"content-type": "text/html"}, b"<html>"), {})
    assert raised.value.means == "refused"
    assert read(found, its, Answer(204, {}, b""), {}).data == {}


def test_the_toolkit_may_say_what_a_code_means() -> None:
    its = kit(faults=(Fault(400, "7", "key", "Sign in again."), Fault(400, "", "something", "Look.")))
    for code, means, fix in ((7, "key", "Sign in again."), (8, "refused", "Look.")):
        with pytest.raises(Refused) as raised:
            read(tool(), its, answer({"code": code}, 400), {})
        assert (raised.value.means, raised.value.fix) == (means, fix)


def test_what_a_tool_says_of_a_refusal_comes_before_what_the_toolkit_says() -> None:
    its = kit(faults=(Fault(400, "7", "key", "Sign in again."),))
    found = tool(fails=(Fault(400, "7", "", "Archive it first."), Fault(404, "", "", "Ask for it.")))
    cases = (
        (400, 7, "key", "Archive it first. Sign in again."),
        (400, 8, "refused", None),
        (404, 9, "not found", "Ask for it. Look it up again; it may have been deleted."),
    )
    for status, code, means, fix in cases:
        with pytest.raises(Refused) as raised:
            read(found, its, answer({"code": code}, status), {})
        assert (raised.value.means, raised.value.fix) == (means, fix)
