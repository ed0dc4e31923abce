"""Execution over REST: in a session by either name, and for a user without one."""

from typing import Any

import pytest

from tests.serve.conftest import SESSION, Fault, Router
from toolway.store.records import new_id

PING = "DESKTIME_PING_REQUEST"
DIRECT = "/api/v3/tools/execute"


async def session_of(router: Router, *toolkits: str, **more: Any) -> str:
    """The path of a session over REST."""
    return f"{SESSION}/{(await router.session('alice', *toolkits, **more)).split('/')[2]}"


@pytest.mark.parametrize(("place", "name"), [("execute", "tool_slug"), ("execute_meta", "slug")])
@pytest.mark.parametrize("api", ["v3", "v3.1"])
async def test_either_route_takes_any_tool(router: Router, place: str, name: str, api: str) -> None:
    await router.connect("desktime")
    path = (await session_of(router)).replace("v3.1", api)
    status, done = await router.send("POST", f"{path}/{place}", {name: PING, "arguments": {}})
    assert (status, done["result_type"], done["error"]) == (200, "completed", None)
    assert done["data"] and done["log_id"].startswith("log_")
    assert "successful" not in done
    status, found = await router.send("POST", f"{path}/{place}", {name: "composio_search_tools", "arguments": {"queries": ["ping"]}})
    assert (status, found["result_type"], found["error"]) == (200, "completed", None)
    assert found["data"]["results"][0]["primary_tool_slugs"]
    [entry] = await router.entries(1)
    assert (entry.id, entry.tool, entry.state) == (done["log_id"], PING, "done")


async def test_a_failure_is_a_result(router: Router, fault: Fault) -> None:
    """Old SDKs repeat what is answered with 5xx; agents mend what they can read."""
    path = await session_of(router)
    for slug, said in ((PING, "No active connected account"), ("DESKTIME_PINGG", "Did you mean"), ("", "tool_slug is missing")):
        status, answer = await router.send("POST", f"{path}/execute", {"tool_slug": slug})
        assert (status, answer["result_type"]) == (200, "failed")
        assert said in answer["error"] and isinstance(answer["data"], dict)
    status, answer = await router.send("POST", f"{path}/execute", {"tool_slug": PING})
    assert answer["data"]["redirect_url"].startswith(router.origin + "/link/")
    await router.connect("desktime")
    await fault("/desktime/", status=500, times=9)
    status, answer = await router.send("POST", f"{path}/execute", {"tool_slug": PING})
    assert (status, answer["result_type"], answer["data"]) == (200, "failed", {"status": 500})


async def test_rest_gives_everything(router: Router) -> None:
    """What an agent is shown over MCP is trimmed; a program gets all of it, one by one and in a batch."""
    await router.connect("clockify")
    mcp = await router.session()
    rest = f"{SESSION}/{mcp.split('/')[2]}"
    slug = "CLOCKIFY_GET_PROJECTS"
    short = (await router.execute(mcp, slug))["data"]["projects"][0]
    _, answer = await router.send("POST", f"{rest}/execute", {"tool_slug": slug})
    whole = answer["data"]["projects"][0]
    assert whole.keys() > short.keys() and "trimmed" not in answer
    items: list[Any] = [{"tool_slug": slug, "arguments": {}}]
    _, batch = await router.send("POST", f"{rest}/execute", {"tool_slug": "COMPOSIO_MULTI_EXECUTE_TOOL", "arguments": {"tools": items}})
    assert batch["data"]["results"][0]["response"]["data"]["projects"][0] == whole


async def test_an_account_may_be_named(router: Router) -> None:
    old = await router.connect("desktime")
    new = await router.connect("desktime")
    path = await session_of(router, multi_account={"enable": True})
    _, answer = await router.send("POST", f"{path}/execute", {"tool_slug": PING})
    assert "several desktime accounts" in answer["error"]
    for account in (old, new):
        _, answer = await router.send("POST", f"{path}/execute", {"tool_slug": PING, "account": account})
        assert answer["result_type"] == "completed"
    assert [entry.account_id for entry in await router.entries(3)][:2] == [new, old]


async def test_what_the_session_does_not_allow(router: Router) -> None:
    await router.connect("desktime")
    path = await session_of(router, "clockify", search={"enable": False})
    _, answer = await router.send("POST", f"{path}/execute", {"tool_slug": PING})
    assert "which this session does not use" in answer["error"]
    status, answer = await router.send("POST", f"{path}/execute", {"tool_slug": "COMPOSIO_SEARCH_TOOLS"})
    assert (status, answer["error"]["slug"]) == (403, "HTTP_Forbidden")
    status, answer = await router.send("POST", f"{path}/search", {"queries": [{"use_case": "ping"}]})
    assert (status, answer["error"]["slug"]) == (403, "HTTP_Forbidden")


