"""Which entries a report is about: the body that the three time reports share, read and applied."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import msgspec

from toolway.sandbox.clockify.house import Row, SortOrder, currency_id, entries_cost, refuse, wall
from toolway.sandbox.clockify.plans import check_length
from toolway.sandbox.wire import Call
from toolway.sandbox.world import Entry, Workspace, World, hex_id

AmountKind = Literal["EARNED", "COST", "PROFIT", "HIDE_AMOUNT", "EXPORT"]
Contains = Literal["CONTAINS", "DOES_NOT_CONTAIN", "CONTAINS_ONLY"]
Weekday = Literal["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]
RangeType = Literal[
    "ABSOLUTE", "TODAY", "YESTERDAY", "THIS_WEEK", "LAST_WEEK", "PAST_TWO_WEEKS", "THIS_MONTH", "LAST_MONTH", "THIS_YEAR", "LAST_YEAR"
]


class _Choice(msgspec.Struct, rename="camel"):
    """Some things by id: the entries that have one of them, those that have none, or those that have nothing else."""

    ids: list[str] = []
    contains: Contains = "CONTAINS"

    def _passes(self, had: set[str], keep: set[str], how: Contains) -> bool:
        if not self.ids:
            return True
        if how == "CONTAINS_ONLY":
            return bool(had) and had <= keep
        return bool(had & keep) == (how == "CONTAINS")


class Chosen(_Choice, rename="camel"):
    """Things. With a status only those of the ids count that have it; tags say `contains` under a name of their own."""

    contained_in_timeentry: Contains | None = None
    status: Literal["ACTIVE", "ARCHIVED", "ALL"] = "ALL"

    def lets(self, had: set[str], archived: set[str]) -> bool:
        """Whether an entry that has `had` passes, when the things of `archived` are archived."""
        named = set(self.ids)
        keep = {"ACTIVE": named - archived, "ARCHIVED": named & archived, "ALL": named}[self.status]
        return self._passes(had, keep, self.contained_in_timeentry or self.contains)


class People(_Choice, rename="camel"):
    """People or groups; with a status only those of the ids count that have it."""

    status: Literal["ALL", "ACTIVE_WITH_PENDING", "ACTIVE", "PENDING", "INACTIVE"] = "ALL"

    def lets(self, had: set[str], world: World) -> bool:
        """Whether what somebody did passes; `had` is the person, or the groups of the person."""
        wanted = {"ALL": None, "ACTIVE_WITH_PENDING": {"ACTIVE", "PENDING"}}.get(self.status, {self.status})
        keep = {id for id in self.ids if wanted is None or id not in world.people or world.people[id].status in wanted}
        return self._passes(had, keep, self.contains)


class FieldFilter(msgspec.Struct, rename="camel"):
    """Entries by the value of a custom field."""

    id: str
    is_empty: bool | None = None
    value: object = None
    number_condition: Literal["EQUAL", "GREATER_THAN", "LESS_THAN"] = "EQUAL"
    type: Literal["TXT", "NUMBER", "DROPDOWN_SINGLE", "DROPDOWN_MULTIPLE", "CHECKBOX", "LINK"] | None = None

    def lets(self, entry: Entry) -> bool:
        """Whether an entry passes."""
        had = entry.fields.get(self.id)
        if self.is_empty is not None:
            return (had is None) == self.is_empty
        if isinstance(had, int | float) and isinstance(self.value, int | float):
            return {"GREATER_THAN": had > self.value, "LESS_THAN": had < self.value}.get(self.number_condition, had == self.value)
        return had == self.value


class AuditFilter(msgspec.Struct, rename="camel"):
    """Entries that look odd: without a project or a task, shorter or longer than some minutes."""

    without_project: bool = False
    without_task: bool = False
    duration: int | None = None
    duration_shorter: bool = False

    def lets(self, entry: Entry) -> bool:
        """Whether an entry passes."""
        minutes = seconds(entry) / 60
        odd = self.duration is None or (minutes < self.duration if self.duration_shorter else minutes > self.duration)
        return odd and not (self.without_project and entry.project) and not (self.without_task and entry.task)


class Options(msgspec.Struct):
    """Whether a detailed report adds up."""

    totals: Literal["CALCULATE", "EXCLUDE"] = "CALCULATE"


class DetailedFilter(msgspec.Struct, rename="camel"):
    """Pages and order of a detailed report."""

    page: Annotated[int, msgspec.Meta(ge=1)] = 1
    page_size: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 50
    sort_column: Literal["ID", "DESCRIPTION", "USER", "DURATION", "DATE", "ZONED_DATE", "NATURAL", "USER_DATE"] = "DATE"
    audit_filter: AuditFilter | None = None
    options: Options = msgspec.field(default_factory=Options)


class SummaryFilter(msgspec.Struct, rename="camel"):
    """The levels of a summary report."""

    groups: Annotated[list[str], msgspec.Meta(min_length=1, max_length=3)]
    sort_column: Literal["GROUP", "DURATION", "AMOUNT", "EARNED", "COST", "PROFIT"] = "GROUP"
    summary_chart_type: Literal["BILLABILITY", "PROJECT"] = "PROJECT"


class WeeklyFilter(msgspec.Struct):
    """The two levels of a weekly report."""

    group: str = "PROJECT"
    subgroup: str = "TIME"


class Window(msgspec.Struct, rename="camel"):
    """What the bodies of all reports share; times are what a clock on the wall of `timeZone` shows.

    `dateRangeType` moves the window of a shared report that is not fixed; a report that is asked for takes the dates, whatever the type.
    """

    date_range_start: Annotated[str, msgspec.Meta(min_length=1)]
    date_range_end: Annotated[str, msgspec.Meta(min_length=1)]
    date_range_type: RangeType = "ABSOLUTE"
    time_zone: str | None = None
    export_type: Literal["JSON", "JSON_V1", "PDF", "CSV", "XLSX", "ZIP"] = "JSON"
    sort_order: SortOrder | None = None
    billable: bool | None = None
    users: People | None = None
    user_groups: People | None = None
    clients: Chosen | None = None
    projects: Chosen | None = None
    tasks: Chosen | None = None
    currency: Chosen | None = None
    approval_state: Literal["APPROVED", "UNAPPROVED", "ALL"] = "ALL"
    invoicing_state: Literal["INVOICED", "UNINVOICED", "ALL"] = "ALL"
    week_start: Weekday | None = None
    zoom_level: Literal["WEEK", "MONTH", "YEAR"] | None = None
    user_locale: str | None = None

    @property
    def settled(self) -> bool:
        """Whether only what is approved or invoiced is asked for, which nothing here ever is."""
        return self.approval_state == "APPROVED" or self.invoicing_state == "INVOICED"


class Asked(Window, rename="camel"):
    """The body of a time report (schema ReportFilterV1). Formats, rounding and what is for attendance change nothing here."""

    amount_shown: AmountKind = "EARNED"
    amounts: list[AmountKind] = []
    archived: bool | None = None
    rounding: bool | None = None
    description: str | None = None
    without_description: bool = False
    tags: Chosen | None = None
    custom_fields: list[FieldFilter] = []
    user_custom_fields: list[FieldFilter] = []
    attendance_filter: dict[str, object] | None = None
    date_format: str | None = None
    time_format: str | None = None
    detailed_filter: DetailedFilter | None = None
    summary_filter: SummaryFilter | None = None
    weekly_filter: WeeklyFilter | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """The window of a report, and the zone that its times are told in."""

    begin: datetime
    end: datetime
    zone: ZoneInfo

    @property
    def length(self) -> timedelta:
        """How long it is by the clock on the wall, to the whole second."""
        shown = self.end.astimezone(self.zone).replace(tzinfo=None) - self.begin.astimezone(self.zone).replace(tzinfo=None)
        return timedelta(seconds=round(shown.total_seconds()))

    def day(self, entry: Entry) -> str:
        """The day that an entry began on."""
        return entry.start.astimezone(self.zone).date().isoformat()


def span(call: Call, home: Workspace, asked: Window) -> Span:
    """The window that is asked for, if the plan allows one so long."""
    name = asked.time_zone or call.zone
    try:
        zone = ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise refuse(f"Time zone '{name}' is not known") from None
    found = Span(wall(asked.date_range_start, name), wall(asked.date_range_end, name), zone)
    if found.end < found.begin:
        raise refuse("dateRangeEnd is before dateRangeStart")
    check_length(home, found.length)
    return found


def fits(world: World, asked: Window, person: str, project_id: str | None, task: str | None) -> bool:
    """Whether what somebody did on a project passes the filters that all reports have."""
    project = world.projects.get(project_id) if project_id else None
    client = world.clients.get(project.client) if project and project.client else None
    grouped = {group.id for group in world.groups.values() if person in group.members}
    codes = {currency_id(client.currency if client else "USD")}
    gone_clients = {one.id for one in world.clients.values() if one.archived}
    gone_projects = {one.id for one in world.projects.values() if one.archived}
    return (
        not asked.settled
        and (asked.users is None or asked.users.lets({person}, world))
        and (asked.user_groups is None or asked.user_groups.lets(grouped, world))
        and (asked.clients is None or asked.clients.lets({client.id} if client else set(), gone_clients))
        and (asked.projects is None or asked.projects.lets({project.id} if project else set(), gone_projects))
        and (asked.tasks is None or asked.tasks.lets({task} if task else set(), set()))
        and (asked.currency is None or asked.currency.lets(codes, set()))
    )


def chosen(world: World, home: Workspace, asked: Asked, window: Span) -> list[Entry]:
    """The finished entries of the window that pass every filter, in the order of time."""
    word = (asked.description or "").casefold()
    odd = asked.detailed_filter.audit_filter if asked.detailed_filter else None
    archived = {one.id for one in world.tags.values() if one.archived}
    rows: list[Entry] = []
    for entry in world.entries.values():
        if entry.workspace != home.id or entry.end is None or not window.begin <= entry.start <= window.end:
            continue
        if (
            fits(world, asked, entry.person, entry.project, entry.task)
            and (asked.tags is None or asked.tags.lets(set(entry.tags), archived))
            and all(one.lets(entry) for one in asked.custom_fields)
            and (odd is None or odd.lets(entry))
            and asked.billable in (None, entry.billable)
            and word in entry.description.casefold()
            and (not asked.without_description or not entry.description)
        ):
            rows.append(entry)
    return sorted(rows, key=lambda one: (one.start, one.id))


def seconds(entry: Entry) -> int:
    """How long a finished entry took."""
    return int((entry.end - entry.start).total_seconds()) if entry.end else 0


def amount(world: World, entry: Entry, kind: AmountKind) -> float:
    """What an entry earned, cost or left over, in minor units."""
    earns, costs = entries_cost(world, entry)
    earned = earns * seconds(entry) / 3600 if entry.billable else 0
    cost = costs * seconds(entry) / 3600
    return round({"COST": cost, "PROFIT": earned - cost, "HIDE_AMOUNT": 0}.get(kind, earned), 2)


def kinds(asked: Asked) -> list[AmountKind]:
    """The amounts that are asked for."""
    return list(asked.amounts or [asked.amount_shown])


def totals(world: World, asked: Asked, rows: list[Entry]) -> list[Row]:
    """The one line of totals (schema TimeEntryReportTotals)."""
    if not rows:
        return []
    amounts = [{"type": kind, "value": round(sum(amount(world, one, kind) for one in rows), 2)} for kind in kinds(asked)]
    return [
        {
            "_id": hex_id("totals"),
            "totalTime": sum(map(seconds, rows)),
            "totalBillableTime": sum(seconds(one) for one in rows if one.billable),
            "entriesCount": len(rows),
            "totalAmount": amounts[0]["value"],
            "amounts": amounts,
        }
    ]
