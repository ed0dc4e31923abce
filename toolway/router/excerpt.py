"""Discovery's answers, kept short: which schemas are given whole, in part, or by reference. Pure.

An answer has so many characters a query. The best tools come first: their schemas are whole where they fit, else without the optional
arguments that do not; all others are one call away.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import msgspec

from toolway.catalog.model import Card, Json
from toolway.router.meta import SCHEMAS

MOST_CHARACTERS: Final = 6000
"""Of an answer, for each query, its envelope included."""
_ENVELOPE: Final = 64
_MOST_FURTHER: Final = 2500
_LONGEST_ABOUT: Final = 160
_LEAST: Final = 200


def most(queries: int) -> int:
    """How many characters the data of an answer may take."""
    return MOST_CHARACTERS * queries - _ENVELOPE


def size(value: Any) -> int:
    """How many characters a value takes as JSON."""
    return len(msgspec.json.encode(value).decode())


def whole(card: Card) -> Json:
    """A tool with its schema."""
    return {
        "toolkit": card.toolkit,
        "tool_slug": card.slug,
        "description": card.about,
        "input_schema": msgspec.Raw(card.schema),
        "hasFullSchema": True,
    }


def reference(card: Card) -> Json:
    """A tool without its schema, and how to get that."""
    return {
        "toolkit": card.toolkit,
        "tool_slug": card.slug,
        "description": card.about.partition(". ")[0][:_LONGEST_ABOUT],
        "hasFullSchema": False,
        "schemaRef": {"tool": SCHEMAS, "args": {"tool_slugs": [card.slug]}},
    }


def compact(card: Card, room: int) -> Json:
    """A tool with as much of its schema as `room` characters hold: what is due first, then optional arguments in their order."""
    schema: Json = msgspec.json.decode(card.schema)
    given: Json = schema["properties"]
    required: list[str] = schema.get("required", [])
    made = reference(card)
    inside: Json = {"type": "object", "properties": {}, "required": required}
    made["input_schema"] = inside
    made["schemaRef"] |= {"message": f"{len(given)} optional arguments are left out here."}
    left = room - size(made)
    for name in sorted(given, key=lambda name: name not in required):
        for shown in (given[name], {key: value for key, value in given[name].items() if key != "description"}):
            cost = size({name: shown})
            if cost <= left:
                inside["properties"][name] = shown
                left -= cost
                break
    if not set(required) <= set(inside["properties"]):
        return reference(card)
    out = len(given) - len(inside["properties"])
    made["schemaRef"]["message"] = f"{out} optional arguments are left out here." if out else "Some descriptions are left out here."
    if inside["properties"] == given:
        made["hasFullSchema"] = True
        del made["schemaRef"]
    return made


def trimmed(answer: Json, card: Callable[[str], Card], room: int) -> dict[str, Card]:
    """Take pitfalls, then related tools out of an answer's results until it holds the tools by reference at least; gives those left."""
    results: list[Json] = answer["results"]
    while True:
        left = {slug: card(slug) for result in results for slug in (*result["primary_tool_slugs"], *result["related_tool_slugs"])}
        over = size(answer) + size({slug: reference(card) for slug, card in left.items()}) - room
        most = max(results, key=lambda result: (len(result.get("known_pitfalls", ())), len(result["related_tool_slugs"])))
        what: list[Any] = most.get("known_pitfalls") or most["related_tool_slugs"]
        if over <= 0 or not what:
            return left
        what.pop()


def schemas(first: Sequence[Card], further: Sequence[Card], others: Iterable[Card], room: int) -> dict[str, Json]:
    """Tools by slug within `room` characters: `first` as whole as they fit, `further` whole while they are small, others by reference."""
    cards = {card.slug: card for card in (*first, *further, *others)}
    made: dict[str, Json] = {slug: reference(card) for slug, card in cards.items()}
    left = room - size(made)
    spent = 0
    needed = {card.slug for card in first}
    for card in (*first, *(card for card in further if card.slug not in needed)):
        told = whole(card)
        cost = size(told) - size(made[card.slug])
        if card.slug not in needed and spent + cost > _MOST_FURTHER:
            continue
        if cost > left and card.slug in needed and left > _LEAST:
            told = compact(card, left + size(made[card.slug]))
            cost = size(told) - size(made[card.slug])
        if cost <= left:
            made[card.slug] = told
            left -= cost
            spent += cost
    return made
