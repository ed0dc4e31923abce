"""A chat with an AutoGen agent that works through the router: the same calls as the guide's program, in words of our own."""

import asyncio
import os

from autogen_agentchat.agents import AssistantAgent
from autogen_ext.models.openai import OpenAIChatCompletionClient
from autogen_ext.tools.mcp import McpWorkbench, StreamableHttpServerParams
from composio import Composio
from dotenv import load_dotenv

load_dotenv()


async def main():
    key = os.getenv("COMPOSIO_API_KEY")
    session = Composio(api_key=key).create(user_id=os.getenv("USER_ID"), toolkits=["clockify"])
    door = StreamableHttpServerParams(
        url=session.mcp.url,
        headers={"x-api-key": key},
        timeout=30.0,
        sse_read_timeout=300.0,
        terminate_on_close=True,
    )
    model = OpenAIChatCompletionClient(model="gpt-5", api_key=os.getenv("OPENAI_API_KEY"))
    async with McpWorkbench(door) as workbench:
        helper = AssistantAgent(
            name="timekeeper",
            description="Looks after the hours in Clockify.",
            model_client=model,
            workbench=workbench,
            model_client_stream=True,
            max_tool_iterations=10,
        )
        while (line := input("You: ").strip()) != "exit":  # noqa: ASYNC250
            if not line:
                continue
            last = ""
            async for event in helper.run_stream(task=line):
                last = getattr(event, "content", None) or last
            print(f"Agent: {last}\n")


asyncio.run(main())
