"""OpenAI's chat completions, played on loopback.

Streams as the real one does (role, words or tool calls in pieces, reason, `[DONE]`) and refuses what the real one
refuses: a wrong key, a tool whose schema it could not take, a conversation in which a call was never answered.
"""

import json
from collections.abc import Iterator
from email.message import Message as Headers
from typing import Any, ClassVar, Literal, cast

from .mind import Call, Json, Message, Move, Offer, Talk
from .offers import faults
from .provider import Provider, Refused, paired, pieces

KEY = "sk-test"
ROLES: dict[str, Literal["system", "user", "assistant", "tool"]] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
}


class OpenAI(Provider):
    """What OpenAI's services have in common."""

    @property
    def base_url(self) -> str:
        """What OPENAI_BASE_URL is set to."""
        return f"{self.origin}/v1"

    def knows(self, headers: Headers) -> bool:
        """Whether the key stands where it should."""
        return headers.get("authorization") == f"Bearer {KEY}"

    def refusal(self, message: str) -> Json:
        """An error as OpenAI writes it."""
        return {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None}}


class OpenAIChat(OpenAI):
    """`POST /v1/chat/completions`, streamed."""

    paths: ClassVar[tuple[str, ...]] = ("/v1/chat/completions",)

    def answer(self, body: Json) -> Iterator[bytes]:
        """The stream of the next move."""
        return _stream(str(body["model"]), self.play(understand(body), body))


def understand(body: Json) -> Talk:
    """The conversation and the offers in a request, or Refused."""
    if body.get("stream") is not True:
        raise Refused("only streams are played here")
    offers: list[Offer] = []
    for tool in cast(list[Json], body.get("tools") or []):
        function = cast(Json, tool.get("function") or {})
        if wrong := faults(str(function.get("name")), function.get("parameters")):
            raise Refused("Invalid schema for function: " + "; ".join(wrong))
        offers.append(Offer(function["name"], str(function.get("description") or ""), cast(Json, function["parameters"])))
    messages = tuple(_message(m) for m in cast(list[Json], body["messages"]))
    return paired(Talk(messages, tuple(offers)))


def _message(message: Json) -> Message:
    content: object = message.get("content")
    if isinstance(content, list):
        content = "".join(str(part.get("text", "")) for part in cast(list[Json], content))
    calls = tuple(
        Call(c["function"]["name"], cast(Json, json.loads(c["function"]["arguments"])), c["id"])
        for c in cast(list[Json], message.get("tool_calls") or [])
    )
    return Message(ROLES[message["role"]], str(content or ""), calls, str(message.get("tool_call_id") or ""))


def _stream(model: str, move: Move) -> Iterator[bytes]:
    def chunk(delta: Json, reason: str | None = None) -> bytes:
        choice: Json = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        whole: Json = {"id": "chatcmpl-scripted", "object": "chat.completion.chunk", "created": 0, "model": model, "choices": [choice]}
        return b"data: " + json.dumps(whole).encode() + b"\n\n"

    yield chunk({"role": "assistant", "content": None if isinstance(move, list) else ""})
    if isinstance(move, list):
        for index, call in enumerate(move):
            function: dict[str, Any] = {"name": call.name, "arguments": ""}
            yield chunk({"tool_calls": [{"index": index, "id": call.id, "type": "function", "function": function}]})
            for piece in pieces(json.dumps(call.arguments)):
                yield chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
        yield chunk({}, "tool_calls")
    else:
        for piece in pieces(move):
            yield chunk({"content": piece})
        yield chunk({}, "stop")
    yield b"data: [DONE]\n\n"
