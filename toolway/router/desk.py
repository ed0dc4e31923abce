"""The desk: answers the tools that a session's endpoint lists, its meta tools and the tools that it preloads."""

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple, cast

import msgspec

from toolway.catalog.index import Catalogue
from toolway.catalog.model import Card, Json
from toolway.errors import BadRequest, Forbidden, ToolwayError, UnknownTool
from toolway.router import policy
from toolway.router.connect import Connector
from toolway.router.discover import Finder, workflow_id
from toolway.router.execute import Executor, Outcome
from toolway.router.meta import BY_NAME, EXECUTE, MANAGE, MOST_ITEMS, SCHEMAS, SEARCH, MetaTool, listed
from toolway.store.records import Session

_LISTED = 600


class Answer(NamedTuple):
    """What a listed tool answered: `successful`, `data` and `error`, and whether the call itself failed.

    Calls that failed inside COMPOSIO_MULTI_EXECUTE_TOOL, or that wait for a connection, are told in the content only: the agent goes on.
    """

    content: Json
    is_error: bool = False


class Desk:
    """Answers the listed tools of sessions."""

    def __init__(self, catalogue: Catalogue, finder: Finder, executor: Executor, connector: Connector) -> None:
        self._catalogue = catalogue
        self._finder = finder
        self._executor = executor
        self._connector = connector
        self._answers: dict[str, Callable[[Session, str, Json], Awaitable[Answer]]] = {
            SEARCH: self._search,
            SCHEMAS: self._schemas,
            MANAGE: self._manage,
            EXECUTE: self._execute,
        }

    def meta_tools(self, session: Session) -> list[MetaTool]:
        """The meta tools that a session has switched on."""
        return listed(session)

    def preloaded(self, session: Session) -> list[Card]:
        """The tools that a session exposes directly."""
        chosen: list[str] | str = session.config["preload"]["tools"]
        if chosen == "all":
            return policy.cards(session, self._catalogue)
        return [card for card in (self._catalogue.card(slug) for slug in chosen) if policy.allowed(session, card)]

    async def call(self, session: Session, origin: str, name: str, arguments: Json) -> Answer:
        """Answer a call of a listed tool. Raises `UnknownTool` or `Forbidden` for a name that this session does not list."""
        slug = name.upper()
        if slug in BY_NAME:
            if slug not in {tool.name for tool in listed(session)}:
                raise Forbidden(f"{slug} is switched off in this session.")
            try:
                return await self._answers[slug](session, origin, arguments)
            except ToolwayError as error:
                return Answer({"successful": False, "data": {}, "error": error.sentence}, is_error=True)
        self._require_preloaded(session, name)
        outcome = await self._executor.execute(session, slug, arguments)
        (answer,) = await self._told(session, origin, [outcome])
        return Answer(answer, is_error=not outcome.successful and not outcome.connect)

    def _require_preloaded(self, session: Session, name: str) -> None:
        chosen: list[str] | str = session.config["preload"]["tools"]
        names = [tool.name for tool in listed(session)]
        try:
            card = self._catalogue.card(name)
        except UnknownTool:
            card = None
        if card and (chosen == "all" or card.slug in chosen) and policy.allowed(session, card):
            return
        if card and EXECUTE in names:
            raise UnknownTool(name, fix=f"{card.slug} is called through {EXECUTE}.")
        all_listed = names + [card.slug for card in self.preloaded(session)]
        raise UnknownTool(name, fix=f"This endpoint lists {', '.join(all_listed)[:_LISTED]}.")

    async def _search(self, session: Session, origin: str, arguments: Json) -> Answer:
        return _done(await self._finder.search(session, arguments))

    async def _schemas(self, session: Session, origin: str, arguments: Json) -> Answer:
        return _done(self._finder.schemas(session, [name for name, _ in _named(arguments, "tool_slugs")]))

    async def _manage(self, session: Session, origin: str, arguments: Json) -> Answer:
        again = arguments.get("reinitiate_all") is True
        results: Json = {}
        for name, action in _named(arguments, "toolkits"):
            results[name.lower()] = await self._connection(session, origin, name, action, again)
        counts = [result["status"] for result in results.values()]
        waiting = [name for name, result in results.items() if result["status"] == "initiated"]
        task = workflow_id(arguments) or secrets.token_hex(4)
        return _done(
            {
                "message": f"Show the user the redirect_url of {', '.join(waiting)} and wait until they have opened it."
                if waiting
                else "Nothing to open.",
                "results": results,
                "summary": {
                    "total_toolkits": len(results),
                    "active_connections": counts.count("active"),
                    "initiated_connections": counts.count("initiated"),
                    "failed_connections": counts.count("failed"),
                },
                "session": {"id": task, "instructions": "Give this session_id in further calls of this task."},
            }
        )

    async def _connection(self, session: Session, origin: str, name: str, action: str, again: bool) -> Json:
        made: Json = {"toolkit": name.lower()[:100], "status": "failed", "has_active_connection": False, "was_reinitiated": False}
        try:
            card = self._catalogue.toolkit_card(name)
            if not policy.uses(session, card.slug):
                known = ", ".join(policy.toolkits(session, self._catalogue)) or "none"
                raise Forbidden(f"This session does not use {card.slug}.", fix=f"It uses {known}.")
            if action not in ("", "add", "list"):
                raise BadRequest(f"{action[:40]!r} is not done here.", fix="The actions are add and list; the operator removes accounts.")
            state = await self._finder.connection(session, card.slug)
            made["has_active_connection"] = state["has_active_connection"]
            if state["has_active_connection"] and not again:
                told = {key: state[key] for key in ("current_user_info", "accounts") if key in state}
                return made | {"status": "active", "instruction": f"{state['status_message']} Go on."} | state["connection_details"] | told
            if action == "list":
                return made | {"error_message": state["status_message"]}
            link = await self._connector.link(session, origin, card.slug)
        except ToolwayError as error:
            return made | {"error_message": error.sentence}
        instruction = f"Show the user this link: [Connect {card.title}]({link['redirect_url']}). It is good once, for ten minutes."
        return made | {"status": "initiated", "was_reinitiated": made["has_active_connection"], "instruction": instruction} | link

    async def _execute(self, session: Session, origin: str, arguments: Json) -> Answer:
        items = arguments.get("tools")
        if not isinstance(items, list) or not items:
            raise BadRequest("tools is missing.", fix='Give a list such as [{"tool_slug": "...", "arguments": {}}].')
        calls = cast("list[Any]", items)
        if len(calls) > MOST_ITEMS:
            raise BadRequest(f"tools holds {len(calls)} calls; at most {MOST_ITEMS} go at once.", fix="Send the rest next.")
        # One call needs no task of its own.
        outcomes = (
            [await self._item(session, calls[0])] if len(calls) == 1 else await asyncio.gather(*(self._item(session, c) for c in calls))
        )
        responses = await self._told(session, origin, outcomes)
        results: list[Json] = [
            {"index": index, "tool_slug": _slug(item), "response": response, "error": response["error"]}
            for index, (item, response) in enumerate(zip(calls, responses, strict=True))
        ]
        failures = [f"{result['tool_slug']}: {result['error']}" for result in results if not result["response"]["successful"]]
        following = [f"More follows for {r['tool_slug']}: add the arguments in next." for r in results if r["response"].get("next")]
        data: Json = {
            "results": results,
            "total_count": len(results),
            "success_count": len(results) - len(failures),
            "error_count": len(failures),
            "next_steps": following,
        }
        error = f"{len(failures)} out of {len(results)} tools failed. {failures[0]}" if failures else None
        return Answer({"successful": not failures, "data": data, "error": error})

    async def _item(self, session: Session, item: Any) -> Outcome:
        call = cast("Json", item) if isinstance(item, dict) else {}
        given: Any = call.get("arguments")
        if isinstance(given, str):  # some models write the object as text
            with contextlib.suppress(msgspec.DecodeError, RecursionError):
                given = msgspec.json.decode(given)
        account = call.get("account")
        return await self._executor.execute(
            session,
            _slug(item),
            {} if given is None else given,
            account if isinstance(account, str) else "",
            full=call.get("view") == "full",
        )

    async def _told(self, session: Session, origin: str, outcomes: Sequence[Outcome]) -> list[Json]:
        """Outcomes as results. A missing connection carries a fresh link, one for each toolkit however many calls wait for it."""
        links = {kit: await self._way_in(session, origin, kit) for kit in dict.fromkeys(o.connect for o in outcomes) if kit}
        answers: list[Json] = []
        for outcome in outcomes:
            answer = outcome.to_json()
            if outcome.connect:
                link, said = links[outcome.connect]
                answer |= {"data": outcome.data | link, "error": f"{outcome.error} {said}"}
            answers.append(answer)
        return answers

    async def _way_in(self, session: Session, origin: str, toolkit: str) -> tuple[Json, str]:
        if not session.config["manage_connections"]["enabled"]:
            return {}, f"Ask the user to connect {toolkit} first."
        try:
            link = await self._connector.link(session, origin, toolkit)
        except ToolwayError as error:
            return {}, error.sentence
        return link, f"Show the user this link, wait until they have opened it, then repeat the call: {link['redirect_url']}"


