"""Connecting by link, with an HTTP client that plays the browser."""

import asyncio
import re
from collections.abc import Sequence
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.serve.conftest import Reply, Router
from toolway.accounts import links
from toolway.store.records import Account, Link, new_id, now_ms

KEY = "sandbox-desktime-key"


class Browser:
    """Opens pages and sends the form that it was shown, with the cookie that it was given."""

    def __init__(self, router: Router) -> None:
        self._router = router
        self.cookie = ""
        self.page = Reply(0, {}, b"")  # pyright: ignore[reportArgumentType]

    async def open(self, path: str) -> Reply:
        headers = [("cookie", self.cookie)] if self.cookie else []
        return self._shown(await self._router.ask("GET", path, headers=headers))

    async def send(self, path: str, *, origin: str = "null", without: Sequence[str] = (), **typed: str) -> Reply:
        """Type into the fields of the shown form by their last names (key, region), tick what must be ticked, and send it."""
        form = _fields(self.page.text)
        names = {name.rpartition(".")[2]: name for name in form} | {"key": next((n for n in form if n.startswith("secret.")), "key")}
        form |= {names.get(name, name): value for name, value in typed.items()}
        form = {name: value for name, value in form.items() if name not in without}
        headers = [("content-type", "application/x-www-form-urlencoded"), ("origin", origin)]
        headers += [("cookie", self.cookie)] if self.cookie else []
        return self._shown(await self._router.ask("POST", path, urlencode(form).encode(), headers))

    def _shown(self, reply: Reply) -> Reply:
        if "set-cookie" in reply.headers:
            self.cookie = reply.headers["set-cookie"].partition(";")[0]
        self.page = reply
        return reply


