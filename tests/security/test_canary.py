"""Secrets that would be noticed anywhere: they go through every flow, and then every place that keeps or shows anything is searched."""

import asyncio
import base64
import json
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator, Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, quote_plus

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.net.wire import Say, plain, served
from tests.serve.conftest import Router, running, serving
from tests.serve.test_link import Browser
from toolway.errors import ToolwayError
from toolway.net import Answer, Net, Request
from toolway.router.execute import Executor
from toolway.router.sessions import Sessions
from toolway.serve.local import Local
from toolway.serve.running import leave_word
from toolway.watch import Spans, Watch

PAGE_KEY = "canary-page/key+4f1c=9d"
HEADLESS_KEY = "canary-headless/key+77aa=0c"
DESKTIME_KEY = "canary/desktime+key=51e2-b0"
WRONG_KEY = "canary-wrong/key+0b0b=11"
BAD_API_KEY = "ak_canary0bad0api0key0123456789"
QUERY_KEY = "canary-query-key-8812"
REST_KEY = "canary-rest/key+1d2e=f0"
STRAY_KEY = "canary-stray/key+9a9a=31"
CLIENT_SECRET = "canary-client/secret+55e1=02"
ARGUMENT = "canary/argument+c0ffee=42"
BAD_JSON = "canary-bad-json-93d1"
WORKSPACE = "64a687e29ae1f428e7ebe303"


class Vendor:
    """Plays both services and quotes what it was sent, secrets and all, whenever it is asked to fail."""

    def __init__(self) -> None:
        self.mood = "well"
        self.heard: list[bytes] = []

    async def say(self, _number: int, writer: asyncio.StreamWriter) -> None:
        heard = self.heard[-1]
        line, _, rest = heard.decode("latin-1").partition("\r\n")
        quoted = json.dumps({"message": f"You sent {line} {rest}", "error": f"You sent {line} {rest}"}).encode()
        head = f"X-Echo: {line}", f"Retry-After: 0\r\nSet-Cookie: was={quote(line)}"
        if self.mood == "well" and WRONG_KEY not in heard.decode("latin-1"):
            person = {"id": WORKSPACE, "email": "a@example.com", "name": "Acme", "activeWorkspace": WORKSPACE}
            writer.write(plain(json.dumps(person).encode()))
        elif self.mood == "silent":
            await asyncio.sleep(60)
        elif self.mood == "gone":
            writer.close()
        elif self.mood == "garbage":
            writer.write(plain(b"<html>" + heard, "200 OK", *head))
        else:
            writer.write(plain(quoted, f"{self.mood if self.mood.isdecimal() else 401} Said", *head))


class Broken(Net):
    """A way out with a fault of its own, whose message holds all that it was given."""

    async def send(self, request: Request, left: float = 0) -> Answer:
        raise RuntimeError(f"{request.url} {request.headers} {request.body!r}")


class Sink(NamedTuple):
    """A place that keeps or shows something."""

    name: str
    content: bytes


class House(NamedTuple):
    """A router with all that watches it, and the vendor."""

    router: Router
    vendor: Vendor
    spans: InMemorySpanExporter
    shown: dict[str, list[bytes]]

    async def ask(self, who: str, method: str, path: str, body: bytes | None = None, *headers: tuple[str, str]) -> bytes:
        """A request of a principal; the answer is kept as shown to them."""
        reply = await self.router.ask(method, path, body, headers)
        whole = repr((reply.status, list(reply.headers.items()))).encode() + reply.body
        self.shown.setdefault(who, []).append(whole)
        return reply.body

    async def rpc(self, who: str, path: str, name: str, key: str, **arguments: Any) -> Any:
        """A tool call of a principal; gives the decoded text block."""
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name, "arguments": arguments}}
        given = ("x-api-key", key), ("content-type", "application/json")
        answer = json.loads(await self.ask(who, "POST", path, json.dumps(message).encode(), *given))
        return json.loads(answer["result"]["content"][0]["text"]) if "result" in answer else answer

    async def sinks(self, printed: str) -> list[Sink]:
        """Everything that is kept or shown, save answers."""
        local = self.router.local
        status, metrics = await self.router.send("GET", "/metrics")
        assert status == 200
        traces = "".join(span.to_json() + repr(span.events) + repr(span.context) for span in self.spans.get_finished_spans())
        files = [file for file in sorted(local.settings.data.rglob("*")) if file.is_file() and file.name != "vault.key"]
        assert {"toolway.db", "toolway.db-wal", "toolway.db-shm", "running.json"} <= {file.name for file in files}
        return [
            Sink("log", printed.encode()),
            Sink("metrics", metrics.encode()),
            Sink("traces", traces.encode()),
            *(Sink(file.name, file.read_bytes()) for file in files),
        ]


