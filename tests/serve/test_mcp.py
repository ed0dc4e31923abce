"""The MCP endpoint, message by message: both eras on one URL, and what is listed."""

import base64
import json
from typing import Any

import jsonschema_rs
import pytest

from tests.serve.conftest import SESSION, Reply, Router

LEGACY = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
MODERN = "2026-07-28"
META: dict[str, Any] = {"io.modelcontextprotocol/protocolVersion": MODERN, "io.modelcontextprotocol/clientCapabilities": {}}


async def post(router: Router, path: str, message: Any, *headers: tuple[str, str]) -> Reply:
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    return await router.ask("POST", path, body, [("x-api-key", router.key), ("content-type", "application/json"), *headers])


def request(method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 7, "method": method, "params": params}


@pytest.mark.parametrize("version", LEGACY)
async def test_the_handshake_of_every_revision(router: Router, version: str) -> None:
    path = await router.session()
    made = await post(
        router, path, request("initialize", protocolVersion=version, capabilities={}, clientInfo={"name": "t", "version": "1"})
    )
    assert made.status == 200
    assert "mcp-session-id" not in made.headers
    result = made.json()["result"]
    assert result["protocolVersion"] == version
    assert result["capabilities"] == {"tools": {}}
    assert "COMPOSIO_SEARCH_TOOLS" in result["instructions"]
    told = await post(router, path, {"jsonrpc": "2.0", "method": "notifications/initialized"}, ("mcp-protocol-version", version))
    assert (told.status, told.body) == (202, b"")
    assert (await post(router, path, request("ping"), ("mcp-protocol-version", version))).json()["result"] == {}


async def test_an_unknown_revision(router: Router) -> None:
    path = await router.session()
    made = await post(router, path, request("initialize", protocolVersion="2031-01-01"))
    assert made.json()["result"]["protocolVersion"] == LEGACY[-1]
    refused = await post(router, path, request("ping"), ("mcp-protocol-version", "2031-01-01"))
    assert refused.status == 400
    assert refused.json()["id"] == 7
    assert refused.json()["error"]["data"]["supported"] == [MODERN, *reversed(LEGACY)]


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
async def test_only_post(router: Router, method: str) -> None:
    answer = await router.ask(method, await router.session(), headers=[("x-api-key", router.key)])
    assert (answer.status, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("message", "code", "status"),
    [
        (b"{", -32700, 400),
        (b"", -32700, 400),
        (b"[]", -32600, 400),
        (b"[" * 100_000, -32700, 400),
        (b'{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}', -32700, 400),
        (b'{"jsonrpc":"2.0","id":' + b"9" * 400 + b',"method":"ping"}', -32700, 400),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":NaN}}', -32700, 400),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":"\\ud800"}}', -32700, 400),
        ({"jsonrpc": "2.0", "id": None, "method": "ping"}, -32600, 400),
        ({"jsonrpc": "2.0", "id": 1.5, "method": "ping"}, -32600, 400),
        ({"jsonrpc": "1.0", "id": 1, "method": "ping"}, -32600, 400),
        ({"jsonrpc": "2.0", "id": 1, "result": {}}, -32600, 400),
        ({"jsonrpc": "2.0", "id": 1, "method": "ping", "params": []}, -32600, 400),
        ({"jsonrpc": "2.0", "id": 1, "method": "server/discover"}, -32601, 200),
        ({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {}}, -32602, 200),
        ({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "X", "arguments": []}}, -32602, 200),
        ({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "NO_SUCH_TOOL"}}, -32602, 200),
    ],
)
async def test_messages_that_are_none(router: Router, message: Any, code: int, status: int) -> None:
    answer = await post(router, await router.session(), message)
    assert (answer.json()["error"]["code"], answer.status) == (code, status)


async def test_a_client_that_reads_no_json(router: Router) -> None:
    path = await router.session()
    assert (await post(router, path, request("ping"), ("accept", "text/event-stream"))).status == 406
    assert (await post(router, path, request("ping"), ("accept", "application/json, text/event-stream"))).status == 200


async def modern(router: Router, path: str, method: str, *headers: tuple[str, str], **params: Any) -> Reply:
    named = [("mcp-name", str(params["name"]))] if "name" in params else []
    sent = headers or (("mcp-protocol-version", MODERN), ("mcp-method", method), *named)
    return await post(router, path, request(method, **({"_meta": META} | params)), *sent)


