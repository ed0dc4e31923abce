"""Time reports: `generateDetailedReport`, `generateSummaryReport`, `generateWeeklyReport`."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from toolway.sandbox.clockify.files import as_asked
from toolway.sandbox.clockify.filters import Asked, Span, amount, chosen, kinds, seconds, span, totals
from toolway.sandbox.clockify.house import Row, entries_cost, refuse, workspace_of
from toolway.sandbox.wire import Call, Handler, Reply, Route
from toolway.sandbox.world import Entry, Workspace, World

_GROUPS = ("PROJECT", "CLIENT", "TASK", "TAG", "USER", "DATE", "WEEK", "MONTH", "TIMEENTRY")
_WEEKLY = ("PROJECT", "CLIENT", "TASK", "TAG", "USER", "TIME")


def detailed(call: Call, home: Workspace, asked: Asked) -> Row:
    """The lines of a detailed report, a page of them, and what all of them add up to."""
    world = call.world
    pages = asked.detailed_filter
    if pages is None:
        raise refuse("detailedFilter is required")
    window = span(call, home, asked)
    rows = chosen(world, home, asked, window)

    def key(one: Entry) -> tuple[str | float, ...]:
        words = {"ID": one.id, "DESCRIPTION": one.description.casefold(), "USER": world.people[one.person].name, "DURATION": seconds(one)}
        return (words.get(pages.sort_column, one.start.timestamp()), one.start.timestamp())

    rows.sort(key=key, reverse=asked.sort_order != "ASCENDING")
    begin = (pages.page - 1) * pages.page_size
    shown = [_row(world, one, asked, window) for one in rows[begin : begin + pages.page_size]]
    return {"totals": totals(world, asked, rows) if pages.options.totals == "CALCULATE" else [], "timeentries": shown}


def _row(world: World, entry: Entry, asked: Asked, window: Span) -> Row:
    """One line of a detailed report (schema TimeEntryDto), its times in the zone of the report."""
    project = world.projects.get(entry.project) if entry.project else None
    client = world.clients.get(project.client) if project and project.client else None
    task = world.tasks.get(entry.task) if entry.task else None
    person = world.people[entry.person]
    local = [moment.astimezone(window.zone).isoformat(timespec="seconds") for moment in (entry.start, entry.end or entry.start)]
    return {
        "_id": entry.id,
        "description": entry.description,
        "userId": person.id,
        "userName": person.name,
        "userEmail": person.email,
        "timeInterval": {"start": local[0], "end": local[1], "duration": seconds(entry)},
        "billable": entry.billable,
        "projectId": entry.project,
        "projectName": project.name if project else None,
        "projectColor": project.color if project else None,
        "clientId": client.id if client else None,
        "clientName": client.name if client else None,
        "taskId": entry.task,
        "taskName": task.name if task else None,
        "tags": [{"_id": id, "name": world.tags[id].name} for id in entry.tags],
        "approvalRequestId": None,
        "locked": False,
        "type": entry.type,
        "rate": entries_cost(world, entry)[0] if entry.billable else 0,
        "amount": amount(world, entry, kinds(asked)[0]),
    }


def summary(call: Call, home: Workspace, asked: Asked) -> Row:
    """The groups of a summary report, up to three levels of them."""
    world = call.world
    if asked.summary_filter is None:
        raise refuse("summaryFilter is required")
    groups = asked.summary_filter.groups
    if unknown := [name for name in groups if name not in _GROUPS]:
        raise refuse(f"summaryFilter.groups: '{unknown[0]}' is not one of {', '.join(_GROUPS)}")
    window = span(call, home, asked)
    rows = chosen(world, home, asked, window)
    return {"totals": totals(world, asked, rows), "groupOne": _tree(world, asked, window, rows, groups)}


def _tree(world: World, asked: Asked, window: Span, rows: list[Entry], levels: Sequence[str]) -> list[Row]:
    """Entries under their groups, level by level (schema GroupOneDto)."""
    if not levels:
        return []
    branches: list[Row] = []
    for (id, name, client), inside in _split(world, window, rows, levels[0]).items():
        branch = _branch(world, asked, id, name, inside)
        if levels[0] == "PROJECT":
            branch["clientName"] = client
        if len(levels) > 1:
            branch["children"] = _tree(world, asked, window, inside, levels[1:])
        branches.append(branch)
    column = asked.summary_filter.sort_column if asked.summary_filter else "GROUP"
    order = {"GROUP": "nameLowerCase", "DURATION": "duration"}.get(column, "amount")
    return sorted(branches, key=lambda one: _rank(one[order]), reverse=asked.sort_order == "DESCENDING")


def _rank(value: object) -> tuple[float, str]:
    """A number or a word as something that can be sorted."""
    return (float(value), "") if isinstance(value, int | float) else (0.0, str(value))


def _branch(world: World, asked: Asked, id: str, name: str, rows: list[Entry]) -> Row:
    """The sums of one group."""
    sums = [{"type": kind, "value": round(sum(amount(world, one, kind) for one in rows), 2)} for kind in kinds(asked)]
    return {
        "_id": id,
        "name": name,
        "nameLowerCase": name.casefold(),
        "duration": sum(map(seconds, rows)),
        "amount": sums[0]["value"],
        "amounts": sums,
    }


def _split(world: World, window: Span, rows: list[Entry], level: str) -> dict[tuple[str, str, str], list[Entry]]:
    """The entries by the things of one level; one with several tags stands under each."""
    found: dict[tuple[str, str, str], list[Entry]] = {}
    for entry in rows:
        for key in _keys(world, window, entry, level):
            found.setdefault(key, []).append(entry)
    return found


def _keys(world: World, window: Span, entry: Entry, level: str) -> list[tuple[str, str, str]]:
    """What an entry belongs to on one level: id, name and, for a project, its client's name."""
    project = world.projects.get(entry.project) if entry.project else None
    client = world.clients.get(project.client) if project and project.client else None
    began = entry.start.astimezone(window.zone).date()
    match level:
        case "PROJECT":
            return [(project.id, project.name, client.name if client else "")] if project else [("", "(Without project)", "")]
        case "CLIENT":
            return [(client.id, client.name, "")] if client else [("", "(Without client)", "")]
        case "TASK":
            task = world.tasks.get(entry.task) if entry.task else None
            return [(task.id, task.name, "")] if task else [("", "(Without task)", "")]
        case "TAG":
            return [(id, world.tags[id].name, "") for id in entry.tags] or [("", "(Without tag)", "")]
        case "USER":
            return [(entry.person, world.people[entry.person].name, "")]
        case "WEEK":
            monday = (began - timedelta(days=began.weekday())).isoformat()
            return [(monday, monday, "")]
        case "MONTH":
            return [(f"{began:%Y-%m}", f"{began:%Y-%m}", "")]
        case "DATE":
            return [(began.isoformat(), began.isoformat(), "")]
        case _:
            return [(entry.description, entry.description or "(no description)", "")]


