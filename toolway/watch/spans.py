"""Traces, for who wants them: OpenTelemetry spans, sent to the address that the operator gave and nowhere else.

Without that address nothing of OpenTelemetry is imported. A span holds names of the catalogue, ids of ours, codes and numbers; no
argument, no message and, of a request to a service, never the path or query, where keys and names travel.
Attributes: the semantic conventions for MCP (`mcp.*`, `gen_ai.*`) and HTTP (`http.*`, `server.*`).
"""

import re
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from toolway import __version__
from toolway.errors import BadSetting, ToolwayError
from toolway.watch.log import request_id

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Span as OtelSpan

_PARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_LONGEST = 512
_SECONDS = 5.0  # with all repetitions; the server's end waits for no collector longer


class Span:
    """A piece of work that is watched."""

    def __init__(self, span: "OtelSpan") -> None:
        self._span = span

    def named(self, name: str, **attributes: str) -> None:
        """It is known by now what this is."""
        self._span.update_name(name)
        self.told(**attributes)

    def told(self, **attributes: str | int) -> None:
        """Further attributes; `__` in a name stands for a dot."""
        for name, value in attributes.items():
            self._span.set_attribute(name.replace("__", "."), value)

    def failed(self, code: str) -> None:
        """It did not succeed; `code` is one of our words, or a number of HTTP."""
        from opentelemetry.trace import StatusCode

        self._span.set_attribute("error.type", code)
        self._span.set_status(StatusCode.ERROR)


class Spans:
    """Makes spans. Raises `BadSetting` when the libraries are not installed.

    `exporter` is where they go; `at_once` sends each when it ends, not a batch now and then.
    """

    def __init__(self, exporter: "SpanExporter", at_once: bool = False) -> None:
        from opentelemetry import trace
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._kinds = trace.SpanKind
        self._provider = TracerProvider(
            resource=Resource.create({"service.name": "toolway", "service.version": __version__}), shutdown_on_exit=False
        )
        self._provider.add_span_processor(SimpleSpanProcessor(exporter) if at_once else BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("toolway", __version__)
        self._extract = TraceContextTextMapPropagator().extract

    @classmethod
    def to(cls, endpoint: str) -> "Spans":
        """Spans that go to an OTLP endpoint over http, the whole address: `http://127.0.0.1:4318/v1/traces`."""
        try:
            import requests
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        except ImportError:
            raise BadSetting(
                "traces is set, but what sends them is not installed.", fix="In Toolway's checkout: make setup, or pip install '.[otel]'"
            ) from None
        session = requests.Session()
        session.trust_env = False  # no proxy that the environment names; nothing goes anywhere else
        return cls(OTLPSpanExporter(endpoint=endpoint, timeout=_SECONDS, session=session))

    @contextmanager
    def message(self, meta: Any, call_id: str | int | None, version: str) -> Generator[Callable[[str, bool], None]]:
        """An MCP tools/call; takes, once it is known that there is such a tool, its name and whether it failed.

        The parent is what `meta`, the params' `_meta`, says; a parent that cannot be read is none.
        """
        attributes: dict[str, str] = {"mcp.method.name": "tools/call", "gen_ai.operation.name": "execute_tool"}
        if version:
            attributes["mcp.protocol.version"] = version
        if call_id is not None:
            attributes["jsonrpc.request.id"] = str(call_id)[:_LONGEST]
        with self._begun("tools/call", self._kinds.SERVER, attributes, self._parent(meta)) as span:

            def answered(name: str, is_error: bool) -> None:
                span.named(f"tools/call {name.upper()}", gen_ai__tool__name=name.upper())
                if is_error:
                    span.failed("tool_error")

            try:
                yield answered
            except ToolwayError as error:
                span.failed(error.code)
                raise

    @contextmanager
    def execution(self) -> Generator[Span]:
        """The execution of one tool, under the message that asked for it."""
        with self._begun("execute_tool", self._kinds.INTERNAL, {"gen_ai.operation.name": "execute_tool"}) as span:
            yield span

    @contextmanager
    def upstream(self, method: str, url: str) -> Generator[Span]:
        """A request to a service."""
        parts = urlsplit(url)
        attributes: dict[str, str | int] = {"http.request.method": method, "server.address": parts.hostname or ""}
        if parts.port:
            attributes["server.port"] = parts.port
        with self._begun(method, self._kinds.CLIENT, attributes) as span:
            yield span

    def close(self) -> None:
        """Send what waits. Blocks for as long as the endpoint does, some seconds at most."""
        self._provider.shutdown()

    @contextmanager
    def _begun(self, name: str, kind: Any, attributes: Mapping[str, str | int], parent: Any = None) -> Generator[Span]:
        attributes = {**attributes, "toolway.request_id": request_id()}
        # What was raised is not recorded: its message may hold what a user sent.
        with self._tracer.start_as_current_span(
            name, parent, kind, attributes, record_exception=False, set_status_on_exception=False
        ) as span:
            yield Span(span)

    def _parent(self, meta: Any) -> Any:
        from opentelemetry.context import Context

        given = cast("dict[str, Any]", meta) if isinstance(meta, dict) else {}
        parent, state = given.get("traceparent"), given.get("tracestate")
        if not isinstance(parent, str) or not _PARENT.match(parent):
            return Context()
        carrier = {"traceparent": parent} | ({"tracestate": state} if isinstance(state, str) and len(state) <= _LONGEST else {})
        return self._extract(carrier, Context())
