"""Discovery: from requests in words to tools with their schemas, the way there, and the state of their connections.

The answer's shape is the contract's (section 7.3). Only slugs that this session can execute are ever returned.
"""

import asyncio
import secrets
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from toolway.catalog.index import Catalogue
from toolway.catalog.model import Card, Json, Tool
from toolway.errors import BadRequest, Forbidden, UnknownTool
from toolway.router import browse, excerpt, known, plan, policy, withheld
from toolway.router.known import Known
from toolway.router.meta import EXECUTE, MANAGE, SEARCH, workflow_id
from toolway.router.pitfalls import pitfalls
from toolway.router.policy import Reach
from toolway.router.savings import Savings
from toolway.router.standing import Standing
from toolway.store.records import Account, Session
from toolway.watch import Watch

if TYPE_CHECKING:
    from toolway.catalog.search import Found

PRIMARY, OFFERED = 3, 6
"""How many tools a query's answer names as fitting best, and in all; more where it wants more things, or the plan has more calls."""
_MOST_INTENTS: Final = 5
_DEEP: Final = 200
_MOST_QUERIES: Final = 20
_MOST_WORDS: Final = 1024
_MOST_ECHOED: Final = 300
_MOST_TOOLKITS: Final = 3
STATUS_ROOM, ACCOUNT_ROOM = 600, 320
"""What a connection's state is reckoned at, whatever its account is called: no service's words change what else is told."""


class _Fitting(NamedTuple):
    """What fits a query: the plan, the tools to offer, and those that fit and may not be called. Nothing fits where there are neither."""

    intents: Sequence[plan.Intent]
    primary: Sequence[Card]
    hits: Sequence[Card]
    withheld: Sequence[Card]


