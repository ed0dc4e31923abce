"""The official client at work: a whole errand in both eras, and over the death of the server."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, cast

import aiohttp
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from tests.serve.conftest import Router

KEY = "a-key-for-this-test-only"


@asynccontextmanager
async def client(url: str, key: str, mode: Any) -> AsyncGenerator[Client]:
    async with (
        httpx2.AsyncClient(headers={"x-api-key": key}) as http,
        Client(streamable_http_client(url, http_client=http), mode=mode) as opened,
    ):
        yield opened


async def called(opened: Client, name: str, **arguments: Any) -> Any:
    result = await opened.call_tool(name, arguments)
    assert not result.is_error
    [block] = result.content
    return json.loads(cast("Any", block).text)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_an_errand(router: Router, mode: Any) -> None:
    """Find, connect, call, record; one text block an answer."""
    account = await router.connect("desktime")
    path = await router.session("alice", "desktime")
    async with client(router.origin + path, router.key, mode) as opened:
        listed = [tool.name for tool in (await opened.list_tools()).tools]
        found = await called(opened, "COMPOSIO_SEARCH_TOOLS", queries=[{"use_case": "ping the service"}])
        state = await called(opened, "COMPOSIO_MANAGE_CONNECTIONS", toolkits=["desktime"])
        item: Any = {"tool_slug": "DESKTIME_PING_REQUEST", "arguments": {}}
        done = await called(opened, "COMPOSIO_MULTI_EXECUTE_TOOL", tools=[item], sync_response_to_workbench=False)
    assert "COMPOSIO_MULTI_EXECUTE_TOOL" in listed
    assert "DESKTIME_PING_REQUEST" in found["data"]["tool_schemas"]
    assert state["data"]["results"]["desktime"]["connected_account_id"] == account
    response = done["data"]["results"][0]["response"]
    assert response["successful"]
    assert "pong" in response["data"]

    [entry] = await router.entries(1)
    assert (entry.tool, entry.state, entry.account_id, entry.user_id) == ("DESKTIME_PING_REQUEST", "done", account, "alice")
    assert entry.id == response["log_id"]


@contextmanager
def served(data: Path, port: int, sandbox: str) -> Generator[subprocess.Popen[bytes]]:
    """`toolway serve` as a process of its own; killed with -9 in the end, if it still runs."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("TOOLWAY_")}
    own |= {"TOOLWAY_API_KEY": KEY, "TOOLWAY_SANDBOX": sandbox}
    command = [sys.executable, "-m", "toolway", "serve", "--port", str(port), "--data", str(data)]
    with subprocess.Popen(command, env=own, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


async def ready(origin: str) -> None:
    async with asyncio.timeout(20), aiohttp.ClientSession() as http:
        while True:
            try:
                async with http.get(f"{origin}/readyz") as answer:
                    assert answer.status == 200
                    return
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.02)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_restart_does_not_break_a_running_agent(tmp_path: Path, sandbox: str, mode: Any) -> None:
    """Killed with -9 and started again on its port and folder: the same client goes on in the same session."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    origin, headers = f"http://127.0.0.1:{port}", {"x-api-key": KEY}
    with served(tmp_path, port, sandbox) as first:
        await ready(origin)
        async with (
            aiohttp.ClientSession(headers=headers) as http,
            http.post(f"{origin}/api/v3.1/tool_router/session", json={"user_id": "alice"}) as answer,
        ):
            made = await answer.json()
        async with client(made["mcp"]["url"], KEY, mode) as opened:
            before = (await opened.list_tools()).tools
            link = await called(opened, "COMPOSIO_MANAGE_CONNECTIONS", toolkits=["desktime"])
            first.kill()
            first.wait(10)
            with served(tmp_path, port, sandbox):
                await ready(origin)
                assert (await opened.list_tools()).tools == before
                found = await called(opened, "COMPOSIO_SEARCH_TOOLS", queries=[{"use_case": "ping"}])
                async with aiohttp.ClientSession() as person, person.get(link["data"]["results"]["desktime"]["redirect_url"]) as page:
                    assert page.status == 200  # a link that was given before is still good
    assert found["successful"]
