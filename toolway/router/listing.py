"""Tools as an MCP endpoint lists them."""

import msgspec

from toolway.catalog.model import Card, Effect, Json
from toolway.router.meta import MetaTool

_LONGEST_RESULT = 500_000


_ANNOTATIONS: dict[Effect, Json] = {  # what is left out is as the protocol takes it then: it writes, it may destroy, it reaches out
    "read": {"readOnlyHint": True},
    "create": {"readOnlyHint": False, "destructiveHint": False},
    "update": {"readOnlyHint": False, "destructiveHint": False},
    "destroy": {"readOnlyHint": False, "destructiveHint": True},
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


def card_tool(card: Card) -> Json:
    """A tool of a toolkit."""
    return {
        "name": card.slug,
        "title": card.title,
        "description": card.about,
        "inputSchema": msgspec.Raw(card.schema),
        "annotations": _ANNOTATIONS[card.effect],
        "_meta": {"anthropic/maxResultSizeChars": _LONGEST_RESULT},
    }
