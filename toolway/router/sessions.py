"""Sessions: what a user's agent may use, fixed when the session is made. A session holds configuration, never credentials."""

from typing import Any

from toolway.catalog.index import Catalogue
from toolway.errors import UnknownSession
from toolway.router.comeback import Comebacks
from toolway.router.config import configure
from toolway.store.freshness import Cached
from toolway.store.records import Session, new_id, now_ms
from toolway.store.shelves import Store


class Sessions:
    """Makes, keeps and finds sessions, from a cache that forgets when the database says so."""

    def __init__(self, store: Store, catalogue: Catalogue, comebacks: Comebacks | None = None) -> None:
        self._store = store
        self._comebacks = comebacks or Comebacks(store)
        self._catalogue = catalogue
        self._cache: Cached[tuple[str, str], Session] = Cached(lambda place: store.sessions.get(*place))
        self.tally = self._cache.tally
        store.freshness.on_change(self._cache.forget)

    async def create(self, project_id: str, body: Any) -> Session:
        """Make a session from a request's body. Raises `BadRequest` naming every fault, `UnknownToolkit` with the nearest ones."""
        config = configure(body, self._catalogue)
        callback_url = config["manage_connections"].get("callback_url", "")
        await self._comebacks.check(project_id, callback_url, "manage_connections.callback_url")
        at = now_ms()
        session = Session(new_id("trs_"), project_id, config["user_id"], config, 1, at, at)
        await self._store.sessions.add(session)
        return session

    async def open(self, project_id: str, session_id: str) -> Session:
        """The session of this id. Raises `UnknownSession` for another project's just as for one that never was."""
        found = await self._cache.get((project_id, session_id))
        if found is None:
            raise UnknownSession(fix="Create one with POST /api/v3.1/tool_router/session.")
        return found
