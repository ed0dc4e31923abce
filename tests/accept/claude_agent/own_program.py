"""A chat with a Claude agent that works through the router: the same calls as the guide's program, in words of our own."""

import asyncio
import os

from claude_agent_sdk import ClaudeAgentOptions, ClaudeSDKClient
from composio import Composio
from dotenv import load_dotenv

load_dotenv()


async def main():
    key = os.getenv("COMPOSIO_API_KEY")
    session = Composio(api_key=key).create(user_id=os.getenv("USER_ID"), toolkits=["clockify"])
    door = {"type": "http", "url": session.mcp.url, "headers": {"x-api-key": key}}
    options = ClaudeAgentOptions(
        permission_mode="bypassPermissions",
        mcp_servers={"router": door},
        system_prompt="You look after the hours in Clockify.",
        max_turns=10,
    )
    async with ClaudeSDKClient(options=options) as claude:
        while (line := input("You: ").strip()) != "exit":  # noqa: ASYNC250
            if not line:
                continue
            await claude.query(line)
            async for message in claude.receive_response():
                for block in getattr(message, "content", []):
                    print(getattr(block, "text", ""), end="", flush=True)
            print()


asyncio.run(main())
