"""The shelves of what is connected: auth configs, accounts, links, and authorizations under way.

`_move` is the only writer of an account's state, and asks the table in `states`.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, TypedDict, Unpack

import msgspec

from toolway.errors import Conflict
from toolway.store.engine import Desk
from toolway.store.records import Account, AuthConfig, Authorization, Link, from_row, now_ms, to_row
from toolway.store.sealed import hold_key
from toolway.store.shelf import Shelf
from toolway.store.states import REPLACED, TOO_LATE, Event, after

_ACTIVE, _WAITS = "ACTIVE", "INITIATED"
_MARK = "\n"


class AuthConfigs(Shelf):
    """How projects let their users connect to toolkits."""

    async def add(self, config: AuthConfig) -> None:
        """Keep a new auth config."""
        await self._add("add_auth_config", config, "an auth config", bump=False)

    async def first_or_add(self, config: AuthConfig, mode: str | None = None) -> AuthConfig:
        """The first of the project for the toolkit; the given one, from now on, when there is none. Who comes at once gets the same."""
        async with self._database.write(bump=False) as desk:
            await desk.value("take_turn", what=f"auth configs {config.project_id} {config.toolkit}")
            row = await desk.one("first_auth_config", project_id=config.project_id, toolkit=config.toolkit, mode=mode)
            if row is not None:
                return from_row(AuthConfig, row)
            await desk.do("add_auth_config", **to_row(config))
        return config

    async def get(self, project_id: str, id: str) -> AuthConfig | None:
        """The auth config of this id."""
        return await self._one(AuthConfig, "auth_config", project_id=project_id, id=id)

    async def first(self, project_id: str, toolkit: str, mode: str | None = None) -> AuthConfig | None:
        """The auth config of a toolkit (and mode) that is taken when none is named; one that is switched off only when all are."""
        return await self._one(AuthConfig, "first_auth_config", project_id=project_id, toolkit=toolkit, mode=mode)

    async def list(self, project_id: str, toolkit: str | None = None) -> Sequence[AuthConfig]:
        """The auth configs of a project, or of one toolkit in it, oldest first."""
        return await self._all(AuthConfig, "auth_configs", project_id=project_id, toolkit=toolkit)

    async def change(self, config: AuthConfig, **changes: Unpack["AuthConfigChanges"]) -> AuthConfig:
        """Change an auth config from what was read, and give it back changed; raises Conflict when somebody was faster."""
        changed = msgspec.structs.replace(config, updated_at=max(now_ms(), config.updated_at + 1), **changes)
        row = to_row(changed)
        values = {name: row[name] for name in ("id", "project_id", "name", "enabled", "updated_at", "settings", "sealed", "tools")}
        async with self._database.write(bump=True) as desk:
            await hold_key(desk, changed.sealed)
            if await desk.do("change_auth_config", from_updated_at=config.updated_at, **values) != 1:
                raise Conflict(f"The auth config {config.id} was changed by somebody else meanwhile.", fix="Read it again.")
        return changed

    async def delete(self, project_id: str, id: str) -> bool:
        """Take an auth config away; False when there is none. Raises Conflict while accounts are connected by it."""
        async with self._database.write(bump=True) as desk:
            if await desk.value("count_accounts", project_id=project_id, auth_config_id=id):
                raise Conflict(f"Accounts are connected by the auth config {id}.", fix="Delete them first.")
            return await desk.do("delete_auth_config", project_id=project_id, id=id) == 1

    async def connections(self, project_id: str, id: str) -> int:
        """How many accounts were connected by it, whatever became of them."""
        return await self._read.value("count_accounts", project_id=project_id, auth_config_id=id)


class AuthConfigChanges(TypedDict, total=False):
    """What of an auth config may be changed."""

    name: str
    enabled: bool
    settings: dict[str, str]
    sealed: str
    tools: tuple[str, ...]


class AccountChanges(TypedDict, total=False):
    """What of a connected account may be changed along with its status."""

    status_reason: str
    label: str
    alias: str
    settings: dict[str, str]
    sealed: str
    mode: str
    effects: tuple[str, ...]
    expires_at: int | None
    refreshed_at: int | None


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which accounts are wanted: those that are in every list that is not empty. Attempts that wait since `too_old` or
    longer count as EXPIRED. They are ordered by when they were made, or changed.
    """

    users: Sequence[str] = ()
    toolkits: Sequence[str] = ()
    auth_configs: Sequence[str] = ()
    ids: Sequence[str] = ()
    statuses: Sequence[str] = ()
    too_old: int = 0
    by_change: bool = False
    oldest_first: bool = False