def _fields(page: str) -> dict[str, str]:
    found: dict[str, str] = {}

    class Form(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            given = dict(attrs)
            if tag in ("input", "select") and given.get("name"):
                ticked = given.get("type") != "checkbox" or "checked" in given or "required" in given
                found.update({given["name"] or "": given.get("value") or ""} if ticked else {})

    Form().feed(page)
    return found


async def begin(router: Router, toolkit: str = "desktime", user: str = "alice", **more: Any) -> tuple[str, str]:
    """A link as an agent gets it: its path and the account that it is for."""
    path = await router.session(user, **more)
    made = (await router.call(path, "COMPOSIO_MANAGE_CONNECTIONS", toolkits=[toolkit]))["data"]["results"][toolkit]
    return str(made["redirect_url"]).removeprefix(router.origin), str(made["connected_account_id"])


async def account_of(router: Router, number: str) -> Account:
    found = await router.local.store.accounts.get((await router.local.project()).id, number)
    assert found
    return found


async def test_a_person_connects(router: Router) -> None:
    """What the page says, the right key, and that the agent's next call uses it."""
    link, number = await begin(router)
    browser = Browser(router)
    page = await browser.open(link)
    assert page.status == 200
    for words in ("DeskTime", "alice", "stored encrypted", "desktime.com"):
        assert words in page.text
    assert 'type="password"' in page.text
    done = await browser.send(link, key=KEY)
    assert done.status == 200
    account = await account_of(router, number)
    assert account.status == "ACTIVE"
    assert account.label
    assert account.label in done.text
    assert KEY not in done.text + account.sealed
    answer = await router.execute(await router.session(), "DESKTIME_PING_REQUEST")
    assert answer["successful"]
    assert answer["account"] == account.label
    state = (await router.call(await router.session(), "COMPOSIO_MANAGE_CONNECTIONS", toolkits=["desktime"]))["data"]
    assert state["results"]["desktime"]["connected_account_id"] == number

    again = await browser.open(link)
    assert again.status == 410
    assert "used already" in again.text
    assert (await browser.send(link, key=KEY)).status == 410


async def test_a_plan_may_be_told_and_need_not(router: Router) -> None:
    chosen: list[str | None] = []
    for told in ({}, {"plan": ""}, {"plan": "free plan"}):
        link, number = await begin(router, "clockify", f"user {len(chosen)}")
        browser = Browser(router)
        page = await browser.open(link)
        assert re.search(r'<select id="account.plan"[^>]*>\s*<option value=""></option>', page.text)
        assert not re.search(r'<select id="account.region"[^>]*>\s*<option value="">', page.text)  # that one is always some
        await browser.send(link, key="sandbox-clockify-key", **told)
        account = await account_of(router, number)
        assert account.status == "ACTIVE"
        chosen.append(account.settings.get("plan"))
    assert chosen == [None, None, "free plan"]


async def test_headers_of_every_page(router: Router) -> None:
    link, _ = await begin(router)
    browser = Browser(router)
    for page in (await browser.open(link), await browser.send(link, key="wrong"), await browser.open("/link/none")):
        policy = page.headers["content-security-policy"]
        for rule in ("default-src 'none'", "form-action 'self';", "frame-ancestors 'none'", "base-uri 'none'"):
            assert rule in policy
        assert "script-src" not in policy
        assert "unsafe" not in policy
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["x-content-type-options"] == "nosniff"
        assert page.headers["x-frame-options"] == "DENY"
        assert "<script" not in page.text
    cookie = (await Browser(router).open(link)).headers["set-cookie"]
    for word in ("HttpOnly", "SameSite=Lax", "Path=/;", "Max-Age=7776000"):
        assert word in cookie
    style = re.search(r'href="(/static/[^"]+)"', (await Browser(router).open(link)).text)
    assert style
    assert (await router.ask("GET", style[1])).status == 200


async def test_a_wrong_key_can_be_mended(router: Router) -> None:
    """The vendor's words, and the link still good."""
    link, number = await begin(router, "clockify")
    browser = Browser(router)
    await browser.open(link)
    page = await browser.send(link, key="not-a-key")
    assert page.status == 422
    assert "did not accept this key" in page.text
    assert "not-a-key" not in page.text
    assert (await account_of(router, number)).status == "INITIATED"
    for key in ("", "with\nline", "schlüssel"):
        assert (await browser.send(link, key=key)).status == 422
    assert (await browser.send(link, key="sandbox-clockify-key")).status == 200
    assert (await account_of(router, number)).status == "ACTIVE"


async def test_a_field_that_does_not_fit(router: Router) -> None:
    link, _ = await begin(router, "clockify")
    browser = Browser(router)
    await browser.open(link)
    page = await browser.send(link, key="sandbox-clockify-key", region="MARS")
    assert page.status == 422
    assert "region" in page.text
    page = await browser.send(link, key="sandbox-clockify-key", subdomain="evil.example/#")
    assert page.status == 422
    page = await browser.send(link, key="sandbox-clockify-key", nonsense="x")
    assert page.status == 422


async def test_only_the_browser_that_was_shown_the_form(router: Router) -> None:
    link, number = await begin(router)
    browser, other = Browser(router), Browser(router)
    form = _fields((await browser.open(link)).text)["form"]
    assert (await browser.send(link, key=KEY, form="0" * 64)).status == 403
    assert (await browser.send(link, key=KEY, form="ö")).status == 403
    await browser.open(link)
    assert (await browser.send(link, key=KEY, origin="https://evil.example")).status == 403
    assert (await other.send(link, key=KEY, form=form)).status == 403  # no cookie at all
    await other.open(link)
    assert (await other.send(link, key=KEY, form=form)).status == 403  # another browser's cookie
    second, newer = await begin(router, user="bob")
    assert (await browser.send(second, key=KEY, form=form)).status == 403  # another link's form
    link, number = second, newer
    assert (await account_of(router, number)).status == "INITIATED"
    await browser.open(link)
    assert (await browser.send(link, key=KEY, origin=router.origin)).status == 200


async def test_two_at_once(router: Router) -> None:
    """The same link sent twice at the same moment connects once."""
    link, number = await begin(router)
    browser = Browser(router)
    await browser.open(link)
    page = browser.page
    form = {"form": _fields(page.text)["form"]}
    statuses = sorted(reply.status for reply in await asyncio.gather(*(browser.send(link, key=KEY, **form) for _ in range(2))))
    assert statuses[0] == 200
    assert statuses[1] in (409, 410)
    assert (await account_of(router, number)).status == "ACTIVE"


async def test_links_that_are_none(router: Router) -> None:
    for token in ("none", "x" * 5000, "%00", "%ff"):
        assert (await router.ask("GET", f"/link/{token}")).status == 404
        assert (await router.ask("POST", f"/link/{token}", b"key=x")).status == 404


async def late(router: Router) -> tuple[str, Account]:
    """A link and its account as they are eleven minutes after they were made."""
    store, project = router.local.store, await router.local.project()
    config = await links.auth_config_for(store, project.id, "desktime", "API_KEY")
    then = now_ms() - 11 * 60_000
    account = Account(new_id("ca_"), project.id, "alice", "desktime", config.id, "INITIATED", "", "", "", {}, "", then, then)
    await store.links.begin(account, Link(links.digest("late"), account.id, project.id, "", then, then + 10 * 60_000, None), 0)
    return "/link/late", account


async def test_a_link_that_is_too_old(router: Router) -> None:
    link, account = await late(router)
    browser = Browser(router)
    page = await browser.open(link)
    assert page.status == 410
    assert "older than 10 minutes" in page.text
    assert (await browser.send(link, key=KEY)).status == 410
    now = links.as_of_now(await account_of(router, account.id))
    assert (now.status, now.status_reason) == ("EXPIRED", "INITIATION_TIMEOUT")


async def test_who_asks_again_gets_the_link_that_somebody_may_be_typing_into(router: Router) -> None:
    first, number = await begin(router)
    browser = Browser(router)
    await browser.open(first)
    assert await begin(router) == (first, number)
    assert (await browser.send(first, key=KEY)).status == 200


async def test_of_two_links_the_newest_is_the_good_one(router: Router) -> None:
    """And the other says so, also to who had its form open already."""
    old, _ = await begin(router)
    browser, other = Browser(router), Browser(router)
    await browser.open(old)
    new, number = await begin(router, manage_connections={"callback_url": "https://app.example/done"})
    for page in (await browser.open(old), await browser.send(old, key=KEY, form="0" * 64)):
        assert page.status == 410
        assert "newest link" in page.text
    await other.open(new)
    assert (await other.send(new, key=KEY)).status == 303
    assert (await account_of(router, number)).status == "ACTIVE"


async def test_an_attempt_that_was_not_finished_reads_as_expired(router: Router) -> None:
    _, account = await late(router)
    path = await router.session()
    listed = await router.call(path, "COMPOSIO_MANAGE_CONNECTIONS", toolkits=[{"name": "desktime", "action": "list"}])
    assert "EXPIRED (INITIATION_TIMEOUT)" in listed["data"]["results"]["desktime"]["error_message"]
    _, second = await begin(router)
    found = await router.call(path, "COMPOSIO_SEARCH_TOOLS", queries=["ping desktime"])
    [state] = [s for s in found["data"]["toolkit_connection_statuses"] if s["toolkit"] == "desktime"]
    assert "INITIATED" in state["status_message"]
    assert (await account_of(router, account.id)).status_reason == "INITIATION_TIMEOUT"
    assert (await account_of(router, second)).status == "INITIATED"


async def test_nothing_that_a_user_is_called_is_html(router: Router) -> None:
    link, _ = await begin(router, user='<script>alert("x")</script>')
    browser = Browser(router)
    page = await browser.open(link)
    assert "<script" not in page.text
    assert "&lt;script&gt;" in page.text
    assert "<script" not in (await browser.send(link, key="<script>", region="<script>")).text
    assert "<script" not in (await browser.send(link, key=KEY)).text


async def test_back_to_where_the_session_said(router: Router) -> None:
    """Status and account go along, what was there stays, and the page's policy lets the form lead there."""
    link, number = await begin(router, manage_connections={"callback_url": "https://app.example:8443/done?from=agent"})
    browser = Browser(router)
    page = await browser.open(link)
    assert "form-action 'self' https://app.example:8443;" in page.headers["content-security-policy"]
    done = await browser.send(link, key=KEY)
    assert done.status == 303
    assert done.headers["location"] == f"https://app.example:8443/done?from=agent&status=success&connected_account_id={number}"
    assert done.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_link_is_not_for_other_hosts(router: Router, method: str) -> None:
    link, _ = await begin(router)
    assert (await router.ask(method, link, headers=[("host", "evil.example")])).status == 421


@pytest.mark.parametrize("value", ["a\\" * 16, "a b;" * 8, '"' + "\\012" * 32 + '"', "ü" * 32, "a" * 33])
async def test_a_cookie_that_is_none_of_ours(router: Router, value: str, capfd: pytest.CaptureFixture[str]) -> None:
    """It is not taken, and so never comes back in a header, where a line's end would be a fault."""
    path, _ = await begin(router)
    page = await router.ask("GET", path, headers=[("cookie", f"toolway={value}".encode().decode("latin-1"))])
    assert page.status == 200
    assert re.fullmatch(r"toolway=[A-Za-z0-9_-]{32}", page.headers["set-cookie"].partition(";")[0])
    printed = capfd.readouterr()
    assert "Traceback" not in printed.out + printed.err


async def test_a_long_form(router: Router) -> None:
    path, _ = await begin(router)
    assert (await router.ask("POST", path, b"key=" + b"x" * 300_000)).status == 413
