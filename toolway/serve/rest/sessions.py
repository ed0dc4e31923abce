"""What SDKs ask a session most: create, get and execute (the contract's sections 3.1, 3.2, 4.4 and 4.5). Loaded from the start."""

from typing import Any, Literal

from msgspec import Struct

from toolway.catalog.model import Json
from toolway.errors import BadRequest, UnknownTool, UnknownToolkit
from toolway.router.asking import Asking
from toolway.router.desk import Desk
from toolway.router.meta import listed
from toolway.router.sessions import Sessions
from toolway.serve.gate import is_public_url
from toolway.serve.rest.asked import Asked
from toolway.serve.wire import Response, header, json_response
from toolway.store.records import Session
from toolway.watch import log, request_id

_PRELOAD_MANY = 20


class _Call(Struct, forbid_unknown_fields=True, kw_only=True):
    """What both ways to execute take. Questions are not asked over REST, so answers to them have nothing to say."""

    arguments: Json | None = None
    input_responses: dict[str, Any] | None = None
    request_state: str | None = None
    experimental: Json | None = None


class ExecuteBody(_Call, kw_only=True):
    """`POST S/execute`"""

    tool_slug: str
    account: str | None = None
    enable_auto_workbench_offload: bool | None = None


class ExecuteMetaBody(_Call, kw_only=True):
    """`POST S/execute_meta`, which old SDKs use for every tool."""

    slug: str


class SessionRest:
    """Answers the session routes that are hot."""

    def __init__(self, sessions: Sessions, desk: Desk) -> None:
        self._sessions = sessions
        self._desk = desk

    async def create(self, asked: Asked) -> Response:
        """POST .../tool_router/session"""
        try:
            session = await self._sessions.create(asked.project, asked.json())
        except (UnknownToolkit, UnknownTool) as error:
            raise BadRequest(error.sentence, details=[error.sentence]) from None
        made = self.shown(asked, session) | {"experimental": {"assistive_prompt": None}}
        return json_response(201, made)

    async def get(self, asked: Asked) -> Response:
        """GET .../tool_router/session/{session_id}"""
        session = await self._sessions.open(asked.project, asked.ids[0])
        return json_response(200, self.body(session, asked.origin) | {"warnings": []})

    async def execute(self, asked: Asked) -> Response:
        """POST .../tool_router/session/{session_id}/execute"""
        session = await self._sessions.open(asked.project, asked.ids[0])
        body = asked.body(ExecuteBody)
        return await self._executed(session, asked, body.tool_slug, body.arguments, body.account)

    async def execute_meta(self, asked: Asked) -> Response:
        """POST .../tool_router/session/{session_id}/execute_meta"""
        session = await self._sessions.open(asked.project, asked.ids[0])
        body = asked.body(ExecuteMetaBody)
        return await self._executed(session, asked, body.slug, body.arguments)

    async def _executed(self, session: Session, asked: Asked, slug: str, arguments: Json | None, account: str | None = None) -> Response:
        """A tool's failure is a result: the SDK would repeat a call that is answered with 5xx, and an agent mends what it can read."""
        told = await self._desk.execute(session, Asking(asked.origin, full=True), slug.strip(), arguments or {}, account or "")
        successful: bool = told.pop("successful")
        result: Literal["completed", "failed"] = "completed" if successful else "failed"
        return json_response(200, {"result_type": result, "log_id": request_id()} | told)

    def body(self, session: Session, origin: str) -> Json:
        """A session as every answer has it."""
        return {
            "session_id": session.id,
            "mcp": {"type": "http", "url": f"{origin}/tool_router/{session.id}/mcp"},
            "tool_router_tools": [tool.name for tool in listed(session)],
            "config": session.config,
            "config_version": session.version,
        }

    def shown(self, asked: Asked, session: Session) -> Json:
        """A session that was made or changed, with what its maker should know."""
        warnings = self._warnings(session, asked.origin, header(asked.scope, b"x-framework") or "")
        return self.body(session, asked.origin) | {"warnings": warnings}

    def _warnings(self, session: Session, origin: str, framework: str) -> list[Json]:
        found: list[Json] = []
        if framework == "openai_agents" and not is_public_url(origin):
            message = (
                f"A hosted MCP tool is opened by OpenAI's cloud, which cannot reach {origin}. Put the server behind a public https "
                "address and start it with --public-url, or use the SDK's native tools."
            )
            log().warning("mcp_url_not_public", session=session.id, origin=origin, hint=message)
            found.append({"code": "MCP_URL_NOT_PUBLIC", "message": message})
        preloaded = len(self._desk.preloaded(session))
        if preloaded > _PRELOAD_MANY:
            message = f"{preloaded} preloaded tools are listed in full to the model; that costs context."
            found.append({"code": "PRELOAD_TOOLS_HIGH_CONTEXT_USAGE", "message": message})
        return found
