"""Spans: their names, attributes and parents; what happens without the libraries; and the way to a collector."""

import asyncio
import logging
import subprocess
import sys
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.net.wire import plain, served
from toolway.errors import Forbidden
from toolway.watch import Spans, begin

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
GOOD = f"00-{TRACE}-{PARENT}-01"


def made(meta: Any = None, name: str = "COMPOSIO_SEARCH_TOOLS", failed: bool = False) -> ReadableSpan:
    kept = InMemorySpanExporter()
    with Spans(kept, at_once=True).message(meta, 7, "2025-11-25") as told:
        told(name, failed)
    [span] = kept.get_finished_spans()
    return span


def test_a_message() -> None:
    begin("req_1")
    span = made()
    begin("")
    assert span.name == "tools/call COMPOSIO_SEARCH_TOOLS"
    assert dict(span.attributes or {}) == {
        "mcp.method.name": "tools/call",
        "mcp.protocol.version": "2025-11-25",
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "COMPOSIO_SEARCH_TOOLS",
        "jsonrpc.request.id": "7",
        "toolway.request_id": "req_1",
    }
    assert span.kind.name == "SERVER"
    assert (made(failed=True).attributes or {})["error.type"] == "tool_error"


def test_the_parent_is_the_clients() -> None:
    span = made({"traceparent": GOOD, "tracestate": "vendor=1"})
    assert span.parent is not None
    assert span.parent.is_remote
    assert (f"{span.parent.trace_id:032x}", f"{span.parent.span_id:016x}") == (TRACE, PARENT)
    assert span.parent.trace_state.get("vendor") == "1"
    assert span.context is not None
    assert span.context.trace_id == span.parent.trace_id


@pytest.mark.parametrize(
    "meta",
    [
        None,
        [],
        {"traceparent": 1},
        {"traceparent": "x" * 100_000},
        {"traceparent": f"00-{'0' * 32}-{PARENT}-01"},
        {"traceparent": f"ff-{TRACE}-{PARENT}-01"},
        {"traceparent": GOOD.upper()},
        {"traceparent": GOOD[:-1]},
        {"tracestate": "a=1"},
    ],
)
def test_a_parent_that_is_none(meta: Any) -> None:
    assert made(meta).parent is None


@pytest.mark.parametrize("state", [1, "=", "a" * 100_000, ["a=1"], "\ud800"])
def test_a_state_that_is_none_does_not_cost_the_parent(state: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, logger="opentelemetry")  # half a character in its warning fits into no report of a worker
    span = made({"traceparent": GOOD, "tracestate": state})
    assert span.parent is not None
    assert not span.parent.trace_state


def test_a_name_that_there_is_not_stands_nowhere() -> None:
    kept = InMemorySpanExporter()

    def refuse() -> None:
        with Spans(kept, at_once=True).message({}, "a", ""):
            raise Forbidden("x NO_SUCH_TOOL")

    with pytest.raises(Forbidden):
        refuse()
    [span] = kept.get_finished_spans()
    assert span.name == "tools/call"
    assert (span.attributes or {})["error.type"] == "forbidden"
    assert "NO_SUCH_TOOL" not in span.to_json()


def test_a_request_to_a_service_shows_host_and_status_only() -> None:
    kept = InMemorySpanExporter()
    spans = Spans(kept, at_once=True)
    with spans.execution(), spans.upstream("GET", "https://me:pw@api.example:8443/v1/people/Ann?apiKey=k") as span:
        span.told(http__response__status_code=200)
    inner, outer = kept.get_finished_spans()
    assert inner.name == "GET"
    attributes = dict(inner.attributes or {})
    attributes.pop("toolway.request_id")
    assert attributes == {
        "http.request.method": "GET",
        "server.address": "api.example",
        "server.port": 8443,
        "http.response.status_code": 200,
    }
    assert inner.parent is not None
    assert outer.context is not None
    assert inner.parent.span_id == outer.context.span_id
    assert inner.kind.name == "CLIENT"


async def test_they_arrive_at_a_collector() -> None:
    async def say(number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(plain(b""))

    async with served(say) as collector:
        spans = Spans.to(f"{collector.url}/v1/traces")
        with spans.message({"traceparent": GOOD}, 1, "") as told:
            told("acme_ping", False)
        await asyncio.to_thread(spans.close)
        [heard] = collector.heard
    head, _, body = heard.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v1/traces ")
    [told_of] = ExportTraceServiceRequest.FromString(body).resource_spans
    [span] = told_of.scope_spans[0].spans
    assert span.name == "tools/call ACME_PING"
    assert span.trace_id.hex() == TRACE
    assert {a.key: a.value.string_value for a in told_of.resource.attributes}["service.name"] == "toolway"


def test_without_the_libraries_it_says_so(tmp_path: Any) -> None:
    """In a process that cannot import them; without the setting it does not even try."""
    code = """
import sys
sys.modules["opentelemetry"] = None
from toolway.cli import main
sys.argv = ["toolway", "serve", "--port", "0"]
main()
"""
    environ = {"TOOLWAY_DATA": str(tmp_path / "data"), "TOOLWAY_TRACES": "http://127.0.0.1:4318/v1/traces", "COLUMNS": "200"}
    run = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, timeout=30)
    assert run.returncode != 0
    assert "traces is set, but what sends them is not installed.\n  In Toolway's checkout: make setup, or" in run.stderr
    assert "Traceback" not in run.stderr
