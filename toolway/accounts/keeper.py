"""A credential for a call: which account of the user is meant, opened, from a cache that forgets when the database says so."""

import json
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct

from toolway.accounts.vault import Secret, Vault
from toolway.errors import BadArgument, CallFailed, Forbidden, NotConnected
from toolway.store.freshness import Cached
from toolway.store.records import EFFECTS, Account, AuthConfig, now_ms
from toolway.store.shelves import Store

Renew = Callable[[Account], Awaitable[Account]]
"""Gives the account with a fresh access token. Raises `NotConnected` when the service refuses, `CallFailed` when that cannot be known."""

PLAYED = "sandbox"
"""The setting by which an account is known as one of the sandbox; for this server alone."""
_EARLY_MS = 60_000
_TOO_SOON_MS = 10_000


class Grant(Struct, frozen=True):
    """What an account may be used for: the effects that its person allowed agents, the slugs that its auth config allows (none: all).
    `off`: the auth config is switched off, so that it may be used for nothing.
    """

    effects: tuple[str, ...] = EFFECTS
    tools: tuple[str, ...] = ()
    off: bool = False

    @property
    def narrow(self) -> bool:
        """Whether it may not be used for everything."""
        return self.off or bool(self.tools) or self.effects != EFFECTS


_NOTHING = Grant((), off=True)

Granted = tuple[Account, Grant]
"""An account, and what it may be used for."""
Choose = Callable[[Sequence[Granted]], Granted]
"""Takes one of some accounts, newest first. Raises `Forbidden`."""


