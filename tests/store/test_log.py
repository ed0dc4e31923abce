import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec
import pytest

from tests.databases import outside
from toolway.errors import ToolwayError, Unavailable
from toolway.store.log import BATCH, Log
from toolway.store.records import Entry, new_id
from toolway.store.shelves import Store


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    async with await Store.open(url) as opened:
        yield opened


def entry(state: str = "done", **changes: Any) -> Entry:
    made = Entry(new_id("log_"), "pr_1", "trs_1", "alice", "clockify", "CLOCKIFY_CREATE_TAG", "ca_1", "create", state, "", 0, 0, 1000)
    return msgspec.structs.replace(made, **changes)


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    deadline = time.monotonic() + 10
    while not await true():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.005)


async def test_what_is_noted_is_there_soon_without_anybody_waiting(store: Store) -> None:
    first, second = entry(at=1), entry(at=2, session_id="trs_2")
    await store.log.note(first)
    await store.log.note(second)
    await store.log.note(entry(project_id="pr_2", at=3))
    assert await store.log.count("pr_1") == 0

    async def there() -> bool:
        return await store.log.count("pr_1") == 2

    await until(there)
    assert await store.log.recent("pr_1", 10) == [second, first]
    assert await store.log.recent("pr_1", 1) == [second]
    assert await store.log.recent("pr_1", 10, "trs_1") == [first]
    assert await store.log.recent("pr_2", 10, "trs_1") != [] and await store.log.recent("pr_3", 10, "trs_1") == []


async def test_sent_is_committed_on_return_and_gets_its_outcome(store: Store, url: str) -> None:
    call = entry("anything")
    await store.log.sent(call)
    assert await outside(url, "SELECT id, state FROM log") == [(call.id, "sent")]
    await store.log.note(msgspec.structs.replace(call, state="done", status=201, ms=33))
    await store.log.note(msgspec.structs.replace(call, state="failed", error="later"))  # an outcome that was told stays
    await store.log.note(msgspec.structs.replace(call, project_id="pr_2", state="refused"))  # nor is it another project's to change
    await store.close()
    async with await Store.open(url) as again:
        assert await again.log.recent("pr_1", 10) == [msgspec.structs.replace(call, state="done", status=201, ms=33)]
        assert await again.log.count("pr_2") == 0


async def test_a_call_that_ends_in_the_batch_that_tells_of_it(store: Store) -> None:
    call = entry("sent")
    told = [call, entry(at=1), msgspec.structs.replace(call, state="done", ms=7), msgspec.structs.replace(call, state="failed")]
    await store.database.log.many("note_entries", [msgspec.structs.asdict(one) | {"owner": "o"} for one in told])
    assert await store.log.recent("pr_1", 9) == [told[2], told[1]]


async def test_nobody_but_the_project_gives_a_call_its_outcome(store: Store) -> None:
    call = entry("sent")
    await store.log.sent(call)
    await store.log.note(msgspec.structs.replace(call, project_id="pr_2", state="done"))
    await store.log.sent(entry())
    assert {one.state for one in await store.log.recent("pr_1", 10)} == {"sent"}


async def test_many_who_send_at_once_share_commits(store: Store) -> None:
    calls = [entry() for _ in range(500)]
    await asyncio.gather(*(store.log.sent(call) for call in calls))
    assert {one.id for one in await store.log.recent("pr_1", 1000)} == {call.id for call in calls}


async def test_closing_writes_what_waits(url: str) -> None:
    store = await Store.open(url)
    for number in range(3 * BATCH + 7):
        await store.log.note(entry(at=number))
    await store.close()
    await store.close()
    with pytest.raises(ToolwayError, match="closed"):
        await store.log.note(entry())
    async with await Store.open(url) as again:
        assert await again.log.count("pr_1") == 3 * BATCH + 7


async def test_a_full_queue_makes_callers_wait_and_loses_nothing(store: Store) -> None:
    log = Log(store.database, most_waiting=20)
    await log.start()
    deepest = 0

    async def caller(number: int) -> None:
        nonlocal deepest
        for turn in range(50):
            await log.note(entry(at=number * 100 + turn))
            deepest = max(deepest, log.waiting)

    await asyncio.gather(*(caller(number) for number in range(10)))
    assert deepest <= 2 * 20
    await log.close()
    assert await store.log.count("pr_1") == 500 == log.written


async def test_a_queue_that_stays_full_is_told_of_in_time(store: Store, url: str) -> None:
    log = Log(store.database, most_waiting=2, patience=0.2)
    await log.start()
    await away(url)
    began = time.monotonic()

    async def note_many() -> None:
        for at in range(10):
            await log.note(entry(at=at))

    with pytest.raises(Unavailable, match="call log cannot be written"):
        await note_many()
    assert time.monotonic() - began < 2
    await away(url, back=True)
    await log.close()


async def away(url: str, *, back: bool = False) -> None:
    """Makes the log's table unusable, as a full or broken disk would."""
    old, new = ("elsewhere", "log") if back else ("log", "elsewhere")
    await outside(url, f"ALTER TABLE {old} RENAME TO {new}")


async def test_a_failing_batch_is_tried_until_it_succeeds(store: Store, url: str) -> None:
    await away(url)
    noted = [entry(at=number) for number in range(3)]
    for one in noted:
        await store.log.note(one)

    async def failing() -> bool:
        return store.log.failures >= 2

    await until(failing)
    assert store.log.waiting == 3 and "log" in store.log.trouble
    await away(url, back=True)

    async def written() -> bool:
        return store.log.written == 3

    await until(written)
    assert store.log.trouble == "" and store.log.waiting == 0
    assert await store.log.recent("pr_1", 10) == noted[::-1]


