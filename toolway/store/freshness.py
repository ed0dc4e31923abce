"""What a process remembers of the database, and when it has to forget it.

A counter in the database grows with every change of what processes remember. `Freshness` looks at it now and then; `Cached` is such
a memory.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

EVERY_SECONDS = 0.2
"""How old what a process remembers may be."""


class Freshness:
    """Looks whether something changed, at most every 200 ms, and makes those who remember forget.

    `read` gives the counter, and `seen` is what it gave last; `clock` gives seconds and never goes back.
    """

    def __init__(
        self, read: Callable[[], Awaitable[int]], *, every: float = EVERY_SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._read = read
        self._every = every
        self._clock = clock
        self._forgets: list[Callable[[], None]] = []
        self.seen: int | None = None
        self._until = float("-inf")
        self._flight: asyncio.Task[None] | None = None

    def on_change(self, forget: Callable[[], None]) -> None:
        """From now on call this when something changed."""
        self._forgets.append(forget)

    def due(self) -> None:
        """Something did change here: the next `fresh` looks, and does not take a look that is under way for an answer."""
        self._until = float("-inf")
        self._flight = None

    async def fresh(self) -> None:
        """On return what is remembered is no older than 200 ms and a look. Raises what reading the counter raises."""
        if self._clock() < self._until:
            return
        if self._flight is None:
            self._flight = asyncio.create_task(self._look())
            self._flight.add_done_callback(_heard)
        await asyncio.shield(self._flight)

    async def _look(self) -> None:
        me, began = asyncio.current_task(), self._clock()
        try:
            value = await self._read()
            if value != self.seen:
                for forget in self._forgets:
                    forget()
                self.seen = value
            if self._flight is me:
                self._until = began + self._every
        finally:
            if self._flight is me:
                self._flight = None


class Tally:
    """How often something was asked of a memory: `hits` were remembered, `misses` were not."""

    def __init__(self) -> None:
        self.hits = 0
        self.misses = 0


class Cached(Generic[K, V]):
    """Remembers the `most` things used last; what is not there (None) is asked for each time.

    Many who ask for the same at once share one `load`. What was being loaded when `forget` was called is given to those who wait for
    it, but not remembered: it may be from before the change. `tally` counts.
    """

    def __init__(self, load: Callable[[K], Awaitable[V | None]], most: int = 10_000) -> None:
        self.tally = Tally()
        self._load = load
        self._most = most
        self._kept: OrderedDict[K, V] = OrderedDict()
        self._flights: dict[K, asyncio.Task[V | None]] = {}

    async def get(self, key: K) -> V | None:
        """What belongs to the key, remembered or loaded."""
        kept = self._kept.get(key)
        if kept is not None:
            self._kept.move_to_end(key)
            self.tally.hits += 1
            return kept
        self.tally.misses += 1
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = asyncio.create_task(self._fetch(key, self._flights))
            flight.add_done_callback(_heard)
        return await asyncio.shield(flight)

    async def _fetch(self, key: K, flights: dict[K, asyncio.Task[V | None]]) -> V | None:
        try:
            found = await self._load(key)
            if found is not None and flights is self._flights:
                self._kept[key] = found
                if len(self._kept) > self._most:
                    self._kept.popitem(last=False)
            return found
        finally:
            del flights[key]

    def forget(self) -> None:
        """Remember nothing."""
        self._kept.clear()
        self._flights = {}

    def __len__(self) -> int:
        return len(self._kept)


def _heard(task: asyncio.Task[object]) -> None:
    if not task.cancelled():
        task.exception()  # those who wait are told; with nobody waiting there is nobody to tell
