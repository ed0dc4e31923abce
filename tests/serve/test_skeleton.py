"""The thinnest thing that works end to end: the official client pings DeskTime."""

import json
from typing import Any, cast

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from tests.serve.conftest import Router


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_ping_from_the_official_client(router: Router, mode: Any) -> None:
    """Session, connection, call and record, in both eras of the protocol."""
    account = await router.connect("desktime")
    path = await router.session("alice", "desktime")
    async with httpx2.AsyncClient(headers={"x-api-key": router.key}) as http:
        transport = streamable_http_client(router.origin + path, http_client=http)
        async with Client(transport, mode=mode) as client:
            listed = [tool.name for tool in (await client.list_tools()).tools]
            item: Any = {"tool_slug": "DESKTIME_PING_REQUEST", "arguments": {}}
            result = await client.call_tool("COMPOSIO_MULTI_EXECUTE_TOOL", {"tools": [item]})
    assert "COMPOSIO_MULTI_EXECUTE_TOOL" in listed
    answer = json.loads(cast("Any", result.content[0]).text)
    response = answer["data"]["results"][0]["response"]
    assert response["successful"]
    assert "pong" in response["data"]

    [entry] = await router.entries(1)
    assert (entry.tool, entry.state, entry.account_id, entry.user_id) == ("DESKTIME_PING_REQUEST", "done", account, "alice")
    assert entry.id == response["log_id"]