async def test_the_era_without_handshake(router: Router) -> None:
    await router.connect("desktime")
    path = await router.session("alice", "desktime", preload={"tools": ["DESKTIME_PING_REQUEST"]})
    found = (await modern(router, path, "server/discover")).json()["result"]
    assert found["supportedVersions"] == [MODERN, *reversed(LEGACY)]
    listed = (await modern(router, path, "tools/list")).json()["result"]
    assert (listed["resultType"], listed["cacheScope"], listed["ttlMs"] >= 0) == ("complete", "private", True)
    called = (await modern(router, path, "tools/call", name="DESKTIME_PING_REQUEST", arguments={})).json()["result"]
    assert called["resultType"] == "complete"
    assert json.loads(called["content"][0]["text"])["successful"]
    assert (await modern(router, path, "ping")).status == 404
    assert (await modern(router, path, "initialize")).json()["error"]["code"] == -32601
    told = await post(
        router,
        path,
        {"jsonrpc": "2.0", "method": "notifications/cancelled"},
        ("mcp-protocol-version", MODERN),
        ("mcp-method", "notifications/cancelled"),
    )
    assert told.status == 202


VERSION, METHOD, NAME = ("mcp-protocol-version", MODERN), ("mcp-method", "tools/call"), ("mcp-name", "X")


async def test_a_header_in_base64_is_read(router: Router) -> None:
    path = await router.session()
    name = base64.b64encode(b"COMPOSIO_SEARCH_TOOLS").decode()
    headers = (VERSION, METHOD, ("mcp-name", f"=?base64?{name}?="))
    answer = await post(
        router, path, request("tools/call", _meta=META, name="COMPOSIO_SEARCH_TOOLS", arguments={"queries": ["ping"]}), *headers
    )
    assert answer.status == 200
    assert not answer.json()["result"]["isError"]


async def test_the_list_of_tools(router: Router) -> None:
    path = await router.session("alice", preload={"tools": "all"})
    first = await post(router, path, request("tools/list"))
    assert first.body == (await post(router, path, request("tools/list", cursor="x"))).body
    result = first.json()["result"]
    assert set(result) == {"tools"}
    names = [tool["name"] for tool in result["tools"]]
    assert names[:4] == ["COMPOSIO_SEARCH_TOOLS", "COMPOSIO_GET_TOOL_SCHEMAS", "COMPOSIO_MANAGE_CONNECTIONS", "COMPOSIO_MULTI_EXECUTE_TOOL"]
    assert len(names) == len(set(names)) > 30
    for tool in result["tools"]:
        schema = tool["inputSchema"]
        jsonschema_rs.meta.validate(schema)
        assert schema["type"] == "object"
        assert not {"anyOf", "oneOf", "allOf", "not", "$ref", "$defs"} & set(schema)
        assert "$ref" not in json.dumps(schema)
        assert "outputSchema" not in tool
        assert tool["description"]
        meta, ours = tool.get("_meta", {}), tool["name"].startswith("COMPOSIO_")
        assert meta.get("anthropic/alwaysLoad", False) == ours
        reads = tool.get("annotations", {}).get("readOnlyHint", False)
        assert meta.get("anthropic/maxResultSizeChars") == (500_000 if ours or reads else None)
    by_name = {tool["name"]: tool.get("annotations") for tool in result["tools"]}
    assert by_name["CLOCKIFY_GET_TAGS"] == {"readOnlyHint": True}
    assert by_name["CLOCKIFY_CREATE_CLIENT"] == by_name["CLOCKIFY_UPDATE_TAG"] == {"destructiveHint": False}
    assert by_name["CLOCKIFY_DELETE_TAG"] is None, "what is not said is that it may destroy"


async def test_the_list_of_all_tools_weighs_less_than_sixty_thousand_bytes(router: Router) -> None:
    path = await router.session("alice", toolkits={"enable": ["clockify", "desktime"]}, preload={"tools": "all"})
    listed = await post(router, path, request("tools/list"))
    tools = listed.json()["result"]["tools"]
    assert len(tools) == 4 + 87
    assert len(listed.body) < 60_000
    by_name = {tool["name"]: tool for tool in tools}
    assert "title" not in by_name["CLOCKIFY_GET_TAGS"] and by_name["DESKTIME_PING_REQUEST"]["title"] == "Ping DeskTime API"
    assert "required" not in by_name["CLOCKIFY_GET_TAGS"]["inputSchema"]


