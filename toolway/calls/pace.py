"""The pace of an account: a call waits its turn for a moment, or is told when it may come again.

Limits stand in the toolkit; those with a plan (`when`) hold for accounts of that plan only. The plan is a setting of the account, or
learnt from the first refusal for too many calls. All calls of an account in this process share what is counted here.
"""

import asyncio
import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable

from msgspec import Struct

from toolway.accounts.keeper import Credential
from toolway.catalog.model import Rate, Tool, Toolkit
from toolway.errors import Busy

_WAIT = 5.0
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
_FIRST_REST, _LONGEST_GUESS, _LONGEST_REST = 10.0, 600.0, 3600.0
_ACCOUNTS = 8192


class _Account(Struct):
    """What is known of an account, in moments of the clock: when calls left, when calls were taken, and until when it rests."""

    left: deque[float]
    taken: deque[float]
    refused: float = -math.inf
    rests_until: float = -math.inf
    guess: float = 0.0
    plan: str = ""
    plan_until: float = -math.inf


class Pace:
    """Counts the calls of every account, and remembers when a service had enough of them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._accounts: OrderedDict[str, _Account] = OrderedDict()

    async def turn(self, kit: Toolkit, credential: Credential) -> float:
        """Wait for this account's turn; returns the seconds that it took. Raises `Busy` when it is further than five seconds away."""
        account, began = self._account(kit, credential), self._clock()
        while True:
            now = self._clock()
            away, why = max(self._away(kit, credential, account, now))
            if away <= 0:
                account.left.append(now)
                return now - began
            if now - began + away > _WAIT:
                raise Busy(why, seconds=away, fix=f"Free again in {_told(away)}.")
            await asyncio.sleep(away)

    def taken(self, kit: Toolkit, credential: Credential, left: float, counted: bool) -> None:
        """The service took a call that left at this moment of the clock: a rest that was asked for before is over. `counted` is what
        `counts` says of it.
        """
        account = self._account(kit, credential)
        if counted:
            account.taken.append(left)
        if left > account.refused:
            account.rests_until, account.guess = -math.inf, 0.0

    def refused(self, kit: Toolkit, credential: Credential, asked: float) -> str:
        """The service refused a call because there were too many, and asked to wait some seconds (0: it did not say). The account rests
        that long, else for a time that doubles. Returns what to tell the agent.
        """
        account, now = self._account(kit, credential), self._clock()
        if now >= account.rests_until and not asked:
            account.guess = min(account.guess * 2, _LONGEST_GUESS) or _FIRST_REST
            account.rests_until = now + account.guess
        account.rests_until = max(account.rests_until, now + min(asked, _LONGEST_REST))
        account.refused = now
        learnt = self._learn(kit, credential, account, asked, now)
        away, _ = max(self._away(kit, credential, account, now))
        return f"Free again in {_told(away)}, as far as can be seen.{learnt}"

    def now(self) -> float:
        """The moment of the clock."""
        return self._clock()

    def _away(self, kit: Toolkit, credential: Credential, account: _Account, now: float) -> list[tuple[float, str]]:
        """How far away the next call is for each reason that it may have to wait for, in seconds; below zero: not at all."""
        away = [(account.rests_until - now, f"{kit.title} has just refused calls of this account because they were too many.")]
        plan = credential.settings.get("plan", "")
        seems = ""
        if not plan and now < account.plan_until:
            plan = account.plan
            seems = f", which seems to be on the {plan}"
        for rate in kit.rates:
            if rate.when in ("", plan) and len(account.left) >= rate.most:
                why = f"{kit.title} allows {_allowed(rate)} on this account{seems if rate.when else ''}, and they are used up."
                away.append((account.left[-rate.most] + _SECONDS[rate.per] - now, why))
        return away

    def _learn(self, kit: Toolkit, credential: Credential, account: _Account, asked: float, now: float) -> str:
        """Take the tightest plan that this refusal may come from, until its window is over; returns what to tell of it.

        A plan of which more was taken than it allows is not this account's, nor one whose window is shorter than the wait asked for.
        """
        rates = [rate for rate in kit.rates if rate.when]
        if credential.settings.get("plan") or not rates or now < account.plan_until:
            return ""
        strange = {rate.when for rate in rates if asked > _SECONDS[rate.per] or self._used(account.taken, rate, now) > rate.most}
        fitting = [rate for rate in rates if rate.when not in strange]
        if not fitting:
            return ""
        tightest = min(fitting, key=lambda rate: rate.most / _SECONDS[rate.per])
        account.plan, account.plan_until = tightest.when, now + _SECONDS[tightest.per]
        return f" This account seems to be on the {tightest.when}: {_allowed(tightest)}."

    def _used(self, moments: deque[float], rate: Rate, now: float) -> int:
        return sum(1 for moment in moments if moment > now - _SECONDS[rate.per])

    def _account(self, kit: Toolkit, credential: Credential) -> _Account:
        account = self._accounts.get(credential.account_id)
        if account is None:
            most = max((rate.most for rate in kit.rates), default=0) + 1
            account = self._accounts[credential.account_id] = _Account(deque(maxlen=most), deque(maxlen=most))
            if len(self._accounts) > _ACCOUNTS:
                self._accounts.popitem(last=False)
        self._accounts.move_to_end(credential.account_id)
        return account


def counts(kit: Toolkit, tool: Tool) -> bool:
    """Whether a call surely counts for the service's limits. Where things lie in places (workspaces) these may be what is limited, and a
    call that names none, such as who the user is, may be free.
    """
    places = kit.places
    return not places or any(param.field.kind.noun in places for param in tool.params if param.place == "path")


def _allowed(rate: Rate) -> str:
    return f"{rate.most} call{'' if rate.most == 1 else 's'} a{'n' if rate.per == 'hour' else ''} {rate.per}"


def _told(seconds: float) -> str:
    return f"{math.ceil(seconds)} second{'' if seconds <= 1 else 's'}" if seconds < 90 else f"{math.ceil(seconds / 60)} minutes"
