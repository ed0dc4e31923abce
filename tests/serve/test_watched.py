"""What an operator sees of a running router: /metrics, the log's lines, ids of requests, traces."""

import json
import os
import re
import signal
import urllib.request
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.processes import KEY, House, Served, until
from tests.serve.conftest import SESSION, Fault, Router, running
from tests.watch.numbers import Numbers
from toolway.watch import Spans, Watch, start

PING, TAGS = "DESKTIME_PING_REQUEST", "CLOCKIFY_GET_TAGS"
EXECUTE = "COMPOSIO_MULTI_EXECUTE_TOOL"


async def scrape(router: Router) -> Numbers:
    status, text = await router.send("GET", "/metrics")
    assert status == 200
    return Numbers(text)


async def key(router: Router, *scopes: str) -> str:
    project = await router.local.project()
    return (await router.local.keys.create(project.id, scopes))[1].open()


async def test_who_may_read_metrics(router: Router) -> None:
    for headers in ([], [("x-api-key", "ak_wrong")], [("x-forwarded-for", "127.0.0.1")]):
        reply = await router.ask("GET", "/metrics", headers=headers)
        assert (reply.status, reply.headers["www-authenticate"]) == (401, 'Bearer realm="toolway"')
        assert b"toolway_" not in reply.body
    for scope, status in (("read", 200), ("admin", 200), ("execute", 403)):
        text = await key(router, scope)
        for header in (("x-api-key", text), ("authorization", f"Bearer {text}")):
            reply = await router.ask("GET", "/metrics", headers=[header])
            assert reply.status == status
    assert (await router.ask("GET", f"/metrics?api_key={router.key}")).status == 401
    assert (await router.ask("POST", "/metrics", headers=[("x-api-key", router.key)])).status == 405
    reply = await router.ask("GET", "/metrics", headers=[("x-api-key", router.key)])
    assert reply.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"


async def test_calls_are_counted_as_they_ended(router: Router, fault: Fault) -> None:
    await router.connect("clockify")
    path = await router.session()
    assert (await router.execute(path, TAGS))["successful"]
    before = await scrape(router)
    await router.execute(path, TAGS)
    await fault("/clockify/api/v1/workspaces/", status=401, body={"message": "no"})
    await router.execute(path, TAGS)  # refused
    await fault("/clockify/api/v1/workspaces/", garbage=True)
    await router.execute(path, "CLOCKIFY_CREATE_CLIENT", name="Acme")  # nobody knows
    await router.execute(path, TAGS, page="many")  # failed before it left
    await router.execute(path, PING)  # not connected
    await router.execute(path, "NO_SUCH_TOOL")
    await router.entries(7)
    now = await scrape(router)

    def calls(toolkit: str, tool: str, outcome: str) -> float:
        return now.get("toolway_calls_total", toolkit=toolkit, tool=tool, outcome=outcome)

    assert [calls("clockify", TAGS, outcome) for outcome in ("done", "refused", "failed", "unknown")] == [2, 1, 1, 0]
    assert calls("clockify", "CLOCKIFY_CREATE_CLIENT", "unknown") == 1
    assert calls("desktime", PING, "failed") == 1
    assert calls("", "", "failed") == 1
    sent = "toolway_upstream_seconds_count"
    assert now.get(sent, toolkit="clockify") - before.get(sent, toolkit="clockify") == 4  # and the check of the key
    assert now.get(sent, toolkit="desktime") == 0
    assert now.get("toolway_requests_total", door="mcp", status="200") == 7
    assert now.get("toolway_requests_total", door="rest", status="201") == 1
    assert now.get("toolway_requests_total", door="probe", status="200") == 1
    assert now.get("toolway_log_written_total") >= 7
    assert (now.get("toolway_log_waiting"), now.get("toolway_log_failures_total")) == (0, 0)
    for name in ("keys", "accounts", "sessions"):
        assert now.get("toolway_cache_hits_total", cache=name) >= 1
        assert now.get("toolway_cache_misses_total", cache=name) >= 1


