"""Clockify, played: which room answers, and whether the one who asks may ask it."""

from dataclasses import replace

from toolway.sandbox.clockify import (
    assignments,
    changes,
    clients,
    entities,
    entries,
    events,
    expenses,
    groups,
    holidays,
    members,
    projects,
    reports,
    shared,
    tags,
    tasks,
    templates,
    timesheet,
    users,
    webhooks,
    workspaces,
)
from toolway.sandbox.clockify.doors import KEY, host_of, let_in, too_many
from toolway.sandbox.clockify.house import check_admin, failure, refuse, workspace_of
from toolway.sandbox.clockify.operations import API, REPORTS
from toolway.sandbox.clockify.plans import FREE_REQUESTS, FREE_WINDOW, needs
from toolway.sandbox.wire import Call, Handler, Refusal, Reply, Route, Table, Unreadable

__all__ = ["KEY", "answer", "failure"]


def _not_yet(call: Call) -> Reply:
    """The answer of an operation that the vendor has and the sandbox has not; the header tells it from the vendor's own 501."""
    body = {"message": f"the sandbox does not play this yet: {call.method} {call.path}", "code": 501}
    return Reply(body, 400, {"X-Sandbox": "not-played"})


def _table(rooms: tuple[tuple[Route, ...], ...], known: str) -> Table:
    """The routes that are played, and a stub for all the others that the vendor documents."""
    played = tuple(route for room in rooms for route in room)
    done = {(route.method, route.path) for route in played}
    stub: Handler = _not_yet
    others = [line.split(" ", 1) for line in known.split("\n") if line]
    return Table((*played, *(Route(method, path, stub) for method, path in others if (method, path) not in done)))


_CORE = (workspaces, users, groups, members, clients, projects, tasks, tags, entries, timesheet, webhooks)
_MORE = (holidays, assignments, templates, entities)
_TABLES = {
    "api": _table(tuple(room.ROUTES for room in (*_CORE, *_MORE)), API),
    "report": _table((reports.ROUTES, expenses.ROUTES, shared.ROUTES), REPORTS),
}


def answer(call: Call) -> tuple[Reply, bool]:
    """The vendor's answer, and whether the world may have changed."""
    path = call.path.removeprefix("/clockify/")
    host = host_of(path)
    if host is None:
        return Reply({"message": f"No static resource {call.path}", "code": 3000}, 404), False
    try:
        known = replace(call, who=let_in(call, host))
        table = _TABLES["api" if host.endswith("api") else "report"]
        reply, wrote = _route(table, known, path.removeprefix(host))
    except Unreadable as error:
        return Reply({"message": str(error), "code": 501}, 400), False
    except Refusal as refusal:
        return refusal.reply, False
    return _with_unheeded(call, reply), wrote


def _with_unheeded(call: Call, reply: Reply) -> Reply:
    """The reply, with a header that names what came and was silently dropped, as the vendor drops it: a client's mistake, most likely."""
    names = sorted({f"?{name}" for name in call.query if name not in call.heeded} | call.unheeded)
    if not names or "X-Sandbox" in reply.headers:
        return reply
    told = ", ".join(names).encode("unicode_escape").decode("ascii")
    return replace(reply, headers={**reply.headers, "X-Sandbox-Ignored": told})


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
    _check(call, route)
    if not route.writes:
        return route.handler(call), False
    with changes.watched(call.world, call.now) as happened:
        reply = route.handler(call)
    events.tell(call, happened)
    return reply, True


def _check(call: Call, route: Route) -> None:
    """Whether the plan and the role of the one who asks allow it; a free workspace takes thirty requests an hour."""
    if "workspaceId" not in call.places:
        return
    home = call.world.workspaces.get(call.places["workspaceId"])
    if home is None or call.who not in home.members:
        return  # the room refuses it, after it has read what came
    if home.plan == "FREE" and call.limits.too_many(f"clockify {home.id}", call.now, FREE_REQUESTS, FREE_WINDOW):
        raise too_many()
    if route.admin:
        check_admin(call, workspace_of(call))
    if route.feature:
        needs(home, route.feature)
