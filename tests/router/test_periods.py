"""Periods in words: which are certain, and which are only told of."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolway.router import periods


@pytest.mark.parametrize(
    "words",
    [
        "log 2026-11-26 09:00 to 11:30 on project Lynx",
        "log 2026-11-26 09:00-11:30",
        "log 2026-11-26T09:00 until 11:30",
        "log 2026-11-26, 9:00 \u2013 11:30",
        "log 2026-11-26 from 09:00 till 11:30",
        "log 09:00 to 11:30 on 2026-11-26",
        "log 09:00-11:30 2026-11-26",
        "log from 09:00 to 11:30 on project Lynx, on 2026-11-26",
        "log between 09:00 and 11:30 on 2026-11-26",
        "trage am 2026-11-26 von 09:00 bis 11:30 ein",
    ],
)
def test_one_day_and_two_clocks_are_a_period(words: str) -> None:
    assert periods.period(words) == ("2026-11-26T09:00:00", "2026-11-26T11:30:00")


@pytest.mark.parametrize(
    "words",
    [
        "log 09:00 to 11:30",
        "log 09:00 to 11:30 yesterday",
        "log 2026-11-26 from 9 to 11",
        "log 2026-11-26 09:00 to 11:30 pm",
        "log 2026-11-26 1:00 to 3:30pm",
        "log 2026-11-26 11:30 to 09:00",
        "log 2026-11-26 22:00 to 25:00",
        "log 2026-02-30 09:00 to 11:30",
        "log 2026-11-26 09:00 and 11:30",
        "log 2026-11-26 09:00 to 11:30Z",
        "log 2026-11-26 09:00 to 11:30+02:00",
        "log 2026-11-26 and 2026-11-27 09:00 to 11:30",
        "log 09:00 to 11:30 every day since 2026-11-26",
        "log 2026-11-26 09:00 to 12:30 with a break from 10:00 to 10:15",
        "log 1 hour on 2026-11-26, 09:00 to 11:30",
        "log 09:00 to 11:30, the report is due by 2026-11-26",
    ],
)
def test_what_is_no_certain_period(words: str) -> None:
    assert periods.period(words) is None
    assert periods.clock_told(words) or periods.day_told(words)


def test_a_day_tells_no_clock() -> None:
    assert not periods.clock_told("move my entry of 2026-11-20 to project Lynx")
    assert periods.clock_told("move my entry of 2026-11-20T09:00 to project Lynx")


@pytest.mark.parametrize(
    "words", ["start a timer", "start a timer on project Lynx 2", "start my timer for today", "log time on task 12", "clock me in", ""]
)
def test_what_tells_no_time(words: str) -> None:
    assert not periods.clock_told(words)
    assert not periods.day_told(words)


speech = st.lists(
    st.sampled_from(["2026-11-26", "2026-13-01", "09:00", "9:00", "11:30", "to", "-", "until", "from", "on", "at", "am", "T", "Z"])
    | st.text(max_size=5),
    max_size=12,
).flatmap(lambda parts: st.sampled_from([" ", ""]).map(lambda gap: gap.join(parts)))


@given(speech)
def test_a_period_ends_on_its_day_and_after_it_began(words: str) -> None:
    found = periods.period(words)
    if found is not None:
        first, last = (datetime.fromisoformat(moment) for moment in found)
        assert first < last
        assert first.date() == last.date()
        assert str(first.date()) in words
