"""The MCP client of the 1.x line at an endpoint: list, search, execute, an unknown tool. Prints what it saw as JSON."""

import asyncio
import json
import os
import sys

from mcp import ClientSession, McpError
from mcp.client.streamable_http import streamablehttp_client


async def main():
    url, *calls = sys.argv[1:]
    door = streamablehttp_client(url, headers={"x-api-key": os.environ["COMPOSIO_API_KEY"]})
    async with door as (read, write, _), ClientSession(read, write) as session:
        opened = await session.initialize()
        tools = (await session.list_tools()).tools
        seen = {"version": opened.protocolVersion, "tools": [tool.name for tool in tools], "answers": []}
        for call in calls:
            name, arguments = json.loads(call)
            try:
                result = await session.call_tool(name, arguments)
            except McpError as error:
                seen["answers"].append({"error": error.error.code})
            else:
                seen["answers"].append({"failed": result.isError, "text": [block.text for block in result.content]})
    print(json.dumps(seen))


asyncio.run(main())
