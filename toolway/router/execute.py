"""One execution: tool, policy, account, call, record. A failure is a result that the agent can read and mend."""

import asyncio
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any, cast

from msgspec import Struct, structs

from toolway.accounts.keeper import Credential, Granted, Keeper
from toolway.calls.run import Result, Runner
from toolway.catalog.index import Catalogue
from toolway.catalog.model import Card, Json
from toolway.errors import BadArgument, BadRequest, NoAnswer, NotConnected, Refused, ToolwayError, Unavailable
from toolway.router import policy
from toolway.store.log import Log
from toolway.store.records import Account, Entry, Session, next_id, now_ms
from toolway.store.shelves import Store
from toolway.watch import Watch, fault, log, request_id

SECONDS = 24.0
"""How long an execution may take with all look-ups, waiting and repetitions: the shortest-tempered client gives up after 30 s."""


class Outcome(Struct, frozen=True):
    """What became of an execution.

    `account` says which account was used, `next` which arguments to add for the next page, `note` what else there is to know,
    `zone` by the clock of which time zone moments were read, if one was needed, and `connect` which toolkit the user has to connect before
    it can work. `status` is what the service answered with and `ms` the milliseconds that the call took, where it was made. `waited` are
    seconds for the account's turn, `changed` what a change changed (`calls.merge`), `items` which of several things at once the service
    confirmed (`calls.each`), and `total` how many there are in a list without pages.
    """

    successful: bool
    data: Json
    error: str | None
    log_id: str
    account: str = ""
    next: Json | None = None
    trimmed: bool = False
    connect: str = ""
    waited: float = 0.0
    changed: Json = {}
    items: Json = {}
    total: int | None = None
    zone: str = ""
    note: str = ""
    status: int = 0
    ms: int = 0

    def to_json(self) -> Json:
        """The result as agents read it."""
        made: Json = {"successful": self.successful, "data": self.data, "error": self.error, "log_id": self.log_id}
        if self.account:
            made["account"] = self.account
        if self.next:
            made["next"] = self.next
        if self.total is not None:
            made["total"] = self.total
        if self.trimmed:
            made["trimmed"] = True
        if self.changed:
            made["changed"] = self.changed
        if self.items:
            made["items"] = self.items
        if waited := round(self.waited, 1):
            made["waited"] = waited
        if self.zone:
            made["zone"] = self.zone
        if self.note:
            made["note"] = self.note
        return made


class _Attempt:
    """An execution under way: its row of the log as far as it is known, the account's name, and whether the request has left."""

    def __init__(self, log: Log, entry: Entry) -> None:
        self.entry = entry
        self.label = ""
        self.left = False
        self._log = log

    def know(self, **values: Any) -> None:
        self.entry = structs.replace(self.entry, **values)

    def used(self, account: Account) -> None:
        self.label = account.label
        self.know(account_id=account.id)

    async def leaving(self) -> None:
        await self._log.sent(self.entry)
        self.left = True


