"""Tools as an MCP endpoint lists them."""

import msgspec

from toolway.catalog.model import Card, Json
from toolway.router import policy
from toolway.router.meta import MetaTool

_LONGEST_RESULT = 500_000


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
    hints = policy.HINTS[card.effect]
    return {
        "name": card.slug,
        "title": card.title,
        "description": card.about,
        "inputSchema": msgspec.Raw(card.schema),
        "annotations": {
            "title": card.title,
            "readOnlyHint": "readOnlyHint" in hints,
            "destructiveHint": "destructiveHint" in hints,
            "idempotentHint": "idempotentHint" in hints,
            "openWorldHint": "openWorldHint" in hints,
        },
        "_meta": {"anthropic/maxResultSizeChars": _LONGEST_RESULT},
    }
