"""Toolkits over REST: list, get, and their categories (the contract's sections 5 and 9)."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from toolway.catalog.index import Catalogue
from toolway.catalog.model import ToolkitCard
from toolway.router import objects
from toolway.serve.local import Local
from toolway.serve.rest.asked import Asked
from toolway.serve.rest.route import PageQuery, Route, page
from toolway.serve.rest.tools import VersionQuery, expect_version
from toolway.serve.wire import Response, json_response

_USUAL = 20


class ToolkitListQuery(PageQuery, kw_only=True):
    """`GET /toolkits`"""

    category: str | None = None
    managed_by: Literal["composio", "all", "project"] | None = None
    type: Literal["native", "custom", "all"] | None = None
    sort_by: Literal["usage", "alphabetically"] | None = None
    include_deprecated: bool | None = None
    search: str | None = None
    user_id: str | None = None


class ToolkitsBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """`POST /toolkits/multi`"""

    toolkits: list[str] | None = None
    category: str | None = None
    managed_by: Literal["composio", "all", "project"] | None = None
    sort_by: Literal["usage", "alphabetically"] | None = None
    limit: Annotated[int, Meta(ge=1)] | None = None
    cursor: str | None = None


class ToolkitRest:
    """Answers these routes."""

    def __init__(self, local: Local) -> None:
        self._catalogue: Catalogue = local.catalogue

    def routes(self) -> list[Route]:
        """What there is."""
        return [
            Route("GET", "toolkits", "read", "List toolkits.", self.all, query=ToolkitListQuery),
            Route("GET", "toolkits/categories", "read", "List the categories of toolkits.", self.categories, query=PageQuery),
            Route("POST", "toolkits/multi", "read", "List some toolkits.", self.some, body=ToolkitsBody),
            Route("GET", "toolkits/{slug}", "read", "Get a toolkit, with what connecting it takes.", self.one, query=VersionQuery),
        ]

    async def all(self, asked: Asked) -> Response:
        """GET /toolkits. All toolkits here are the router's own; what was custom with the hosted service is none of them."""
        query = asked.query(ToolkitListQuery)
        return self._listed(query, query.category, query.type == "custom" or query.managed_by == "project", query.search)

    async def some(self, asked: Asked) -> Response:
        """POST /toolkits/multi"""
        body = asked.body(ToolkitsBody)
        query = ToolkitListQuery(limit=body.limit, cursor=body.cursor, sort_by=body.sort_by)
        chosen = None if body.toolkits is None else {slug.lower() for slug in body.toolkits}
        return self._listed(query, body.category, body.managed_by == "project", chosen=chosen)

    def _listed(
        self, query: ToolkitListQuery, category: str | None, none: bool, words: str | None = None, chosen: set[str] | None = None
    ) -> Response:
        def fits(card: ToolkitCard) -> bool:
            said = f"{card.slug} {card.title} {card.about}".lower()
            in_category = not category or category.lower() in card.categories
            return in_category and (words or "").lower() in said and (chosen is None or card.slug in chosen)

        cards = [] if none else [card for card in self._catalogue.toolkits() if fits(card)]
        if query.sort_by == "alphabetically":
            cards.sort(key=lambda card: card.title.lower())
        return json_response(200, page(cards, query, _USUAL, objects.toolkit))

    async def categories(self, asked: Asked) -> Response:
        """GET /toolkits/categories"""
        names = sorted({name for card in self._catalogue.toolkits() for name in card.categories})
        return json_response(200, page([{"id": name, "name": objects.category(name)} for name in names], asked.query(PageQuery), 100))

    async def one(self, asked: Asked) -> Response:
        """GET /toolkits/{slug}"""
        card = self._catalogue.toolkit_card(asked.ids[0])
        query = asked.query(VersionQuery)
        expect_version(self._catalogue, {"": query.version or "latest"}, [card.slug])
        return json_response(200, objects.toolkit_whole(self._catalogue, card))
