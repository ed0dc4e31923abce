"""DeskTime, played: who may come in, and which room answers."""

from dataclasses import replace
from datetime import timedelta
from typing import cast

from toolway.sandbox.desktime import employees, projects
from toolway.sandbox.desktime.house import Row, failure, refuse
from toolway.sandbox.wire import Call, Refusal, Reply, Route, Table
from toolway.sandbox.world import hex_id

__all__ = ["BUSY_KEY", "EMPLOYEE_KEY", "KEY", "answer", "failure"]

KEY = "sandbox-desktime-key"
EMPLOYEE_KEY = "sandbox-desktime-employee-key"
BUSY_KEY = "sandbox-desktime-busy-key"
"""The owner's, of a service that has much to do: a second request within three quarters of a second looks like a wrong key."""

_WHO = {KEY: "Alice", EMPLOYEE_KEY: "Chloe", BUSY_KEY: "Alice"}
_PAUSE = timedelta(seconds=0.75)
_BASE = "/desktime/api/v2/json"


def _ping(call: Call) -> Reply:
    return Reply({"pong": call.now.strftime("%Y-%m-%d %H:%M:%S")})


_TABLE = Table((Route("GET", "/ping", _ping), *employees.ROUTES, *projects.ROUTES))


def answer(call: Call) -> tuple[Reply, bool]:
    """The vendor's answer, and whether the world may have changed."""
    try:
        key = call.query.get("apiKey", [""])[-1]
        known = replace(call, who=hex_id("person", _WHO.get(key, "")))
        if key not in _WHO or (key == BUSY_KEY and call.limits.too_many(f"desktime {key}", call.now, 1, _PAUSE)):
            raise refuse(401, "API Key is invalid")
        found = _TABLE.find(call.method, call.path.removeprefix(_BASE)) if call.path.startswith(_BASE + "/") else set[str]()
        if isinstance(found, set):
            raise refuse(405, "Method is not allowed") if found else refuse(404, "Method is not known")
        route, _ = found
        body = cast(Row, route.handler(known).body)
        return Reply({**body, "__request_time": str(int(call.now.timestamp()))}), route.writes
    except Refusal as no:
        return no.reply, False