class Finder:
    """Answers discovery for sessions."""

    def __init__(self, catalogue: Catalogue, standing: Standing, watch: Watch | None = None) -> None:
        self._catalogue = catalogue
        self._standing = standing
        self._savings = Savings(catalogue, watch or Watch())

    async def search(self, session: Session, arguments: Json) -> Json:
        """The answer to COMPOSIO_SEARCH_TOOLS: one result a query, schemas of the tools named, connections, next steps."""
        queries = _queries(arguments)
        kits = [card for card in self._catalogue.toolkits() if policy.uses(session, card.slug)]
        connected = await self._standing.connected(session)
        reach = await self._standing.reach(session, connected)
        answer: Json = {"success": True, "error": None, "results": []}
        results: list[Json] = answer["results"]
        first: list[str] = []
        kept: list[Card] = []
        for index, query in enumerate(queries, start=1):
            made: Json = {"index": index, "use_case": query.words[:_MOST_ECHOED], "primary_tool_slugs": [], "related_tool_slugs": []}
            category = browse.asked(query.words, kits)
            if category is not None:
                made |= browse.overview(kits, self._counts(session, reach), connected, category)
            else:
                found = self._found(session, reach, query, connected)
                fitting = self._fitting(reach, query, found) if found.fits else None
                if fitting is None:
                    made |= self._nothing(found)
                else:
                    way = plan.plan(fitting.intents, self._may(reach))
                    made |= self._result(reach, query, fitting, way, connected)
                    made |= _held_back(session, reach, fitting, made)
                    first += [step.tool.slug for step in reversed(way.steps)]
                    kept += fitting.withheld
            results.append(made)
            await asyncio.sleep(0)  # many queries in one request hold up nobody else
        near = (result["toolkits"] for result in results if result["primary_tool_slugs"] or len(result["toolkits"]) <= _MOST_TOOLKITS)
        toolkits = list(dict.fromkeys(kit for kits in near for kit in kits))
        statuses = [await self._standing.state(session, kit, short=True) for kit in toolkits]
        answer |= {
            "tool_schemas": {},
            "toolkit_connection_statuses": [],
            "next_steps_guidance": [*withheld.mends(session, reach, kept), *_next_steps(session, results, statuses)],
            "session": _workflow(arguments),
            "time_info": _time(),
        }
        room = excerpt.most(len(queries)) - sum(STATUS_ROOM + ACCOUNT_ROOM * len(status.get("accounts", ())) for status in statuses)
        left = excerpt.trimmed(answer, self._catalogue.card, room)
        best = [slug for result in results for slug in result["primary_tool_slugs"]]
        needed, more = ([left[slug] for slug in dict.fromkeys(slugs) if slug in left] for slugs in (first, best))
        answer["tool_schemas"] = excerpt.schemas(needed, more, left.values(), room - excerpt.size(answer))
        answer["toolkit_connection_statuses"] = statuses
        self._savings.count(session, len(queries), excerpt.size(answer))
        return answer

    def _may(self, reach: Reach) -> plan.May:
        def may(tool: Tool) -> bool:
            return self._catalogue.card(tool.slug) in reach

        return may

    def _found(self, session: Session, reach: Reach, query: Known, connected: dict[str, Sequence[Account]]) -> "Found":
        from toolway.catalog.search import search

        kits = policy.toolkits(session, self._catalogue)
        depth = _DEEP if reach.narrow else OFFERED
        # Where a session names its toolkits, all of them are meant, whether connected yet or not.
        preferred = kits if "enabled" in session.config["toolkits"] else connected
        return search(self._catalogue, query.words, kits, depth, connected=tuple(preferred))

    def _fitting(self, reach: Reach, query: Known, found: "Found") -> _Fitting:
        card = self._catalogue.card
        hits = [card(hit.slug) for hit in found.hits if card(hit.slug) in reach][:OFFERED]
        near = list(dict.fromkeys(hit.toolkit for hit in hits))[:_MOST_TOOLKITS]
        hits = [hit for hit in hits if hit.toolkit in near]
        best = tuple(hit.slug for hit in found.hits if hit.score >= withheld.NEAR * found.hits[0].score)
        wishes = [(best, query)]
        if len(found.parts) > 1:
            parts = [part for part in found.parts[:_MOST_INTENTS] if part.slugs]
            wishes = [(part.slugs, Known(part.text, query.fields, around=query.words)) for part in parts]
        intents: dict[str, plan.Intent] = {}
        kept: list[Card] = []
        for slugs, words in wishes:
            wanted = [card(slug) for slug in slugs]
            taken = withheld.stand_in(wanted, reach)
            if taken is None:
                kept.append(wanted[0])
            else:
                intents.setdefault(taken.slug, self._intent(taken.slug, words))
        primary = [card(slug) for slug in intents]
        if not kept:
            primary = list(dict.fromkeys([*primary, *hits]))[: max(PRIMARY, len(intents))]
        return _Fitting(list(intents.values()), primary, hits, kept)

    def _intent(self, slug: str, words: Known) -> plan.Intent:
        tool = self._catalogue.tool(slug)
        return plan.Intent(tool, self._catalogue.toolkit(tool.toolkit), words)

    def _result(self, reach: Reach, query: Known, found: _Fitting, way: plan.Plan, connected: dict[str, Sequence[Account]]) -> Json:
        best = [card.slug for card in found.primary]
        steps, before = [step.tool.slug for step in way.steps], [tool.slug for tool in way.prerequisites]
        hits = [card.slug for card in found.hits]
        # What may be needed before is named in the steps as well: it takes the place of the last hit only.
        related = [slug for slug in dict.fromkeys([*steps, *hits[: OFFERED - 1], *before, *hits]) if slug not in best]
        related = related[: max(OFFERED - len(best), len(way.steps))]
        kits = {intent.kit.slug: intent.kit for intent in found.intents}
        plans = {name for kit in kits for account in connected.get(kit, ())[:1] if (name := account.settings.get("plan"))}
        beware = pitfalls(way, list(kits.values()), self._may(reach), plans)
        if query.cut:
            beware.append("Some of known_fields could not be read: short texts as name:value are taken, thirty at most.")
        names = ", then ".join(intent.tool.title for intent in found.intents)
        return {
            "primary_tool_slugs": best,
            "related_tool_slugs": related,
            "toolkits": list(dict.fromkeys(self._catalogue.card(slug).toolkit for slug in (*best, *related))),
            "reasoning": f"{names} fits best." if len(found.intents) == 1 else f"Several things are wanted: {names}.",
            "difficulty": way.difficulty,
            "execution_guidance": plan.guidance(way),
            "recommended_plan_steps": plan.told(way),
            "known_pitfalls": beware,
        }

    def _nothing(self, found: "Found") -> Json:
        said = "No tool of this session fits."
        if found.nearest:
            kit = self._catalogue.toolkit_card(found.nearest)
            way = f"{kit.title} ({kit.slug}) may have one; this session does not use it: ask the user whether to add it."
        elif found.bare == "delete":
            way = 'To delete, say what: ask the user, then search for one kind of thing, such as "delete the project Nimbus".'
        elif found.bare:
            way = "The request says what to do, and not with what: name the kind of thing, such as a project, and the service."
        elif found.lack is not None:
            title = self._catalogue.toolkit_card(found.lack.toolkit).title
            what = f"{title}'s tools leave this out, or what is most like it ({found.lack.text})"
            way = f"{what}: tell the user that it is done in {title} itself, if at all."
        else:
            way = "Say it in other words, or name the service; if that finds nothing either, tell the user that it cannot be done here."
        return {
            "toolkits": [],
            "reasoning": said,
            "difficulty": "unknown",
            "execution_guidance": f"{said} {way}",
            "error": f"{said} {way}",
        }

    def _counts(self, session: Session, reach: Reach) -> dict[str, int]:
        """How many tools of each toolkit a session may call."""
        if reach.narrow:
            return Counter(card.toolkit for card in policy.cards(session, self._catalogue) if card in reach)
        return {card.slug: card.tools for card in self._catalogue.toolkits() if policy.uses(session, card.slug)}

    async def schemas(self, session: Session, slugs: list[str]) -> Json:
        """The answer to COMPOSIO_GET_TOOL_SCHEMAS."""
        found: dict[str, Json] = {}
        missing: dict[str, list[str]] = {}
        reach = await self._standing.reach(session, await self._standing.connected(session))
        refused = ""
        for slug in slugs:
            try:
                card = policy.find(session, self._catalogue, slug)
                if card in reach:
                    found[card.slug] = excerpt.whole(card)
                else:
                    missing[slug] = []
                    refused = refused or withheld.why(session, reach, [card])
            except UnknownTool as error:
                missing[slug] = [name for name in error.near if self._catalogue.card(name) in reach]
            except Forbidden:
                missing[slug] = []
        answer: Json = {"success": not missing, "tool_schemas": found}
        if missing:
            answer["not_found"] = list(missing)
            answer["suggestions"] = {slug: near for slug, near in missing.items() if near}
            answer["not_found_message"] = f"Not available in this session: {', '.join(missing)}. {refused or f'{SEARCH} finds others.'}"
        return answer


