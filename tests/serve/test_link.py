"""Connecting by link, with an HTTP client that plays the browser."""

import asyncio
import re
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from tests.serve.browsing import KEY, Browser, account_of, begin, fields
from tests.serve.conftest import Router, running
from toolway.accounts import links
from toolway.store.records import Account, Link, new_id, now_ms


async def test_a_person_connects(router: Router) -> None:
    """What the page says, the right key, and that the agent's next call uses it."""
    link, number = await begin(router)
    browser = Browser(router)
    page = await browser.open(link)
    assert page.status == 200
    for words in ("DeskTime", "alice", "stored encrypted", "sandbox-desktime-key", "a sandbox, not DeskTime itself"):
        assert words in page.text
    assert 'type="password"' in page.text
    assert "Open DeskTime" not in page.text and "operator" not in page.text  # nobody is to look for a real key
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
    assert f"used already. DeskTime is connected as {account.label}." in again.text
    assert (await browser.send(link, key=KEY)).status == 410
    stranger = await Browser(router).open(link)
    assert stranger.status == 410 and "used already. DeskTime is connected." in stranger.text
    assert account.label not in stranger.text and number not in stranger.text


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
    form = fields((await browser.open(link)).text)["form"]
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
    form = {"form": fields(page.text)["form"]}
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


async def test_agents_may_do_what_the_person_left_ticked(router: Router) -> None:
    link, number = await begin(router, "clockify")
    browser = Browser(router)
    page = await browser.open(link)
    for words in ("Read", "Add and change", "Delete"):
        assert words in page.text
    await browser.send(link, key="wrong", without=("may.delete",))
    assert "may.delete" not in fields(browser.page.text)  # the choice stands when the form comes back
    done = await browser.send(link, key="sandbox-clockify-key")
    assert "read, add and change" in done.text
    assert (await account_of(router, number)).effects == ("read", "create", "update")


async def test_agents_may_do_something(router: Router) -> None:
    link, number = await begin(router)
    browser = Browser(router)
    await browser.open(link)
    assert "may.delete" not in fields(browser.page.text)  # DeskTime has nothing that deletes
    page = await browser.send(link, key=KEY, without=("may.read", "may.change"))
    assert page.status == 422
    assert 'href="#may"' in page.text
    assert (await account_of(router, number)).status == "INITIATED"


async def test_a_field_that_is_wrong_is_marked(router: Router) -> None:
    """For people who see and people who hear: the summary leads to the field, and the field to the summary."""
    link, _ = await begin(router, "clockify")
    browser = Browser(router)
    await browser.open(link)
    for typed, place in (({"key": ""}, "secret.api_key"), ({"key": "nope"}, "secret.api_key"), ({"region": "MARS"}, "account.region")):
        page = (await browser.send(link, **({"key": "sandbox-clockify-key"} | typed))).text
        assert page.count('role="alert"') == 1
        assert f'href="#{place}"' in page
        [marked] = re.findall(r'<(?:input|select) id="([^"]+)"[^>]*aria-invalid="true"', page)
        assert marked == place
        assert re.search(rf'id="{place}"[^>]*aria-describedby="[^"]*\bwrong"', page)
        assert "<title>Error: " in page
        browser.page = browser.page._replace(body=page.replace('value="nope"', "").encode())


async def test_the_page_says_what_is_connected_already(router: Router) -> None:
    label = (await account_of(router, await router.connect("desktime"))).label
    link, number = await begin(router, again=True)
    browser = Browser(router)
    assert label in (await browser.open(link)).text
    assert (await browser.send(link, key=KEY)).status == 200
    assert (await account_of(router, number)).status == "ACTIVE"
    assert len(await router.local.store.accounts.active((await router.local.project()).id, "alice", "desktime")) == 2


async def test_a_person_who_does_not_want_to(router: Router) -> None:
    link, number = await begin(router)
    browser = Browser(router)
    await browser.open(link)
    page = await browser.send(link, do="decline")
    assert page.status == 400
    assert "was not connected" in page.text
    assert (await account_of(router, number)).status == "FAILED"
    assert (await browser.open(link)).status == 410
    link, number = await begin(router, manage_connections={"callback_url": "https://app.example/done"})
    await browser.open(link)
    page = await browser.send(link, do="decline")
    assert page.headers["location"] == (f"https://app.example/done?status=failed&connected_account_id={number}&error=access_denied")