async def test_every_number_is_explained(router: Router) -> None:
    page = (Path(__file__).parents[2] / "docs" / "running.md").read_text("utf-8")
    await router.connect("desktime")
    await router.execute(await router.session(), PING)
    names = {re.sub(r"_(bucket|sum|count)$", "", name) for name, _ in (await scrape(router)).samples}
    assert {"toolway_calls_total", "toolway_upstream_seconds", "toolway_requests_total", "toolway_log_waiting"} <= names
    assert [name for name in names if f"`{name}`" not in page] == []


async def test_nothing_that_a_client_sends_makes_a_series(router: Router) -> None:
    path = await router.session("mallory-the-user")
    await scrape(router)
    before = await scrape(router)
    for start_at in range(0, 1000, 50):
        items: list[Any] = [{"tool_slug": f"CLOCKIFY_MALLORY_{i}", "arguments": {}} for i in range(start_at, start_at + 50)]
        await router.call(path, EXECUTE, tools=items)
    await router.rpc(path, "tools/call", {"name": "MALLORY", "arguments": {}})
    for place in ("/mallory", "/mallory/x", "/api/v3/mallory", "/link/mallory", "/tool_router/mallory/mcp"):
        await router.ask("GET", place, headers=[("x-api-key", router.key), ("x-request-id", "mallory")])
    now = await scrape(router)
    assert now.get("toolway_calls_total", toolkit="", tool="", outcome="failed") == 1000
    assert "mallory" not in repr(now.samples).lower()
    assert now.labels() <= {"toolkit", "tool", "outcome", "door", "status", "le", "cache", "version"}
    assert now.values("door") <= {"mcp", "rest", "page", "probe", "none"}
    assert len(now.samples) - len(before.samples) <= 10


@pytest.fixture
def lines(capfd: pytest.CaptureFixture[str]) -> Generator[Any]:
    """The log's lines since they were last asked for."""
    start(level="info")
    yield lambda: [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    start(level="warning")


async def test_a_request_has_one_id_everywhere(router: Router, lines: Any) -> None:
    path = await router.session()
    message: dict[str, Any] = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": EXECUTE, "arguments": {"tools": [{"tool_slug": slug, "arguments": {}} for slug in (PING, TAGS, "NO_SUCH")]}},
    }
    reply = await router.ask("POST", path, json.dumps(message).encode(), [("x-api-key", router.key), ("x-request-id", "mine-1")])
    results = json.loads(reply.json()["result"]["content"][0]["text"])["data"]["results"]
    assert reply.headers["x-request-id"] == "mine-1"
    told = [line for line in lines() if line["event"] == "call"]
    entries = await router.entries(3)
    assert {line["log_id"] for line in told} == {entry.id for entry in entries} == {r["response"]["log_id"] for r in results}
    assert {line["request_id"] for line in told} == {entry.request_id for entry in entries} == {"mine-1"}
    [line] = [line for line in told if line["tool"] == PING]
    session = path.split("/")[2]
    assert line | {"timestamp": "", "log_id": "", "ms": 0} == {
        "timestamp": "",
        "level": "info",
        "event": "call",
        "request_id": "mine-1",
        "session": session,
        "toolkit": "desktime",
        "tool": PING,
        "outcome": "failed",
        "error": "not_connected",
        "status": 0,
        "ms": 0,
        "log_id": "",
    }
    await router.execute(path, PING)
    [line] = lines()
    [entry] = [entry for entry in await router.entries(4) if entry.request_id == line["request_id"]]
    assert line["request_id"].startswith("req_")
    assert entry.id == line["log_id"]


