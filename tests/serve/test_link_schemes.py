"""The connect page for other schemes: a name with a password, several fields, nothing at all; and what the operator spoilt."""

import json
from base64 import urlsafe_b64encode
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.accounts.acme import Acme, House
from tests.serve.browsing import Browser, account_of, begin
from tests.serve.conftest import Reply, Router, running, serving


@pytest.fixture
async def house(tmp_path: Path) -> AsyncGenerator[House]:
    async with Acme().serving() as acme, acme.house(tmp_path) as made:
        yield made


@pytest.fixture
async def router(house: House) -> AsyncGenerator[Router]:
    async with serving(house.local) as started:
        yield started


async def connected(house: House, router: Router, mode: str, **typed: str) -> tuple[Browser, Reply, str]:
    """A link for this scheme, its form filled and sent."""
    config = await house.local.custody.make_config(house.project, "acme", mode, {})
    link, number = await begin(router, "acme", auth_configs={"acme": config.id})
    browser = Browser(router)
    await browser.open(link)
    return browser, await browser.send(link, **typed), number


async def test_a_name_and_a_password(house: House, router: Router) -> None:
    """The name comes back when something is wrong, the password does not."""
    names = {"secret.username": "alice", "secret.password": "canary-wrong"}
    browser, page, number = await connected(house, router, "BASIC", **names)
    assert page.status == 422
    assert 'value="alice"' in page.text
    assert "canary-wrong" not in page.text
    assert page.text.count('type="password"') == 1
    assert (await account_of(router, number)).status == "INITIATED"
    done = await browser.send(browser.path, **(names | {"secret.password": "canary-pass-word"}))
    assert done.status == 200
    assert (await account_of(router, number)).mode == "BASIC"


async def test_a_key_of_two_parts(house: House, router: Router) -> None:
    browser, page, number = await connected(house, router, "API_KEY", **{"secret.api_key": "canary-key-0123", "secret.app_key": ""})
    assert page.status == 422
    assert 'href="#secret.app_key"' in page.text
    assert "The application&#39;s own key." in page.text
    done = await browser.send(browser.path, **{"secret.api_key": "canary-key-0123", "secret.app_key": "canary-app"})
    assert done.status == 200
    assert (await account_of(router, number)).status == "ACTIVE"


async def test_nothing_to_type(house: House, router: Router) -> None:
    """Acme refuses who says nothing; the page says so and asks for no key."""
    _, page, number = await connected(house, router, "NO_AUTH")
    assert page.status == 422
    assert "who are you?" in page.text
    assert 'id="secret.' not in page.text
    assert (await account_of(router, number)).status == "INITIATED"


async def test_a_way_that_was_switched_off_meanwhile(house: House, router: Router) -> None:
    config = await house.client()
    link, _ = await begin(router, "acme", auth_configs={"acme": config.id})
    browser = Browser(router)
    await browser.open(link)
    await house.local.store.auth_configs.change(config, enabled=False)
    for page in (await browser.send(link), await browser.open(link)):
        assert page.status == 403
        assert "switched off" in page.text
        assert "<h1>" in page.text


async def test_a_client_that_is_not_whole(house: House, router: Router) -> None:
    config = await house.client()
    link, _ = await begin(router, "acme", auth_configs={"acme": config.id})
    await house.local.store.auth_configs.change(config, settings={})
    page = await Browser(router).open(link)
    assert page.status == 409
    assert "The operator has to add it" in page.text


def addon_token(region: str) -> str:
    """A token as Clockify gives it to an add-on for a workspace of that region, signed as the sandbox signs."""
    api, reports = ("api", "reports.api") if not region else (region, region)
    claims = {
        "backendUrl": f"https://{api}.clockify.me/api",
        "reportsUrl": f"https://{reports}.clockify.me" + ("/report" if region else ""),
    }
    parts = (urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=").decode() for one in ({"alg": "RS256"}, claims))
    return f"{'.'.join(parts)}.sandbox-clockify-addon-token"


async def test_an_add_on_s_token_from_link_to_call(tmp_path: Path, sandbox: str) -> None:
    """Clockify, as the sandbox plays it: it takes the token in its own header, of the global hosts only."""
    async with running(tmp_path, sandbox=sandbox) as clockify:
        project = await clockify.local.project()
        config = await clockify.local.custody.make_config(project.id, "clockify", "BEARER_TOKEN", {})
        link, number = await begin(clockify, "clockify", auth_configs={"clockify": config.id})
        browser = Browser(clockify)
        await browser.open(link)
        for token, said in (("sandbox-clockify-addon-token", "does not tell where it belongs"), (addon_token("euc1"), "did not accept")):
            page = await browser.send(link, key=token)
            assert page.status == 422 and said in page.text and token not in page.text
        assert (await browser.send(link, key=addon_token(""))).status == 200
        account = await account_of(clockify, number)
        assert (account.status, account.mode, account.settings.get("region")) == ("ACTIVE", "BEARER_TOKEN", None)
        done = await clockify.execute(await clockify.session("alice", "clockify"), "CLOCKIFY_GET_TAGS")
        assert done["successful"] and done["account"] == account.label and "@" in account.label
        report = {"dateRangeStart": "2026-11-01T00:00:00Z", "dateRangeEnd": "2026-11-08T00:00:00Z", "summaryFilter": {"groups": ["USER"]}}
        done = await clockify.execute(await clockify.session("alice", "clockify"), "CLOCKIFY_GENERATE_SUMMARY_REPORT", **report)
        assert done["successful"], done["error"]
