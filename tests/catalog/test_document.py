"""A vendor's document as its file holds it."""

import json
import math
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolway.catalog.document import read
from toolway.errors import BadFile

TEXT = st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=12)  # what needs no pair of escapes
NUMBER = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBER | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_yaml_reads_as_the_json_that_it_stands_for(value: Any) -> None:
    text, whole = json.dumps(value), {"openapi": "3.1.0", "is": value}
    assert read(f'{{"openapi": "3.1.0", "is": {text}}}'.encode(), "a.json") == whole
    assert read(f"openapi: 3.1.0\nis: {text}\n".encode(), "a.yaml") == whole


def test_plain_words_are_texts_unless_yaml_1_2_says_otherwise() -> None:
    words = ["no", "on", "12:30", "2026-11-29", "0x1f", "1_000", "1e", "null", "True", "007", "-1", ".5", "1e3", "~"]
    found = read(b"openapi: 3.1.0\nwords: [" + ", ".join(words).encode() + b"]\nnone:\n200: {}\ntrue: {}\n", "a.yaml")
    assert found["openapi"] == "3.1.0" and found["none"] is None and found["200"] == found["true"] == {}
    assert found["words"] == [*words[:7], None, True, 7, -1, 0.5, 1000.0, None]
    assert isinstance(found["words"][12], float) and math.isfinite(found["words"][12])


def test_aliases_and_merges_are_followed() -> None:
    found = read(b"openapi: 3.1.0\na: &a {x: 1}\nb: *a\nc:\n  <<: *a\n  y: 2\n", "a.yaml")
    assert found["b"] == {"x": 1} and found["c"] == {"x": 1, "y": 2}


@pytest.mark.parametrize("content", [b"{", b"a: 1\n", b"\xff", b""])
def test_what_is_neither_is_told(content: bytes) -> None:
    with pytest.raises(BadFile, match=re.escape("a.txt is not JSON")) as raised:
        read(content, "a.txt")
    assert "JSON or YAML" in raised.value.sentence


def _merges(levels: int) -> str:
    each = "".join(f"a{i}: &a{i}\n  <<: [{', '.join([f'*a{i - 1}'] * 9)}]\n  k{i}: 1\n" for i in range(1, levels))
    return f"a0: &a0 {{x: 1}}\n{each}"


@pytest.mark.parametrize(
    "rest",
    [
        "a: " + "[" * 50_000 + "]" * 50_000,  # the loader goes down with the process
        "a: " + "{a: " * 20_000,
        "a: &a [*a]",
        _merges(12),
        "a: !!timestamp x",
        "a: !!bool x",
        "a: !!int x",
        "a: !!python/name:os.system",
    ],
    ids=["lists", "maps", "itself", "merges", "timestamp", "bool", "int", "python"],
)
def test_a_document_that_cannot_be_made_is_refused(rest: str) -> None:
    with pytest.raises(BadFile, match=r"a\.yaml (is no|cannot be read as) YAML"):
        read(f"openapi: 3.1.0\n{rest}\n".encode(), "a.yaml")


def test_a_mark_of_byte_order_is_no_part_of_a_document() -> None:
    assert read(b"\xef\xbb\xbfopenapi: 3.1.0\n", "a.yaml") == read(b'\xef\xbb\xbf{"openapi": "3.1.0"}', "a.json")
