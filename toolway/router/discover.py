"""Discovery: from requests in words to tools with their schemas, the state of their connections, and what to do next.

The answer's shape is the contract's (section 7.3). Only slugs that this session can execute are ever returned.
"""

import secrets
from datetime import UTC, datetime
from itertools import islice
from typing import Any, cast

import msgspec

from toolway.accounts import links
from toolway.accounts.keeper import Keeper
from toolway.catalog.index import Catalogue
from toolway.catalog.model import Card, Json
from toolway.errors import BadRequest, Forbidden, UnknownTool
from toolway.router import policy
from toolway.router.meta import EXECUTE, MANAGE, SCHEMAS, SEARCH
from toolway.store.records import Account, Session
from toolway.store.shelves import Store

PRIMARY, RELATED = 3, 3
_MOST_SCHEMAS = 2500
_DEEP = 200
_MOST_QUERIES = 20
_MOST_WORDS = 1024
_LONGEST_ID = 64


class Finder:
    """Answers discovery for sessions."""

    def __init__(self, store: Store, catalogue: Catalogue, keeper: Keeper) -> None:
        self._store = store
        self._keeper = keeper
        self._catalogue = catalogue

    async def search(self, session: Session, arguments: Json) -> Json:
        """The answer to COMPOSIO_SEARCH_TOOLS: one result a query, schemas of the tools named, connections, next steps."""
        results: list[Json] = []
        schemas: dict[str, Json] = {}
        for index, use_case in enumerate(_use_cases(arguments), start=1):
            cards = self._fitting(session, use_case)
            results.append(_result(index, use_case, cards))
            full = _affordable(cards[:PRIMARY])
            schemas |= {card.slug: self.schema(card) for card in full}
            schemas |= {card.slug: _reference(card) for card in cards if card.slug not in schemas}
        toolkits = list(dict.fromkeys(kit for result in results for kit in result["toolkits"]))
        statuses = [await self.connection(session, kit) for kit in toolkits]
        return {
            "success": True,
            "error": None,
            "results": results,
            "tool_schemas": schemas,
            "toolkit_connection_statuses": statuses,
            "next_steps_guidance": _next_steps(session, results, statuses),
            "session": _workflow(arguments),
            "time_info": _time(),
        }

    def _fitting(self, session: Session, use_case: str) -> list[Card]:
        from toolway.catalog.search import search

        enough = PRIMARY + RELATED
        found = search(self._catalogue, use_case, policy.toolkits(session, self._catalogue), _DEEP if policy.narrowed(session) else enough)
        cards = (self._catalogue.card(hit.slug) for hit in (found.hits if found.fits else ()))
        return list(islice((card for card in cards if policy.allowed(session, card)), enough))

    def schema(self, card: Card) -> Json:
        """A tool as discovery describes it."""
        return {
            "toolkit": card.toolkit,
            "tool_slug": card.slug,
            "description": card.about,
            "input_schema": msgspec.Raw(card.schema),
            "hasFullSchema": True,
        }

    def schemas(self, session: Session, slugs: list[str]) -> Json:
        """The answer to COMPOSIO_GET_TOOL_SCHEMAS."""
        found: dict[str, Json] = {}
        missing: dict[str, list[str]] = {}
        for slug in slugs:
            try:
                card = policy.find(session, self._catalogue, slug)
                found[card.slug] = self.schema(card)
            except UnknownTool as error:
                missing[slug] = list(error.near)
            except Forbidden:
                missing[slug] = []
        answer: Json = {"success": not missing, "tool_schemas": found}
        if missing:
            answer["not_found"] = list(missing)
            answer["suggestions"] = {slug: near for slug, near in missing.items() if near}
            answer["not_found_message"] = f"Not available in this session: {', '.join(missing)}. {SEARCH} finds others."
        return answer

    async def connection(self, session: Session, toolkit: str) -> Json:
        """Whether the session's user has connected a toolkit, and as whom. Several accounts are named one by one, the default first."""
        card = self._catalogue.toolkit_card(toolkit)
        accounts = await self.accounts(session, card.slug)
        status: Json = {"toolkit": card.slug, "description": card.about, "has_active_connection": bool(accounts), "connection_details": {}}
        if not accounts:
            return status | {"status_message": await self._why_not(session, card.slug)}
        first = accounts[0]
        status["status_message"] = f"Connected as {first.label}."
        status["connection_details"] = {
            "connected_account_id": first.id,
            "auth_config_id": first.auth_config_id,
            "created_at": first.created_at,
        }
        status["current_user_info"] = {"label": first.label}
        if len(accounts) > 1:
            status["accounts"] = [
                {
                    "id": a.id,
                    "alias": a.alias or None,
                    "label": a.label,
                    "status": a.status,
                    "is_default": a is first,
                    "created_at": a.created_at,
                }
                for a in accounts
            ]
        return status

    async def _why_not(self, session: Session, toolkit: str) -> str:
        last = await self._store.accounts.latest(session.project_id, session.user_id, toolkit)
        way = f"Call {MANAGE} for a link." if session.config["manage_connections"]["enabled"] else "Ask the user to connect it first."
        if last is None:
            return f"Not connected. {way}"
        last = links.as_of_now(last)
        if last.status == "INITIATED":
            return f"INITIATED: a link was shown and waits for the user. {way}"
        reason = f" ({last.status_reason})" if last.status_reason else ""
        return f"Not connected; the last one is {last.status}{reason}. {way}"

    async def accounts(self, session: Session, toolkit: str) -> list[Account]:
        """The active accounts of the session's user for a toolkit, newest first: that one is used when none is named."""
        pins: list[str] = session.config["connected_accounts"].get(toolkit, [])
        return await self._keeper.accounts(session.project_id, session.user_id, toolkit, pins)


