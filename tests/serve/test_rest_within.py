"""A session over REST beyond tier 1: its tools, toolkits, links and search, and how it is changed and ended."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
import pytest_asyncio

from tests.serve.conftest import SESSION, Router, running

pytestmark = pytest.mark.asyncio(loop_scope="module")
TOOL_KEYS = {"slug", "name", "description", "toolkit", "input_parameters", "output_parameters", "no_auth", "version", "tags", "deprecated"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def router(tmp_path_factory: pytest.TempPathFactory, sandbox: str) -> AsyncGenerator[Router]:
    """One router for all of them; each test has users of its own."""
    async with running(tmp_path_factory.mktemp("router"), sandbox=sandbox) as started:
        yield started


async def made(router: Router, user: str, *toolkits: str, **more: Any) -> str:
    """The path of a new session over REST."""
    return f"{SESSION}/{(await router.session(user, *toolkits, **more)).split('/')[2]}"


async def test_its_tools(router: Router) -> None:
    path = await made(router, "tools", "desktime", preload={"tools": ["DESKTIME_PING_REQUEST"]})
    status, listed = await router.send("GET", f"{path}/tools?limit=500&cursor=")
    slugs = [tool["slug"] for tool in listed["items"]]
    assert (status, slugs[0], slugs[-1], listed["total_items"]) == (200, "COMPOSIO_SEARCH_TOOLS", "DESKTIME_PING_REQUEST", 5)
    assert (listed["next_cursor"], listed["total_pages"], listed["current_page"]) == (None, 1, 1)
    for tool in listed["items"]:
        assert tool.keys() >= TOOL_KEYS
        assert tool["input_parameters"]["type"] == "object"
        assert set(tool["deprecated"]) == {"displayName", "version", "available_versions", "is_deprecated", "toolkit"}
    first: list[str] = []
    cursor = ""
    while cursor is not None:
        _, part = await router.send("GET", f"{path}/tools?limit=2.0&cursor={cursor}")
        first += [tool["slug"] for tool in part["items"]]
        cursor = part["next_cursor"]
    assert first == slugs


async def test_its_toolkits(router: Router) -> None:
    account = await router.connect("desktime", "kits")
    path = await made(router, "kits")
    status, listed = await router.send("GET", f"{path}/toolkits")
    assert status == 200
    kits = {kit["slug"]: kit for kit in listed["items"]}
    assert kits["clockify"]["connected_account"] is None
    assert kits["desktime"]["composio_managed_auth_schemes"] == ["API_KEY"]
    connected = kits["desktime"]["connected_account"]
    assert (connected["id"], connected["status"], connected["user_id"]) == (account, "ACTIVE", "kits")
    assert connected["created_at"].endswith("Z")
    assert (connected["auth_config"]["auth_scheme"], connected["auth_config"]["is_composio_managed"]) == ("API_KEY", True)
    for query, slugs in {
        "is_connected=true": ["desktime"],
        "is_connected=false": list(kits),
        "toolkits=clockify,desktime": ["clockify", "desktime"],
        "toolkits=DeskTime": ["desktime"],
        "toolkits=clockify&toolkits=desktime": ["clockify", "desktime"],
        "search=desktime&limit=1&what=ever": ["desktime"],
        "search=no-such-thing": [],
    }.items():
        _, listed = await router.send("GET", f"{path}/toolkits?{query}")
        assert [kit["slug"] for kit in listed["items"]] == slugs, query
        assert isinstance(listed["total_pages"], int)
    only = await made(router, "kits", "clockify")
    _, listed = await router.send("GET", f"{only}/toolkits")
    assert [kit["slug"] for kit in listed["items"]] == ["clockify"]


async def test_a_link(router: Router) -> None:
    path = await made(router, "links", "desktime", manage_connections={"enable": False})
    status, link = await router.send("POST", f"{path}/link", {"toolkit": "DeskTime", "callback_url": "https://app.example/done?a=1"})
    assert status == 201
    assert link["redirect_url"] == f"{router.origin}/link/{link['link_token']}"
    assert link["connected_account_id"].startswith("ca_")
    page = await router.ask("GET", f"/link/{link['link_token']}")
    assert (page.status, "form-action 'self' https://app.example" in page.headers["content-security-policy"]) == (200, True)
    _, listed = await router.send("GET", f"{path}/toolkits")
    assert listed["items"][0]["connected_account"]["status"] == "INITIATED"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "toolkit is missing"),
        ({"toolkit": "clockify"}, "This session does not use clockify"),
        ({"toolkit": "clokify"}, "Did you mean clockify"),
        ({"toolkit": "desktime", "callback_url": "javascript:alert(1)"}, "callback_url is no http"),
        ({"toolkit": "desktime", "callbackUrl": "https://x"}, "did you mean callback_url?"),
        ({"toolkit": "desktime", "experimental": {"account_type": "SHARED"}}, "SHARED is not built here"),
        ({"toolkit": "desktime", "experimental": {"acl_config_for_shared": {}}}, "acl_config_for_shared is only valid on SHARED"),
        ({"toolkit": "desktime", "experimental": {"account_type": "MINE"}}, "one of PRIVATE, SHARED is expected"),
    ],
)
async def test_links_that_are_refused(router: Router, body: Any, words: str) -> None:
    path = await made(router, "refused", "desktime")
    status, answer = await router.send("POST", f"{path}/link", body)
    assert status == 400
    assert words in answer["error"]["message"] + answer["error"].get("suggested_fix", "")


async def test_a_search(router: Router) -> None:
    path = await made(router, "search")
    body = {"queries": [{"use_case": "ping desktime", "known_fields": "a:b"}], "model": "m", "search_strategy": "auto"}
    status, found = await router.send("POST", f"{path}/search", body)
    assert (status, found["success"], found["error"]) == (200, True, None)
    assert found["results"][0]["primary_tool_slugs"][0] == "DESKTIME_PING_REQUEST"
    assert {"tool_schemas", "toolkit_connection_statuses", "next_steps_guidance", "session", "time_info"} <= set(found)
    refused: list[tuple[Any, str]] = [
        ({"queries": []}, "queries is missing"),
        ({}, "queries is missing"),
        ({"queries": [{}]}, "use_case"),
        ({"queries": "x"}, "queries is a text; a list is expected"),
    ]
    for bad, words in refused:
        status, answer = await router.send("POST", f"{path}/search", bad)
        assert status == 400 and words in answer["error"]["message"], (bad, answer)


async def test_a_change(router: Router) -> None:
    path = await made(router, "change", "desktime", tags=["readOnlyHint"], manage_connections={"callback_url": "https://app.example/a"})
    status, changed = await router.send("PATCH", path, {"toolkits": {"enable": ["Clockify"]}, "manage_connections": {"enable": False}})
    config = changed["config"]
    assert (status, changed["config_version"], config["toolkits"]) == (200, 2, {"enabled": ["clockify"]})
    manage = config["manage_connections"]
    assert (manage["enabled"], manage["callback_url"]) == (False, "https://app.example/a")
    assert config["tags"]["enabled"] == ["readOnlyHint"]
    assert "COMPOSIO_MANAGE_CONNECTIONS" not in changed["tool_router_tools"]
    _, got = await router.send("GET", path)
    assert (got["config"], got["config_version"]) == (config, 2)

    status, changed = await router.send("PATCH", path, {"manage_connections": {"callback_url": None}, "tags": None, "search": None})
    assert (status, changed["config_version"]) == (200, 3)
    assert "callback_url" not in changed["config"]["manage_connections"]
    assert changed["config"]["manage_connections"]["enabled"] is False
    assert changed["config"]["tags"] == {"enabled": [], "disabled": []}
    _, changed = await router.send("PATCH", path, {"manage_connections": None})
    assert changed["config"]["manage_connections"]["enabled"] is True
    assert changed["config"]["toolkits"] == {"enabled": ["clockify"]}

    for expected, status in ((3, 409), (4, 200), (4, 409)):
        got = await router.send("PATCH", path, {"tags": ["readOnlyHint"], "expected_config_version": expected})
        assert got[0] == status, got
    assert (await router.send("GET", path))[1]["config_version"] == 5


async def test_a_change_holds_at_the_endpoint_too(router: Router) -> None:
    await router.connect("desktime", "endpoint")
    mcp = await router.session("endpoint", "desktime")
    path = f"{SESSION}/{mcp.split('/')[2]}"
    assert (await router.execute(mcp, "DESKTIME_PING_REQUEST"))["successful"]
    assert len((await router.rpc(mcp, "tools/list"))["result"]["tools"]) == 4
    await router.send("PATCH", path, {"tools": {"desktime": {"disable": ["DESKTIME_PING_REQUEST"]}}, "search": {"enable": False}})
    assert "switched off" in (await router.execute(mcp, "DESKTIME_PING_REQUEST"))["error"]
    assert len((await router.rpc(mcp, "tools/list"))["result"]["tools"]) == 2


REFUSED: list[tuple[Any, str]] = [
    ([], "a JSON object is expected"),
    ({"user_id": "bob"}, "user_id is not known here"),
    ({"toolkit": ["clockify"]}, "did you mean toolkits?"),
    ({"toolkits": {"enabled": ["clockify"]}}, "did you mean toolkits.enable?"),
    ({"toolkits": {"enable": ["clokify"]}}, "Did you mean clockify"),
    ({"multi_account": {"enable": False, "max_accounts_per_toolkit": 3}}, "multi_account.enable is false"),
    ({"preload": {"tools": ["CLOCKIFY_GET_TAGS"]}}, "CLOCKIFY_GET_TAGS is not among the session's tools"),
    ({"expected_config_version": "1"}, "expected_config_version"),
    ({"hooks": [{}]}, "hooks is not built"),
]


@pytest.mark.parametrize(("body", "words"), REFUSED)
async def test_changes_that_are_refused(router: Router, body: Any, words: str) -> None:
    path = await made(router, "strict", "desktime")
    status, answer = await router.send("PATCH", path, body)
    assert status == 400, answer
    assert words in answer["error"]["message"]
    assert (await router.send("GET", path))[1]["config_version"] == 1


async def test_its_end(router: Router) -> None:
    account = await router.connect("desktime", "end")
    mcp = await router.session("end", "desktime")
    path = f"{SESSION}/{mcp.split('/')[2]}"
    assert (await router.execute(mcp, "DESKTIME_PING_REQUEST"))["successful"]
    assert await router.send("DELETE", path) == (200, {"session_id": mcp.split("/")[2], "deleted": True})
    for method, place in (("GET", path), ("DELETE", path), ("PATCH", path), ("POST", mcp), ("GET", f"{path}/tools")):
        assert (await router.send(method, place, {} if method in ("PATCH", "POST") else None))[0] == 404
    held = await router.local.store.accounts.get((await router.local.project()).id, account)
    assert held and held.status == "ACTIVE"


@pytest.mark.parametrize("cursor", ["x", "YXQ6LTE", "YXQ6MQ==", "é", "YXQ6OTk5OTk5OTk5OTk5OTk5", "YXQ6MQx"])
async def test_cursors_that_were_not_given_out(router: Router, cursor: str) -> None:
    path = await made(router, "cursor")
    status, answer = await router.send("GET", f"{path}/tools?cursor={cursor}")
    assert status == 400 and "cursor" in answer["error"]["message"]


async def test_queries_that_cannot_be_read(router: Router) -> None:
    path = await made(router, "query")
    for query, words in (
        ("limit=many", "limit is a text; a whole number is expected"),
        ("limit=0", "limit"),
        ("limit=-5", "limit"),
        ("is_connected=maybe", "is_connected is a text; true or false is expected"),
        ("&".join(f"a{n}=1" for n in range(200)), "names"),
    ):
        status, answer = await router.send("GET", f"{path}/toolkits?{query}")
        said = answer["error"]["message"]
        assert status == 400 and words in said, (query, said)
    _, answer = await router.send("GET", f"{path}/toolkits?is_connected=maybe&limit=x")
    assert len(answer["error"]["errors"]) == 2
