"""Clockify, played: who may come in, and which room answers."""

from toolway.sandbox.clockify import (
    clients,
    entries,
    groups,
    members,
    projects,
    reports,
    tags,
    tasks,
    timesheet,
    users,
    webhooks,
    workspaces,
)
from toolway.sandbox.clockify.house import refuse
from toolway.sandbox.clockify.operations import API, REPORTS
from toolway.sandbox.wire import Call, Handler, Refusal, Reply, Route, Table, Unreadable

KEY = "sandbox-clockify-key"

_TOKENS = ("x-api-key", "x-addon-token", "x-marketplace-token")


def _not_yet(call: Call) -> Reply:
    """The answer of an operation that the vendor has and the sandbox has not; the header tells it from the vendor's own 501."""
    body = {"message": f"the sandbox does not play this yet: {call.method} {call.path}", "code": 501}
    return Reply(body, 400, {"X-Sandbox": "not-played"})


def _table(played: tuple[Route, ...], known: str) -> Table:
    """The routes that are played, and a stub for all the others that the vendor documents."""
    done = {(route.method, route.path) for route in played}
    stub: Handler = _not_yet
    others = [line.split(" ", 1) for line in known.split("\n") if line]
    return Table((*played, *(Route(method, path, stub) for method, path in others if (method, path) not in done)))


_ROOMS = (workspaces, users, groups, members, clients, projects, tasks, tags, entries, timesheet, webhooks)
_HOSTS = {
    "/clockify/api": _table(tuple(route for room in _ROOMS for route in room.ROUTES), API),
    "/clockify/reports": _table(reports.ROUTES, REPORTS),
}


def answer(call: Call) -> tuple[Reply, bool]:
    """The vendor's answer, and whether the world may have changed."""
    for base, table in _HOSTS.items():
        if call.path.startswith(base + "/"):
            try:
                _let_in(call.headers)
                return _route(table, call, call.path.removeprefix(base))
            except Unreadable as error:
                return Reply({"message": str(error), "code": 501}, 400), False
            except Refusal as refusal:
                return refusal.reply, False
    return Reply({"message": f"No static resource {call.path}", "code": 3000}, 404), False


def _let_in(headers: dict[str, str]) -> None:
    """One token and no other; a bearer token is not known here."""
    given = [name for name in _TOKENS if headers.get(name)]
    if len(given) != 1:
        raise refuse("Multiple or none auth tokens present", 1000, 401)
    if given[0] != "x-api-key":
        raise refuse("Token is not valid", 4017, 401)
    if headers["x-api-key"] != KEY:
        raise refuse("Api key does not exist", 4003, 401)


def _route(table: Table, call: Call, path: str) -> tuple[Reply, bool]:
    """The room's answer; another method of a known path is 405, an unknown path 404."""
    found = table.find(call.method, path)
    if isinstance(found, set):
        if not found:
            raise refuse(f"No static resource {path.removeprefix('/')}", 3000, 404)
        body = {"message": f"Request method '{call.method}' is not supported", "code": 3000}
        return Reply(body, 405, {"Allow": ", ".join(sorted(found))}), False
    route, places = found
    call.places.update(places)
    return route.handler(call), route.writes
