"""OpenAI's responses, played on loopback, with the hosted MCP tool that is part of them.

One request may hold many turns: here the service itself calls the tools, as OpenAI's cloud does, until there are words
to say. The list of the server's tools and every call come back as items; the program sends them again with its next
request, and as long as the list is among them the server is not asked for it anew.
"""

import json
import secrets
from typing import Any, ClassVar, cast

from .hosted_mcp import HostedMcp, Unreachable
from .mind import Call, Json, Message, Offer, Talk
from .offers import faults
from .openai_chat import ROLES, OpenAI
from .provider import Refused, paired

KNOWN = {"include", "input", "instructions", "model", "reasoning", "text", "tools", "stream", "store", "tool_choice", "parallel_tool_calls"}


class OpenAIResponses(OpenAI):
    """`POST /v1/responses`, not streamed; a single hosted MCP server."""

    paths: ClassVar[tuple[str, ...]] = ("/v1/responses",)

    def answer(self, body: Json) -> Json:
        """The output items: the list of tools if it was not known, calls with their outputs, the final words."""
        if unknown := set(body) - KNOWN:
            raise Refused(f"Unknown parameter: {sorted(unknown)}")
        if body.get("stream"):
            raise Refused("no streams are played here")
        tool = _hosted(body)
        given: object = body["input"]
        known: list[Json] = [{"role": "user", "content": given}] if isinstance(given, str) else cast(list[Json], given)
        made: list[Json] = []
        try:
            with HostedMcp(tool["server_url"], tool["headers"]) as server:
                if not any(item.get("type") == "mcp_list_tools" for item in known):
                    made.append(_listed(tool["server_label"], server.tools()))
                while not isinstance(move := self.play(understand(body, [*known, *made]), body), str):
                    made += [_called(server, tool["server_label"], call) for call in move]
        except Unreachable as error:
            raise Refused(f"Error retrieving tool list from MCP server: '{tool['server_label']}'. {error}", 424) from None
        words: Json = {"type": "output_text", "text": move, "annotations": [], "logprobs": []}
        made.append({"id": _id("msg"), "type": "message", "status": "completed", "role": "assistant", "content": [words]})
        return _response(body, made)


def understand(body: Json, items: list[Json]) -> Talk:
    """The conversation and the offers in the items, or Refused."""
    messages = [Message("system", str(body.get("instructions") or ""))]
    offers: list[Offer] = []
    for item in items:
        match item.get("type", "message"):
            case "mcp_list_tools":
                offers = _offers(item)
            case "mcp_call":
                arguments = cast(Json, json.loads(item["arguments"]))
                messages.append(Message("assistant", "", (Call(item["name"], arguments, item["id"]),)))
                messages.append(Message("tool", _told(item), (), item["id"]))
            case "message":
                messages.append(Message(ROLES[item["role"]], _text(item["content"])))
            case unknown:
                raise Refused(f"Invalid value: {unknown!r} in input")
    return paired(Talk(tuple(messages), tuple(offers)))


def _hosted(body: Json) -> Json:
    tools = cast(list[Json], body.get("tools") or [])
    if [tool.get("type") for tool in tools] != ["mcp"]:
        raise Refused(f"one hosted MCP tool is played here, not {tools}")
    if tools[0].get("require_approval") != "never":
        raise Refused("no approvals are played here")
    return {"headers": {}, **tools[0]}


def _offers(item: Json) -> list[Offer]:
    made: list[Offer] = []
    for tool in cast(list[Json], item["tools"]):
        if wrong := faults(str(tool.get("name")), tool.get("input_schema")):
            raise Refused("Invalid schema for function: " + "; ".join(wrong))
        made.append(Offer(tool["name"], str(tool.get("description") or ""), cast(Json, tool["input_schema"])))
    return made


def _listed(label: str, tools: list[Json]) -> Json:
    made = [
        {"name": t["name"], "description": t.get("description"), "input_schema": t["inputSchema"], "annotations": t.get("annotations")}
        for t in tools
    ]
    return {"id": _id("mcpl"), "type": "mcp_list_tools", "server_label": label, "tools": made, "error": None}


def _called(server: HostedMcp, label: str, call: Call) -> Json:
    result = server.call(call.name, call.arguments)
    content = cast(list[Json], result["content"])
    item: Json = {"id": _id("mcp"), "type": "mcp_call", "server_label": label, "name": call.name, "arguments": json.dumps(call.arguments)}
    if result.get("isError"):
        return item | {"status": "failed", "output": None, "error": {"type": "mcp_tool_execution_error", "content": content}}
    return item | {"status": "completed", "output": _text(content), "error": None}


def _told(call: Json) -> str:
    """What a call brought: its output, or the text of its error."""
    error: Any = call.get("error")
    return _text(cast(list[Json], error["content"])) if error else str(call["output"])


def _text(content: str | list[Json]) -> str:
    return content if isinstance(content, str) else "".join(str(part.get("text", "")) for part in content)


def _response(body: Json, output: list[Json]) -> Json:
    usage: Json = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
    usage |= {"input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
    return {
        "id": _id("resp"),
        "object": "response",
        "created_at": 0,
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "instructions": body.get("instructions"),
        "metadata": {},
        "model": body["model"],
        "output": output,
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": body["tools"],
        "top_p": 1.0,
        "usage": usage,
    }


def _id(kind: str) -> str:
    return f"{kind}_{secrets.token_hex(12)}"
