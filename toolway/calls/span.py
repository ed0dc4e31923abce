"""Periods that a service would refuse, told before anything leaves: pure.

What is compared is what is sent: instants as moments, faces of a clock by their digits, which is how the services read them.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from toolway.calls.arguments import iso
from toolway.calls.places import at, field_at, placed
from toolway.catalog.model import Field, Json, Span, Tool
from toolway.errors import BadArgument

_DAY, _SECOND, _INSTANT = timedelta(days=1), timedelta(seconds=1), timedelta(milliseconds=1)
_DATE = len("2026-11-20")
_DAY_ALONE = re.compile(r"\d{4}-\d\d-\d\d")


def check(tool: Tool, given: Json, taken: Json, settings: Mapping[str, str]) -> None:
    """Raise `BadArgument` for a period that ends before it begins, or is longer or shorter than the tool says.

    `taken` is what will be sent, `given` what came from the agent: a period of which it gave neither end is none of its doing. A length
    that holds for a plan is looked at where `plan` of the account's `settings` names that plan. Of a body that is a list each item is.
    """
    span = tool.span
    if span is None:
        return
    for (_, *own), (where, first, last) in zip(_periods(tool, span, given), _periods(tool, span, taken), strict=True):
        start, end = _moment(first), _moment(last, last=True)
        if own == [None, None] or start is None or end is None or (start.tzinfo is None) != (end.tzinfo is None):
            continue
        names = [where + _member(place) for place in (span.start, span.end)]
        if start > end:
            raise BadArgument(f"{tool.slug}: {names[0]} ({first}) is after {names[1]} ({last}).", fix="Give the earlier moment first.")
        if span.when in ("", settings.get("plan", "")) and (wrong := _wrong(span, end - start)):
            plan = f" on the {span.when}" if span.when else ""
            told = f"{tool.slug}: from {names[0]} ({first}) to {names[1]} ({last}) it is {wrong}{plan}."
            raise BadArgument(told, fix=_fix(span, start, names[1], len(first) == _DATE))


def to_the_end(tool: Tool, given: Json) -> Json:
    """The arguments as they came, where what is read up to a day is read to the end of that day."""
    field = field_at(tool, tool.span.end) if tool.span and tool.effect == "read" else None
    if tool.span is None or field is None or field.kind.word not in ("time", "wall"):
        return given
    day = at(tool, given, tool.span.end)
    if not isinstance(day, str) or not _DAY_ALONE.fullmatch(day):
        return given
    return given | placed(tool, given, tool.span.end, f"{day}T{last_clock(field)}")


def last_clock(field: Field) -> str:
    """What a clock shows at the end of a day: to the millisecond, save where the service wants a mark and no fraction."""
    return "23:59:59" if field.kind.mark else "23:59:59.999"


def _periods(tool: Tool, span: Span, arguments: Json) -> list[tuple[str, Any, Any]]:
    """The periods in the arguments: what their names stand behind, and their two ends."""
    if tool.whole is None or not span.start.startswith("whole."):
        return [("", at(tool, arguments, span.start), at(tool, arguments, span.end))]
    items, first, last = enumerate(arguments[tool.whole.given]), _member(span.start), _member(span.end)
    return [(f"{tool.whole.given}[{number}].", item.get(first), item.get(last)) for number, item in items]


def _member(place: str) -> str:
    return place.rpartition(".")[2]


def _wrong(span: Span, length: timedelta) -> str:
    """What is wrong with a length. A day is over with its last second."""
    short, long = length < span.least * _DAY - _SECOND, span.most is not None and length > span.most * _DAY
    if short or long:
        if span.least == span.most:
            return f"not the {span.most} days that it has to be"
        return f"more than {span.most} days, the most that is taken" if long else f"less than {span.least} days, the least that is taken"
    return ""


def _fix(span: Span, start: datetime, last: str, day: bool) -> str:
    if span.most is None:
        return "Ask for a longer period."
    if span.least != span.most:
        return f"Ask for at most {span.most} days at a time."
    try:
        end = start.replace(tzinfo=None) + span.most * _DAY - _INSTANT
    except OverflowError:
        return "Give an earlier period."
    return f"With this beginning {last} is {end.date() if day else iso(end)}."


def _moment(value: Any, *, last: bool = False) -> datetime | None:
    """The moment that is meant; of a day its first, or its last."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None  # a default in the service's own words
    if moment and last and len(value) == _DATE:
        return moment.replace(hour=23, minute=59, second=59, microsecond=999_000)
    return moment
