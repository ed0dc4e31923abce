"""What the doctor finds on connections: against the sandbox, with keys that work and keys that do not."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from tests.serve.conftest import Router, running
from toolway.accounts.vault import Secret, Vault
from toolway.catalog.model import Json
from toolway.errors import UnknownToolkit
from toolway.router.doctor import Connection, Doctor
from toolway.store.records import Account, new_id, now_ms
from toolway.store.shelves import Store


@pytest.fixture
async def router(tmp_path: Path, sandbox: str) -> AsyncGenerator[Router]:
    async with running(tmp_path / "data", sandbox=sandbox) as started:
        yield started


def doctor(router: Router) -> Doctor:
    local = router.local
    return local.doctor


async def facts(router: Router, user: str = "", toolkit: str = "", prove: bool = True) -> list[Connection]:
    return await doctor(router).facts((await router.local.project()).id, user, toolkit, prove=prove)


async def kept(router: Router, key: str = "no-such-key-0000", **more: Any) -> Account:
    """An account as it would be had its key been good once."""
    local, project, at = router.local, await router.local.project(), now_ms()
    first = await local.store.accounts.get(project.id, await router.connect("clockify", "somebody"))
    assert first is not None
    id = new_id("ca_")
    sealed = more.pop("sealed", "") or local.keeper.seal(id, "API_KEY", {"api_key": Secret(key)})
    told: Json = {"toolkit": "clockify", "status": "ACTIVE", "settings": {"sandbox": "yes"}, "status_reason": "", "alias": ""} | more
    account = Account(
        id=id,
        project_id=project.id,
        user_id="dora",
        auth_config_id=first.auth_config_id,
        label="dora@example.com",
        sealed=sealed,
        created_at=at,
        updated_at=at,
        mode="API_KEY",
        **told,
    )
    await local.store.accounts.add(account)
    return account


async def test_a_key_that_works_is_told_with_what_it_opens(router: Router) -> None:
    older = await router.connect("clockify")
    newer = await router.connect("clockify")
    one, other = await facts(router, "alice", "CLOCKIFY")
    assert (one.account_id, one.used, one.works, one.wrong) == (newer, True, True, False)
    assert one.sees == {"user": "alice@example.com", "workspaces": ["Marketing", "Design Team"]} and one.sandbox
    assert one.why == "It is the newest of 2; a call may name another." and not one.trouble
    assert (other.account_id, other.used) == (older, False) and "newer" in other.why
    assert [(pace.allows, pace.per, pace.used) for pace in one.pace] == [(50, "second", None), (30, "hour", 0)]
    path = await router.session("alice", "clockify")
    assert (await router.execute(path, "CLOCKIFY_GET_ALL_MY_WORKSPACES"))["successful"]
    await router.entries(1)
    assert (await facts(router, "alice", prove=False))[0].pace[1].used == 1


async def test_desktime_names_the_company(router: Router) -> None:
    await router.connect("desktime")
    [one] = await facts(router)
    assert one.works and one.sees == {"user": "Example Studio"} and one.why == "It is the only one."


async def test_a_key_that_was_revoked_is_wrong_and_shown_nowhere(router: Router) -> None:
    await kept(router, "revoked-key-0123456789")
    [one] = await facts(router, "dora")
    assert one.works is False and one.wrong
    assert "4003" in one.trouble and "toolway connect clockify --user dora" in one.mend
    assert "revoked-key" not in str(one.to_json()) + str(one.brief())
    [untried] = await facts(router, "dora", prove=False)
    assert untried.works is None and not untried.wrong


async def test_a_service_that_is_away_says_nothing_of_the_key(router: Router, tmp_path: Path) -> None:
    await router.connect("clockify")
    hosts = "clockify.api=http://127.0.0.1:9"
    async with running(router.local.settings.data, None, None, sandbox=router.local.settings.text("sandbox"), hosts=hosts) as away:
        [one] = await facts(away)
    assert one.works is None and one.wrong and "could not be tried" in one.trouble and "reached" in one.trouble


async def test_what_does_not_open_is_wrong(router: Router) -> None:
    await kept(router, sealed=Vault.of(b"x" * 32).seal(b"{}", "connected_account/other"))
    [one] = await facts(router, "dora")
    assert one.works is False and one.wrong and "vault key 'own'" in one.trouble and "Put that key back" in one.mend


async def test_an_account_of_the_sandbox_is_not_tried_at_the_real_service(router: Router) -> None:
    await router.connect("clockify")
    async with running(router.local.settings.data) as real:
        [one] = await facts(real)
    assert (one.works, one.used, one.wrong) == (None, False, False) and one.why == "It was connected in the sandbox."


async def test_a_toolkit_that_is_gone(router: Router) -> None:
    await kept(router, toolkit="kimai", settings={})
    [one] = await facts(router, "dora", "kimai")
    assert one.wrong and "kimai" in one.trouble and "TOOLWAY_TOOLKITS" in one.mend
    with pytest.raises(UnknownToolkit):
        await facts(router, "", "kimay")


@pytest.mark.parametrize(
    ("status", "reason", "label", "wrong", "told"),
    [
        ("EXPIRED", "INVALID_GRANT", "me", True, "INVALID_GRANT"),
        ("EXPIRED", "INITIATION_TIMEOUT", "", False, "ten minutes"),
        ("INACTIVE", "", "me", False, "switched off"),
        ("REVOKED", "", "me", False, "REVOKED"),
    ],
)
async def test_what_is_over(router: Router, status: str, reason: str, label: str, wrong: bool, told: str) -> None:
    account = await kept(router, status=status, status_reason=reason)
    if not label:
        account = await router.local.store.accounts.move(account, "change", label="")
    [one] = await facts(router, "dora")
    assert (one.account_id, one.status, one.wrong, one.used) == (account.id, status, wrong, False)
    assert told in one.trouble and one.mend
    await router.connect("clockify", "dora")  # what is over is left out, what is only switched off stays
    assert [one.status for one in await facts(router, "dora", prove=False)] == ["ACTIVE", *(["INACTIVE"] if status == "INACTIVE" else [])]


async def of_session(router: Router, path: str, *toolkits: str) -> list[Connection]:
    store: Store = router.local.store
    session = await store.sessions.get((await router.local.project()).id, path.split("/")[2])
    assert session is not None
    return await doctor(router).of_session(session, toolkits)


async def test_a_session_tells_which_account_it_takes_and_why(router: Router) -> None:
    older, newer = await router.connect("clockify"), await router.connect("clockify")
    path = await router.session("alice", "clockify", "desktime", connected_accounts={"clockify": [older]})
    found = {one.account_id: one for one in await of_session(router, path)}
    assert set(found) == {older, newer, ""}
    assert found[older].used and found[older].why == "It is the only one, and the session names it."
    assert not found[newer].used and found[newer].why == "The session names other accounts."
    missing = found[""]
    assert (missing.toolkit, missing.status, missing.wrong) == (
        "desktime",
        "NOT_CONNECTED",
        False,
    ) and "toolway connect desktime" in missing.mend
    explicit = {"enable": True, "require_explicit_selection": True}
    path = await router.session("alice", "clockify", multi_account=explicit)
    assert [(one.used, "wants each call" in one.why) for one in await of_session(router, path)] == [(False, True)] * 2


async def test_an_agent_that_only_asks_is_told_how_the_accounts_are(router: Router) -> None:
    await kept(router)
    path = await router.session("dora", "clockify")
    asked = [{"name": "clockify", "action": "list"}]
    [health] = (await router.call(path, "COMPOSIO_MANAGE_CONNECTIONS", toolkits=asked))["data"]["results"]["clockify"]["health"]
    assert health["label"] == "dora@example.com" and "4003" in health["trouble"] and health["mend"] and health["why"]
