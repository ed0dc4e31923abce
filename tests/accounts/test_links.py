import asyncio
import hashlib
from collections.abc import AsyncIterator

import msgspec
import pytest

from toolway.accounts import links
from toolway.errors import Gone, NotFound
from toolway.store.records import Account, AuthConfig, Link, Project, new_id, now_ms
from toolway.store.shelves import Store

MINUTE = 60_000


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    async with await Store.open(url) as opened:
        for project in ("pr_1", "pr_2"):
            await opened.projects.add(Project(project, project, 1))
        yield opened


async def config(store: Store) -> AuthConfig:
    return await links.auth_config_for(store, "pr_1", "acme", "API_KEY")


def hidden(what: str) -> str:
    return hashlib.sha256(f"pepper {what}".encode()).hexdigest()


async def made(store: Store, status: str, age: int = 0) -> Account:
    at = now_ms() - age
    return Account(new_id("ca_"), "pr_1", "alice", "acme", (await config(store)).id, status, "", "", "", {}, "", at, at)


async def add(store: Store, status: str, age: int = 0) -> Account:
    account = await made(store, status, age)
    await store.accounts.add(account)
    return account


async def old_link(store: Store, age: int) -> str:
    account = await made(store, "INITIATED", age)
    token, at = "token-" + account.id, account.created_at
    await store.links.begin(account, Link(links.digest(token), account.id, "pr_1", "", at, at + links.MINUTES * MINUTE), 0)
    return token


async def test_a_fresh_link_is_found_by_its_token_only(store: Store) -> None:
    account, token, expires = await links.ask(store, hidden, await config(store), "alice", "https://app.example/back")
    assert account.status == "INITIATED" and not account.sealed and 0 < expires - now_ms() <= 10 * MINUTE
    link, found = await links.find(store, token)
    assert found == account and link.callback_url == "https://app.example/back"
    assert token not in repr(link) + repr(account) and len(token) == 40
    for wrong in ("", token[:-1], token.swapcase(), link.digest, "../" + token, "x" * 10_000):
        with pytest.raises(NotFound, match="does not exist"):
            await links.find(store, wrong)
    assert (await links.ask(store, hidden, await config(store), "bob"))[1] != token


async def test_a_link_is_good_once(store: Store) -> None:
    account, token, _ = await links.ask(store, hidden, await config(store), "alice")
    link, _ = await links.find(store, token)
    done = await links.finish(store, link, account, sealed="s", label="me")
    assert done.status == "ACTIVE" and await store.accounts.get("pr_1", account.id) == done
    with pytest.raises(Gone, match="used or replaced"):
        await links.finish(store, link, account, sealed="other", label="me")
    assert await store.accounts.get("pr_1", account.id) == done
    with pytest.raises(Gone, match="used already"):
        await links.find(store, token)


async def test_a_link_of_an_account_that_is_done_is_gone(store: Store) -> None:
    account, token, _ = await links.ask(store, hidden, await config(store), "alice")
    await store.accounts.move(account, "fail")
    with pytest.raises(Gone):
        await links.find(store, token)


async def test_an_old_link_is_gone_and_its_account_expired(store: Store) -> None:
    token = await old_link(store, 10 * MINUTE + 1)
    for _ in range(2):
        with pytest.raises(Gone, match="older than 10 minutes"):
            await links.find(store, token)
    assert (await links.find(store, await old_link(store, 9 * MINUTE)))[1].status == "INITIATED"


async def test_an_attempt_expires_by_itself(store: Store) -> None:
    fresh, late, done = (
        await made(store, "INITIATED"),
        await made(store, "INITIATED", 11 * MINUTE),
        await made(store, "ACTIVE", 11 * MINUTE),
    )
    assert links.as_of_now(fresh) == fresh and links.as_of_now(done) == done
    expired = links.as_of_now(late)
    assert (expired.status, expired.status_reason) == ("EXPIRED", "INITIATION_TIMEOUT")


