"""42, for OAuth2 as a browser goes through it and for client credentials, with the log, the numbers, the traces and the files as sinks."""

import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.accounts import acme
from tests.accounts.acme import SECRET, Acme
from tests.security.test_canary import House, Sink, Vendor, leaks
from tests.serve.browsing import Browser
from tests.serve.conftest import Reply, serving
from toolway.serve.running import leave_word
from toolway.watch import Spans, Watch

CALLBACK = "/api/v3/toolkits/auth/callback"
S2S_SECRET, WRONG_SECRET = "canary-s2s/secret+31c0=7e", "canary-s2s/wrong+62ab=90"
STRAY_CODE, STRAY_STATE, DESCRIBED = "canary-stray-code-4417", "canary-stray-state-9021", "canary-described-5533"


def refusal(*secrets: str) -> tuple[str, Any]:
    """What a provider says that quotes what it was sent."""
    return "400 Bad Request", {"error": "invalid_grant", "error_description": " ".join((DESCRIBED, *secrets))}


class Visit:
    """A person with a browser: what it showed, and where it was sent."""

    def __init__(self, house: House, who: str) -> None:
        self.browser, self.states = Browser(house.router), list[str]()
        self._pages = house.shown.setdefault(who, [])

    def _seen(self, reply: Reply, place: str = "") -> Reply:
        """What a page holds; the way to the provider holds the state, as it must, and nothing else of these."""
        self._pages.append(
            repr((reply.status, [(n, v) for n, v in reply.headers.items() if n not in ("Set-Cookie", place)])).encode() + reply.body
        )
        return reply

    async def open(self, path: str) -> Reply:
        return self._seen(await self.browser.open(path))

    async def send(self, path: str, **typed: str) -> Reply:
        return self._seen(await self.browser.send(path, **typed))

    async def leave(self, link: str, provider: Acme) -> dict[str, str]:
        """Say yes here and at the provider; gives what the browser is to bring back."""
        await self.open(link)
        away = self._seen(await self.browser.send(link), "location")
        assert away.status == 303, away.text
        given = provider.consent(away.headers["location"])
        self.states.append(given["state"])
        return given

    async def back(self, given: dict[str, str]) -> Reply:
        return await self.open(f"{CALLBACK}?{urlencode(given)}")


@pytest.fixture
async def place(tmp_path: Path, told: None) -> AsyncGenerator[tuple[House, acme.House]]:
    """A router with all that watches it, which reaches Acme."""
    spans = InMemorySpanExporter()
    watch = Watch(spans=Spans(spans, at_once=True))
    async with Acme().serving() as service, service.house(tmp_path, watch=watch) as local, serving(local.local) as router:
        with leave_word(local.local.settings, router.origin):
            yield House(router, Vendor(), spans, {}), local


async def linked(house: House, user: str, config: str) -> str:
    """A link as the operator's program makes it."""
    headers = ("x-api-key", house.router.key), ("content-type", "application/json")
    body = json.dumps({"auth_config_id": config, "user_id": user}).encode()
    made = json.loads(await house.ask("agent", "POST", "/api/v3.1/connected_accounts/link", body, *headers))
    return str(made["redirect_url"]).removeprefix(house.router.origin)


async def called(house: House, local: acme.House, user: str) -> str:
    """A call, another with a token that is made anew for it, and one for which none is given; gives the account's id."""
    path = await house.router.session(user, "acme")
    tools: Any = [{"tool_slug": "ACME_LIST_ANVILS", "arguments": {}}]
    [account] = [one for one in await local.local.store.accounts.list(local.project, user) if one.status == "ACTIVE"]
    for expires, refused in ((False, False), (True, False), (True, True)):
        if expires:
            await local.expire(account)
        if refused:
            local.acme.say.append(refusal(SECRET, S2S_SECRET, *local.acme.refresh))
        done = await house.rpc("agent", path, "COMPOSIO_MULTI_EXECUTE_TOOL", house.router.key, tools=tools)
        assert done["successful"] is not refused, done
    return account.id


