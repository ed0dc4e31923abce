import msgspec

from tests.calls.shop import BASE, builtin, kit, param, tool
from toolway.calls.request import build, host_url
from toolway.catalog.model import Tool


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
    of_region = {"clockify.api": "http://127.0.0.1:9", "clockify.EUC1_SUBDOMAIN.reports": "http://127.0.0.1:8/{subdomain}"}
    assert host_url(clockify, "api", {"region": "USE2"}, of_region) == "http://127.0.0.1:9"
    assert host_url(clockify, "reports", {"region": "EUC1_SUBDOMAIN", "subdomain": "acme"}, of_region) == "http://127.0.0.1:8/acme"
    assert host_url(clockify, "reports", {"region": "EUC1"}, of_region) == "https://euc1.clockify.me/report"
    assert host_url(clockify, "api", {}, {"other.api": "http://127.0.0.1:9"}) == "https://api.clockify.me/api"


def test_a_kit_without_regions_has_one_host() -> None:
    assert host_url(kit(), "api", {"region": "EUC1"}, {}) == BASE
