import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.databases import is_postgres
from toolway.errors import BadRequest, Conflict, NotFound
from toolway.store.connected import Wanted
from toolway.store.records import Account, ApiKey, AuthConfig, Link, Project, Session, new_id
from toolway.store.shelves import Store


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    async with await Store.open(url) as opened:
        for number in (1, 2):
            await opened.projects.add(Project(f"pr_{number}", f"project {number}", number))
            await opened.auth_configs.add(AuthConfig(f"ac_{number}", f"pr_{number}", "clockify", "api_key", "Clockify", True, 1, 1))
        yield opened


def account(number: int = 1, project: int = 1, **changes: object) -> Account:
    made = Account(
        f"ca_{number}",
        f"pr_{project}",
        "alice",
        "clockify",
        f"ac_{project}",
        "INITIATED",
        "",
        "",
        "",
        {"region": "EUC1"},
        "",
        number,
        number,
    )
    return msgspec.structs.replace(made, **changes)


async def test_projects(store: Store) -> None:
    one = Project("pr_1", "project 1", 1)
    assert await store.projects.get("pr_1") == one == await store.projects.by_name("project 1")
    assert await store.projects.get("pr_9") is None and await store.projects.by_name("x") is None
    assert [project.id for project in await store.projects.all()] == ["pr_1", "pr_2"]
    with pytest.raises(Conflict, match="a project"):
        await store.projects.add(Project("pr_3", "project 1", 1))


async def test_keys(store: Store) -> None:
    key = ApiKey("key_1", "pr_1", "d1", "…abcd", ("read",), 1, 99)
    await store.keys.add(key)
    await store.keys.add(msgspec.structs.replace(key, id="key_2", project_id="pr_2", digest="d2"))
    assert await store.keys.by_digest("d1") == key and await store.keys.by_digest("d9") is None
    assert [one.id for one in await store.keys.list("pr_2")] == ["key_2"]
    assert [one.id for one in await store.keys.list(None)] == ["key_1", "key_2"]
    with pytest.raises(Conflict):
        await store.keys.add(msgspec.structs.replace(key, id="key_3"))
    assert not await store.keys.revoke("key_1", 50, project_id="pr_2")
    assert await store.keys.revoke("key_1", 50, project_id="pr_1")
    assert not await store.keys.revoke("key_1", 60)
    assert not await store.keys.revoke("key_9", 60)
    assert (await store.keys.by_digest("d1")) == msgspec.structs.replace(key, revoked_at=50)


async def test_auth_configs(store: Store) -> None:
    await store.auth_configs.add(AuthConfig("ac_0", "pr_1", "clockify", "api_key", "off", False, 0, 0))
    await store.auth_configs.add(AuthConfig("ac_8", "pr_1", "desktime", "api_key", "DeskTime", True, 8, 8))
    assert (await store.auth_configs.get("pr_1", "ac_0")) == AuthConfig("ac_0", "pr_1", "clockify", "api_key", "off", False, 0, 0)
    first = await store.auth_configs.first("pr_1", "clockify")
    assert first is not None and first.id == "ac_1"
    assert await store.auth_configs.first("pr_2", "desktime") is None
    assert [one.id for one in await store.auth_configs.list("pr_1")] == ["ac_0", "ac_1", "ac_8"]
    assert [one.id for one in await store.auth_configs.list("pr_1", "desktime")] == ["ac_8"]


async def test_accounts_newest_first_and_narrowed(store: Store) -> None:
    for number in range(1, 5):
        await store.accounts.add(account(number, status="ACTIVE" if number != 2 else "EXPIRED"))
    await store.accounts.add(account(5, user_id="bob", status="ACTIVE"))
    assert await store.accounts.get("pr_1", "ca_1") == account(1, status="ACTIVE")
    assert [one.id for one in await store.accounts.active("pr_1", "alice", "clockify")] == ["ca_4", "ca_3", "ca_1"]
    assert [one.id for one in await store.accounts.list("pr_1")] == ["ca_5", "ca_4", "ca_3", "ca_2", "ca_1"]
    assert [one.id for one in await store.accounts.list("pr_1", user_id="bob")] == ["ca_5"]
    assert [one.id for one in await store.accounts.list("pr_1", status="EXPIRED", toolkit="clockify")] == ["ca_2"]
    assert await store.accounts.list("pr_1", toolkit="desktime") == []


