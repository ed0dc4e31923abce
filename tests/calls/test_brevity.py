"""Results that are cut to a size."""

import json
import re
import sys
from collections.abc import Mapping
from operator import mul
from typing import Any, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.calls.shop import answer, builtin
from toolway.calls.brevity import MOST_CHARACTERS, brief
from toolway.calls.reply import read
from toolway.router.execute import Outcome

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.integers() | st.text(max_size=9) | st.none(),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.sampled_from("abcdef"), inner, max_size=6),
    max_leaves=40,
)
TREES: list[Mapping[str, Any]] = [{}, {"a": {"*": {}}}, {"*": {"*": {}}}, {"a": {"b": {"c": {}}}}]


def size(value: Any) -> int:
    return len(json.dumps(value, separators=(",", ":"), ensure_ascii=False))


def first_of(shorter: Any, longer: Any, few: int, every: bool = False) -> bool:
    """Whether it is the longer, with the first of each list or map: so many, or all; and with the first of each text."""
    if isinstance(longer, list):
        items = cast("list[Any]", longer)[:few]
        return len(shorter) == len(items) and all(first_of(shorter[n], item, few) for n, item in enumerate(items))
    if isinstance(longer, dict):
        members, names = cast("dict[str, Any]", longer), list(cast("dict[str, Any]", shorter))
        first = names == list(members)[: len(names)] and len(names) >= min(few, len(members))
        return first and all(first_of(shorter[name], members[name], few) for name in names)
    return shorter == longer or (isinstance(longer, str) and longer.startswith(shorter.removesuffix("...")) and len(shorter) < len(longer))


@given(VALUES, st.sampled_from(TREES), st.integers(10, 200))
def test_what_is_left_is_the_first_of_each_and_fits(data: Any, tree: Mapping[str, Any], most: int) -> None:
    short, note = brief(data, tree, "items", most)
    assert bool(note) == (short != data) and (not note or size(data) > most)
    assert size(short) <= most or not note
    few = re.search("only the first ([0-9]+) are shown", note)
    assert note.startswith("Nothing of this is shown") or first_of(short, data, int(few[1]) if few else 9)


LONG: st.SearchStrategy[Any] = st.recursive(
    st.integers() | st.text(st.characters(codec="utf-8"), max_size=9) | st.builds(mul, st.text(min_size=1), st.integers(1, 9_000)),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=3), inner, max_size=6),
    max_leaves=40,
)


@given(LONG, st.sampled_from(TREES))
@example({"n" * 50: {"m" * 50: {"o" * 50: [{"p" * 50 + str(n): "x" * 9_000 for n in range(9)}] * 9}}}, {})
def test_whatever_comes_is_short(data: Any, tree: Mapping[str, Any]) -> None:
    short, note = brief(data, tree, "items")
    assert size(short) <= MOST_CHARACTERS and len(note) < 500


@given(
    LONG,
    st.sampled_from(
        ["CLOCKIFY_GET_TIME_ENTRIES", "CLOCKIFY_GET_ALL_WEBHOOKS", "CLOCKIFY_GENERATE_DETAILED_REPORT", "DESKTIME_GET_EMPLOYEE_DATA"]
    ),
)
def test_whatever_is_answered_is_a_short_result(data: Any, slug: str) -> None:
    found, its = builtin(slug)
    for content in (data, [data] * 3, {found.list_key: [data] * 3}):
        told = read(found, its, answer(content), {})
        result = Outcome(
            True, told.data, None, "log_" + "0" * 18, "l" * 200, told.next, True, total=told.total, zone="z" * 32, note=told.note
        )
        assert size(result.to_json()) < 7_800  # and the meta tool's own words stand around it


ROOMY = {"description": "x" * 20_000, "name": "Acme"}


@pytest.mark.parametrize(
    ("data", "left", "told"),
    [
        (ROOMY, {"description": "x" * 5_000 + "...", "name": "Acme"}, "texts end after 5,000 characters: description (of up to 20,000)"),
        ({f"k{n}": n for n in range(2_000)}, {"k0": 0, "k1": 1}, "are shown of each items (of up to 2,000)"),
        ({"map": {f"k{n}": {"a": n} for n in range(2_000)}}, {"map": {"k0": {"a": 0}}}, "are shown of each map (of up to 2,000)"),
        ({"a": [ROOMY] * 9, "b": ["y"] * 9}, {"b": ["y"]}, "texts end after 5,000 characters: a.description (of up to 20,000)"),
        ({f"k{n}": "z" * 1_000 for n in range(20)}, {"k19": "z" * 200 + "..."}, "texts end after 200 characters: k0"),
        ({"k" * 9_000: 1}, {}, "Nothing of this is shown: it has 9,006 characters"),
    ],
)
def test_a_long_text_and_a_large_object_are_cut(data: Any, left: Any, told: str) -> None:
    short, note = brief(data, {}, "items")
    assert told in note and size(short) <= MOST_CHARACTERS
    for name, value in left.items():
        assert short[name] == value or value.items() <= short[name].items()


def test_what_is_left_out_is_told() -> None:
    groups = [{"name": f"P{n}", "children": [{"name": f"U{m}", "hours": m} for m in range(9 - n)]} for n in range(9)]
    report: Any = {"total": 7, "groupOne": groups}
    short, note = brief(report, {}, "items", 500)
    assert short["total"] == 7 and [group["name"] for group in short["groupOne"]] == ["P0", "P1", "P2"]
    assert [len(group["children"]) for group in short["groupOne"]] == [3, 3, 3]
    assert "first 3 are shown of each groupOne (of up to 9), groupOne.children (of up to 9)" in note
    assert brief([1] * 20, {}, "tags", 20)[1].startswith("This is not all: only the first 9 are shown of each tags (of up to 20)")
    days = {"employees": {f"2026-11-{day:02}": {str(n): {"name": "A"} for n in range(5)} for day in range(1, 31)}}
    short, note = brief(days, {"employees": {"*": {"*": {"name": {}}}}}, "items", 400)
    assert list(short["employees"])[:2] == ["2026-11-01", "2026-11-02"] and len(short["employees"]) < 30
    assert "employees (of up to 30)" in note
    assert brief(report, {}, "items", 5_000) == (report, "")


def test_a_bare_map_has_the_name_of_the_list() -> None:
    assert "shown of each days (of up to 30)" in brief({f"d{n}": {"hours": n} for n in range(30)}, {"*": {}}, "days", 99)[1]


def steps(data: Any) -> int:
    """How many functions are called to cut it."""
    count = 0

    def step(*_: object) -> None:
        nonlocal count
        count += 1

    sys.setprofile(step)
    try:
        brief(data, {}, "items")
    finally:
        sys.setprofile(None)
    return count


def test_what_cannot_fit_is_not_looked_through() -> None:
    few, many = [steps([[1] for _ in range(length)]) for length in (10_000, 40_000)]
    assert many < few * 1.2  # the collector of garbage is counted too