def _held_back(session: Session, reach: Reach, found: _Fitting, made: Json) -> Json:
    """What a result says otherwise where something that is wanted may not be called: nothing else is offered in its place."""
    if not found.withheld:
        return {}
    why = withheld.why(session, reach, found.withheld)
    steps = [*made["recommended_plan_steps"], *(f"Only once it is allowed: {card.title}." for card in found.withheld)]
    if found.intents:
        return {"execution_guidance": f"{why} The rest: {made['execution_guidance']}", "recommended_plan_steps": steps}
    related = [card.slug for card in found.hits[:PRIMARY]]
    said = f"{why} Tell the user. No other tool does it{'; the related ones are no way round' if related else ''}."
    return {
        "related_tool_slugs": related,
        "toolkits": list(dict.fromkeys(card.toolkit for card in (*found.withheld, *found.hits[:PRIMARY]))),
        "reasoning": "What fits may not be called.",
        "difficulty": "unknown",
        "execution_guidance": said,
        "recommended_plan_steps": steps,
        "known_pitfalls": [],
        "error": why,
    }


def _queries(arguments: Json) -> list[Known]:
    given: Any = arguments.get("queries")
    if given is None:
        given = arguments.get("use_case")
    queries: list[Any] = cast("list[Any]", given) if isinstance(given, list) else [given]
    if given is None or not queries:
        raise BadRequest("queries is missing.", fix='Give a list such as [{"use_case": "list all workspaces"}].')
    if len(queries) > _MOST_QUERIES:
        raise BadRequest(f"queries holds {len(queries)} requests; at most {_MOST_QUERIES} are taken at once.", fix="Send the rest next.")
    made: list[Known] = []
    for index, one in enumerate(queries):
        entry: Json = cast("Json", one) if isinstance(one, dict) else {"use_case": one}
        text: Any = entry.get("use_case")
        if not isinstance(text, str):
            raise BadRequest(f"queries[{index}].use_case is missing.", fix="Say in words what is to be done; empty shows what there is.")
        made.append(known.read(text[:_MOST_WORDS], entry.get("known_fields")))
    return made


def _next_steps(session: Session, results: list[Json], statuses: list[Json]) -> list[str]:
    steps: list[str] = []
    best = {result["toolkits"][0] for result in results if result["primary_tool_slugs"]}
    missing = [s["toolkit"] for s in statuses if s["toolkit"] in best and not s["has_active_connection"]]
    if missing and session.config["manage_connections"]["enabled"]:
        steps.append(f"Not connected yet: {', '.join(missing)}. Call {MANAGE} with these toolkits and show the user each redirect_url.")
    elif missing:
        steps.append(f"Not connected yet: {', '.join(missing)}. Ask the user to connect first.")
    choose = [s["toolkit"] for s in statuses if "account_selection" in s]
    if choose:
        steps.append(f"Several accounts are connected: name one as account in each call of {', '.join(choose)}.")
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
        "message": "This is UTC. Where a service knows the user's clock, moments without an offset are meant by that.",
    }
