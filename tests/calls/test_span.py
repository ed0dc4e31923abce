"""Periods that are told of before anything leaves."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.calls.shop import builtin, catalogue, param, tool
from tests.calls.test_run import W, run
from toolway.calls.span import check, to_the_end
from toolway.catalog.model import Json, Span, Tool
from toolway.errors import BadArgument

FREE, PAID = {"plan": "free plan"}, {"plan": "paid plan"}
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1))


def told(found: Tool, start: Any, end: Any, **settings: str) -> str:
    assert found.span
    names = [place.rpartition(".")[2] for place in (found.span.start, found.span.end)]
    arguments = {name: value for name, value in zip(names, (start, end), strict=True) if value is not None}
    try:
        check(found, arguments, arguments, settings)
    except BadArgument as error:
        return error.sentence
    return ""


WEEKLY, DETAILED = (builtin(f"CLOCKIFY_GENERATE_{kind}_REPORT")[0] for kind in ("WEEKLY", "DETAILED"))
DAYS = tool("GET /x", param("query", "a", "date"), param("query", "b", "date"), span=Span("query.a", "query.b", 2, 3))
WEEK = tool("GET /x", param("query", "a", "date"), param("query", "b", "date"), span=Span("query.a", "query.b", 7, 7))
LONG = tool("GET /x", param("query", "a", "time"), param("query", "b", "time"), span=Span("query.a", "query.b", 2))


@pytest.mark.parametrize(
    ("found", "start", "end", "settings", "words"),
    [
        (WEEKLY, "2026-11-02T00:00:00", "2026-11-08T23:59:59.999", {}, ""),
        (WEEKLY, "2026-11-02T00:00:00", "2026-11-08T23:59:59", FREE, ""),
        (WEEKLY, "2026-11-02T00:00:00", "2026-11-09T00:00:00", {}, ""),
        (
            WEEKLY,
            "2026-11-02T00:00:00",
            "2026-11-08T00:00:00",
            {},
            "not the 7 days that it has to be. With this beginning dateRangeEnd is 2026-11-08T23:59:59.999",
        ),
        (WEEKLY, "2026-11-02T00:00:00", "2026-11-09T00:00:01", {}, "not the 7 days"),
        (
            WEEKLY,
            "2026-11-09T00:00:00",
            "2026-11-02T00:00:00",
            {},
            "dateRangeStart (2026-11-09T00:00:00) is after dateRangeEnd (2026-11-02T00:00:00)",
        ),
        (WEEKLY, "9999-12-30T00:00:00", "9999-12-31T00:00:00", {}, "Give an earlier period"),
        (DETAILED, "2026-10-01T00:00:00", "2026-10-31T23:59:59.999", FREE, ""),
        (DETAILED, "2026-10-01T00:00:00", "2026-11-01T00:00:00", FREE, ""),
        (
            DETAILED,
            "2026-10-01T00:00:00",
            "2026-11-01T00:00:01",
            FREE,
            "more than 31 days, the most that is taken on the free plan. Ask for at most 31 days at a time",
        ),
        (DETAILED, "2026-01-01T00:00:00", "2026-12-31T00:00:00", PAID, ""),
        (DETAILED, "2026-01-01T00:00:00", "2026-12-31T00:00:00", {}, ""),
        (DETAILED, "2026-12-01T00:00:00", "2026-11-30T00:00:00", PAID, "is after"),
        (DETAILED, "2026-12-01T00:00:00", None, FREE, ""),
        (DETAILED, "yesterday", "2026-12-01T00:00:00", FREE, ""),
        (DAYS, "2026-11-02", "2026-11-03", {}, ""),
        (DAYS, "2026-11-02", "2026-11-04", {}, ""),
        (DAYS, "2026-11-02", "2026-11-02", {}, "less than 2 days"),
        (DAYS, "2026-11-02", "2026-11-05", {}, "more than 3 days"),
        (DAYS, "2026-11-02", "2026-11-01", {}, "is after"),
        (WEEK, "2026-11-02", "2026-11-08", {}, ""),
        (WEEK, "2026-11-02", "2026-11-09", {}, "With this beginning b is 2026-11-08."),
        (WEEK, "9999-12-31", "9999-12-31", {}, "Give an earlier period"),
        (LONG, "2026-11-02T09:00:00Z", "2026-11-03T09:00:00Z", {}, "less than 2 days, the least that is taken. Ask for a longer period"),
        (LONG, "2026-11-02T09:00:00+02:00", "2026-11-02T08:00:00+01:00", {}, "less than 2 days"),
        (LONG, "2026-11-02T09:00:00+02:00", "2026-11-02T09:00:00+03:00", {}, "is after"),
        (LONG, "2026-11-02T09:00:00", "2026-11-02T08:00:00Z", {}, ""),
    ],
)
def test_a_period(found: Tool, start: Any, end: Any, settings: dict[str, str], words: str) -> None:
    said = told(found, start, end, **settings)
    assert words in said and bool(said) == bool(words)


@given(MOMENTS, MOMENTS)
def test_a_period_goes_or_is_told_and_what_is_told_goes(one: datetime, other: datetime) -> None:
    first, last = sorted((one, other))
    said = told(WEEKLY, first.isoformat(), last.isoformat())
    assert bool(said) != (timedelta(days=7, seconds=-1) <= last - first <= timedelta(days=7))
    if said:
        end = said.rpartition(" is ")[2].rstrip(".")
        assert not told(WEEKLY, first.isoformat(), end)


def test_whose_doing_it_is() -> None:
    """Where neither end was given, what the service holds itself is sent back as it is."""
    found, _ = builtin("CLOCKIFY_UPDATE_TIME_ENTRY")
    wrong: Json = {"start": "2026-11-02T09:00:00Z", "end": "2026-11-02T08:00:00Z"}
    check(found, {"description": "x"}, wrong | {"description": "x"}, {})
    with pytest.raises(BadArgument):
        check(found, {"end": wrong["end"]}, wrong, {})
    check(found, {"end": None}, wrong | {"end": None}, {})


async def test_nothing_leaves() -> None:
    period: Json = {"workspaceId": W, "dateRangeStart": "2026-01-01", "dateRangeEnd": "2026-11-08"}
    with pytest.raises(BadArgument) as raised:
        await run("CLOCKIFY_GENERATE_WEEKLY_REPORT", period | {"weeklyFilter": {"group": "USER"}}, {})
    assert "dateRangeEnd is 2026-01-07T23:59:59.999" in raised.value.sentence
    with pytest.raises(BadArgument, match="on the free plan"):
        await run("CLOCKIFY_GENERATE_SUMMARY_REPORT", period | {"summaryFilter": {"groups": ["USER"]}}, {}, plan="free plan")


async def test_each_of_several_entries_is_looked_at_before_any_is_read() -> None:
    wrong: Json = {"start": "2026-11-20T09:00:00Z", "end": "2026-11-20T08:00:00Z"}
    entries: list[Json] = [{"id": "a", "start": wrong["start"]}, {"id": "b"} | wrong]
    given: Json = {"workspaceId": W, "userId": W, "entries": entries}
    with pytest.raises(BadArgument, match=r"entries\[1\]\.start \(2026-11-20T09:00:00Z\) is after entries\[1\]\.end"):
        await run("CLOCKIFY_UPDATE_TIME_ENTRIES", given, {})
    table = {f"GET /v1/workspaces/{W}/user/{W}/time-entries": [{"id": "a", "timeInterval": {"end": "2026-11-20T08:30:00Z"}}]}
    with pytest.raises(BadArgument, match=r"entries\[0\]\.start"):
        await run("CLOCKIFY_UPDATE_TIME_ENTRIES", given | {"entries": entries[:1]}, table)
    with pytest.raises(BadArgument, match="is after end"):
        await run("CLOCKIFY_UPDATE_TIME_ENTRY", {"workspaceId": W, "id": W} | wrong, {})


async def test_an_entry_that_ends_before_it_began_is_not_changed() -> None:
    path = f"/v1/workspaces/{W}/time-entries/{W}"
    table = {f"GET {path}": {"id": W, "timeInterval": {"start": "2026-11-20T09:00:00Z", "end": None}}}
    with pytest.raises(BadArgument, match="is after end"):
        await run("CLOCKIFY_UPDATE_TIME_ENTRY", {"workspaceId": W, "id": W, "end": "2026-11-20T08:00:00Z"}, table)


def test_every_period_that_a_tool_takes_is_looked_at() -> None:
    """Both ends of a period stand in a tool: then it has a span."""
    without: set[str] = set()
    for card in catalogue().cards():
        found, _ = builtin(card.slug)
        fields = [*(p.field for p in found.params), *(found.whole.field.kind.fields if found.whole else ())]
        names = {field.name for field in fields if field.kind.word in ("time", "wall", "date")}
        if any(pair <= names for pair in ({"start", "end"}, {"from", "to"}, {"dateRangeStart", "dateRangeEnd"})) and not found.span:
            without.add(found.slug)
    assert not without


def test_what_is_read_up_to_a_day_is_read_to_its_end() -> None:
    day = {"dateRangeStart": "2026-11-01", "dateRangeEnd": "2026-11-27"}
    assert to_the_end(DETAILED, day) == day | {"dateRangeEnd": "2026-11-27T23:59:59.999"}
    entries = builtin("CLOCKIFY_GET_TIME_ENTRIES")[0]
    assert to_the_end(entries, {"start": "2026-11-27", "end": "2026-11-27"}) == {"start": "2026-11-27", "end": "2026-11-27T23:59:59"}
    for same in ({}, {"end": "2026-11-27T00:00:00"}, {"end": None}, {"end": ["2026-11-27"]}, {"end": "yesterday"}):
        assert to_the_end(entries, same) == same
    created = builtin("CLOCKIFY_CREATE_TIME_ENTRY")[0]
    assert to_the_end(created, {"end": "2026-11-27"}) == {"end": "2026-11-27"}
    assert to_the_end(DAYS, {"b": "2026-11-27"}) == {"b": "2026-11-27"}
