"""Lists that heed no page: the same rows come again under the next number, and a client would turn pages for ever.

What came last is remembered in this process. With several of them a round trip that each sees once is still found out by the first that
sees it twice.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple

from msgspec import json, structs

from toolway.calls.places import at, placed
from toolway.calls.reply import Reply
from toolway.catalog.model import Json, Tool

_SECONDS = 600.0
_MOST = 4096
_ALIKE = "This is the page before again: page 0 and 1 are one here, and next goes on."
_AGAIN = "This is the same page again: no pages are told apart here, and that was all."


class _Page(NamedTuple):
    number: Any
    mark: int
    seen_at: float


class Leafing:
    """Remembers the last page of each list that goes on, for ten minutes and bounded."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._pages: OrderedDict[tuple[str, str, bytes], _Page] = OrderedDict()

    def turned(self, account_id: str, tool: Tool, arguments: Json, reply: Reply) -> Reply:
        """The reply; one that holds the rows of the page before ends the list and says so. Only page 1 may be page 0: a service that counts
        from 1 takes 0 for it.
        """
        if tool.pages is None or reply.next is None:
            return reply
        without = arguments | placed(tool, arguments, tool.pages.page, None)
        place = (account_id, tool.slug, json.encode(without, order="deterministic"))
        page = _Page(at(tool, arguments, tool.pages.page), reply.mark, self._clock())
        before = self._pages.get(place)
        if before and before.number != page.number and before.mark == page.mark and page.seen_at - before.seen_at < _SECONDS:
            if before.number != 0:
                return structs.replace(reply, next=None, note=f"{_AGAIN} {reply.note}".rstrip())
            reply = structs.replace(reply, note=f"{_ALIKE} {reply.note}".rstrip())
        self._pages[place] = page
        self._pages.move_to_end(place)
        if len(self._pages) > _MOST:
            self._pages.popitem(last=False)
        return reply
