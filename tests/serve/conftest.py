"""A router and a sandbox, both real: the sandbox as a process, the router on a socket in the test's own loop."""

import asyncio
import json
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import pytest
import uvicorn
from multidict import CIMultiDict, CIMultiDictProxy

from toolway.serve.app import App
from toolway.serve.local import Local
from toolway.serve.mcp import McpDoor
from toolway.settings import read
from toolway.store.records import Entry
from toolway.watch import Watch

SESSION = "/api/v3.1/tool_router/session"
BODY = b'{"user_id":"alice"}'


class Reply(NamedTuple):
    """What came back: status, headers and body."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Router(NamedTuple):
    """A running router: where it is, a key of its default project, and its parts."""

    origin: str
    key: str
    local: Local

    async def ask(self, method: str, path: str, body: bytes | None = None, headers: Sequence[tuple[str, str]] = ()) -> Reply:
        """A request as it is written here, without a key."""
        async with (
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client,
            client.request(
                method,
                self.origin + path,
                data=body,
                headers=CIMultiDict(headers),
                allow_redirects=False,
                skip_auto_headers=["Content-Type"],
            ) as answer,
        ):
            return Reply(answer.status, answer.headers, await answer.read())

    async def send(self, method: str, path: str, content: Any = None, **headers: str) -> tuple[int, Any]:
        """A request with the key; gives status and decoded body."""
        given = {"x-api-key": self.key, "content-type": "application/json"} | {k.replace("_", "-"): v for k, v in headers.items()}
        reply = await self.ask(method, path, None if content is None else json.dumps(content).encode(), list(given.items()))
        return reply.status, reply.json() if reply.headers.get("content-type") == "application/json" else reply.text

    async def session(self, user: str = "alice", *toolkits: str, **more: Any) -> str:
        """A session; gives the path of its MCP endpoint."""
        body = {"user_id": user} | ({"toolkits": {"enable": list(toolkits)}} if toolkits else {}) | more
        status, made = await self.send("POST", "/api/v3.1/tool_router/session", body)
        assert status == 201, made
        return str(made["mcp"]["url"]).removeprefix(self.origin)

    async def rpc(self, path: str, method: str, params: Any = None) -> Any:
        """A JSON-RPC request by hand."""
        message: Any = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params or {}}
        return (await self.send("POST", path, message))[1]

    async def call(self, path: str, name: str, **arguments: Any) -> Any:
        """A tool call by hand; gives the decoded text block."""
        answer = await self.rpc(path, "tools/call", {"name": name, "arguments": arguments})
        return json.loads(answer["result"]["content"][0]["text"])

    async def execute(self, path: str, slug: str, **arguments: Any) -> Any:
        """One tool through the multi-execute tool; gives its response."""
        answer = await self.call(path, "COMPOSIO_MULTI_EXECUTE_TOOL", tools=[{"tool_slug": slug, "arguments": arguments}])
        return answer["data"]["results"][0]["response"]

    async def entries(self, at_least: int) -> Sequence[Entry]:
        """The call log, latest first, once it holds so many finished rows; the writer commits every 50 ms."""
        project = await self.local.project()
        async with asyncio.timeout(5):
            while True:
                found = await self.local.store.log.recent(project.id, 100)
                if len(found) >= at_least and all(entry.state != "sent" for entry in found):
                    return found
                await asyncio.sleep(0.01)

    async def connect(self, toolkit: str, user: str = "alice") -> str:
        """Connect a user's account to the sandbox; gives its id."""
        project = await self.local.project()
        account = await self.local.connector.direct(project.id, user, toolkit, {"api_key": f"sandbox-{toolkit}-key"}, {})
        return account.id


async def create(router: Router, *headers: tuple[str, str], body: bytes = BODY, path: str = SESSION) -> Reply:
    """A request for a session, or for something else, with these headers."""
    return await router.ask("POST", path, body, [("content-type", "application/json"), *headers])


Fault = Callable[..., Awaitable[None]]
"""Lets the next requests to the sandbox under a path go wrong."""


@pytest.fixture
async def fault(sandbox: str) -> AsyncGenerator[Fault]:
    """The sandbox's faults; gone, with all that was done there, after the test."""

    async def post(path: str, content: Any) -> None:
        async with aiohttp.ClientSession() as client, client.post(sandbox + path, json=content) as answer:
            assert answer.status == 204, await answer.text()

    async def add(path_prefix: str, **what: Any) -> None:
        await post("/_sandbox/fault", {"path_prefix": path_prefix} | what)

    yield add
    await post("/_sandbox/reset", {})


@asynccontextmanager
async def listening(app: Any, parser: Any = "auto") -> AsyncGenerator[str]:
    """The origin under which an application is served in this loop."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, http=parser, lifespan="off", log_level="warning", access_log=False, ws="none")
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    # Not `serve` and `shutdown`: they look only ten times a second whether to end, and there are hundreds of tests.
    await server.startup(sockets=[listener])
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        for one in server.servers:
            one.close()


@asynccontextmanager
async def running(
    data: Path, watch: Watch | None = None, door: Callable[[Local], McpDoor] | None = None, /, **flags: str
) -> AsyncGenerator[Router]:
    """A router on this data folder; `door` makes another MCP endpoint for it."""
    async with await Local.open(read({"data": str(data)} | flags, {}), watch) as local, serving(local, door) as router:
        yield router


@asynccontextmanager
async def serving(local: Local, door: Callable[[Local], McpDoor] | None = None) -> AsyncGenerator[Router]:
    """A router of these parts, with a key of its own."""
    project = await local.project()
    _, key = await local.keys.create(project.id)
    async with listening(App(local, door(local) if door else None)) as origin:
        yield Router(origin, key.open(), local)


@pytest.fixture
async def router(tmp_path: Path, sandbox: str) -> AsyncGenerator[Router]:
    """A router whose calls go to the sandbox."""
    async with running(tmp_path / "data", sandbox=sandbox) as started:
        yield started