async def test_an_account_moves_only_from_the_state_it_was_read_in(store: Store) -> None:
    await store.accounts.add(account())
    read = await store.accounts.get("pr_1", "ca_1")
    assert read is not None
    moved = await store.accounts.move(read, "connect", sealed="v1.x.y.z", label="a@b.c")
    assert (moved.status, moved.sealed, moved.label, moved.settings) == ("ACTIVE", "v1.x.y.z", "a@b.c", {"region": "EUC1"})
    assert moved.updated_at > read.updated_at and await store.accounts.get("pr_1", "ca_1") == moved
    before = await store.generation()
    with pytest.raises(Conflict, match="ca_1"):
        await store.accounts.move(read, "fail")
    assert await store.accounts.get("pr_1", "ca_1") == moved and await store.generation() == before
    again = await store.accounts.move(moved, "change", alias="work")
    back = await store.accounts.move(again, "change")
    assert back.updated_at > again.updated_at > moved.updated_at
    with pytest.raises(Conflict):
        await store.accounts.move(moved, "expire")
    with pytest.raises(Conflict):  # another project's account of the same id is not there
        await store.accounts.move(msgspec.structs.replace(back, project_id="pr_2"), "expire")


async def test_no_two_states_of_an_account_look_alike_even_when_the_clock_goes_back(store: Store) -> None:
    ahead = 2**50
    await store.accounts.add(account(updated_at=ahead))
    assert (await store.accounts.move(account(updated_at=ahead), "change", alias="work")).updated_at == ahead + 1
    with pytest.raises(Conflict):
        await store.accounts.move(account(updated_at=ahead), "connect")


async def test_links_are_used_once_while_good(store: Store) -> None:
    link = Link("digest", "ca_1", "pr_1", "https://x.test/back", 1, 100)
    await store.links.begin(account(), link, 0)
    assert await store.links.get("digest") == link and await store.links.get("other") is None
    assert await store.accounts.get("pr_1", "ca_1") == account()
    with pytest.raises(Conflict, match="grew too old"):
        await store.links.finish(link, account(), 100)
    done = await store.links.finish(link, account(), 99, sealed="s")
    assert (done.status, done.sealed) == ("ACTIVE", "s") and await store.accounts.get("pr_1", "ca_1") == done
    with pytest.raises(Conflict):
        await store.links.finish(link, done, 99)
    assert await store.links.get("digest") == msgspec.structs.replace(link, used_at=99)


async def test_a_link_and_its_account_are_kept_and_finished_together(store: Store) -> None:
    link = Link("digest", "ca_1", "pr_1", "", 1, 100)
    with pytest.raises(NotFound):  # the link belongs to no account of that project
        await store.links.begin(account(), msgspec.structs.replace(link, project_id="pr_2"), 0)
    assert await store.accounts.list("pr_1") == []
    await store.links.begin(account(), link, 0)
    changed = await store.accounts.move(account(), "fail")
    with pytest.raises(Conflict, match="ca_1"):
        await store.links.finish(link, account(), 5)
    assert await store.links.get("digest") == link and await store.accounts.get("pr_1", "ca_1") == changed


async def test_a_new_link_takes_the_place_of_those_that_wait(store: Store) -> None:
    await store.accounts.add(account(9, status="ACTIVE"))
    for number in (1, 2, 3):
        await store.links.begin(account(number), Link(f"d{number}", f"ca_{number}", "pr_1", "", number, 100), 1)
    await store.links.begin(account(4, user_id="bob"), Link("d4", "ca_4", "pr_1", "", 4, 100), 1)
    found = {one.id: (one.status, one.status_reason) for one in await store.accounts.list("pr_1")}
    assert found == {
        "ca_9": ("ACTIVE", ""),
        "ca_1": ("EXPIRED", "INITIATION_TIMEOUT"),
        "ca_2": ("EXPIRED", "SUPERSEDED"),
        "ca_3": ("INITIATED", ""),
        "ca_4": ("INITIATED", ""),
    }
    latest = await store.accounts.latest("pr_1", "bob", "clockify")
    assert latest and latest.id == "ca_4" and await store.accounts.latest("pr_2", "bob", "clockify") is None