class Executor:
    """Executes tools for sessions, each within `seconds`."""

    def __init__(
        self, store: Store, catalogue: Catalogue, keeper: Keeper, runner: Runner, watch: Watch | None = None, seconds: float = SECONDS
    ) -> None:
        self._store = store
        self._catalogue = catalogue
        self._keeper = keeper
        self._runner = runner
        self._watch = watch or Watch()
        self._seconds = seconds

    async def execute(self, session: Session, slug: str, arguments: Any, account: str = "", full: bool = False) -> Outcome:
        """Execute a tool by slug. Every failure is an outcome, not an exception, and each execution leaves a row in the log, in which only
        tools that this session can execute are named.
        """
        row = Entry(
            next_id("log_"), session.project_id, session.id, session.user_id, "", "", "", "", "failed", "", 0, 0, now_ms(), request_id()
        )
        attempt = _Attempt(self._store.log, row)
        with self._watched(attempt):
            return await self._outcome(attempt, session, slug, arguments, account, full)

    async def _outcome(self, attempt: _Attempt, session: Session, slug: str, arguments: Any, account: str, full: bool) -> Outcome:
        began, log_id = time.perf_counter(), attempt.entry.id
        try:
            result = await self._in_time(attempt, session, slug, arguments, account, full)
            attempt.know(state="done", status=result.status)
            reply = result.reply
            return Outcome(
                True,
                reply.data,
                None,
                log_id,
                attempt.label,
                reply.next,
                reply.trimmed,
                waited=result.waited,
                changed=result.changed,
                items=reply.items,
                total=reply.total,
                zone=result.zone,
                note=reply.note,
                status=result.status,
                ms=result.ms,
            )
        except ToolwayError as error:
            return _failed(attempt, error)
        except Exception as error:
            # A fault of ours in one call must not take the other calls of the same request with it.
            fault(f"execute {attempt.entry.tool}", error)
            said = "Something went wrong inside Toolway."
            told = ToolwayError(said, fix=f"The operator finds it in the server's log under {request_id()}; the call is {log_id}.")
            told.maybe_done = attempt.left
            return _failed(attempt, told)
        except BaseException:
            attempt.know(state="unknown" if attempt.left else "failed", error="interrupted")
            raise
        finally:
            attempt.know(ms=round((time.perf_counter() - began) * 1000))
            await self._note(attempt.entry)

    @contextmanager
    def _watched(self, attempt: _Attempt) -> Generator[None]:
        """Tell of the call when it is over: a number, a line, and a span where there are traces."""
        try:
            if self._watch.spans is None:
                yield
            else:
                with self._watch.spans.execution() as span:
                    try:
                        yield
                    finally:
                        done = attempt.entry
                        if done.tool:
                            span.named(f"execute_tool {done.tool}", gen_ai__tool__name=done.tool)
                        span.told(toolway__log_id=done.id)
                        if done.state != "done":
                            span.failed(done.error)
        finally:
            done = attempt.entry
            self._watch.meters.call(done.toolkit, done.tool, done.state)
            log().info(
                "call",
                session=done.session_id,
                toolkit=done.toolkit,
                tool=done.tool,
                outcome=done.state,
                error=done.error,
                status=done.status,
                ms=done.ms,
                log_id=done.id,
            )

    async def _note(self, entry: Entry) -> None:
        try:
            await self._store.log.note(entry)
        except Unavailable as error:  # what became of the call is told in any case
            fault("note a call", error)

    async def _in_time(self, attempt: _Attempt, session: Session, slug: str, arguments: Any, account: str, full: bool) -> Result:
        try:
            async with asyncio.timeout(self._seconds):
                return await self._run(attempt, session, slug, arguments, account, full)
        except TimeoutError:
            late = NoAnswer(f"{slug} took longer than {self._seconds:g} seconds and was given up.", fix="Ask for less, or try again later.")
            late.maybe_done = attempt.left
            raise late from None

    async def _run(self, attempt: _Attempt, session: Session, slug: str, arguments: Any, account: str, full: bool) -> Result:
        card = policy.find(session, self._catalogue, slug)
        attempt.know(toolkit=card.toolkit, tool=card.slug, effect=card.effect)
        if not isinstance(arguments, dict):
            raise BadArgument(f"{card.slug}: arguments is no object.", fix='Give them by name, for example {"name": "Acme"}.')
        credential = await self._credential(attempt, session, card, account)
        kit = self._catalogue.toolkit(card.toolkit)
        return await self._runner.run(kit, kit.tools[card.name], cast("Json", arguments), credential, attempt.leaving, full)

    async def _credential(self, attempt: _Attempt, session: Session, card: Card, account: str) -> Credential:
        def choose(granted: Sequence[Granted]) -> Granted:
            attempt.used(granted[0][0])  # told also of a call that is refused
            chosen = policy.choose(card, granted)
            attempt.used(chosen[0])
            return chosen

        pins: list[str] = session.config["connected_accounts"].get(card.toolkit, [])
        explicit: bool = session.config["multi_account"]["require_explicit_selection"]
        return await self._keeper.credential(session.project_id, session.user_id, card.toolkit, pins, account, explicit, choose)


def _failed(attempt: _Attempt, error: ToolwayError) -> Outcome:
    state = "unknown" if error.maybe_done else "refused" if isinstance(error, Refused) else "failed"
    status = error.status if isinstance(error, Refused) else 0
    attempt.know(state=state, error=error.code, status=status)
    data: Json = {"status": status} if status else {}
    if isinstance(error, BadRequest) and error.details:
        data["errors"] = list(error.details)
    dead_key = isinstance(error, Refused) and error.means == "key"
    connect = attempt.entry.toolkit if dead_key or isinstance(error, NotConnected) else ""
    return Outcome(False, data, error.sentence, attempt.entry.id, attempt.label, connect=connect)
