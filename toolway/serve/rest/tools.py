"""Tools over REST: list, get, and execute for a user without a session (the contract's sections 5, 9 and 10)."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from toolway.catalog.index import Catalogue
from toolway.catalog.model import Card, Json
from toolway.errors import BadRequest, Forbidden, NotConnected, ToolwayError
from toolway.router import objects
from toolway.router.asking import Asking
from toolway.router.desk import Desk
from toolway.router.direct import Direct
from toolway.router.meta import BY_NAME, EXECUTE
from toolway.router.policy import HINTS
from toolway.serve.local import Local
from toolway.serve.rest.asked import Asked
from toolway.serve.rest.route import PageQuery, Route, page
from toolway.serve.wire import MOST_BODY, Response, json_response
from toolway.watch import request_id

_USUAL = 200
_DEEP = 200
_MOST_WORDS = 1024


class VersionQuery(Struct, kw_only=True):
    """Which version of a toolkit is meant."""

    version: str | None = None
    toolkit_versions: dict[str, str] = {}


class ToolsQuery(PageQuery, kw_only=True):
    """`GET /tools`. Everything in `tools` is there; of toolkits, auth configs, tags and words the tools that fit all."""

    toolkit_slug: tuple[str, ...] = ()
    tool_slugs: tuple[str, ...] = ()
    auth_config_ids: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    important: Literal["true", "false"] | None = None
    query: str | None = None
    search: str | None = None
    include_deprecated: bool | None = None
    toolkit_versions: dict[str, str] = field(default_factory=dict[str, str])


class ToolBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """`POST /tools/execute/{tool_slug}`"""

    user_id: Annotated[str, Meta(min_length=1)] | None = None
    entity_id: Annotated[str, Meta(min_length=1)] | None = None
    connected_account_id: str | None = None
    version: str | None = None
    arguments: Json | None = None
    text: str | None = None
    allow_tracing: bool | None = None
    custom_auth_params: Json | None = None
    custom_connection_data: Json | None = None


class ToolRest:
    """Answers these routes."""

    def __init__(self, local: Local, desk: Desk) -> None:
        self._store = local.store
        self._catalogue = local.catalogue
        self._desk = desk
        self._standing = local.standing
        self._direct = Direct(local.store, local.catalogue)

    def routes(self) -> list[Route]:
        """What there is."""
        execute = "tools/execute/{tool_slug}"
        return [
            Route("GET", "tools", "read", "List tools.", self.all, query=ToolsQuery),
            Route("GET", "tools/enum", "read", "List the slugs of all tools.", self.slugs),
            Route("GET", "tools/{tool_slug}", "read", "Get a tool.", self.one, query=VersionQuery),
            Route("POST", execute, "execute", "Execute a tool for a user.", self.execute, body=ToolBody, most=MOST_BODY),
        ]

    async def all(self, asked: Asked) -> Response:
        """GET /tools"""
        query = asked.query(ToolsQuery)
        try:
            toolkits = [self._catalogue.toolkit_card(slug).slug for slug in query.toolkit_slug]
            chosen = [self._catalogue.card(slug) for slug in query.tool_slugs if slug.upper() not in BY_NAME]
        except ToolwayError as error:
            raise BadRequest(error.sentence, details=[error.sentence]) from None
        expect_version(self._catalogue, query.toolkit_versions, toolkits or [card.toolkit for card in chosen])
        if query.tool_slugs:
            meta = [objects.meta_tool(BY_NAME[slug.upper()]) for slug in query.tool_slugs if slug.upper() in BY_NAME]
            return json_response(200, page(meta + [objects.tool(self._catalogue, card) for card in chosen], query, _USUAL))
        if query.auth_config_ids:
            found = [await self._store.auth_configs.get(asked.project, one) for one in query.auth_config_ids]
            theirs = {config.toolkit for config in found if config}
            toolkits = sorted(theirs.intersection(toolkits) if toolkits else theirs)
            if not toolkits:
                return json_response(200, page([], query, _USUAL))
        cards = self._cards(toolkits, query.search or query.query or "")
        tags = set(query.tags)
        fitting = [card for card in cards if not tags or tags.intersection(HINTS[card.effect])]
        return json_response(200, page(fitting, query, _USUAL, lambda card: objects.tool(self._catalogue, card)))

    def _cards(self, toolkits: Sequence[str], words: str) -> Sequence[Card]:
        if not words.strip():
            return self._catalogue.cards(toolkits or None)
        from toolway.catalog.search import search

        found = search(self._catalogue, words[:_MOST_WORDS], toolkits or None, _DEEP)
        return [self._catalogue.card(hit.slug) for hit in found.hits] if found.fits else []

    async def slugs(self, asked: Asked) -> Response:
        """GET /tools/enum"""
        return json_response(200, [card.slug for card in self._catalogue.cards()])

    async def one(self, asked: Asked) -> Response:
        """GET /tools/{tool_slug}"""
        slug = asked.ids[0].upper()
        if slug in BY_NAME:
            return json_response(200, objects.meta_tool(BY_NAME[slug]))
        card = self._catalogue.card(slug)
        query = asked.query(VersionQuery)
        expect_version(self._catalogue, query.toolkit_versions | ({"": query.version} if query.version else {}), [card.toolkit])
        return json_response(200, objects.tool(self._catalogue, card, bool(self._catalogue.tool(slug).retire)))

    async def execute(self, asked: Asked) -> Response:
        """POST /tools/execute/{tool_slug}. A tool's failure is a result; 4xx says that the request itself cannot be made."""
        slug = asked.ids[0].upper()
        card = None if slug in BY_NAME else self._catalogue.card(slug)
        body = asked.body(ToolBody)
        unbuilt = [name for name in ("text", "custom_auth_params", "custom_connection_data") if getattr(body, name)]
        if unbuilt:
            faults = [f"{name} is not built here" for name in unbuilt]
            raise BadRequest("; ".join(faults) + ".", fix="Connect an account, and give arguments.", details=faults)
        session = await self._direct.session(asked.project, body.user_id or body.entity_id or "", body.connected_account_id or "")
        if card is None and slug == EXECUTE:
            raise Forbidden(f"{EXECUTE} is called within a session only.", fix="Call the tools themselves.")
        if card:
            expect_version(self._catalogue, {"": body.version or "latest"}, [card.toolkit])
            if body.connected_account_id and card.toolkit not in session.config["connected_accounts"]:
                raise BadRequest(f"The account {body.connected_account_id[:60]} is none of {card.toolkit}.")
            if self._catalogue.toolkit_card(card.toolkit).modes and not await self._standing.accounts(session, card.toolkit):
                raise NotConnected(card.toolkit, fix="Connect one: POST /api/v3.1/connected_accounts/link gives the user a link.")
        told: Any = await self._desk.execute(session, Asking(asked.origin, full=True), slug, body.arguments or {})
        return json_response(200, {"session_info": None, "log_id": request_id()} | told)


def expect_version(catalogue: Catalogue, versions: Mapping[str, str], toolkits: Sequence[str]) -> None:
    """Raises `BadRequest` when a version is wanted that is not the one here. `versions` are by toolkit; "" stands for each."""
    for slug in dict.fromkeys(toolkits):
        here, wanted = catalogue.toolkit_card(slug).version, versions.get(slug, versions.get("", "latest"))
        if wanted not in ("latest", here):
            raise BadRequest(f"{slug} is here in version {here} alone; {wanted[:40]!r} was asked for.", fix=f"Ask for latest or {here}.")