def _marked(values: Sequence[str]) -> str:
    """A list as one text. A value that holds the mark is in no row, and left out; a list of such alone fits nothing."""
    kept = [value for value in values if _MARK not in value]
    return _MARK + _MARK.join(kept) + _MARK if values else ""


async def _move(desk: Desk, account: Account, event: Event, changes: AccountChanges) -> Account:
    """The only writer of an account's state, and of all that may change with it."""
    later = max(now_ms(), account.updated_at + 1)  # always later, so that no two states of an account look alike
    moved = msgspec.structs.replace(account, status=after(account.status, event), updated_at=later, **changes)
    if moved.sealed != account.sealed:
        moved = msgspec.structs.replace(moved, lease="", leased_until=0)
    await hold_key(desk, moved.sealed)
    values: dict[str, Any] = to_row(moved)
    for fixed in ("user_id", "toolkit", "auth_config_id", "created_at", "lease", "leased_until"):
        del values[fixed]
    if await desk.do("move_account", from_status=account.status, from_updated_at=account.updated_at, **values) != 1:
        raise Conflict(f"The connected account {account.id} was changed by somebody else meanwhile.", fix="Read it again.")
    return moved


class Accounts(Shelf):
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

    async def page(self, project_id: str, wanted: Wanted, most: int, skip: int = 0) -> tuple[Sequence[Account], int]:
        """A part of the accounts that fit, and how many do."""
        lists = {"toolkits": wanted.toolkits, "auth_configs": wanted.auth_configs, "ids": wanted.ids, "statuses": wanted.statuses}
        one = len(wanted.users) == 1
        values: dict[str, Any] = {name: _marked(values) for name, values in lists.items()}
        values |= {"user_id": wanted.users[0]} if one else {"users": _marked(wanted.users)}
        rows = await self._read.all(
            "accounts_page_of_user" if one else "accounts_page",
            project_id=project_id,
            mark=_MARK,
            too_old=wanted.too_old,
            by_change=int(wanted.by_change),
            sign=1 if wanted.oldest_first else -1,
            most=most,
            skip=skip,
            **values,
        )
        return [from_row(Account, row) for row in rows], rows[0]["fitting"] if rows else 0

    async def active(self, project_id: str, user_id: str, toolkit: str) -> Sequence[Account]:
        """The ACTIVE accounts of a user for a toolkit, newest first."""
        return await self._all(Account, "active_accounts", project_id=project_id, user_id=user_id, toolkit=toolkit)

    async def idle(self, project_id: str, before: int, after: str, most: int) -> Sequence[Account]:
        """ACTIVE accounts of OAuth2 whose tokens were made before that moment (milliseconds): the first by id that follow `after`."""
        return await self._all(Account, "idle_accounts", project_id=project_id, before=before, after=after, most=most)

    async def latest(self, project_id: str, user_id: str, toolkit: str) -> Account | None:
        """The account of a user for a toolkit that was begun last, whatever became of it."""
        return await self._one(Account, "latest_account", project_id=project_id, user_id=user_id, toolkit=toolkit)

    async def move(self, account: Account, event: Event, **changes: Unpack[AccountChanges]) -> Account:
        """Change the account from the state it was read in, as the table of states has it, and give it back changed.

        Raises Conflict when the table knows no such way, or somebody was faster.
        """
        async with self._database.write(bump=_ACTIVE in (account.status, after(account.status, event))) as desk:
            return await _move(desk, account, event, changes)

    async def renew(self, account: Account, event: Event, **changes: Unpack[AccountChanges]) -> Account | None:
        """Change the account whatever else was changed of it since it was read, as long as its secrets are still those; else None."""
        async with self._database.write(bump=True) as desk:
            row = await desk.one("account", project_id=account.project_id, id=account.id)
            if row is None or row["sealed"] != account.sealed:
                return None
            return await _move(desk, from_row(Account, row), event, changes)

    async def lease(self, account: Account, holder: str, until: int, gone: str = "") -> bool:
        """Take the right to renew the account's secrets; False when somebody else has it, or they are no longer those that were read.

        The lease of a holder that is `gone` does not count.
        """
        async with self._database.write(bump=False) as desk:
            values = {"id": account.id, "project_id": account.project_id, "sealed": account.sealed}
            return await desk.do("lease_account", lease=holder, at=now_ms(), until=until, gone=gone, **values) == 1

    async def release(self, account: Account, holder: str) -> None:
        """Give that right back."""
        async with self._database.write(bump=False) as desk:
            await desk.do("release_account", id=account.id, project_id=account.project_id, lease=holder)

    async def delete(self, account: Account) -> bool:
        """Take an account away with its links, and what is kept of its secrets; False when it is gone already."""
        place = {"project_id": account.project_id, "account_id": account.id}
        async with self._database.write(bump=True) as desk:
            await desk.do("delete_authorizations", **place)
            await desk.do("delete_links", **place)
            return await desk.do("delete_account", project_id=account.project_id, id=account.id) == 1


