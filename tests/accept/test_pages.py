"""Every page in a real browser: by keyboard alone, on a phone and a desktop, in light and dark, with axe looking at each."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.serve.conftest import Router, running

from .chrome import BINARY, LOOKS, MISSING, Look, Tab, chromium, tab
from .conftest import Node
from .provider import Provider, provider
from .scenes import KEYS, SCENES, ask, come_back, fill, go_on, sign_in

pytestmark = [pytest.mark.skipif(not BINARY, reason=MISSING), pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncGenerator[Browser]:
    async with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def ledger(node: Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    with provider(node, tmp_path_factory.mktemp("provider")) as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def router(tmp_path_factory: pytest.TempPathFactory, sandbox: str, ledger: Provider) -> AsyncGenerator[Router]:
    async with running(tmp_path_factory.mktemp("router"), sandbox=sandbox, **ledger.settings) as started:
        await ledger.config(started.local)
        yield started


@pytest.mark.parametrize("look", LOOKS, ids=str)
@pytest.mark.parametrize("name", SCENES)
async def test_every_page(browser: Browser, router: Router, name: str, look: Look) -> None:
    """Reached with the keyboard, right for everybody, in its own width, and nothing that the policy had to stop."""
    async with tab(browser, router.origin, look) as shown:
        await SCENES[name](shown, router)
        assert await shown.accessible() == []
        assert not await shown.too_wide()
        assert shown.faults == []
        assert await shown.page.locator("h1").count() == 1
        assert await shown.page.evaluate("document.documentElement.lang") == "en"


@pytest.mark.parametrize("look", LOOKS, ids=str)
async def test_the_addresses_of_regions(browser: Browser, tmp_path: Path, look: Look) -> None:
    """Where no sandbox stands between, the page names every address that the key may go to."""
    async with running(tmp_path) as real, tab(browser, real.origin, look) as shown:
        await shown.open(await ask(real, "clockify", "maria@studio.example"))
        await shown.press("Addresses by region")
        await shown.press("More")
        said = await shown.page.inner_text("main")
        for host in ("api.clockify.me", "reports.api.clockify.me", "euc1.clockify.me", "{subdomain}.clockify.me"):
            assert host in said
        assert await shown.accessible() == []
        assert not await shown.too_wide()
        assert shown.faults == []


async def test_without_scripts(browser: Browser, router: Router) -> None:
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(router.origin + await ask(router, "clockify", "plain@studio.example"))
    await page.get_by_label("Clockify API key").fill(KEYS["clockify"])
    await page.get_by_label("Delete").uncheck()
    await page.get_by_label("I am").check()
    await page.get_by_role("button", name="Connect", exact=True).click()
    assert "Agents may read, add and change" in await page.inner_text("main")
    await context.close()


async def test_what_is_wrong_is_heard_first(browser: Browser, router: Router) -> None:
    """After a wrong key the focus is on what went wrong; its link leads to the field, which says that it is invalid, and why."""
    async with tab(browser, router.origin) as shown:
        await shown.open(await ask(router, "clockify", "heard@studio.example"))
        await fill(shown, "clockify", "wrong")
        assert await shown.page.evaluate("document.activeElement.getAttribute('role')") == "alert"
        await shown.press("Go to the field")
        await shown.page.keyboard.press("Tab")
        held = shown.page.locator("input:focus, input:target")
        assert await held.first.get_attribute("aria-invalid") == "true"
        name = await shown.page.locator("#wrong").inner_text()
        assert "did not accept this key" in name


async def test_another_window_of_another_person(browser: Browser, router: Router) -> None:
    """Alice's link in Bob's browser: nothing is connected before he says that he is her."""
    link = await ask(router, "desktime", "alice@studio.example")
    async with tab(browser, router.origin) as alice, tab(browser, router.origin) as bob:
        await alice.open(link)
        await bob.open(await ask(router, "desktime", "bob@studio.example"))
        await fill(bob, "desktime")
        await bob.open(link)
        assert "another user before" in await bob.page.inner_text("form")
        await bob.type("DeskTime API key", KEYS["desktime"])
        await bob.press("Connect")  # the browser itself holds the form back
        assert await bob.page.evaluate("document.activeElement.id") == "me"
        await fill(alice, "desktime")
        assert "is connected" in await alice.page.inner_text("h1")


async def test_pressed_twice(browser: Browser, router: Router) -> None:
    """A person who is in a hurry is told that it worked."""
    async with tab(browser, router.origin) as shown:
        await shown.open(await ask(router, "desktime", "hurry@studio.example"))
        await shown.page.get_by_label("DeskTime API key").fill(KEYS["desktime"])
        await shown.page.get_by_label("I am").check()
        await shown.page.get_by_role("button", name="Connect", exact=True).dblclick()
        await shown.page.wait_for_load_state("networkidle")
        assert "is connected" in await shown.page.inner_text("main")


async def test_back_at_the_page_of_the_project(browser: Browser, router: Router) -> None:
    """The page's policy lets the form lead to another origin. That one is the router under its other name: any page will do."""
    elsewhere = router.origin.replace("127.0.0.1", "localhost") + "/link/app?x=1"
    path = await router.session("back@studio.example", manage_connections={"callback_url": elsewhere})
    made = (await router.call(path, "COMPOSIO_MANAGE_CONNECTIONS", toolkits=["desktime"]))["data"]["results"]["desktime"]
    async with tab(browser, router.origin) as shown:
        await shown.page.goto(made["redirect_url"])
        await fill(shown, "desktime")
        assert shown.page.url == f"{elsewhere}&status=success&connected_account_id={made['connected_account_id']}"
        shown.faults = [fault for fault in shown.faults if not fault.startswith("asked for http://localhost")]
        assert shown.faults == []


