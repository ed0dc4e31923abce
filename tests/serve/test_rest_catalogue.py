"""Tools and toolkits over REST, without a session; and the document of the REST face itself."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
import pytest_asyncio

from tests.serve.conftest import Router, running

pytestmark = pytest.mark.asyncio(loop_scope="module")
P = "/api/v3"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def router(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Router]:
    """One router for all of them: none changes what another sees."""
    async with running(tmp_path_factory.mktemp("router")) as started:
        yield started


async def slugs(router: Router, query: str) -> list[str]:
    status, listed = await router.send("GET", f"{P}/tools?{query}")
    assert status == 200, listed
    return [tool["slug"] for tool in listed["items"]]


async def test_all_tools(router: Router) -> None:
    every = [card.slug for card in router.local.catalogue.cards()]
    assert await slugs(router, "limit=1000") == every
    _, named = await router.send("GET", f"{P}/tools/enum")
    assert named == every
    paged: list[str] = []
    cursor = ""
    while cursor is not None:
        _, part = await router.send("GET", f"{P}.1/tools?limit=40&cursor={cursor}")
        paged += [tool["slug"] for tool in part["items"]]
        cursor = part["next_cursor"]
    assert paged == every


async def test_tools_that_fit(router: Router) -> None:
    desktime = await slugs(router, "toolkit_slug=DESKTIME&toolkit_versions=latest&important=true")
    assert len(desktime) == router.local.catalogue.toolkit_card("desktime").tools
    assert all(slug.startswith("DESKTIME_") for slug in desktime)
    version = router.local.catalogue.toolkit_card("desktime").version
    assert await slugs(router, f"toolkit_slug=desktime&toolkit_versions[desktime]={version}&toolkit_versions%5Bclockify%5D=1") == desktime
    assert await slugs(router, "toolkit_slug=clockify,desktime&limit=500") == await slugs(router, "limit=500")
    assert await slugs(router, "tool_slugs=clockify_get_tags,DESKTIME_PING_REQUEST") == ["CLOCKIFY_GET_TAGS", "DESKTIME_PING_REQUEST"]
    assert await slugs(router, "tool_slugs=COMPOSIO_SEARCH_TOOLS") == ["COMPOSIO_SEARCH_TOOLS"]
    for name in ("search", "query"):
        assert (await slugs(router, f"{name}=create+a+client&limit=3"))[0] == "CLOCKIFY_CREATE_CLIENT"
        assert (await slugs(router, f"{name}=create+a+project&toolkit_slug=desktime"))[0].startswith("DESKTIME_")
    reading = await slugs(router, "tags=readOnlyHint&limit=500")
    assert "CLOCKIFY_GET_TAGS" in reading and "CLOCKIFY_DELETE_TAG" not in reading
    assert "CLOCKIFY_DELETE_TAG" in await slugs(router, "tags=destructiveHint,createHint&limit=500")
    assert await slugs(router, "auth_config_ids=ac_none") == []


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("toolkit_slug=clokify", "Did you mean clockify"),
        ("tool_slugs=CLOCKIFY_GET_TAGZ", "Did you mean CLOCKIFY_GET_TAG"),
        ("toolkit_slug=clockify&toolkit_versions=19990101_00", "19990101_00"),
        ("important=perhaps", "one of true, false is expected"),
        ("limit=x&important=y", "limit is a text"),
    ],
)
async def test_what_is_refused(router: Router, query: str, words: str) -> None:
    status, answer = await router.send("GET", f"{P}/tools?{query}")
    assert status == 400
    assert words in answer["error"]["message"]


async def test_one_tool(router: Router) -> None:
    for place in ("clockify_create_client", "CLOCKIFY_CREATE_CLIENT?toolkit_versions=latest", "CLOCKIFY_CREATE_CLIENT?version=latest"):
        status, tool = await router.send("GET", f"{P}/tools/{place}")
        assert (status, tool["slug"], tool["toolkit"]["slug"]) == (200, "CLOCKIFY_CREATE_CLIENT", "clockify")
    assert tool["tags"] == ["createHint", "openWorldHint"]
    assert "name" in tool["input_parameters"]["properties"]
    assert tool["output_parameters"]["properties"].keys() == {"data", "error", "successful"}
    status, tool = await router.send("GET", f"{P}/tools/COMPOSIO_SEARCH_TOOLS")
    assert (status, tool["toolkit"]["slug"], tool["no_auth"], tool["version"]) == (200, "composio", True, "00000000_00")
    status, answer = await router.send("GET", f"{P}/tools/CLOCKIFY_CREATE_CLIENTS")
    assert (status, answer["error"]["suggested_fix"]) == (404, answer["error"]["suggested_fix"])
    assert "CLOCKIFY_CREATE_CLIENT" in answer["error"]["suggested_fix"]
    assert (await router.send("GET", f"{P}/tools/CLOCKIFY_CREATE_CLIENT?version=1"))[0] == 400


async def test_toolkits(router: Router) -> None:
    status, listed = await router.send("GET", f"{P}/toolkits")
    kits = {kit["slug"]: kit for kit in listed["items"]}
    assert status == 200 and {"clockify", "desktime"} <= set(kits)
    clockify = kits["clockify"]
    assert clockify["auth_schemes"][0] == "API_KEY" and not clockify["no_auth"]
    assert clockify["meta"]["tools_count"] == router.local.catalogue.toolkit_card("clockify").tools
    assert clockify["meta"]["categories"] == [{"id": "time-tracking", "name": "Time tracking"}]
    for query, found in {
        "search=desk": ["desktime"],
        "category=Time-Tracking&limit=1": ["clockify"],
        "category=none": [],
        "type=custom": [],
        "managed_by=project": [],
        "sort_by=alphabetically&include_deprecated=true&user_id=u&search=time": ["clockify", "desktime"],
    }.items():
        _, listed = await router.send("GET", f"{P}/toolkits?{query}")
        assert [kit["slug"] for kit in listed["items"]] == found, query
    assert (await router.send("GET", f"{P}/toolkits?sort_by=taste"))[0] == 400
    some: Any = {"toolkits": ["DeskTime", "none"], "sort_by": "usage", "limit": 5}
    status, listed = await router.send("POST", f"{P}/toolkits/multi", some)
    assert (status, [kit["slug"] for kit in listed["items"]]) == (200, ["desktime"])


async def test_one_toolkit_says_what_connecting_takes(router: Router) -> None:
    status, kit = await router.send("GET", f"{P}/toolkits/Clockify?version=latest")
    assert (status, kit["slug"], kit["enabled"]) == (200, "clockify", True)
    [key] = [one for one in kit["auth_config_details"] if one["mode"] == "API_KEY"]
    initiation = key["fields"]["connected_account_initiation"]
    secret = next(one for one in initiation["required"] if one["name"] == "generic_api_key")
    assert secret["is_secret"] and secret["displayName"] and secret["description"]
    assert {one["name"] for one in initiation["optional"]} >= {"region", "plan", "subdomain"}
    assert next(one for one in initiation["optional"] if one["name"] == "region")["default"] == "GLOBAL"
    assert key["fields"]["auth_config_creation"] == {"required": [], "optional": []}
    assert kit["get_current_user_endpoint"].endswith("/v1/user")
    assert kit["meta"]["available_versions"] == [kit["meta"]["version"]]
    assert kit["meta"]["updated_at"].startswith("2026-")
    status, answer = await router.send("GET", f"{P}/toolkits/clokify")
    assert (status, answer["error"]["suggested_fix"]) == (404, "Did you mean clockify?")
    _, listed = await router.send("GET", f"{P}/toolkits/categories")
    assert {"id": "time-tracking", "name": "Time tracking"} in listed["items"]


async def test_the_document(router: Router) -> None:
    """It names every route under both prefixes, and each route that it names is there for a key, and for nobody without one."""
    reply = await router.ask("GET", "/openapi.json")
    document: Any = reply.json()
    assert (reply.status, document["openapi"]) == (200, "3.1.0")
    assert {path.replace("/v3.1/", "/v3/") for path in document["paths"]} == {path for path in document["paths"] if "/v3/" in path}
    numbers: list[str] = []
    for path, item in document["paths"].items():
        for method, operation in item.items():
            numbers.append(operation["operationId"])
            place = path.replace("{", "no-").replace("}", "")
            assert (await router.ask(method.upper(), place, b"{}")).status == 401, (method, place)
            status, answer = await router.send(method.upper(), place, {"no_such_key": 1})
            assert status in (200, 400, 403, 404), (method, place, answer)
            assert "does not serve" not in str(answer)
    assert len(numbers) == len(set(numbers)) > 20
    for name in ("post", "get", "patch", "delete"):
        assert any(name in item for item in document["paths"].values())
    made, changed = (document["components"]["schemas"][name] for name in ("SessionBody", "SessionChange"))
    assert made["required"] == ["user_id"] and {"toolkits", "tags", "preload"} < made["properties"].keys()
    assert "user_id" not in changed["properties"] and not changed.get("required")
    assert document["paths"]["/api/v3.1/tool_router/session"]["post"]["requestBody"]
    text = reply.text
    for reference in set(part.split('"')[0] for part in text.split('"#/components/schemas/')[1:]):
        assert reference in document["components"]["schemas"]
    limits = [p for p in document["paths"]["/api/v3/tools"]["get"]["parameters"] if p["name"] in ("limit", "tags", "toolkit_versions")]
    assert {p["name"]: p.get("style") for p in limits} == {"limit": None, "tags": "form", "toolkit_versions": "deepObject"}


async def test_wrong_methods_of_cold_routes(router: Router) -> None:
    for method, path, allowed in (
        ("POST", "tools", "GET"),
        ("DELETE", "tools/X", "GET"),
        ("GET", "tools/execute/X", "POST"),
        ("PUT", "tool_router/session/trs_1", "DELETE, GET, PATCH"),
        ("GET", "tool_router/session/trs_1/execute", "POST"),
    ):
        reply = await router.ask(method, f"{P}/{path}", headers=[("x-api-key", router.key)])
        assert (reply.status, reply.headers["allow"]) == (405, allowed), path
        assert (await router.ask(method, f"{P}/{path}")).status == 401
    for path in ("tools//x", "", "tools/execute/a/b", "nothing"):
        assert (await router.send("GET", f"{P}/{path}"))[0] == 404, path
