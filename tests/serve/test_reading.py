"""Bodies and queries: whatever comes is taken or told with every fault, and no value is told."""

import contextlib
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Struct, field

from toolway.errors import BadRequest
from toolway.serve.rest import reading


class Inner(Struct, forbid_unknown_fields=True, kw_only=True):
    """One inside another."""

    name: str
    size: int | None = None


class Custom(Struct, tag="custom", tag_field="type", forbid_unknown_fields=True, kw_only=True):
    """One of two."""

    secret: str


class Default(Struct, tag="default", tag_field="type", forbid_unknown_fields=True, kw_only=True):
    """The other."""

    scopes: list[str] | None = None


class Body(Struct, forbid_unknown_fields=True, kw_only=True):
    """A body with some of everything."""

    user: Annotated[str, Meta(min_length=1)]
    kind: Literal["a", "b"] = "a"
    inner: Inner | None = None
    choice: Custom | Default | None = None
    flags: list[bool] | None = None
    rest: dict[str, Any] | None = None
    many: list[Inner] | None = None


class Query(Struct, kw_only=True):
    """A query with some of everything."""

    limit: Annotated[int, Meta(ge=1)] | None = None
    on: bool | None = None
    kind: Literal["a", "b"] | None = None
    ids: tuple[str, ...] = ()
    versions: dict[str, str] = field(default_factory=dict[str, str])
    text: str | None = None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["user", "kind", "inner", "name", "type", "x"]), inner),
    max_leaves=8,
)
NAMES = ["user", "kind", "inner", "choice", "flags", "rest", "many", "uesr"]


@given(st.dictionaries(st.sampled_from(NAMES), JSON))
def test_a_body_is_taken_or_every_fault_is_told(value: dict[str, Any]) -> None:
    try:
        expected = msgspec.convert(value, Body)
    except msgspec.ValidationError:
        with pytest.raises(BadRequest) as refused:
            reading.body(Body, value)
        assert refused.value.details
        assert len(set(refused.value.details)) == len(refused.value.details)
    else:
        assert reading.body(Body, value) == expected


FAULTS: list[tuple[Any, list[str]]] = [
    (
        {"uesr": 1, "kind": "c", "inner": {"size": "big"}},
        [
            "uesr is not known here; did you mean user?",
            "user is missing; a text is expected",
            "kind: one of a, b is expected",
            "inner.name is missing; a text is expected",
            "inner.size is a text; a whole number is expected",
        ],
    ),
    ({"user": "", "flags": [True, 5]}, ["user: expected str of length >= 1", "flags[1]: expected bool"]),
    ({"user": "u", "choice": {"type": "custom"}}, ["choice.secret is missing; a text is expected"]),
    ({"user": "u", "choice": {"type": "default", "scope": []}}, ["choice.scope is not known here; did you mean choice.scopes?"]),
    ({"user": "u", "many": [{"name": "a"}, {}]}, ["many[1]: object missing required field name"]),
    ({"user": "u", "rest": []}, ["rest is a list; an object is expected"]),
]


@pytest.mark.parametrize(("value", "said"), FAULTS)
def test_what_is_said_of_a_body(value: Any, said: list[str]) -> None:
    with pytest.raises(BadRequest) as refused:
        reading.body(Body, value)
    assert list(refused.value.details) == said


@pytest.mark.parametrize("value", [None, [], "x", 5, True])
def test_a_body_that_is_no_object(value: Any) -> None:
    with pytest.raises(BadRequest, match="a JSON object is expected"):
        reading.body(Body, value)


@given(st.text(min_size=8, max_size=20), st.sampled_from(["kind", "inner", "choice", "flags", "rest", "many"]))
def test_a_secret_in_the_wrong_place_is_not_told(secret: str, name: str) -> None:
    canary = f"canary-{secret}"
    for value in (canary, [canary], {"type": canary}, {"name": [canary]}):
        told = list(reading.faults(Body, {"user": "u", name: value}))
        assert told or (name == "rest" and isinstance(value, dict))
        assert canary not in str(told)


TAKEN: list[tuple[str, Query]] = [
    ("", Query()),
    ("limit=5&on=true&kind=b&text=a%20b&unknown=1", Query(limit=5, on=True, kind="b", text="a b")),
    ("limit=500.0&on=0", Query(limit=500, on=False)),
    ("on=False&limit=&kind=", Query(on=False)),
    ("ids=a%2Cb&ids=c,,%20d&ids[]=e", Query(ids=("a", "b", "c", "d", "e"))),
    ("versions[x]=1&versions%5By%5D=2", Query(versions={"x": "1", "y": "2"})),
    ("versions=latest", Query(versions={"": "latest"})),
    ("limit=1&limit=2", Query(limit=2)),
]


@pytest.mark.parametrize(("raw", "query"), TAKEN)
def test_what_is_taken_of_a_query(raw: str, query: Query) -> None:
    assert reading.query(Query, raw.encode()) == query


@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: f"limit={text}&on={text}&ids={text}".encode()))
def test_no_query_does_harm(raw: bytes) -> None:
    with contextlib.suppress(BadRequest):
        found = reading.query(Query, raw)
        assert found.limit is None or found.limit >= 1