async def test_a_provider_connects(browser: Browser, router: Router, ledger: Provider) -> None:
    """The whole way: asked here, signed in there, back, and the agent's next call is made with what the provider gave."""
    async with tab(browser, router.origin) as shown:
        await shown.open(await ask(router, "ledger", "whole@studio.example"))
        said = await shown.page.inner_text("main")
        for words in ("openid", "offline_access", ledger.origin.removeprefix("http://"), f"{router.origin}/api/v3/toolkits/auth/callback"):
            assert words in said
        await go_on(shown)
        assert shown.page.url.startswith(ledger.origin)
        await come_back(shown, "whole")
        assert "Connected as whole@provider.example" in await shown.page.inner_text("main")
        assert shown.faults == []
    answer = await router.execute(await router.session("whole@studio.example"), "LEDGER_WHO_AM_I")
    assert answer["data"]["sub"] == "whole", answer


async def test_a_provider_leads_back_to_the_project(browser: Browser, router: Router) -> None:
    """With what came of it, also where the person said no there. The project's page is the router under its other name."""
    elsewhere = router.origin.replace("127.0.0.1", "localhost") + "/link/app"
    for yes, status, error in ((True, "success", ""), (False, "failed", "&error=access_denied")):
        path = await router.session(f"led {yes}", manage_connections={"callback_url": elsewhere})
        made = (await router.call(path, "COMPOSIO_MANAGE_CONNECTIONS", toolkits=["ledger"]))["data"]["results"]["ledger"]
        async with tab(browser, router.origin) as shown:
            await shown.page.goto(made["redirect_url"])
            await go_on(shown)
            await (sign_in(shown) if yes else shown.page.get_by_text("Cancel").click())
            await shown.page.wait_for_url(f"{elsewhere}?**")
            assert shown.page.url == f"{elsewhere}?status={status}&connected_account_id={made['connected_account_id']}{error}"


async def test_a_way_back_is_one_browsers_own(browser: Browser, router: Router) -> None:
    """Bob gets hold of the address that Alice was sent back to: in his browser it is good for nothing, in hers once."""
    async with tab(browser, router.origin) as alice, tab(browser, router.origin) as bob:
        await bob.open(await ask(router, "ledger", "bob@studio.example"))
        await alice.open(await ask(router, "ledger", "alice@studio.example"))
        await go_on(alice)
        address = await _stopped(alice, "*/auth/callback?*")
        for one, words in ((bob, "nothing that this browser began"), (alice, "Ledger is connected"), (alice, "or it was used already")):
            await one.page.goto(address)
            assert words in await one.page.inner_text("main")


async def _stopped(at_provider: Tab, pattern: str) -> str:
    """Sign in at the provider; gives the address that it sent the browser to, before the browser asked for it."""
    session: Any = await at_provider.page.context.new_cdp_session(at_provider.page)
    caught: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()

    def paused(event: dict[str, Any]) -> None:
        caught.set_result(event)

    session.once("Fetch.requestPaused", paused)
    await session.send("Fetch.enable", {"patterns": [{"urlPattern": pattern}]})
    signing = asyncio.create_task(sign_in(at_provider))
    event = await asyncio.wait_for(caught, 20)
    await session.send("Fetch.failRequest", {"requestId": event["requestId"], "errorReason": "Aborted"})
    await signing
    await session.detach()
    return event["request"]["url"]


async def test_two_tabs_at_once(browser: Browser, router: Router) -> None:
    """Of two ways to the provider from one link the first that comes back connects; the other is told."""
    link = await ask(router, "ledger", "two@studio.example")
    async with tab(browser, router.origin) as first:
        second = Tab(await first.page.context.new_page(), router.origin)
        for one in (first, second):
            await one.open(link)
            await go_on(one)
        await come_back(first, "two")
        assert "Ledger is connected" in await first.page.inner_text("main")
        await come_back(second, "two")
        assert "used or replaced in the meantime" in await second.page.inner_text("main")
