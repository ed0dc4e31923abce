"""The table of contents of what is kept. One small class a noun; each method is one named query, or one transaction.

Everything is asked for within a project, save what is found by a secret's digest. Whatever processes remember (keys, ACTIVE accounts,
sessions) bumps the generation in the transaction that changes it.
"""

from collections.abc import Callable, Sequence
from typing import Any, Self, TypedDict, Unpack

import msgspec

from toolway.errors import Conflict
from toolway.store.database import Database
from toolway.store.engine import Desk
from toolway.store.freshness import Freshness
from toolway.store.log import Log
from toolway.store.records import Account, ApiKey, AuthConfig, Link, Project, R, Session, from_row, now_ms, to_row

_ACTIVE, _WAITS = "ACTIVE", "INITIATED"


class Store:
    """What is kept. `async with await Store.open(url) as store:` closes it in the end."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.projects = Projects(database)
        self.keys = ApiKeys(database)
        self.auth_configs = AuthConfigs(database)
        self.accounts = Accounts(database)
        self.links = Links(database)
        self.sessions = Sessions(database)
        self.meta = Meta(database)
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


class _Shelf:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._read = database.read

    async def _one(self, kind: type[R], query: str, **values: Any) -> R | None:
        row = await self._read.one(query, **values)
        return None if row is None else from_row(kind, row)

    async def _all(self, kind: type[R], query: str, **values: Any) -> Sequence[R]:
        return [from_row(kind, row) for row in await self._read.all(query, **values)]

    async def _add(self, query: str, record: msgspec.Struct, what: str, *, bump: bool) -> None:
        try:
            async with self._database.write(bump=bump) as desk:
                await desk.do(query, **to_row(record))
        except Conflict:
            raise Conflict(f"There is such {what} already.") from None


class Projects(_Shelf):
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


class ApiKeys(_Shelf):
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


class AuthConfigs(_Shelf):
    """How projects let their users connect to toolkits."""

    async def add(self, config: AuthConfig) -> None:
        """Keep a new auth config."""
        await self._add("add_auth_config", config, "an auth config", bump=False)

    async def first_or_add(self, config: AuthConfig) -> AuthConfig:
        """The first of the project for the toolkit; the given one, from now on, when there is none. Who comes at once gets the same."""
        async with self._database.write(bump=False) as desk:
            await desk.value("take_turn", what=f"auth configs {config.project_id} {config.toolkit}")
            row = await desk.one("first_auth_config", project_id=config.project_id, toolkit=config.toolkit)
            if row is not None:
                return from_row(AuthConfig, row)
            await desk.do("add_auth_config", **to_row(config))
        return config

    async def get(self, project_id: str, id: str) -> AuthConfig | None:
        """The auth config of this id."""
        return await self._one(AuthConfig, "auth_config", project_id=project_id, id=id)

    async def first(self, project_id: str, toolkit: str) -> AuthConfig | None:
        """The oldest enabled auth config of a toolkit: the one taken when none is named."""
        return await self._one(AuthConfig, "first_auth_config", project_id=project_id, toolkit=toolkit)

    async def list(self, project_id: str, toolkit: str | None = None) -> Sequence[AuthConfig]:
        """The auth configs of a project, or of one toolkit in it, oldest first."""
        return await self._all(AuthConfig, "auth_configs", project_id=project_id, toolkit=toolkit)


class AccountChanges(TypedDict, total=False):
    """What of a connected account may be changed along with its status."""

    status_reason: str
    label: str
    alias: str
    settings: dict[str, str]
    sealed: str


async def _move(desk: Desk, account: Account, to_status: str, changes: AccountChanges) -> Account:
    later = max(now_ms(), account.updated_at + 1)  # always later, so that no two states of an account look alike
    moved = msgspec.structs.replace(account, status=to_status, updated_at=later, **changes)
    values: dict[str, Any] = to_row(moved)
    for fixed in ("user_id", "toolkit", "auth_config_id", "created_at"):
        del values[fixed]
    if await desk.do("move_account", from_status=account.status, from_updated_at=account.updated_at, **values) != 1:
        raise Conflict(f"The connected account {account.id} was changed by somebody else meanwhile.", fix="Read it again.")
    return moved


class Accounts(_Shelf):
    """Connected accounts."""

    async def add(self, account: Account) -> None:
        """Keep a new account; raises NotFound when its auth config is none of the project's."""
        await self._add("add_account", account, "a connected account", bump=account.status == _ACTIVE)

    async def get(self, project_id: str, id: str) -> Account | None:
        """The account of this id."""
        return await self._one(Account, "account", project_id=project_id, id=id)

    async def list(
        self, project_id: str, user_id: str | None = None, toolkit: str | None = None, status: str | None = None
    ) -> Sequence[Account]:
        """The accounts of a project, narrowed where given, newest first."""
        return await self._all(Account, "accounts", project_id=project_id, user_id=user_id, toolkit=toolkit, status=status)

    async def active(self, project_id: str, user_id: str, toolkit: str) -> Sequence[Account]:
        """The ACTIVE accounts of a user for a toolkit, newest first."""
        return await self._all(Account, "active_accounts", project_id=project_id, user_id=user_id, toolkit=toolkit)

    async def latest(self, project_id: str, user_id: str, toolkit: str) -> Account | None:
        """The account of a user for a toolkit that was begun last, whatever became of it."""
        return await self._one(Account, "latest_account", project_id=project_id, user_id=user_id, toolkit=toolkit)

    async def move(self, account: Account, to_status: str, **changes: Unpack[AccountChanges]) -> Account:
        """Change the account from the state it was read in, and give it back changed; raises Conflict when somebody was faster."""
        async with self._database.write(bump=_ACTIVE in (account.status, to_status)) as desk:
            return await _move(desk, account, to_status, changes)


