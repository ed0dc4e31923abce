"""Access tokens made anew: once, however many calls and processes ask for one at the same time.

Within a process those who ask share one renewal. Among processes one takes a lease in the database; the others look until it is done.
What the provider gives is kept only over the secrets that it was asked with, and is kept before it is used. So nothing is lost when a
process dies, wherever it was; its lease counts no more then. One moment is in the provider's hands: it has put a new refresh token in
the place of the old one, and its answer reached nobody. If it then refuses the old one, the account is EXPIRED, and says so.
"""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress

from toolway.accounts import oauth, schemes
from toolway.accounts.keeper import account_secrets, config_row_of, opened_secrets, row_of, sealed_secrets
from toolway.accounts.vault import Secret, Vault
from toolway.catalog.index import Catalogue
from toolway.catalog.model import Toolkit
from toolway.errors import BadSetting, CallFailed, Conflict, NotConnected, TooLarge, ToolwayError, Unavailable
from toolway.net import Net
from toolway.store.connected import AccountChanges
from toolway.store.records import Account, AuthConfig, new_id, now_ms
from toolway.store.shelves import Store
from toolway.store.states import Event

REFUSED = "REFRESH_REFUSED"
"""The reason of an account whose access the provider did not renew; its own word for it follows."""
_LEASE_MS = 20_000  # longer than a provider may take
_LOOK_SECONDS = 0.05
_WAIT_SECONDS = 15.0
_KEEP_SECONDS = 12.0
_RENEWABLE = ("ACTIVE", "INACTIVE", "EXPIRED")
_NOT_THE_ACCOUNTS_FAULT = (
    "invalid_client",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_request",
    "invalid_scope",
    "temporarily_unavailable",
    "server_error",
    "slow_down",
)


class Renewal:
    """Makes access tokens anew. `close` waits for what is under way."""

    def __init__(self, store: Store, vault: Vault, catalogue: Catalogue, net: Net) -> None:
        self._store = store
        self._vault = vault
        self._catalogue = catalogue
        self._net = net
        self._flights: dict[str, asyncio.Task[Account]] = {}

    async def renew(self, account: Account) -> Account:
        """The account with a fresh access token. Raises `NotConnected` when the provider refuses, `CallFailed` when none came about."""
        flight = self._flights.get(account.id)
        if flight is None:
            flight = self._flights[account.id] = asyncio.create_task(self._in_turn(account))
            flight.add_done_callback(lambda done: self._over(account.id, done))
        return await asyncio.shield(flight)  # who no longer waits does not end it: a token may be on its way

    async def close(self) -> None:
        """Wait until nothing is under way any more."""
        if self._flights:
            await asyncio.wait(self._flights.values())

    def _over(self, id: str, done: "asyncio.Task[Account]") -> None:
        del self._flights[id]
        if not done.cancelled():
            done.exception()  # those who wait are told

    async def _in_turn(self, account: Account) -> Account:
        me = f"{self._store.database.owner} {new_id('')}"
        until, gone = time.monotonic() + _WAIT_SECONDS, ""
        while not await self._store.accounts.lease(account, me, now_ms() + _LEASE_MS, gone):
            found = await self._store.accounts.get(account.project_id, account.id)
            if found is None or found.status not in _RENEWABLE or (found.status == "EXPIRED" != account.status):
                raise NotConnected(account.toolkit)
            if found.refreshed_at != account.refreshed_at:
                return found
            if time.monotonic() > until:
                raise CallFailed(f"The access of {account.label} is being renewed elsewhere.", fix="Try again in a moment.")
            account, gone = found, ""
            if found.lease and not await self._store.database.lives(found.lease.partition(" ")[0]):
                gone = found.lease
            elif found.lease:
                await asyncio.sleep(_LOOK_SECONDS)
        try:
            return await self._renewed(account)
        finally:
            with suppress(ToolwayError):  # it runs out by itself
                await self._store.accounts.release(account, me)

    async def _renewed(self, account: Account) -> Account:
        mode, secrets = account_secrets(self._vault, account)
        asked = now_ms()
        try:
            client = await self._client(account, mode, secrets)
            fresh = await self._ask(client, mode, secrets)
        except oauth.Denied as no:
            if no.reason in _NOT_THE_ACCOUNTS_FAULT:
                raise CallFailed(f"The access of {account.label} could not be renewed. {no.message}", fix=no.fix) from None
            kept = await self._keep(account, "expire", None, {"status_reason": f"{REFUSED}: {no.reason}"})
            if kept.status != "EXPIRED":
                return kept  # somebody else had the token that counts
            told = f"The service did not renew the access of {account.label} ({no.reason}): connect it again."
            raise NotConnected(account.toolkit, fix=told) from None
        except (CallFailed, BadSetting, TooLarge) as error:
            raise CallFailed(f"The access of {account.label} could not be renewed. {error.message}", fix=error.fix) from None
        secrets = secrets | spoken(fresh)
        try:
            return await self._keep(account, "renew", (mode, secrets), {"status_reason": "", **times(fresh, asked)})
        except NotConnected:  # deleted or revoked meanwhile, with the token that was there before: of this one nobody else knows
            await take_back(self._net, client, spoken(fresh))
            raise

    async def _client(self, account: Account, mode: str, secrets: Mapping[str, Secret]) -> oauth.Client:
        config = await self._store.auth_configs.get(account.project_id, account.auth_config_id)
        kit = self._catalogue.toolkit(account.toolkit)
        return client_for(self._vault, kit, config, mode, account.settings, secrets)

    async def _ask(self, client: oauth.Client, mode: str, secrets: Mapping[str, Secret]) -> oauth.Tokens:
        asked = oauth.credentials(client) if mode == "S2S_OAUTH2" else oauth.refresh(client, secrets["refresh_token"])
        return oauth.tokens(client, await self._net.send(asked), *secrets.values())

    async def _keep(
        self, account: Account, event: Event, secrets: tuple[str, Mapping[str, Secret]] | None, changes: AccountChanges
    ) -> Account:
        """Write what came of it over the secrets that it came of, whatever else of the account is changed meanwhile, and stubbornly: a
        refresh token that was rotated is known to nobody else. Gives the account as it is then, if somebody else was faster theirs.
        """
        until = time.monotonic() + _KEEP_SECONDS
        while True:
            if secrets is not None:  # right before it is written: the vault's key may change
                changes["sealed"] = sealed_secrets(self._vault, row_of(account.id), secrets[1], secrets[0])
            try:
                kept = await self._store.accounts.renew(account, event, **changes)
                found = kept or await self._store.accounts.get(account.project_id, account.id)
                if kept:
                    return kept
            except Conflict:  # changed in between, or in a state that this does not lead out of
                found = await self._store.accounts.get(account.project_id, account.id)
            except Unavailable:
                if time.monotonic() > until:
                    raise
                await asyncio.sleep(_LOOK_SECONDS * 4)
                continue
            if found is None or found.status not in _RENEWABLE:
                raise NotConnected(account.toolkit)
            if found.refreshed_at != account.refreshed_at or (event == "expire" and found.status == "EXPIRED"):
                return found
            account = found  # the same secrets, sealed anew under another key, or another alias


