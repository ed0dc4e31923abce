"""Shared reports: `saveSharedReportV1`, `getSharedReportsV1`, `updateSharedReportV1`, `deleteSharedReportV1`, `generateSharedReportV1`.

The document marks no field of a create as due; a report without a name, a type or a filter cannot be kept under a link, so it is
refused here. An update replaces: what it does not say is false or empty afterwards, but type and filter stay. Four types are played
when read: SUMMARY, DETAILED, WEEKLY and EXPENSE_DETAILED.
"""

from datetime import date, datetime, time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import msgspec

from toolway.sandbox.clockify import expenses
from toolway.sandbox.clockify.files import as_asked
from toolway.sandbox.clockify.filters import Asked
from toolway.sandbox.clockify.house import PageNumber, Row, forbidden, foreign, is_admin, owned, person_of, refuse, workspace_of
from toolway.sandbox.clockify.reports import detailed, summary, weekly
from toolway.sandbox.wire import Call, Reply, Route, Unreadable
from toolway.sandbox.world import SharedReport, Workspace

Kind = Literal[
    "DETAILED",
    "WEEKLY",
    "SUMMARY",
    "SCHEDULED",
    "EXPENSE_DETAILED",
    "EXPENSE_RECEIPT",
    "PTO_REQUESTS",
    "PTO_BALANCE",
    "ATTENDANCE",
    "INVOICE_EXPENSE",
    "INVOICE_TIME",
    "PROJECT",
    "TEAM_FULL",
    "TEAM_LIMITED",
    "TEAM_GROUPS",
    "INVOICES",
    "KIOSK_PIN_LIST",
    "KIOSK_ASSIGNEES",
    "USER_DATA_EXPORT",
]
Name = Annotated[str, msgspec.Meta(min_length=1)]
PageSize = Annotated[int, msgspec.Meta(ge=1, le=1000)]
_RENDERED = {"SUMMARY": summary, "DETAILED": detailed, "WEEKLY": weekly}


class _Change(msgspec.Struct, rename="camel"):
    name: Name
    is_public: bool = False
    fixed_date: bool = False
    visible_to_users: list[str] = []
    visible_to_user_groups: list[str] = []


class _New(_Change, rename="camel", kw_only=True):
    type: Kind
    filter: dict[str, object]


class _Search(msgspec.Struct, rename="camel"):
    page: PageNumber = 1
    page_size: PageSize = 50
    shared_reports_filter: Literal["ALL", "CREATED_BY_ME", "SHARED_WITH_ME"] = "ALL"


class _Look(msgspec.Struct, rename="camel"):
    date_range_start: str | None = None
    date_range_end: str | None = None
    sort_order: str | None = None
    sort_column: str | None = None
    export_type: str | None = None
    page: PageNumber | None = None
    page_size: PageSize | None = None


def show(one: SharedReport) -> Row:
    """A shared report as a write answers it (schema SharedReportV1)."""
    return {
        "id": one.id,
        "workspaceId": one.workspace,
        "userId": one.person,
        "name": one.name,
        "type": one.kind,
        "filter": one.filter,
        "isPublic": one.public,
        "fixedDate": one.fixed,
        "visibleToUsers": one.people,
        "visibleToUserGroups": one.groups,
    }


def _listed(call: Call, one: SharedReport) -> Row:
    """A shared report as the list has it (schema SharedReportDtoV1): with its link, with names for ids, without its filter."""
    world = call.world
    return {
        "id": one.id,
        "name": one.name,
        "type": one.kind,
        "link": f"https://app.clockify.me/shared/{one.id}",
        "isPublic": one.public,
        "fixedDate": one.fixed,
        "reportAuthor": one.person,
        "visibleToUsers": [{"id": id, "name": world.people[id].name} for id in one.people],
        "visibleToUserGroups": [{"id": id, "name": world.groups[id].name} for id in one.groups if id in world.groups],
    }


def _shared_with(call: Call, one: SharedReport) -> bool:
    """Whether it is shared with the one who asks, by name or by group."""
    return call.who in one.people or any(call.who in call.world.groups[id].members for id in one.groups if id in call.world.groups)


def _list(call: Call) -> Reply:
    """The reports of the one who asks; pages are `page` and `pageSize` on this host, and the count is of all pages."""
    asked, home = call.ask(_Search), workspace_of(call)
    rows: list[SharedReport] = []
    for one in call.world.shared_reports.values():
        mine, theirs = one.person == call.who, _shared_with(call, one)
        wanted = {"ALL": mine or theirs, "CREATED_BY_ME": mine, "SHARED_WITH_ME": theirs}[asked.shared_reports_filter]
        if one.workspace == home.id and wanted:
            rows.append(one)
    rows.sort(key=lambda one: (one.name.casefold(), one.id))
    begin = (asked.page - 1) * asked.page_size
    return Reply({"reports": [_listed(call, one) for one in rows[begin : begin + asked.page_size]], "count": len(rows)})


def _fill(call: Call, home: Workspace, one: SharedReport, given: _Change) -> None:
    """Put what is given into the report, if those who are to see it are there."""
    people = [person_of(call, home, id).id for id in given.visible_to_users]
    groups = [owned(call.world.groups, home, id, "User group").id for id in given.visible_to_user_groups]
    one.people, one.groups = people, groups
    one.name, one.public, one.fixed = given.name, given.is_public, given.fixed_date