class Links(_Shelf):
    """Connect links, by the digests of their tokens."""

    async def begin(
        self, account: Account, link: Link, too_old: int, digest_of: Callable[[str], str] | None = None, enough: int = 0
    ) -> tuple[Account, Link]:
        """Keep a new account that waits, and its link, in place of those of the same user and toolkit that still wait.

        They become EXPIRED: those begun until `too_old` as INITIATION_TIMEOUT, the others as SUPERSEDED. But where the last of them has
        the same purpose, and its link, whose digest `digest_of` makes of the account's id, is good until `enough`, it stays. Gives the
        account and the link that wait now. Raises NotFound when the auth config is none of the project's.
        """
        place = {"project_id": account.project_id, "user_id": account.user_id, "toolkit": account.toolkit}
        async with self._database.write(bump=False) as desk:
            await desk.value("take_turn", what=f"links {' '.join(place.values())}")
            last = await desk.one("latest_account", **place) if digest_of else None
            if last is not None and digest_of and (last["status"], last["auth_config_id"]) == (_WAITS, account.auth_config_id):
                waiting = await desk.one("link", digest=digest_of(last["id"]))
                if (
                    waiting
                    and (waiting["used_at"], waiting["callback_url"]) == (None, link.callback_url)
                    and waiting["expires_at"] >= enough
                ):
                    return from_row(Account, last), from_row(Link, waiting)
            await desk.do("supersede_accounts", at=account.created_at, too_old=too_old, **place)
            await desk.do("add_account", **to_row(account))
            await desk.do("add_link", **to_row(link))
        return account, link

    async def get(self, digest: str) -> Link | None:
        """The link of this digest, used and expired ones too."""
        return await self._one(Link, "link", digest=digest)

    async def finish(self, link: Link, account: Account, at: int, **changes: Unpack[AccountChanges]) -> Account:
        """Use the link up and make its account ACTIVE: both or neither. Raises Conflict when it is too late for either."""
        async with self._database.write(bump=True) as desk:
            if await desk.do("use_link", digest=link.digest, at=at) != 1:
                raise Conflict("This connect link was used, or grew too old, in the meantime.")
            return await _move(desk, account, _ACTIVE, changes)


class Sessions(_Shelf):
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


class Meta(_Shelf):
    """A few values of the installation itself."""

    async def get(self, name: str) -> str | None:
        """What is kept under the name."""
        return await self._read.value("meta", name=name)

    async def put_once(self, name: str, value: str) -> str:
        """Keep the value unless there is one already; gives what is kept, whoever put it there."""
        async with self._database.write(bump=False) as desk:
            await desk.do("put_meta_once", name=name, value=value)
            return await desk.value("meta", name=name)