class Credential(Struct, frozen=True, eq=False, weakref=True):
    """An open account: who it is for people (`label`), how it signs (`mode`), its secrets by field name, and its settings (region ...).

    `expires_at` is when its access token does (milliseconds; None: not known), `refreshed_at` when that was made.
    """

    account_id: str
    label: str
    mode: str
    secrets: dict[str, Secret]
    settings: dict[str, str]
    grant: Grant = Grant()
    expires_at: int | None = None
    refreshed_at: int | None = None
    project_id: str = ""
    renewable: bool = False

    def due(self, now: int) -> bool:
        """Whether its access token is to be made anew: a minute before it expires, or when half of its life is over if that is shorter."""
        if not self.renewable or self.expires_at is None:
            return False
        life = self.expires_at - (self.refreshed_at or 0)
        return now >= self.expires_at - min(_EARLY_MS, life // 2)


class _Held(NamedTuple):
    """The active accounts of a user for a toolkit, newest first, and those of them that were opened."""

    granted: Sequence[Granted]
    opened: dict[str, Credential]

    def of(self, pins: Sequence[str]) -> list[Granted]:
        """All of them, or of pinned ones only those."""
        return [one for one in self.granted if not pins or one[0].id in pins]


class Keeper:
    """Finds and opens accounts, from a cache that forgets when the database says so.

    The toolkits in `played` are reached in a sandbox: an account that was connected there is none of the real service, and the other
    way round. `renew` makes access tokens anew; without it they are used as they are.
    """

    def __init__(self, store: Store, vault: Vault, played: Collection[str] = (), renew: Renew | None = None) -> None:
        self._played = played
        self._store = store
        self._vault = vault
        self._renew = renew
        self._held: Cached[tuple[str, str, str], _Held] = Cached(self._hold)
        self.tally = self._held.tally
        store.freshness.on_change(self._held.forget)

    async def accounts(self, project_id: str, user_id: str, toolkit: str, pins: Sequence[str] = ()) -> list[Account]:
        """The active accounts of a user for a toolkit, newest first; of pinned ones only those."""
        return [account for account, _ in await self.granted(project_id, user_id, toolkit, pins)]

    async def granted(self, project_id: str, user_id: str, toolkit: str, pins: Sequence[str] = ()) -> list[Granted]:
        """These accounts, and what each may be used for."""
        held = await self._held.get((project_id, user_id, toolkit))
        return held.of(pins) if held else []

    async def credential(
        self,
        project_id: str,
        user_id: str,
        toolkit: str,
        pins: Sequence[str] = (),
        named: str = "",
        explicit: bool = False,
        choose: Choose | None = None,
    ) -> Credential:
        """The credential of the account that is `named` (by id, alias or label), else of the newest; fresh, where that is needed.
        `choose` may take another of those that fit, or none: what it raises is raised before anything is opened or leaves.

        Raises `NotConnected`, `BadArgument` when `named` fits none or, with `explicit`, when several are there and none is named,
        `Forbidden` when its auth config is switched off, and `CallFailed` when its token has expired and no new one can be had just now.
        """
        held = await self._held.get((project_id, user_id, toolkit))
        known = held.of(pins) if held else []
        if held is None or not known:
            raise NotConnected(toolkit)
        fitting = [(a, grant) for a, grant in known if not named or named in (a.id, a.alias, a.label)]
        if not fitting or (explicit and not named and len(known) > 1):
            said = f"no connected {toolkit} account is called {named[:80]!r}" if named else f"several {toolkit} accounts are connected"
            raise BadArgument(f"account: {said}.", fix=f"Name one of {', '.join(f'{a.id} ({a.label})' for a, _ in known)}.")
        account, grant = choose(fitting) if choose else fitting[0]
        if grant.off:
            raise Forbidden(
                f"{account.label} cannot be used: the auth config {account.auth_config_id} is switched off.",
                fix="The operator can switch it on again.",
            )
        if account.id not in held.opened:
            held.opened[account.id] = self.open(account, grant)
        found, now = held.opened[account.id], now_ms()
        if self._renew is None or not found.due(now):
            return found
        try:
            return self.open(await self._renew(account), grant)
        except CallFailed:
            if found.expires_at is not None and now < found.expires_at:
                return found  # there was still time, and there will be
            raise

    async def renewed(self, credential: Credential) -> Credential | None:
        """The same account with a fresh access token, after the service did not accept the one that it had; None where there is no way
        to one. Raises what `Renew` raises.
        """
        if self._renew is None or not credential.renewable:
            return None
        account = await self._store.accounts.get(credential.project_id, credential.account_id)
        if account is None or account.status != "ACTIVE":
            return None
        if account.refreshed_at == credential.refreshed_at:
            if now_ms() - (account.refreshed_at or 0) < _TOO_SOON_MS:
                return None  # the token is not what is not accepted
            account = await self._renew(account)
        config = await self._store.auth_configs.get(account.project_id, account.auth_config_id)
        return self.open(account, _grant(account, config))

    async def _hold(self, place: tuple[str, str, str]) -> _Held | None:
        found = await self._store.accounts.active(*place)
        accounts = [a for a in found if self.is_here(a)]
        if not accounts:
            return None  # nobody is not remembered: they may connect at any moment
        project_id, _, toolkit = place
        configs = {config.id: config for config in await self._store.auth_configs.list(project_id, toolkit)}
        return _Held([(a, _grant(a, configs.get(a.auth_config_id))) for a in accounts], {})

    def open(self, account: Account, grant: Grant = _NOTHING) -> Credential:
        """Unseal an account's secrets. A refresh token is not among them."""
        mode, secrets = account_secrets(self._vault, account)
        refresh = secrets.pop("refresh_token", None)
        return Credential(
            account.id,
            account.label,
            mode,
            secrets,
            account.settings,
            grant,
            account.expires_at,
            account.refreshed_at,
            account.project_id,
            refresh is not None or mode == "S2S_OAUTH2",
        )

    def is_here(self, account: Account) -> bool:
        """Whether an account is one of what is reached: of the sandbox, or of the real service."""
        return (PLAYED in account.settings) == (account.toolkit in self._played)

    def mark(self, toolkit: str) -> dict[str, str]:
        """The settings by which an account that is connected now is known as one of the sandbox."""
        return {PLAYED: "yes"} if toolkit in self._played else {}

    def seal(self, account_id: str, mode: str, secrets: Mapping[str, Secret]) -> str:
        """Seal secrets for the account of this id; they open for no other."""
        return sealed_secrets(self._vault, row_of(account_id), secrets, mode)


def _grant(account: Account, config: AuthConfig | None) -> Grant:
    """Without its auth config an account may be used for nothing."""
    return Grant(account.effects, config.tools, not config.enabled) if config else _NOTHING


def row_of(account_id: str) -> str:
    """The name of an account's row, to which its sealed secrets are bound."""
    return f"connected_account/{account_id}"


def config_row_of(auth_config_id: str) -> str:
    """The name of an auth config's row."""
    return f"auth_config/{auth_config_id}"


def authorization_row_of(digest: str) -> str:
    """The name of the row of an authorization that is under way."""
    return f"authorization/{digest}"


def sealed_secrets(vault: Vault, row: str, secrets: Mapping[str, Secret], mode: str = "") -> str:
    """Seal secrets for a row; those of an account with their mode."""
    plain = ({"mode": mode} if mode else {}) | {name: secret.open() for name, secret in secrets.items()}
    return vault.seal(json.dumps(plain).encode(), row)


def opened_secrets(vault: Vault, row: str, sealed: str) -> dict[str, Secret]:
    """What was sealed for a row, by name; nothing where nothing is kept."""
    plain: dict[str, str] = json.loads(vault.unseal(sealed, row)) if sealed else {}
    return {name: Secret(value) for name, value in plain.items()}


def account_secrets(vault: Vault, account: Account) -> tuple[str, dict[str, Secret]]:
    """The mode of an account and its secrets by name."""
    secrets = opened_secrets(vault, row_of(account.id), account.sealed)
    mode = secrets.pop("mode", None)
    return mode.open() if mode else account.mode, secrets
