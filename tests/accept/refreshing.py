"""A process that calls for one user when it is told to: reads how many calls from each line, prints what became of them.

Arguments: the settings, as JSON.
"""

import asyncio
import json
import sys
from typing import Any

from toolway.router.config import configure
from toolway.router.execute import Executor
from toolway.serve.local import Local
from toolway.settings import read
from toolway.store.records import Session, new_id

USER = "alice"
TOOL = "LEDGER_WHO_AM_I"


async def main(settings: dict[str, str]) -> None:
    async with await Local.open(read(settings, {})) as local:
        executor = Executor(local.store, local.catalogue, local.keeper, local.runner)
        project = (await local.project()).id
        config = configure({"user_id": USER, "toolkits": {"enable": ["ledger"]}}, local.catalogue)
        session = Session(new_id("trs_"), project, USER, config, 1, 1, 1)
        print("ready", flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            local.store.freshness.due()  # what was changed a moment ago counts
            await local.store.freshness.fresh()
            done = await asyncio.gather(*(executor.execute(session, TOOL, {}) for _ in range(int(line))))
            told: list[Any] = [{"successful": one.successful, "error": one.error, "connect": one.connect} for one in done]
            print(json.dumps(told), flush=True)


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
