"""When a call is repeated: a table by what the call does.

A read may be repeated on a broken line, on 429 and on 5xx; anything that changes something only when it surely did not arrive. A
repetition must still fit into the call's time.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from toolway.catalog.model import Effect
from toolway.errors import NoAnswer, Unreachable
from toolway.net import Answer, Request

Way = Callable[[Request, float], Awaitable[Answer]]
"""Sends a request once, within so many seconds."""


class Patience(NamedTuple):
    """How often, and on what, a call is repeated."""

    tries: int
    failures: tuple[type[Exception], ...]
    statuses: frozenset[int]


TABLE: dict[Effect, Patience] = {
    "read": Patience(3, (Unreachable, NoAnswer), frozenset({429, 500, 502, 503, 504})),
    "create": Patience(2, (Unreachable,), frozenset()),
    "update": Patience(2, (Unreachable,), frozenset()),
    "destroy": Patience(2, (Unreachable,), frozenset()),
}
_FIRST_PAUSE = 0.25


async def send(way: Way, request: Request, effect: Effect) -> Answer:
    """Send, and send again where the table allows it. Raises what the last try raised."""
    patience = TABLE[effect]
    until = time.monotonic() + request.seconds
    for attempt in range(1, patience.tries + 1):
        pause = _FIRST_PAUSE * 3 ** (attempt - 1)
        try:
            answer = await way(request, max(until - time.monotonic(), 0.1))
        except patience.failures:
            if attempt == patience.tries or until - time.monotonic() - pause < 1:
                raise
        else:
            pause = max(pause, asked(answer))
            if answer.status not in patience.statuses or attempt == patience.tries or until - time.monotonic() - pause < 1:
                return answer
        await asyncio.sleep(pause)
    raise AssertionError("a try either returns or raises")


def asked(answer: Answer) -> float:
    """Seconds that the service asks to wait (`Retry-After`), 0 when it does not say."""
    text = answer.headers.get("retry-after", "")
    return float(text) if text.isdecimal() and len(text) < 6 else 0.0