def _create(call: Call) -> Reply:
    """The document says 200, not 201. The filter has to be one that a report of the type takes."""
    home, given = workspace_of(call), call.read(_New)
    one = SharedReport(id="", workspace=home.id, person=call.who, name=given.name, kind=given.type, filter=given.filter)
    _fill(call, home, one, given)
    _render(call, home, one, given.filter)
    one.id = call.world.new_id()
    call.world.shared_reports[one.id] = one
    return Reply(show(one))


def _own(call: Call) -> SharedReport:
    """The report that the path names, for its author and for administrators."""
    home = workspace_of(call)
    one = owned(call.world.shared_reports, home, call.places["id"], "Shared report")
    if one.person != call.who and not is_admin(call, home):
        raise forbidden()
    return one


def _update(call: Call) -> Reply:
    home, one, given = workspace_of(call), _own(call), call.read(_Change)
    _fill(call, home, one, given)
    return Reply(show(one))


def _delete(call: Call) -> Reply:
    del call.world.shared_reports[_own(call).id]
    return Reply(status=204)


def _look(call: Call) -> Reply:
    """The report as it is now, with its settings under `filters`. A fixed report keeps its dates, whatever the query says."""
    one, asked = call.world.shared_reports.get(call.places["id"]), call.ask(_Look)
    if one is None:
        raise foreign("Shared report")
    home = call.world.workspaces[one.workspace]
    if not (one.public or one.person == call.who or _shared_with(call, one) or is_admin(call, home)):
        raise forbidden()
    changed = dict(one.filter)
    changed.update(_dates(call, one, asked))
    for name, value in (("exportType", asked.export_type), ("sortOrder", asked.sort_order)):
        changed.update({name: value} if value is not None else {})
    inner = {"SUMMARY": "summaryFilter", "DETAILED": "detailedFilter"}.get(one.kind)
    pages = {"sortColumn": asked.sort_column, "page": asked.page, "pageSize": asked.page_size}
    given = {name: value for name, value in pages.items() if value is not None}
    if inner:
        changed[inner] = {**msgspec.convert(changed.get(inner) or {}, dict[str, object]), **given}
    elif one.kind == "EXPENSE_DETAILED":
        changed.update(given)
    rendered = _render(call, home, one, changed)
    if rendered is None:
        raise refuse(f"the sandbox does not play this yet: a shared report of type {one.kind}")
    told = {"id": one.id, "name": one.name, "isPublic": one.public, "fixedDate": one.fixed, "type": one.kind}
    rendered["filters"] = {**changed, **told, "timezone": changed.get("timeZone") or call.zone, "isAdminOrOwner": is_admin(call, home)}
    return as_asked(rendered, str(changed.get("exportType", "JSON")))


def _dates(call: Call, one: SharedReport, asked: _Look) -> dict[str, object]:
    """The window to look at, where it is another than the one that was kept."""
    if one.fixed:
        return {}
    if asked.date_range_start and asked.date_range_end:
        return {"dateRangeStart": asked.date_range_start, "dateRangeEnd": asked.date_range_end}
    kind = one.filter.get("dateRangeType", "ABSOLUTE")
    if kind == "ABSOLUTE":
        return {}
    today = call.now.astimezone(ZoneInfo(str(one.filter.get("timeZone") or call.zone))).date()
    first, last = _rolling(str(kind), today)
    return {
        "dateRangeStart": datetime.combine(first, time()).isoformat(),
        "dateRangeEnd": datetime.combine(last, time(23, 59, 59)).isoformat(),
    }


def _rolling(kind: str, today: date) -> tuple[date, date]:
    """The first and the last day of a window that moves with the calendar; weeks begin on Monday."""
    day, monday, month = timedelta(days=1), today - timedelta(days=today.weekday()), today.replace(day=1)
    week, year = timedelta(days=7), today.replace(month=1, day=1)
    last_month = (month - day).replace(day=1)
    return {
        "TODAY": (today, today),
        "YESTERDAY": (today - day, today - day),
        "THIS_WEEK": (monday, monday + week - day),
        "LAST_WEEK": (monday - week, monday - day),
        "PAST_TWO_WEEKS": (monday - 2 * week, monday - day),
        "THIS_MONTH": (month, (month + 31 * day).replace(day=1) - day),
        "LAST_MONTH": (last_month, month - day),
        "THIS_YEAR": (year, year.replace(month=12, day=31)),
        "LAST_YEAR": (year.replace(year=year.year - 1), year - day),
    }[kind]


def _render(call: Call, home: Workspace, one: SharedReport, filter: dict[str, object]) -> Row | None:
    """The report under a filter; None for a type that is not played."""
    try:
        if one.kind == "EXPENSE_DETAILED":
            return expenses.report(call, home, msgspec.convert(filter, expenses.Asked))[0]
        asked = msgspec.convert(filter, Asked)
    except msgspec.ValidationError as error:
        raise Unreadable(f"filter: {error}") from error
    if one.kind not in _RENDERED:
        return None
    rendered = _RENDERED[one.kind](call, home, asked)
    if one.kind == "SUMMARY":
        groups = msgspec.convert(rendered["groupOne"], list[Row])
        rendered.update({"donutChart": [], "groupTotals": {"groupOneTotalCount": len(groups)}})
    return rendered


_PATH = "/v1/workspaces/{workspaceId}/shared-reports"
ROUTES = (
    Route("GET", "/v1/shared-reports/{id}", _look),
    Route("GET", _PATH, _list, feature="SHARED_REPORTS"),
    Route("POST", _PATH, _create, writes=True, feature="SHARED_REPORTS"),
    Route("PUT", _PATH + "/{id}", _update, writes=True, feature="SHARED_REPORTS"),
    Route("DELETE", _PATH + "/{id}", _delete, writes=True, feature="SHARED_REPORTS"),
)
