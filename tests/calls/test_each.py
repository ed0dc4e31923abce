"""Several things at once: none twice, and of each whether the answer confirms it."""

from typing import Any

import pytest
from msgspec import structs

from tests.calls.shop import answer, builtin, catalogue, param, tool
from toolway.calls import each
from toolway.calls.reply import read
from toolway.catalog.model import Each, Json
from toolway.errors import BadArgument, Refused

WHOLE = tool("PUT /things", param("whole", "things", "any[]!"), effect="update", each=Each("whole.things", "id"))
QUERY = tool("DELETE /things", param("query", "ids", "text[]!"), effect="destroy", each=Each("query.ids", "id"))


@pytest.mark.parametrize(
    ("heard", "told"),
    [
        (["e1", "e2", "e3"], {"confirmed": 3}),
        (["e3", "e1", "e2"], {"confirmed": 3}),
        (["e3", "e1"], {"confirmed": 2, "unconfirmed": ["e2"]}),
        ([], {"confirmed": 0, "unconfirmed": ["e1", "e2", "e3"]}),
        (["e1", "e9", "e3"], {"confirmed": 2, "unconfirmed": ["e2"], "unasked": ["e9"]}),
        (["e1", "e1", "e2", "e3"], {"confirmed": 3, "twice": ["e1"]}),
        (["e1", None], {"confirmed": 1, "unconfirmed": ["e2", "e3"]}),
    ],
)
def test_of_each_thing_is_told_whether_the_answer_confirms_it(heard: list[str | None], told: Json) -> None:
    ids = ["e1", "e2", "e3"]
    for found, given in ((WHOLE, {"things": [{"id": id} for id in ids]}), (QUERY, {"ids": ids})):
        assert each.told(found, given, [{"id": one} if one else {} for one in heard]) == told
        assert each.told(found, given, heard) == told  # the rows are ids themselves
        assert each.told(found, given, None) == {"confirmed": 0, "unconfirmed": ids}
    assert each.told(tool(), {}, []) == {}


def test_new_things_are_told_by_their_names_and_may_be_alike() -> None:
    found = structs.replace(WHOLE, effect="create", each=Each("whole.things", "name"))
    given = {"things": [{"name": "A"}, {"name": "A"}, {"name": "B"}]}
    each.once(found, given)
    assert each.told(found, given, [{"name": "A", "id": "1"}, {"name": "B"}]) == {"confirmed": 2, "unconfirmed": ["A"]}


@pytest.mark.parametrize(
    ("slug", "given", "said"),
    [
        ("CLOCKIFY_UPDATE_TIME_ENTRIES", {"entries": [{"id": "e1"}, {"id": "e2"}, {"id": "e1"}]}, 'entries holds 2 items with id "e1"'),
        ("CLOCKIFY_DELETE_USER_TIME_ENTRIES", {"time-entry-ids": ["e1", "e1", "e1"]}, 'time-entry-ids holds 3 items with id "e1"'),
        (
            "CLOCKIFY_UPDATE_PROJECT_MEMBERSHIPS",
            {"memberships": [{"userId": "u"}, {"userId": "u"}]},
            'memberships holds 2 items with userId "u"',
        ),
    ],
)
def test_a_thing_stands_once_among_those_that_are_changed(slug: str, given: Json, said: str) -> None:
    with pytest.raises(BadArgument, match=said):
        each.once(builtin(slug)[0], given)


@pytest.mark.parametrize(
    ("slug", "given", "content"),
    [
        ("CLOCKIFY_UPDATE_TIME_ENTRIES", {"entries": [{"id": "e1"}, {"id": "e2"}]}, [{"id": "e1"}]),
        ("CLOCKIFY_DELETE_USER_TIME_ENTRIES", {"time-entry-ids": ["e1", "e2"]}, [{"id": "e1"}]),
        ("CLOCKIFY_UPDATE_PROJECT_MEMBERSHIPS", {"memberships": [{"userId": "e1"}, {"userId": "e2"}]}, {"memberships": [{"userId": "e1"}]}),
        ("CLOCKIFY_CREATE_TEMPLATES_ON_WORKSPACE", {"templates": [{"name": "e1"}, {"name": "e2"}]}, [{"name": "e1", "id": "t"}]),
    ],
)
def test_what_an_answer_leaves_out_is_told_with_it(slug: str, given: Json, content: Any) -> None:
    made = read(*builtin(slug), answer(content), given)
    assert made.items == {"confirmed": 1, "unconfirmed": ["e2"]} and "look before you repeat" in made.note


def test_a_refusal_of_several_things_may_not_be_one_of_all() -> None:
    for status, doubt in ((400, True), (500, True), (401, False), (429, False)):
        with pytest.raises(Refused) as raised:
            read(*builtin("CLOCKIFY_DELETE_USER_TIME_ENTRIES"), answer({"message": "no"}, status), {"time-entry-ids": ["e1", "e2"]})
        assert ("look before you repeat" in raised.value.sentence) == doubt


def test_every_tool_that_acts_on_several_things_is_shown_above() -> None:
    assert {card.slug for card in catalogue().cards() if builtin(card.slug)[0].each} == {
        "CLOCKIFY_UPDATE_TIME_ENTRIES",
        "CLOCKIFY_DELETE_USER_TIME_ENTRIES",
        "CLOCKIFY_UPDATE_PROJECT_MEMBERSHIPS",
        "CLOCKIFY_CREATE_TEMPLATES_ON_WORKSPACE",
    }


def test_things_that_are_cut_from_a_long_answer_are_confirmed_still() -> None:
    ids = [f"{n:024x}" for n in range(100)]
    rows = [{"id": id, "description": "x" * 100} for id in ids if id != ids[90]]
    made = read(*builtin("CLOCKIFY_DELETE_USER_TIME_ENTRIES"), answer(rows), {"time-entry-ids": ids})
    assert made.items == {"confirmed": 99, "unconfirmed": [ids[90]]}
    assert len(made.data["timeEntries"]) < 99 and "do not call again" in made.note
