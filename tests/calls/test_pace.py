"""Turns, rests and plans of an account, by a clock in the test's hand; nothing here waits."""

import asyncio
from typing import Any

import pytest
from msgspec import structs

from tests.calls.shop import builtin, kit
from toolway.accounts.keeper import Credential
from toolway.calls.pace import Pace, counts
from toolway.catalog.model import Rate
from toolway.errors import Busy

PLANS = (Rate(50, "second", "paid plan"), Rate(30, "hour", "free plan"))


class Account:
    """An account of a service with these rates, and its clock."""

    def __init__(self, *rates: Rate, **settings: str) -> None:
        self.now = 1000.0
        self.pace = Pace(lambda: self.now)
        self.kit = structs.replace(kit(), rates=rates)
        self.mine = Credential("ca_1", "", "API_KEY", {}, settings)

    async def call(self, times: int = 1, counted: bool = True) -> None:
        """So many calls, each of which the service takes."""
        for _ in range(times):
            assert await self.pace.turn(self.kit, self.mine) == 0
            self.pace.taken(self.kit, self.mine, self.now, counted)
            self.now += 0.1

    async def refused(self, asked: float = 0) -> str:
        """A call that the service refuses for there were too many."""
        await self.pace.turn(self.kit, self.mine)
        return self.pace.refused(self.kit, self.mine, asked)

    async def busy(self) -> Busy:
        """What the next call is told."""
        with pytest.raises(Busy) as raised:
            await self.pace.turn(self.kit, self.mine)
        return raised.value


async def test_a_rest_is_as_long_as_the_service_asks() -> None:
    account = Account()
    assert "Free again in 12 minutes" in await account.refused(asked=720)
    account.now += 60
    assert "too many. Free again in 11 minutes." in (await account.busy()).sentence
    account.now += 660
    await account.call()
    await account.refused(asked=99_999)
    assert round((await account.busy()).seconds, 3) == 3600  # then one call finds out


async def test_a_rest_nobody_asked_for_doubles_until_a_call_is_taken() -> None:
    account = Account()
    rests: list[float] = []
    for _ in range(9):
        await account.refused()
        rests.append((await account.busy()).seconds)
        account.now += rests[-1]
    assert rests == [10, 20, 40, 80, 160, 320, 600, 600, 600]
    await account.call()
    await account.refused()
    assert (await account.busy()).seconds == 10


async def test_calls_that_were_under_way_neither_lengthen_a_rest_nor_end_it() -> None:
    account = Account()
    before = account.now
    account.now += 1
    await account.refused()
    account.now += 1
    account.pace.refused(account.kit, account.mine, 0)
    account.pace.taken(account.kit, account.mine, before, counted=True)
    assert (await account.busy()).seconds == 9
    account.now += 1
    account.pace.taken(account.kit, account.mine, account.now, counted=True)
    await account.call()


async def test_the_rest_of_one_account_is_not_that_of_another() -> None:
    account = Account()
    await account.refused()
    account.mine = Credential("ca_2", "", "API_KEY", {}, {})
    await account.call()


async def test_a_plan_is_learnt_from_the_first_refusal_and_calls_before_it_count() -> None:
    account = Account(*PLANS)
    await account.call(30)
    began = account.now - 3
    assert "seems to be on the free plan: 30 calls an hour." in await account.refused()
    account.now += 20
    busy = await account.busy()
    assert "allows 30 calls an hour on this account, which seems to be on the free plan" in busy.message
    assert abs(busy.seconds - (began + 0.1 + 3600 - account.now)) < 0.001 and "60 minutes" in busy.sentence
    account.now += busy.seconds + 3
    await account.call()


async def test_a_plan_is_not_believed_for_ever() -> None:
    account = Account(*PLANS)
    await account.refused()
    account.now += 3601
    await account.call(45)


async def test_calls_that_may_not_count_say_nothing_against_a_plan() -> None:
    account = Account(*PLANS)
    await account.call(20)
    await account.call(20, counted=False)
    assert "seems to be on the free plan" in await account.refused()


@pytest.mark.parametrize(
    ("taken", "asked", "settings", "told"),
    [
        (31, 0, {}, "paid plan: 50 calls a second"),  # more than a free plan has
        (3, 1800, {}, "free plan"),
        (3, 7200, {}, ""),  # no window is so long
        (3, 0, {"plan": "paid plan"}, ""),  # known
    ],
)
async def test_only_a_plan_that_fits_is_learnt(taken: int, asked: float, settings: dict[str, str], told: str) -> None:
    account = Account(*PLANS, **settings)
    await account.call(taken)
    said = await account.refused(asked)
    assert told in said and ("seems" in said) == bool(told)


async def test_a_plan_that_is_set_holds_from_the_first_call() -> None:
    account = Account(*PLANS, plan="free plan")
    await account.call(30)
    assert "seems" not in (await account.busy()).sentence


async def test_calls_at_once_take_turns_and_know_how_long_they_waited() -> None:
    pace, its, mine = Pace(), structs.replace(kit(), rates=(Rate(1, "second"),)), Credential("ca_1", "", "API_KEY", {}, {})
    waited: list[Any] = await asyncio.gather(*(pace.turn(its, mine) for _ in range(8)), return_exceptions=True)
    waits = sorted(one for one in waited if isinstance(one, float))
    assert len(waits) > 1 and all(one >= n * 0.99 for n, one in enumerate(waits))
    assert any(isinstance(one, Busy) and "allows 1 call a second" in one.message for one in waited)


@pytest.mark.parametrize(
    ("slug", "counted"),
    [("CLOCKIFY_GET_TAGS", True), ("CLOCKIFY_GET_CURRENTLY_LOGGED_IN_USER_INFO", False), ("DESKTIME_GET_PROJECTS_LIST", True)],
)
def test_where_things_lie_in_places_only_what_names_one_surely_counts(slug: str, counted: bool) -> None:
    found, its = builtin(slug)
    assert counts(its, found) == counted
