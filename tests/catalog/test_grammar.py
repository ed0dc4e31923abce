"""The line: what it means, that it reads back, and that nothing breaks it."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from toolway.catalog.grammar import WORDS, BadLine, misfit, read, unplain, write
from toolway.catalog.model import Field, Kind

TYPES = {
    "Rate": Kind("object", fields=(Field("amount", Kind("int"), required=True),), named="Rate"),
    "Event": Kind("choice", choices=("NEW_TAG", "NEW TASK"), named="Event"),
}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("text", Field("x", Kind("text"))),
        ("time! -- When the work began.", Field("x", Kind("time"), required=True, about="When the work began.")),
        ("wall! -- First moment.", Field("x", Kind("wall"), required=True, about="First moment.")),
        ("wall(Z)[]", Field("x", Kind("wall", mark="Z"), many=True)),
        ("wall(Z) = 2026-01-31T00:00:00", Field("x", Kind("wall", mark="Z"), default="2026-01-31T00:00:00")),
        ("text(0..3000) -- What.", Field("x", Kind("text", low=0, high=3000), about="What.")),
        ("int(1..) = 1 -- Page.", Field("x", Kind("int", low=1), default=1, about="Page.")),
        ("int(0..)! = 0", Field("x", Kind("int", low=0), required=True, default=0)),
        ("number(-0.5..0.5) = -0.25", Field("x", Kind("number", low=-0.5, high=0.5), default=-0.25)),
        ("bool = false", Field("x", Kind("bool"), default=False)),
        ("@tag[]! -- Tags -- all of them.", Field("x", Kind("noun", noun="tag"), many=True, required=True, about="Tags -- all of them.")),
        ("(REGULAR | BREAK) = BREAK", Field("x", Kind("choice", choices=("REGULAR", "BREAK")), default="BREAK")),
        ('(A | B)[] = ["A"]', Field("x", Kind("choice", choices=("A", "B")), many=True, default=["A"])),
        ("text = two words -- Said.", Field("x", Kind("text"), default="two words", about="Said.")),
        ('text = " -- " -- Said.', Field("x", Kind("text"), default=" -- ", about="Said.")),
        ("text = true", Field("x", Kind("text"), default="true")),
        ('any = {"a": [1]}', Field("x", Kind("any"), default={"a": [1]})),
        ("Rate", Field("x", TYPES["Rate"])),
        ("Event = NEW TASK", Field("x", TYPES["Event"], default="NEW TASK")),
        ("  int   =  5   --   Wide.  ", Field("x", Kind("int"), default=5, about="Wide.")),
    ],
)
def test_a_line_says_what_it_says(line: str, expected: Field) -> None:
    assert read("x", line, TYPES) == expected


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("", "has no type"),
        ("txt", "did you mean text?"),
        ("Rat", "did you mean Rate?"),
        ("text and more", "'and more' does not belong here"),
        ("text -- ", "no sentence"),
        ("text =", "no default"),
        ("text = -- Said.", "no default"),
        ("int = five", "a whole number is expected"),
        ("int(1..5) = 9", "a number in (1..5) is expected"),
        ("bool = yes", "true or false"),
        ("(A | B) = C", "one of A, B is expected"),
        ("(ALPHA | BETA) = ALPHE", "did you mean ALPHA?"),
        ("(A | )", "empty choice"),
        ("(A | A)", "stands twice"),
        ("text(5..2)", "above"),
        ("text(..)", "no bounds"),
        ("text(-1..2)", "from 0"),
        ("int(0.5..2)", "whole numbers"),
        ("bool(1..2)", "bounds"),
        ("wall(1..2)", "(Z) after wall"),
        ("wall()", "(Z) after wall"),
        ("time(Z)", "(Z) after wall"),
        ("text[] = a", "a list such as"),
        ('text(2..3)[] = ["a"]', "(2..3)"[1:-1]),
        ("any = [1", "is not JSON"),
        ("any = [NaN]", "finite"),
        ("int = 99999999999999999999", "53 bits"),
        ("file = x", "no default"),
        ("object", "is no type"),
        ("text\nint", "one line"),
        ('text = "\\ud800"', "half a character"),
    ],
)
def test_a_wrong_line_is_told_with_what_is_expected(line: str, told: str) -> None:
    with pytest.raises(BadLine) as caught:
        read("x", line, TYPES)
    assert told in str(caught.value)


visible = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc"]), max_size=30)
sentences = visible.map(str.strip)
choices = st.lists(
    visible.map(lambda text: "".join(char for char in text if char not in "()|").strip()).filter(bool), min_size=1, max_size=4, unique=True
)
ends = st.integers(0, 10**6)


@st.composite
def kinds(draw: st.DrawFn) -> Kind:
    word = draw(st.sampled_from([*WORDS, "noun", "choice", "Rate", "Event"]))
    if word in TYPES:
        return TYPES[word]
    if word == "noun":
        return Kind("noun", noun=draw(st.from_regex(r"[a-z][a-z0-9_]{0,10}", fullmatch=True)))
    if word == "choice":
        return Kind("choice", choices=tuple(draw(choices)))
    low, high = None, None
    if word in ("text", "int", "number"):
        low, high = draw(st.one_of(st.none(), ends)), draw(st.one_of(st.none(), ends))
        if low is not None and high is not None:
            low, high = sorted((low, high))
    mark = draw(st.sampled_from(["", "Z"])) if word == "wall" else ""
    return Kind(next(known for known in WORDS if known == word), low=low, high=high, mark=mark)


def values(kind: Kind) -> st.SearchStrategy[Any]:
    low = None if kind.low is None else int(kind.low)
    high = None if kind.high is None else int(kind.high)
    match kind.word:
        case "bool":
            return st.booleans()
        case "int":
            return st.integers(-(2**53) if low is None else low, 2**53 if high is None else high)
        case "number":
            return st.floats(kind.low, kind.high, allow_nan=False, allow_infinity=False).filter(lambda value: not unplain(value))
        case "choice":
            return st.sampled_from(kind.choices)
        case "any":
            return st.recursive(
                st.none() | st.booleans() | st.integers(-5, 5) | visible, lambda inner: st.lists(inner, max_size=3), max_leaves=5
            )
        case "object":
            return st.dictionaries(visible, st.integers(-5, 5), max_size=3)
        case "text" if low is not None or high is not None:
            size = min(low or 0, 20)
            text = st.text(st.characters(exclude_categories=["Cs"]), min_size=size, max_size=max(size, min(high or 20, 20)))
            return text.filter(lambda value: not misfit(kind, value))
        case _:
            return st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@st.composite
def fields(draw: st.DrawFn) -> Field:
    kind, many = draw(kinds()), draw(st.booleans())
    default: Any = UNSET
    if kind.word != "file" and (kind.low or 0) <= 20 and draw(st.booleans()):
        default = draw(st.lists(values(kind), max_size=3) if many else values(kind))
    return Field("x", kind, many, draw(st.booleans()), default, draw(sentences))


@given(fields())
def test_every_line_reads_back_the_same(field: Field) -> None:
    assert read("x", write(field), TYPES) == field


pieces = st.sampled_from(
    ["text", "int", "(1..2)", "(", ")", "|", "[]", "!", " = ", "=", " -- ", "@tag", "Rate", "{", "[", '"', "\\ud800", "1e999", " "]
)


@given(st.one_of(st.text(max_size=60), st.lists(pieces | st.text(max_size=4), max_size=12).map("".join)))
def test_junk_raises_nothing_but_the_grammars_own_error(line: str) -> None:
    with suppress(BadLine):
        field = read("x", line, TYPES)
        assert read("x", write(field), TYPES) == field


def test_deep_junk_is_no_traceback() -> None:
    for line in (
        "any = " + "[" * 100_000,
        "any = " + "[" * 500 + "]" * 500,
        "any = " + '{"a":' * 400 + "1" + "}" * 400,
        "int = " + "9" * 9_000,
    ):
        with pytest.raises(BadLine):
            read("x", line)


def test_a_default_is_json_that_can_leave() -> None:
    assert json.dumps(read("x", 'any = {"a": "é"}').default)