async def test_the_first_auth_config_is_made_once(store: Store) -> None:
    def own(number: int) -> AuthConfig:
        return AuthConfig(f"ac_{number}", "pr_1", "desktime", "API_KEY", "", True, number, number)

    found = await asyncio.gather(*(store.auth_configs.first_or_add(own(number)) for number in range(10, 30)))
    assert len({one.id for one in found}) == 1
    assert list(await store.auth_configs.list("pr_1", "desktime")) == [found[0]]


async def test_a_session_is_saved_only_over_the_version_that_was_read(store: Store) -> None:
    session = Session("trs_1", "pr_1", "alice", {"toolkits": ["clockify"], "n": None}, 1, 1, 1)
    await store.sessions.add(session)
    assert await store.sessions.get("pr_1", "trs_1") == session
    changed = msgspec.structs.replace(session, config={"toolkits": []}, user_id="mallory", updated_at=2)
    assert await store.sessions.save(changed, 1)
    assert not await store.sessions.save(changed, 1)
    assert not await store.sessions.save(msgspec.structs.replace(changed, project_id="pr_2"), 2)
    assert await store.sessions.get("pr_1", "trs_1") == msgspec.structs.replace(session, config={"toolkits": []}, version=2, updated_at=2)


async def test_meta_keeps_the_first(store: Store) -> None:
    assert await store.meta.get("x") is None
    assert await store.meta.put_once("x", "first") == "first"
    assert await store.meta.put_once("x", "second") == "first" == await store.meta.get("x")


async def test_nothing_of_one_project_is_there_for_another(store: Store) -> None:
    await store.accounts.add(account(status="ACTIVE"))
    await store.sessions.add(Session("trs_1", "pr_1", "alice", {}, 1, 1, 1))
    assert await store.accounts.get("pr_2", "ca_1") is None
    assert await store.accounts.list("pr_2") == [] == await store.accounts.active("pr_2", "alice", "clockify")
    assert await store.sessions.get("pr_2", "trs_1") is None
    assert await store.auth_configs.get("pr_2", "ac_1") is None
    assert [one.id for one in await store.auth_configs.list("pr_2")] == ["ac_2"]


@pytest.mark.parametrize("text", ["half \ud83d", "nul \0"])
async def test_a_text_that_a_database_does_not_take_is_told_of_or_kept_whole(store: Store, url: str, text: str) -> None:
    session = Session("trs_1", "pr_1", text, {}, 1, 1, 1)
    if "\0" in text and not is_postgres(url):
        await store.sessions.add(session)
        assert await store.sessions.get("pr_1", "trs_1") == session
    else:
        with pytest.raises(BadRequest, match="cannot be kept"):
            await store.sessions.add(session)
        assert await store.sessions.get("pr_1", "trs_1") is None
    assert len(await store.projects.all()) == 2, "the connection goes on"


async def test_nothing_hangs_on_another_projects_things(store: Store) -> None:
    with pytest.raises(NotFound):
        await store.accounts.add(account(1, project=2, auth_config_id="ac_1"))
    with pytest.raises(NotFound):
        await store.links.begin(account(), Link("d", "ca_1", "pr_2", "", 1, 2), 0)
    with pytest.raises(NotFound):
        await store.sessions.add(Session("trs_1", "pr_9", "alice", {}, 1, 1, 1))


