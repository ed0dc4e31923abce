"""Properties 31, 34 to 36 and 39, as people meet them: whose link it is, where it leads back to, what the pages allow."""

import re
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

import pytest
import pytest_asyncio

from tests.accounts.acme import Acme, House
from tests.databases import outside
from tests.serve.browsing import KEY, Browser, account_of, begin, fields
from tests.serve.conftest import Reply, Router, running, serving
from tests.serve.test_questions import call
from toolway.accounts.oauth import CALLBACK
from toolway.catalog.index import BUILTIN, Catalogue
from toolway.catalog.model import Field
from toolway.errors import BadRequest
from toolway.router.sessions import Sessions

pytestmark = pytest.mark.asyncio(loop_scope="module")
SECRET = re.compile(r"pass(word|wd|phrase)|secret|(api|access|private)[_-]?key|token|credential", re.I)


class There(NamedTuple):
    """A router that is connected to a service by its own provider."""

    router: Router
    acme: Acme
    house: House
    config: str

    async def begin(self, user: str = "alice", callback_url: str = "") -> tuple[str, str]:
        """A link, and its account."""
        manage = {"callback_url": callback_url} if callback_url else {}
        return await begin(self.router, "acme", user, auth_configs={"acme": self.config}, manage_connections=manage)

    async def leave(self, browser: Browser, link: str) -> dict[str, str]:
        """Go to the provider and say yes there; gives what it sends back."""
        await browser.open(link)
        away = await browser.send(link)
        assert away.status == 303, away.text
        assert away.headers["location"].startswith(f"{self.acme.url}/authorize?")
        return self.acme.consent(away.headers["location"])

    async def back(self, browser: Browser, given: dict[str, str]) -> Reply:
        """Come back from the provider with this."""
        return await browser.open(f"{CALLBACK}?{urlencode(given)}")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def there(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[There]:
    async with Acme().serving() as acme, acme.house(tmp_path_factory.mktemp("acme")) as house, serving(house.local) as router:
        yield There(router, acme, house, (await house.client()).id)


async def test_31_the_way_back_is_one_browsers_own_and_good_once(there: There) -> None:
    """Another browser, none, a state with a letter changed: 400, and nothing of the account is told. Then its own, once."""
    alice, mallory = Browser(there.router), Browser(there.router)
    link, number = await there.begin()
    given = await there.leave(alice, link)
    await mallory.open((await there.begin("mallory"))[0])
    asked = len(there.acme.asked)
    for browser, sent in ((mallory, given), (Browser(there.router), given), (alice, given | {"state": given["state"].swapcase()})):
        page = await there.back(browser, sent)
        assert page.status == 400
        assert "alice" not in page.text
        assert number not in page.text
    assert len(there.acme.asked) == asked  # no code was redeemed
    assert (await account_of(there.router, number)).status == "INITIATED"
    assert (await there.back(alice, given)).status == 200
    assert (await account_of(there.router, number)).status == "ACTIVE"
    assert (await there.back(alice, given)).status == 400


async def test_31_a_way_that_took_too_long(there: There) -> None:
    alice = Browser(there.router)
    link, number = await there.begin("slow")
    given = await there.leave(alice, link)
    await outside(there.house.local.settings.database, "UPDATE authorizations SET expires_at = created_at WHERE used_at IS NULL")
    page = await there.back(alice, given)
    assert page.status == 400
    assert "last ten minutes" in page.text
    assert (await account_of(there.router, number)).status == "INITIATED"


async def test_31_consent_comes_before_the_provider(there: There) -> None:
    """A link alone leads nobody to the provider: its form does, from the browser that was shown it, once the user is confirmed."""
    link, _ = await there.begin("consent")
    browser = Browser(there.router)
    page = await browser.open(link)
    for words in ("anvils", "offline", there.acme.url.removeprefix("http://"), there.router.origin + CALLBACK):
        assert words in page.text
    form = fields(page.text)
    for sent, status in ((form | {"form": "0" * 64}, 403), ({n: v for n, v in form.items() if n != "me"}, 422)):
        page = await browser.post(link, urlencode(sent).encode())
        assert page.status == status
        assert "location" not in page.headers
    page = await Browser(there.router).post(link, urlencode(form).encode())
    assert page.status == 403
    assert not await outside(
        there.house.local.settings.database,
        f"SELECT digest FROM authorizations WHERE account_id = '{(await there.begin('consent'))[1]}'",
    )


async def test_34_a_link_that_was_made_for_somebody_else(router: Router) -> None:
    """Mallory has a link made for mallory, and sends it to Bob, who connects things as bob: he is told whose it is, and asked."""
    bob = Browser(router)
    link, _ = await begin(router, user="bob")
    assert "I am" in (await bob.open(link)).text
    await bob.send(link, key=KEY)
    link, _ = await begin(router, user="bob", again=True)
    assert "I am" not in (await bob.open(link)).text  # of himself he is asked once

    trap, number = await begin(router, user="mallory")
    page = await bob.open(trap)
    assert "mallory" in page.text
    assert "connect accounts of another user before" in page.text
    assert re.search(r'<input type="checkbox" id="me" name="me" value="yes" required aria-describedby="me-hint">', page.text)
    for tick in ("", "no", "bob"):
        refused = await bob.send(trap, key=KEY, me=tick)
        assert refused.status == 422
        assert 'href="#me"' in refused.text
    assert (await bob.send(trap, key=KEY, without=("me",))).status == 422
    assert (await account_of(router, number)).status == "INITIATED"


async def test_34_what_a_browser_confirmed_cannot_be_made_up(router: Router) -> None:
    """A mark is good for one browser, one user and one project."""
    bob, other = Browser(router), Browser(router)
    link, _ = await begin(router, user="eve")
    await bob.open(link)
    await bob.send(link, key=KEY)
    marked = bob.cookie
    link, _ = await begin(router, user="eve", again=True)
    assert "I am" not in (await bob.open(link)).text
    await other.open(link)
    name, _, own = other.cookie.partition("=")
    mark = marked.partition(".")[2]
    for forged in (f"{name}={own}.{mark}", f"{name}={own}.{'0' * 24}", f"{marked[:-1]}{'0' if marked[-1] != '0' else '1'}"):
        other.cookie = forged
        assert "I am" in (await other.open(link)).text
    second = await router.local.project("second")
    sessions = Sessions(router.local.store, router.local.catalogue, router.local.comebacks)
    session = await sessions.create(second.id, {"user_id": "eve"})
    made = await router.local.connector.link(session, "", "desktime")
    assert "I am" in (await bob.open(made["redirect_url"])).text


async def test_35_nobody_is_sent_where_the_project_may_not_send_them(router: Router) -> None:
    """Not when the session is made, and not when the list was made narrower since."""
    for url in ("javascript:alert(1)", "data:text/html,x", "//evil.example", "https://app.example@evil.example/", "\\\\evil.example"):
        status, _ = await router.send(
            "POST", "/api/v3.1/tool_router/session", {"user_id": "u", "manage_connections": {"callback_url": url}}
        )
        assert status == 400, url
    link, number = await begin(router, user="led", manage_connections={"callback_url": "https://app.example/?to=//evil.example"})
    browser = Browser(router)
    await browser.open(link)
    form = fields(browser.page.text)
    assert not [name for name in form if "url" in name or "redirect" in name]  # the form does not say where it leads
    done = await browser.send(link, key=KEY, callback_url="https://evil.example")
    assert done.status == 422
    browser.page = done
    done = await browser.send(link, key=KEY)
    assert done.headers["location"] == f"https://app.example/?to=//evil.example&status=success&connected_account_id={number}"


async def test_36_every_page_is_strict(router: Router) -> None:
    """No script, no frame, no trace in caches and referrers, and whatever others wrote is escaped."""
    link, _ = await begin(router, user="<i>strict</i>")
    browser = Browser(router)
    pages = [await browser.open(link), await browser.send(link, key="<b>x</b>"), await browser.send(link, key=KEY)]
    pages += [await browser.open(link), await browser.open("/link/none")]
    evil = "<script>alert(1)</script>"
    pages += [await browser.open(f"/api/v3/toolkits/auth/callback?state=x&error={evil}&error_description={evil}")]
    pages += [await router.ask("PUT", link)]
    for page in pages:
        policy = dict(rule.split(" ", 1) for rule in page.headers["content-security-policy"].split("; "))
        assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert policy["form-action"] == policy["style-src"] == "'self'"
        assert (page.headers["cache-control"], page.headers["referrer-policy"]) == ("no-store", "no-referrer")
        assert page.headers["x-content-type-options"] == "nosniff"
        for tag in ("<script", "<i>", "<b>", " style=", " onclick="):
            assert tag not in page.text
        assert page.text.count("<h1>") == 1


async def test_35_each_project_has_its_own_pages(tmp_path: Path, sandbox: str) -> None:
    """Asked when a session is made, when a link is, and before anybody is sent there: a list that was made narrower holds for what is
    under way.
    """
    ours, theirs = "https://app.example/done", "https://shop.example/done"
    async with running(tmp_path, sandbox=sandbox) as before:
        late, number = await begin(before, user="late", manage_connections={"callback_url": theirs})
    async with running(tmp_path, sandbox=sandbox, callback_urls="default=https://app.example,shop=https://shop.example") as narrow:
        for url, status in ((ours, 201), (theirs, 400), ("https://app.example.evil.example", 400)):
            body = {"user_id": "u", "manage_connections": {"callback_url": url}}
            assert (await narrow.send("POST", "/api/v3.1/tool_router/session", body))[0] == status
        project = await narrow.local.project()
        with pytest.raises(BadRequest, match="may not name"):
            await narrow.local.connector.begin(project.id, "u", "desktime", callback_url=theirs)
        shop = await narrow.local.project("shop")
        await narrow.local.connector.begin(shop.id, "u", "desktime", callback_url=theirs)
        browser = Browser(narrow)
        assert "shop.example" not in (await browser.open(late)).headers["content-security-policy"]
        done = await browser.send(late, key=KEY)
        assert done.status == 200
        assert "is connected" in done.text
        assert (await account_of(narrow, number)).status == "ACTIVE"


@pytest.mark.parametrize("callback_url", ["", "https://app.example/done?a=b"])
async def test_36_what_a_provider_says_is_text(there: There, callback_url: str) -> None:
    """Its refusal is shown as it stands, or told to the project's page by its word alone."""
    evil = '"><script>alert(1)</script>\r\nSet-Cookie: x=1'
    browser = Browser(there.router)
    link, number = await there.begin(f"refused {callback_url}", callback_url)
    given = await there.leave(browser, link)
    page = await there.back(browser, {"state": given["state"], "error": "access_denied", "error_description": evil})
    assert (await account_of(there.router, number)).status == "FAILED"
    assert "x=1" not in page.headers.get("set-cookie", "")
    if callback_url:
        assert page.headers["location"] == f"{callback_url}&status=failed&connected_account_id={number}&error=access_denied"
        return
    assert page.status == 400
    assert "<script" not in page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text


async def test_36_trouble_with_a_provider_leaves_the_link_good(there: There) -> None:
    """Its token endpoint falls over: a page that leads back to the link; then it works."""
    browser = Browser(there.router)
    link, number = await there.begin("trouble", "https://app.example/done")
    given = await there.leave(browser, link)
    there.acme.say.append(("503 Service Unavailable", {"error": "<b>down</b>"}))
    page = await there.back(browser, given)
    assert page.status == 400
    assert "<b>" not in page.text
    assert f'href="{link}"' in page.text
    given = await there.leave(browser, link)
    done = await there.back(browser, given)
    assert done.headers["location"] == f"https://app.example/done?status=success&connected_account_id={number}"


def _names(field: Field) -> list[str]:
    return [field.name, *(name for member in field.kind.fields for name in _names(member))]


async def test_39_no_secret_is_asked_for_in_a_chat(router: Router) -> None:
    """No tool takes one as an argument, and a client is asked to open a page, never to fill a form."""
    catalogue = Catalogue([BUILTIN])
    for card in catalogue.toolkits():
        for tool in catalogue.toolkit(card.slug).tools.values():
            asked = [name for param in tool.params for name in _names(param.field)]
            assert not [name for name in asked if SECRET.search(name)], tool.slug
    asked = (await call(router, await router.session("nobody", "desktime"))).json()["result"]
    for one in asked["inputRequests"].values():
        assert (one["method"], one["params"]["mode"]) == ("elicitation/create", "url")
        assert "requestedSchema" not in one["params"]
