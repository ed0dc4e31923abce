"""OpenAI's chat completions, played on loopback: the wire between a client and a scripted mind.

Streams as the real one does (role, words or tool calls in pieces, reason, `[DONE]`) and refuses what the real one
refuses: a wrong key, a tool whose schema it could not take, a conversation in which a call was never answered.
"""

import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Literal, Self, cast

from .mind import Call, Json, Message, Mind, Move, Offer, Talk
from .offers import faults

KEY = "sk-test"
ROLES: dict[str, Literal["system", "user", "assistant", "tool"]] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
}


@dataclass(frozen=True)
class Exchange:
    """One request that came, and the move that answered it."""

    talk: Talk
    move: Move
    body: Json
    at: float = field(default_factory=time.monotonic)


class Refused(Exception):
    """A request that the real service would answer with 400."""


class OpenAIChat:
    """The server; a context manager. `exchanges` is what was asked and answered, `troubles` what went wrong."""

    def __init__(self, mind: Mind) -> None:
        self.mind = mind
        self.exchanges: list[Exchange] = []
        self.troubles: list[str] = []
        self._turn = threading.Lock()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                owner.serve(self)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def base_url(self) -> str:
        """What OPENAI_BASE_URL is set to."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def turns(self, request: str) -> list[Exchange]:
        """The exchanges that served one request of the user."""
        return [e for e in self.exchanges if e.talk.request == request]

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one POST."""
        try:
            body = cast(Json, json.loads(handler.rfile.read(int(handler.headers.get("content-length") or 0))))
            if handler.path != "/v1/chat/completions":
                return _plain(handler, 404, f"Invalid URL (POST {handler.path})")
            if handler.headers.get("authorization") != f"Bearer {KEY}":
                return _plain(handler, 401, "Incorrect API key provided")
            talk = understand(body)
            with self._turn:
                move = self.mind.play(talk)
                self.exchanges.append(Exchange(talk, move, body))
            _stream(handler, str(body["model"]), move)
        except ConnectionError as error:
            self.troubles.append(f"the client went away: {error!r}")
        except Refused as error:
            self.troubles.append(str(error))
            _plain(handler, 400, str(error))
        except Exception as error:
            self.troubles.append(f"{type(error).__name__}: {error}")
            _plain(handler, 400, f"the scripted model is lost: {error}")
        return None


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
    waiting: set[str] = set()
    for message in messages:
        if message.role == "tool":
            if message.answers not in waiting:
                raise Refused(f"a tool message answers {message.answers!r}, which nobody called")
            waiting.remove(message.answers)
        elif waiting:
            raise Refused(f"An assistant message with 'tool_calls' must be followed by tool messages; unanswered: {sorted(waiting)}")
        waiting |= {call.id for call in message.calls}
    if waiting:
        raise Refused(f"unanswered calls: {sorted(waiting)}")
    return Talk(messages, tuple(offers))


def _message(message: Json) -> Message:
    content: object = message.get("content")
    if isinstance(content, list):
        content = "".join(str(part.get("text", "")) for part in cast(list[Json], content))
    calls = tuple(
        Call(c["function"]["name"], cast(Json, json.loads(c["function"]["arguments"])), c["id"])
        for c in cast(list[Json], message.get("tool_calls") or [])
    )
    return Message(ROLES[message["role"]], str(content or ""), calls, str(message.get("tool_call_id") or ""))


def _plain(handler: BaseHTTPRequestHandler, status: int, message: str) -> None:
    data = json.dumps({"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None}}).encode()
    handler.send_response(status)
    handler.send_header("content-type", "application/json")
    handler.send_header("content-length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data)


def _stream(handler: BaseHTTPRequestHandler, model: str, move: Move) -> None:
    handler.send_response(200)
    handler.send_header("content-type", "text/event-stream; charset=utf-8")
    handler.send_header("connection", "close")
    handler.end_headers()

    def send(delta: Json, reason: str | None = None) -> None:
        choice: Json = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        chunk: Json = {"id": "chatcmpl-scripted", "object": "chat.completion.chunk", "created": 0, "model": model, "choices": [choice]}
        handler.wfile.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")
        handler.wfile.flush()

    send({"role": "assistant", "content": None if isinstance(move, list) else ""})
    if isinstance(move, list):
        for index, call in enumerate(move):
            function: dict[str, Any] = {"name": call.name, "arguments": ""}
            send({"tool_calls": [{"index": index, "id": call.id, "type": "function", "function": function}]})
            for piece in _pieces(json.dumps(call.arguments)):
                send({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
        send({}, "tool_calls")
    else:
        for piece in _pieces(move):
            send({"content": piece})
        send({}, "stop")
    handler.wfile.write(b"data: [DONE]\n\n")


def _pieces(text: str, size: int = 24) -> list[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]
