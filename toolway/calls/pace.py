"""The pace of an account: a call waits its turn for a moment, or is told when it may come again.

Limits stand in the toolkit; those with a plan (`when`) hold for accounts of that plan only. All calls of an account in this process
share them.
"""

import asyncio
import math
import time
from typing import TYPE_CHECKING

from toolway.accounts.keeper import Credential
from toolway.catalog.model import Rate, Toolkit
from toolway.errors import Busy

if TYPE_CHECKING:
    from limits import RateLimitItem
    from limits.aio.strategies import MovingWindowRateLimiter

_WAIT = 5.0


class Pace:
    """Counts the calls of every account."""

    def __init__(self) -> None:
        self._limiter: MovingWindowRateLimiter | None = None
        self._items: dict[Rate, RateLimitItem] = {}

    async def turn(self, kit: Toolkit, credential: Credential) -> None:
        """Wait for this account's turn. Raises `Busy` when it is further than five seconds away."""
        plan = credential.settings.get("plan", "")
        rates = [rate for rate in kit.rates if not rate.when or rate.when == plan]
        waited = 0.0
        for rate in rates:
            while not await self._hit(rate, credential.account_id):
                left = await self._left(rate, credential.account_id)
                if waited + left > _WAIT:
                    raise Busy(
                        f"{kit.title} allows {rate.most} calls a {rate.per} on this account, and they are used up.",
                        seconds=left,
                        fix=f"Free again in {_told(left)}.",
                    )
                await asyncio.sleep(left)
                waited += left

    async def _hit(self, rate: Rate, account_id: str) -> bool:
        return await self._open().hit(self._item(rate), account_id)

    async def _left(self, rate: Rate, account_id: str) -> float:
        window = await self._open().get_window_stats(self._item(rate), account_id)
        return max(window.reset_time - time.time(), 0.01)

    def _item(self, rate: Rate) -> "RateLimitItem":
        item = self._items.get(rate)
        if item is None:
            from limits import parse

            item = self._items[rate] = parse(f"{rate.most}/{rate.per}")
        return item

    def _open(self) -> "MovingWindowRateLimiter":
        if self._limiter is None:
            from limits.aio.storage import MemoryStorage
            from limits.aio.strategies import MovingWindowRateLimiter

            self._limiter = MovingWindowRateLimiter(MemoryStorage())
        return self._limiter


def _told(seconds: float) -> str:
    return f"{math.ceil(seconds)} seconds" if seconds < 90 else f"{math.ceil(seconds / 60)} minutes"
