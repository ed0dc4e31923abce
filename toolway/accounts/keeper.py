"""A credential for a call: which account of the user is meant, opened, from a cache that forgets when the database says so."""

import json
from collections.abc import Collection, Sequence
from typing import NamedTuple

from msgspec import Struct

from toolway.accounts.vault import Secret, Vault
from toolway.errors import BadArgument, NotConnected
from toolway.store.freshness import Cached
from toolway.store.records import Account
from toolway.store.shelves import Store


class Credential(Struct, frozen=True, eq=False, weakref=True):
    """An open account: who it is for people (`label`), how it signs (`mode`), its secrets by field name, and its settings (region ...)."""

    account_id: str
    label: str
    mode: str
    secrets: dict[str, Secret]
    settings: dict[str, str]


_PLAYED = "sandbox"


class _Held(NamedTuple):
    """The active accounts of a user for a toolkit, newest first, and those of them that were opened."""

    accounts: Sequence[Account]
    opened: dict[str, Credential]


class Keeper:
    """Finds and opens accounts, from a cache that forgets when the database says so.

    The toolkits in `played` are reached in a sandbox: an account that was connected there is none of the real service, and the other
    way round.
    """

    def __init__(self, store: Store, vault: Vault, played: Collection[str] = ()) -> None:
        self._played = played
        self._store = store
        self._vault = vault
        self._held: Cached[tuple[str, str, str], _Held] = Cached(self._hold)
        self.tally = self._held.tally
        store.freshness.on_change(self._held.forget)

    async def accounts(self, project_id: str, user_id: str, toolkit: str, pins: Sequence[str] = ()) -> list[Account]:
        """The active accounts of a user for a toolkit, newest first; of pinned ones only those."""
        held = await self._held.get((project_id, user_id, toolkit))
        return [a for a in held.accounts if not pins or a.id in pins] if held else []

    async def credential(
        self, project_id: str, user_id: str, toolkit: str, pins: Sequence[str] = (), named: str = "", explicit: bool = False
    ) -> Credential:
        """The credential of the account that is `named` (by id, alias or label), else of the newest.

        Raises `NotConnected`, and `BadArgument` when `named` fits none or, with `explicit`, when several are there and none is named.
        """
        fitting = accounts = await self.accounts(project_id, user_id, toolkit, pins)
        if named:
            fitting = [a for a in accounts if named in (a.id, a.alias, a.label)]
        if accounts and (not fitting or (explicit and not named and len(accounts) > 1)):
            known = ", ".join(f"{a.id} ({a.label})" for a in accounts)
            said = f"no connected {toolkit} account is called {named[:80]!r}" if named else f"several {toolkit} accounts are connected"
            raise BadArgument(f"account: {said}.", fix=f"Name one of {known}.")
        if not fitting:
            raise NotConnected(toolkit)
        held = await self._held.get((project_id, user_id, toolkit))
        opened = held.opened if held else {}
        account = fitting[0]
        if account.id not in opened:
            opened[account.id] = self.open(account)
        return opened[account.id]

    async def _hold(self, place: tuple[str, str, str]) -> _Held | None:
        found = await self._store.accounts.active(*place)
        accounts = [a for a in found if (_PLAYED in a.settings) == (a.toolkit in self._played)]
        return _Held(accounts, {}) if accounts else None  # nobody is not remembered: they may connect at any moment

    def open(self, account: Account) -> Credential:
        """Unseal an account's secrets."""
        plain = json.loads(self._vault.unseal(account.sealed, row_of(account.id)))
        mode = plain.pop("mode")
        secrets = {name: Secret(value) for name, value in plain.items()}
        return Credential(account.id, account.label, mode, secrets, account.settings)

    def mark(self, toolkit: str) -> dict[str, str]:
        """The settings by which an account that is connected now is known as one of the sandbox."""
        return {_PLAYED: "yes"} if toolkit in self._played else {}

    def seal(self, account_id: str, mode: str, secrets: dict[str, Secret]) -> str:
        """Seal secrets for the account of this id; they open for no other."""
        plain = {"mode": mode} | {name: secret.open() for name, secret in secrets.items()}
        return self._vault.seal(json.dumps(plain).encode(), row_of(account_id))


def row_of(account_id: str) -> str:
    """The name of an account's row, to which its sealed secrets are bound."""
    return f"connected_account/{account_id}"
