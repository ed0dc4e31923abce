"""Access tokens made anew, with a real provider on loopback and on both databases."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.accounts.acme import SECRET, Acme, House
from tests.databases import outside
from toolway.accounts.keeper import account_secrets, row_of, sealed_secrets
from toolway.accounts.renewal import REFUSED
from toolway.errors import CallFailed, Conflict, NotConnected
from toolway.store.records import now_ms

GONE: tuple[str, Any] = ("400 Bad Request", {"error": "invalid_grant"})


def secrets(house: House, sealed: Any) -> dict[str, str]:
    return {name: one.open() for name, one in account_secrets(house.local.vault, sealed)[1].items()}


async def token(house: House) -> str:
    await house.local.store.freshness.fresh()
    return (await house.local.keeper.credential(house.project, "alice", "acme")).secrets["access_token"].open()


async def test_a_token_that_lives_is_used_as_it_is(house: House) -> None:
    await house.connected()
    assert await token(house) == "canary-access-1" and not house.acme.asked


async def test_a_minute_early_the_token_is_made_anew_and_the_rotated_one_kept(house: House) -> None:
    account = await house.connected()
    await house.expire(account, 59_000)
    assert await token(house) == "canary-access-2" == await token(house)
    kept = await house.account(account.id)
    assert secrets(house, kept) == {"access_token": "canary-access-2", "refresh_token": "canary-refresh-2"}
    assert kept.expires_at and kept.expires_at - now_ms() > 3_500_000 and kept.lease == "" and kept.status == "ACTIVE"
    assert [one["refresh_token"] for one in house.acme.asked] == ["canary-refresh-1"]
    await house.expire(kept, 61_000)
    assert await token(house) == "canary-access-2"


async def test_many_calls_of_many_servers_refresh_once(house: House, acme: Acme, tmp_path: Path, url: str) -> None:
    account = await house.connected()
    async with acme.house(tmp_path, url) as other:
        for _ in range(3):
            await house.expire(await house.account(account.id))
            await other.local.store.freshness.fresh()
            before = len(acme.asked)
            outcomes = await asyncio.gather(*(one.execute("ACME_LIST_ANVILS") for one in [house, other] * 10))
            assert all(outcome.successful for outcome in outcomes), outcomes
            assert len(acme.asked) == before + 1


async def test_a_refused_refresh_makes_the_account_expired_and_the_call_asks_to_connect(house: House) -> None:
    account = await house.connected()
    await house.expire(account)
    house.acme.refresh.clear()
    outcome = await house.execute("ACME_LIST_ANVILS")
    assert not outcome.successful and outcome.connect == "acme" and "invalid_grant" in str(outcome.error)
    found = await house.account(account.id)
    assert (found.status, found.status_reason, found.lease) == ("EXPIRED", f"{REFUSED}: invalid_grant", "")
    with pytest.raises(NotConnected):
        await token(house)
    assert len(house.acme.asked) == 1


@pytest.mark.parametrize(
    "answer",
    [
        ("503 Service Unavailable", {}),
        ("302 Found", {}),
        ("429 Too Many Requests", {}),
        ("200 OK", b"<html>"),
        ("200 OK", {"access_token": ""}),
        ("401 Unauthorized", {"error": "invalid_client"}),
        ("400 Bad Request", {"error": "temporarily_unavailable"}),
    ],
)
async def test_trouble_with_the_provider_expires_nothing(house: House, answer: tuple[str, Any]) -> None:
    account = await house.connected()
    await house.expire(account)
    house.acme.say = [answer]
    with pytest.raises(CallFailed, match=f"The access of {account.label} could not be renewed"):
        await token(house)
    assert (await house.account(account.id)).status == "ACTIVE"
    assert await token(house) == "canary-access-2"


@pytest.mark.parametrize(("said", "lives"), [("7200", 7200), (7200.5, 7200), (-5, None), (None, None), (2**70, None)])
async def test_a_life_is_read_however_it_is_written(house: House, said: Any, lives: int | None) -> None:
    account = await house.expire(await house.connected())
    house.acme.say = [("200 OK", {"access_token": "canary-access-9", "expires_in": said})]
    fresh = await house.local.renewal.renew(account)
    assert fresh.refreshed_at and fresh.expires_at == (None if lives is None else fresh.refreshed_at + lives * 1000)


async def test_what_does_not_open_is_told_and_hides_nothing_else(house: House, url: str) -> None:
    account, config = await house.connected(), (await house.local.store.auth_configs.list(house.project, "acme"))[0]
    custody = house.local.custody
    await outside(url, f"UPDATE auth_configs SET sealed = 'v1.gone.a.b' WHERE id = '{config.id}'")
    broken = await house.local.store.auth_configs.get(house.project, config.id)
    assert broken and await custody.shown_config(broken) == {}
    with pytest.raises(CallFailed, match="sealed under the vault key 'gone'"):
        await custody.refresh(account)
    await custody.change_config(broken, {"client_secret": SECRET})  # the way out
    account = await custody.refresh(account)
    assert account.status == "ACTIVE"
    for sealed in ("rubbish", account.sealed.replace("v1.", "v1.other", 1), account.sealed[:-8] + "AAAAAAA="):
        await outside(url, f"UPDATE accounts SET sealed = '{sealed}' WHERE id = '{account.id}'")
        found = await house.account(account.id)
        assert await custody.shown(found) is None
        with pytest.raises(Conflict):
            await custody.refresh(found)
    assert (await custody.revoke(found))[0].status == "REVOKED"


async def test_while_the_old_token_still_lives_trouble_is_not_told(house: House) -> None:
    await house.expire(await house.connected(), 30_000)
    house.acme.say = [("503 Service Unavailable", {})]
    assert await token(house) == "canary-access-1"
    assert await token(house) == "canary-access-2"


async def test_the_guard_stands_before_the_provider_too(house: House) -> None:
    account = await house.connected()
    (config,) = await house.local.store.auth_configs.list(house.project, "acme")
    await house.local.store.auth_configs.change(config, settings=config.settings | {"token_url": "http://127.0.0.1:9/token"})
    await house.expire(account)
    with pytest.raises(CallFailed, match=r"could not be renewed\. 127\.0\.0\.1 leads to a private address"):
        await token(house)
    assert (await house.account(account.id)).status == "ACTIVE"


async def test_who_asked_and_left_does_not_end_a_renewal(house: House) -> None:
    account = await house.connected()
    await house.expire(account)
    house.acme.hold = asyncio.Event()
    waiting = asyncio.create_task(token(house))
    await house.acme.came.wait()
    waiting.cancel()  # who asked does not wait any more, and the renewal goes on
    house.acme.hold.set()
    await house.local.renewal.close()
    assert secrets(house, await house.account(account.id))["refresh_token"] == "canary-refresh-2"


@pytest.mark.parametrize("slug", ["ACME_LIST_ANVILS", "ACME_MAKE_ANVIL", "ACME_DROP_ANVIL"])
async def test_a_token_that_the_service_does_not_accept_is_made_anew_once_whatever_the_tool_does(house: House, slug: str) -> None:
    await house.expire(await house.connected(), 1_800_000)
    house.acme.access.clear()
    house.acme.calls.clear()
    arguments = {"ACME_MAKE_ANVIL": {"name": "x"}, "ACME_DROP_ANVIL": {"id": "a1"}}.get(slug, {})
    outcome = await house.execute(slug, **arguments)
    assert outcome.successful, outcome
    assert len(house.acme.calls) == 2 and len(set(house.acme.calls)) == 1 and len(house.acme.asked) == 1


async def test_a_service_that_accepts_no_token_is_not_asked_for_ever(house: House) -> None:
    await house.expire(await house.connected(), 1_800_000)
    house.acme.nobody = True
    for _ in range(3):
        outcome = await house.execute("ACME_LIST_ANVILS")
        assert not outcome.successful and outcome.connect == "acme"
    assert len(house.acme.asked) == 1


async def test_a_401_and_a_refused_refresh_ask_to_connect(house: House) -> None:
    account = await house.expire(await house.connected(), 1_800_000)
    house.acme.access.clear()
    house.acme.say = [GONE]
    outcome = await house.execute("ACME_MAKE_ANVIL", name="x")
    assert outcome.connect == "acme" and not outcome.successful and (await house.account(account.id)).status == "EXPIRED"


async def test_what_else_is_changed_meanwhile_stays(house: House) -> None:
    account = await house.expire(await house.connected())
    house.acme.hold = asyncio.Event()
    waiting = asyncio.create_task(house.local.renewal.renew(account))
    await house.acme.came.wait()
    named = await house.local.custody.rename(await house.account(account.id), "work")
    off = await house.local.custody.disable(named)
    _, plain = account_secrets(house.local.vault, off)
    again = await house.local.store.accounts.renew(  # the vault's key is changed: the same secrets, sealed anew
        off, "change", sealed=sealed_secrets(house.local.vault, row_of(off.id), plain, off.mode)
    )
    assert again and again.sealed != off.sealed
    house.acme.hold.set()
    done = await waiting
    kept = await house.account(account.id)
    assert done == kept and (kept.alias, kept.status) == ("work", "INACTIVE")
    assert secrets(house, kept)["refresh_token"] == "canary-refresh-2" and len(house.acme.asked) == 1


async def test_an_account_that_is_deleted_or_revoked_meanwhile_does_not_come_back(house: House) -> None:
    for end in (house.local.custody.delete, house.local.custody.revoke):
        account = await house.expire(await house.connected())
        house.acme.hold, house.acme.came = asyncio.Event(), asyncio.Event()
        waiting = asyncio.create_task(house.local.renewal.renew(account))
        await house.acme.came.wait()
        await end(await house.account(account.id))
        house.acme.hold.set()
        with pytest.raises(NotConnected):
            await waiting
        found = await house.local.store.accounts.get(house.project, account.id)
        assert found is None or (found.status, found.sealed) == ("REVOKED", "")
        # the one that was there, and the one that came meanwhile, of which nobody else knows
        assert house.acme.revoked[-2:] == [house.acme.asked[-1]["refresh_token"], f"canary-refresh-{len(house.acme.revoked)}"]


async def test_the_lease_of_a_process_that_is_gone_counts_no_more(house: House) -> None:
    account = await house.expire(await house.connected())
    assert await house.local.store.accounts.lease(account, "nobody-lives-here x", now_ms() + 60_000)
    assert not await house.local.store.accounts.lease(account, "somebody else", now_ms() + 60_000)
    async with asyncio.timeout(5):
        assert await token(house) == "canary-access-2"


async def test_the_lease_of_one_that_lives_is_waited_for(house: House, acme: Acme, tmp_path: Path, url: str) -> None:
    account = await house.expire(await house.connected())
    acme.hold = asyncio.Event()
    async with acme.house(tmp_path, url) as other:
        first = asyncio.create_task(house.local.renewal.renew(account))
        await acme.came.wait()
        second = asyncio.create_task(other.local.renewal.renew(account))
        done, _ = await asyncio.wait({second}, timeout=0.3)
        assert not done and len(acme.asked) == 1
        acme.hold.set()
        assert (await first).sealed == (await second).sealed and len(acme.asked) == 1


async def test_without_a_refresh_token_nothing_is_made_anew(house: House) -> None:
    config = await house.client()
    given = {"access_token": house.acme.grant()["access_token"], "expires_in": "1"}
    account = await house.local.connector.direct(house.project, "alice", "acme", given, {}, mode="OAUTH2", auth_config=config.id)
    await house.expire(account)
    assert await token(house) == "canary-access-1" and not house.acme.asked
    assert await house.local.custody.refresh(await house.account(account.id)) == await house.account(account.id)


async def test_a_silent_refresh_and_one_that_brings_an_account_back(house: House) -> None:
    account = await house.connected()
    fresh = await house.local.custody.refresh(account)
    assert fresh.status == "ACTIVE" and secrets(house, fresh)["access_token"] == "canary-access-2"
    house.acme.say = [GONE]
    expired = await house.local.custody.refresh(fresh)
    assert expired.status == "EXPIRED"
    back = await house.local.custody.refresh(expired)
    assert (back.status, back.status_reason) == ("ACTIVE", "") and await token(house) == "canary-access-3"


async def test_a_client_of_its_own_gets_tokens_for_itself(house: House) -> None:
    config = await house.local.custody.make_config(house.project, "acme", "S2S_OAUTH2", {"token_url": f"{house.acme.url}/token"})
    given = {"client_id": "us", "client_secret": "canary-own-secret"}
    account = await house.local.connector.direct(house.project, "alice", "acme", given, {}, mode="S2S_OAUTH2", auth_config=config.id)
    assert account.settings["client_id"] == "us" and account.mode == "S2S_OAUTH2" and account.expires_at
    await house.expire(account)
    assert await token(house) == "canary-access-2"
    assert [one["grant_type"] for one in house.acme.asked] == ["client_credentials"] * 2
    assert secrets(house, await house.account(account.id)).keys() == {"client_secret", "access_token"}
