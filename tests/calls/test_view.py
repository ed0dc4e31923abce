"""Dotted names in answers, and views made of them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolway.calls.view import value_at, view

JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["a", "b", "id"]), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.lists(st.lists(st.sampled_from(["a", "b", "*", "id"]), min_size=1, max_size=3).map(".".join), min_size=1, max_size=4).map(tuple)


@given(JSON, NAMES)
def test_a_view_of_a_view_is_the_view(content: Any, names: tuple[str, ...]) -> None:
    once = view(content, names)
    assert view(once, names) == once


@pytest.mark.parametrize(
    ("content", "name", "value"),
    [
        ({"a": {"b": 1}}, "a", {"b": 1}),
        ({"a": {"b": 1}}, "a.b", 1),
        ({"a": {"b": 1}}, "a.b.id", None),
        ({"a": [{"b": 1}, {"id": 2}, 3]}, "a.*.b", [1, None, 3]),
        ({"a": [{"b": 1}]}, "a.b", None),
        ({"a": [{"b": 1}]}, "a.*", [{"b": 1}]),
        ({"a": {"b": 1}}, "a.*", None),
        ({}, "", None),
        ([1], "a", None),
    ],
)
def test_what_stands_at_a_dotted_name(content: Any, name: str, value: Any) -> None:
    assert value_at(content, name) == value