def weekly(call: Call, home: Workspace, asked: Asked) -> Row:
    """The groups of a weekly report, day by day. The window is exactly seven days."""
    world = call.world
    levels = asked.weekly_filter
    if levels is None:
        raise refuse("weeklyFilter is required")
    if unknown := [name for name in (levels.group, levels.subgroup) if name not in _WEEKLY]:
        raise refuse(f"weeklyFilter: '{unknown[0]}' is not one of {', '.join(_WEEKLY)}")
    window = span(call, home, asked)
    if not timedelta(days=7, seconds=-1) <= window.length <= timedelta(days=7):
        raise refuse("Weekly report takes a range of exactly 7 days")
    rows = chosen(world, home, asked, window)
    days = [(window.begin.astimezone(window.zone).date() + timedelta(days=at)).isoformat() for at in range(7)]

    def line(id: str, name: str, inside: list[Entry]) -> Row:
        return {**_branch(world, asked, id, name, inside), "days": _by_day(world, asked, window, inside, days)}

    groups: list[Row] = []
    for (id, name, client), inside in _split(world, window, rows, "TIMEENTRY" if levels.group == "TIME" else levels.group).items():
        group = line(id, name, inside)
        if levels.group == "PROJECT":
            group["clientName"] = client
        parts = _split(world, window, inside, levels.subgroup) if levels.subgroup != "TIME" else {}
        group["children"] = [line(part, title, within) for (part, title, _), within in parts.items()]
        groups.append(group)
    groups.sort(key=lambda one: _rank(one["nameLowerCase"]), reverse=asked.sort_order == "DESCENDING")
    return {
        "totals": totals(world, asked, rows),
        "totalsByDay": _by_day(world, asked, window, rows, days),
        "groupOne": groups,
        "decimalFormat": False,
        "trackTimeDownToSeconds": True,
        "includeUsersWithoutTime": False,
        "usersWithoutTime": [],
    }


def _by_day(world: World, asked: Asked, window: Span, rows: list[Entry], days: list[str]) -> list[Row]:
    """The sums of each day (schema DailyTotalDto)."""
    found: list[Row] = []
    for day in days:
        inside = [one for one in rows if window.day(one) == day]
        worth = round(sum(amount(world, one, kinds(asked)[0]) for one in inside), 2)
        found.append({"date": day, "duration": sum(map(seconds, inside)), "amount": worth})
    return found


def _by_body(render: Callable[[Call, Workspace, Asked], Row]) -> Handler:
    """A report by its body, as JSON or as a file."""

    def answer(call: Call) -> Reply:
        home, asked = workspace_of(call), call.read(Asked)
        return as_asked(render(call, home, asked), asked.export_type)

    return answer


ROUTES = (
    Route("POST", "/v1/workspaces/{workspaceId}/reports/detailed", _by_body(detailed)),
    Route("POST", "/v1/workspaces/{workspaceId}/reports/summary", _by_body(summary)),
    Route("POST", "/v1/workspaces/{workspaceId}/reports/weekly", _by_body(weekly)),
)
