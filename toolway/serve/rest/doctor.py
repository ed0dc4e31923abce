"""The doctor over REST: what connections of a project or a session are good for. Files and settings stay the operator's."""

from collections.abc import Sequence

from msgspec import Struct

from toolway.router.doctor import Connection
from toolway.router.sessions import Sessions
from toolway.serve.local import Local
from toolway.serve.rest.asked import Asked
from toolway.serve.rest.route import Route
from toolway.serve.wire import Response, json_response


class DoctorQuery(Struct, kw_only=True):
    """`GET /doctor`. `prove` tries each active key, which is a call or two to the service."""

    user_id: str | None = None
    toolkit: str | None = None
    prove: bool = True


class SessionDoctorQuery(Struct, kw_only=True):
    """`GET S/doctor`"""

    prove: bool = True


class DoctorRest:
    """Answers for connections."""

    def __init__(self, local: Local, sessions: Sessions) -> None:
        self._doctor = local.doctor
        self._sessions = sessions

    def routes(self) -> list[Route]:
        """The doctor's routes."""
        session = "tool_router/session/{session_id}"
        return [
            Route("GET", "doctor", "read", "What the project's connections are good for.", self.project, query=DoctorQuery),
            Route(
                "GET",
                f"{session}/doctor",
                "read",
                "Which account a call of the session would take, and why.",
                self.session,
                query=SessionDoctorQuery,
            ),
        ]

    async def project(self, asked: Asked) -> Response:
        """GET /doctor"""
        query = asked.query(DoctorQuery)
        return _told(await self._doctor.facts(asked.project, query.user_id or "", query.toolkit or "", prove=query.prove))

    async def session(self, asked: Asked) -> Response:
        """GET S/doctor"""
        query = asked.query(SessionDoctorQuery)
        session = await self._sessions.open(asked.project, asked.ids[0])
        return _told(await self._doctor.of_session(session, prove=query.prove))


def _told(found: Sequence[Connection]) -> Response:
    return json_response(200, {"items": [one.to_json() for one in found], "wrong": sum(one.wrong for one in found)})
