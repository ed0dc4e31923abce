"""DeskTime, played: who may come in, and which room answers."""

from typing import cast

from toolway.sandbox.desktime import employees, projects
from toolway.sandbox.desktime.house import Row, refuse
from toolway.sandbox.wire import Call, Refusal, Reply, Route, Table

KEY = "sandbox-desktime-key"

_BASE = "/desktime/api/v2/json"


def _ping(call: Call) -> Reply:
    return Reply({"pong": call.now.strftime("%Y-%m-%d %H:%M:%S")})


_TABLE = Table((Route("GET", "/ping", _ping), *employees.ROUTES, *projects.ROUTES))


def answer(call: Call) -> tuple[Reply, bool]:
    """The vendor's answer, and whether the world may have changed."""
    try:
        if call.query.get("apiKey", [""])[-1] != KEY:
            raise refuse(401, "API Key is invalid")
        found = _TABLE.find(call.method, call.path.removeprefix(_BASE)) if call.path.startswith(_BASE + "/") else set[str]()
        if isinstance(found, set):
            raise refuse(405, "Method is not allowed") if found else refuse(404, "Method is not known")
        route, _ = found
        body = cast(Row, route.handler(call).body)
        return Reply({**body, "__request_time": str(int(call.now.timestamp()))}), route.writes
    except Refusal as no:
        return no.reply, False
