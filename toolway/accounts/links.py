"""Connect links and the states of an account: one table of transitions, one writer.

A link is a random token that is stored hashed, is good once and for ten minutes. Its form is bound to the browser that was shown it.
"""

import hashlib
import hmac
import secrets
from typing import Unpack

from toolway.errors import Conflict, Gone, NotFound
from toolway.store.records import Account, AuthConfig, Link, new_id, now_ms
from toolway.store.shelves import AccountChanges, Store

MINUTES = 10
TRANSITIONS: dict[str, tuple[str, ...]] = {
    "INITIATED": ("ACTIVE", "FAILED", "EXPIRED"),
    "ACTIVE": ("EXPIRED", "INACTIVE", "REVOKED"),
    "INACTIVE": ("ACTIVE", "REVOKED"),
    "EXPIRED": (),
    "FAILED": (),
    "REVOKED": (),
}


def digest(token: str) -> str:
    """What is stored of a random token."""
    return hashlib.sha256(_bytes(token)).hexdigest()


async def move(store: Store, account: Account, to: str, **changes: Unpack[AccountChanges]) -> Account:
    """Bring an account into another state; the only writer of states. Raises `Conflict` for a transition that does not exist."""
    if to not in TRANSITIONS[account.status]:
        raise Conflict(f"An account that is {account.status} cannot become {to}.")
    return await store.accounts.move(account, to, **changes)


async def seen(store: Store, account: Account) -> Account:
    """The account as it is now: an attempt that was not finished in time is EXPIRED from the moment that somebody looks."""
    if account.status != "INITIATED" or account.created_at + MINUTES * 60_000 > now_ms():
        return account
    try:
        return await move(store, account, "EXPIRED", status_reason="INITIATION_TIMEOUT")
    except Conflict:  # somebody else looked, or finished it, at this very moment
        return await store.accounts.get(account.project_id, account.id) or account


async def auth_config_for(store: Store, project_id: str, toolkit: str, mode: str, named: str = "") -> AuthConfig:
    """The auth config of a toolkit: the named one, else the project's first, else a new one."""
    if named:
        found = await store.auth_configs.get(project_id, named)
        if found is None or found.toolkit != toolkit:
            raise NotFound(f"There is no auth config {named!r} for {toolkit}.", fix="Leave it out to use the toolkit's own.")
        return found
    found = await store.auth_configs.first(project_id, toolkit)
    if found is None:
        at = now_ms()
        found = AuthConfig(new_id("ac_"), project_id, toolkit, mode, f"{toolkit} key", True, at, at)
        await store.auth_configs.add(found)
    return found


async def ask(store: Store, config: AuthConfig, user_id: str, callback_url: str = "") -> tuple[Account, str, int]:
    """Make an account that waits for its key, and a link to give it. Returns the account, the link's token and when it expires."""
    at = now_ms()
    account = Account(new_id("ca_"), config.project_id, user_id, config.toolkit, config.id, "INITIATED", "", "", "", {}, "", at, at)
    token = secrets.token_urlsafe(24)
    link = Link(digest(token), account.id, config.project_id, callback_url, at, at + MINUTES * 60_000, None)
    await store.accounts.add(account)
    await store.links.add(link)
    return account, token, link.expires_at


async def find(store: Store, token: str) -> tuple[Link, Account]:
    """The link of a token and the account that it is for. Raises `NotFound`, or `Gone` when it was used or is too old."""
    link = await store.links.get(digest(token))
    account = None if link is None else await store.accounts.get(link.project_id, link.account_id)
    if link is None or account is None:
        raise NotFound("This connect link does not exist.", fix="Ask your agent for a new one.")
    if link.used_at is None and link.expires_at <= now_ms():
        await seen(store, account)
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
