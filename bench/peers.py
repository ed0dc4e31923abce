"""The peers: `python peers.py mcp|fastmcp|floor httpx|aiohttp PORT UPSTREAM KEY`.

Each does what a router cannot leave out: it checks the caller's key, makes one request upstream with another key, and answers with
JSON. Nothing is validated beyond what the library does by itself, nothing is recorded. Five tools are listed, as Toolway lists five.
"""

import hashlib
import hmac
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn
from upstream import MARK

TOOL = "BENCH_GET_THING"
TOOLS = (TOOL, *(f"BENCH_OTHER_{n}" for n in range(4)))
ABOUT = "Read one thing with its first parts."
SCHEMA = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "minLength": 1, "maxLength": 40, "description": "Thing to read."},
        "limit": {"type": "integer", "minimum": 1, "maximum": 100, "default": 10, "description": "How many parts."},
    },
    "required": ["id"],
}
LIFESPAN: Any = {"mcp": "on", "fastmcp": "on", "floor": "off"}
Fetch = Callable[[str, int], Awaitable[bytes]]


def fetcher(client: str, upstream: str) -> Fetch:
    """A function that reads a thing over kept connections; the client is made with the first call."""
    headers = {"X-Key": "upstream-key"}
    kept: list[Any] = []

    async def with_httpx(thing: str, limit: int) -> bytes:
        if not kept:
            import httpx

            kept.append(httpx.AsyncClient(headers=headers))
        return (await kept[0].get(f"{upstream}/things/{thing}", params={"limit": limit})).content

    async def with_aiohttp(thing: str, limit: int) -> bytes:
        if not kept:
            import aiohttp

            kept.append(aiohttp.ClientSession(headers=headers))
        async with kept[0].get(f"{upstream}/things/{thing}", params={"limit": limit}) as answer:
            return await answer.read()

    return {"httpx": with_httpx, "aiohttp": with_aiohttp}[client]


def lowlevel(fetch: Fetch) -> Any:
    """The low-level server of the `mcp` SDK; the upstream's JSON is passed on as it came."""
    import mcp_types as types
    from mcp.server.lowlevel import Server

    listed = types.ListToolsResult(tools=[types.Tool(name=name, description=ABOUT, input_schema=SCHEMA) for name in TOOLS])

    async def on_list(_context: Any, _params: Any) -> types.ListToolsResult:
        return listed

    async def on_call(_context: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
        given = params.arguments or {}
        body = await fetch(given["id"], given.get("limit", 10))
        return types.CallToolResult(content=[types.TextContent(text=body.decode())])

    server: Any = Server("bench", on_list_tools=on_list, on_call_tool=on_call)
    return server.streamable_http_app(json_response=True, stateless_http=True)


def fast(fetch: Fetch) -> Any:
    """FastMCP. The tool returns text, which spares it structured output."""
    from typing import Annotated

    from fastmcp import FastMCP
    from pydantic import Field

    server = FastMCP("bench")
    for name in TOOLS:

        @server.tool(name=name, description=ABOUT, output_schema=None)
        async def thing(id: Annotated[str, Field(min_length=1, max_length=40)], limit: Annotated[int, Field(ge=1, le=100)] = 10) -> str:
            return (await fetch(id, limit)).decode()

    return server.http_app(json_response=True, stateless_http=True)


def floor(_fetch: Fetch) -> Any:
    """No router at all: the same answer to whatever comes. What uvicorn costs by itself, below any Python server's cost."""
    body = f'{{"jsonrpc":"2.0","id":1,"result":{{"{TOOL}":"{MARK.decode()}","rest":"{"x" * 4000}"}}}}'.encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]

    async def asgi(_scope: Any, receive: Any, send: Any) -> None:
        if (await receive())["type"] == "http.request":
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": body})

    return asgi


def guarded(app: Any, key: str) -> Any:
    """The app behind a check of the header x-api-key."""
    known = hashlib.sha256(key.encode()).digest()

    async def asgi(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            sent = next((value for name, value in scope["headers"] if name == b"x-api-key"), b"")
            if not hmac.compare_digest(hashlib.sha256(sent).digest(), known):
                await send({"type": "http.response.start", "status": 401, "headers": [(b"content-length", b"0")]})
                await send({"type": "http.response.body", "body": b""})
                return
        await app(scope, receive, send)

    return asgi


if __name__ == "__main__":
    library, client, port, upstream, key = sys.argv[1:]
    app = {"mcp": lowlevel, "fastmcp": fast, "floor": floor}[library](fetcher(client, upstream))
    uvicorn.run(
        guarded(app, key),
        port=int(port),
        log_level="warning",
        access_log=False,
        server_header=False,
        lifespan=LIFESPAN[library],
        timeout_keep_alive=65,
    )
