"""The connect page: a person gives a key on a page of this server, never in a chat.

Works without scripts. The key is proved with the service, sealed, and the page says whose account was connected. Templates are
loaded when the first page is asked for.
"""

import re
import secrets
from collections.abc import Mapping
from functools import cache
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from msgspec import UNSET

from toolway.accounts import links, schemes
from toolway.catalog.index import Catalogue
from toolway.errors import BadArgument, BadRequest, CallFailed, Gone, NotFound, ToolwayError
from toolway.router.connect import Connector
from toolway.serve.wire import Response, Scope, header
from toolway.store.records import Account, Link
from toolway.store.shelves import Store

if TYPE_CHECKING:
    from jinja2 import Environment

_COOKIE = "toolway_link"
_BROWSER = re.compile(r"[A-Za-z0-9_-]{32}")
_STATIC = Path(__file__).parent / "static"


class ConnectPages:
    """Shows the page of a link and takes its form."""

    def __init__(self, store: Store, catalogue: Catalogue, connector: Connector, overrides: Mapping[str, str]) -> None:
        self._store = store
        self._catalogue = catalogue
        self._connector = connector
        self._overrides = overrides

    async def show(self, scope: Scope, token: str, origin: str) -> Response:
        """GET /link/{token}"""
        try:
            link, account = await links.find(self._store, token)
        except (Gone, NotFound) as error:
            return _told(error)
        browser = _cookie(scope) or secrets.token_urlsafe(24)
        return self._form(_Visit(link, account, token, browser, origin), {}, None, 200)

    async def take(self, scope: Scope, token: str, content: bytes, origin: str) -> Response:
        """POST /link/{token}: the filled form."""
        try:
            link, account = await links.find(self._store, token)
        except (Gone, NotFound) as error:
            return _told(error)
        form = _fields(content)
        browser = _cookie(scope)
        if not links.same_browser(browser, token, form.pop("form", "")):
            error = BadRequest("This form was not shown in this browser.", fix="Open the link again, with cookies allowed.")
            return _told(error, 403)
        key = form.pop("key", "")
        try:
            done = await self._connector.finish(link, account, key, {n: v for n, v in form.items() if v})
        except (BadArgument, CallFailed) as error:
            return self._form(_Visit(link, account, token, browser, origin), form, error, 422)
        except ToolwayError as error:
            return _told(error, 409)
        kit = self._catalogue.toolkit(account.toolkit)
        if link.callback_url:
            place = _with_query(link.callback_url, {"status": "success", "connected_account_id": done.id})
            return Response(303, b"", (*_headers(), (b"location", place.encode())))
        return _page("done.html", 200, kit=kit, account=done)

    def _form(self, visit: "_Visit", given: dict[str, str], error: ToolwayError | None, status: int) -> Response:
        kit = self._catalogue.toolkit(visit.account.toolkit)
        fields = [{"field": f, "value": given.get(f.name, "" if f.default is UNSET else str(f.default))} for f in kit.account]
        page = _page(
            "connect.html",
            status,
            visit.link.callback_url,
            kit=kit,
            auth=schemes.key_auth(kit),
            user=visit.account.user_id,
            fields=fields,
            form=links.form_token(visit.browser, visit.token),
            error=error,
            hosts=sorted({urlsplit(self._overrides.get(f"{kit.slug}.{name}", url)).netloc for name, url in kit.hosts.items()}),
            elsewhere=any(name.startswith(f"{kit.slug}.") for name in self._overrides),
            minutes=links.MINUTES,
        )
        secure = "; Secure" if visit.origin.startswith("https:") else ""
        cookie = f"{_COOKIE}={visit.browser}; Path=/link/; HttpOnly; SameSite=Strict; Max-Age={links.MINUTES * 60}{secure}"
        return Response(page.status, page.body, (*page.headers, (b"set-cookie", cookie.encode())), page.kind)


class _Visit(NamedTuple):
    """Who looks at which link: the link and its account, its token, the browser's cookie, and the origin that it came to."""

    link: Link
    account: Account
    token: str
    browser: str
    origin: str


def _fields(content: bytes) -> dict[str, str]:
    try:
        return dict(parse_qsl(content.decode(), keep_blank_values=True, max_num_fields=20))
    except (UnicodeDecodeError, ValueError):
        return {}


def _cookie(scope: Scope) -> str:
    try:
        found = SimpleCookie(header(scope, b"cookie") or "").get(_COOKIE)
    except CookieError:
        found = None
    return found.value if found and _BROWSER.fullmatch(found.value) else ""


def _with_query(url: str, more: dict[str, str]) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, urlencode(more))))))


_CSP = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'{}; frame-ancestors 'none'; base-uri 'none'"


def _headers(callback_url: str = "") -> tuple[tuple[bytes, bytes], ...]:
    """What every page says. Browsers hold a form's redirect to `form-action` too, so the place that it may lead to is named there."""
    parts = urlsplit(callback_url)
    further = f" {parts.scheme}://{parts.netloc}" if callback_url else ""
    return (
        (b"content-security-policy", _CSP.format(further).encode()),
        (b"cache-control", b"no-store"),
        (b"referrer-policy", b"no-referrer"),
        (b"x-frame-options", b"DENY"),
    )


@cache
def _templates() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )


def _page(name: str, status: int, callback_url: str = "", /, **values: Any) -> Response:
    text = _templates().get_template(name).render(values)
    return Response(status, text.encode(), _headers(callback_url), b"text/html; charset=utf-8")


def _told(error: ToolwayError, status: int | None = None) -> Response:
    return _page("told.html", status or (404 if isinstance(error, NotFound) else 410), error=error)


@cache
def _style() -> bytes:
    return (_STATIC / "toolway.css").read_bytes()


def style() -> Response:
    """GET /static/toolway.css"""
    return Response(200, _style(), ((b"cache-control", b"public, max-age=3600"),), b"text/css; charset=utf-8")
