import json
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.calls.shop import builtin, catalogue, kit, param, tool
from toolway.calls.arguments import check
from toolway.catalog import schema
from toolway.catalog.model import Field, Kind, Merge, Noun, Param, Tool, Toolkit
from toolway.errors import BadArgument

ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.from_regex(r"20[0-9]{2}-1[0-2]-[0-3][0-9]T12:00:00Z"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
TAG = Noun("tag", "do")
LINES = [
    *(
        "text",
        "text(2..4)",
        "text!",
        "int(1..5)",
        "int",
        "number(..2)",
        "bool",
        "time",
        "wall(Z)",
        "date",
        "email",
        "url",
        "label",
        "any",
        'text = x"',
    ),
    *("@tag", "@tag[]", "(ONE | TWO-B)", "Customer", "Customer[]", "text[]", "int[]!", "time[]", "any[]", "int(1..) = 3"),
]
TYPED = Field("typed", Kind("schema", schema={"type": ["integer", "null"], "minimum": 3}))


def made(lines: list[str]) -> tuple[Tool, Toolkit]:
    params = [param("body", f"a{n}", line) for n, line in enumerate(lines)]
    found = tool("POST /x", *params, Param("body", TYPED, "typed"))
    return found, kit(found, nouns=(TAG,))


def values(near: list[str]) -> st.SearchStrategy[Any]:
    fitting = st.sampled_from(
        ["ONE", "two_b", "5", 5, 3.0, "true", [1, 2], {"name": "x"}, {"name": "x", "kind": "b"}, '{"name": "y"}', "abc", "2026-01-01"]
    )
    return st.dictionaries(st.sampled_from([*near, "typed"]) | st.text(max_size=4), fitting | ANY, max_size=6)


@given(st.data())
def test_what_is_taken_fits_the_schema_and_all_else_is_a_bad_argument(data: st.DataObject) -> None:
    lines = data.draw(st.lists(st.sampled_from(LINES), max_size=6))
    found, its = made(lines)
    given = data.draw(values([f"a{n}" for n in range(len(lines))]))
    try:
        taken = check(found, its, given)
    except BadArgument:
        return
    shown = schema.arguments(found, its)
    jsonschema_rs.validator_for(json.dumps(shown)).validate(taken)
    assert check(found, its, taken) == taken


@given(st.data())
def test_no_arguments_upset_a_real_tool(data: st.DataObject) -> None:
    card = data.draw(st.sampled_from(catalogue().cards()))
    found, its = builtin(card.slug)
    names = st.sampled_from([p.given for p in found.params] or ["x"])
    try:
        taken = check(found, its, data.draw(st.dictionaries(names | st.text(max_size=3), ANY, max_size=5)))
    except BadArgument:
        return
    jsonschema_rs.validator_for(json.dumps(schema.arguments(found, its))).validate(taken)


def one(line: str, value: Any) -> Any:
    found = tool("POST /x", param("body", "a", line))
    return check(found, kit(found, nouns=(TAG,)), {"a": value})["a"]


@pytest.mark.parametrize(
    ("line", "value", "taken"),
    [
        ("int", "5", 5),
        ("int", 5.0, 5),
        ("number", "2.5", 2.5),
        ("bool", "True", True),
        ("text", 5, "5"),
        ("text[]", "one", ["one"]),
        ("text[]", '["one", "two"]', ["one", "two"]),
        ("text[]", "[urgent] fix", ["[urgent] fix"]),
        ("Customer", '{"name": "x"}', {"name": "x", "kind": "A"}),
        ("(ONE | TWO-B)", "two_b", "TWO-B"),
        ("date", "2026-01-31T10:00:00Z", "2026-01-31"),
        ("time", "2026-01-31T10:00:00Z", "2026-01-31T10:00:00Z"),
        ("time", "2026-01-31T10:00:00.000Z", "2026-01-31T10:00:00Z"),
        ("time", "2026-01-31T10:00:00.999Z", "2026-01-31T10:00:00.999Z"),
        ("time", " 2026-01-31 10:00 ", "2026-01-31T10:00:00"),
        ("time", "2026-01-31T10:00:00+02:00", "2026-01-31T10:00:00+02:00"),
        ("time", "20260131T100000-0330", "2026-01-31T10:00:00-03:30"),
        ("time", "2026-01-31", "2026-01-31T00:00:00"),
        ("wall", "2026-01-31 10:00", "2026-01-31T10:00:00"),
        ("wall", "2026-01-31T10:00:00.5+02:00", "2026-01-31T10:00:00.500+02:00"),
    ],
)
def test_what_can_mean_one_thing_only_is_taken(line: str, value: Any, taken: Any) -> None:
    assert one(line, value) == taken


@pytest.mark.parametrize(
    ("line", "value", "said"),
    [
        ("int", "five", 'a is "five"; a whole number is expected'),
        ("int", 5.5, "a whole number"),
        ("int", True, "a whole number"),
        ("int(1..5)", 6, "a number in"),
        ("number", float("inf"), "a number"),
        ("text", True, "a text"),
        ("text", {}, "a is an object; a text is expected"),
        ("text", "\ud800", "a text"),
        ("text(2..4)", "x" * 500, "characters are expected"),
        ("bool", 1, "true or false"),
        ("time", "tomorrow", "2026-01-31T09:00:00Z"),
        ("wall", "tomorrow", "2026-01-31T09:00:00"),
        ("date", "31.1.2026", "2026-01-31"),
        ("label", "a.b", "one part of a host name"),
        ("(ONE | TWO)", "three", "one of ONE, TWO"),
        ("Customer", "x", "an object"),
        ("Customer", {}, "a.name is missing"),
        ("Customer[]", [{"name": "x", "nmae": 1}], "a[0].nmae is not an argument, did you mean name?"),
        ("any", [[[[1e400]]]], "finite"),
    ],
)
def test_the_rest_is_told_with_its_place(line: str, value: Any, said: str) -> None:
    with pytest.raises(BadArgument) as raised:
        one(line, value)
    assert said in raised.value.message


def test_names_are_matched_leniently_but_never_two_to_one() -> None:
    found = tool("GET /x", param("query", "page-size", "int"), param("query", "projectId", "text!"))
    assert check(found, kit(), {"page_size": 2, "PROJECT_ID": "p"}) == {"page-size": 2, "projectId": "p"}
    for wrong, said in (
        ({"projectId": "a", "project_id": "b"}, "is given twice"),
        ({"projectIdd": "a"}, "did you mean projectId?"),
        ({"projectId": None}, "projectId is missing"),
    ):
        with pytest.raises(BadArgument, match=said.replace("?", r"\?")) as raised:
            check(found, kit(), wrong)
        assert "projectId*, page-size" in str(raised.value.fix)


def test_null_clears_only_what_a_merge_may_clear() -> None:
    params = (param("path", "id", "text!"), param("body", "name", "text!"), param("body", "note", "text"))
    merging = tool("PUT /x/{id}", *params, merge=Merge("do"))
    assert check(merging, kit(), {"id": "1", "name": "n", "note": None}) == {"id": "1", "name": "n", "note": None}
    assert check(tool("PUT /x/{id}", *params), kit(), {"id": "1", "name": "n", "note": None}) == {"id": "1", "name": "n"}
    with pytest.raises(BadArgument, match="id is missing; name is missing"):
        check(merging, kit(), {"id": None, "name": None})


def test_a_default_within_an_object_is_sent_with_it() -> None:
    found, its = builtin("CLOCKIFY_GENERATE_DETAILED_REPORT")
    bounds = {"workspaceId": "w", "dateRangeStart": "2026-11-01", "dateRangeEnd": "2026-11-30"}
    taken = check(found, its, bounds | {"detailedFilter": {"sortColumn": "DATE"}})
    assert taken["detailedFilter"] == {"sortColumn": "DATE", "page": 1, "pageSize": 20}
    assert "detailedFilter" not in check(found, its, bounds)


def test_the_one_list_of_a_nameless_body_goes_by_any_name() -> None:
    found, its = builtin("CLOCKIFY_UPDATE_TIME_ENTRIES")
    entries = [{"id": "e", "billable": True}]
    for name in ("entries", "timeEntries", "body"):
        assert check(found, its, {name: entries})["entries"] == entries
    for wrong in ({"a": entries, "b": entries}, {"a": entries, "entries": entries}, {"a": {"id": "e"}}):
        with pytest.raises(BadArgument, match="is not an argument"):
            check(found, its, wrong)


def test_many_faults_are_not_all_told() -> None:
    found = tool("POST /x", param("body", "a", "int[]"))
    for wrong in ({"a": ["x"] * 100_000}, {f"n{n}": 1 for n in range(100_000)}):
        with pytest.raises(BadArgument) as raised:
            check(found, kit(), wrong)
        assert len(raised.value.details) <= 13 and len(raised.value.sentence) < 4000


@pytest.mark.parametrize("ids", [[], [""], ""])
def test_what_deletes_several_is_never_sent_without_any(ids: Any) -> None:
    found, its = builtin("CLOCKIFY_DELETE_USER_TIME_ENTRIES")
    with pytest.raises(BadArgument, match="time-entry-ids is"):
        check(found, its, {"userId": "u", "time-entry-ids": ids})
    given = {"userId": "u", "time-entry-ids": ["a", "b"]}
    assert check(found, its, given) == given


@pytest.mark.parametrize(
    ("slug", "named"),
    [("CLOCKIFY_REMOVE_USER_FROM_GROUP", {"userGroupId": "g"}), ("CLOCKIFY_DELETE_USER_TIME_ENTRIES", {"time-entry-ids": "e"})],
)
def test_who_is_taken_away_is_named(slug: str, named: dict[str, str]) -> None:
    found, its = builtin(slug)
    with pytest.raises(BadArgument, match="userId is missing"):
        check(found, its, named)
    told = schema.arguments(found, its)
    assert "userId" in told["required"] and "the user's own" not in told["properties"]["userId"]["description"]
    assert "workspaceId" not in told["required"]  # where it lies may be left out
