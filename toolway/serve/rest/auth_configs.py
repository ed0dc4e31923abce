"""Auth configs over REST (the contract's sections 5 and 8.3): how a project's users connect to a toolkit. Secrets are told masked only."""

from typing import Any, cast

from msgspec import Struct, field

from toolway.accounts import oauth, schemes
from toolway.catalog.model import Json
from toolway.errors import BadRequest, NotFound, UnknownToolkit
from toolway.router import objects
from toolway.router.config import invalid
from toolway.serve.local import Local
from toolway.serve.rest.asked import Asked
from toolway.serve.rest.route import PageQuery, Route, cut, page_of
from toolway.serve.wire import Response, json_response
from toolway.store.records import AuthConfig

_USUAL = 50


class ConfigsQuery(PageQuery, kw_only=True):
    """`GET /auth_configs`"""

    toolkit_slug: tuple[str, ...] = ()
    is_composio_managed: bool | None = None
    show_disabled: bool | None = None
    search: str | None = None


class ToolkitName(Struct, forbid_unknown_fields=True, kw_only=True):
    """A toolkit by its slug."""

    slug: str


class ToolAccess(Struct, forbid_unknown_fields=True, kw_only=True):
    """Which tools may be executed with the accounts of an auth config."""

    tools_for_connected_account_creation: list[str] | None = None
    tools_available_for_execution: list[str] | None = None


class _Common(Struct, forbid_unknown_fields=True, kw_only=True):
    name: str | None = None
    restrict_to_following_tools: list[str] | None = None
    tool_access_config: ToolAccess | None = None
    shared_credentials: Json | None = None
    is_enabled_for_tool_router: bool | None = None


class ManagedConfig(_Common, tag="use_composio_managed_auth", tag_field="type", kw_only=True):
    """What needs nothing from the operator: the user brings a key."""

    credentials: Json = field(default_factory=dict[str, Any])


class CustomConfig(_Common, tag="use_custom_auth", tag_field="type", kw_only=True):
    """The operator's own OAuth client, or a scheme that the operator chose."""

    authScheme: str
    credentials: Json = field(default_factory=dict[str, Any])
    proxy_config: Json | None = None
    sealed_credentials: Json | None = None


class ConfigBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """`POST /auth_configs`"""

    toolkit: ToolkitName
    auth_config: ManagedConfig | CustomConfig | None = None


class CustomChange(_Common, tag="custom", tag_field="type", kw_only=True):
    """A change of an operator's own one. What is not named stays."""

    credentials: Json = field(default_factory=dict[str, Any])
    proxy_config: Json | None = None
    sealed_credentials: Json | None = None


class DefaultChange(_Common, tag="default", tag_field="type", kw_only=True):
    """A change of one that the router made."""

    scopes: str | list[str] | None = None
    user_scopes: str | list[str] | None = None


