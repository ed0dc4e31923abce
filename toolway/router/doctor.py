"""What is wrong with connections, and the mend: the same facts for people (`toolway doctor`), for agents and over REST."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from toolway.accounts import links
from toolway.accounts.keeper import PLAYED, Credential, Granted, Keeper
from toolway.calls.nouns import listed
from toolway.calls.run import Runner
from toolway.calls.view import value_at
from toolway.catalog.index import Catalogue
from toolway.catalog.model import Json, Rate, Toolkit
from toolway.errors import CallFailed, Refused, ToolwayError, UnknownToolkit
from toolway.router import policy
from toolway.store.records import EFFECTS, Account, Session, now_ms
from toolway.store.shelves import Store
from toolway.store.states import REPLACED, TOO_LATE

_AT_ONCE = 8
_MOST_NAMES = 20
_MS = {"second": 1000, "minute": 60_000, "hour": 3_600_000, "day": 86_400_000}
_WHY_NOT = {
    TOO_LATE: "The link was not used within its ten minutes.",
    REPLACED: "A newer link took its place.",
}


class Pace(Struct, frozen=True, omit_defaults=True):
    """What a service allows: so many calls per second, minute, hour or day, on a plan where one is named.

    `used` is how many of them the call log knows of; look-ups of names are not among them. None for seconds.
    """

    allows: int
    per: str
    when: str = ""
    used: int | None = None


class Connection(Struct, frozen=True, omit_defaults=True):
    """What is known of one connected account, or of a toolkit that is not connected (no `account_id`).

    `effects` are what its person allows agents. `works` says whether the service takes the key now, None when that was not tried or could
    not be told; `sees` whom it takes it for and what that person may open there. `used` marks those that a call takes which names none
    (the newest that allows it), and `why` says why it does, or why this one is not. `trouble` is what is wrong, and `mend` what to do.
    Moments are in milliseconds since 1970.
    """

    toolkit: str
    user_id: str
    status: str
    account_id: str = ""
    label: str = ""
    alias: str = ""
    reason: str = ""
    mode: str = ""
    settings: dict[str, str] = {}
    sandbox: bool = False
    effects: tuple[str, ...] = ()
    works: bool | None = None
    sees: dict[str, Any] = {}
    created_at: int | None = None
    refreshed_at: int | None = None
    expires_at: int | None = None
    pace: tuple[Pace, ...] = ()
    used: bool = False
    why: str = ""
    trouble: str = ""
    mend: str = ""

    @property
    def wrong(self) -> bool:
        """Whether this ought to work and does not; what was begun and not finished, or switched off, is no fault."""
        return bool(self.trouble) and (self.status == "ACTIVE" or (self.status == "EXPIRED" and bool(self.label)))

    def to_json(self) -> Json:
        """All of it, as JSON."""
        return msgspec.to_builtins(self)

    def brief(self) -> Json:
        """What an agent needs of it."""
        made = {"label": self.label, "status": self.status, "why": self.why, "trouble": self.trouble, "mend": self.mend}
        return {name: value for name, value in made.items() if value} | ({"expires_at": self.expires_at} if self.expires_at else {})


class Doctor:
    """Looks after connections."""

    def __init__(self, store: Store, catalogue: Catalogue, keeper: Keeper, runner: Runner) -> None:
        self._store = store
        self._catalogue = catalogue
        self._keeper = keeper
        self._runner = runner
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def facts(self, project_id: str, user_id: str = "", toolkit: str = "", *, prove: bool = True) -> list[Connection]:
        """The connections of a project, narrowed where given. With `prove` each active one's key is tried, which is a call or two.

        What is over is left out where something newer took its place. Raises `UnknownToolkit` for one that there is not, and never was.
        """
        found = await self._store.accounts.list(project_id, user_id or None, toolkit.lower() or None)
        if toolkit and not found:
            self._catalogue.toolkit_card(toolkit)
        places = dict.fromkeys((account.user_id, account.toolkit) for account in found)
        groups = [
            self._had(project_id, *place, [a for a in found if (a.user_id, a.toolkit) == place], (), False, prove) for place in places
        ]
        return _flat(await asyncio.gather(*groups))

    async def of_session(self, session: Session, toolkits: Iterable[str] = (), *, prove: bool = True) -> list[Connection]:
        """For each toolkit that a session uses (or of these): the accounts that it may call with, and which it would."""
        explicit: bool = session.config["multi_account"]["require_explicit_selection"]
        groups: list[Any] = []
        for kit in toolkits or policy.toolkits(session, self._catalogue):
            pins: list[str] = session.config["connected_accounts"].get(kit, [])
            found = await self._store.accounts.list(session.project_id, session.user_id, kit)
            groups.append(self._had(session.project_id, session.user_id, kit, found, pins, explicit, prove))
        return _flat(await asyncio.gather(*groups))

    async def _had(
        self, project_id: str, user_id: str, toolkit: str, found: Sequence[Account], pins: Sequence[str], explicit: bool, prove: bool
    ) -> list[Connection]:
        """What one user has of one toolkit."""
        shown = [links.as_of_now(account) for account in found]
        living = [account for account in shown if account.status in ("ACTIVE", "INACTIVE")]
        granted = await self._keeper.granted(project_id, user_id, toolkit, pins)
        takes = self._takes(toolkit, granted)
        if not shown:
            way = f"Show the user a connect link, or: toolway connect {toolkit} --user {user_id}"
            return [Connection(toolkit, user_id, "NOT_CONNECTED", trouble="Nothing was connected yet.", mend=way)]
        made = [self._account(account, takes, pins, explicit, prove) for account in living or shown[:1]]
        return await asyncio.gather(*made)

    def _takes(self, toolkit: str, granted: Sequence[Granted]) -> dict[str, list[str]]:
        """For each account that calls may use, newest first: the effects of the tools whose calls take it where they name none."""
        found: dict[str, set[str]] = {account.id: set() for account, _ in granted}
        try:
            cards = self._catalogue.cards([self._catalogue.toolkit_card(toolkit).slug])
        except UnknownToolkit:
            cards = ()
        for card in cards:
            taken = next((account for account, grant in granted if policy.refused(grant, card, "") is None), None)
            if taken is not None:
                found[taken.id].add(card.effect)
        return {id: [effect for effect in EFFECTS if effect in effects] for id, effects in found.items()}

    async def _account(self, account: Account, takes: dict[str, list[str]], pins: Sequence[str], explicit: bool, prove: bool) -> Connection:
        settings = {name: value for name, value in account.settings.items() if name != PLAYED}
        fact = Connection(
            toolkit=account.toolkit,
            user_id=account.user_id,
            status=account.status,
            account_id=account.id,
            label=account.label,
            alias=account.alias,
            reason=account.status_reason,
            mode=account.mode,
            settings=settings,
            sandbox=PLAYED in account.settings,
            effects=account.effects,
            created_at=account.created_at,
            refreshed_at=account.refreshed_at,
            expires_at=account.expires_at,
            used=bool(takes.get(account.id)) and not (explicit and len(takes) > 1),
            why=_why(account, takes, pins, explicit),
        )
        again = f"Connect it again: an agent shows a link, or toolway connect {account.toolkit} --user {account.user_id}"
        if account.status != "ACTIVE":
            trouble, mend = _not_active(account, again)
            return msgspec.structs.replace(fact, trouble=trouble, mend=mend)
        try:
            kit = self._catalogue.toolkit(account.toolkit)
        except UnknownToolkit as error:
            mend = f"Bring the toolkit back (TOOLWAY_TOOLKITS), or take the account away: toolway disconnect {account.id}"
            return msgspec.structs.replace(fact, trouble=error.message, mend=mend)
        fact = msgspec.structs.replace(fact, pace=await self._pace(kit, account))
        if not prove or account.id not in takes:
            return fact
        async with self._turns:
            return await self._proved(fact, kit, account, again)

    async def _proved(self, fact: Connection, kit: Toolkit, account: Account, again: str) -> Connection:
        try:
            credential = await self._keeper.credential(account.project_id, account.user_id, account.toolkit, named=account.id)
            proof = await self._runner.prove(kit, credential)
        except Refused as error:
            dead = error.of_credential
            said = f"{kit.title} does not take the key: {error.message}" if dead else f"The key could not be tried: {error.sentence}"
            return msgspec.structs.replace(fact, works=False if dead else None, trouble=said, mend=again if dead else "Try again later.")
        except CallFailed as error:
            return msgspec.structs.replace(
                fact, trouble=f"The key could not be tried: {error.message}", mend=error.fix or "Try again later."
            )
        except ToolwayError as error:
            return msgspec.structs.replace(fact, works=False, trouble=error.message, mend=error.fix or again)
        sees: dict[str, Any] = {"user": str(value_at(proof, kit.check.label) or "")[:200]} if kit.check and kit.check.label else {}
        return msgspec.structs.replace(fact, works=True, sees=sees | await self._opens(kit, credential))

    async def _opens(self, kit: Toolkit, credential: Credential) -> dict[str, Any]:
        """What the person may open there: the things in which all others lie, such as workspaces."""
        found: dict[str, Any] = {}
        for noun in kit.nouns.values():
            if noun.within or not noun.default:
                continue
            tool = kit.tools[noun.list]
            try:
                things = listed(noun, tool, (await self._runner.run(kit, tool, {}, credential, full=True)).reply.data)
            except ToolwayError:  # the key works; this is an extra
                continue
            found[noun.plural] = [thing.name or thing.id for thing in things[:_MOST_NAMES]]
        return found

    async def _pace(self, kit: Toolkit, account: Account) -> tuple[Pace, ...]:
        plan, at = account.settings.get("plan", ""), now_ms()
        found: list[Pace] = []
        for rate in kit.rates:
            if not (plan and rate.when and rate.when != plan):
                found.append(Pace(rate.most, rate.per, rate.when, await self._used(account, rate, at)))
        return tuple(found)

    async def _used(self, account: Account, rate: Rate, at: int) -> int | None:
        if rate.per == "second":
            return None
        return await self._store.log.count_since(account.project_id, account.id, at - _MS[rate.per])


def _flat(groups: Iterable[list[Connection]]) -> list[Connection]:
    return [one for group in groups for one in group]


def _why(account: Account, takes: dict[str, list[str]], pins: Sequence[str], explicit: bool) -> str:
    if account.id not in takes:
        if account.status == "ACTIVE" and not (pins and account.id not in pins):
            return (
                "It was connected in the sandbox." if PLAYED in account.settings else "Calls go to the sandbox now, and this one is real."
            )
        return "The session names other accounts." if account.status == "ACTIVE" else ""
    pinned = ", and the session names it" if pins else ""
    if len(takes) == 1:
        return f"It is the only one{pinned}."
    if explicit:
        return f"One of {len(takes)}; the session wants each call to name one."
    mine, newest = takes[account.id], next(iter(takes)) == account.id
    if not mine and newest:
        return "It allows no call; an older one is taken."
    if not mine:
        return f"A newer one is taken; a call may name this one by its id{', alias' if account.alias else ''} or label."
    if not any(effects for id, effects in takes.items() if id != account.id):
        first = f"the newest of {len(takes)}{pinned}" if newest else f"the newest of {len(takes)} that allows anything{pinned}"
        return f"It is {first}; a call may name another."
    return f"Of {len(takes)} it is the newest for calls that {policy.may(mine)}{pinned}; a call may name another."


def _not_active(account: Account, again: str) -> tuple[str, str]:
    """What is wrong with an account that is not active, and the mend."""
    why = _WHY_NOT.get(account.status_reason, account.status_reason)
    match account.status:
        case "INITIATED" | "INITIALIZING":
            return "A link was shown and waits for the user.", "Ask the user to open it."
        case "INACTIVE":
            return "It is switched off.", "Enable it, or connect another."
        case _:
            return f"It is {account.status}{'' if not why else f': {why}'}", again
