"""What the store costs: processor time of this process for one note, sent, fresh and identify, on SQLite and on PostgreSQL.

    python -m bench.store [--count 5000]

Processor time of the database's own server is not in it (SQLite has none: its work is in this process).
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.databases import Postgres
from toolway.accounts.keys import open_keys
from toolway.accounts.vault import Vault
from toolway.store.records import Entry, Project, new_id
from toolway.store.shelves import Store


def entry() -> Entry:
    return Entry(new_id("log_"), "pr_1", "trs_1", "alice", "clockify", "T", "ca_1", "create", "done", "", 200, 9, 1)


async def measured(name: str, count: int, work: Callable[[], Awaitable[object]]) -> None:
    began, wall = time.process_time(), time.perf_counter()
    await work()
    spent, passed = time.process_time() - began, time.perf_counter() - wall
    print(f"  {name:<34}{spent / count * 1e6:>8.0f} us CPU{passed / count * 1e6:>9.0f} us")


async def weigh(url: str, count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with await Store.open(url) as store:
            await store.projects.add(Project("pr_1", "one", 1))
            keys = await open_keys(store, Vault.open(Path(folder), None))
            _, secret = await keys.create("pr_1")
            text = secret.open()

            async def note() -> None:
                for number in range(count):
                    await store.log.note(entry())
                    if number % 100 == 0:
                        await asyncio.sleep(0)
                while store.log.waiting:
                    await asyncio.sleep(0.001)

            async def sent() -> None:
                for _ in range(count):
                    await store.log.sent(entry())

            async def many_sent() -> None:
                async def caller() -> None:
                    for _ in range(count // 50):
                        await store.log.sent(entry())

                await asyncio.gather(*(caller() for _ in range(50)))

            async def fresh() -> None:
                for _ in range(count):
                    store.freshness.due()
                    await store.freshness.fresh()

            async def remembered_fresh() -> None:
                for _ in range(count):
                    await store.freshness.fresh()

            async def identify() -> None:
                for _ in range(count):
                    await keys.identify(text)

            async def identify_anew() -> None:
                for _ in range(count):
                    keys.forget()
                    await keys.identify(text)

            await sent()  # warm
            await measured("note", count, note)
            await measured("sent, one after the other", count, sent)
            await measured("sent, fifty at once", count, many_sent)
            await measured("fresh, when the counter is read", count, fresh)
            await measured("fresh, within 200 ms", count, remembered_fresh)
            await measured("identify, a key not remembered", count, identify_anew)
            await measured("identify, a remembered key", count, identify)


def main() -> None:
    count = int(sys.argv[sys.argv.index("--count") + 1]) if "--count" in sys.argv else 5000
    with tempfile.TemporaryDirectory() as folder:
        print("SQLite")
        asyncio.run(weigh(f"sqlite:///{folder}/t.db", count))
    server = Postgres(quick=False)
    try:
        print("PostgreSQL, on this machine, over its socket")
        asyncio.run(weigh(server.fresh(), count))
    finally:
        server.end()


if __name__ == "__main__":
    main()
