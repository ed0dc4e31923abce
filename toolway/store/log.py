"""The call log: what was called, for whom, and how it ended.

Rows go through a bounded queue; one writer commits them every 50 ms or 200 rows, whichever comes first. A call that changes something
is noted as *sent* before it leaves: `sent` returns when its row is committed, together with whatever else waits. No row that was taken is
dropped: when the queue is full callers wait, five seconds at most, when the database fails the writer tries again, and rows that could
not be written by the end make `close` raise.

**Outcome unknown.** Each row bears the name of the process that wrote it, and each process holds a lock of that name for as long as it
lives (`database.lives`; it is given back even after kill -9). A row still *sent* whose process is gone is *unknown*: nobody is left who
could learn its outcome. A process that was only cut off for a while, and is heard of again, may still tell it.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import msgspec

from toolway.errors import ToolwayError, Unavailable
from toolway.store.database import Database
from toolway.store.records import Entry, from_row

EVERY_SECONDS = 0.05
BATCH = 200
MOST_WAITING = 10_000
PATIENCE_SECONDS = 5.0
_TRIES_OF_SENT = 3
_TRIES_AT_CLOSE = 6
_LEFT_BEHIND = "The process that sent this ended before an answer came."
_NEVER_LEFT = "Cancelled before the request left."
_Waiting = tuple[dict[str, Any], asyncio.Future[None] | None]


class Log:
    """The call log of this process. `written`, `failures` and `trouble` ("" when all is well) are for metrics and health."""

    def __init__(self, database: Database, *, most_waiting: int = MOST_WAITING, patience: float = PATIENCE_SECONDS) -> None:
        self.written = 0
        self.failures = 0
        self.trouble = ""
        self._database = database
        self._owner = database.owner
        self._most = most_waiting
        self._patience = patience
        self._enough = min(BATCH, most_waiting)
        self._rows: deque[_Waiting] = deque()
        self._batch: list[_Waiting] = []
        self._awaited = 0
        self._wake = asyncio.Event()
        self._room = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._closing = False
        self._writer: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """Rows that are not committed yet."""
        return len(self._rows) + len(self._batch)

    async def start(self) -> None:
        """Tell of calls that dead processes left behind, and begin to write."""
        await self.give_up_dead()
        self._writer = asyncio.create_task(self._write(), name="toolway call log")

    async def note(self, entry: Entry) -> None:
        """Write the entry down soon. An entry of the same id that was *sent* gets this outcome.

        Waits while the queue is full; raises Unavailable when it stays so.
        """
        await self._place()
        self._put(entry, None)

    async def sent(self, entry: Entry) -> None:
        """Write down that this is about to be sent; it is committed on return. Raises when it cannot be: then do not send."""
        await self._place()
        entry = msgspec.structs.replace(entry, state="sent")
        committed = asyncio.get_running_loop().create_future()
        self._put(entry, committed)
        try:
            await committed
        except asyncio.CancelledError:
            with suppress(ToolwayError):  # closed meanwhile
                self._put(msgspec.structs.replace(entry, state="failed", error=_NEVER_LEFT), None)
            raise

    async def recent(self, project_id: str, limit: int, session_id: str | None = None) -> Sequence[Entry]:
        """The latest committed entries of a project, or of one session in it, latest first."""
        read = self._database.read
        if session_id is None:
            rows = await read.all("recent_entries", project_id=project_id, most=limit)
        else:
            rows = await read.all("recent_session_entries", project_id=project_id, session_id=session_id, most=limit)
        return [from_row(Entry, row) for row in rows]

    async def count(self, project_id: str) -> int:
        """How many committed entries a project has."""
        return await self._database.read.value("count_entries", project_id=project_id)

    async def count_since(self, project_id: str, account_id: str, since: int) -> int:
        """How many calls went out with a connected account since a moment, in milliseconds since 1970."""
        return await self._database.read.value("count_entries_of_account", project_id=project_id, account_id=account_id, since=since)

    async def count_unknown(self, project_id: str) -> int:
        """How many entries of a project have an outcome that is unknown."""
        return await self._database.read.value("count_unknown_entries", project_id=project_id)

    async def unknown(self, project_id: str, before: int, limit: int = 100) -> Sequence[Entry]:
        """The entries of a project whose outcome is unknown, begun before `before` (milliseconds since 1970), latest first."""
        rows = await self._database.read.all("unknown_entries", project_id=project_id, before=before, most=limit)
        return [from_row(Entry, row) for row in rows]

    async def give_up_dead(self) -> int:
        """Make *unknown* what processes that are gone left *sent*; tells how many rows. Done at each start, harmless at any time."""
        told = 0
        for row in await self._database.read.all("owners_of_sent"):
            if not await self._database.lives(row["owner"]):
                told += await self._database.log.do("give_up_sent", owner=row["owner"], error=_LEFT_BEHIND)
        return told

    async def close(self) -> None:
        """Write what waits and stop. Raises ToolwayError when rows could not be written."""
        if self._writer is None or self._closing:
            return
        self._closing = True
        self._wake.set()
        self._room.set()
        await asyncio.shield(self._writer)
        if self.waiting:
            raise ToolwayError(f"{self.waiting} entries of the call log could not be written: {self.trouble}")

    async def _place(self) -> None:
        if len(self._rows) < self._most or self._closing:
            return
        try:
            async with asyncio.timeout(self._patience):
                while len(self._rows) >= self._most and not self._closing:
                    self._room.clear()
                    await self._room.wait()
        except TimeoutError:
            raise Unavailable(f"The call log cannot be written: {self.trouble or 'it is behind'}.") from None

    def _put(self, entry: Entry, committed: asyncio.Future[None] | None) -> None:
        if self._writer is None or self._writer.done():
            raise ToolwayError("The call log is closed.")
        row = msgspec.structs.asdict(entry)
        row["owner"] = self._owner
        self._rows.append((row, committed))
        if committed is not None:
            self._awaited += 1
            self._wake.set()
        elif len(self._rows) >= self._enough:
            self._wake.set()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(EVERY_SECONDS, self._wake.set)

    async def _write(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            while self._rows:
                self._take()
                if not await self._commit():
                    return
                if not (self._awaited or self._closing or len(self._rows) >= self._enough):
                    break
            if self._closing:
                return
            if self._rows and self._timer is None:
                self._timer = asyncio.get_running_loop().call_later(EVERY_SECONDS, self._wake.set)

    def _take(self) -> None:
        while self._rows and len(self._batch) < BATCH:
            item = self._rows.popleft()
            self._awaited -= item[1] is not None
            self._batch.append(item)
        self._room.set()

    async def _commit(self) -> bool:
        tries = 0
        while self._batch:
            try:
                await self._database.log.many("note_entries", [row for row, _ in self._batch])
            except Exception as problem:
                tries += 1
                self.failures += 1
                cause = problem.__cause__ or problem
                self.trouble = f"{type(cause).__name__}: {cause}"
                if not isinstance(problem, Unavailable):
                    self._batch = [(_storable(row), committed) for row, committed in self._batch]
                if tries >= _TRIES_OF_SENT:
                    self._refuse_sent()
                if self._closing and tries >= _TRIES_AT_CLOSE:
                    return False
                await asyncio.sleep(min(0.1 if self._closing else 1.0, 0.02 * 2**tries))
            else:
                self.trouble = ""
                self.written += len(self._batch)
                for _, committed in self._batch:
                    if committed is not None and not committed.done():
                        committed.set_result(None)
                self._batch = []
        return True

    def _refuse_sent(self) -> None:
        """Tell those who wait to send that they cannot; their rows stay, as calls that failed."""
        told = ToolwayError(f"The call log cannot be written, so nothing was sent: {self.trouble}")
        for items in (self._batch, self._rows):
            for index, (row, committed) in enumerate(items):
                if committed is None:
                    continue
                if not committed.done():
                    committed.set_exception(told)
                items[index] = ({**row, "state": "failed", "error": told.message}, None)
        self._awaited = 0


def _storable(row: dict[str, Any]) -> dict[str, Any]:
    """The row with what no database takes made harmless: half characters, NUL, numbers beyond 64 bits, things of no known kind."""
    return {name: _clamped(value) if isinstance(value, int) else _plain(value) for name, value in row.items()}


def _clamped(value: int) -> int:
    return max(-(2**63), min(2**63 - 1, value))


def _plain(value: object) -> str:
    text = "" if value is None else str(value)
    return text.encode("utf-8", "replace").decode().replace("\0", "")
