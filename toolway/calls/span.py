"""Periods that a service would refuse, told before anything leaves: pure.

What is compared is what is sent: instants as moments, faces of a clock by their digits, which is how the services read them.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from toolway.calls.arguments import iso
from toolway.calls.places import at
from toolway.catalog.model import Json, Span, Tool
from toolway.errors import BadArgument

_DAY, _SECOND, _INSTANT = timedelta(days=1), timedelta(seconds=1), timedelta(milliseconds=1)
_DATE = len("2026-11-20")


def check(tool: Tool, given: Json, taken: Json, settings: Mapping[str, str]) -> None:
    """Raise `BadArgument` for a period that ends before it begins, or is longer or shorter than the tool says.

    `taken` is what will be sent, `given` what came from the agent: a period of which it gave neither end is none of its doing. A length
    that holds for a plan is looked at where `plan` of the account's `settings` names that plan. Of a body that is a list each item is.
    """
    span = tool.span
    if span is None:
        return
    if tool.whole is None or not span.start.startswith("whole."):
        _period(tool, span, "", _ends(tool, given, span), _ends(tool, taken, span), settings)
        return
    (first, last), whole = [place.rpartition(".")[2] for place in (span.start, span.end)], tool.whole.given
    for number, (own, sent) in enumerate(zip(given[whole], taken[whole], strict=True)):
        ends = own.get(first), own.get(last)
        _period(tool, span, f"{whole}[{number}].", ends, (sent.get(first), sent.get(last)), settings)


def _ends(tool: Tool, arguments: Json, span: Span) -> tuple[Any, Any]:
    return at(tool, arguments, span.start), at(tool, arguments, span.end)


def _period(tool: Tool, span: Span, where: str, own: tuple[Any, Any], sent: tuple[Any, Any], settings: Mapping[str, str]) -> None:
    """Look at one period: its ends as they came from the agent, and as they will be sent."""
    (first, last), names = sent, [where + place.rpartition(".")[2] for place in (span.start, span.end)]
    start, end = _moment(first), _moment(last, last=True)
    if own == (None, None) or start is None or end is None or (start.tzinfo is None) != (end.tzinfo is None):
        return
    if start > end:
        raise BadArgument(f"{tool.slug}: {names[0]} ({first}) is after {names[1]} ({last}).", fix="Give the earlier moment first.")
    if span.when in ("", settings.get("plan", "")) and (wrong := _wrong(span, end - start)):
        plan = f" on the {span.when}" if span.when else ""
        told = f"{tool.slug}: from {names[0]} ({first}) to {names[1]} ({last}) it is {wrong}{plan}."
        raise BadArgument(told, fix=_fix(span, start, names[1], len(first) == _DATE))


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
