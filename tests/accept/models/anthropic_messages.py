"""Anthropic's messages, played on loopback as the Claude command line asks for them: `POST /v1/messages?beta=true`, streamed.

Tools of an MCP server come under a prefix that the mind is not shown. A tool whose loading is put off is not on offer.
"""

import json
import re
import secrets
from collections.abc import Iterator
from email.message import Message as Headers
from typing import ClassVar, cast

from .mind import Call, Json, Message, Move, Offer, Talk
from .offers import faults
from .provider import Provider, Refused, paired, pieces

KEY = "sk-ant-test"
PREFIX = re.compile(r"mcp__[a-z]+__")
REMINDER = "<system-reminder>"


class AnthropicMessages(Provider):
    """The server."""

    paths: ClassVar[tuple[str, ...]] = ("/v1/messages", "/v1/messages?beta=true")

    def knows(self, headers: Headers) -> bool:
        """Whether the key stands where it should."""
        return headers.get("x-api-key") == KEY

    def refusal(self, message: str) -> Json:
        """An error as Anthropic writes it."""
        return {"type": "error", "error": {"type": "invalid_request_error", "message": message}}

    def answer(self, body: Json) -> Iterator[bytes]:
        """The stream of the next move."""
        talk = understand(body)
        full = {PREFIX.sub("", tool["name"]): str(tool["name"]) for tool in cast(list[Json], body.get("tools") or [])}
        return _stream(str(body["model"]), self.play(talk, body), full)


def understand(body: Json) -> Talk:
    """The conversation and the offers in a request, or Refused."""
    if body.get("stream") is not True:
        raise Refused("only streams are played here")
    offers: list[Offer] = []
    for tool in cast(list[Json], body.get("tools") or []):
        name = str(tool.get("name"))
        if wrong := faults(name, tool.get("input_schema")):
            raise Refused("tools: " + "; ".join(wrong))
        if not tool.get("defer_loading"):
            offers.append(Offer(PREFIX.sub("", name), str(tool.get("description") or ""), cast(Json, tool["input_schema"])))
    messages = [Message("system", _text(body.get("system")))]
    for message in cast(list[Json], body["messages"]):
        messages += _messages(message)
    return paired(Talk(tuple(messages), tuple(offers)))


def _messages(message: Json) -> Iterator[Message]:
    """A message of this wire may be several: answers of tools come in the user's name, and so do reminders of the program."""
    content: object = message["content"]
    blocks: list[Json] = [{"type": "text", "text": content}] if isinstance(content, str) else cast(list[Json], content)
    texts = [str(block["text"]) for block in blocks if block["type"] == "text"]
    match message["role"]:
        case "assistant":
            calls = [Call(PREFIX.sub("", b["name"]), cast(Json, b["input"]), b["id"]) for b in blocks if b["type"] == "tool_use"]
            yield Message("assistant", "".join(texts), tuple(calls))
        case "user":
            for block in blocks:
                if block["type"] == "tool_result":
                    yield Message("tool", _text(block.get("content")), (), block["tool_use_id"])
            for text in texts:
                yield Message("system" if text.lstrip().startswith(REMINDER) else "user", text)
        case "system":
            yield Message("system", "".join(texts))
        case unknown:
            raise Refused(f"messages: unknown role {unknown!r}")


def _text(content: object) -> str:
    if isinstance(content, list):
        return "".join(str(block.get("text", "")) for block in cast(list[Json], content))
    return str(content or "")


def _stream(model: str, move: Move, full: dict[str, str]) -> Iterator[bytes]:
    def event(kind: str, **fields: object) -> bytes:
        return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()

    usage = {"input_tokens": 1, "output_tokens": 1, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}
    # The client takes messages of one id for parts of one message.
    message: Json = {"id": f"msg_{secrets.token_hex(12)}", "type": "message", "role": "assistant", "model": model, "content": []}
    yield event("message_start", message=message | {"stop_reason": None, "stop_sequence": None, "usage": usage})
    if isinstance(move, list):
        for index, call in enumerate(move):
            block: Json = {"type": "tool_use", "id": f"toolu_{call.id}", "name": full[call.name], "input": {}}
            yield event("content_block_start", index=index, content_block=block)
            for piece in pieces(json.dumps(call.arguments)):
                yield event("content_block_delta", index=index, delta={"type": "input_json_delta", "partial_json": piece})
            yield event("content_block_stop", index=index)
    else:
        yield event("content_block_start", index=0, content_block={"type": "text", "text": ""})
        for piece in pieces(move):
            yield event("content_block_delta", index=0, delta={"type": "text_delta", "text": piece})
        yield event("content_block_stop", index=0)
    reason = "tool_use" if isinstance(move, list) else "end_turn"
    yield event("message_delta", delta={"stop_reason": reason, "stop_sequence": None}, usage=usage)
    yield event("message_stop")
