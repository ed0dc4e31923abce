"""One endpoint, both eras, other people's MCP clients: each lists the tools, searches, executes, and asks for what is not there."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import httpx2
import pytest
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from mcp.types import TextContent

from .clockify import workspaces
from .conftest import Node
from .guide import OFFLINE
from .models.errand import CONNECT, EXECUTE, SCHEMAS, SEARCH
from .models.hosted_mcp import HostedMcp
from .models.mind import objects
from .person import Person
from .server import CLOCKIFY_KEY, Server

Json = dict[str, Any]
Calls = list[tuple[str, Json]]

LEGACY, MODERN = "2025-11-25", "2026-07-28"
INVALID_PARAMS = -32602
META_TOOLS = {SEARCH, SCHEMAS, CONNECT, EXECUTE}
SLUG = "CLOCKIFY_GET_ALL_MY_WORKSPACES"
CALLS: Calls = [
    (SEARCH, {"queries": [{"use_case": "list all workspaces of the user"}]}),
    (EXECUTE, {"tools": [{"tool_slug": SLUG, "arguments": {}}], "sync_response_to_workbench": False}),
    ("COMPOSIO_NO_SUCH_TOOL", {}),
]
INSPECTOR = "node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js"
NO_KEY, TOOL_FAILED = 3, 5


@pytest.fixture
def url(router: Server) -> str:
    """The endpoint of a session whose user has connected Clockify."""
    made = str(router.session("alice@example.com", "clockify")["mcp"]["url"])
    with HostedMcp(made, {"x-api-key": router.key}) as server:
        answer = server.call(CONNECT, {"toolkits": ["clockify"]})
    link = next(str(r["redirect_url"]) for r in objects(json.loads(answer["content"][0]["text"])) if r.get("redirect_url"))
    Person().connect(link, CLOCKIFY_KEY)
    return made


def check(router: Server, seen: Json, version: str) -> None:
    """What every client must have seen."""
    assert seen["version"] == version
    assert set(seen["tools"]) == META_TOOLS
    search, execute, unknown = cast(list[Json], seen["answers"])
    check_search(search)
    check_execute(router, execute)
    assert unknown == {"error": INVALID_PARAMS}


def check_search(answer: Json) -> None:
    """The tool is found, and its toolkit is connected."""
    data = _data(answer)
    assert SLUG in data["results"][0]["primary_tool_slugs"]
    assert data["toolkit_connection_statuses"][0]["has_active_connection"] is True


def check_execute(router: Server, answer: Json) -> None:
    """The result holds the true workspaces."""
    (result,) = _data(answer)["results"]
    assert result["response"]["successful"] is True
    true = workspaces(router)
    assert len(true) > 1
    assert {r["name"]: r["id"] for r in objects(result["response"]["data"]) if "name" in r and "id" in r} == true


def _data(answer: Json) -> Json:
    assert answer["failed"] is False
    (text,) = answer["text"]
    whole = json.loads(text)
    assert whole["successful"] is True
    return whole["data"]


def test_the_client_of_the_1_line(router: Server, url: str, environment: Callable[[str], Path], tmp_path: Path) -> None:
    tour = [environment("mcp1"), Path(__file__).parent / "mcp1" / "tour.py", url, *map(json.dumps, CALLS)]
    own = {**OFFLINE, "HOME": str(tmp_path), "COMPOSIO_API_KEY": router.key}
    run = subprocess.run(tour, env=own, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    check(router, json.loads(run.stdout), LEGACY)


@pytest.mark.parametrize(("mode", "version"), [("auto", MODERN), ("legacy", LEGACY), (MODERN, MODERN)])
async def test_the_client_of_the_2_line(mode: str, version: str, router: Server, url: str) -> None:
    async with (
        httpx2.AsyncClient(headers={"x-api-key": router.key}, trust_env=False, timeout=30) as http,
        Client(streamable_http_client(url, http_client=http), mode=mode) as client,
    ):
        tools = (await client.list_tools()).tools
        answers: list[Json] = []
        for name, arguments in CALLS:
            try:
                result = await client.call_tool(name, arguments)
            except MCPError as error:
                answers.append({"error": error.error.code})
            else:
                texts = [block.text for block in result.content if isinstance(block, TextContent)]
                assert len(texts) == len(result.content)
                answers.append({"failed": bool(result.is_error), "text": texts})
        check(router, {"version": client.protocol_version, "tools": [tool.name for tool in tools], "answers": answers}, version)


@pytest.mark.parametrize("era", ["legacy", "auto", "modern"])
def test_the_inspector(era: str, router: Server, url: str, node: Node) -> None:
    def inspect(method: str, *arguments: str, key: str = router.key) -> subprocess.CompletedProcess[str]:
        at = ["--cli", url, "--transport", "http", "--protocol-era", era, "--format", "json", "--method", method]
        return node(INSPECTOR, *at, *(["--header", f"x-api-key: {key}"] if key else []), *arguments)

    def call(name: str, arguments: Json) -> subprocess.CompletedProcess[str]:
        return inspect("tools/call", "--tool-name", name, "--tool-args-json", json.dumps(arguments))

    listed = inspect("tools/list", "--strict")  # strict: no schema that some client could not take
    assert listed.returncode == 0, listed.stderr
    assert {tool["name"] for tool in json.loads(listed.stdout)["result"]["tools"]} == META_TOOLS
    answers: list[Json] = []
    for name, arguments in CALLS[:2]:
        called = call(name, arguments)
        assert called.returncode == 0, called.stderr
        result = json.loads(called.stdout)["result"]
        answers.append({"failed": result.get("isError", False), "text": [block["text"] for block in result["content"]]})
    check_search(answers[0])
    check_execute(router, answers[1])
    assert call(SEARCH, {}).returncode == TOOL_FAILED
    for key in ("", "ak_wrong"):
        refused = inspect("tools/list", key=key)
        assert refused.returncode == NO_KEY, refused.stderr
        assert json.loads(refused.stderr)["error"]["code"] == "auth_required"


def test_the_typescript_sdk(router: Server, node: Node) -> None:
    run = node("session.mjs", COMPOSIO_API_KEY=router.key, COMPOSIO_BASE_URL=router.origin)
    assert run.returncode == 0, run.stderr
    seen = json.loads(run.stdout)
    assert seen["made"]["url"] == seen["found"]["url"] == f"{router.origin}/tool_router/{seen['id']}/mcp"
    assert seen["made"]["headers"] == {"x-api-key": router.key}
    with HostedMcp(seen["made"]["url"], seen["made"]["headers"]) as server:
        assert {tool["name"] for tool in server.tools()} == META_TOOLS
