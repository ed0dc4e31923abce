"""A missing connection, told to clients that can open links: before anything is executed, in the words of their revision."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client
from mcp.client import ClientRequestContext
from mcp.client.streamable_http import streamable_http_client
from mcp.types import ElicitRequestParams, ElicitRequestURLParams, ElicitResult

from tests.serve.conftest import Reply, Router, running
from tests.serve.test_mcp import META, MODERN, post, request

ROOT = Path(__file__).parents[2]
EXECUTE = "COMPOSIO_MULTI_EXECUTE_TOOL"
OPENS_LINKS: Any = {"elicitation": {"url": {}}}
OPENS: Any = META | {"io.modelcontextprotocol/clientCapabilities": OPENS_LINKS}
PING: dict[str, Any] = {"tools": [{"tool_slug": "DESKTIME_PING_REQUEST", "arguments": dict[str, Any]()}]}


async def call(router: Router, path: str, arguments: Any = PING, name: str = EXECUTE, meta: Any = OPENS, **params: Any) -> Reply:
    headers = (("mcp-protocol-version", MODERN), ("mcp-method", "tools/call"), ("mcp-name", name))
    return await post(router, path, request("tools/call", _meta=meta, name=name, arguments=arguments, **params), *headers)


def content(reply: Reply) -> Any:
    return json.loads(reply.json()["result"]["content"][0]["text"])


def answered(asked: Any, action: str = "accept") -> Any:
    return {"requestState": asked["requestState"], "inputResponses": {key: {"action": action} for key in asked["inputRequests"]}}


async def test_asked_connected_done(router: Router) -> None:
    path = await router.session("alice", "desktime")
    asked = (await call(router, path)).json()["result"]
    assert asked["resultType"] == "input_required"
    (one,) = asked["inputRequests"].values()
    assert one["method"] == "elicitation/create"
    assert one["params"]["mode"] == "url"
    assert one["params"]["url"].startswith(router.origin + "/link/")
    assert one["params"]["url"].rpartition("/")[2] not in asked["requestState"]
    await router.connect("desktime")
    done = content(await call(router, path, **answered(asked)))
    assert done["successful"], done
    assert len(await router.entries(1)) == 1  # nothing was executed while it was asked


async def test_a_direct_tool_asks_too(router: Router) -> None:
    path = await router.session("alice", "desktime", preload={"tools": "all"})
    asked = (await call(router, path, {}, "DESKTIME_PING_REQUEST")).json()["result"]
    assert asked["resultType"] == "input_required"


async def test_one_question_for_each_toolkit(router: Router) -> None:
    await router.connect("desktime")
    slugs = ("DESKTIME_PING_REQUEST", "CLOCKIFY_GET_TAGS", "CLOCKIFY_GET_TAGS", "NO_TOOL")
    items: Any = [{"tool_slug": slug, "arguments": {}} for slug in slugs]
    asked = (await call(router, await router.session(), {"tools": items})).json()["result"]
    assert list(asked["inputRequests"]) == ["connect_clockify"]


async def test_while_the_key_is_being_typed(router: Router) -> None:
    """Accepted means that the page was opened: the call waits for the key, on the link that was shown."""
    path = await router.session("alice", "desktime")
    asked = (await call(router, path)).json()["result"]
    waiting = asyncio.create_task(call(router, path, **answered(asked)))
    await router.connect("desktime")
    assert content(await waiting)["successful"]


async def test_without_an_answer_it_is_asked_again_with_the_same_link_and_then_told(router: Router) -> None:
    path = await router.session("alice", "desktime")
    asked, links = (await call(router, path)).json()["result"], set[str]()
    for _ in range(2):
        links.add(asked["inputRequests"]["connect_desktime"]["params"]["url"])
        asked = (await call(router, path, requestState=asked["requestState"], inputResponses={"other": {}})).json()["result"]
    assert len(links) == 1
    told = content(await call(router, path, requestState=asked["requestState"]))["data"]["results"][0]["response"]
    assert told["data"]["redirect_url"].startswith(router.origin)


async def test_a_link_that_a_newer_one_replaced_is_not_shown_again(router: Router) -> None:
    path = await router.session("alice", "desktime")
    asked = (await call(router, path)).json()["result"]
    await router.call(path, "COMPOSIO_MANAGE_CONNECTIONS", toolkits=["desktime"])
    again = (await call(router, path, requestState=asked["requestState"])).json()["result"]
    page = await router.ask("GET", again["inputRequests"]["connect_desktime"]["params"]["url"].removeprefix(router.origin))
    assert page.status == 200, page.text


@pytest.mark.parametrize("action", ["decline", "cancel"])
async def test_declined(router: Router, action: str) -> None:
    path = await router.session("alice", "desktime")
    asked = (await call(router, path)).json()["result"]
    result = (await call(router, path, **answered(asked, action))).json()["result"]
    assert (result["resultType"], result["isError"]) == ("complete", True)
    assert "did not connect desktime" in result["content"][0]["text"]


@pytest.mark.parametrize("capabilities", [{}, {"elicitation": {}}, {"elicitation": {"form": {}}}, {"elicitation": 5}, {"sampling": {}}, 7])
async def test_who_cannot_open_links_gets_the_result(router: Router, capabilities: Any) -> None:
    meta = META | {"io.modelcontextprotocol/clientCapabilities": capabilities}
    told = content(await call(router, await router.session("alice", "desktime"), meta=meta))
    assert told["data"]["results"][0]["response"]["data"]["redirect_url"].startswith(router.origin)


async def test_switched_off_nothing_is_asked(router: Router) -> None:
    path = await router.session("alice", "desktime", manage_connections={"enable": False})
    assert "connect desktime first" in content(await call(router, path))["error"]


async def test_a_state_opens_only_where_it_was_given(router: Router) -> None:
    """Property 44: changed, moved to another call, another session, another tenant: refused, and nothing is executed."""
    path = await router.session("alice", "desktime", preload={"tools": "all"})
    asked = (await call(router, path)).json()["result"]
    state = asked["requestState"]
    other = await router.session("alice", "desktime")
    tried = [
        await call(router, path, requestState=state + "A"),
        await call(router, path, requestState=state[:-6]),
        await call(router, path, requestState=""),
        await call(router, path, requestState=5),
        await call(router, path, requestState="v1." * 20_000),
        await call(router, path, {"tools": PING["tools"] * 2}, requestState=state),
        await call(router, path, {}, "DESKTIME_PING_REQUEST", requestState=state),
        await call(router, other, requestState=state),
    ]
    for reply in tried:
        assert (reply.status, reply.json()["error"]["code"]) == (400, -32602)
        assert "requestState" in reply.json()["error"]["message"]
    assert (await call(router, path, requestState=state)).json()["result"]["resultType"] == "input_required"


@pytest.mark.parametrize("given", [5, None, [], {"connect_desktime": 5}, {"connect_desktime": None}])
async def test_answers_that_are_none(router: Router, given: Any) -> None:
    reply = await call(router, await router.session("alice", "desktime"), inputResponses=given)
    assert (reply.status, reply.json()["error"]["code"]) == (400, -32602)


async def test_the_official_client(router: Router) -> None:
    """It shows the link, answers, and has its result without the agent noticing."""
    seen: list[str] = []

    async def open_link(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        assert isinstance(params, ElicitRequestURLParams)
        seen.append(params.url)
        await router.connect("desktime")
        return ElicitResult(action="accept")

    path = await router.session("alice", "desktime")
    async with (
        httpx2.AsyncClient(headers={"x-api-key": router.key}, trust_env=False, timeout=30) as http,
        Client(streamable_http_client(router.origin + path, http_client=http), mode="auto", elicitation_callback=open_link) as client,
    ):
        result = await client.call_tool(EXECUTE, PING)
    assert json.loads(result.content[0].text)["successful"]  # type: ignore[union-attr]
    assert len(seen) == 1


async def test_the_client_of_the_page(router: Router) -> None:
    """The program of docs/mcp.md as printed: it tells the link, and has its result once the account is connected."""
    (program,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "mcp.md").read_text("utf-8"), re.DOTALL)
    url = router.origin + await router.session("alice", "desktime")
    own = os.environ | {"MCP_URL": url, "COMPOSIO_API_KEY": router.key, "NO_PROXY": "127.0.0.1"}
    async with asyncio.timeout(60):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, env=own, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert process.stdin is not None and process.stdout is not None
        asked = (await process.stdout.readline()).decode()
        assert asked.startswith(f"Please open {router.origin}/link/")
        await router.connect("desktime")
        process.stdin.write(b"\n")
        said = (await process.stdout.read()).decode()
        assert await process.wait() == 0
    assert "successful" in said and "pong" in said.lower(), said


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
async def test_the_session_of_the_readme(router: Router) -> None:
    """The line with curl as printed."""
    (line,) = re.findall(r"^curl (?:.*\\\n)*.*", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    own = os.environ | {"COMPOSIO_BASE_URL": router.origin, "COMPOSIO_API_KEY": router.key, "NO_PROXY": "127.0.0.1"}
    async with asyncio.timeout(60):
        process = await asyncio.create_subprocess_shell(line, env=own, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        said, _ = await process.communicate()
    assert json.loads(said)["mcp"]["url"].startswith(f"{router.origin}/tool_router/trs_")


async def shake(router: Router, path: str, capabilities: Any, version: str = "2025-11-25") -> Reply:
    return await post(router, path, request("initialize", protocolVersion=version, capabilities=capabilities))


async def test_links_as_errors_where_that_is_chosen(tmp_path: Path, sandbox: str) -> None:
    async with running(tmp_path / "data", sandbox=sandbox, links_as_errors="on") as router:
        path = await router.session("alice", "desktime")
        session_id = (await shake(router, path, OPENS_LINKS)).headers["mcp-session-id"]
        others: Any = [("2025-11-25", {}), ("2025-11-25", {"elicitation": {}}), ("2025-06-18", OPENS_LINKS)]
        for version, capabilities in others:
            assert "mcp-session-id" not in (await shake(router, path, capabilities, version)).headers
        message = request("tools/call", name=EXECUTE, arguments=PING)
        asked = await post(router, path, message, ("mcp-session-id", session_id))
        assert (asked.status, asked.json()["error"]["code"]) == (200, -32042)
        (one,) = asked.json()["error"]["data"]["elicitations"]
        assert (one["mode"], bool(one["message"]), bool(one["elicitationId"])) == ("url", True, True)
        assert one["url"].startswith(router.origin + "/link/")
        plain = await post(router, path, message)
        assert content(plain)["data"]["results"][0]["response"]["data"]["redirect_url"]
        await router.connect("desktime")
        assert content(await post(router, path, message, ("mcp-session-id", session_id)))["successful"]


async def test_09_an_mcp_session_of_somebody_else(tmp_path: Path, sandbox: str) -> None:
    """Property 9: as if it were not there. And where none are given out none is believed."""
    async with running(tmp_path / "data", sandbox=sandbox, links_as_errors="on") as router:
        path, other = await router.session("alice", "desktime"), await router.session("bob", "desktime")
        session_id = (await shake(router, path, OPENS_LINKS)).headers["mcp-session-id"]
        assert (await post(router, path, request("ping"), ("mcp-session-id", session_id))).status == 200
        foreign = await post(router, other, request("ping"), ("mcp-session-id", session_id))
        absent = await post(router, other, request("ping"), ("mcp-session-id", "v1.nothing"))
        assert (foreign.status, foreign.body) == (absent.status, absent.body)
        assert foreign.status == 404
    async with running(tmp_path / "data", sandbox=sandbox) as router:
        told = await post(router, path, request("tools/call", name=EXECUTE, arguments=PING), ("mcp-session-id", session_id))
        assert content(told)["data"]["results"][0]["response"]["data"]["redirect_url"]