async def test_of_two_links_the_newest_is_the_good_one(store: Store) -> None:
    late, its = await old_link(store, 11 * MINUTE), await config(store)
    (first, old, _), (bobs, other, _) = await links.ask(store, hidden, its, "alice"), await links.ask(store, hidden, its, "bob")
    link, account = await links.find(store, old)
    before = await store.generation()
    second, new, _ = await links.ask(store, hidden, its, "alice", "https://app.example/other")
    assert await store.generation() == before  # nobody remembers what waits
    for token, said in ((late, "older than"), (old, "A newer connect link")):
        with pytest.raises(Gone, match=said):
            await links.find(store, token)
    with pytest.raises(Gone, match="replaced in the meantime"):  # its form was open already
        await links.finish(store, link, account, sealed="s")
    assert (await links.find(store, new))[1] == second and (await links.find(store, other))[1] == bobs
    replaced = await store.accounts.get("pr_1", first.id)
    assert replaced and (replaced.status, replaced.status_reason, replaced.sealed) == ("EXPIRED", "SUPERSEDED", "")
    reasons = {one.status_reason for one in await store.accounts.list("pr_1", "alice", status="EXPIRED")}
    assert reasons == {"SUPERSEDED", "INITIATION_TIMEOUT"}


async def test_who_asks_again_is_shown_the_same_link(store: Store) -> None:
    """Somebody may be typing on its page. Not where it would lead somewhere else, was used, or is soon too old."""
    its = await config(store)
    first = await links.ask(store, hidden, its, "alice")
    assert await links.ask(store, hidden, its, "alice") == first
    assert await links.ask(store, hidden, its, "bob") != first
    link, account = await links.find(store, first[1])
    await links.finish(store, link, account, sealed="s", label="me")
    assert (await links.ask(store, hidden, its, "alice"))[1] != first[1]
    for age, same in ((links.AGAIN_MINUTES - 1, True), (links.AGAIN_MINUTES + 1, False)):
        account = msgspec.structs.replace(await made(store, "INITIATED", age * MINUTE), user_id=f"carol {age}")
        token, at = hidden(f"link {account.id}")[:40], account.created_at
        await store.links.begin(account, Link(links.digest(token), account.id, "pr_1", "", at, at + links.MINUTES * MINUTE), 0)
        assert ((await links.ask(store, hidden, its, account.user_id))[1] == token) is same


async def test_many_links_at_once_leave_one_that_is_good(store: Store) -> None:
    its = await asyncio.gather(*(config(store) for _ in range(20)))
    assert len({one.id for one in its}) == 1 == len(await store.auth_configs.list("pr_1"))
    made = await asyncio.gather(*(links.ask(store, hidden, its[0], "alice") for _ in range(20)))
    assert len({token for _, token, _ in made}) == 1
    assert len(await store.accounts.list("pr_1", "alice", "acme", "INITIATED")) == 1


def test_a_form_is_bound_to_browser_and_link() -> None:
    form = links.form_token("browser-a", "link-1")
    assert links.same_browser("browser-a", "link-1", form)
    for browser, token, given in (
        ("browser-b", "link-1", form),
        ("browser-a", "link-2", form),
        ("", "link-1", links.form_token("", "link-1")),
        ("browser-a", "link-1", ""),
        ("browser-a", "link-1", form.upper()),
        ("browser-a", "link-1", form + "0"),
        ("browser-a", "link-1", "ü"),
        ("browser-a", "link-1", "\udcff"),
    ):
        assert not links.same_browser(browser, token, given)


async def test_the_auth_config_is_the_named_the_first_or_a_new_one(store: Store) -> None:
    first = await config(store)
    assert await config(store) == first and first.id.startswith("ac_")
    second = msgspec.structs.replace(first, id="ac_2", created_at=first.created_at + 1)
    await store.auth_configs.add(second)
    assert await links.auth_config_for(store, "pr_1", "acme", "API_KEY", "ac_2") == second
    for project, toolkit, named in (("pr_2", "acme", "ac_2"), ("pr_1", "other", "ac_2"), ("pr_1", "acme", "ac_3")):
        with pytest.raises(NotFound, match="no auth config"):
            await links.auth_config_for(store, project, toolkit, "API_KEY", named)
