"""Connected accounts over REST (the contract's sections 5 and 8): begin, list, look after. Secrets are told masked only."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from toolway.accounts import links, schemes
from toolway.catalog.model import Json
from toolway.errors import BadRequest
from toolway.router import objects
from toolway.router.config import invalid
from toolway.serve.local import Local
from toolway.serve.rest.asked import Asked
from toolway.serve.rest.route import PageQuery, Route, cut, page_of
from toolway.serve.rest.within import Sharing, refuse_sharing
from toolway.serve.wire import Response, json_response
from toolway.store.connected import Wanted
from toolway.store.records import Account, AuthConfig
from toolway.store.states import STATES

_USUAL = 50
_ALIASES = {shown: kept for kept, shown in objects.NAMES.items()} | {"bearer_token": "token"}
"""Names of secrets that the contract has beside the ones that are kept."""
_TOKENS = ("access_token", "refresh_token", "expires_in", "scope")
_PASSED_OVER = ("token_type", "id_token", "authed_user", "extra_token_data")
"""What providers give along with tokens, and nothing here needs."""
_User = Annotated[str, Meta(min_length=1, max_length=1000)]


class AccountsQuery(PageQuery, kw_only=True):
    """`GET /connected_accounts`: those that stand in every list that is given."""

    user_ids: tuple[str, ...] = ()
    toolkit_slugs: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    auth_config_ids: tuple[str, ...] = ()
    connected_account_ids: tuple[str, ...] = ()
    order_by: Literal["created_at", "updated_at"] | None = None
    order_direction: Literal["asc", "desc"] | None = None
    account_type: Literal["PRIVATE", "SHARED", "ALL"] | None = None


class Named(Struct, forbid_unknown_fields=True, kw_only=True):
    """Something by its id."""

    id: str


class State(Struct, forbid_unknown_fields=True, kw_only=True):
    """What proves an account: the scheme, and its values by name."""

    authScheme: str
    val: Json


class Connection(Struct, forbid_unknown_fields=True, kw_only=True):
    """Whose account is connected, and with what."""

    user_id: _User = "default"
    state: State | None = None
    data: Json | None = None
    alias: str | None = None
    callback_url: str | None = None
    redirect_uri: str | None = None
    deprecated_is_v1_rerouted: bool | None = None
    experimental: Sharing | None = None


class ConnectBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """`POST /connected_accounts`"""

    auth_config: Named
    connection: Connection
    validate_credentials: bool | None = None


class ConnectLinkBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """`POST /connected_accounts/link`"""

    auth_config_id: str
    user_id: _User
    alias: str | None = None
    callback_url: str | None = None
    connection_data: Json | None = None
    experimental: Sharing | None = None


class StatusBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """`PATCH /connected_accounts/{id}/status`"""

    enabled: bool


class StateChange(Struct, forbid_unknown_fields=True, kw_only=True):
    """New credentials."""

    state: State | None = None


class AccountBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """`PATCH /connected_accounts/{id}`"""

    alias: Annotated[str, Meta(max_length=100)] | None = None
    connection: StateChange | None = None
    experimental: Sharing | None = None


class RefreshBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """`POST /connected_accounts/{id}/refresh`"""

    redirect_url: str | None = None
    validate_credentials: bool | None = None


class AccountRest:
    """Answers these routes."""

    def __init__(self, local: Local) -> None:
        self._store = local.store
        self._catalogue = local.catalogue
        self._connector = local.connector
        self._custody = local.custody

    def routes(self) -> list[Route]:
        """What there is."""
        here, one = "connected_accounts", "connected_accounts/{connected_account_id}"
        return [
            Route("GET", here, "read", "List connected accounts.", self.all, query=AccountsQuery),
            Route("POST", here, "execute", "Connect an account, with its key or by a link.", self.begin, body=ConnectBody, gives=201),
            Route("POST", f"{here}/link", "execute", "Make a connect link.", self.link, body=ConnectLinkBody, gives=201),
            Route("GET", one, "read", "Get a connected account.", self.one),
            Route("PATCH", one, "admin", "Change what a connected account is called.", self.change, body=AccountBody),
            Route("DELETE", one, "admin", "Delete a connected account, and revoke its access.", self.delete),
            Route("PATCH", f"{one}/status", "admin", "Switch a connected account on or off.", self.switch, body=StatusBody),
            Route("POST", f"{one}/refresh", "execute", "Bring an account a fresh access token.", self.refresh, body=RefreshBody),
            Route("POST", f"{one}/revoke", "admin", "Revoke an account's access at the service.", self.revoke),
        ]

    async def all(self, asked: Asked) -> Response:
        """GET /connected_accounts. SDKs ask before they connect, and refuse where anything comes: every list is held to strictly."""
        query = asked.query(AccountsQuery)
        strange = [status for status in query.statuses if status not in STATES]
        if strange:
            raise invalid([f"statuses: one of {', '.join(STATES)} is expected"])
        size, begin = cut(query, _USUAL)
        wanted = Wanted(
            users=query.user_ids,
            toolkits=[slug.lower() for slug in query.toolkit_slugs],
            auth_configs=query.auth_config_ids,
            ids=query.connected_account_ids,
            statuses=query.statuses,
            too_old=links.too_old(),
            by_change=query.order_by == "updated_at",
            oldest_first=query.order_direction == "asc",
        )
        if query.account_type == "SHARED":
            return json_response(200, page_of([], 0, size, begin))
        found, total = await self._store.accounts.page(asked.project, wanted, size, begin)
        configs = {key: await self._store.auth_configs.get(asked.project, key) for key in {one.auth_config_id for one in found}}
        return json_response(200, page_of([await self._shown(one, configs[one.auth_config_id]) for one in found], total, size, begin))

    async def _shown(self, account: Account, config: AuthConfig | None) -> Json:
        return objects.account(account, config, await self._custody.shown(account))

    async def _account(self, asked: Asked) -> Account:
        return await self._custody.account(asked.project, asked.ids[0])

    async def one(self, asked: Asked) -> Response:
        """GET /connected_accounts/{id}"""
        account = await self._account(asked)
        return json_response(200, await self._shown(account, await self._store.auth_configs.get(asked.project, account.auth_config_id)))

    async def begin(self, asked: Asked) -> Response:
        """POST /connected_accounts: with credentials, which are proved, the account is ACTIVE at once; without, a link waits for them."""
        body = asked.body(ConnectBody)
        connection = body.connection
        refuse_sharing(connection.experimental)
        config = await self._custody.config(asked.project, body.auth_config.id)
        if connection.state and connection.state.authScheme.upper() != config.mode:
            raise BadRequest(f"connection.state.authScheme is not {config.mode}, which is what the auth config is for.")
        secrets, settings = self._parted(config, connection)
        if secrets:
            account = await self._connector.direct(
                asked.project, connection.user_id, config.toolkit, secrets, settings, auth_config=config.id, alias=connection.alias or ""
            )
            shown = await self._shown(account, config)
            return json_response(201, _begun(account, shown["state"], None))
        url = connection.callback_url or connection.redirect_uri or ""
        begun = await self._connector.begin(asked.project, connection.user_id, config.toolkit, config.id, url, connection.alias or "")
        link = asked.origin + begun.path
        # Under both names: Python's SDK knows the first for OAuth2 alone.
        state: Json = {"authScheme": config.mode, "val": {"status": begun.account.status, "redirectUrl": link, "redirect_url": link}}
        return json_response(201, _begun(begun.account, state, link))

    def _parted(self, config: AuthConfig, connection: Connection) -> tuple[dict[str, str], dict[str, str]]:
        """What was given, as secrets and as the settings that the toolkit asks for besides."""
        given: Json = (connection.data or {}) | (connection.state.val if connection.state else {})
        kit = self._catalogue.toolkit(config.toolkit)
        names = {field.name for field in kit.account}
        auth = schemes.auth_of(kit, config.mode)
        typed = set(_TOKENS) if config.mode == "OAUTH2" else {one.name for one in schemes.asked(auth)} if auth else set[str]()
        passed_over = _PASSED_OVER if config.mode == "OAUTH2" else ()
        secrets: dict[str, str] = {}
        settings: dict[str, str] = {}
        faults: list[str] = []
        for name, value in given.items():
            if name in ("status", "redirectUrl", "redirect_url", *passed_over) or value is None:
                continue
            place = f"connection.{'data' if name in (connection.data or {}) else 'state.val'}.{name[:60]}"
            if isinstance(value, bool) or not isinstance(value, str | int):
                faults.append(f"{place} is no text")
            elif name in names:
                settings[name] = str(value)
            elif _ALIASES.get(name, name) not in typed:
                faults.append(f"{place} is not known here; known are {', '.join(sorted(typed | names)) or 'none'}")
            else:
                secrets[_ALIASES.get(name, name)] = str(value)
        if faults:
            raise BadRequest("; ".join(faults) + ".", details=faults)
        return secrets, settings

    async def link(self, asked: Asked) -> Response:
        """POST /connected_accounts/link"""
        body = asked.body(ConnectLinkBody)
        refuse_sharing(body.experimental)
        if body.connection_data and body.connection_data.get("val"):
            raise BadRequest("connection_data is not built here.", fix="Leave it out: the person types it into the linked page.")
        config = await self._custody.config(asked.project, body.auth_config_id)
        begun = await self._connector.begin(
            asked.project, body.user_id, config.toolkit, config.id, body.callback_url or "", body.alias or ""
        )
        return json_response(201, objects.link(asked.origin + begun.path, begun.account.id, begun.expires_at))

    async def change(self, asked: Asked) -> Response:
        """PATCH /connected_accounts/{id}"""
        account = await self._account(asked)
        body = asked.body(AccountBody)
        refuse_sharing(body.experimental)
        if body.connection and body.connection.state:
            raise BadRequest("connection.state is not changed here.", fix="Connect a new account, then delete this one.")
        if body.alias is not None:
            account = await self._custody.rename(account, body.alias)
        return json_response(200, {"success": True, "id": account.id, "status": links.as_of_now(account).status})

    async def switch(self, asked: Asked) -> Response:
        """PATCH /connected_accounts/{id}/status"""
        account = await self._account(asked)
        body = asked.body(StatusBody)
        await (self._custody.enable(account) if body.enabled else self._custody.disable(account))
        return json_response(200, {"success": True})

    async def refresh(self, asked: Asked) -> Response:
        """POST /connected_accounts/{id}/refresh: silently where that can be done; the account stays ACTIVE meanwhile."""
        account = await self._account(asked)
        asked.body(RefreshBody)
        account = await self._custody.refresh(account)
        return json_response(200, {"id": account.id, "status": links.as_of_now(account).status, "redirect_url": None})

    async def revoke(self, asked: Asked) -> Response:
        """POST /connected_accounts/{id}/revoke: what is kept here is erased in any case; a key has to be taken back at its service."""
        account, told = await self._custody.revoke(await self._account(asked))
        revoked = ["access_token", "refresh_token"] if told else []
        return json_response(200, {"revoked_tokens": revoked, "connected_account": {"id": account.id, "status": account.status}})

    async def delete(self, asked: Asked) -> Response:
        """DELETE /connected_accounts/{id}"""
        await self._custody.delete(await self._account(asked))
        return json_response(200, {"success": True, "revoke_job_id": None})


def _begun(account: Account, state: Json, link: str | None) -> Json:
    return {
        "id": account.id,
        "connectionData": state,
        "status": account.status,
        "redirect_url": link,
        "redirect_uri": link,
        "deprecated": {"uuid": account.id, "authConfigUuid": account.auth_config_id},
    }