def shapes(secret: str) -> set[bytes]:
    """A secret as it is, as JSON, URLs and hex show it, and the letters of it that base64 shows wherever it begins."""
    raw = secret.encode()
    found = {raw, quote(secret, safe="").encode(), quote(secret).encode(), quote_plus(secret).encode(), json.dumps(secret)[1:-1].encode()}
    found |= {quote(quote(secret, safe=""), safe="").encode(), raw.hex().encode(), secret.replace("/", "\\/").encode()}
    for before in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            text = encode(b"\0" * before + raw)
            found.add(text[-(-8 * before // 6) : 8 * (before + len(raw)) // 6])
    return found


def leaks(sinks: Iterable[Sink], secrets: dict[str, str]) -> list[str]:
    return [
        f"{name} as {shape!r} in {sink.name}"
        for sink in sinks
        for name, secret in secrets.items()
        for shape in shapes(secret)
        if shape in sink.content
    ]


@pytest.fixture
async def house(tmp_path: Path, told: None) -> AsyncGenerator[House]:
    vendor, spans = Vendor(), InMemorySpanExporter()
    say: Say = vendor.say
    async with served(say) as server:
        vendor.heard = server.heard
        hosts = ",".join(f"{name}={server.url}/{name}" for name in ("clockify.api", "clockify.reports", "desktime.api"))
        watch = Watch(spans=Spans(spans, at_once=True))
        async with running(tmp_path / "data", watch, hosts=hosts) as router:
            with leave_word(router.local.settings, router.origin):
                yield House(router, vendor, spans, {})


async def connected(house: House, path: str) -> tuple[str, str]:
    """Alice connects with a page, after a wrong key; Bob and Alice's other account without one. Gives the link's token and cookie."""
    router = house.router
    made = (await house.rpc("alice", path, "COMPOSIO_MANAGE_CONNECTIONS", router.key, toolkits=["clockify"]))["data"]["results"]["clockify"]
    link = str(made["redirect_url"]).removeprefix(router.origin)
    browser = Browser(router)
    await browser.open(link)
    for key in (WRONG_KEY, PAGE_KEY):
        house.shown.setdefault("page", []).append((await browser.send(link, key=key)).body)
    project = await router.local.project()
    await router.local.connector.direct(project.id, "bob", "clockify", {"api_key": HEADLESS_KEY}, {})
    await router.local.connector.direct(project.id, "alice", "desktime", {"api_key": DESKTIME_KEY}, {})
    with pytest.raises(ToolwayError):
        await router.local.connector.direct(project.id, "carol", "clockify", {"api_key": WRONG_KEY}, {})
    return link.rpartition("/")[2], browser.cookie.partition("=")[2]


MOODS = ("well", "400", "401", "429", "500", "garbage", "gone", "302")
CALLS: list[tuple[str, dict[str, Any]]] = [
    ("CLOCKIFY_CREATE_CLIENT", {"workspaceId": WORKSPACE, "name": ARGUMENT}),
    ("CLOCKIFY_CREATE_CLIENT", {"workspaceId": ARGUMENT, "name": ARGUMENT}),
    ("CLOCKIFY_GET_TAGS", {"workspaceId": WORKSPACE, "name": ARGUMENT, ARGUMENT: ARGUMENT}),
    ("DESKTIME_PING_REQUEST", {}),
    (ARGUMENT, {"x": ARGUMENT}),
]


async def executed(house: House, path: str, moods: Iterable[str] = MOODS) -> None:
    for mood in moods:
        house.vendor.mood = mood
        for user, session in (("alice", path), ("bob", await house.router.session("bob"))):
            asked = [(slug, arguments) for slug, arguments in CALLS if user == "alice" or "CLIENT" in slug]
            # One call a second goes to DeskTime.
            asked = [(slug, arguments) for slug, arguments in asked if "DESKTIME" not in slug or mood in ("401", "500", "garbage")]
            items = [{"tool_slug": slug, "arguments": arguments} for slug, arguments in asked]
            await house.rpc(user, session, "COMPOSIO_MULTI_EXECUTE_TOOL", house.router.key, tools=items)
    house.vendor.mood = "well"


async def misdirected(house: House, path: str) -> None:
    """Keys where none belong, bodies that are none, names that there are not."""
    key = ("x-api-key", house.router.key)
    await house.ask("nobody", "POST", path, b"{}", ("x-api-key", BAD_API_KEY))
    await house.ask("nobody", "POST", f"{path}?api_key={QUERY_KEY}", b"{}", key)
    await house.ask("nobody", "GET", f"/metrics?key={QUERY_KEY}", None, key)
    await house.ask("nobody", "GET", "/metrics", None, ("authorization", f"Bearer {BAD_API_KEY}"))
    await house.ask("nobody", "GET", f"/{QUERY_KEY}/x", None)
    await house.ask("nobody", "GET", f"/link/{QUERY_KEY}", None)
    for body in (f'{{"{BAD_JSON}', f'["{BAD_JSON}"]', f'{{"jsonrpc": "2.0", "id": 1, "method": "{BAD_JSON}"}}'):
        await house.ask("alice", "POST", path, body.encode(), key, ("content-type", "application/json"))
        await house.ask("alice", "POST", "/api/v3.1/tool_router/session", body.encode(), key)
    meta = {"traceparent": BAD_JSON, "tracestate": f"a={BAD_JSON}", "baggage": BAD_JSON}
    params = {"name": f"NO_{BAD_JSON}", "arguments": {BAD_JSON: BAD_JSON}, "_meta": meta}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    await house.ask("alice", "POST", path, json.dumps(message).encode(), key)


async def over_rest(house: House) -> None:
    """Keys and a client's secret that come over REST: in the right places, in the wrong ones, and looked at again."""
    key = ("x-api-key", house.router.key), ("content-type", "application/json")

    async def ask(method: str, place: str, content: Any = None) -> Any:
        body = None if content is None else json.dumps(content).encode()
        return json.loads(await house.ask("alice", method, f"/api/v3/{place}", body, *key))

    made = await ask("POST", "auth_configs", {"toolkit": {"slug": "clockify"}})
    config = {"id": made["auth_config"]["id"]}
    client = {
        "client_id": "c",
        "client_secret": CLIENT_SECRET,
        "authorize_url": "https://id.example/a",
        "token_url": "https://id.example/t",
    }
    for scheme, credentials in (("OAUTH2", client), ("OAUTH2", {CLIENT_SECRET: CLIENT_SECRET}), (CLIENT_SECRET, client)):
        own = {"type": "use_custom_auth", "authScheme": scheme, "credentials": credentials}
        await ask("POST", "auth_configs", {"toolkit": {"slug": "clockify"}, "auth_config": own})
    for val in (
        {"generic_api_key": REST_KEY},
        {"api_key": WRONG_KEY},
        {"api_key": [STRAY_KEY]},
        {"password": STRAY_KEY},
        {"plan": STRAY_KEY},
    ):
        state = {"authScheme": "API_KEY", "val": val}
        made = await ask("POST", "connected_accounts", {"auth_config": config, "connection": {"user_id": "dora", "state": state}})
        await ask("POST", "connected_accounts", {"auth_config": config, "connection": STRAY_KEY})
    for place in ("auth_configs?show_disabled=true", "connected_accounts?user_ids=dora", f"auth_configs/{config['id']}"):
        await ask("GET", place)
    [account] = (await ask("GET", "connected_accounts?user_ids=dora&statuses=ACTIVE"))["items"]
    for mood in ("well", "401", "garbage"):
        house.vendor.mood = mood
        await ask("POST", "tools/execute/CLOCKIFY_GET_TAGS", {"user_id": "dora", "arguments": {"workspaceId": WORKSPACE}})
    house.vendor.mood = "well"
    for method, rest in (("GET", ""), ("POST", "/refresh"), ("POST", "/revoke"), ("GET", ""), ("DELETE", "")):
        await ask(method, f"connected_accounts/{account['id']}{rest}")


async def stranger(house: House, path: str) -> None:
    """Another project with a key of its own looks at what it can reach, and at what it cannot."""
    local = house.router.local
    other = await local.project("other")
    key = (await local.keys.create(other.id))[1].open()
    await house.rpc("stranger", path, "COMPOSIO_MULTI_EXECUTE_TOOL", key, tools=[{"tool_slug": CALLS[0][0], "arguments": {}}])
    made = json.loads(await house.ask("stranger", "POST", "/api/v3.1/tool_router/session", b'{"user_id": "alice"}', ("x-api-key", key)))
    mine = str(made["mcp"]["url"]).removeprefix(house.router.origin)
    asked: list[tuple[str, dict[str, Any]]] = [
        ("COMPOSIO_SEARCH_TOOLS", {"queries": ["create client", "ping desktime"]}),
        ("COMPOSIO_MULTI_EXECUTE_TOOL", {"tools": [{"tool_slug": slug, "arguments": {}} for slug, _ in CALLS[:4]]}),
    ]
    for name, arguments in asked:
        await house.rpc("stranger", mine, name, key, **arguments)
    await house.ask("stranger", "GET", "/metrics", None, ("x-api-key", key))


async def tended(house: House) -> dict[str, str]:
    """The operator looks after it, beside the server: what every command says is shown to them. Gives the vault's keys, old and new."""
    settings, file = house.router.local.settings, house.router.local.settings.data / "vault.key"
    own = {name: value for name, value in os.environ.items() if not name.startswith("TOOLWAY_")}
    own |= {"TOOLWAY_DATA": str(settings.data), "TOOLWAY_HOSTS": settings.text("hosts"), "TOOLWAY_API_KEY": house.router.key}
    keys: dict[str, str] = json.loads(file.read_text("utf-8"))["keys"]
    for mood, words in (
        ("well", "doctor"),
        ("401", "doctor --json"),
        ("well", "vault rotate --join"),
        ("well", "vault rotate"),
        ("well", "vault status"),
    ):
        house.vendor.mood = mood
        command = [sys.executable, "-m", "toolway", *words.split()]
        said = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE, env=own)
        out, err = await said.communicate()
        assert said.returncode == (1 if mood != "well" else 0), err.decode()
        house.shown.setdefault("operator", []).append(out + err)
        keys |= json.loads(file.read_text("utf-8"))["keys"]
    house.vendor.mood = "well"
    assert len(keys) == 2
    return {f"vault key {id}": key for id, key in keys.items()}


async def test_42_no_secret_in_any_sink(house: House, capfd: pytest.CaptureFixture[str]) -> None:
    router = house.router
    path = await router.session("alice")
    token, cookie = await connected(house, path)
    await executed(house, path)
    await misdirected(house, path)
    await over_rest(house)
    await stranger(house, path)
    await router.entries(len(MOODS) * 3)
    vault = await tended(house)
    again: Any = [{"tool_slug": CALLS[0][0], "arguments": CALLS[0][1]}]
    assert (await house.rpc("alice", path, "COMPOSIO_MULTI_EXECUTE_TOOL", router.key, tools=again))["successful"]
    asked = [{"name": "clockify", "action": "list"}]
    assert "health" in str(await house.rpc("alice", path, "COMPOSIO_MANAGE_CONNECTIONS", router.key, toolkits=asked))
    everywhere = vault | {
        "API key": router.key,
        "page key": PAGE_KEY,
        "headless key": HEADLESS_KEY,
        "DeskTime key": DESKTIME_KEY,
        "wrong service key": WRONG_KEY,
        "key over REST": REST_KEY,
        "key in a wrong place": STRAY_KEY,
        "client's secret": CLIENT_SECRET,
        "wrong API key": BAD_API_KEY,
        "key in the query": QUERY_KEY,
        "link token": token,
        "cookie": cookie,
        "argument": ARGUMENT,
        "bad JSON": BAD_JSON,
    }
    assert any(quote(DESKTIME_KEY, safe="").encode() in heard for heard in house.vendor.heard)  # they did go where they belong
    assert all(any(key.encode() in heard for heard in house.vendor.heard) for key in (PAGE_KEY, REST_KEY))
    assert any(ARGUMENT in shown.decode() for shown in house.shown["alice"])
    assert len(house.spans.get_finished_spans()) > len(MOODS) * 3
    printed = "".join(capfd.readouterr())
    assert printed.count('"event":"call"') >= len(MOODS) * 3
    assert leaks(await house.sinks(printed), everywhere) == []

    services = "API key", "page key", "headless key", "DeskTime key", "wrong service key", "key over REST", *vault
    service = {name: everywhere[name] for name in services}
    answers = [Sink(f"an answer to {who}", shown) for who, all_shown in house.shown.items() for shown in all_shown]
    assert leaks(answers, service) == []
    hers = {name: everywhere[name] for name in ("link token", "cookie", "argument", "bad JSON")}
    assert leaks([sink for sink in answers if sink.name.endswith("stranger")], hers) == []
    assert leaks([sink for sink in answers if sink.name.endswith("nobody")], hers | {"bad": BAD_API_KEY}) == []


async def test_42_a_fault_of_ours_tells_no_secret(house: House, capfd: pytest.CaptureFixture[str]) -> None:
    """Its message holds the request, key and all."""
    path = await house.router.session("alice")
    await connected(house, path)
    local = house.router.local
    broken = Local(local.settings, local.store, local.vault, local.keys, local.catalogue, Broken(), local.watch)
    async with serving(broken) as router:
        other = House(router, house.vendor, house.spans, house.shown)
        await executed(other, path, ["well"])
        await router.entries(4)
        printed = "".join(capfd.readouterr())
        assert '"error":"RuntimeError"' in printed and "test_canary.py:" in printed
        assert any(b"the server's log under req_" in shown for shown in house.shown["alice"])
        secrets = {"page key": PAGE_KEY, "DeskTime key": DESKTIME_KEY, "API key": router.key, "argument": ARGUMENT}
        assert leaks(await other.sinks(printed), secrets) == []
        secrets.pop("argument")
        assert leaks([Sink("answer", shown) for shown in house.shown["alice"]], secrets) == []


async def test_42_a_call_that_is_given_up_tells_no_secret(house: House, capfd: pytest.CaptureFixture[str]) -> None:
    path = await house.router.session("alice")
    await connected(house, path)
    house.vendor.mood = "silent"
    local = house.router.local
    hasty = Executor(local.store, local.catalogue, local.keeper, local.runner, local.watch, seconds=0.3)
    project = await local.project()
    session = await Sessions(local.store, local.catalogue, local.comebacks).open(project.id, path.split("/")[2])
    for slug, arguments in CALLS:
        assert not (await hasty.execute(session, slug, arguments)).successful
    entries = await house.router.entries(len(CALLS))
    assert {entry.state for entry in entries} == {"unknown", "failed"}
    secrets = {"page key": PAGE_KEY, "DeskTime key": DESKTIME_KEY, "argument": ARGUMENT}
    assert leaks(await house.sinks("".join(capfd.readouterr())), secrets) == []


def _in_base64(secret: str) -> str:
    return base64.b64encode(b"ab" + secret.encode()).decode()


@pytest.mark.parametrize("dress", [str, quote, quote_plus, json.dumps, _in_base64])
def test_42_a_leak_would_be_seen(dress: Callable[[str], str]) -> None:
    assert leaks([Sink("log", f"before {dress(PAGE_KEY)} after".encode())], {"key": PAGE_KEY})
