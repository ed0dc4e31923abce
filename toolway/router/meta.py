"""The meta tools: the few tools through which an agent finds, connects and calls all others, as they are listed.

Names and inputs are the contract's (section 7.3); `desk` answers them. What does not work yet is not listed.
"""

from typing import Any, cast

from msgspec import Struct

from toolway.catalog.model import Json
from toolway.errors import BadRequest
from toolway.store.records import Session

SEARCH = "COMPOSIO_SEARCH_TOOLS"
SCHEMAS = "COMPOSIO_GET_TOOL_SCHEMAS"
MANAGE = "COMPOSIO_MANAGE_CONNECTIONS"
WAIT = "COMPOSIO_WAIT_FOR_CONNECTIONS"
EXECUTE = "COMPOSIO_MULTI_EXECUTE_TOOL"
MOST_ITEMS = 50
_LONGEST_ID = 64

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
        "Find the tools for a task. Give one query per action, in plain words of any language. The answer holds tool slugs with the "
        "schemas of their arguments, the calls to make in their order, what to beware of, and whether the user's account is connected. "
        "Start here; an empty use_case shows which services there are.",
        _schema(
            ["queries"],
            queries={
                "type": "array",
                "minItems": 1,
                "description": "One entry per action.",
                "items": _schema(
                    ["use_case"],
                    use_case={"type": "string", "description": "What is to be done, for example: add a client to a workspace."},
                    known_fields={
                        "type": "string",
                        "description": "What is known already, as name:value, name:value; it is put into the plan.",
                    },
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
        "Get the argument schemas of tools by slug, where COMPOSIO_SEARCH_TOOLS gave only a schemaRef or a list tells them in brief.",
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
        WAIT,
        "Wait for connections",
        "Wait, 20 seconds at most, until the user has opened the links and connected. mode any returns at the first toolkit that is "
        "settled, all when every one is. Where status is INITIATED still, ask the user and call again.",
        _schema(
            ["toolkits"],
            toolkits={"type": "array", "items": {"type": "string"}, "minItems": 1, "description": "Toolkits such as clockify."},
            mode={"type": "string", "enum": ["any", "all"], "default": "any"},
            session_id=_SESSION_ID,
        ),
        {"readOnlyHint": True, "idempotentHint": True, "openWorldHint": False},
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


def listed(session: Session) -> list[MetaTool]:
    """The meta tools that a session has switched on."""
    config = session.config
    on = {
        SEARCH: config["search"]["enable"],
        SCHEMAS: config["search"]["enable"],
        MANAGE: config["manage_connections"]["enabled"],
        WAIT: config["manage_connections"]["enable_wait_for_connections"],
        EXECUTE: config["execute"]["enable_multi_execute"],
    }
    return [tool for tool in META_TOOLS if on[tool.name]]


def named(arguments: Json, name: str) -> list[tuple[str, str]]:
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


def workflow_id(arguments: Json) -> str:
    """The id of the agent's task, when it gives one (as `session.id` or `session_id`); else empty."""
    session: Any = arguments.get("session")
    given: Any = cast("Json", session).get("id") if isinstance(session, dict) else arguments.get("session_id")
    return given[:_LONGEST_ID] if isinstance(given, str) else ""
