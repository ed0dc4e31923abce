"""The numbers at `/metrics`, in the text format of Prometheus.

Labels are names of the catalogue and words of ours, so that nothing a client sends makes a new series. The library is imported with the
first number that is counted, and what belongs to a set of labels is looked up once.

**Several workers.** Each has a place from 0 on, and keeps its numbers in files of that place, in a folder that they share: a scrape adds
up all of them, whichever worker it reaches. A number survives the process that counted it, also kill -9, and the worker that takes the
place counts on from there. What other rooms count by themselves is copied there once a second (`sample`).
"""

import os
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolway import __version__

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Counter, Gauge

SAMPLE_SECONDS = 1.0
_SECONDS = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20)
_SUMMED = "livesum"


class Meters:
    """The numbers of this process; with a `folder`, those of all processes that share it."""

    def __init__(self, folder: str = "", place: int = 0) -> None:
        self._folder = folder
        self._place = place
        self._calls: dict[tuple[str, str, str], Callable[[], None]] = {}
        self._requests: dict[tuple[str, int], Callable[[], None]] = {}
        self._upstream: dict[str, Callable[[float], None]] = {}
        self._sampled: dict[tuple[str, ...], _Copied] = {}

    def call(self, toolkit: str, tool: str, outcome: str) -> None:
        """An executed call. `tool` and `toolkit` are names of the catalogue, or "" for a tool that there is not."""
        count = self._calls.get((toolkit, tool, outcome))
        if count is None:
            count = self._calls[toolkit, tool, outcome] = self._families.calls.labels(toolkit, tool, outcome).inc
        count()

    def request(self, door: str, status: int) -> None:
        """An answered request. `door` is mcp, rest, page, probe or none."""
        count = self._requests.get((door, status))
        if count is None:
            count = self._requests[door, status] = self._families.requests.labels(door, str(status)).inc
        count()

    def upstream(self, toolkit: str, seconds: float) -> None:
        """A request to a service, answered or not, and how long it took."""
        observe = self._upstream.get(toolkit)
        if observe is None:
            observe = self._upstream[toolkit] = self._families.upstream.labels(toolkit).observe
        observe(seconds)

    def saved(self, characters: int, tokens: int) -> None:
        """What an answer of discovery saved, against a list of all tools of its session; tokens are an estimate."""
        self._families.saved_characters.inc(characters)
        self._families.saved_tokens.inc(tokens)

    def counts(self, name: str, about: str, read: Callable[[], float], **labels: str) -> None:
        """A number that another room counts; it only grows."""
        self._sampled[name, *labels.values()] = _Copied(name, about, read, labels, grows=True)

    def gauges(self, name: str, about: str, read: Callable[[], float], **labels: str) -> None:
        """A number of another room that goes up and down."""
        self._sampled[name, *labels.values()] = _Copied(name, about, read, labels, grows=False)

    def sample(self) -> None:
        """Copy what other rooms count, and what the system says of this process."""
        for one in self._sampled.values():
            one.copy(self._families)
        self._families.process()

    def text(self) -> bytes:
        """All numbers, of all workers."""
        from prometheus_client import CollectorRegistry, generate_latest
        from prometheus_client.multiprocess import MultiProcessCollector

        self.sample()
        if not self._folder:
            return generate_latest(self._families.registry)
        together = CollectorRegistry()
        MultiProcessCollector(together, self._folder)
        return generate_latest(together)

    def leave(self) -> None:
        """This process counts no more, and nobody asks: take its files away, and the folder where they were the last. Another worker
        may still count in it, and would fail in the middle of a call without it.
        """
        for file in Path(self._folder).glob(f"*_{self._place}.db") if self._folder else ():
            file.unlink(missing_ok=True)
        if self._folder:
            with suppress(OSError):
                Path(self._folder).rmdir()

    @cached_property
    def _families(self) -> "_Families":
        return _Families(self._folder, self._place)


class _Copied:
    """A number that is counted elsewhere, as it was when it was last copied."""

    def __init__(self, name: str, about: str, read: Callable[[], float], labels: dict[str, str], grows: bool) -> None:
        self._name = name
        self._about = about
        self._read = read
        self._labels = labels
        self._grows = grows
        self._last = 0.0

    def copy(self, families: "_Families") -> None:
        now = self._read()
        if self._grows:
            families.counter(self._name, self._about, self._labels).inc(max(now - self._last, 0))
            self._last = now
        else:
            families.gauge(self._name, self._about, self._labels).set(now)


class _Families:
    """The library's side."""

    def __init__(self, folder: str, place: int) -> None:
        import prometheus_client as prometheus
        from prometheus_client import values

        if folder:  # the library's switch is for the whole process, as a worker is
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
            made: Any = values
            made.ValueClass = made.MultiProcessValue(lambda: place)
        prometheus.disable_created_metrics()
        self.registry: CollectorRegistry = prometheus.CollectorRegistry()
        self.calls = prometheus.Counter("toolway_calls", "Executed calls.", ("toolkit", "tool", "outcome"), registry=self.registry)
        self.requests = prometheus.Counter("toolway_requests", "Answered requests.", ("door", "status"), registry=self.registry)
        self.upstream = prometheus.Histogram(
            "toolway_upstream_seconds", "Requests to services.", ("toolkit",), registry=self.registry, buckets=_SECONDS
        )
        about = "What answers of discovery saved against listing all tools of their sessions: "
        self.saved_characters = prometheus.Counter("toolway_saved_characters", f"{about}characters.", registry=self.registry)
        self.saved_tokens = prometheus.Counter("toolway_saved_tokens", f"{about}tokens, estimated.", registry=self.registry)
        self._process = prometheus.ProcessCollector(registry=None)
        self._counters: dict[str, Counter] = {}
        self._gauges: dict[str, Gauge] = {}
        self._cpu = 0.0
        build = prometheus.Gauge(
            "toolway_build_info", "The version that runs.", ("version",), registry=self.registry, multiprocess_mode="max"
        )
        build.labels(__version__).set(1)

    def counter(self, name: str, about: str, labels: dict[str, str]) -> "Counter":
        from prometheus_client import Counter

        if name not in self._counters:
            self._counters[name] = Counter(name, about, tuple(labels), registry=self.registry)
        return self._counters[name].labels(**labels) if labels else self._counters[name]

    def gauge(self, name: str, about: str, labels: dict[str, str]) -> "Gauge":
        from prometheus_client import Gauge

        if name not in self._gauges:
            self._gauges[name] = Gauge(name, about, tuple(labels), registry=self.registry, multiprocess_mode=_SUMMED)
        return self._gauges[name].labels(**labels) if labels else self._gauges[name]

    def process(self) -> None:
        """What the system says of this process, where it says anything: processor seconds, memory, open files."""
        for family in self._process.collect():
            value = family.samples[0].value
            if family.type == "counter":
                self.counter(family.name, family.documentation, {}).inc(max(value - self._cpu, 0))
                self._cpu = value
            elif family.name in ("process_resident_memory_bytes", "process_open_fds"):
                self.gauge(family.name, family.documentation, {}).set(value)
