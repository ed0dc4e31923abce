"""The table of contents of what is kept. One small class a noun; each method is one named query, or one transaction.

What is connected stands in `connected`. Everything is asked for within a project, save what is found by a secret's digest. Whatever
processes remember (keys, ACTIVE accounts and their auth configs, sessions) bumps the generation in the transaction that changes it.
"""

from collections.abc import Sequence
from typing import Self

from toolway.store.connected import Accounts, AuthConfigs, Authorizations, Links
from toolway.store.database import Database
from toolway.store.freshness import Freshness
from toolway.store.log import Log
from toolway.store.records import ApiKey, Project, Session, to_row
from toolway.store.sealed import Sealed
from toolway.store.shelf import Shelf


class Store:
    """What is kept. `async with await Store.open(url) as store:` closes it in the end."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.projects = Projects(database)
        self.keys = ApiKeys(database)
        self.auth_configs = AuthConfigs(database)
        self.accounts = Accounts(database)
        self.links = Links(database)
        self.authorizations = Authorizations(database)
        self.sessions = Sessions(database)
        self.meta = Meta(database)
        self.sealed = Sealed(database)
        self.log = Log(database)
        self.freshness = Freshness(self.generation)
        database.on_bump = self.freshness.due

    @classmethod
    async def open(cls, url: str) -> Self:
        """Open what is kept at `sqlite:///path`, a path, or `postgresql://...`; made when missing. Raises BadSetting."""
        store = cls(await Database.open(url))
        try:
            await store.log.start()
        except BaseException:
            await store.database.close()
            raise
        return store

    async def close(self) -> None:
        """Write what the log still holds, and close. Raises when rows of the log could not be written."""
        try:
            await self.log.close()
        finally:
            await self.database.close()

    async def generation(self) -> int:
        """A number that grows whenever something that processes remember was changed."""
        return await self.database.read.value("generation")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


class Projects(Shelf):
    """Who runs agents and holds API keys."""

    async def add(self, project: Project) -> None:
        """Keep a new project; raises Conflict when the name is taken."""
        await self._add("add_project", project, "a project", bump=False)

    async def get(self, id: str) -> Project | None:
        """The project of this id."""
        return await self._one(Project, "project", id=id)

    async def by_name(self, name: str) -> Project | None:
        """The project of this name."""
        return await self._one(Project, "project_by_name", name=name)

    async def all(self) -> Sequence[Project]:
        """Every project, oldest first."""
        return await self._all(Project, "projects")


class ApiKeys(Shelf):
    """API keys, by their digests."""

    async def add(self, key: ApiKey) -> None:
        """Keep a new key; raises Conflict when its digest is there already."""
        await self._add("add_key", key, "an API key", bump=True)

    async def by_digest(self, digest: str) -> ApiKey | None:
        """The key of this digest, revoked and expired ones too."""
        return await self._one(ApiKey, "key_by_digest", digest=digest)

    async def list(self, project_id: str | None) -> Sequence[ApiKey]:
        """The keys of a project, oldest first; None, for the operator only: of all projects."""
        return await self._all(ApiKey, "keys", project_id=project_id)

    async def revoke(self, id: str, at: int, *, project_id: str | None = None) -> bool:
        """Revoke a key; False when there is none, or it was revoked before. Without a project: for the operator only."""
        async with self._database.write(bump=True) as desk:
            return await desk.do("revoke_key", id=id, at=at, project_id=project_id) == 1


class Sessions(Shelf):
    """Agents' sessions."""

    async def add(self, session: Session) -> None:
        """Keep a new session."""
        await self._add("add_session", session, "a session", bump=False)

    async def get(self, project_id: str, id: str) -> Session | None:
        """The session of this id."""
        return await self._one(Session, "session", project_id=project_id, id=id)

    async def save(self, session: Session, expected_version: int) -> bool:
        """Keep the session's config; its version becomes `expected_version` + 1. False when it is at another version."""
        row = to_row(session)
        values = {name: row[name] for name in ("id", "project_id", "config", "updated_at")}
        async with self._database.write(bump=True) as desk:
            return await desk.do("save_session", expected_version=expected_version, **values) == 1

    async def remove(self, project_id: str, id: str) -> bool:
        """End a session; False when there is none."""
        async with self._database.write(bump=True) as desk:
            return await desk.do("remove_session", project_id=project_id, id=id) == 1


class Meta(Shelf):
    """A few values of the installation itself."""

    async def get(self, name: str) -> str | None:
        """What is kept under the name."""
        return await self._read.value("meta", name=name)

    async def put_once(self, name: str, value: str) -> str:
        """Keep the value unless there is one already; gives what is kept, whoever put it there."""
        async with self._database.write(bump=False) as desk:
            await desk.do("put_meta_once", name=name, value=value)
            return await desk.value("meta", name=name)
