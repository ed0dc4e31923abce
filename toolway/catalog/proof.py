"""The ways to prove who calls, as a toolkit's file tells of them: the tables [auth.X]."""

import re
from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

from toolway.catalog.model import Auth
from toolway.catalog.source import Table

MODES: Final = ("api_key", "bearer_token", "basic", "no_auth", "oauth2", "s2s_oauth2")
_KEYS: Final = ("api_key", "bearer_token")
_FIELD: Final = re.compile(r"[a-z][a-z0-9_]*")


def read(name: str, table: Table, hosts: Collection[str]) -> Auth:
    """The table [auth.NAME]. What is wrong is told at the table."""
    mode, about, page = name.upper(), table.text("about"), table.text("page")
    if name in _KEYS:
        return _key(mode, about, page, table, hosts)
    if name in ("oauth2", "s2s_oauth2"):
        return _oauth(mode, about, page, table)
    return Auth(mode, about, page=page)


def _key(mode: str, about: str, page: str, table: Table, hosts: Collection[str]) -> Auth:
    header, query, bearer = table.text("header"), table.text("query"), table.flag("bearer")
    if mode == "BEARER_TOKEN" and not header and not query:
        bearer = True
    if bool(header) + bool(query) + bearer != 1:
        table.bad('one of header = "Name", query = "name", bearer = true is expected')
    more, claims = table.table("also"), table.table("claims")
    also: list[tuple[str, str, str]] = []
    for key in more.data:
        field, _, sentence = (part.strip() for part in more.text(key).partition("--"))
        if not _FIELD.fullmatch(field):
            more.bad('a name and a sentence are expected, such as "app_key -- The application\'s own key."', key)
        also.append((key, field, sentence))
    named = {host: claims.text(host) for host in claims.data}
    for host in named:
        if host not in hosts:
            claims.bad(f"no such host; known are {', '.join(hosts)}", host)
    return Auth(mode, about, header, query, bearer, page, tuple(also), named)


def _oauth(mode: str, about: str, page: str, table: Table) -> Auth:
    auth = Auth(
        mode,
        about,
        page=page,
        authorize=table.text("authorize"),
        token=table.text("token"),
        revoke=table.text("revoke"),
        issuer=table.text("issuer"),
        names_itself=table.flag("names-itself"),
        scopes=table.texts("scopes"),
    )
    for key in ("authorize", "token", "revoke", "issuer"):
        url: str = getattr(auth, key)
        if url and not (url.startswith("https://") and is_address(url)):
            table.bad("an address such as https://accounts.example.com/oauth/token is expected", key)
    if mode == "OAUTH2" and bool(auth.authorize) != bool(auth.token):
        table.bad("authorize and token belong together; without both the operator's auth config says them")
    return auth


def is_address(url: str) -> bool:
    """Whether this can stand in [hosts]."""
    url = re.sub(r"^(https?://)\{[^{}]*\}(?=\.[^./:]+\.[^./:])", r"\1x", url)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    named = parts.scheme in ("http", "https") and bool(parts.hostname) and port != 0
    return named and not (parts.query or parts.fragment or parts.username or re.search(r"[{}\s\\]|/$", url))
