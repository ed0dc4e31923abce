"""Sessions: what a user's agent may use. A session holds configuration, never credentials; its user is fixed when it is made."""

from typing import Any

from msgspec import structs

from toolway.catalog.index import Catalogue
from toolway.catalog.model import Json
from toolway.errors import Conflict, UnknownSession
from toolway.router.amend import amend
from toolway.router.comeback import Comebacks
from toolway.router.config import configure
from toolway.store.freshness import Cached
from toolway.store.records import Session, new_id, now_ms
from toolway.store.shelves import Store

_ATTEMPTS = 10


class Sessions:
    """Makes, keeps and finds sessions, from a cache that forgets when the database says so."""

    def __init__(self, store: Store, catalogue: Catalogue, comebacks: Comebacks) -> None:
        self._store = store
        self._comebacks = comebacks
        self._catalogue = catalogue
        self._cache: Cached[tuple[str, str], Session] = Cached(lambda place: store.sessions.get(*place))
        self.tally = self._cache.tally
        store.freshness.on_change(self._cache.forget)

    async def create(self, project_id: str, body: Any) -> Session:
        """Make a session from a request's body. Raises `BadRequest` naming every fault, `UnknownToolkit` with the nearest ones."""
        config = configure(body, self._catalogue)
        await self._check(project_id, config)
        at = now_ms()
        session = Session(new_id("trs_"), project_id, config["user_id"], config, 1, at, at)
        await self._store.sessions.add(session)
        return session

    async def open(self, project_id: str, session_id: str) -> Session:
        """The session of this id. Raises `UnknownSession` for another project's just as for one that never was."""
        found = await self._cache.get((project_id, session_id))
        if found is None:
            raise _unknown()
        return found

    async def change(self, project_id: str, session_id: str, body: Any, expected: int | None = None) -> Session:
        """Change a session as a request's body says. Raises `Conflict`, and changes nothing, when it is not at version `expected`; without
        that the change is laid over whatever there is.
        """
        for _ in range(_ATTEMPTS):
            found = await self._store.sessions.get(project_id, session_id)
            if found is None:
                raise _unknown()
            config = amend(found, body, self._catalogue)
            await self._check(project_id, config)
            if expected not in (None, found.version):
                break
            changed = structs.replace(found, config=config, updated_at=max(now_ms(), found.updated_at))
            if await self._store.sessions.save(changed, found.version):
                return structs.replace(changed, version=found.version + 1)
        raise Conflict("The session was changed by somebody else in the meantime.", fix="Read it again.")

    async def _check(self, project_id: str, config: Json) -> None:
        """Raises `BadRequest` for a page that the project may not send people to."""
        await self._comebacks.check(project_id, config["manage_connections"].get("callback_url", ""), "manage_connections.callback_url")

    async def end(self, project_id: str, session_id: str) -> None:
        """End a session; its user's accounts stay connected. Raises `UnknownSession`."""
        if not await self._store.sessions.remove(project_id, session_id):
            raise _unknown()


def _unknown() -> UnknownSession:
    return UnknownSession(fix="Create one with POST /api/v3.1/tool_router/session.")
