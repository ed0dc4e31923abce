"""Answers kept short, and what there is, told without the tools one by one."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolway.catalog.index import BUILTIN, Catalogue
from toolway.catalog.model import ToolkitCard
from toolway.router import browse, excerpt

CARDS = Catalogue([BUILTIN]).cards()
some = st.lists(st.sampled_from(CARDS), max_size=6, unique_by=lambda card: card.slug)


@given(some, some, some, st.integers(-5000, 20_000))
def test_schemas_keep_to_their_room(first: Any, further: Any, others: Any, room: int) -> None:
    made = excerpt.schemas(first, further, others, room)
    assert set(made) == {card.slug for card in (*first, *further, *others)}
    at_least = excerpt.size({card.slug: excerpt.reference(card) for card in (*first, *further, *others)})
    assert excerpt.size(made) <= max(room, at_least)
    for schema in json.loads(msgspec.json.encode(made)).values():
        assert schema["hasFullSchema"] or schema["schemaRef"]["args"] == {"tool_slugs": [schema["tool_slug"]]}
        inside = schema.get("input_schema", {"properties": {}})
        assert set(inside.get("required", [])) <= set(inside["properties"])


def test_where_there_is_room_all_is_told() -> None:
    made = excerpt.schemas(CARDS[:3], [], [], 100_000)
    assert all(schema["hasFullSchema"] for schema in made.values())


def test_what_does_not_fit_loses_optional_arguments_and_says_so() -> None:
    card = max(CARDS, key=lambda card: len(card.schema))
    made = json.loads(msgspec.json.encode(excerpt.schemas([card], [], [], 1500)))[card.slug]
    whole = json.loads(card.schema)
    left_out = len(whole["properties"]) - len(made["input_schema"]["properties"])
    assert left_out > 0
    assert made["schemaRef"]["message"].startswith(f"{left_out} optional")
    assert "additionalProperties" not in made["input_schema"]  # the others are taken as well


KITS = [ToolkitCard(f"kit{n:03}", f"Kit {n}", "About it. " * 30, ("API_KEY",), 80, (f"group-{n % 60}",)) for n in range(250)]


@pytest.mark.parametrize(
    ("words", "category"),
    [
        ("", ""),
        ("What can you help me with?", ""),
        ("what can you do", ""),
        ("list all toolkits", ""),
        ("Which services are available?", ""),
        ("show me the toolkits for group 7", "group 7"),
        ("what tools are there in Group-7", "group 7"),
        ("list toolkits for baking", None),
        ("show apps of Karl", None),
        ("list all clients", None),
        ("help Anna with her timesheet", None),
        ("what tools did Anna use yesterday", None),
    ],
)
def test_who_asks_what_there_is(words: str, category: str | None) -> None:
    assert browse.asked(words, KITS) == category


def test_twenty_thousand_tools_are_told_in_short() -> None:
    made = browse.overview(KITS, {kit.slug: kit.tools for kit in KITS}, {"kit200"}, "")
    assert made["reasoning"] == "250 toolkits with 20000 tools are there."
    assert made["toolkits"][0] == "kit200"
    assert made["overview"]["toolkits"][0]["connected"] is True
    assert "230 toolkits are not shown" in made["execution_guidance"]
    assert excerpt.size(made) < 5500
    some = browse.overview(KITS, {kit.slug: kit.tools for kit in KITS[:100]}, (), "group 7")
    assert some["toolkits"] == ["kit007", "kit067"]
    assert "not shown" not in some["execution_guidance"]


@given(st.text(max_size=300))
def test_whatever_is_asked(words: str) -> None:
    assert browse.asked(words, KITS) in (None, "", *(f"group {n}" for n in range(60)))