def client_for(
    vault: Vault, kit: Toolkit, config: AuthConfig | None, mode: str, settings: Mapping[str, str], secrets: Mapping[str, Secret]
) -> oauth.Client:
    """The client that stands behind an account: the auth config's own, or with S2S_OAUTH2 the account's. Raises `BadSetting`."""
    auth = schemes.auth_of(kit, mode)
    if auth is None or config is None:
        raise BadSetting(f"{kit.title} is no longer connected with {mode}.", fix="Connect it again in another way.")
    if mode == "S2S_OAUTH2":
        return oauth.client_of(kit.title, auth, config.settings | {"client_id": settings.get("client_id", "")}, secrets)
    try:
        own = opened_secrets(vault, config_row_of(config.id), config.sealed)
    except (BadSetting, Unavailable):
        raise
    except ToolwayError as error:
        raise BadSetting(error.message, fix="The operator has to give the auth config its client_secret anew.") from None
    return oauth.client_of(kit.title, auth, config.settings, own)


def spoken(tokens: oauth.Tokens) -> dict[str, Secret]:
    """The secrets of an account that a provider gave, by the contract's names; the refresh token only where there is a new one."""
    return {"access_token": tokens.access} | ({"refresh_token": tokens.refresh} if tokens.refresh else {})


def times(tokens: oauth.Tokens, asked: int) -> AccountChanges:
    """When tokens that were asked for at a moment were made and expire."""
    return {"refreshed_at": asked, "expires_at": None if tokens.seconds is None else asked + tokens.seconds * 1000}


async def take_back(net: Net, client: oauth.Client, secrets: Mapping[str, Secret]) -> bool:
    """Have a provider take an account's tokens back; False where it takes none, or did not answer that it did."""
    kind = "refresh_token" if "refresh_token" in secrets else "access_token"
    if not client.revoke_url or kind not in secrets:
        return False
    try:
        return 200 <= (await net.send(oauth.revoke(client, secrets[kind], kind))).status < 300
    except (CallFailed, TooLarge):
        return False
