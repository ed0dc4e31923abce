"""A client of the sandbox that needs no socket: it calls the ASGI app and holds its clock."""

import asyncio
from collections.abc import MutableMapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec

from toolway.sandbox.app import make_app
from toolway.sandbox.mix import Mix

CLOCKIFY = "/clockify/api/v1"
REPORTS = "/clockify/reports/v1"
DESKTIME = "/desktime/api/v2/json"
KEY = {"X-Api-Key": "sandbox-clockify-key"}


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return msgspec.json.decode(self.raw) if self.raw else None


class Sandbox:
    """The app on a Wednesday afternoon, with the ways in that tests use."""

    def __init__(self, data: Path | None = None, mix: Mix | None = None) -> None:
        self.now = datetime(2026, 11, 18, 14, 0, tzinfo=UTC)
        self._app = make_app(data, lambda: self.now, mix)

    def later(self, **amount: float) -> None:
        self.now += timedelta(**amount)

    def send(self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None, **query: object) -> Answer:
        scope: dict[str, Any] = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": urlencode({name.replace("_", "-"): value for name, value in query.items()}, doseq=True).encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()],
        }
        sent: list[MutableMapping[str, Any]] = []

        async def receive() -> MutableMapping[str, Any]:
            return {"type": "http.request", "body": b"" if body is None else msgspec.json.encode(body)}

        async def take(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        asyncio.run(self._run(scope, receive, take))
        names = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return Answer(sent[0]["status"], names, b"".join(message["body"] for message in sent[1:]))

    async def _run(self, scope: Any, receive: Any, take: Any) -> None:
        await self._app(scope, receive, take)

    def clockify(self, method: str, path: str, body: object = None, **query: object) -> Answer:
        """A call with the key; a path without a slash before it stands under the first workspace."""
        base = CLOCKIFY if path.startswith("/") else f"{CLOCKIFY}/workspaces/{self.workspace}/"
        return self.send(method, base + path, body, KEY, **query)

    def report(self, kind: str, body: object) -> Answer:
        return self.send("POST", f"{REPORTS}/workspaces/{self.workspace}/reports/{kind}", body, KEY)

    def desktime(self, path: str, method: str = "GET", **query: object) -> Answer:
        return self.send(method, DESKTIME + path, None, None, **{"apiKey": "sandbox-desktime-key", **query})

    @property
    def workspace(self) -> str:
        return self.send("GET", CLOCKIFY + "/user", None, KEY).body["activeWorkspace"]

    @property
    def me(self) -> str:
        return self.send("GET", CLOCKIFY + "/user", None, KEY).body["id"]

    def id_of(self, path: str, name: str) -> str:
        """The id of the thing of that name in a list."""
        rows: list[dict[str, Any]] = self.clockify("GET", path, page_size=5000).body
        return next(row["id"] for row in rows if row["name"] == name)

    def person(self, name: str) -> str:
        rows: list[dict[str, Any]] = self.clockify("POST", "users/info", {"name": name}).body
        return rows[0]["id"]