BAD: list[tuple[Any, list[str]]] = [
    ([], ["The body is a list; a JSON object is expected."]),
    ({}, ["tool_slug is missing; a text is expected"]),
    ({"tool_slug": 5}, ["tool_slug is a number; a text is expected"]),
    ({"tool_slug": PING, "arguments": "x"}, ["arguments is a text; an object is expected"]),
    (
        {"toolslug": PING, "arguments": [], "account": 5},
        ["toolslug", "did you mean tool_slug?", "tool_slug is missing", "arguments is a list"],
    ),
]


@pytest.mark.parametrize(("body", "words"), BAD)
async def test_every_fault_of_a_body_is_named(router: Router, body: Any, words: list[str]) -> None:
    path = await session_of(router)
    status, answer = await router.send("POST", f"{path}/execute", body)
    error = answer["error"]
    assert (status, error["code"], error["slug"]) == (400, 10400, "HTTP_BadRequest")
    for word in words:
        assert word in error["message"]
    assert len(error.get("errors", [])) == (4 if "toolslug" in body else 0 if isinstance(body, list) else 1)


async def test_a_tool_for_a_user(router: Router) -> None:
    """Without a session: by user, by account, in any case of the slug, with the version that there is."""
    account = await router.connect("desktime")
    version = router.local.catalogue.toolkit_card("desktime").version
    for body in ({"user_id": "alice"}, {"entity_id": "alice", "version": version}, {"connected_account_id": account, "version": "latest"}):
        status, done = await router.send("POST", f"{DIRECT}/{PING.lower()}", body | {"arguments": {}, "allow_tracing": True})
        assert (status, done["successful"], done["error"], done["session_info"]) == (200, True, None, None), done
        assert done["data"] and done["log_id"].startswith("log_")
    _, done = await router.send("POST", f"{DIRECT}/{PING}", {"user_id": "alice", "arguments": {"nonsense": 1}})
    assert not done["successful"]
    assert "nonsense" in done["error"] and "nonsense" in done["data"]["errors"][0]
    entries = await router.entries(4)
    assert {(entry.session_id, entry.user_id) for entry in entries} == {("", "alice")}


async def test_meta_tools_for_a_user(router: Router) -> None:
    body: Any = {"user_id": "alice", "arguments": {"queries": [{"use_case": "ping desktime"}]}}
    status, found = await router.send("POST", f"{DIRECT}/COMPOSIO_SEARCH_TOOLS", body)
    assert (status, found["successful"]) == (200, True)
    assert PING in found["data"]["results"][0]["primary_tool_slugs"]
    status, answer = await router.send("POST", f"{DIRECT}/COMPOSIO_MULTI_EXECUTE_TOOL", body)
    assert status == 403 and "within a session" in answer["error"]["message"]


async def test_what_no_tool_can_be_called_with(router: Router) -> None:
    account = await router.connect("desktime")
    refused: list[tuple[str, Any, int, str]] = [
        ("DESKTIME_PINGG", {"user_id": "alice"}, 404, "There is no tool"),
        (PING, {"user_id": "bob"}, 400, "No active connected account found for toolkit: desktime"),
        (PING, {}, 400, "Neither user_id nor connected_account_id"),
        (PING, {"user_id": ""}, 400, "user_id"),
        (PING, {"user_id": "alice", "version": "20200101_00"}, 400, "20200101_00"),
        (PING, {"user_id": "alice", "custom_auth_params": {"base_url": "http://x"}}, 400, "custom_auth_params is not built here"),
        (PING, {"user_id": "alice", "text": "ping it"}, 400, "text is not built here"),
        (PING, {"user_id": "alice", "argument": {}}, 400, "did you mean arguments?"),
        (PING, {"user_id": "bob", "connected_account_id": account}, 404, "no such connected account"),
        (PING, {"user_id": "alice", "connected_account_id": new_id("ca_")}, 404, "no such connected account"),
        ("CLOCKIFY_GET_TAGS", {"connected_account_id": account}, 400, "is none of clockify"),
    ]
    for slug, body, expected, words in refused:
        status, answer = await router.send("POST", f"{DIRECT}/{slug}", body)
        assert status == expected, (slug, body, answer)
        assert words in answer["error"]["message"], answer