async def test_a_used_link_tells_who_used_it_what_came_of_it(router: Router) -> None:
    """People go back, reload, and press twice. Nobody else is told."""
    link, number = await begin(router, manage_connections={"callback_url": "https://app.example/done"})
    browser = Browser(router)
    await browser.open(link)
    await browser.send(link, key=KEY)
    label = (await account_of(router, number)).label
    for page in (await browser.open(link), await browser.post(link, b"")):
        assert page.status == 410
        assert label in page.text
        assert "status=success" in page.text
    assert label not in (await Browser(router).open(link)).text


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "PATCH"])
async def test_other_methods_get_a_page_too(router: Router, method: str) -> None:
    link, _ = await begin(router)
    for path in (link, "/api/v3/toolkits/auth/callback?state=x"):
        page = await router.ask(method, path)
        assert page.status == 405
        assert page.headers["content-type"].startswith("text/html")
        assert "GET" in page.headers["allow"]


async def test_looking_at_a_link_uses_nothing_up(router: Router) -> None:
    """Chat programs look at links before people do."""
    link, _ = await begin(router)
    looked = await router.ask("HEAD", link)
    assert (looked.status, looked.body) == (200, b"")
    browser = Browser(router)
    await browser.open(link)
    assert (await browser.send(link, key=KEY)).status == 200


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"key=x", b"\xff\xfe", b"form=" + b"a" * 64, b"%ff=%fe", b"&" * 500, b"=&=&=", b"form=a&form=b"],
)
async def test_what_is_no_form_of_ours_is_refused_on_a_page(router: Router, content: bytes) -> None:
    link, number = await begin(router)
    browser = Browser(router)
    await browser.open(link)
    page = await browser.post(link, content)
    assert page.status in (400, 403)
    assert "<h1>" in page.text
    assert (await account_of(router, number)).status == "INITIATED"


async def test_a_name_that_comes_twice(router: Router) -> None:
    link, number = await begin(router)
    browser = Browser(router)
    form = fields((await browser.open(link)).text) | {"secret.api_key": KEY}
    page = await browser.post(link, urlencode([*form.items(), ("secret.api_key", "other")]).encode())
    assert page.status == 400
    assert "twice" in page.text
    assert (await account_of(router, number)).status == "INITIATED"


@pytest.mark.parametrize("user", ["שלום", "x" * 900, "'\"><img src=x onerror=alert(1)>", "\ud83d\ude00", "{{7907*7919}}"])
async def test_users_with_odd_names(router: Router, user: str) -> None:
    link, _ = await begin(router, user=user)
    browser = Browser(router)
    page = await browser.open(link)
    assert page.status == 200
    assert "<img" not in page.text
    assert str(7907 * 7919) not in page.text
    assert (await browser.send(link, key=KEY)).status == 200


async def test_refusals_before_a_link_is_looked_at_are_pages(router: Router) -> None:
    for headers in ([("host", "evil.example")], [("origin", "https://evil.example")]):
        page = await router.ask("POST", "/link/none", b"", headers)
        assert page.status in (403, 421)
        assert page.headers["content-type"].startswith("text/html")
        assert page.headers["content-security-policy"]


@pytest.mark.parametrize("query", ["", "?", "?code=x", "?state=none&code=x", "?state=a&state=b", "?state=%ff", "?" + "a=b&" * 99])
async def test_nobody_comes_back_who_did_not_leave(router: Router, query: str) -> None:
    page = await router.ask("GET", "/api/v3/toolkits/auth/callback" + query)
    assert page.status == 400
    assert "<h1>" in page.text


async def test_a_server_behind_https_keeps_its_cookie_to_itself(router: Router, tmp_path: Any, sandbox: str) -> None:
    async with running(tmp_path / "https", sandbox=sandbox, public_url="https://router.example") as behind:
        link, _ = await begin(behind)
        page = await behind.ask("GET", link, headers=[("host", "router.example")])
        given = page.headers["set-cookie"]
        assert re.fullmatch(r"__Host-toolway=[\w-]{32}; Path=/; HttpOnly; SameSite=Lax; Max-Age=\d+; Secure", given)
        assert quote("router.example") in page.text
