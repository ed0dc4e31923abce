"""One worker of several: `python -m toolway.cli.worker`, started by `cli.oversee`.

Standard input gives its settings and the number of the socket, and ends when the process that oversees it is gone, however it went.
"""

import asyncio
import json
import signal
import socket
import sys

from toolway.cli.serve import fast_loop, run, spans
from toolway.errors import ToolwayError
from toolway.serve.app import App
from toolway.serve.local import Local
from toolway.settings import Settings
from toolway.watch import Meters, Watch, adopt, start
from toolway.watch.meters import SAMPLE_SECONDS


def main() -> None:
    """Serve until told to stop."""
    start()
    adopt()
    told = json.loads(sys.stdin.buffer.readline() or "null")
    if told is None:
        return
    settings = Settings({name: (value, origin) for name, (value, origin) in told["settings"].items()})
    start(level=settings.text("log"))
    try:
        watch = Watch(Meters(told["metrics"], told["place"]), spans(settings))
        with asyncio.Runner(loop_factory=fast_loop()) as runner:
            runner.run(_work(settings, socket.socket(fileno=told["listener"]), watch))
    except ToolwayError as error:
        sys.exit(f"toolway: {error.sentence}")


async def _work(settings: Settings, listener: socket.socket, watch: Watch) -> None:
    async with await Local.open(settings, watch) as local:
        alone = asyncio.Event()
        asyncio.get_running_loop().add_reader(0, _alone, alone)
        sampling = asyncio.create_task(_sample(watch.meters))
        async with local.idle:
            await run(settings, App(local), listener)
        sampling.cancel()
    if alone.is_set():  # who made it cannot take it away any more
        watch.meters.leave()


async def _sample(meters: Meters) -> None:
    """Keep the numbers that are not counted here where the others find them."""
    while True:
        meters.sample()
        await asyncio.sleep(SAMPLE_SECONDS)


def _alone(alone: asyncio.Event) -> None:
    alone.set()
    asyncio.get_running_loop().remove_reader(0)
    signal.raise_signal(signal.SIGTERM)


if __name__ == "__main__":
    main()
