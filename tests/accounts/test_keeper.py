import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest
from rich.pretty import pretty_repr

from toolway.accounts.keeper import Keeper, row_of
from toolway.accounts.vault import Secret, Vault
from toolway.errors import BadArgument, NotConnected, ToolwayError
from toolway.store.records import Account, AuthConfig, Project
from toolway.store.shelves import Store

KEY = "canary-key-{}"


class Desk(NamedTuple):
    store: Store
    keeper: Keeper

    async def account(self, id: str, at: int, user: str = "alice", project: str = "pr_1", **more: str) -> Account:
        sealed = self.keeper.seal(id, "API_KEY", {"api_key": Secret(KEY.format(id))})
        values = {"status": "ACTIVE", "label": f"{id}@x", "alias": ""} | more
        made = Account(
            id,
            project,
            user,
            "acme",
            "ac_" + project,
            values["status"],
            "",
            values["label"],
            values["alias"],
            {"region": "EU"},
            sealed,
            at,
            at,
        )
        await self.store.accounts.add(made)
        return made


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with await Store.open(str(tmp_path / "t.db")) as store:
        for project in ("pr_1", "pr_2"):
            await store.projects.add(Project(project, project, 1))
            await store.auth_configs.add(AuthConfig("ac_" + project, project, "acme", "API_KEY", "n", True, 1, 1))
        keeper = Keeper(store, Vault.open(tmp_path, None))
        yield Desk(store, keeper)


async def test_the_newest_active_account_of_this_user_is_opened(desk: Desk) -> None:
    for number, more in enumerate([{}, {}, {"status": "EXPIRED"}, {"user": "bob"}, {"project": "pr_2"}], start=1):
        await desk.account(f"ca_{number}", number, **more)
    found = await desk.keeper.credential("pr_1", "alice", "acme")
    assert (found.account_id, found.label, found.mode, found.settings) == ("ca_2", "ca_2@x", "API_KEY", {"region": "EU"})
    assert found.secrets["api_key"].open() == "canary-key-ca_2"
    for project, user, toolkit in (("pr_2", "bob", "acme"), ("pr_1", "Alice", "acme"), ("pr_1", "alice", "other"), ("", "", "")):
        with pytest.raises(NotConnected):
            await desk.keeper.credential(project, user, toolkit)


async def test_pins_and_names_choose(desk: Desk) -> None:
    await desk.account("ca_1", 1, alias="work")
    await desk.account("ca_2", 2, label="home@x")
    await desk.account("ca_3", 3, user="bob")

    async def chosen(*pins: str, named: str = "") -> str:
        return (await desk.keeper.credential("pr_1", "alice", "acme", pins, named)).account_id

    assert [await chosen(), await chosen("ca_1"), await chosen(named="work"), await chosen(named="home@x")] == [
        "ca_2",
        "ca_1",
        "ca_1",
        "ca_2",
    ]
    assert await chosen("ca_1", "ca_2", named="ca_1") == "ca_1"
    for pins, named in ((("ca_1",), "ca_2"), ((), "ca_3"), ((), "nobody" * 1000)):
        with pytest.raises(BadArgument, match="no connected acme account") as raised:
            await chosen(*pins, named=named)
        assert "ca_1" in str(raised.value.fix) and "ca_3 (" not in raised.value.sentence and len(raised.value.sentence) < 400
    with pytest.raises(NotConnected):
        await chosen("ca_3")


async def test_what_is_remembered_is_forgotten_when_something_changed(desk: Desk) -> None:
    account = await desk.account("ca_1", 1)
    first = await desk.keeper.credential("pr_1", "alice", "acme")
    assert await desk.keeper.credential("pr_1", "alice", "acme") is first
    await desk.store.accounts.move(account, "revoke")
    await desk.store.freshness.fresh()
    with pytest.raises(NotConnected):
        await desk.keeper.credential("pr_1", "alice", "acme")
    await desk.account("ca_2", 2)
    assert (await desk.keeper.credential("pr_1", "alice", "acme")).account_id == "ca_2"  # nobody is not remembered


async def test_another_process_sees_a_revocation(desk: Desk, tmp_path: Path) -> None:
    account = await desk.account("ca_1", 1)
    await desk.store.freshness.fresh()
    await desk.keeper.credential("pr_1", "alice", "acme")
    async with await Store.open(str(tmp_path / "t.db")) as other:
        await other.accounts.move(account, "revoke")
    async with asyncio.timeout(2):
        while True:
            await desk.store.freshness.fresh()
            try:
                await desk.keeper.credential("pr_1", "alice", "acme")
            except NotConnected:
                break
            await asyncio.sleep(0.02)


async def test_swapped_secrets_do_not_open(desk: Desk) -> None:
    one, two = await desk.account("ca_1", 1), await desk.account("ca_2", 2, user="bob")
    await desk.store.accounts.move(one, "change", sealed=two.sealed)
    with pytest.raises(ToolwayError, match="ca_1 does not open") as raised:
        await desk.keeper.credential("pr_1", "alice", "acme")
    assert "canary" not in raised.value.sentence
    assert row_of("ca_1") != row_of("ca_2")


async def test_nothing_shows_what_is_kept(desk: Desk) -> None:
    account = await desk.account("ca_1", 1)
    found = await desk.keeper.credential("pr_1", "alice", "acme")
    for value in (found, account, desk.keeper):
        assert "canary" not in repr(value) + str(value) + pretty_repr(value)
