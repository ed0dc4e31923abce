"""Looking after what is connected: switching accounts off and on, naming, renewing, revoking and deleting them, and auth configs."""

from collections.abc import Mapping, Sequence

from msgspec import structs

from toolway.accounts import oauth, schemes
from toolway.accounts.keeper import Keeper, account_secrets, config_row_of, opened_secrets, sealed_secrets
from toolway.accounts.masking import masked
from toolway.accounts.renewal import Renewal, client_for, take_back
from toolway.accounts.vault import Secret, Vault
from toolway.catalog.index import Catalogue
from toolway.catalog.proof import is_address
from toolway.errors import BadRequest, BadSetting, Conflict, NotConnected, NotFound, ToolwayError, Unavailable
from toolway.net import Net, address_of
from toolway.router.given import line
from toolway.store.connected import AuthConfigChanges
from toolway.store.records import Account, AuthConfig, new_id, now_ms
from toolway.store.shelves import Store

_LONGEST = 4096
"""The longest setting or secret of an auth config."""


class Custody:
    """Looks after accounts and auth configs. Accounts are given as they were read; one that was changed meanwhile raises `Conflict`."""

    def __init__(self, store: Store, catalogue: Catalogue, vault: Vault, keeper: Keeper, renewal: Renewal, net: Net) -> None:
        self._store = store
        self._catalogue = catalogue
        self._vault = vault
        self._keeper = keeper
        self._renewal = renewal
        self._net = net

    async def account(self, project_id: str, id: str) -> Account:
        """The account of this id. Raises `NotFound`."""
        found = await self._store.accounts.get(project_id, id)
        if found is None:
            raise NotFound("There is no such connected account.", fix="GET /api/v3.1/connected_accounts lists those that there are.")
        return found

    async def config(self, project_id: str, id: str) -> AuthConfig:
        """The auth config of this id. Raises `NotFound`."""
        found = await self._store.auth_configs.get(project_id, id)
        if found is None:
            raise NotFound("There is no such auth config.", fix="GET /api/v3.1/auth_configs lists those that there are.")
        return found

    async def disable(self, account: Account) -> Account:
        """Switch an account off; one that is off stays so."""
        return account if account.status == "INACTIVE" else await self._store.accounts.move(account, "disable")

    async def enable(self, account: Account) -> Account:
        """Switch an account on again; one that is on stays so."""
        return account if account.status == "ACTIVE" else await self._store.accounts.move(account, "enable")

    async def rename(self, account: Account, alias: str) -> Account:
        """Give an account another alias, "" for none. Raises `Conflict` when another account of the user for the toolkit has it."""
        alias = line(alias, "alias")
        others = await self._store.accounts.list(account.project_id, account.user_id, account.toolkit)
        taken = next((one for one in others if alias and one.alias == alias and one.id != account.id), None)
        if taken is not None and taken.status not in ("FAILED", "REVOKED", "EXPIRED"):
            raise Conflict(f"The account {taken.id} is called {alias!r} already.", fix="Choose another alias.")
        return await self._store.accounts.move(account, "change", alias=alias)

    async def refresh(self, account: Account) -> Account:
        """Make an account's access token anew, where it has one; nobody has to consent again. Gives the account as it is then: EXPIRED
        where the provider refused. Raises `CallFailed` when that cannot be known just now.
        """
        try:
            if not account.sealed or not self._keeper.open(account).renewable:
                return account
        except Unavailable:
            raise
        except ToolwayError as error:  # a fault of ours, but nothing that trying again would mend
            raise Conflict(error.message, fix=error.fix or "Connect the account again, then delete this one.") from None
        try:
            return await self._renewal.renew(account)
        except NotConnected:
            found = await self._store.accounts.get(account.project_id, account.id)
            if found is None:
                raise NotFound("There is no such connected account.") from None
            return found

    async def revoke(self, account: Account) -> tuple[Account, bool]:
        """Take an account's credential back at its provider, and erase it here. Gives the account, and whether the provider was told."""
        told = await self._take_back(account)
        return await self._store.accounts.move(account, "revoke", sealed="", expires_at=None), told

    async def delete(self, account: Account) -> bool:
        """Take an account away, its credential first back at its provider. Tells whether the provider was told."""
        told = await self._take_back(account)
        await self._store.accounts.delete(account)
        return told

    async def shown(self, account: Account) -> dict[str, str] | None:
        """The secrets of an account as they may be shown, by the contract's names: masked. None where they do not open: lists are to
        show the other accounts.
        """
        try:
            return {name: masked(one) for name, one in account_secrets(self._vault, account)[1].items()} if account.sealed else {}
        except ToolwayError:
            return None

    async def shown_config(self, config: AuthConfig) -> dict[str, str]:
        """The secrets of an auth config, masked. None where they do not open."""
        try:
            secrets = opened_secrets(self._vault, config_row_of(config.id), config.sealed)
        except ToolwayError:
            secrets = {}
        return {name: masked(one) for name, one in secrets.items()}

    async def make_config(
        self, project_id: str, toolkit: str, mode: str, given: Mapping[str, str], name: str = "", tools: Sequence[str] = ()
    ) -> AuthConfig:
        """A new auth config. `given` are settings (`oauth.SETTINGS`) and `client_secret`; without any it is the router's own.

        Raises `BadRequest` with all that is missing or wrong.
        """
        kit = self._catalogue.toolkit(toolkit)
        if schemes.auth_of(kit, mode) is None:
            raise BadRequest(
                f"{kit.title} cannot be connected with {mode[:40]!r}.",
                fix=f"It knows {', '.join(one.mode for one in kit.auth) or 'no way'}.",
            )
        at, managed = now_ms(), mode in schemes.TYPED and not given
        title = line(name, "name") or f"{toolkit} {mode.lower().replace('_', ' ')}"
        config = AuthConfig(new_id("ac_"), project_id, kit.slug, mode, title, True, at, at, managed)
        config = structs.replace(config, **self._content(config, given, {}), **{"tools": self._tools(kit.slug, tools)})
        await self._store.auth_configs.add(config)
        return config

    async def change_config(
        self,
        config: AuthConfig,
        given: Mapping[str, str] | None = None,
        name: str | None = None,
        tools: Sequence[str] | None = None,
        enabled: bool | None = None,
    ) -> AuthConfig:
        """Change an auth config; what is None stays. Of `given` only what is there changes, and "" takes it away."""
        changes: AuthConfigChanges = {}
        if given is not None:
            changes = self._content(config, given, {} if "client_secret" in given else self._secrets(config))
        if name is not None:
            changes["name"] = line(name, "name") or config.name
        if tools is not None:
            changes["tools"] = self._tools(config.toolkit, tools)
        if enabled is not None:
            changes["enabled"] = enabled
        return await self._store.auth_configs.change(config, **changes) if changes else config

    async def delete_config(self, config: AuthConfig) -> int:
        """Take an auth config away, and before it the accounts that were connected by it; tells how many."""
        accounts = [one for one in await self._store.accounts.list(config.project_id) if one.auth_config_id == config.id]
        for account in accounts:
            await self.delete(account)
        if not await self._store.auth_configs.delete(config.project_id, config.id):
            raise NotFound("There is no such auth config.")
        return len(accounts)

    def _secrets(self, config: AuthConfig) -> dict[str, Secret]:
        try:
            return opened_secrets(self._vault, config_row_of(config.id), config.sealed)
        except Unavailable:
            raise
        except ToolwayError as error:
            raise Conflict(error.message, fix="Give the auth config its client_secret anew.") from None

    def _tools(self, toolkit: str, tools: Sequence[str]) -> tuple[str, ...]:
        known = {tool.slug for tool in self._catalogue.toolkit(toolkit).tools.values()}
        slugs = tuple(dict.fromkeys(slug.upper() for slug in tools))
        if strange := [slug for slug in slugs if slug not in known]:
            raise BadRequest(f"{toolkit} has no tool {strange[0][:80]!r}.", fix="Give slugs of its tools; none means all.")
        return slugs

    def _content(self, config: AuthConfig, given: Mapping[str, str], secrets: Mapping[str, Secret]) -> AuthConfigChanges:
        kit = self._catalogue.toolkit(config.toolkit)
        auth = schemes.auth_of(kit, config.mode)
        if strange := [name for name, value in given.items() if len(value) > _LONGEST or not value.isprintable()]:
            said = [f"credentials.{name} is a line of at most {_LONGEST} characters" for name in strange]
            raise BadRequest("; ".join(said) + ".", details=said)
        settings = {k: v for k, v in {**config.settings, **{k: given[k].strip() for k in oauth.SETTINGS if k in given}}.items() if v}
        secrets = dict(secrets)
        if given.get("client_secret"):
            secrets["client_secret"] = Secret(given["client_secret"])
        if auth is not None and config.mode in schemes.RENEWED:
            faults = [fault for key in oauth.ADDRESSES if (fault := self._fault(key, settings.get(key, "")))]
            try:
                oauth.client_of(kit.title, auth, settings | ({"client_id": "-"} if config.mode == "S2S_OAUTH2" else {}), secrets)
            except BadSetting as error:
                faults.append(error.message)
            if faults:
                raise BadRequest(faults[0], details=faults)
        sealed = sealed_secrets(self._vault, config_row_of(config.id), secrets) if secrets else ""
        return {"settings": settings, "sealed": sealed}

    def _fault(self, key: str, url: str) -> str:
        """What is wrong with an address that an operator gave: people are sent there, and secrets."""
        if not url or (is_address(url) and (url.startswith("https://") or self._net.is_named(*address_of(url)))):
            return ""
        return f"{key} is {url[:100]!r}; an https address without a query is expected."

    async def _take_back(self, account: Account) -> bool:
        if not account.sealed:
            return False
        try:
            mode, secrets = account_secrets(self._vault, account)
            if mode not in schemes.RENEWED:
                return False
            config = await self._store.auth_configs.get(account.project_id, account.auth_config_id)
            kit = self._catalogue.toolkit(account.toolkit)
            client = client_for(self._vault, kit, config, mode, account.settings, secrets)
        except ToolwayError:  # what does not open, or whose provider nobody knows any more, goes all the same
            return False
        return await take_back(self._net, client, secrets)
