"""The desk: answers the tools that a session's endpoint lists, its meta tools and the tools that it preloads."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast

import msgspec

from toolway.catalog.index import Catalogue
from toolway.catalog.model import Card, Json
from toolway.errors import BadRequest, Forbidden, ToolwayError, UnknownTool
from toolway.router import listing, policy
from toolway.router.asking import Answer, Asking
from toolway.router.connections import Connections
from toolway.router.discover import Finder
from toolway.router.execute import Executor, Outcome
from toolway.router.meta import BY_NAME, EXECUTE, MANAGE, MOST_ITEMS, SCHEMAS, SEARCH, WAIT, listed, named
from toolway.router.standing import Standing
from toolway.store.records import Session

_LISTED = 600
_LONGEST_SLUG = 100
_MOMENT_SECONDS = 1.0


class Desk:
    """Answers the listed tools of sessions."""

    def __init__(self, catalogue: Catalogue, finder: Finder, executor: Executor, connections: Connections, standing: Standing) -> None:
        self._catalogue = catalogue
        self._standing = standing
        self._finder = finder
        self._executor = executor
        self._connections = connections
        self._answers: dict[str, Callable[[Session, Asking, Json], Awaitable[Answer]]] = {
            SEARCH: self._search,
            SCHEMAS: self._schemas,
            MANAGE: self._manage,
            WAIT: self._wait,
            EXECUTE: self._execute,
        }

    async def withheld(self, session: Session) -> frozenset[str]:
        """The preloaded tools that every account of the session's user refuses, as it is now."""
        cards = self.preloaded(session)
        reach = await self._standing.reach(session, dict.fromkeys(card.toolkit for card in cards))
        return frozenset(card.slug for card in cards if reach.refusal(card))

    def list_tools(self, session: Session, withheld: frozenset[str]) -> list[Json]:
        """The tools of a session, as an MCP endpoint lists them, without those that are withheld."""
        cards = [card for card in self.preloaded(session) if card.slug not in withheld]
        return [listing.meta_tool(tool) for tool in listed(session)] + listing.card_tools(cards)

    def preloaded(self, session: Session) -> list[Card]:
        """The tools that a session exposes directly."""
        chosen: list[str] | str = session.config["preload"]["tools"]
        if chosen == "all":
            return policy.cards(session, self._catalogue)
        return [card for card in (self._catalogue.card(slug) for slug in chosen) if policy.allowed(session, card)]

    async def call(self, session: Session, asking: Asking, name: str, arguments: Json) -> Answer:
        """Answer a call of a listed tool. Raises `UnknownTool` or `Forbidden` for a name that this session does not list."""
        slug = name.upper()
        if slug in BY_NAME:
            if slug not in {tool.name for tool in listed(session)}:
                raise Forbidden(f"{slug} is switched off in this session.")
            try:
                return await self._answers[slug](session, asking, arguments)
            except ToolwayError as error:
                return Answer({"successful": False, "data": {}, "error": error.sentence}, is_error=True)
        self._require_preloaded(session, name)
        asked = await self._connections.ask(session, asking, [slug])
        if asked is not None:
            return asked
        outcome = await self._executor.execute(session, slug, arguments)
        (answer,) = await self._told(session, asking.origin, [outcome])
        return Answer(answer, is_error=not outcome.successful and not outcome.connect)

    async def execute(self, session: Session, asking: Asking, slug: str, arguments: Json, account: str = "") -> Json:
        """The result of any tool that this session may use, whether its endpoint lists it or not. Raises `Forbidden` for a meta tool that
        is switched off.
        """
        if slug.upper() in BY_NAME:
            return (await self.call(session, asking, slug, arguments)).content
        outcome = await self._executor.execute(session, slug, arguments, account, asking.full)
        (told,) = await self._told(session, asking.origin, [outcome])
        return told

    async def search(self, session: Session, arguments: Json) -> Json:
        """What discovery finds. Raises `BadRequest`, and `Forbidden` where the session has it switched off."""
        if not session.config["search"]["enable"]:
            raise Forbidden(f"{SEARCH} is switched off in this session.")
        return await self._finder.search(session, arguments)

    def _require_preloaded(self, session: Session, name: str) -> None:
        chosen: list[str] | str = session.config["preload"]["tools"]
        try:
            card = self._catalogue.card(name)
        except UnknownTool:
            card = None
        if card and (chosen == "all" or card.slug in chosen) and policy.allowed(session, card):
            return
        names = [tool.name for tool in listed(session)]
        if card and EXECUTE in names:
            raise UnknownTool(name, fix=f"{card.slug} is called through {EXECUTE}.")
        all_listed = names + [card.slug for card in self.preloaded(session)]
        raise UnknownTool(name, fix=f"This endpoint lists {', '.join(all_listed)[:_LISTED]}.")

    async def _search(self, session: Session, asking: Asking, arguments: Json) -> Answer:
        return _done(await self._finder.search(session, arguments))

    async def _schemas(self, session: Session, asking: Asking, arguments: Json) -> Answer:
        return _done(await self._finder.schemas(session, [name for name, _ in named(arguments, "tool_slugs")]))

    async def _manage(self, session: Session, asking: Asking, arguments: Json) -> Answer:
        return _done(await self._connections.manage(session, asking, arguments))

    async def _wait(self, session: Session, asking: Asking, arguments: Json) -> Answer:
        return _done(await self._connections.wait(session, asking, arguments))

    async def _execute(self, session: Session, asking: Asking, arguments: Json) -> Answer:
        items = arguments.get("tools")
        if not isinstance(items, list) or not items:
            raise BadRequest("tools is missing.", fix='Give a list such as [{"tool_slug": "...", "arguments": {}}].')
        calls = cast("list[Any]", items)
        if len(calls) > MOST_ITEMS:
            raise BadRequest(f"tools holds {len(calls)} calls; at most {MOST_ITEMS} go at once.", fix="Send the rest next.")
        asked = await self._connections.ask(session, asking, map(_slug, calls))
        if asked is not None:
            return asked
        # One call needs no task of its own.
        outcomes = [await self._item(session, asking, calls[0])] if len(calls) == 1 else await self._items(session, asking, calls)
        responses = await self._told(session, asking.origin, outcomes)
        results: list[Json] = [
            {"index": index, "tool_slug": _slug(item)[:_LONGEST_SLUG], "response": response, "error": response["error"]}
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

    async def _items(self, session: Session, asking: Asking, calls: list[Any]) -> list[Outcome]:
        """Calls side by side. How far they are is told when they take longer than a moment."""
        began, done = time.monotonic(), 0

        async def one(item: Any) -> Outcome:
            nonlocal done
            outcome = await self._item(session, asking, item)
            done += 1
            if time.monotonic() - began > _MOMENT_SECONDS:
                asking.tell(done, len(calls), f"{done} of {len(calls)} calls are done.")
            return outcome

        return await asyncio.gather(*map(one, calls))

    async def _item(self, session: Session, asking: Asking, item: Any) -> Outcome:
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
            full=asking.full or call.get("view") == "full",
        )

    async def _told(self, session: Session, origin: str, outcomes: Sequence[Outcome]) -> list[Json]:
        """Outcomes as results. A missing connection carries a fresh link, one for each toolkit however many calls wait for it."""
        links = {kit: await self._connections.way_in(session, origin, kit) for kit in dict.fromkeys(o.connect for o in outcomes) if kit}
        answers: list[Json] = []
        for outcome in outcomes:
            answer = outcome.to_json()
            if outcome.connect:
                link, said = links[outcome.connect]
                answer |= {"data": outcome.data | link, "error": f"{outcome.error} {said}"}
            answers.append(answer)
        return answers


def _done(data: Json) -> Answer:
    return Answer({"successful": True, "data": data, "error": None})


def _slug(item: Any) -> str:
    """The slug that an item names, under any of the names that clients use; empty when it names none."""
    call = cast("Json", item) if isinstance(item, dict) else {}
    slug = call.get("tool_slug") or call.get("slug") or call.get("name")
    return slug if isinstance(slug, str) else ""