def _done(data: Json) -> Answer:
    return Answer({"successful": True, "data": data, "error": None})


def _slug(item: Any) -> str:
    """The slug that an item names, under any of the names that clients use; empty when it names none."""
    call = cast("Json", item) if isinstance(item, dict) else {}
    slug = call.get("tool_slug") or call.get("slug") or call.get("name")
    return slug if isinstance(slug, str) else ""


def _named(arguments: Json, name: str) -> list[tuple[str, str]]:
    """A list of slugs, each with the action that goes with it. An entry is a text, or an object with `name` and perhaps `action`."""
    given: Any = arguments.get(name)
    entries: list[Any] = cast("list[Any]", given) if isinstance(given, list) else [given]
    made: list[tuple[str, str]] = []
    for one in entries:
        entry: Json = cast("Json", one) if isinstance(one, dict) else {"name": one}
        text, action = entry.get("name"), entry.get("action", "")
        if not isinstance(text, str) or not text.strip() or not isinstance(action, str):
            raise BadRequest(
                f"{name} is missing or holds something that is no slug.", fix=f'Give a list, for example "{name}": ["clockify"].'
            )
        made.append((text.strip(), action))
    if len(made) > MOST_ITEMS:
        raise BadRequest(f"{name} holds more than {MOST_ITEMS} entries.")
    if not made:
        raise BadRequest(f"{name} is empty.", fix="Name at least one.")
    return made
