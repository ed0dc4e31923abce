"""The connect page: a person gives a key on a page of this server, or goes on to the provider; never in a chat.

The page says who asks, for whom, what will be kept and where it will be sent, and lets the person narrow what agents may do.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from msgspec import UNSET

from toolway.accounts import links
from toolway.accounts.oauth import CALLBACK, Denied
from toolway.catalog.index import Catalogue
from toolway.catalog.model import Toolkit
from toolway.errors import BadArgument, BadRequest, CallFailed, Gone, Refused, ToolwayError
from toolway.router.comeback import origin_of
from toolway.router.connect import Connector, Way
from toolway.serve.pages import paper, powers
from toolway.serve.pages.browser import Browser, Browsers, cookie
from toolway.serve.pages.outcome import Outcome
from toolway.serve.wire import Response, Scope
from toolway.store.records import Account, Link, now_ms
from toolway.store.shelves import Store

_SETTING, _SECRET = "account.", "secret."
_KNOWN = (_SETTING, _SECRET, powers.FIELD)


class Visit(NamedTuple):
    """Who looks at which link: the link and its account, its token, the browser, and the origin that it came to."""

    link: Link
    account: Account
    token: str
    browser: Browser
    origin: str


class ConnectPage:
    """Shows the page of a link and takes its form."""

    def __init__(
        self,
        store: Store,
        catalogue: Catalogue,
        connector: Connector,
        browsers: Browsers,
        outcome: Outcome,
        overrides: Mapping[str, str],
        played: Collection[str] = (),
    ) -> None:
        self._store = store
        self._catalogue = catalogue
        self._connector = connector
        self._browsers = browsers
        self._outcome = outcome
        self._overrides = overrides
        self._played = played

    async def show(self, scope: Scope, token: str, origin: str) -> Response:
        """GET /link/{token}"""
        browser = self._browsers.of(scope, origin)
        try:
            link, account = await links.find(self._store, token)
        except Gone as error:
            return await self._over(token, browser, error)
        return await self._form(Visit(link, account, token, browser if browser.id else self._browsers.new(), origin), None, None, 200)

    async def take(self, scope: Scope, token: str, content: bytes, origin: str) -> Response:
        """POST /link/{token}: the filled form."""
        browser = self._browsers.of(scope, origin)
        try:
            link, account = await links.find(self._store, token)
        except Gone as error:
            return await self._over(token, browser, error)
        form = paper.pairs(content)
        if not links.same_browser(browser.id, token, form.get("form", "")):
            error = BadRequest("This form was not shown in this browser.", fix="Open the link again, with cookies allowed.")
            return paper.told(error, 403)
        visit = Visit(link, account, token, browser, origin)
        try:
            if form.get("do") == "decline":
                await self._connector.decline(link, account)
                error = ToolwayError("You chose not to connect.", fix="Ask your agent for a new link if you change your mind.")
                return await self._outcome.failed(link, account, error, "access_denied")
            return await self._taken(visit, form)
        except (BadArgument, CallFailed, Denied) as error:
            return await self._form(visit, form, error, 422)
        except Gone as error:
            return await self._over(token, browser, error)

    async def _taken(self, visit: Visit, form: dict[str, str]) -> Response:
        link, account = visit.link, visit.account
        kit, way = self._catalogue.toolkit(account.toolkit), await self._connector.way(account)
        allowed = powers.effects(powers.offered(kit, form, way.config.tools))
        if not self._browsers.confirmed(visit.browser, account.project_id, account.user_id):
            if form.get("me") != "yes":
                raise BadArgument("It is not confirmed for whom this is.", fix="Say that you are this user, or do not connect.", field="me")
            visit = visit._replace(browser=self._browsers.confirm(visit.browser, account.project_id, account.user_id))
        settings, secrets = _under(form, _SETTING), _under(form, _SECRET)
        strange = [name for name in form if name not in ("form", "do", "me") and not name.startswith(_KNOWN)]
        if strange:
            raise BadArgument(f"The form has no field {strange[0][:60]!r}.")
        if way.authorize_url:
            there = await self._connector.leave(link, account, settings, allowed, visit.browser.id, visit.origin + CALLBACK)
            response = paper.away(there)
        else:
            done = await self._connector.finish(link, account, secrets, settings, allowed)
            response = await self._outcome.connected(link, done)
        return paper.with_headers(response, cookie(visit.browser, visit.origin))

    async def _over(self, token: str, browser: Browser, error: Gone) -> Response:
        """The page of a link that is good no more. It tells that it worked, since people press twice, go back and reload; in the browser
        that used it also as whom.
        """
        link = await self._store.links.get(links.digest(token))
        account = link and await self._store.accounts.get(link.project_id, link.account_id)
        if not link or not account or account.status != "ACTIVE" or link.used_at is None:
            return paper.told(error)
        used, fix = (
            f"This connect link was used already. {self._catalogue.toolkit(account.toolkit).title} is connected",
            "You can close this page.",
        )
        if not self._browsers.confirmed(browser, account.project_id, account.user_id):
            return paper.told(Gone(f"{used}.", fix=fix))
        told = Gone(f"{used} as {account.label}.", fix=fix)
        return paper.told(told, onward=(await self._outcome.place(link, account), "Go on"))

    async def _form(self, visit: Visit, given: dict[str, str] | None, error: ToolwayError | None, status: int) -> Response:
        account, link, form = visit.account, visit.link, given or {}
        kit, way = self._catalogue.toolkit(account.toolkit), await self._connector.way(account)
        provider = urlsplit(way.authorize_url)
        project = await self._store.projects.get(account.project_id)
        confirmed = self._browsers.confirmed(visit.browser, account.project_id, account.user_id)
        leads_to = [origin_of(link.callback_url)] if await self._outcome.place(link, account) else []
        if way.authorize_url:  # a provider may send the person from one of its hosts to another
            leads_to += [origin_of(way.authorize_url), "https:"]
        page = paper.page(
            "connect.html",
            status,
            tuple(leads_to),
            kit=kit,
            auth=way.auth,
            secrets=way.secrets,
            typed={one.name: "" if one.hidden else form.get(_SECRET + one.name, "") for one in way.secrets},
            scopes=way.scopes,
            provider=provider.netloc,
            returns_to=visit.origin + CALLBACK,
            user=account.user_id,
            project=project.name if project else "",
            connected=await self._store.accounts.active(account.project_id, account.user_id, account.toolkit),
            fields=[{"field": f, "value": form.get(_SETTING + f.name, "" if f.default is UNSET else str(f.default))} for f in kit.account],
            touched=any(form.get(_SETTING + f.name, "") not in ("", str(f.default)) for f in kit.account),
            powers=powers.offered(kit, given, way.config.tools),
            confirm=not confirmed,
            said=form.get("me") == "yes",
            stranger=bool(visit.browser.marks) and not confirmed,
            form=links.form_token(visit.browser.id, visit.token),
            error=error,
            wrong=_wrong(error, way, kit),
            origin=urlsplit(visit.origin).netloc,
            minutes=max(1, (link.expires_at - now_ms()) // 60_000),
            **self._hosts(kit),
        )
        return paper.with_headers(page, cookie(visit.browser, visit.origin))

    def _hosts(self, kit: Toolkit) -> dict[str, Any]:
        """Where the credential goes: the toolkit's hosts, or where the operator sends them, and those of its regions."""
        sent = {name: url for name, url in self._overrides.items() if name.startswith(f"{kit.slug}.")}
        return {
            "hosts": _netlocs([*(sent.get(f"{kit.slug}.{name}", url) for name, url in kit.hosts.items()), *sent.values()]),
            "elsewhere": bool(sent),
            "played": kit.slug in self._played,
            "regions": [(name, _netlocs(hosts.values())) for name, hosts in kit.regions.items()],
        }


def _netlocs(urls: Iterable[str]) -> list[str]:
    return sorted({urlsplit(url).netloc for url in urls})


def _under(form: Mapping[str, str], prefix: str) -> dict[str, str]:
    """The fields of a form whose names begin so, without that, and without those that were left empty."""
    return {name[len(prefix) :]: value for name, value in form.items() if name.startswith(prefix) and value}


def _wrong(error: ToolwayError | None, way: Way, kit: Toolkit) -> str:
    """The id of the field that an error is about, "" when it is about none."""
    if isinstance(error, BadArgument):
        names = {f.name: _SETTING for f in kit.account} | {f.name: _SECRET for f in way.secrets}
        return names.get(error.field, "") + error.field
    return _SECRET + way.secrets[0].name if isinstance(error, Refused) and way.secrets else ""
