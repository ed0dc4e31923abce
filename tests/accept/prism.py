"""Prism, a mock server that others make: it plays a vendor's OpenAPI document and checks every request by it."""

import json
from collections.abc import AsyncGenerator, Generator, Iterable
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple, cast

import aiohttp
from aiohttp import web
from yarl import URL

from .conftest import Node
from .server import free_port, until

CLI = "node_modules/@stoplight/prism-cli/dist/index.js"


class Heard(NamedTuple):
    """A request that Prism answered, the status, and what it has against the request: where (`body.name`), and a sentence."""

    method: str
    path: str
    status: int
    faults: tuple[tuple[str, str], ...]


@contextmanager
def prism(node: Node, document: Path, folder: Path) -> Generator[str]:
    """`prism mock` of a document, ready; gives its origin. It is ended in the end.

    Of the document it gets a copy in `folder`, where replies of any type are of JSON: Prism has nothing to say for `*/*` (406 or 500).
    """
    port, log, copy = free_port(), folder / "prism.log", folder / "document.json"
    copy.write_text(document.read_text("utf-8").replace('"*/*"', '"application/json"'), "utf-8")
    with node.running(CLI, "mock", "--host", "127.0.0.1", "--port", str(port), str(copy), log=log) as process:

        def ready() -> bool:
            said = log.read_text(errors="replace")
            assert process.poll() is None, f"prism left with {process.returncode}:\n{said[-4000:]}"
            return "Prism is listening" in said

        until("prism is ready", ready)
        yield f"http://127.0.0.1:{port}"


class Gate:
    """Stands before Prism and hears what it says. What comes to `/HOST/...` goes on as a request to that host: Prism, which has one
    address for all servers of a document, is told by `__server` which of them is meant, and knows which one an operation has.
    """

    def __init__(self, prism: str, hosts: dict[str, str]) -> None:
        self.heard: list[Heard] = []
        self.origin = ""
        self._prism, self._hosts = prism, hosts

    @asynccontextmanager
    async def open(self) -> AsyncGenerator["Gate"]:
        """The gate, listening."""
        app = web.Application(client_max_size=2**24)
        async with aiohttp.ClientSession(auto_decompress=False) as self._session:
            app.router.add_route("*", "/{host}/{rest:.*}", self._pass_on)
            runner = web.AppRunner(app, access_log=None)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            self.origin = f"http://127.0.0.1:{cast('Any', site)._server.sockets[0].getsockname()[1]}"
            try:
                yield self
            finally:
                await runner.cleanup()

    async def _pass_on(self, request: web.Request) -> web.Response:
        host, _, rest = request.raw_path.removeprefix("/").partition("/")
        url = f"{self._prism}/{rest}{'&' if '?' in rest else '?'}__server={self._hosts[host]}"
        headers = {name: request.headers[name] for name in ("Accept", "Content-Type", "X-Api-Key") if name in request.headers}
        sent = self._session.request(request.method, URL(url, encoded=True), headers=headers, data=await request.read())
        async with sent as answer:
            body = await answer.read()
            self.heard.append(Heard(request.method, f"/{rest.partition('?')[0]}", answer.status, tuple(_faults(answer, body))))
            content = answer.headers.get("Content-Type", "application/json")
            return web.Response(status=answer.status, body=body, headers={"Content-Type": content})


def _faults(answer: aiohttp.ClientResponse, body: bytes) -> Generator[tuple[str, str]]:
    """What Prism has against a request: in the header where it answered all the same, in the body where it did not."""
    said = json.loads(answer.headers.get("sl-violations", "[]"))
    for one in said:
        where, *place = one["location"]
        if where == "request":
            yield _place(place), one["message"]
    if answer.status >= 400:
        problem = json.loads(body)
        for one in problem.get("validation", ()):
            yield _place(one.get("location", ())), one["message"]
        if not problem.get("validation"):
            yield "", f"{answer.status}: {problem['title']}. {problem['detail']}"


def _place(location: Iterable[Any]) -> str:
    """As a slip of a check is named: without the number of an item."""
    return ".".join(str(step) for step in location if not str(step).isdecimal())
