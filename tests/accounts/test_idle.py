"""Access that nobody uses does not lapse: a real provider on loopback, both databases, and clocks moved by what is kept."""

import asyncio
from pathlib import Path

from tests.accounts.acme import Acme, House
from toolway.accounts.idle import Idle
from toolway.store.records import Account, now_ms

DAY = 86_400_000


def idle(house: House, days: int = 7, **more: float) -> Idle:
    return Idle(house.local.store, house.local.keeper, house.local.renewal, days, **more)


async def aged(house: House, days: float, user: str = "alice") -> Account:
    """An account whose tokens were made so many days ago."""
    account = await house.connected(user)
    return await house.local.store.accounts.move(account, "change", refreshed_at=now_ms() - round(days * DAY))


async def test_what_was_idle_for_too_long_is_refreshed_and_nothing_else(house: House) -> None:
    old, young, off = await aged(house, 7.1), await aged(house, 6.9, "bob"), await aged(house, 30, "carl")
    await house.local.custody.disable(off)
    assert await idle(house, 0).turn() == 0 and not house.acme.asked
    assert await idle(house).turn() == 1
    assert [one["refresh_token"] for one in house.acme.asked] == ["canary-refresh-1"]
    assert ((await house.account(old.id)).refreshed_at or 0) > now_ms() - DAY
    assert (await house.account(young.id)).refreshed_at == young.refreshed_at
    assert await idle(house).turn() == 0


async def test_two_servers_ask_once_for_each(house: House, acme: Acme, tmp_path: Path, url: str) -> None:
    for number in range(5):
        await aged(house, 20, f"user{number}")
    async with acme.house(tmp_path, url) as other:
        await asyncio.gather(idle(house).turn(), idle(other).turn())
    assert len(acme.asked) == 5


async def test_a_refusal_expires_the_account_and_trouble_does_not(house: House) -> None:
    account, other = await aged(house, 20), await aged(house, 20, "bob")
    house.acme.say = [("503 Service Unavailable", {})] * 2
    assert await idle(house).turn() == 0
    assert {(await house.account(one.id)).status for one in (account, other)} == {"ACTIVE"}
    house.acme.refresh.discard("canary-refresh-1")
    assert await idle(house).turn() == 1
    kept = await house.account(account.id)
    assert (kept.status, kept.status_reason) == ("EXPIRED", "REFRESH_REFUSED: invalid_grant")
    assert (await house.account(other.id)).status == "ACTIVE"


async def test_tokens_without_a_refresh_token_are_left_alone(house: House) -> None:
    config, given = await house.client(), house.acme.grant()
    direct = house.local.connector.direct
    account = await direct(
        house.project, "alice", "acme", {"access_token": given["access_token"]}, {}, mode="OAUTH2", auth_config=config.id
    )
    await house.local.store.accounts.move(account, "change", refreshed_at=0)
    assert await idle(house).turn() == 0 and not house.acme.asked
    assert (await house.account(account.id)).status == "ACTIVE"


async def test_turns_are_taken_beside_everything_else(house: House) -> None:
    account = await aged(house, 8)
    async with idle(house, first=0, every=0.01), asyncio.timeout(5):
        while (await house.account(account.id)).refreshed_at == account.refreshed_at:
            await asyncio.sleep(0.01)
    assert len(house.acme.asked) == 1