class ConfigRest:
    """Answers these routes."""

    def __init__(self, local: Local) -> None:
        self._store = local.store
        self._catalogue = local.catalogue
        self._custody = local.custody

    def routes(self) -> list[Route]:
        """What there is."""
        here, one = "auth_configs", "auth_configs/{auth_config_id}"
        return [
            Route("GET", here, "read", "List auth configs.", self.all, query=ConfigsQuery),
            Route("POST", here, "admin", "Make an auth config.", self.make, body=ConfigBody, gives=201),
            Route("GET", one, "read", "Get an auth config.", self.one),
            Route("PATCH", one, "admin", "Change an auth config.", self.change, body=CustomChange),
            Route("DELETE", one, "admin", "Delete an auth config and the accounts that were connected by it.", self.delete),
            Route("PATCH", f"{one}/{{status}}", "admin", "Switch an auth config on (ENABLED) or off (DISABLED).", self.switch),
        ]

    async def all(self, asked: Asked) -> Response:
        """GET /auth_configs"""
        query = asked.query(ConfigsQuery)
        wanted, words = {slug.lower() for slug in query.toolkit_slug}, (query.search or "").lower()
        found = [
            one
            for one in await self._store.auth_configs.list(asked.project)
            if (not wanted or one.toolkit in wanted)
            and (query.is_composio_managed is None or one.managed is query.is_composio_managed)
            and (one.enabled or query.show_disabled)
            and words in f"{one.id} {one.name} {one.toolkit}".lower()
        ]
        size, begin = cut(query, _USUAL)
        shown = [await self._shown(asked, one) for one in found[begin : begin + size]]
        return json_response(200, page_of(shown, len(found), size, begin))

    async def _shown(self, asked: Asked, one: AuthConfig) -> Json:
        count = await self._store.auth_configs.connections(one.project_id, one.id)
        return objects.auth_config(one, await self._custody.shown_config(one), count, asked.origin + oauth.CALLBACK)

    async def _config(self, asked: Asked) -> AuthConfig:
        return await self._custody.config(asked.project, asked.ids[0])

    async def one(self, asked: Asked) -> Response:
        """GET /auth_configs/{id}"""
        return json_response(200, await self._shown(asked, await self._config(asked)))

    async def make(self, asked: Asked) -> Response:
        """POST /auth_configs"""
        body = asked.body(ConfigBody)
        try:
            kit = self._catalogue.toolkit(body.toolkit.slug)
        except UnknownToolkit as error:
            raise BadRequest(error.sentence, details=[error.sentence]) from None
        wish = body.auth_config or ManagedConfig()
        given = _given(asked, wish)
        if isinstance(wish, CustomConfig):
            mode = wish.authScheme.upper()
        else:
            auth = schemes.key_auth(kit)
            if auth is None:
                raise BadRequest(
                    f"{kit.title} is connected with OAuth2, and this router has no client of its own there.",
                    fix='Bring yours: {"type": "use_custom_auth", "authScheme": "OAUTH2", "credentials": {"client_id": ...}}.',
                )
            mode, given = auth.mode, {}
        made = await self._custody.make_config(asked.project, kit.slug, mode, given, wish.name or "", _tools(wish) or ())
        shown = {
            "id": made.id,
            "auth_scheme": made.mode,
            "is_composio_managed": made.managed,
            "restrict_to_following_tools": [*made.tools],
        }
        if made.mode == "OAUTH2":
            shown["oauth_redirect_uri"] = asked.origin + oauth.CALLBACK
        return json_response(201, {"toolkit": {"slug": made.toolkit}, "auth_config": shown})

    async def change(self, asked: Asked) -> Response:
        """PATCH /auth_configs/{id}"""
        config = await self._config(asked)
        body: Any = asked.json()
        kind = cast("Json", body).get("type") if isinstance(body, dict) else None
        if kind not in ("custom", "default"):
            raise invalid(["type: one of custom, default is expected"])
        if config.managed == (kind == "custom"):
            raise BadRequest(f"type is {kind}, and {config.id} is {'default' if config.managed else 'custom'}.")
        wish = asked.body(CustomChange) if kind == "custom" else asked.body(DefaultChange)
        await self._custody.change_config(config, _given(asked, wish) or None, wish.name, _tools(wish))
        return json_response(200, {"success": True, "message": f"{config.id} was changed."})

    async def switch(self, asked: Asked) -> Response:
        """PATCH /auth_configs/{id}/{status}"""
        config = await self._config(asked)
        status = asked.ids[1].upper()
        if status not in ("ENABLED", "DISABLED"):
            raise NotFound("An auth config is ENABLED or DISABLED.")
        await self._custody.change_config(config, enabled=status == "ENABLED")
        return json_response(200, {"success": True, "message": f"{config.id} is {status}."})

    async def delete(self, asked: Asked) -> Response:
        """DELETE /auth_configs/{id}"""
        count = await self._custody.delete_config(await self._config(asked))
        said = f"The auth config and {count} connected accounts were deleted."
        return json_response(200, {"success": True, "message": said, "revoke_job_id": None})


def _tools(wish: _Common) -> list[str] | None:
    access = wish.tool_access_config.tools_available_for_execution if wish.tool_access_config else None
    return wish.restrict_to_following_tools if wish.restrict_to_following_tools is not None else access


def _given(asked: Asked, wish: _Common) -> dict[str, str]:
    """The credentials of a request as texts. Raises `BadRequest` for what is asked for and could not be kept."""
    faults = [
        f"{name} is not built here" for name in ("proxy_config", "sealed_credentials", "shared_credentials") if getattr(wish, name, None)
    ]
    made: dict[str, str] = {}
    given: Json = getattr(wish, "credentials", {})
    if isinstance(wish, DefaultChange) and wish.scopes is not None:
        given = {"scopes": wish.scopes}
    for name, value in given.items():
        place = f"credentials.{name[:60]}"
        if name == "scopes":
            parts = cast("list[Any]", value) if isinstance(value, list) else [value]
            if all(isinstance(part, str) for part in parts):
                made[name] = " ".join(" ".join(parts).replace(",", " ").split())
            else:
                faults.append(f"{place} is no text and no list of texts")
        elif name in ("oauth_redirect_uri", "redirect_uri"):
            if value != asked.origin + oauth.CALLBACK:
                faults.append(f"{place} is not {asked.origin}{oauth.CALLBACK}, which is the one that this server answers")
        elif name == "user_scopes":
            if value:
                faults.append(f"{place} is not built here")
        elif name not in ("client_secret", *oauth.SETTINGS):
            faults.append(f"{place} is not known here; known are client_secret, {', '.join(oauth.SETTINGS)}")
        elif not isinstance(value, str):
            faults.append(f"{place} is no text")
        else:
            made[name] = value
    if faults:
        raise invalid(faults)
    return made