async def test_what_cannot_be_written_down_is_not_sent_and_is_written_down_as_failed_later(store: Store, url: str) -> None:
    await away(url)
    calls = [entry(at=number) for number in range(3)]
    told = await asyncio.gather(*(store.log.sent(call) for call in calls), return_exceptions=True)
    assert all(isinstance(one, ToolwayError) and "nothing was sent" in one.sentence for one in told)
    await away(url, back=True)

    async def written() -> bool:
        return store.log.waiting == 0

    await until(written)
    assert [one.state for one in await store.log.recent("pr_1", 10)] == ["failed"] * 3


async def test_rows_that_are_lost_at_the_end_are_told_of_loudly(url: str) -> None:
    store = await Store.open(url)
    await away(url)
    await store.log.note(entry())
    await store.log.note(entry())
    with pytest.raises(ToolwayError, match="2 entries of the call log could not be written"):
        await store.close()


async def test_a_row_that_no_database_takes_does_not_hold_up_the_others(store: Store) -> None:
    good, half, long = entry(at=1), entry(user_id="half \ud83d", at=2), entry(ms=2**70, at=3)
    wrong = entry(tool=None, at=4)
    for one in (good, half, long, wrong):
        await store.log.note(one)
    await store.log.sent(entry(at=5))
    written = {one.id: one for one in await store.log.recent("pr_1", 10)}
    assert len(written) == 5 and written[good.id] == good
    assert written[half.id].user_id == "half ?" and written[long.id].ms == 2**63 - 1 and written[wrong.id].tool == ""


async def test_who_is_cancelled_before_the_row_is_committed_did_not_send(store: Store) -> None:
    call = entry()
    task = asyncio.create_task(store.log.sent(call))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await store.log.sent(entry())
    states = {one.id: one.state for one in await store.log.recent("pr_1", 10)}
    assert states[call.id] == "failed"


CHILD = """
import asyncio, sys
from toolway.store.shelves import Store
from toolway.store.records import Entry, new_id, now_ms

async def call(store, number):
    id = new_id("log_")
    made = Entry(id, "pr_1", "trs_1", "alice", "clockify", "T", "ca_1", "create", "sent", "", 0, 0, now_ms())
    await store.log.sent(made)
    print(id, flush=True)
    if sys.argv[2] == "storm":
        await call(store, number)
    await asyncio.Event().wait()

async def main():
    store = await Store.open(sys.argv[1])
    await asyncio.gather(*(call(store, number) for number in range(5)))

sys.setrecursionlimit(100_000)
asyncio.run(main())
"""


def child(url: str, way: str) -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-c", CHILD, url, way], stdout=subprocess.PIPE, text=True)


def lines(process: "subprocess.Popen[str]", count: int) -> list[str]:
    assert process.stdout is not None
    return [process.stdout.readline().strip() for _ in range(count)]


async def test_a_call_that_was_under_way_at_kill_9_is_told_as_unknown_and_only_then(url: str) -> None:
    process = child(url, "still")
    try:
        ids = set(await asyncio.to_thread(lines, process, 5))
        async with await Store.open(url) as store:
            mine = entry()
            await store.log.sent(mine)
            assert await store.log.unknown("pr_1", before=2**53) == [], "the process lives: its calls may still be answered"
            assert {one.id for one in await store.log.recent("pr_1", 10)} == ids | {mine.id}
            process.send_signal(signal.SIGKILL)
            process.wait()
            told = 0
            async with asyncio.timeout(20):  # PostgreSQL gives a dead process's lock back a moment after its end
                while told < 5:
                    told += await store.log.give_up_dead()
            assert told == 5
            assert await store.log.give_up_dead() == 0
            left = await store.log.unknown("pr_1", before=2**53)
            assert {one.id for one in left} == ids and {one.state for one in left} == {"unknown"}
            assert "ended before an answer came" in left[0].error
            assert await store.log.unknown("pr_2", before=2**53) == [] == await store.log.unknown("pr_1", before=0)
            await store.log.note(msgspec.structs.replace(mine, state="done"))
        async with await Store.open(url) as store:
            assert await store.log.give_up_dead() == 0 and len(await store.log.unknown("pr_1", before=2**53)) == 5
    finally:
        process.kill()
        process.communicate()


async def test_the_next_start_tells_of_what_was_left(url: str) -> None:
    process = child(url, "still")
    ids = set(lines(process, 5))
    process.kill()
    process.communicate()
    async with await Store.open(url) as store:
        assert {one.id for one in await store.log.unknown("pr_1", before=2**53)} == ids


async def test_a_process_that_was_wrongly_held_for_dead_may_still_tell_how_its_call_ended(store: Store, url: str) -> None:
    call, other = entry(), entry()
    await store.log.sent(call)
    await store.log.sent(other)
    await outside(url, "UPDATE log SET state = 'unknown'")
    await outside(url, f"UPDATE log SET owner = 'somebody else' WHERE id = '{other.id}'")
    await store.log.note(msgspec.structs.replace(call, state="done"))
    await store.log.note(msgspec.structs.replace(other, state="done"))
    await store.log.sent(entry())
    assert {one.id: one.state for one in await store.log.recent("pr_1", 10)}.items() >= {call.id: "done", other.id: "unknown"}.items()


@pytest.mark.parametrize("count", [1, 37, 400])
async def test_whatever_was_told_as_committed_is_there_after_kill_9_at_any_moment(url: str, count: int) -> None:
    process = child(url, "storm")
    told = lines(process, count)
    process.kill()
    rest, _ = process.communicate()
    whole = rest.split("\n")[:-1]  # the last line may be cut off
    async with await Store.open(url) as store:
        assert {one.id for one in await store.log.unknown("pr_1", before=2**53, limit=100_000)} >= {*told, *whole}
