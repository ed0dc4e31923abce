"""Section D of the list: OAuth as a client; and what of section E is about accounts."""

import asyncio
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.accounts.acme import BACK, SECRET, Acme, House
from tests.databases import outside
from toolway.accounts import links
from toolway.accounts.masking import masked
from toolway.accounts.vault import Secret
from toolway.errors import BadRequest, NotConnected, ToolwayError
from toolway.router.connect import ConnectFailed
from toolway.store.records import EFFECTS, Account, Link


async def waiting(house: House, user: str = "alice", **more: str) -> tuple[Link, Account]:
    config = await house.client(**more)
    begun = await house.local.connector.begin(house.project, user, "acme", config.id)
    return await links.find(house.local.store, begun.path.rpartition("/")[2])


async def test_31_a_state_is_good_once_in_its_browser_and_for_ten_minutes(house: House, url: str) -> None:
    link, account = await waiting(house)
    connector = house.local.connector

    async def refused(state: str, browser: str, given: dict[str, str]) -> None:
        with pytest.raises(BadRequest, match="belongs to nothing that this browser began"):
            await connector.back(state, browser, given, BACK)
        assert (await house.account(account.id)).status == "INITIATED" and not house.acme.asked

    old = house.acme.consent(await connector.leave(link, account, {}, EFFECTS, "browser-a", BACK))
    late = f"UPDATE authorizations SET expires_at = created_at WHERE digest = '{links.digest(old['state'])}'"
    await outside(url, late)
    given = house.acme.consent(await connector.leave(link, account, {}, EFFECTS, "browser-a", BACK))
    assert len(given["state"]) == 64 and given["state"] != old["state"]
    for browser in ("browser-b", "", "browser-a "):
        await refused(given["state"], browser, given)
    for state in ("", given["state"][:-1], given["state"].swapcase(), "x" * 10_000, "\udcff", links.digest(given["state"])):
        await refused(state, "browser-a", given)
    await refused(old["state"], "browser-a", old)
    ((digest, sealed),) = await outside(url, "SELECT digest, sealed FROM authorizations WHERE used_at IS NULL")
    assert given["state"] not in digest + sealed
    both = await asyncio.gather(*(connector.back(given["state"], "browser-a", given, BACK) for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(one, tuple) for one in both) == 1 and sum(isinstance(one, BadRequest) for one in both) == 4
    assert len(house.acme.asked) == 1
    with pytest.raises(BadRequest):
        await connector.back(given["state"], "browser-a", given, BACK)
    assert await outside(url, "SELECT sealed FROM authorizations WHERE used_at IS NOT NULL") == [("",)]


async def test_32_pkce_is_sent_and_the_verifier_stays(house: House, url: str) -> None:
    link, account = await waiting(house)
    way = await house.local.connector.leave(link, account, {}, EFFECTS, "browser", BACK)
    asked = parse_qs(urlsplit(way).query)
    assert asked["code_challenge_method"] == ["S256"] and len(asked["code_challenge"][0]) == 43 and asked["redirect_uri"] == [BACK]
    given = house.acme.consent(way)
    stolen = house.acme.consent(await house.local.connector.leave(link, account, {}, EFFECTS, "mallory", BACK))
    with pytest.raises(ConnectFailed):  # a code that was given for another challenge
        await house.local.connector.back(stolen["state"], "mallory", stolen | {"code": given["code"]}, BACK)
    given = house.acme.consent(way)
    await house.local.connector.back(given["state"], "browser", given, BACK)
    verifier = house.acme.asked[-1]["code_verifier"]
    assert len(verifier) == 64 and verifier not in way
    assert verifier not in str(await outside(url, "SELECT sealed FROM authorizations"))


async def test_33_an_answer_of_another_provider_is_refused(house: House, tmp_path: Path) -> None:
    """Mix-up: the person went to one provider, and another's code comes back with the first one's state."""
    for more, iss in (({"issuer": "https://honest.example"}, "https://evil.example"), ({}, "https://evil.example")):
        link, account = await waiting(house, iss, **more)
        given = house.acme.consent(await house.local.connector.leave(link, account, {}, EFFECTS, "browser", BACK))
        before = len(house.acme.asked)
        with pytest.raises(ConnectFailed, match="was asked") as raised:
            await house.local.connector.back(given["state"], "browser", given | {"iss": iss}, BACK)
        assert raised.value.error == "wrong_issuer" and len(house.acme.asked) == before
        assert (await house.account(account.id)).status == "INITIATED"
    link, account = await waiting(house, "carol", issuer="https://honest.example")
    given = house.acme.consent(await house.local.connector.leave(link, account, {}, EFFECTS, "browser", BACK))
    _, done = await house.local.connector.back(given["state"], "browser", given | {"iss": "https://honest.example"}, BACK)
    assert done.status == "ACTIVE"


async def test_37_a_refresh_is_one_flight_among_servers(house: House, acme: Acme, tmp_path: Path, url: str) -> None:
    """Killed processes: tests/accept/test_refresh.py."""
    account = await house.expire(await house.connected())
    async with acme.house(tmp_path, url) as other:
        renewals = (one.local.renewal.renew(account) for one in [house, other] * 10)
        assert len({done.sealed for done in await asyncio.gather(*renewals)}) == 1
    assert len(acme.asked) == 1


async def test_38_deleting_and_revoking_tell_the_provider_and_erase(house: House, url: str) -> None:
    for number, end in enumerate((house.local.custody.delete, house.local.custody.revoke), 1):
        link, account = await waiting(house)
        given = house.acme.consent(await house.local.connector.leave(link, account, {}, EFFECTS, "browser", BACK))
        _, done = await house.local.connector.back(given["state"], "browser", given, BACK)
        gone = await end(done)
        assert gone is True or gone[1] is True  # type: ignore[index]
        assert len(house.acme.revoked) == number and house.acme.revoked[-1].startswith("canary-refresh-")
        assert done.sealed not in str(await outside(url, "SELECT * FROM accounts"))
        await house.local.store.freshness.fresh()
        with pytest.raises(NotConnected):
            await house.local.keeper.credential(house.project, "alice", "acme")


async def test_38_a_provider_that_does_not_answer_keeps_nothing_alive_here(house: House) -> None:
    account = await house.connected()
    (config,) = await house.local.store.auth_configs.list(house.project, "acme")
    await house.local.store.auth_configs.change(config, settings=config.settings | {"revoke_url": "http://127.0.0.1:9/revoke"})
    assert await house.local.custody.delete(account) is False
    assert await house.local.store.accounts.get(house.project, account.id) is None


async def test_40_secrets_open_in_their_own_row_only(house: House) -> None:
    one, two = await house.connected("alice"), await house.connected("bob")
    await house.local.store.accounts.move(one, "change", sealed=two.sealed)
    await house.local.store.freshness.fresh()
    with pytest.raises(ToolwayError, match="does not open"):
        await house.local.keeper.credential(house.project, "alice", "acme")
    configs = [await house.client(), await house.client()]
    swapped = await house.local.store.auth_configs.change(configs[0], sealed=configs[1].sealed)
    with pytest.raises(ToolwayError, match="does not open"):
        await house.local.custody.change_config(swapped, {"scopes": "read"})
    assert await house.local.custody.shown_config(swapped) == {}  # and nothing of the other's


async def test_43_a_secret_is_shown_masked(house: House) -> None:
    account = await house.connected()
    shown = await house.local.custody.shown(account)
    assert shown == {"access_token": "cana...", "refresh_token": "cana..."}
    (config,) = await house.local.store.auth_configs.list(house.project, "acme")
    assert SECRET not in str(await house.local.custody.shown_config(config))
    for text in ("", "abc", "abcd", "abcdefg", "abcdefgh", "x" * 1000):
        assert not text or text not in masked(Secret(text))
        assert len(masked(Secret(text)).removesuffix("...")) <= max(len(text) // 2, 8)
