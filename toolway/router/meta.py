"""The meta tools: the few tools through which an agent finds, connects and calls all others.

Names, inputs and outputs are the contract's (section 7.3). What does not work yet is not listed.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, cast

import msgspec
from msgspec import Struct

from toolway.catalog.index import Catalogue
from toolway.catalog.model import Card, Json
from toolway.errors import BadRequest, Forbidden, ToolwayError, UnknownTool, UnknownToolkit
from toolway.router import policy
from toolway.router.discover import Finder
from toolway.router.execute import Executor
from toolway.store.records import Session

SEARCH = "COMPOSIO_SEARCH_TOOLS"
SCHEMAS = "COMPOSIO_GET_TOOL_SCHEMAS"
MANAGE = "COMPOSIO_MANAGE_CONNECTIONS"
EXECUTE = "COMPOSIO_MULTI_EXECUTE_TOOL"
MOST_ITEMS = 50

_SESSION_ID: Json = {"type": "string", "description": "The id that COMPOSIO_SEARCH_TOOLS gave for this task."}


class MetaTool(Struct, frozen=True):
    """A meta tool as it is listed: name, title, description, the schema of its input, and its annotations."""

    name: str
    title: str
    about: str
    schema: Json
    hints: dict[str, bool]


def _schema(required: list[str], **properties: Json) -> Json:
    return {"type": "object", "properties": properties, "required": required}


META_TOOLS = (
    MetaTool(
        SEARCH,
        "Search tools",
        "Find the tools for a task. Give one query per action, in plain words. The answer holds tool slugs with the schemas of their "
        "arguments, whether the user's account is connected, and what to do next. Start here.",
        _schema(
            ["queries"],
            queries={
                "type": "array",
                "minItems": 1,
                "description": "One entry per action.",
                "items": _schema(
                    ["use_case"],
                    use_case={"type": "string", "description": "What is to be done, for example: add a client to a workspace."},
                    known_fields={"type": "string", "description": "What is known already, as name:value, name:value."},
                ),
            },
            session={
                "type": "object",
                "description": "The task that this belongs to.",
                "properties": {"id": {"type": "string"}, "generate_id": {"type": "boolean"}},
            },
        ),
        {"readOnlyHint": True, "idempotentHint": True, "openWorldHint": True},
    ),
    MetaTool(
        SCHEMAS,
        "Get tool schemas",
        "Get the argument schemas of tools by slug, where COMPOSIO_SEARCH_TOOLS gave only a schemaRef.",
        _schema(
            ["tool_slugs"],
            tool_slugs={"type": "array", "items": {"type": "string"}, "description": "Slugs such as CLOCKIFY_CREATE_CLIENT."},
            session_id=_SESSION_ID,
        ),
        {"readOnlyHint": True, "idempotentHint": True, "openWorldHint": False},
    ),
    MetaTool(
        MANAGE,
        "Manage connections",
        "See whether toolkits are connected for this user, and get a link for those that are not. Show each redirect_url to the user as a "
        "link and go on when they say that they are done. Keys are typed into the linked page, never into the chat.",
        _schema(
            ["toolkits"],
            toolkits={"type": "array", "items": {"type": "string"}, "description": "Toolkits such as clockify."},
            reinitiate_all={"type": "boolean", "default": False, "description": "Make a new link even where an account is connected."},
            session_id=_SESSION_ID,
        ),
        {"readOnlyHint": False, "destructiveHint": True, "openWorldHint": True},
    ),
    MetaTool(
        EXECUTE,
        "Execute tools",
        "Call up to 50 tools at once, in parallel; give only calls that do not depend on one another. Results come in the order of the "
        "calls. Where an argument takes an id, the name of the thing will do. A result with next is one page: repeat the call with those "
        "arguments added for more.",
        _schema(
            ["tools"],
            tools={
                "type": "array",
                "minItems": 1,
                "maxItems": MOST_ITEMS,
                "items": _schema(
                    ["tool_slug", "arguments"],
                    tool_slug={"type": "string", "description": "A slug that COMPOSIO_SEARCH_TOOLS gave."},
                    arguments={"type": "object", "description": "Arguments as the tool's schema says.", "additionalProperties": True},
                    account={"type": "string", "description": "Id or label of the account, where several are connected."},
                    view={"type": "string", "enum": ["short", "full"], "description": "full gives every field of the answer."},
                ),
            },
            sync_response_to_workbench={"type": "boolean", "default": False, "description": "Not used here; results come whole."},
            thought={"type": "string", "description": "Why these calls."},
            current_step={"type": "string", "description": "Where the task stands."},
            session_id=_SESSION_ID,
        ),
        {"readOnlyHint": False, "destructiveHint": True, "openWorldHint": True},
    ),
)
BY_NAME = {tool.name: tool for tool in META_TOOLS}


class Desk:
    """Answers the tools that a session exposes: its meta tools, and the tools that it preloads."""

    def __init__(self, catalogue: Catalogue, finder: Finder, executor: Executor) -> None:
        self._catalogue = catalogue
        self._finder = finder
        self._executor = executor
        self._answers: dict[str, Callable[[Session, str, Json], Awaitable[Json]]] = {
            SEARCH: self._search,
            SCHEMAS: self._schemas,
            MANAGE: self._manage,
            EXECUTE: self._execute,
        }

    def meta_tools(self, session: Session) -> list[MetaTool]:
        """The meta tools that a session has switched on."""
        config = session.config
        on = {
            SEARCH: config["search"]["enable"],
            SCHEMAS: config["search"]["enable"],
            MANAGE: config["manage_connections"]["enabled"],
            EXECUTE: config["execute"]["enable_multi_execute"],
        }
        return [tool for tool in META_TOOLS if on[tool.name]]

    def preloaded(self, session: Session) -> list[Card]:
        """The tools that a session exposes directly."""
        chosen: list[str] | str = session.config["preload"]["tools"]
        cards = policy.cards(session, self._catalogue) if chosen else []
        return cards if chosen == "all" else [card for card in cards if card.slug in chosen]

    async def call(self, session: Session, origin: str, name: str, arguments: Json) -> Json:
        """Answer a call of a listed tool. Raises `UnknownTool` for a name that this session does not list."""
        slug = name.upper()
        if slug in BY_NAME:
            if slug not in {tool.name for tool in self.meta_tools(session)}:
                raise Forbidden(f"{slug} is switched off in this session.")
            try:
                return {"successful": True, "error": None, "data": await self._answers[slug](session, origin, arguments)}
            except ToolwayError as error:
                return {"successful": False, "error": error.sentence, "data": {}}
        listed = [card.slug for card in self.preloaded(session)]
        if slug not in listed:
            near = [EXECUTE] if self._exists(slug) else [t.name for t in self.meta_tools(session)]
            raise UnknownTool(
                name, near, fix=f"This endpoint lists {', '.join([t.name for t in self.meta_tools(session)] + listed)[:600]}."
            )
        return (await self._executor.execute(session, origin, slug, arguments)).to_json()

    def _exists(self, slug: str) -> bool:
        try:
            return bool(self._catalogue.card(slug))
        except UnknownTool:
            return False

    async def _search(self, session: Session, origin: str, arguments: Json) -> Json:
        return await self._finder.search(session, arguments)

    async def _schemas(self, session: Session, origin: str, arguments: Json) -> Json:
        return await self._finder.schemas(session, _texts(arguments, "tool_slugs"))

    async def _manage(self, session: Session, origin: str, arguments: Json) -> Json:
        enabled = policy.toolkits(session, self._catalogue)
        again = arguments.get("reinitiate_all") is True
        results: Json = {}
        for name in _texts(arguments, "toolkits"):
            results[name.lower()] = await self._connection(session, origin, name, enabled, again)
        counts = [result["status"] for result in results.values()]
        waiting = [name for name, result in results.items() if result["status"] == "initiated"]
        message = (
            f"Show the user the redirect_url of {', '.join(waiting)} and wait until they have opened it." if waiting else "Nothing to open."
        )
        return {
            "message": message,
            "results": results,
            "summary": {
                "total_toolkits": len(results),
                "active_connections": counts.count("active"),
                "initiated_connections": counts.count("initiated"),
                "failed_connections": counts.count("failed"),
            },
            "session": {"id": arguments.get("session_id") or session.id, "instructions": "Give this session_id in further calls."},
        }

    async def _connection(self, session: Session, origin: str, name: str, enabled: list[str], again: bool) -> Json:
        made: Json = {"toolkit": name.lower(), "status": "failed", "has_active_connection": False, "was_reinitiated": False}
        try:
            card = self._catalogue.toolkit_card(name)
            if card.slug not in enabled:
                raise Forbidden(f"This session does not use {card.slug}.", fix=f"It uses {', '.join(enabled) or 'none'}.")
            accounts = await self._finder.accounts(session, card.slug)
            made["has_active_connection"] = bool(accounts)
            if accounts and not again:
                first = accounts[0]
                made |= {
                    "status": "active",
                    "connected_account_id": first.id,
                    "auth_config_id": first.auth_config_id,
                    "created_at": first.created_at,
                    "current_user_info": {"label": first.label},
                    "accounts": [{"id": a.id, "label": a.label, "status": a.status, "is_default": a is first} for a in accounts],
                    "instruction": f"Connected as {first.label}; go on.",
                }
                return made
            link = await self._executor.link(session, origin, card.slug)
            instruction = f"Show the user this link: [Connect {card.title}]({link['redirect_url']}). It is good once, for ten minutes."
            return made | {"status": "initiated", "was_reinitiated": bool(accounts), "instruction": instruction} | link
        except UnknownToolkit as error:
            return made | {"error_message": error.sentence}
        except ToolwayError as error:
            return made | {"error_message": error.sentence}

    async def _execute(self, session: Session, origin: str, arguments: Json) -> Json:
        items = arguments.get("tools")
        if not isinstance(items, list) or not items:
            raise BadRequest("tools is missing.", fix='Give a list such as [{"tool_slug": "...", "arguments": {}}].')
        if len(cast("list[Any]", items)) > MOST_ITEMS:
            raise BadRequest(
                f"tools holds {len(cast('list[Any]', items))} calls; at most {MOST_ITEMS} go at once.", fix="Send the rest next."
            )
        calls = [self._item(session, origin, item) for item in cast("list[Any]", items)]
        outcomes = await asyncio.gather(*calls) if len(calls) > 1 else [await calls[0]]  # one call needs no task of its own
        results: list[Json] = []
        for index, (slug, response) in enumerate(outcomes):
            results.append({"index": index, "tool_slug": slug, "response": response, "error": response["error"]})
        failed = sum(not result["response"]["successful"] for result in results)
        if failed:
            said = [f"{r['tool_slug']}: {r['error']}" for r in results if r["error"]]
            next_steps = [f"{failed} of {len(results)} calls failed.", *said[:3]]
        else:
            next_steps = [f"More follows for {r['tool_slug']}: add the arguments in next." for r in results if r["response"].get("next")]
        return {
            "results": results,
            "total_count": len(results),
            "success_count": len(results) - failed,
            "error_count": failed,
            "next_steps": next_steps,
        }

    async def _item(self, session: Session, origin: str, item: Any) -> tuple[str, Json]:
        if not isinstance(item, dict):
            return "", {"successful": False, "data": {}, "error": "A call is an object with tool_slug and arguments."}
        call = cast("Json", item)
        slug = call.get("tool_slug") or call.get("slug") or call.get("name")
        if not isinstance(slug, str):
            return "", {"successful": False, "data": {}, "error": "tool_slug is missing. Give a slug that COMPOSIO_SEARCH_TOOLS gave."}
        if slug.upper() in BY_NAME:
            said = f"{slug.upper()} is called directly, not through {EXECUTE}."
            return slug, {"successful": False, "data": {}, "error": said}
        given: Any = call.get("arguments")
        if isinstance(given, str):
            with contextlib.suppress(msgspec.DecodeError, RecursionError):
                given = msgspec.json.decode(given)
        account = call.get("account")
        outcome = await self._executor.execute(
            session,
            origin,
            slug,
            {} if given is None else given,
            account if isinstance(account, str) else "",
            full=call.get("view") == "full",
        )
        return slug, outcome.to_json()


def _texts(arguments: Json, name: str) -> list[str]:
    """A list of slugs. Entries may be texts, or objects with a `name` (the contract's variant)."""
    given: Any = arguments.get(name)
    listed: list[Any] = cast("list[Any]", given) if isinstance(given, list) else [given]
    made: list[str] = []
    for one in listed:
        text: Any = cast("Json", one).get("name") if isinstance(one, dict) else one
        if not isinstance(text, str) or not text.strip():
            raise BadRequest(
                f"{name} is missing or holds something that is no text.", fix=f'Give {name} as a list, for example ["clockify"].'
            )
        made.append(text.strip())
    if len(made) > MOST_ITEMS:
        raise BadRequest(f"{name} holds more than {MOST_ITEMS} entries.")
    return made
