"""The sandbox on a socket of its own, asked over HTTP by whichever of its accounts; its clock is still the test's."""

import http.client
import socket
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import Any
from urllib.parse import urlencode

import msgspec
import uvicorn

from toolway.sandbox.process import config

from .asking import Answer, Sandbox

REGIONAL = ("euc1/api", "euc1/report")


class Served(Sandbox):
    """A sandbox whose `send` goes over the wire."""

    def __enter__(self) -> "Served":
        listener = socket.create_server(("127.0.0.1", 0))
        self._address: tuple[str, int] = listener.getsockname()
        self._server = uvicorn.Server(config(self._app))
        self._thread = threading.Thread(target=self._server.run, args=([listener],))
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        assert not self._thread.is_alive()

    def send(self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None, **query: object) -> Answer:
        pairs = urlencode({name.replace("_", "-"): value for name, value in query.items()}, doseq=True)
        wire = http.client.HTTPConnection(*self._address, timeout=30)
        try:
            wire.request(method, f"{path}?{pairs}", None if body is None else msgspec.json.encode(body), headers or {})
            answer = wire.getresponse()
            return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        finally:
            wire.close()

    def account(self, key: str, api: str = "api", reports: str = "reports") -> "Account":
        return Account(self, {"X-Api-Key": key}, api, reports)


@dataclass(frozen=True)
class Account:
    """One of the sandbox's Clockify accounts; what has no slash before it stands under its first workspace."""

    served: Served
    headers: dict[str, str]
    api: str
    reports: str

    @property
    def me(self) -> dict[str, Any]:
        return self.served.send("GET", f"/clockify/{self.api}/v1/user", None, self.headers).body

    def _ask(self, host: str, method: str, path: str, body: object, query: dict[str, object]) -> Answer:
        whole = path if path.startswith("/") else f"/workspaces/{self.me['activeWorkspace']}/{path}"
        return self.served.send(method, f"/clockify/{host}/v1{whole}", body, self.headers, **query)

    def call(self, method: str, path: str, body: object = None, **query: object) -> Answer:
        return self._ask(self.api, method, path, body, query)

    def report(self, method: str, path: str, body: object = None, **query: object) -> Answer:
        return self._ask(self.reports, method, path, body, query)

    def mine(self) -> str:
        return f"user/{self.me['id']}/time-entries"

    def id_of(self, path: str, name: str) -> str:
        rows: list[dict[str, Any]] = self.call("GET", path, page_size=5000).body
        return next(row["id"] for row in rows if row["name"] == name)
