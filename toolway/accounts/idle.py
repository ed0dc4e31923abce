"""Access that nobody uses, kept from lapsing: refreshed in the background, one account after the other.

Every process of a server takes such turns. Which of them renews an account the lease of `renewal` decides; the others find it renewed.
"""

import asyncio
import contextlib
import random
from types import TracebackType
from typing import Self

from toolway.accounts.keeper import Keeper
from toolway.accounts.renewal import Renewal
from toolway.errors import ToolwayError
from toolway.store.records import Account, now_ms
from toolway.store.shelves import Store
from toolway.watch import fault, log

_DAY_MS = 86_400_000
_AT_ONCE = 20
_FIRST_SECONDS = 60.0
_EVERY_SECONDS = 3600.0


class Idle:
    """Refreshes OAuth2 accounts that were not refreshed for so many `days`; 0: none. `async with` takes turns as long as it lasts: the
    first after about `first` seconds, then one `every` so many.
    """

    def __init__(
        self, store: Store, keeper: Keeper, renewal: Renewal, days: int, first: float = _FIRST_SECONDS, every: float = _EVERY_SECONDS
    ) -> None:
        self._store = store
        self._keeper = keeper
        self._renewal = renewal
        self._days = days
        self._first = first
        self._every = every
        self._task: asyncio.Task[None] | None = None

    async def turn(self) -> int:
        """Refresh whatever was idle for too long; tells how many accounts were. One that cannot be refreshed now waits for the next turn;
        one that is refused becomes EXPIRED, as in a call.
        """
        before, done = now_ms() - self._days * _DAY_MS, 0
        for project in await self._store.projects.all() if self._days else ():
            after, found = "", True
            while found:
                found = await self._store.accounts.idle(project.id, before, after, _AT_ONCE)
                for account in found:
                    done += await self._refreshed(account)
                    after = account.id
        return done

    async def _refreshed(self, account: Account) -> bool:
        try:
            if not self._keeper.is_here(account) or not self._keeper.open(account).renewable:
                return False
            return (await self._renewal.renew(account)).status == "ACTIVE"
        except ToolwayError as error:
            log().warning("idle", toolkit=account.toolkit, account=account.id, error=error.code)
            return False

    async def _turns(self) -> None:
        await asyncio.sleep(self._first * random.uniform(0.5, 1.5))  # not every process at once
        while True:
            try:
                await self.turn()
            except Exception as error:
                fault("refresh idle accounts", error)
            await asyncio.sleep(self._every * random.uniform(0.5, 1.5))

    async def __aenter__(self) -> Self:
        if self._days:
            self._task = asyncio.create_task(self._turns())
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
