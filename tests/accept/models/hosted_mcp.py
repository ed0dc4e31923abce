"""The MCP client that OpenAI's cloud is: it opens the URL that the program names, with the headers that it gives.

By handshake (2025-06-18), over plain HTTP; an answer may come as JSON or as a stream. Nothing of an MCP library is in
it, so that it is a reading of the protocol of its own.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from types import TracebackType
from typing import Self, cast

from .mind import Json

VERSION = "2025-06-18"
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Unreachable(Exception):
    """The server could not be talked to."""


class HostedMcp:
    """A connection to an MCP server; a context manager."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self._url = url
        self._headers = {"content-type": "application/json", "accept": "application/json, text/event-stream", **headers}
        self._count = 0

    def __enter__(self) -> Self:
        about: Json = {"protocolVersion": VERSION, "capabilities": {}, "clientInfo": {"name": "openai-mcp", "version": "1.0.0"}}
        self._headers["mcp-protocol-version"] = self._ask("initialize", about)["protocolVersion"]
        self._send("POST", {"jsonrpc": "2.0", "method": "notifications/initialized"})
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if "mcp-session-id" in self._headers:
            self._send("DELETE", None)

    def tools(self) -> list[Json]:
        """All tools, every page of them."""
        page = self._ask("tools/list", {})
        found = cast(list[Json], page["tools"])
        while "nextCursor" in page:
            page = self._ask("tools/list", {"cursor": page["nextCursor"]})
            found += cast(list[Json], page["tools"])
        return found

    def call(self, name: str, arguments: Json) -> Json:
        """The result of a tool."""
        return self._ask("tools/call", {"name": name, "arguments": arguments})

    def _ask(self, method: str, params: Json) -> Json:
        self._count += 1
        answer = self._send("POST", {"jsonrpc": "2.0", "id": self._count, "method": method, "params": params})
        if answer.get("id") != self._count or "result" not in answer:
            raise Unreachable(f"{method}: {answer.get('error') or answer}")
        return cast(Json, answer["result"])

    def _send(self, verb: str, message: Json | None) -> Json:
        data = None if message is None else json.dumps(message).encode()
        try:
            with _direct.open(urllib.request.Request(self._url, data, self._headers, method=verb), timeout=60) as answer:
                text = answer.read().decode()
                streamed = answer.headers.get("content-type", "").startswith("text/event-stream")
                if session := answer.headers.get("mcp-session-id"):
                    self._headers["mcp-session-id"] = session
        except urllib.error.HTTPError as error:
            with error:
                raise Unreachable(f"Http status code: {error.code} ({error.read(500).decode(errors='replace')})") from None
        except OSError as error:
            raise Unreachable(f"no connection: {error}") from None
        if streamed:
            events: list[Json] = [json.loads(line[5:]) for line in text.splitlines() if line.startswith("data:")]
            return next((event for event in events if "id" in event), Json())
        return cast(Json, json.loads(text)) if text else Json()
