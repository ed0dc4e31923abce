"""What `GET /metrics` tells beside the calls: requests by door, the call log's queue, and what is remembered."""

from collections.abc import Mapping
from functools import partial

from toolway.accounts.oauth import CALLBACK
from toolway.store.freshness import Tally
from toolway.store.log import Log
from toolway.watch import Meters

METRICS = b"text/plain; version=0.0.4; charset=utf-8"
_DOORS = {
    "tool_router": "mcp",
    "api": "rest",
    "link": "page",
    "static": "page",
    "healthz": "probe",
    "readyz": "probe",
    "metrics": "probe",
}


def door(path: str) -> str:
    """Which door a path leads to: mcp, rest, page, probe, or none."""
    return "page" if path == CALLBACK else _DOORS.get(path.strip("/").partition("/")[0], "none")


def follow(meters: Meters, log: Log, memories: Mapping[str, Tally]) -> None:
    """From now on the numbers of the call log and of what is remembered are among the meters."""
    meters.gauges("toolway_log_waiting", "Rows of the call log that are not committed yet.", lambda: log.waiting)
    meters.counts("toolway_log_written", "Rows of the call log that were committed.", lambda: log.written)
    meters.counts("toolway_log_failures", "Attempts to write the call log that failed.", lambda: log.failures)
    for name, tally in memories.items():
        meters.counts("toolway_cache_hits", "Asked for and remembered.", partial(getattr, tally, "hits"), cache=name)
        meters.counts("toolway_cache_misses", "Asked for and not remembered.", partial(getattr, tally, "misses"), cache=name)