async def test_42_no_secret_of_oauth_over_http_in_any_sink(place: tuple[House, acme.House], capfd: pytest.CaptureFixture[str]) -> None:
    house, local = place
    router, provider = house.router, local.acme
    headers = ("x-api-key", router.key), ("content-type", "application/json")
    own = {"client_id": "us", "client_secret": SECRET, "authorize_url": f"{provider.url}/authorize", "token_url": f"{provider.url}/token"}
    own |= {"revoke_url": f"{provider.url}/revoke"}
    configs: list[str] = []
    for scheme, credentials in (("OAUTH2", own), ("S2S_OAUTH2", {"token_url": own["token_url"], "revoke_url": own["revoke_url"]})):
        wish = {"type": "use_custom_auth", "authScheme": scheme, "credentials": credentials}
        body = json.dumps({"toolkit": {"slug": "acme"}, "auth_config": wish}).encode()
        configs.append(json.loads(await house.ask("agent", "POST", "/api/v3.1/auth_configs", body, *headers))["auth_config"]["id"])

    dora, stranger = Visit(house, "dora"), Visit(house, "stranger")
    link = await linked(house, "dora", configs[0])
    given = await dora.leave(link, provider)
    provider.say.append(refusal(SECRET, given["code"]))
    assert (await dora.back(given)).status == 400  # the provider quotes secrets
    given = await dora.leave(link, provider)
    assert (await stranger.back(given)).status == 400  # another browser
    assert (await dora.back(given | {"iss": f"https://{STRAY_CODE}.example"})).status == 400  # another provider
    for stray in ({"code": STRAY_CODE, "state": STRAY_STATE}, {"code": STRAY_CODE}, {"error": DESCRIBED, "state": STRAY_STATE}):
        assert (await dora.back(stray)).status == 400
    given = await dora.leave(link, provider)
    assert (await dora.back(given)).status == 200
    assert (await dora.back(given)).status == 400  # once more
    declined = await linked(house, "dana", configs[0])
    denied = await dora.leave(declined, provider)
    assert (await dora.back({"state": denied["state"], "error": "access_denied", "error_description": DESCRIBED})).status == 400
    accounts = [await called(house, local, "dora")]

    erik = Visit(house, "erik")
    link = await linked(house, "erik", configs[1])
    await erik.open(link)
    provider.say.append(refusal(WRONG_SECRET))
    typed = {"secret.client_id": "us", "secret.client_secret": WRONG_SECRET}
    assert (await erik.send(link, **typed)).status == 422
    assert (await erik.send(link, **(typed | {"secret.client_secret": S2S_SECRET}))).status == 200
    accounts.append(await called(house, local, "erik"))
    for number in accounts:
        for method, rest in (("GET", ""), ("POST", "/refresh"), ("DELETE", "")):
            await house.ask("agent", method, f"/api/v3.1/connected_accounts/{number}{rest}", None, *headers)
    assert provider.revoked

    used = {value for asked in provider.asked for name, value in asked.items() if name in ("code", "refresh_token", "code_verifier")}
    assert len([value for value in used if value.startswith("canary-code-")]) == 2
    secrets = {f"token {value}": value for value in used | provider.access | provider.refresh | set(provider.codes)}
    secrets |= {"client secret": SECRET, "typed secret": S2S_SECRET, "wrong secret": WRONG_SECRET, "stray code": STRAY_CODE}
    everywhere = secrets | {f"state {number}": state for number, state in enumerate(dora.states)}
    everywhere |= {"stray state": STRAY_STATE, "description": DESCRIBED, "API key": router.key}
    everywhere |= {f"cookie of {number}": one.browser.cookie.partition("=")[2] for number, one in enumerate((dora, erik))}
    assert all(everywhere.values())
    printed = "".join(capfd.readouterr())
    assert printed.count('"event":"call"') == 6 and len(house.spans.get_finished_spans()) > 6
    sinks = await house.sinks(printed)
    assert {"log", "metrics", "traces"} < {sink.name for sink in sinks}
    assert leaks(sinks, everywhere) == []
    secrets.pop("stray code")  # who brought it may see it
    answers = [Sink(f"an answer to {who}", shown) for who, all_shown in house.shown.items() for shown in all_shown]
    assert len(answers) > 25
    assert leaks(answers, secrets) == []
