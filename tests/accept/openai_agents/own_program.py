"""A chat with an OpenAI agent that works through the router: the same calls as the guide's program, in words of our own."""

import asyncio
import os

from agents import Agent, HostedMCPTool, Runner, SQLiteSession
from composio import Composio
from composio_openai_agents import OpenAIAgentsProvider
from dotenv import load_dotenv

load_dotenv()

key = os.getenv("COMPOSIO_API_KEY")
router = Composio(api_key=key, provider=OpenAIAgentsProvider()).create(user_id=os.getenv("USER_ID"), toolkits=["desktime"])
door = {
    "type": "mcp",
    "server_label": "router",
    "server_url": router.mcp.url,
    "headers": {"x-api-key": key},
    "require_approval": "never",
}
helper = Agent(
    name="Timekeeper",
    model="gpt-5",
    instructions="You look after the hours in DeskTime.",
    tools=[HostedMCPTool(tool_config=door)],
)
memory = SQLiteSession("chat")


async def main():
    line = "What can you help me with?"
    while line != "exit":
        if line:
            print(f"Agent: {(await Runner.run(helper, line, session=memory)).final_output}\n")
        line = input("You: ").strip()  # noqa: ASYNC250


asyncio.run(main())
