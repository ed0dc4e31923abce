"""The agent's part: one session, one MCP client, and for each request the three phases."""

import json
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import TextContent

from demo import Failed, person
from demo.house import House
from demo.play import TOOLKITS, USER, Call, Json, Request
from demo.tell import Teller

_SESSIONS = "/api/v3.1/tool_router/session"
_SECONDS = 30.0


class Agent:
    """Takes requests through discovery, authentication and execution, and tells of each step."""

    def __init__(self, client: Client, teller: Teller) -> None:
        self._client = client
        self._teller = teller
        self._today = date.min

    async def take(self, request: Request) -> None:
        """One request, from its words to its table."""
        label = await self._discover(request)
        await self._authenticate(request, label)
        data = await self._execute(request, request.call(self._today))
        other = request.again(self._today, data)
        if other is not None:
            data = await self._execute(request, other)
        self._teller.table(request.table(data))

    async def _discover(self, request: Request) -> str:
        """Find the tool by the words; gives the label of the connected account, or "" when there is none."""
        found, ms = await self._meta("COMPOSIO_SEARCH_TOOLS", queries=[{"use_case": request.words}])
        self._today = date.fromisoformat(found["time_info"]["current_time_utc"][:10])
        result = found["results"][0]
        slugs: list[str] = [*result["primary_tool_slugs"], *result["related_tool_slugs"]]
        if request.tool not in slugs:
            raise Failed(f"The search for {request.words!r} did not find {request.tool}, but {', '.join(slugs) or 'nothing'}.")
        self._teller.found(request.tool, slugs, ms)
        if not found["tool_schemas"][request.tool]["hasFullSchema"]:
            _, ms = await self._meta("COMPOSIO_GET_TOOL_SCHEMAS", tool_slugs=[request.tool])
            self._teller.step("", "not among the first three: its arguments, looked up", ms)
        status = next(s for s in found["toolkit_connection_statuses"] if s["toolkit"] == request.toolkit)
        return status["current_user_info"]["label"] if status["has_active_connection"] else ""

    async def _authenticate(self, request: Request, label: str) -> None:
        kit = request.toolkit
        if label:
            self._teller.step("Authentication", f"{kit} is connected as {label}")
            return
        answer, ms = await self._meta("COMPOSIO_MANAGE_CONNECTIONS", toolkits=[kit])
        result = answer["results"][kit]
        if "redirect_url" not in result:
            raise Failed(f"There is no link to connect {kit}: {result.get('error_message', result['status'])}")
        self._teller.step("Authentication", f"{kit} is not connected: a link for the person", ms)
        key, began = f"sandbox-{kit}-key", time.perf_counter()
        said = await person.connect(result["redirect_url"], key)
        self._teller.step("", "the demo plays the person: opens it, gives the key", _since(began))
        self._teller.aside(f"{key} was given; the page says:\n{said}")

    async def _execute(self, request: Request, call: Call) -> Json:
        if call.note:
            self._teller.aside(call.note)
        answer, ms = await self._meta("COMPOSIO_MULTI_EXECUTE_TOOL", tools=[{"tool_slug": request.tool, "arguments": call.arguments}])
        response = answer["results"][0]["response"]
        if not response["successful"]:
            raise Failed(f"{request.tool} did not succeed: {response['error']}")
        self._teller.called(call.arguments, ms)
        return response["data"]

    async def _meta(self, name: str, **arguments: Any) -> tuple[Json, float]:
        """A meta tool's data, and the milliseconds it took."""
        began = time.perf_counter()
        result = await self._client.call_tool(name, arguments)
        ms = _since(began)
        block = result.content[0]
        if not isinstance(block, TextContent):
            raise Failed(f"{name} answered with {block.type} where text was expected.")
        answer: Json = json.loads(block.text)
        if not answer["successful"]:
            raise Failed(f"{name} did not succeed: {answer['error']}")
        return answer["data"], ms


@asynccontextmanager
async def agent(house: House, teller: Teller) -> AsyncGenerator[Agent]:
    """An agent on a session of its own."""
    async with httpx2.AsyncClient(headers={"x-api-key": house.key}, trust_env=False, timeout=_SECONDS) as http:
        began = time.perf_counter()
        body = {"user_id": USER, "toolkits": {"enable": list(TOOLKITS)}}
        made = await http.post(house.origin + _SESSIONS, json=body)
        if made.status_code != 201:
            raise Failed(f"The session was refused ({made.status_code}): {made.text[:300]}")
        session: Json = made.json()
        async with Client(streamable_http_client(session["mcp"]["url"], http_client=http)) as client:
            tools = (await client.list_tools()).tools
            said = f"for {USER}: MCP {client.protocol_version}, {len(tools)} tools"
            teller.step("Session", said, _since(began))
            yield Agent(client, teller)


def _since(began: float) -> float:
    return (time.perf_counter() - began) * 1000
