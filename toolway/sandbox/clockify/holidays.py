"""Holidays: `getHolidays`, `getHolidaysInPeriod`. Neither has pages; the window of the second is a wall clock and takes times, not days."""

import re
from datetime import date
from zoneinfo import ZoneInfo

import msgspec

from toolway.sandbox.clockify.house import Row, absent, person_of, refuse, wall, workspace_of
from toolway.sandbox.wire import Call, Reply, Route
from toolway.sandbox.world import Holiday, World

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?Z")


class _Search(msgspec.Struct, rename="kebab"):
    assigned_to: str | None = None
    start: str | None = None
    end: str | None = None


def show(holiday: Holiday) -> Row:
    """A holiday (schema HolidayDtoV1)."""
    return {
        "id": holiday.id,
        "workspaceId": holiday.workspace,
        "name": holiday.name,
        "datePeriod": {"startDate": holiday.start.isoformat(), "endDate": holiday.end.isoformat()},
        "occursAnnually": holiday.yearly,
        "everyoneIncludingNew": holiday.everyone,
        "userIds": holiday.people,
        "userGroupIds": holiday.groups,
        "automaticTimeEntryCreation": False,
        "projectId": None,
        "taskId": None,
    }


def _concerns(world: World, holiday: Holiday, person: str) -> bool:
    """Whether somebody has that day off."""
    grouped = {id for group in holiday.groups if group in world.groups for id in world.groups[group].members}
    return holiday.everyone or person in holiday.people or person in grouped


def _of(call: Call, person: str | None) -> list[Holiday]:
    """The workspace's holidays in the order of the calendar, or those of one member."""
    home = workspace_of(call)
    rows = [one for one in call.world.holidays.values() if one.workspace == home.id]
    if person:
        id = person_of(call, home, person).id
        rows = [one for one in rows if _concerns(call.world, one, id)]
    return sorted(rows, key=lambda one: (one.start, one.name))


def _list(call: Call) -> Reply:
    return Reply([show(one) for one in _of(call, call.ask(_Search).assigned_to)])


def _day(call: Call, name: str, text: str | None) -> date:
    """The day that a time of the query falls on."""
    if not text:
        raise absent(name)
    if not _TIME.fullmatch(text):
        raise refuse(f"Date '{text}' is not of the form yyyy-MM-ddThh:mm:ssZ")
    return wall(text, call.zone).astimezone(ZoneInfo(call.zone)).date()


def _falls(holiday: Holiday, first: date, last: date) -> bool:
    """Whether a holiday has a day in the period; a yearly one, in any year."""
    length = holiday.end - holiday.start
    if not holiday.yearly:
        return holiday.start <= last and holiday.end >= first
    days = [_same_day(year, holiday.start) for year in range(first.year - 1, last.year + 1)]
    return any(day <= last and day + length >= first for day in days)


def _same_day(year: int, day: date) -> date:
    """The same day of another year; the 29th of February is the 28th where there is none."""
    try:
        return day.replace(year=year)
    except ValueError:
        return day.replace(year=year, day=28)


def _in_period(call: Call) -> Reply:
    asked = call.ask(_Search)
    if not asked.assigned_to:
        raise absent("assigned-to")
    first, last = _day(call, "start", asked.start), _day(call, "end", asked.end)
    if last < first:
        raise refuse("Start date must not be after end date")
    return Reply([show(one) for one in _of(call, asked.assigned_to) if _falls(one, first, last)])


_PATH = "/v1/workspaces/{workspaceId}/holidays"
ROUTES = (
    Route("GET", _PATH, _list, feature="TIME_OFF"),
    Route("GET", _PATH + "/in-period", _in_period, feature="TIME_OFF"),
)
