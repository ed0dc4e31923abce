"""A route of the REST face, and the pages that lists are given in."""

import base64
import binascii
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any

from msgspec import Meta, Struct

from toolway.catalog.model import Json
from toolway.errors import BadRequest
from toolway.serve.rest.asked import Asked
from toolway.serve.wire import SMALL_BODY, Response

MOST = 1000
"""The longest page."""


class Route(Struct, frozen=True):
    """A method and a path below `/api/v3` and `/api/v3.1`, the scope of key that it needs, a sentence, and who answers.

    `query` and `body` are the shapes that it takes, `gives` the status of success, `most` the bytes of the largest body.
    """

    method: str
    path: str
    needs: str
    about: str
    answer: Callable[[Asked], Awaitable[Response]]
    query: type[Struct] | None = None
    body: type[Struct] | None = None
    gives: int = 200
    most: int = SMALL_BODY

    @property
    def parts(self) -> tuple[str, ...]:
        """The path in parts; those in braces are open."""
        return tuple(self.path.split("/"))


class PageQuery(Struct, kw_only=True):
    """Which part of a list: at most so many, after what an earlier answer called `next_cursor`."""

    limit: Annotated[int, Meta(ge=1)] | None = None
    cursor: str | None = None


def page(items: Sequence[Any], query: PageQuery, usual: int, shown: Callable[[Any], Json] | None = None) -> Json:
    """A page of a list, as every list is answered. A cursor is the place in the list where the page begins, and nothing else."""
    size = min(query.limit or usual, MOST)
    begin = _place(query.cursor)
    part = items[begin : begin + size]
    end = begin + size
    return {
        "items": [shown(one) for one in part] if shown else list(part),
        "next_cursor": _cursor(end) if end < len(items) else None,
        "total_pages": -(-len(items) // size),
        "current_page": begin // size + 1,
        "total_items": len(items),
    }


def _cursor(place: int) -> str:
    return base64.urlsafe_b64encode(f"at:{place}".encode()).decode().rstrip("=")


def _place(cursor: str | None) -> int:
    if not cursor:
        return 0
    try:
        mark, _, number = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii").partition(":")
        if mark == "at" and number.isdecimal() and len(number) < 10 and _cursor(int(number)) == cursor:
            return int(number)
    except (ValueError, binascii.Error):
        pass
    raise BadRequest("cursor is none that was given out here.", fix="Take next_cursor of the answer before, or leave it out to begin.")
