"""Discovery: from requests in words to tools with their schemas, the state of their connections, and what to do next.

The answer's shape is the contract's (section 7.3). Only slugs that this session can execute are ever returned.
"""

import hashlib
import time
from datetime import UTC, datetime
from typing import Any, cast

import msgspec

from toolway.catalog.index import Catalogue
from toolway.catalog.model import Card, Json
from toolway.errors import BadRequest, Forbidden, UnknownTool
from toolway.router import policy
from toolway.store.records import Account, Session
from toolway.store.shelves import Store

PRIMARY, RELATED = 3, 3
_MOST_QUERIES = 20
_MOST_WORDS = 1024


class Finder:
    """Answers discovery for sessions."""

    def __init__(self, store: Store, catalogue: Catalogue) -> None:
        self._store = store
        self._catalogue = catalogue

    async def search(self, session: Session, arguments: Json) -> Json:
        """The answer to COMPOSIO_SEARCH_TOOLS: one result a query, schemas of the tools named, connections, next steps."""
        from toolway.catalog.search import search

        queries = _queries(arguments)
        enabled = policy.toolkits(session, self._catalogue)
        results: list[Json] = []
        schemas: dict[str, Json] = {}
        for index, query in enumerate(queries, start=1):
            hits = search(self._catalogue, query["use_case"], enabled, (PRIMARY + RELATED) * 2)
            cards = [card for card in (self._catalogue.card(hit.slug) for hit in hits) if policy.allowed(session, card, self._catalogue)]
            cards = cards[: PRIMARY + RELATED]
            results.append(_result(index, query["use_case"], cards))
            for place, card in enumerate(cards):
                if place < PRIMARY or card.slug in schemas:
                    schemas.setdefault(card.slug, self.schema(card))
                else:
                    schemas.setdefault(card.slug, _reference(card))
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

    def schema(self, card: Card) -> Json:
        """A tool as discovery describes it."""
        return {
            "toolkit": card.toolkit,
            "tool_slug": card.slug,
            "description": card.about,
            "input_schema": msgspec.json.decode(card.schema),
            "hasFullSchema": True,
        }

    async def schemas(self, session: Session, slugs: list[str]) -> Json:
        """The answer to COMPOSIO_GET_TOOL_SCHEMAS."""
        found: dict[str, Json] = {}
        missing: list[str] = []
        near: dict[str, list[str]] = {}
        for slug in slugs:
            try:
                card = self._catalogue.card(slug)
                policy.require(session, card, self._catalogue)
                found[card.slug] = self.schema(card)
            except UnknownTool as error:
                missing.append(slug)
                near[slug] = list(error.near)
            except Forbidden:
                missing.append(slug)
        answer: Json = {"success": not missing, "tool_schemas": found}
        if missing:
            answer["not_found"] = missing
            answer["suggestions"] = near
            answer["not_found_message"] = f"Not available in this session: {', '.join(missing)}. Use COMPOSIO_SEARCH_TOOLS to find a tool."
        return answer

    async def connection(self, session: Session, toolkit: str) -> Json:
        """Whether the session's user has connected a toolkit, and as whom."""
        card = self._catalogue.toolkit_card(toolkit)
        accounts = await self.accounts(session, toolkit)
        status: Json = {
            "toolkit": card.slug,
            "description": card.about,
            "has_active_connection": bool(accounts),
            "connection_details": {},
            "status_message": f"Connected as {accounts[0].label}."
            if accounts
            else "Not connected: call COMPOSIO_MANAGE_CONNECTIONS first.",
        }
        if accounts:
            first = accounts[0]
            status["connection_details"] = {"connected_account_id": first.id, "auth_config_id": first.auth_config_id}
            status["current_user_info"] = {"label": first.label}
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

    async def accounts(self, session: Session, toolkit: str) -> list[Account]:
        """The active accounts of the session's user for a toolkit; the default one first."""
        pins: list[str] = session.config["connected_accounts"].get(toolkit, [])
        found = await self._store.accounts.active(session.project_id, session.user_id, toolkit)
        return [a for a in found if not pins or a.id in pins]


def _queries(arguments: Json) -> list[dict[str, str]]:
    given: Any = arguments.get("queries")
    if given is None and isinstance(arguments.get("use_case"), str):
        given = [{"use_case": arguments["use_case"]}]
    if isinstance(given, dict | str):
        given = [given]
    if not isinstance(given, list) or not given:
        raise BadRequest("queries is missing.", fix='Give a list such as [{"use_case": "list all workspaces"}].')
    made: list[dict[str, str]] = []
    for index, one in enumerate(cast("list[Any]", given)[: _MOST_QUERIES + 1]):
        text: Any = cast("Json", one).get("use_case") if isinstance(one, dict) else one
        if not isinstance(text, str) or not text.strip():
            raise BadRequest(f"queries[{index}].use_case is missing.", fix="Say in words what is to be done.")
        made.append({"use_case": text[:_MOST_WORDS]})
    if len(made) > _MOST_QUERIES:
        raise BadRequest(f"queries holds more than {_MOST_QUERIES} requests.", fix="Ask in several calls.")
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


def _reference(card: Card) -> Json:
    return {
        "toolkit": card.toolkit,
        "tool_slug": card.slug,
        "description": card.about,
        "hasFullSchema": False,
        "schemaRef": {"tool": "COMPOSIO_GET_TOOL_SCHEMAS", "args": {"tool_slugs": [card.slug]}},
    }


def _next_steps(session: Session, results: list[Json], statuses: list[Json]) -> list[str]:
    steps: list[str] = []
    missing = [s["toolkit"] for s in statuses if not s["has_active_connection"]]
    if missing and session.config["manage_connections"]["enabled"]:
        steps.append(
            f"Not connected yet: {', '.join(missing)}. Call COMPOSIO_MANAGE_CONNECTIONS with toolkits {missing} "
            "and show the user the redirect_url."
        )
    elif missing:
        steps.append(f"Not connected yet: {', '.join(missing)}. Ask the user to connect first.")
    if any(result["primary_tool_slugs"] for result in results):
        steps.append("Call COMPOSIO_MULTI_EXECUTE_TOOL with tool_slug and arguments as in tool_schemas; names are taken where ids stand.")
    return steps


def _workflow(arguments: Json) -> Json:
    session = arguments.get("session")
    given = cast("Json", session).get("id") if isinstance(session, dict) else None
    made = given if isinstance(given, str) and given else hashlib.sha256(str(time.time_ns()).encode()).hexdigest()[:8]
    return {"id": made, "generate_id": not given, "instructions": f"Give session_id {made!r} in further calls of this task, if you like."}


def _time() -> Json:
    now = datetime.now(UTC)
    return {
        "current_time_utc": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "current_time_utc_epoch_seconds": int(now.timestamp()),
        "message": "Moments are given and taken in UTC unless an offset is written.",
    }
