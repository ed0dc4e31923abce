"""Which entries a report is about: the body that the three time reports share, read and applied."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import msgspec

from toolway.sandbox.clockify.house import Row, SortOrder, entries_cost, refuse, wall
from toolway.sandbox.wire import Call
from toolway.sandbox.world import Entry, Workspace, World, hex_id

AmountKind = Literal["EARNED", "COST", "PROFIT", "HIDE_AMOUNT", "EXPORT"]
Contains = Literal["CONTAINS", "DOES_NOT_CONTAIN", "CONTAINS_ONLY"]


class Chosen(msgspec.Struct):
    """Some things by id: the entries that have one of them, or those that have none."""

    ids: list[str] = []
    contains: Contains = "CONTAINS"
    status: str | None = None

    def lets(self, had: set[str]) -> bool:
        """Whether an entry that has `had` passes."""
        if not self.ids:
            return True
        return bool(had & set(self.ids)) == (self.contains != "DOES_NOT_CONTAIN")


class DetailedFilter(msgspec.Struct, rename="camel"):
    """Pages and order of a detailed report."""

    page: Annotated[int, msgspec.Meta(ge=1)] = 1
    page_size: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 50
    sort_column: Literal["ID", "DESCRIPTION", "USER", "DURATION", "DATE", "ZONED_DATE", "NATURAL", "USER_DATE"] = "DATE"


class SummaryFilter(msgspec.Struct, rename="camel"):
    """The levels of a summary report."""

    groups: Annotated[list[str], msgspec.Meta(min_length=1, max_length=3)]
    sort_column: Literal["GROUP", "DURATION", "AMOUNT", "EARNED", "COST", "PROFIT"] = "GROUP"


class WeeklyFilter(msgspec.Struct):
    """The two levels of a weekly report."""

    group: str = "PROJECT"
    subgroup: str = "TIME"


class Asked(msgspec.Struct, rename="camel"):
    """The body of a report; times are what a clock on the wall of `timeZone` shows."""

    date_range_start: Annotated[str, msgspec.Meta(min_length=1)]
    date_range_end: Annotated[str, msgspec.Meta(min_length=1)]
    time_zone: str | None = None
    export_type: Literal["JSON", "JSON_V1", "PDF", "CSV", "XLSX", "ZIP"] = "JSON"
    sort_order: SortOrder | None = None
    amount_shown: AmountKind = "EARNED"
    amounts: list[AmountKind] = []
    billable: bool | None = None
    description: str | None = None
    without_description: bool = False
    users: Chosen | None = None
    clients: Chosen | None = None
    projects: Chosen | None = None
    tasks: Chosen | None = None
    tags: Chosen | None = None
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


def span(call: Call, asked: Asked) -> Span:
    """The window that is asked for."""
    name = asked.time_zone or call.world.zone
    try:
        zone = ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise refuse(f"Time zone '{name}' is not known") from None
    found = Span(wall(asked.date_range_start, name), wall(asked.date_range_end, name), zone)
    if found.end < found.begin:
        raise refuse("dateRangeEnd is before dateRangeStart")
    if asked.export_type not in ("JSON", "JSON_V1"):
        raise refuse(f"the sandbox does not play this yet: exportType {asked.export_type}")
    return found


def chosen(world: World, home: Workspace, asked: Asked, window: Span) -> list[Entry]:
    """The finished entries of the window that pass every filter, in the order of time."""
    word = (asked.description or "").casefold()
    rows: list[Entry] = []
    for entry in world.entries.values():
        if entry.workspace != home.id or entry.end is None or not window.begin <= entry.start <= window.end:
            continue
        project = world.projects.get(entry.project) if entry.project else None
        client = project.client if project else None
        had = (
            (asked.users, {entry.person}),
            (asked.clients, {client} if client else set[str]()),
            (asked.projects, {entry.project} if entry.project else set[str]()),
            (asked.tasks, {entry.task} if entry.task else set[str]()),
            (asked.tags, set(entry.tags)),
        )
        if (
            all(choice is None or choice.lets(things) for choice, things in had)
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