async def test_few_tools_are_listed_in_full(router: Router) -> None:
    path = await router.session("alice", preload={"tools": ["CLOCKIFY_CREATE_WEBHOOK", "CLOCKIFY_GET_TAGS"]})
    tools = (await router.rpc(path, "tools/list"))["result"]["tools"]
    told = await router.call(path, "COMPOSIO_GET_TOOL_SCHEMAS", tool_slugs=[tool["name"] for tool in tools[4:]])
    assert {tool["name"]: tool["inputSchema"] for tool in tools[4:]} == {
        slug: one["input_schema"] for slug, one in told["data"]["tool_schemas"].items()
    }


async def test_what_is_switched_off_is_neither_listed_nor_called(router: Router) -> None:
    off = {"search": {"enable": False}, "manage_connections": {"enable": False}, "execute": {"enable_multi_execute": False}}
    path = await router.session("alice", **off)
    assert (await router.rpc(path, "tools/list"))["result"] == {"tools": []}
    for name in ("COMPOSIO_SEARCH_TOOLS", "COMPOSIO_GET_TOOL_SCHEMAS", "COMPOSIO_MANAGE_CONNECTIONS", "COMPOSIO_MULTI_EXECUTE_TOOL"):
        refused = await router.rpc(path, "tools/call", {"name": name, "arguments": {}})
        assert refused["error"]["code"] == -32602
        assert "switched off" in refused["error"]["message"]


async def test_a_preloaded_tool_is_called_directly(router: Router) -> None:
    account = await router.connect("desktime")
    path = await router.session("alice", "desktime", preload={"tools": ["desktime_ping_request"]})
    listed = (await router.rpc(path, "tools/list"))["result"]["tools"]
    assert listed[-1]["name"] == "DESKTIME_PING_REQUEST"
    answer = await router.call(path, "desktime_ping_request")
    assert answer["successful"]
    assert (await router.entries(1))[0].account_id == account
    other = await router.rpc(path, "tools/call", {"name": "DESKTIME_GET_ACCOUNT_DETAILS", "arguments": {}})
    assert "COMPOSIO_MULTI_EXECUTE_TOOL" in other["error"]["message"]


async def test_what_every_account_refuses_is_not_listed(router: Router) -> None:
    """Over MCP and REST; another account that allows it shows at once, and a client is not to remember the shorter list."""
    local, key = router.local, {"api_key": "sandbox-clockify-key"}
    project = await local.project()
    path = await router.session("carl", "clockify", preload={"tools": ["CLOCKIFY_GET_TAGS", "CLOCKIFY_DELETE_TAG"]})

    async def names() -> set[str]:
        (_, over_rest), over_mcp = await router.send("GET", SESSION + f"/{path.split('/')[2]}/tools"), await router.rpc(path, "tools/list")
        found = {tool["name"] for tool in over_mcp["result"]["tools"] if tool["name"].startswith("CLOCKIFY")}
        assert found == {tool["slug"] for tool in over_rest["items"] if tool["slug"].startswith("CLOCKIFY")}
        return found

    assert await names() == {"CLOCKIFY_GET_TAGS", "CLOCKIFY_DELETE_TAG"}
    await local.connector.direct(project.id, "carl", "clockify", key, {}, effects=("read",))
    assert await names() == {"CLOCKIFY_GET_TAGS"}
    said = (await router.call(path, "CLOCKIFY_DELETE_TAG", tagId="x"))["error"]
    assert "was connected to read only" in said
    await local.connector.direct(project.id, "carl", "clockify", key, {})
    assert await names() == {"CLOCKIFY_GET_TAGS", "CLOCKIFY_DELETE_TAG"}


async def test_a_preloaded_tool_without_connection_gives_a_link(router: Router) -> None:
    path = await router.session("alice", "desktime", preload={"tools": "all"})
    result = (await router.rpc(path, "tools/call", {"name": "DESKTIME_PING_REQUEST", "arguments": {}}))["result"]
    assert not result["isError"]
    answer = json.loads(result["content"][0]["text"])
    assert not answer["successful"]
    assert answer["data"]["redirect_url"].startswith(router.origin + "/link/")
