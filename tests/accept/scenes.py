"""Every page for people, each brought onto the screen as a person would, with the keyboard alone."""

from collections.abc import Awaitable, Callable

from tests.serve.conftest import Router
from toolway.accounts import links
from toolway.store.records import Account, Link, new_id, now_ms

from .chrome import Tab

KEYS = {"clockify": "sandbox-clockify-key", "desktime": "sandbox-desktime-key"}
KEY = {"clockify": "Clockify API key", "desktime": "DeskTime API key"}
Scene = Callable[[Tab, Router], Awaitable[None]]
SCENES: dict[str, Scene] = {}


def scene(show: Scene) -> Scene:
    """A scene by its name."""
    SCENES[show.__name__.replace("_", "-")] = show
    return show


async def ask(router: Router, toolkit: str, user: str) -> str:
    """A link as an agent gets it: its path."""
    path = await router.session(user)
    made = await router.call(path, "COMPOSIO_MANAGE_CONNECTIONS", toolkits=[{"name": toolkit, "action": "add"}], reinitiate_all=True)
    return str(made["data"]["results"][toolkit]["redirect_url"]).removeprefix(router.origin)


async def sign_in(tab: Tab, name: str = "maria") -> None:
    """Sign in at the provider and say yes there; its pages are its own, so by whatever it takes."""
    await tab.page.get_by_placeholder("Enter any login").fill(name)
    await tab.page.get_by_placeholder("and password").fill("any")
    await tab.page.get_by_role("button", name="Sign-in").click()
    if not tab.page.url.startswith(tab.origin):  # whom it knows, and who said yes before, it asks nothing more
        await tab.page.get_by_role("button", name="Continue").click()


async def come_back(tab: Tab, name: str = "maria") -> None:
    """Sign in at the provider, and be sent back."""
    await sign_in(tab, name)
    await tab.page.wait_for_url(f"{tab.origin}/**")


async def go_on(tab: Tab) -> None:
    """Say who one is if that is asked, and go on to the provider."""
    if await tab.page.locator("#me:not(:checked)").count():
        await tab.press("I am", "Space")
    await tab.send("Continue to")


async def late(router: Router) -> str:
    """A link as it is eleven minutes after it was made."""
    store, project, then = router.local.store, await router.local.project(), now_ms() - 11 * 60_000
    config = await links.auth_config_for(store, project.id, "desktime", "API_KEY")
    token = new_id("late")
    account = Account(new_id("ca_"), project.id, "anna", "desktime", config.id, "INITIATED", "", "", "", {}, "", then, then)
    await store.links.begin(account, Link(links.digest(token), account.id, project.id, "", then, then + 10 * 60_000, None), 0)
    return f"/link/{token}"


async def fill(tab: Tab, toolkit: str, key: str = "") -> None:
    """Give the key, say who one is if that is asked, and send it."""
    await tab.type(KEY[toolkit], key or KEYS[toolkit])
    if await tab.page.locator("#me:not(:checked)").count():
        await tab.press("I am", "Space")
    await tab.send("Connect")


@scene
async def connect(tab: Tab, router: Router) -> None:
    await tab.open(await ask(router, "clockify", "maria@studio.example"))


@scene
async def wrong_key(tab: Tab, router: Router) -> None:
    await tab.open(await ask(router, "clockify", "maria@studio.example"))
    await fill(tab, "clockify", "not-the-key")


@scene
async def wrong_field(tab: Tab, router: Router) -> None:
    await tab.open(await ask(router, "clockify", "maria@studio.example"))
    await tab.press("More", "Enter")
    await tab.type("Subdomain", "studio.example")
    await tab.page.keyboard.press("Home")
    await tab.page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    await fill(tab, "clockify")


@scene
async def connected(tab: Tab, router: Router) -> None:
    await tab.open(await ask(router, "clockify", "done@studio.example"))
    await fill(tab, "clockify")


@scene
async def connected_already(tab: Tab, router: Router) -> None:
    await router.connect("clockify", "twice@studio.example")
    await tab.open(await ask(router, "clockify", "twice@studio.example"))


@scene
async def another_user(tab: Tab, router: Router) -> None:
    await tab.open(await ask(router, "desktime", "bob@studio.example"))
    await fill(tab, "desktime")
    await tab.open(await ask(router, "desktime", "maria@studio.example"))


@scene
async def used(tab: Tab, router: Router) -> None:
    link = await ask(router, "desktime", "used@studio.example")
    await tab.open(link)
    await fill(tab, "desktime")
    await tab.open(link)


@scene
async def declined(tab: Tab, router: Router) -> None:
    await tab.open(await ask(router, "desktime", "no@studio.example"))
    await tab.send("Do not connect")


@scene
async def too_old(tab: Tab, router: Router) -> None:
    await tab.open(await late(router))


@scene
async def no_link(tab: Tab, router: Router) -> None:
    await tab.open("/link/none")


@scene
async def provider(tab: Tab, router: Router) -> None:
    await tab.open(await ask(router, "ledger", "maria@studio.example"))


@scene
async def provider_connected(tab: Tab, router: Router) -> None:
    await tab.open(await ask(router, "ledger", "done@studio.example"))
    await go_on(tab)
    await come_back(tab)


@scene
async def provider_refused(tab: Tab, router: Router) -> None:
    await tab.open(await ask(router, "ledger", "no@studio.example"))
    await go_on(tab)
    await tab.page.get_by_text("Cancel").click()
    await tab.page.wait_for_url(f"{tab.origin}/**")


@scene
async def came_from_nowhere(tab: Tab, router: Router) -> None:
    await tab.open("/api/v3/toolkits/auth/callback?code=x&state=y")