async def _supersede(desk: Desk, account: Account, too_old: int) -> None:
    """End what else of the user waits for the toolkit."""
    place = {"project_id": account.project_id, "user_id": account.user_id, "toolkit": account.toolkit}
    for row in await desk.all("waiting_accounts", **place):
        if row["id"] == account.id:
            continue
        reason = TOO_LATE if row["updated_at"] <= too_old else REPLACED
        with suppress(Conflict):  # it was finished meanwhile: that is as good
            await _move(desk, from_row(Account, row), "expire", {"status_reason": reason})


class Links(Shelf):
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
                    and account.alias in ("", last["alias"])
                    and (waiting["used_at"], waiting["callback_url"]) == (None, link.callback_url)
                    and waiting["expires_at"] >= enough
                ):
                    return from_row(Account, last), from_row(Link, waiting)
            await _supersede(desk, account, too_old)
            await desk.do("add_account", **to_row(account))
            await desk.do("add_link", **to_row(link))
        return account, link

    async def begin_again(self, account: Account, link: Link, too_old: int) -> Account:
        """Keep a link for an account that was there before and waits from now on, in place of its earlier ones and of whatever else of
        the user waits for the toolkit. Raises Conflict when its state does not lead there.
        """
        place = {"project_id": account.project_id, "account_id": account.id}
        async with self._database.write(bump=False) as desk:
            await desk.value("take_turn", what=f"links {account.project_id} {account.user_id} {account.toolkit}")
            await _supersede(desk, account, too_old)
            waiting = await _move(desk, account, "ask", {"status_reason": ""})
            await desk.do("delete_authorizations", **place)
            await desk.do("delete_links", **place)
            await desk.do("add_link", **to_row(link))
        return waiting

    async def get(self, digest: str) -> Link | None:
        """The link of this digest, used and expired ones too."""
        return await self._one(Link, "link", digest=digest)

    async def finish(self, link: Link, account: Account, at: int, event: Event = "connect", **changes: Unpack[AccountChanges]) -> Account:
        """Use the link up and make its account ACTIVE, or what else the event says: both or neither. Raises Conflict when it is late."""
        async with self._database.write(bump=True) as desk:
            if await desk.do("use_link", digest=link.digest, at=at) != 1:
                raise Conflict("This connect link was used, or grew too old, in the meantime.")
            return await _move(desk, account, event, changes)


class Authorizations(Shelf):
    """Ways to OAuth2 providers and back, by the digests of their `state`."""

    async def begin(self, authorization: Authorization) -> None:
        """Keep one that begins. Those that grew too old are forgotten."""
        async with self._database.write(bump=False) as desk:
            await hold_key(desk, authorization.sealed)
            await desk.do("sweep_authorizations", at=authorization.created_at)
            await desk.do("add_authorization", **to_row(authorization))

    async def use(self, digest: str, browser_digest: str, at: int) -> Authorization | None:
        """Use one up, and give it as it was; None when there is none, it was used, grew too old, or began in another browser."""
        async with self._database.write(bump=False) as desk:
            row = await desk.one("authorization", digest=digest)
            used = row and await desk.do("use_authorization", digest=digest, browser_digest=browser_digest, at=at) == 1
            return from_row(Authorization, row) if row and used else None
