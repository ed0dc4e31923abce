"""Days, clocks and periods in the words of a request. Pure.

Certain are days and moments as ISO 8601 writes them, and two clocks of 24 hours ("09:00 to 11:30") on one such day. Of everything else
that tells a time this only says that it is told.
"""

import re
from collections.abc import Iterator
from datetime import datetime, time
from typing import Final

_ISO_DAY: Final = r"(?<![\w.-])\d{4}-\d\d-\d\d"
_DAY = re.compile(rf"{_ISO_DAY}(?![\w-])")
_MOMENT = re.compile(rf"{_ISO_DAY}[T ]\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)?(?!\w)")
_THAT_DAY = re.compile(r"\b(?:on|for|of)\s+$", re.IGNORECASE)
_CLOCK: Final = r"\d\d?:\d\d(?::\d\d)?"
_RANGE: Final = (
    rf"(?:(?:from|between|at|von|zwischen)\s+)?(?P<begin>{_CLOCK})\s?(?:to|-|\u2013|\u2014|until|till|bis|and|und)\s?(?P<end>{_CLOCK})"
)
_PERIOD = re.compile(
    rf"(?P<before>{_ISO_DAY})[T,:]?\s?{_RANGE}(?![\w:+-])|(?<![\w.:-]){_RANGE.replace('<begin>', '<first>').replace('<end>', '<last>')}"
    rf"(?![\w:+-])(?:,?\s(?:on\s|am\s|of\s)?(?P<after>\d{{4}}-\d\d-\d\d)(?![\w-])|(?=.{{0,400}}\bon\s(?P<far>\d{{4}}-\d\d-\d\d)(?![\w-])))",
    re.IGNORECASE | re.DOTALL,
)
"""Both clocks next to their day, or the day further on with "on" before it."""
_AND, _BETWEEN = (re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for words in ("and|und", "between|zwischen"))
_NOT_ONCE = re.compile(r"\b(?:every|each|daily|since|except|without|break|not|days?|pause|täglich|jeden)\b|\d\s?[ap]\.?m\b", re.IGNORECASE)
"""What makes a period another one than its clocks and its day say."""
_LASTS = re.compile(
    r"\b(?:\d+(?:[.,:]\d+)?|an?|one|two|three|four|five|six|seven|eight|nine|ten|half|several|zwei|deux|dos|due|duas|twee|dwie)[\s-]{0,2}"
    r"(?:h|hrs?|hours?|mins?|minutes?|stunden?|minuten|heures?|horas?|ore|uur|godzin\w{0,2})\b",
    re.IGNORECASE,
)
"""That something lasts so long: when it began and ended is then to be told."""
_TOLD_CLOCK = re.compile(
    rf"(?<![\w:]){_CLOCK}(?!\w)|\b\d\d?(?:[:.]\d\d)?\s?[ap]\.?m\b|\b\d\d?h\d\d\b|\b\d\d?\s?(?:o'clock|uhr)\b|\b(?:noon|midnight)\b"
    r"|\b(?:from|since|until|till|at|between|von|bis|seit|ab)\s\d\d?(?![\w:.-])|\b\d\d?\s?(?:to|-|\u2013|\u2014|until|till|bis)\s?\d\d?\b(?![\w:.-])",
    re.IGNORECASE,
)
_MONTH: Final = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\b"
_TOLD_DAY = re.compile(
    rf"{_ISO_DAY}(?!\d)|\b(?:yesterday|tomorrow|last night|gestern|vorgestern|ayer|ieri)\b"
    r"|\bdays? ago\b|\b(?:last|past|previous) (?:week|weekend|month|quarter|year)\b"
    rf"|\b\d\d?(?:st|nd|rd|th)?\s(?:of\s)?{_MONTH}|\b{_MONTH}\s\d\d?\b|\b\d\d?\.\d\d?\.(?!\d\d?\.)|\b\d\d?/\d\d?/\d\d"
    r"|\b(?:on|last|this|past) (?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)\b",
    re.IGNORECASE,
)
_TOLD_PART = re.compile(r"\bthis morning\b|\btoday (?:at|from)\b", re.IGNORECASE)
_TOLD_NOW = re.compile(r"\btoday\b|\bthis (?:morning|afternoon|week|month|quarter|year)\b", re.IGNORECASE)


def moments(words: str) -> list[str]:
    """The moments in a request, as it writes them."""
    return [found.group() for found in _MOMENT.finditer(words)]


def days(words: str) -> list[str]:
    """The days in a request that belong to no moment."""
    return [found.group() for found in _DAY.finditer(_MOMENT.sub(" ", words))]


def that_day(words: str) -> bool:
    """Whether the first of these days is one that is meant as a whole, as "on 2026-11-20" is and "since 2026-11-20" is not."""
    text = _MOMENT.sub(" ", words)
    found = _DAY.search(text)
    return found is not None and bool(_THAT_DAY.search(text[: found.start()]))


def period(words: str) -> tuple[str, str] | None:
    """The two moments of one day between which something was done, None where they are not certain."""
    found = list(_PERIOD.finditer(words))
    if len(found) != 1 or len(re.findall(_CLOCK, words)) != 2 or len(_DAY.findall(_apart(words))) != 1:
        return None
    if _NOT_ONCE.search(words) or _LASTS.search(words):
        return None
    if _AND.search(found[0].group()) and not _BETWEEN.search(found[0].group()):
        return None
    part = found[0].groupdict()
    day = next(filter(None, (part["before"], part["after"], part["far"])))
    try:
        begin, end = (time.fromisoformat(clock.zfill(5)) for clock in _clocks(part))
        first, last = (f"{datetime.fromisoformat(day).date()}T{clock.isoformat()}" for clock in (begin, end))
    except ValueError:  # no such day, or no such clock
        return None
    return (first, last) if begin < end else None


def _apart(words: str) -> str:
    """The words with their days apart from what is glued to them: "2026-11-26T09:00"."""
    return re.sub(rf"({_ISO_DAY})T(?=\d)", r"\1 ", words)


def _clocks(part: dict[str, str | None]) -> Iterator[str]:
    for one, other in (("begin", "first"), ("end", "last")):
        yield part[one] or part[other] or ""


def lasting(words: str) -> bool:
    """Whether a request says how long something was."""
    return bool(_LASTS.search(words))


def clock_told(words: str) -> bool:
    """Whether a request says at what time something was."""
    return bool(_TOLD_CLOCK.search(re.sub(rf"{_ISO_DAY}T?", " ", words)))


def day_told(words: str) -> bool:
    """Whether a request says on what other day than today something was."""
    return bool(_TOLD_DAY.search(words))


def part_told(words: str) -> bool:
    """Whether a request says in what part of today something was."""
    return bool(_TOLD_PART.search(words))


def now_told(words: str) -> bool:
    """Whether a request speaks of the day, week, month, quarter or year that it is now."""
    return bool(_TOLD_NOW.search(words))


def in_order(first: str, last: str) -> bool:
    """Whether two days or moments are such, and stand in their order."""
    try:
        return datetime.fromisoformat(first) <= datetime.fromisoformat(last)
    except (ValueError, TypeError):  # no such day, or one of them has an offset
        return False
