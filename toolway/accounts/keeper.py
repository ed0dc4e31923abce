"""A credential for a call: which account of the user is meant, opened, from a cache that forgets when the database says so."""

import json
from collections.abc import Sequence

from msgspec import Struct

from toolway.accounts.vault import Secret, Vault
from toolway.errors import BadArgument, NotConnected
from toolway.store.freshness import Cached
from toolway.store.records import Account
from toolway.store.shelves import Store

Place = tuple[str, str, str, tuple[str, ...], str]


class Credential(Struct, frozen=True):
    """An open account: who it is for people (`label`), how it signs (`mode`), its secrets by field name, and its settings (region ...)."""

    account_id: str
    toolkit: str
    label: str
    mode: str
    secrets: dict[str, Secret]
    settings: dict[str, str]


class Keeper:
    """Finds and opens accounts. The chosen account is the named one, else the session's pins, else the newest active one."""

    def __init__(self, store: Store, vault: Vault) -> None:
        self._store = store
        self._vault = vault
        self._cache: Cached[Place, Credential] = Cached(self._open)
        self.forget = self._cache.forget

    async def credential(self, project_id: str, user_id: str, toolkit: str, pins: Sequence[str] = (), named: str = "") -> Credential:
        """The credential of one account of this user. Raises `NotConnected`, or `BadArgument` when `named` fits none."""
        found = await self._cache.get((project_id, user_id, toolkit, tuple(pins), named))
        if found is None:
            raise NotConnected(toolkit)
        return found

    async def _open(self, place: Place) -> Credential | None:
        project_id, user_id, toolkit, pins, named = place
        accounts = await self._store.accounts.active(project_id, user_id, toolkit)
        if pins:
            accounts = [a for a in accounts if a.id in pins]
        if named:
            chosen = [a for a in accounts if named in (a.id, a.alias, a.label)]
            if not chosen and accounts:
                known = ", ".join(f"{a.id} ({a.label})" for a in accounts)
                raise BadArgument(f"account: no connected {toolkit} account is called {named[:80]!r}.", fix=f"Connected are: {known}.")
            accounts = chosen
        return self.open(accounts[0]) if accounts else None

    def open(self, account: Account) -> Credential:
        """Unseal an account's secrets."""
        plain = json.loads(self._vault.unseal(account.sealed, row_of(account.id)))
        mode = plain.pop("mode")
        secrets = {name: Secret(value) for name, value in plain.items()}
        return Credential(account.id, account.toolkit, account.label, mode, secrets, account.settings)

    def seal(self, account_id: str, mode: str, secrets: dict[str, Secret]) -> str:
        """Seal secrets for the account of this id; they open for no other."""
        plain = {"mode": mode} | {name: secret.open() for name, secret in secrets.items()}
        return self._vault.seal(json.dumps(plain).encode(), row_of(account_id))


def row_of(account_id: str) -> str:
    """The name of an account's row, to which its sealed secrets are bound."""
    return f"connected_account/{account_id}"