async def test_whatever_processes_remember_bumps_the_generation_and_the_rest_does_not(store: Store) -> None:
    async def bumped() -> bool:
        nonlocal seen
        before, seen = seen, await store.generation()
        return seen > before

    seen = await store.generation()
    await store.projects.add(Project("pr_3", "three", 3))
    await store.meta.put_once("a", "b")
    assert not await bumped()
    await store.keys.add(ApiKey("key_1", "pr_1", "d1", "", (), 1))
    assert await bumped()
    await store.keys.revoke("key_1", 2)
    assert await bumped()
    await store.auth_configs.add(AuthConfig(new_id("ac_"), "pr_1", "desktime", "api_key", "", True, 1, 1))
    await store.accounts.add(account(1))
    await store.accounts.move(account(1), "fail")
    link = Link("d", "ca_2", "pr_1", "", 1, 2)
    await store.links.begin(account(2), link, 0)
    assert not await bumped()
    active = await store.links.finish(link, account(2), 1)
    assert await bumped()
    renamed = await store.accounts.move(active, "change", alias="work")
    assert await bumped()
    await store.accounts.move(renamed, "disable")
    assert await bumped()
    await store.accounts.add(account(3, status="ACTIVE"))
    assert await bumped()
    session = Session("trs_1", "pr_1", "alice", {}, 1, 1, 1)
    await store.sessions.add(session)
    assert not await bumped()
    await store.sessions.save(session, 1)
    assert await bumped()


async def test_two_stores_on_one_database_see_each_other(store: Store, url: str) -> None:
    async with await Store.open(url) as other:
        await other.accounts.add(account())
        read = await store.accounts.get("pr_1", "ca_1")
        assert read is not None
        await other.accounts.move(read, "connect")
        with pytest.raises(Conflict):
            await store.accounts.move(read, "expire")


async def test_an_erased_credential_is_not_left_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    async with await Store.open(str(path)) as store:
        await store.projects.add(Project("pr_1", "one", 1))
        await store.auth_configs.add(AuthConfig("ac_1", "pr_1", "clockify", "api_key", "Clockify", True, 1, 1))
        await store.accounts.add(account())
        sealed = "v1.k." + "S3aled" * 400  # several pages
        active = await store.accounts.move(account(), "connect", sealed=sealed)
        await store.accounts.move(active, "revoke", sealed="")
    assert not path.with_name(path.name + "-wal").exists()
    assert b"S3aled" not in path.read_bytes()


async def test_pages_of_accounts(store: Store) -> None:
    """Every list narrows, to the letter; a value with wildcards or the mark of lists fits nothing that it does not equal."""
    await store.auth_configs.add(AuthConfig("ac_3", "pr_1", "desktime", "api_key", "DeskTime", True, 1, 1))
    for number in range(1, 7):
        user, waits = ("alice", "bob", "b%b")[number % 3], number == 6
        more: dict[str, Any] = {"toolkit": "desktime", "auth_config_id": "ac_3"} if number > 4 else {}
        await store.accounts.add(account(number, user_id=user, status="INITIATED" if waits else "ACTIVE", updated_at=100 - number, **more))
    await store.accounts.add(account(9, 2))

    async def found(**wanted: Any) -> list[str]:
        accounts, total = await store.accounts.page("pr_1", Wanted(**wanted), 10)
        assert total == len(accounts)
        return [one.id[3:] for one in accounts]

    assert await found() == ["6", "5", "4", "3", "2", "1"]
    assert await found(oldest_first=True) == await found(by_change=True) == ["1", "2", "3", "4", "5", "6"]
    assert await found(users=["alice"]) == ["6", "3"]
    assert await found(users=["alice", "b%b"]) == ["6", "5", "3", "2"]
    for nothing in (["ali"], ["a%"], ["bob\nalice"], ["x\ny", "z\n"], ["Alice", "ALICE"], [""], ["alic_", "b__"]):
        assert await found(users=nothing) == []
    assert await found(users=["bob"], toolkits=["clockify", "x"]) == ["4", "1"]
    assert await found(auth_configs=["ac_3", "ac_2"]) == ["6", "5"]
    assert await found(ids=["ca_1", "ca_9", "ca_5"], statuses=["ACTIVE"]) == ["5", "1"]
    assert await found(statuses=["INITIATED", "EXPIRED"]) == await found(statuses=["INITIATED"]) == ["6"]
    assert await found(statuses=["EXPIRED"]) == [] == await found(statuses=["INITIATED"], too_old=94)
    assert await found(statuses=["EXPIRED"], too_old=94) == ["6"] == await found(statuses=["INITIATED"], too_old=93)
    page, total = await store.accounts.page("pr_1", Wanted(users=["alice", "bob"]), 2, 1)
    assert ([one.id for one in page], total) == (["ca_4", "ca_3"], 4)
