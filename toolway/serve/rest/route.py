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
    """A page of a list that is here whole."""
    size, begin = cut(query, usual)
    part = items[begin : begin + size]
    return page_of([shown(one) for one in part] if shown else list(part), len(items), size, begin)


def cut(query: PageQuery, usual: int) -> tuple[int, int]:
    """How many of a list are wanted at most, and after how many they begin. Raises `BadRequest` for a cursor that was not given out."""
    return min(query.limit or usual, MOST), _place(query.cursor)


def page_of(items: list[Any], total: int, size: int, begin: int) -> Json:
    """A page, as every list is answered. A cursor is the place in the list where the next one begins, and nothing else."""
    end = begin + size
    return {
        "items": items,
        "next_cursor": _cursor(end) if items and end < total else None,
        "total_pages": -(-total // size),
        "current_page": begin // size + 1,
        "total_items": total,
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
