"""A router and a sandbox, both real: the sandbox as a process, the router on a socket in the test's own loop."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import pytest
import uvicorn

from toolway.serve.app import App
from toolway.serve.local import Local, sandbox_hosts
from toolway.settings import read
from toolway.store.records import Entry


class Router(NamedTuple):
    """A running router: where it is, a key of its default project, and its parts."""

    origin: str
    key: str
    local: Local

    async def send(self, method: str, path: str, content: Any = None, **headers: str) -> tuple[int, Any]:
        """A request with the key; gives status and decoded body."""
        async with (
            aiohttp.ClientSession() as client,
            client.request(method, self.origin + path, json=content, headers={"x-api-key": self.key} | headers) as answer,
        ):
            return answer.status, await answer.json() if answer.content_type == "application/json" else await answer.text()

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
        import json

        answer = await self.rpc(path, "tools/call", {"name": name, "arguments": arguments})
        return json.loads(answer["result"]["content"][0]["text"])

    async def execute(self, path: str, slug: str, **arguments: Any) -> Any:
        """One tool through the multi-execute tool; gives its response."""
        answer = await self.call(path, "COMPOSIO_MULTI_EXECUTE_TOOL", tools=[{"tool_slug": slug, "arguments": arguments}])
        return answer["data"]["results"][0]["response"]

    async def entries(self, at_least: int) -> Sequence[Entry]:
        """The call log, latest first, once it holds so many rows; the writer commits every 50 ms."""
        project = await self.local.project()
        async with asyncio.timeout(5):
            while len(found := await self.local.store.log.recent(project.id, 100)) < at_least:
                await asyncio.sleep(0.01)
        return found

    async def connect(self, toolkit: str, user: str = "alice") -> str:
        """Connect a user's account to the sandbox; gives its id."""
        project = await self.local.project()
        account = await self.local.connector.direct(project.id, user, toolkit, f"sandbox-{toolkit}-key", {})
        return account.id


@pytest.fixture(scope="session")
def sandbox() -> Iterator[str]:
    """The address of a sandbox process."""
    command = [sys.executable, "-m", "toolway.sandbox", "--port", "0", "--with-parent"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        yield child.stdout.readline().split()[-1]
        child.terminate()


@asynccontextmanager
async def running(data: Path, **flags: str) -> AsyncGenerator[Router]:
    """A router on this data folder."""
    listener = socket.create_server(("127.0.0.1", 0))
    origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
    async with await Local.open(read({"data": str(data)} | flags, {})) as local:
        project = await local.project()
        _, key = await local.keys.create(project.id)
        server = uvicorn.Server(uvicorn.Config(App(local), lifespan="off", log_level="warning", access_log=False))
        task = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:
            await asyncio.sleep(0.005)
        try:
            yield Router(origin, key.open(), local)
        finally:
            server.should_exit = True
            await task


@pytest.fixture
async def router(tmp_path: Path, sandbox: str) -> AsyncGenerator[Router]:
    """A router whose calls go to the sandbox."""
    async with running(tmp_path / "data", hosts=sandbox_hosts(sandbox)) as started:
        yield started