async def test_a_trace_from_the_client_to_the_service(tmp_path: Path, sandbox: str) -> None:
    spans = InMemorySpanExporter()
    async with running(tmp_path / "data", Watch(spans=Spans(spans, at_once=True)), sandbox=sandbox) as router:
        await router.connect("desktime")
        path = await router.session()
        spans.clear()
        trace, parent = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
        items: list[Any] = [{"tool_slug": PING, "arguments": {}}, {"tool_slug": "NO_SUCH", "arguments": {}}]
        params: dict[str, Any] = {"name": EXECUTE, "arguments": {"tools": items}, "_meta": {"traceparent": f"00-{trace}-{parent}-01"}}
        await router.rpc(path, "tools/call", params)
        found = {span.name: span for span in spans.get_finished_spans()}
        assert set(found) == {f"tools/call {EXECUTE}", f"execute_tool {PING}", "execute_tool", "GET"}
        outer, ping, none, sent = (found[name] for name in (f"tools/call {EXECUTE}", f"execute_tool {PING}", "execute_tool", "GET"))
        assert {f"{span.context.trace_id:032x}" for span in found.values() if span.context} == {trace}
        assert outer.context and ping.context and outer.parent and ping.parent and none.parent and sent.parent
        assert f"{outer.parent.span_id:016x}" == parent
        assert ping.parent.span_id == none.parent.span_id == outer.context.span_id
        assert sent.parent.span_id == ping.context.span_id
        assert (none.attributes or {})["error.type"] == "unknown_tool"
        assert (sent.attributes or {})["http.response.status_code"] == 200
        [entry] = [entry for entry in await router.entries(2) if entry.tool]
        assert (ping.attributes or {})["toolway.log_id"] == entry.id
        assert (outer.attributes or {})["mcp.method.name"] == "tools/call"


def scrape_any(served: Served) -> Numbers:
    """What a scrape says, whichever worker it comes to."""
    request = urllib.request.Request(f"{served.origin}/metrics", headers={"authorization": f"Bearer {KEY}"})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=20) as answer:
        return Numbers(answer.read().decode())


def scrape_of(served: Served, worker: int) -> Numbers:
    """What a scrape says that comes to this worker."""
    with served.only(worker):
        return scrape_any(served)


def call(served: Served, worker: int, session: str) -> None:
    arguments: dict[str, Any] = {"tools": [{"tool_slug": TAGS, "arguments": {}}]}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": EXECUTE, "arguments": arguments}}
    with served.only(worker):
        assert served.ask("POST", f"/tool_router/{session}/mcp", KEY, message)[0] == 200


def test_a_scrape_shows_all_workers_also_those_that_were_killed(tmp_path: Path) -> None:
    def calls(numbers: Numbers) -> float:
        return numbers.get("toolway_calls_total", toolkit="clockify", tool=TAGS, outcome="failed")

    house = House(tmp_path, f"sqlite:///{tmp_path / 't.db'}")
    house.environment["TMPDIR"] = str(tmp_path)
    with house.serving(2) as served:
        until(lambda: len(served.workers()) == 2)
        first, second = served.workers()
        session = served.ask("POST", SESSION, KEY, {"user_id": "alice"})[1]["session_id"]
        for worker in (first, second, second):
            call(served, worker, session)
        for worker in (first, second):
            now = scrape_of(served, worker)
            assert calls(now) == now.get("toolway_requests_total", door="mcp", status="200") == 3
        until(lambda: scrape_any(served).get("toolway_log_written_total") == 3)  # copied once a second
        os.kill(first, signal.SIGKILL)
        until(lambda: len(served.workers()) == 2 and first not in served.workers())
        [new] = set(served.workers()) - {second}
        call(served, new, session)
        for worker in (new, second):
            assert calls(scrape_of(served, worker)) == 4
        until(lambda: scrape_any(served).get("toolway_log_written_total") == 4)
        assert house.log.read_text("utf-8").count('"event":"call"') == 4
        places = {file.stem.rpartition("_")[2] for file in tmp_path.glob("toolway-metrics-*/*")}
        assert places == {"0", "1"}  # who is put in the place of another counts on where that one stopped
        served.process.terminate()
        assert served.process.wait(20) == 0
    assert not list(tmp_path.glob("toolway-metrics-*"))


def test_the_numbers_folder_goes_with_a_server_that_is_killed(tmp_path: Path) -> None:
    house = House(tmp_path, f"sqlite:///{tmp_path / 't.db'}")
    house.environment["TMPDIR"] = str(tmp_path)
    with house.serving(2) as served:
        until(lambda: len(served.workers()) == 2)
        assert list(tmp_path.glob("toolway-metrics-*"))
        served.process.kill()
        until(lambda: not list(tmp_path.glob("toolway-metrics-*")))
