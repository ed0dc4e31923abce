"""Tools as an MCP endpoint lists them. A model reads the list with every turn, so that nothing is said in it twice."""

import re
from collections.abc import Sequence

import msgspec

from toolway.catalog.model import Card, Effect, Json
from toolway.router.meta import MetaTool

_LONGEST_RESULT = 500_000
_ROOMY = 20_000
"""As long as the schemas of a session's tools have no more bytes than that together, they are listed in full."""
_HINTS: dict[Effect, Json] = {  # what is left out is as the protocol takes it then: it writes, it may destroy, it reaches out
    "read": {"annotations": {"readOnlyHint": True}, "_meta": {"anthropic/maxResultSizeChars": _LONGEST_RESULT}},
    "create": {"annotations": {"destructiveHint": False}},
    "update": {"annotations": {"destructiveHint": False}},
    "destroy": {},
}


def meta_tool(tool: MetaTool) -> Json:
    """A meta tool."""
    return {
        "name": tool.name,
        "title": tool.title,
        "description": tool.about,
        "inputSchema": tool.schema,
        "annotations": {"title": tool.title} | tool.hints,
        # The Claude CLI defers tools and cuts results at about 50,000 characters unless told otherwise.
        "_meta": {"anthropic/alwaysLoad": True, "anthropic/maxResultSizeChars": _LONGEST_RESULT},
    }


def card_tools(cards: Sequence[Card]) -> list[Json]:
    """Tools of toolkits, in full or in brief."""
    full = sum(len(card.schema) for card in cards) <= _ROOMY
    return [_card_tool(card, card.schema if full else card.brief) for card in cards]


def _card_tool(card: Card, schema: bytes) -> Json:
    made: Json = {"name": card.slug, "description": card.about, "inputSchema": msgspec.Raw(schema)}
    if not _plain(card.slug).endswith(_plain(card.title)):  # else the name says it
        made["title"] = card.title
    return made | _HINTS[card.effect]


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())
