"""Connect links.

A link is a token that nobody can guess, stored hashed, good once and for ten minutes. Its form is bound to the browser that was shown it.
A new link of a user for a toolkit takes the place of the one before: where a person was shown two, the newest is the good one, and the
other says so. An attempt that grew too old is EXPIRED without anybody writing it down: `as_of_now` tells.
"""

import hashlib
import hmac
from collections.abc import Callable
from typing import Unpack

import msgspec

from toolway.errors import Conflict, Forbidden, Gone, NotFound
from toolway.store.connected import AccountChanges
from toolway.store.records import Account, AuthConfig, Link, new_id, now_ms
from toolway.store.shelves import Store
from toolway.store.states import REPLACED, TOO_LATE, Event

MINUTES = 10
LIFE_MS = MINUTES * 60_000
"""So long a link is good."""
AGAIN_MINUTES = 8
"""So long the same link is shown to who asks again."""
Derive = Callable[[str], str]
"""Makes of a text a secret that only this installation can make, and the same each time."""
_TOKEN = 40


def digest(token: str) -> str:
    """What is stored of a random token: of a link, an OAuth2 `state`, a browser's cookie."""
    return hashlib.sha256(_bytes(token)).hexdigest()


def as_of_now(account: Account) -> Account:
    """The account as it is to be shown: an attempt that was not finished in time is EXPIRED."""
    if account.status != "INITIATED" or account.updated_at > too_old():
        return account
    return msgspec.structs.replace(account, status="EXPIRED", status_reason=TOO_LATE)


def too_old() -> int:
    """An attempt that waits since this moment or longer is EXPIRED."""
    return now_ms() - LIFE_MS


async def auth_config_for(store: Store, project_id: str, toolkit: str, usual: str, named: str = "", mode: str | None = None) -> AuthConfig:
    """The auth config of a toolkit: the named one, else the one that the router made, else one that was brought, else a new one.

    `usual` is how a new one lets people connect, "" where the toolkit knows no way without a client of the operator's own; `mode` asks
    for one of that mode. Raises `NotFound` for a name that is none, `Forbidden` for one that is switched off, `Conflict` when there is
    none and none can be made.
    """
    if named:
        found = await store.auth_configs.get(project_id, named)
        if found is None or found.toolkit != toolkit or mode not in (None, found.mode):
            raise NotFound(f"There is no auth config {named[:80]!r} for {toolkit}.", fix="Leave it out to use the toolkit's own.")
    else:
        found = await store.auth_configs.first(project_id, toolkit, mode)
    if found is None and not usual:
        raise Conflict(
            f"{toolkit} is connected with OAuth2, for which this project has no client yet.",
            fix=f"The operator registers one with the service and makes an auth config for {toolkit} of its client_id and client_secret.",
        )
    if found is None:
        at = now_ms()
        made = AuthConfig(new_id("ac_"), project_id, toolkit, usual, f"{toolkit} {usual.lower().replace('_', ' ')}", True, at, at)
        found = await store.auth_configs.first_or_add(made, mode)
    if not found.enabled:
        raise Forbidden(f"The auth config {found.id} for {toolkit} is switched off.", fix="The operator can switch it on again.")
    return found


async def ask(
    store: Store, derive: Derive, config: AuthConfig, user_id: str, callback_url: str = "", alias: str = ""
) -> tuple[Account, str, int]:
    """An account that waits for its key, and the link to give it: the one that was shown before while it is good for some minutes more,
    since somebody may be typing on its page; else a new one, and earlier links of this user for this toolkit are good no more.

    Returns the account, the link's token and when it expires.
    """
    at = now_ms()
    account = Account(
        new_id("ca_"), config.project_id, user_id, config.toolkit, config.id, "INITIATED", "", "", alias, {}, "", at, at, config.mode
    )
    link = Link(digest(token_of(derive, account.id)), account.id, config.project_id, callback_url, at, at + LIFE_MS, None)
    enough = at + (MINUTES - AGAIN_MINUTES) * 60_000
    account, link = await store.links.begin(account, link, too_old(), lambda id: digest(token_of(derive, id)), enough)
    return account, token_of(derive, account.id), link.expires_at


async def ask_again(store: Store, derive: Derive, account: Account, callback_url: str = "") -> tuple[Account, str, int]:
    """The same for an account whose access came to an end: it waits again, under the id that sessions may pin. Raises `Conflict` for one
    that is not EXPIRED.
    """
    at, token = now_ms(), token_of(derive, account.id)
    shown = await store.links.get(digest(token)) if account.status == "INITIATED" else None
    enough = at + (MINUTES - AGAIN_MINUTES) * 60_000
    if shown and (shown.used_at, shown.callback_url) == (None, callback_url) and shown.expires_at >= enough:
        return account, token, shown.expires_at
    link = Link(digest(token), account.id, account.project_id, callback_url, at, at + LIFE_MS, None)
    return await store.links.begin_again(account, link, too_old()), token, link.expires_at


async def finish(
    store: Store, link: Link, account: Account, at: int | None = None, event: Event = "connect", **changes: Unpack[AccountChanges]
) -> Account:
    """Use a link up and make its account ACTIVE, or FAILED (`fail`).

    Raises `Gone` when another was faster, or a newer link took its place meanwhile.

    `at` is when the person used it, where that was before now: who went to a provider in time may come back later.
    """
    try:
        return await store.links.finish(link, account, at or now_ms(), event, **changes)
    except Conflict:
        raise Gone(
            "This connect link was used or replaced in the meantime.", fix="Use the newest link, or ask your agent for one."
        ) from None


def token_of(derive: Derive, account_id: str) -> str:
    """The token of an account's link: nobody else can make it, and it need not be kept to be shown again."""
    return derive(f"link {account_id}")[:_TOKEN]


async def find(store: Store, token: str) -> tuple[Link, Account]:
    """The link of a token and the account that it is for. Raises `NotFound`, or `Gone` when it was used, replaced or is too old."""
    link = await store.links.get(digest(token))
    account = None if link is None else await store.accounts.get(link.project_id, link.account_id)
    if link is None or account is None:
        raise NotFound("This connect link does not exist.", fix="Ask your agent for a new one.")
    if account.status_reason == REPLACED:
        raise Gone("A newer connect link took the place of this one.", fix="Open the newest link that your agent has shown you.")
    if link.used_at is None and link.expires_at <= now_ms():
        raise Gone(f"This connect link is older than {MINUTES} minutes.", fix="Ask your agent for a new one.")
    if link.used_at is not None or account.status != "INITIATED":
        raise Gone("This connect link was used already.", fix="Ask your agent for a new one if you want to connect again.")
    return link, account


def form_token(browser: str, token: str) -> str:
    """The form's token for a link in a browser: only who holds the browser's cookie can make it."""
    return hmac.digest(_bytes(browser), _bytes(token), "sha256").hex()


def same_browser(browser: str, token: str, form: str) -> bool:
    """Whether the form came from the browser that was shown it."""
    return bool(browser) and hmac.compare_digest(_bytes(form_token(browser, token)), _bytes(form))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")  # what comes from outside may hold half a character; it only must not fit
