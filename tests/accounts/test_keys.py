import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from toolway.accounts.keys import SCOPES, Caller, Keys, open_keys
from toolway.accounts.vault import Vault
from toolway.errors import BadSetting, ToolwayError
from toolway.store.records import Project, now_ms
from toolway.store.shelves import Store

PRESET = "ak_preset-0123456789"


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    async with await Store.open(url) as opened:
        await opened.projects.add(Project("pr_1", "one", 1))
        await opened.projects.add(Project("pr_2", "two", 2))
        yield opened


@pytest.fixture
async def keys(store: Store, tmp_path: Path) -> Keys:
    return await open_keys(store, Vault.open(tmp_path, None))


async def test_a_new_key_is_known_by_its_text_only(store: Store, keys: Keys) -> None:
    key, secret = await keys.create("pr_1", ("execute",))
    text = secret.open()
    assert re.fullmatch(r"ak_[0-9A-Za-z]{32}", text)
    assert key.hint == "…" + text[-4:] and text not in repr(key) and key.id.startswith("key_")
    assert await keys.identify(text) == Caller("pr_1", key.id, ("execute",))
    for wrong in ("", "ak_", text[:-1], text + "x", text.lower(), text.upper(), key.digest, key.id, "ü", "\ud800", "x" * 100_000):
        assert await keys.identify(wrong) is None
    assert [one.id for one in await store.keys.list("pr_1")] == [key.id]


async def test_a_key_that_has_expired_is_nobodys_even_when_remembered(keys: Keys) -> None:
    _, late = await keys.create("pr_1", expires_at=now_ms() - 1)
    assert await keys.identify(late.open()) is None
    _, soon = await keys.create("pr_1", expires_at=now_ms() + 60)
    assert await keys.identify(soon.open()) is not None
    while await keys.identify(soon.open()) is not None:
        await asyncio.sleep(0)
    _, fine = await keys.create("pr_1", expires_at=now_ms() + 60_000)
    assert await keys.identify(fine.open()) is not None


async def test_a_revoked_key_is_nobodys_at_once_here_and_soon_elsewhere(store: Store, keys: Keys, url: str, tmp_path: Path) -> None:
    async with await Store.open(url) as other:
        others = await open_keys(other, Vault.open(tmp_path, None))
        key, secret = await keys.create("pr_1")
        text = secret.open()
        await store.freshness.fresh()
        await other.freshness.fresh()
        assert await keys.identify(text) is not None and await others.identify(text) is not None
        assert await store.keys.revoke(key.id, now_ms())
        await store.freshness.fresh()
        assert await keys.identify(text) is None
        began = asyncio.get_running_loop().time()
        while await others.identify(text) is not None:
            await other.freshness.fresh()
            await asyncio.sleep(0)
            assert asyncio.get_running_loop().time() - began < 5
        assert asyncio.get_running_loop().time() - began < 2


async def test_a_remembered_key_is_not_asked_of_the_database(store: Store, keys: Keys) -> None:
    _, secret = await keys.create("pr_1")
    before = await keys.identify(secret.open())
    await store.close()
    assert await keys.identify(secret.open()) == before is not None
    with pytest.raises((ValueError, ToolwayError)):  # a failing look-up is an error, never a caller
        await keys.identify("ak_unknown")


async def test_a_preset_key_is_made_once(store: Store, keys: Keys) -> None:
    made = await asyncio.gather(*(keys.preset("pr_1", PRESET) for _ in range(5)))
    assert len({one.id for one in made}) == 1 == len(await store.keys.list(None))
    assert await keys.identify(PRESET) == Caller("pr_1", made[0].id, SCOPES)
    assert made[0].hint == "…", "little of a short key is shown"
    with pytest.raises(BadSetting, match="another project"):
        await keys.preset("pr_2", PRESET)
    await store.keys.revoke(made[0].id, now_ms())
    with pytest.raises(BadSetting, match="revoked"):
        await keys.preset("pr_1", PRESET)


@pytest.mark.parametrize("text", ["", "short", "x" * 257, "with a blank in it", "umlaut-ü-0123456789", "newline-0123456789\n"])
async def test_a_preset_key_that_is_no_key_is_refused(keys: Keys, text: str) -> None:
    with pytest.raises(BadSetting, match="16 to 256 visible"):
        await keys.preset("pr_1", text)


async def test_only_known_scopes(keys: Keys) -> None:
    for scopes in ((), ("execute", "root")):
        with pytest.raises(BadSetting, match="execute, read, admin"):
            await keys.create("pr_1", scopes)


async def test_processes_share_one_pepper_and_another_vault_is_told(store: Store, tmp_path: Path) -> None:
    vault = Vault.open(tmp_path, None)
    first, second = await asyncio.gather(open_keys(store, vault), open_keys(store, vault))
    _, secret = await first.create("pr_1")
    assert await second.identify(secret.open()) is not None
    with pytest.raises(BadSetting, match="begun with another vault key"):
        await open_keys(store, Vault.open(tmp_path / "elsewhere", None))
