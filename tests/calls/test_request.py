import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.calls.shop import BASE, builtin, kit, param, tool
from toolway.calls.request import build, host_url
from toolway.catalog.model import Tool
from toolway.errors import BadArgument, Blocked

TEXT = st.text(st.characters(), max_size=12) | st.text("./\\%2eE;?#@:\r\n\0é ", max_size=12)
WIDE = tool(
    "POST /a/{id}/b/{name}",
    param("path", "id", "text!"),
    param("path", "name", "text!"),
    param("query", "q", "text[]"),
    param("header", "X-Note", "text"),
    param("body", "note", "any"),
)


@given(
    TEXT,
    TEXT,
    st.lists(TEXT, max_size=3),
    TEXT,
    st.recursive(TEXT, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=4),
)
@example("..", "x", [], "", "")
@example("%2e%2e", "%2e%2e%2f", [], "", "")
@example("x/../../y", "//evil.example", [], "", "")
@example("a?b#c@evil.example", "x", ["&admin=1"], "", "")
@example("x", "x", [], "v\r\nX-Evil: 1", "")
def test_no_argument_leaves_its_place(id: str, name: str, query: list[str], header: str, note: object) -> None:
    try:
        made = build(WIDE, BASE, {"id": id, "name": name, "q": query, "X-Note": header, "note": note})
    except (BadArgument, Blocked):
        return
    url, _, asked = made.url.partition("?")
    assert made.url.isascii() and made.url.isprintable() and "#" not in made.url and "\\" not in made.url
    assert url.startswith(BASE + "/a/")
    v1, a, one, b, two = url.removeprefix("https://api.acme.example/").split("/")
    assert (v1, a, b) == ("v1", "a", "b")
    assert one not in ("", ".", "..") and two not in ("", ".", "..")
    assert not {"@", ":", ";", "?"} & set(one + two)
    assert [pair.partition("=")[0] for pair in asked.split("&") if asked] == ["q"] * len(query)
    assert made.headers["X-Note"] == header and not {"\r", "\n", "\0"} & set(header)
    assert set(made.headers) == {"X-Note", "Accept", "Content-Type"}
    assert msgspec.json.decode(made.body) == {"note": note}


@pytest.mark.parametrize(
    "value", ["", " ", ".", "..", "../x", "x/../y", "..%2fx", "%2e%2e", "%2E%2e/x", "..\\x", "..;/x", "a\0", "a\nb", "\ud800"]
)
def test_a_path_value_that_climbs_or_vanishes_is_refused(value: str) -> None:
    with pytest.raises(BadArgument):
        build(WIDE, BASE, {"id": value, "name": "x"})


@pytest.mark.parametrize(
    ("value", "sent"), [("a/b", "a%2Fb"), ("a.b..c", "a.b..c"), ("100%", "100%25"), ("ä ö", "%C3%A4%20%C3%B6"), (5, "5"), (True, "true")]
)
def test_a_path_value_is_one_quoted_segment(value: object, sent: str) -> None:
    assert build(WIDE, BASE, {"id": value, "name": "x"}).url == f"{BASE}/a/{sent}/b/x"


def test_a_template_that_is_no_path_leaves_nowhere() -> None:
    for path in ("@evil.example/", ".evil.example/x", ":80/"):
        with pytest.raises(Blocked):
            build(tool(f"GET {path}"), BASE, {})


def test_each_way_of_sending() -> None:
    flag = param("body", "flag", "bool")
    cases: list[tuple[Tool, bytes, str | None]] = [
        (tool("POST /x", flag), b'{"flag":true}', "application/json"),
        (tool("DELETE /x", flag), b'{"flag":true}', "application/json"),
        (tool("POST /x", flag, send="form"), b"flag=true", "application/x-www-form-urlencoded"),
        (tool("POST /x", send="none"), b"", None),
        (tool("POST /x", param("whole", "rows", "int[]")), b"[1]", "application/json"),
    ]
    for made, body, kind in cases:
        request = build(made, BASE, {"flag": True, "rows": [1]})
        assert (request.body, request.headers.get("Content-Type")) == (body, kind)


def test_a_body_whose_fields_are_all_left_out_is_an_empty_object() -> None:
    made, _ = builtin("CLOCKIFY_GET_WEBHOOK_LOGS")
    request = build(made, BASE, {"workspaceId": "w", "webhookId": "h"})
    assert request.body == b"{}" and request.url.endswith("/v1/workspaces/w/webhooks/h/logs?page=0&size=50")


def test_constants_are_sent_and_touch_no_default() -> None:
    made, _ = builtin("CLOCKIFY_GENERATE_DETAILED_REPORT")
    found = msgspec.structs.replace(made, fixed={"body": {"exportType": "JSON", "detailedFilter": {"options": {"totals": "CALCULATE"}}}})
    for _ in range(2):
        body = msgspec.json.decode(build(found, BASE, {"workspaceId": "w"}).body)
        assert body["detailedFilter"] == {"page": 1, "pageSize": 20, "options": {"totals": "CALCULATE"}}
    assert made.param("detailedFilter").field.default == {"page": 1, "pageSize": 20}  # pyright: ignore[reportOptionalMemberAccess]


def test_only_a_read_may_be_sent_twice() -> None:
    for effect, once in (("read", False), ("create", True), ("update", True), ("destroy", True)):
        assert build(tool("GET /x", effect=effect), BASE, {}).once is once


def test_hosts_come_from_the_toolkit_the_region_or_the_operator() -> None:
    _, clockify = builtin("CLOCKIFY_GET_TAGS")
    assert host_url(clockify, "api", {}, {}) == "https://api.clockify.me/api"
    assert host_url(clockify, "reports", {"region": "EUC1"}, {}) == "https://euc1.clockify.me/report"
    assert host_url(clockify, "reports", {"region": "EUC1_SUBDOMAIN", "subdomain": "acme"}, {}) == "https://acme.clockify.me/report"
    assert host_url(clockify, "api", {"region": "EUC1"}, {"clockify.api": "http://127.0.0.1:9"}) == "http://127.0.0.1:9"
    assert host_url(clockify, "api", {}, {"other.api": "http://127.0.0.1:9"}) == "https://api.clockify.me/api"


@given(TEXT)
@pytest.mark.parametrize("extra", ["", "evil.com#", "a@evil", "x.evil.com/", "evil.com:80", "-a", "a-", "a" * 64, "ａ", "a\n"])
def test_a_label_is_one_part_of_a_host_name(extra: str, text: str) -> None:
    _, clockify = builtin("CLOCKIFY_GET_TAGS")
    for value in (extra, extra + text):
        try:
            url = host_url(clockify, "reports", {"region": "EUC1_SUBDOMAIN", "subdomain": value}, {})
        except Blocked:
            continue
        else:
            assert value.isascii() and value.replace("-", "").isalnum() and url == f"https://{value}.clockify.me/report"


def test_a_kit_without_regions_has_one_host() -> None:
    assert host_url(kit(), "api", {"region": "EUC1"}, {}) == BASE
