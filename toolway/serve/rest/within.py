"""What is asked of a session beside tier 1: its tools and toolkits, links, search, change and end (the contract's sections 4.1 to 4.8)."""

from typing import Any, Literal, cast

from msgspec import Struct

from toolway.accounts import links
from toolway.catalog.model import Json, ToolkitCard
from toolway.errors import BadRequest, ToolwayError, UnknownTool, UnknownToolkit
from toolway.router import objects, policy
from toolway.router.desk import Desk
from toolway.router.meta import listed
from toolway.router.sessions import Sessions
from toolway.serve.local import Local
from toolway.serve.rest.asked import Asked
from toolway.serve.rest.bodies import session_change
from toolway.serve.rest.route import PageQuery, Route, page
from toolway.serve.rest.sessions import SessionRest
from toolway.serve.wire import Response, json_response
from toolway.store.records import Account, Session

_TOOLS, _TOOLKITS = 500, 20


class ToolkitsQuery(PageQuery, kw_only=True):
    """`GET S/toolkits`"""

    toolkits: tuple[str, ...] = ()
    is_connected: bool | None = None
    search: str | None = None


class Sharing(Struct, forbid_unknown_fields=True, kw_only=True):
    """Who else may use a connected account. Only accounts of one user are kept here."""

    account_type: Literal["PRIVATE", "SHARED"] | None = None
    acl_config_for_shared: Json | None = None


class LinkBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """`POST S/link`"""

    toolkit: str
    callback_url: str | None = None
    alias: str | None = None
    experimental: Sharing | None = None


class Wish(Struct, forbid_unknown_fields=True, kw_only=True):
    """What is to be done, in words."""

    use_case: str
    known_fields: str | None = None


class SearchBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """`POST S/search`"""

    queries: list[Wish]
    model: str | None = None
    search_strategy: Literal["auto", "tool_search"] | None = None
    experimental: Json | None = None


class WithinRest:
    """Answers these routes."""

    def __init__(self, local: Local, sessions: Sessions, desk: Desk, hot: SessionRest) -> None:
        self._store = local.store
        self._catalogue = local.catalogue
        self._connector = local.connector
        self._sessions = sessions
        self._desk = desk
        self._standing = local.standing
        self._hot = hot

    def routes(self) -> list[Route]:
        """What there is."""
        here = "tool_router/session/{session_id}"
        return [
            Route("PATCH", here, "execute", "Change a session.", self.change, body=session_change()),
            Route("DELETE", here, "execute", "End a session.", self.end),
            Route("GET", f"{here}/tools", "read", "List the tools that a session exposes.", self.tools, query=PageQuery),
            Route("GET", f"{here}/toolkits", "read", "List a session's toolkits and who is connected.", self.toolkits, query=ToolkitsQuery),
            Route("POST", f"{here}/link", "execute", "Begin to connect an account.", self.link, body=LinkBody, gives=201),
            Route("POST", f"{here}/search", "execute", "Find tools in words.", self.search, body=SearchBody),
        ]

    async def _open(self, asked: Asked) -> Session:
        return await self._sessions.open(asked.project, asked.ids[0])

    async def change(self, asked: Asked) -> Response:
        """PATCH S"""
        await self._open(asked)
        body: Any = asked.json()
        expected = cast("Json", body).pop("expected_config_version", None) if isinstance(body, dict) else None
        if expected is not None and (not isinstance(expected, int) or isinstance(expected, bool)):
            raise BadRequest("expected_config_version is no whole number.")
        try:
            session = await self._sessions.change(asked.project, asked.ids[0], body, expected)
        except (UnknownToolkit, UnknownTool) as error:
            raise BadRequest(error.sentence, details=[error.sentence]) from None
        return json_response(200, self._hot.shown(asked, session))

    async def end(self, asked: Asked) -> Response:
        """DELETE S"""
        await self._sessions.end(asked.project, asked.ids[0])
        return json_response(200, {"session_id": asked.ids[0], "deleted": True})

    async def tools(self, asked: Asked) -> Response:
        """GET S/tools"""
        session = await self._open(asked)
        query = asked.query(PageQuery)
        withheld = await self._desk.withheld(session)
        shown = [objects.meta_tool(one) for one in listed(session)]
        shown += [objects.tool(self._catalogue, card) for card in self._desk.preloaded(session) if card.slug not in withheld]
        return json_response(200, page(shown, query, _TOOLS))

    async def toolkits(self, asked: Asked) -> Response:
        """GET S/toolkits"""
        session = await self._open(asked)
        query = asked.query(ToolkitsQuery)
        wanted = {slug.lower() for slug in query.toolkits}
        words = (query.search or "").lower()
        shown: list[Json] = []
        for card in self._catalogue.toolkits():
            if not policy.uses(session, card.slug) or (wanted and card.slug not in wanted):
                continue
            if words and words not in f"{card.slug} {card.title} {card.about}".lower():
                continue
            account = await self._account(session, card)
            if not query.is_connected or (account and account.status == "ACTIVE"):
                shown.append(await self._toolkit(card, account))
        return json_response(200, page(shown, query, _TOOLKITS))

    async def _account(self, session: Session, card: ToolkitCard) -> Account | None:
        """The account that a call would use, else what became of the last attempt."""
        active = await self._standing.accounts(session, card.slug)
        if active:
            return active[0]
        last = await self._store.accounts.latest(session.project_id, session.user_id, card.slug)
        return links.as_of_now(last) if last else None

    async def _toolkit(self, card: ToolkitCard, account: Account | None) -> Json:
        connected: Json | None = None
        if account:
            config = await self._store.auth_configs.get(account.project_id, account.auth_config_id)
            connected = {
                "id": account.id,
                "user_id": account.user_id,
                "status": account.status,
                "created_at": objects.moment(account.created_at),
                "auth_config": {
                    "id": account.auth_config_id,
                    "auth_scheme": config.mode if config else "",
                    "is_composio_managed": bool(config and config.managed),
                },
            }
        return {
            "name": card.title,
            "slug": card.slug,
            "enabled": True,
            "is_no_auth": not card.modes,
            "composio_managed_auth_schemes": objects.managed(card),
            "meta": {"logo": "", "description": card.about},
            "connected_account": connected,
        }

    async def link(self, asked: Asked) -> Response:
        """POST S/link"""
        session = await self._open(asked)
        body = asked.body(LinkBody)
        refuse_sharing(body.experimental)
        try:
            card = policy.toolkit(session, self._catalogue, body.toolkit)
        except ToolwayError as error:
            raise BadRequest(error.sentence, details=[error.sentence]) from None
        begun = await self._connector.link(session, asked.origin, card.slug, body.callback_url or "", body.alias or "")
        return json_response(201, objects.link(begun["redirect_url"], begun["connected_account_id"], begun["expires_at"]))

    async def search(self, asked: Asked) -> Response:
        """POST S/search"""
        session = await self._open(asked)
        body = asked.body(SearchBody)
        queries = [{"use_case": one.use_case, "known_fields": one.known_fields} for one in body.queries]
        return json_response(200, await self._desk.search(session, {"queries": queries}))


def refuse_sharing(asked: Sharing | None) -> None:
    """Raises `BadRequest` where an account is to be shared: what is asked for and not built is never passed over."""
    if asked is None:
        return
    if asked.account_type == "SHARED":
        raise BadRequest("experimental.account_type SHARED is not built here; an account belongs to one user.", fix="Leave it out.")
    if asked.acl_config_for_shared is not None:
        raise BadRequest("acl_config_for_shared is only valid on SHARED accounts, which are not built here.", fix="Leave it out.")