def workflow_id(arguments: Json) -> str:
    """The id of the agent's task, when it gives one (as `session.id` or `session_id`); else empty."""
    session: Any = arguments.get("session")
    given: Any = cast("Json", session).get("id") if isinstance(session, dict) else arguments.get("session_id")
    return given[:_LONGEST_ID] if isinstance(given, str) else ""


def _use_cases(arguments: Json) -> list[str]:
    given: Any = arguments.get("queries")
    if given is None:
        given = arguments.get("use_case")
    queries: list[Any] = cast("list[Any]", given) if isinstance(given, list) else [given]
    if given is None or not queries:
        raise BadRequest("queries is missing.", fix='Give a list such as [{"use_case": "list all workspaces"}].')
    if len(queries) > _MOST_QUERIES:
        raise BadRequest(f"queries holds {len(queries)} requests; at most {_MOST_QUERIES} are taken at once.", fix="Send the rest next.")
    made: list[str] = []
    for index, one in enumerate(queries):
        text: Any = cast("Json", one).get("use_case") if isinstance(one, dict) else one
        if not isinstance(text, str) or not text.strip():
            raise BadRequest(f"queries[{index}].use_case is missing.", fix="Say in words what is to be done.")
        made.append(text[:_MOST_WORDS])
    return made


def _result(index: int, use_case: str, cards: list[Card]) -> Json:
    made: Json = {
        "index": index,
        "use_case": use_case,
        "primary_tool_slugs": [c.slug for c in cards[:PRIMARY]],
        "related_tool_slugs": [c.slug for c in cards[PRIMARY:]],
        "toolkits": list(dict.fromkeys(c.toolkit for c in cards)),
        "reasoning": f"{cards[0].title} fits best." if cards else "No tool of this session fits these words.",
        "difficulty": "easy" if cards else "unknown",
    }
    if cards:
        made["recommended_plan_steps"] = [f"Call {cards[0].slug}. Where an argument takes an id, the name will do."]
    else:
        made["error"] = "No tool of this session fits. Say it in other words, or name the service."
    return made


def _affordable(cards: list[Card]) -> list[Card]:
    """The tools whose schemas are given at once: the best one always, others as far as the agent's context is not flooded."""
    left, chosen = _MOST_SCHEMAS, list[Card]()
    for card in cards:
        if not chosen or len(card.schema) <= left:
            left -= len(card.schema)
            chosen.append(card)
    return chosen


def _reference(card: Card) -> Json:
    return {
        "toolkit": card.toolkit,
        "tool_slug": card.slug,
        "description": card.about.partition(". ")[0],
        "hasFullSchema": False,
        "schemaRef": {"tool": SCHEMAS, "args": {"tool_slugs": [card.slug]}},
    }


def _next_steps(session: Session, results: list[Json], statuses: list[Json]) -> list[str]:
    steps: list[str] = []
    best = {result["toolkits"][0] for result in results if result["toolkits"]}
    missing = [s["toolkit"] for s in statuses if s["toolkit"] in best and not s["has_active_connection"]]
    if missing and session.config["manage_connections"]["enabled"]:
        steps.append(f"Not connected yet: {', '.join(missing)}. Call {MANAGE} with these toolkits and show the user each redirect_url.")
    elif missing:
        steps.append(f"Not connected yet: {', '.join(missing)}. Ask the user to connect first.")
    if any(result["primary_tool_slugs"] for result in results):
        steps.append(f"Call {EXECUTE} with tool_slug and arguments as in tool_schemas; names are taken where ids stand.")
    return steps


def _workflow(arguments: Json) -> Json:
    given = workflow_id(arguments)
    task = given or secrets.token_hex(4)
    return {"id": task, "generate_id": not given, "instructions": f"Give session_id {task!r} in further calls of this task."}


def _time() -> Json:
    now = datetime.now(UTC)
    return {
        "current_time_utc": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "current_time_utc_epoch_seconds": int(now.timestamp()),
        "message": "Moments are given and taken in UTC unless an offset is written.",
    }
