"""Sessions over REST, tier 1 of the contract: create and get (sections 3.1 and 3.2)."""

from toolway.accounts.keys import Caller
from toolway.catalog.model import Json
from toolway.errors import BadRequest, UnknownTool, UnknownToolkit
from toolway.router.desk import Desk
from toolway.router.meta import listed
from toolway.router.sessions import Sessions
from toolway.serve.gate import is_public_url
from toolway.serve.wire import Response, Scope, header, json_body, json_response
from toolway.store.records import Session
from toolway.watch import log

_PRELOAD_MANY = 20


class SessionRest:
    """Answers the session routes."""

    def __init__(self, sessions: Sessions, desk: Desk) -> None:
        self._sessions = sessions
        self._desk = desk

    async def create(self, scope: Scope, content: bytes, caller: Caller, origin: str) -> Response:
        """POST .../tool_router/session"""
        try:
            session = await self._sessions.create(caller.project_id, json_body(content))
        except (UnknownToolkit, UnknownTool) as error:
            raise BadRequest(error.sentence, details=[error.sentence]) from None
        warnings = self._warnings(session, origin, header(scope, b"x-framework") or "")
        made = self._body(session, origin) | {"experimental": {"assistive_prompt": None}, "warnings": warnings}
        return json_response(201, made)

    async def get(self, session_id: str, caller: Caller, origin: str) -> Response:
        """GET .../tool_router/session/{session_id}"""
        session = await self._sessions.open(caller.project_id, session_id)
        return json_response(200, self._body(session, origin) | {"warnings": []})

    def _body(self, session: Session, origin: str) -> Json:
        return {
            "session_id": session.id,
            "mcp": {"type": "http", "url": f"{origin}/tool_router/{session.id}/mcp"},
            "tool_router_tools": [tool.name for tool in listed(session)],
            "config": session.config,
            "config_version": session.version,
        }

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
