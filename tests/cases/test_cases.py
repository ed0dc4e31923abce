"""Every case through the real pipeline, from arguments to reply. A service on loopback plays what the case says."""

import json
from collections.abc import AsyncGenerator
from typing import Any, NamedTuple, cast
from urllib.parse import parse_qsl, urlsplit

import pytest
from aiohttp import web

from tests.cases.load import LIST, Case, Read, Reply, cases
from toolway.accounts.keeper import Credential
from toolway.accounts.schemes import key_auth, secret_field
from toolway.accounts.vault import Secret
from toolway.calls.run import Runner
from toolway.catalog.index import BUILTIN, Catalogue
from toolway.catalog.model import Json, Tool
from toolway.errors import ToolwayError
from toolway.net import Net, address_of

CASES = dict(cases())
KEY = "case-key-0123456789"


class Seen(NamedTuple):
    """A request as the service saw it."""

    method: str
    url: str
    query: dict[str, list[str]]
    body: Any


class Service:
    """Plays the services of a case, and keeps what was asked."""

    def __init__(self) -> None:
        self.case: Case | None = None
        self.seen: list[Seen] = []
        self.origin = ""

    async def answer(self, request: web.Request) -> web.Response:
        parts = urlsplit(request.raw_path)
        scheme, _, rest = parts.path.lstrip("/").partition("/")
        query: dict[str, list[str]] = {}
        for key, value in parse_qsl(parts.query, keep_blank_values=True):
            query.setdefault(key, []).append(value)
        query.pop("apiKey", None)
        text = await request.text()
        seen = Seen(request.method, f"{scheme}://{rest}", query, json.loads(text) if text else None)
        self.seen.append(seen)
        assert self.case is not None
        reply = next((read.reply for read in self.case.before if _is(read, seen, self.case)), self.case.reply)
        return _response(reply)


def _is(read: Read, seen: Seen, case: Case) -> bool:
    wanted = read.request
    return (wanted.method, wanted.url(case.toolkit)) == (seen.method, seen.url) and wanted.query.items() <= seen.query.items()


def _response(reply: Reply) -> web.Response:
    body = reply.body or ""
    return web.Response(status=reply.status, text=body, content_type="application/json", headers=reply.headers)


@pytest.fixture
async def service() -> AsyncGenerator[Service]:
    played = Service()
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", played.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    address = cast("Any", site)._server.sockets[0].getsockname()
    played.origin = f"http://127.0.0.1:{address[1]}"
    yield played
    await runner.cleanup()


class Told(NamedTuple):
    """What the agent was told: the result's data, or the error's sentence."""

    data: Json | None
    error: str


async def call(service: Service, case: Case) -> tuple[Tool, Told]:
    catalogue = Catalogue([BUILTIN])
    card = catalogue.card(case.tool)
    kit = catalogue.toolkit(card.toolkit)
    tool = kit.tools[card.name]
    given = case.arguments
    if LIST in given:
        whole = next(p.given for p in tool.params if p.place == "whole")
        given[whole] = given.pop(LIST)
    overrides = {f"{kit.slug}.{name}": f"{service.origin}/{url.replace('://', '/')}" for name, url in kit.hosts.items()}
    auth = key_auth(kit)
    assert auth is not None
    credential = Credential("ca_case", "case", auth.mode, {secret_field(auth.mode): Secret(KEY)}, {})
    net = Net({address_of(service.origin)})
    service.case = case
    try:
        result = await Runner(net, overrides).run(kit, tool, given, credential, full=True)
        return tool, Told(result.reply.data, "")
    except ToolwayError as error:
        return tool, Told(None, error.sentence)
    finally:
        await net.close()


def holds(data: Any, fact: Json) -> bool:
    """Whether a fact is part of some object of the data, at any depth."""
    if isinstance(data, list):
        return any(holds(one, fact) for one in cast("list[Any]", data))
    if not isinstance(data, dict):
        return False
    content = cast("Json", data)
    return _within(content, fact) or any(holds(one, fact) for one in content.values())


def _within(content: Any, fact: Any) -> bool:
    if isinstance(fact, dict):
        return isinstance(content, dict) and all(_within(cast("Json", content).get(k), v) for k, v in cast("Json", fact).items())
    return content == fact


@pytest.mark.parametrize("name", CASES)
async def test_case(service: Service, name: str) -> None:
    case = CASES[name]
    tool, told = await call(service, case)
    if case.request is None:
        check_failure(case, told)
    else:
        check_request(case, tool, service.seen, told)


def check_request(case: Case, tool: Tool, seen: list[Seen], told: Told) -> None:
    assert case.request is not None
    assert told.data is not None, told.error
    *before, last = seen
    for read in case.before:
        assert any(_is(read, one, case) for one in before), f"{read.request.call} was not read; {before}"
    wanted = case.request
    assert (last.method, last.url) == (wanted.method, wanted.url(case.toolkit))
    pages = {p.removeprefix("query.") for p in (tool.pages.page, tool.pages.size)} if tool.pages else set[str]()
    query = {key: values for key, values in last.query.items() if key in wanted.query or key not in pages}
    assert {k: [_moment(v) for v in vs] for k, vs in query.items()} == {k: [_moment(v) for v in vs] for k, vs in wanted.query.items()}
    check_body(case, tool, last.body, wanted.content, wanted.allowed)
    for fact in case.result or []:
        assert holds(told.data, fact), f"{fact} is not in {told.data}"
    if tool.effect != "read":
        assert [one.method for one in seen].count(last.method) == 1 or last.method == "GET"


def check_body(case: Case, tool: Tool, body: Any, wanted: Any, allowed: Json) -> None:
    found, expected = _plain(body), _plain(wanted)
    if isinstance(found, dict) and isinstance(expected, dict):
        content, sent = cast("Json", expected), cast("Json", found)
        for key, value in allowed.items():
            if key in sent and key not in content:
                assert sent.pop(key) == _plain(value)
        for place in (tool.pages.page, tool.pages.size) if tool.pages else ():
            _drop(sent, content, place.removeprefix("body.").split("."))
    assert (found or None) == (expected or None)


def _drop(sent: Json, wanted: Json, way: list[str]) -> None:
    """Leave out the page where the case says nothing of it."""
    first, *rest = way
    if rest and isinstance(sent.get(first), dict):
        _drop(sent[first], wanted.get(first, {}), rest)
        if not sent[first] and first not in wanted:
            del sent[first]
    elif first not in wanted:
        sent.pop(first, None)


def _plain(value: Any) -> Any:
    """A value without the members that are null, its moments in one way to write them."""
    match value:
        case dict():
            return {k: _plain(v) for k, v in cast("Json", value).items() if v is not None}
        case list():
            return [_plain(v) for v in cast("list[Any]", value)]
        case str():
            return _moment(value)
        case _:
            return value


def _moment(text: str) -> str:
    return text.replace("+00:00", "Z").replace(".000Z", "Z")


def check_failure(case: Case, told: Told) -> None:
    assert case.error is not None
    assert told.data is None, f"it should have failed, but gave {told.data}"
    said = told.error.lower()
    for words in case.error.words:
        assert any(word.strip() in said for word in words.split(" | ")), f"{words!r} is not said: {told.error}"
    for word in case.error.never:
        assert word not in said, told.error
