"""42, for what connects otherwise than by one key: pairs, codes, refreshing, revoking, and the vault's keys changing between."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from tests.accounts.acme import BACK, SECRET, Acme, House
from tests.router.test_connecting import KEY, jwt, waiting
from tests.security.test_canary import Sink, leaks
from toolway.accounts.rotation import rotate
from toolway.errors import ToolwayError
from toolway.router.connect import ConnectFailed

BROWSER = "canary-browser-cookie-0123456789"
TYPED: dict[str, dict[str, str]] = {
    "API_KEY": KEY,
    "BASIC": {"username": "alice", "password": "canary-pass-word"},
    "BEARER_TOKEN": {"token": jwt(backendUrl="https://api.acme.example")},
}


@pytest.fixture
async def house(tmp_path: Path, told: None) -> AsyncGenerator[House]:
    async with Acme().serving() as acme, acme.house(tmp_path) as made:
        yield made


class Shown(list[str]):
    """What agents, people and operators are told."""

    def add(self, what: Any) -> None:
        self.append(repr(what.to_json() if hasattr(what, "to_json") else what.sentence if isinstance(what, ToolwayError) else what))


async def by_code(house: House, shown: Shown) -> str:
    """Connect by OAuth2, after a visit that the provider refused; gives the state."""
    link, account = await waiting(house, "OAUTH2", "dora")
    connector = house.local.connector
    url = await connector.leave(link, account, {}, ("read", "create", "update", "destroy"), BROWSER, BACK)
    house.acme.say.append(("400 Bad Request", {"error": "invalid_grant", "error_description": f"canary-described {SECRET}"}))
    with pytest.raises(ConnectFailed) as failed:
        await connector.back(house.acme.consent(url)["state"], BROWSER, house.acme.consent(url), BACK)
    shown.add(failed.value)
    link, account = await waiting(house, "OAUTH2", "dora")
    url = await connector.leave(link, account, {}, ("read", "create", "update", "destroy"), BROWSER, BACK)
    given = house.acme.consent(url)
    await rotate(house.local.store, house.local.vault, shown.append, 0)  # while the person is at the provider's
    _, account = await connector.back(given["state"], BROWSER, given, BACK)
    assert account.status == "ACTIVE"
    return given["state"]


async def test_42_no_secret_of_any_scheme_in_any_sink(house: House, capfd: pytest.CaptureFixture[str]) -> None:
    local, shown = house.local, Shown()
    doctor = local.doctor
    for number, (mode, given) in enumerate(TYPED.items()):
        link, account = await waiting(house, mode, f"u{number}")
        await local.connector.finish(link, account, given, {})
        shown.add(await house.execute("ACME_LIST_ANVILS", f"u{number}"))
    state = await by_code(house, shown)
    for _ in range(2):  # a token is made anew, before and after the vault's keys change
        [account] = [one for one in await local.store.accounts.list(house.project, "dora") if one.status == "ACTIVE"]
        await house.expire(account)
        outcome = await house.execute("ACME_MAKE_ANVIL", "dora", name="a")
        assert outcome.successful, outcome.error
        shown.add(outcome)
        await rotate(local.store, local.vault, shown.append, 0)
        await local.store.freshness.fresh()
    for fact in await doctor.facts(house.project):
        shown.add(fact)
        assert fact.status != "ACTIVE" or fact.works, fact
    refused = await house.connected("erik")
    await house.expire(refused)
    house.acme.say.append(("400 Bad Request", {"error": "invalid_grant", "error_description": f"canary-described {SECRET}"}))
    outcome = await house.execute("ACME_LIST_ANVILS", "erik")
    assert not outcome.successful
    shown.add(outcome)
    [fact] = await doctor.facts(house.project, "erik")
    assert fact.wrong and fact.status == "EXPIRED"
    shown.add(fact)
    [account] = [one for one in await local.store.accounts.list(house.project, "dora") if one.status == "ACTIVE"]
    await local.custody.revoke(account)
    assert house.acme.revoked

    secrets = {f"{mode} {name}": value for mode, given in TYPED.items() for name, value in given.items() if name != "username"}
    secrets |= {"client secret": SECRET, "state": state, "cookie": BROWSER}
    used = {value for asked in house.acme.asked for name, value in asked.items() if name in ("code", "refresh_token", "code_verifier")}
    secrets |= {f"token {value}": value for value in used | house.acme.access | house.acme.refresh}
    assert any(value.startswith("canary-code-") for value in used) and any(value.startswith("canary-refresh-") for value in used)
    printed = "".join(capfd.readouterr())
    files = [file for file in sorted(local.settings.data.rglob("*")) if file.is_file()]
    assert {"toolway.db", "toolway.db-wal", "vault.key"} <= {file.name for file in files} and '"event":"call"' in printed
    sinks = [Sink("log", printed.encode()), *(Sink(file.name, file.read_bytes()) for file in files)]
    assert leaks(sinks, secrets) == []
    assert leaks([Sink(f"answer {one}", one.encode()) for one in shown], secrets) == []
