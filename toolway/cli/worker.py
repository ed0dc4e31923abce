"""One worker of several: `python -m toolway.cli.worker`, started by `cli.oversee`.

Standard input gives its settings and the number of the socket, and ends when the process that oversees it is gone, however it went.
"""

import asyncio
import json
import signal
import socket
import sys

from toolway.cli.serve import fast_loop, run
from toolway.errors import ToolwayError
from toolway.serve.app import open_app
from toolway.settings import Settings
from toolway.watch import start


def main() -> None:
    """Serve until told to stop."""
    start()
    told = json.loads(sys.stdin.buffer.readline() or "null")
    if told is None:
        return
    settings = Settings({name: (value, origin) for name, (value, origin) in told["settings"].items()})
    try:
        with asyncio.Runner(loop_factory=fast_loop()) as runner:
            runner.run(_work(settings, socket.socket(fileno=told["listener"])))
    except ToolwayError as error:
        sys.exit(f"toolway: {error.sentence}")


async def _work(settings: Settings, listener: socket.socket) -> None:
    app, local = await open_app(settings)
    async with local:
        asyncio.get_running_loop().add_reader(0, _alone)
        await run(settings, app, listener)


def _alone() -> None:
    asyncio.get_running_loop().remove_reader(0)
    signal.raise_signal(signal.SIGTERM)


if __name__ == "__main__":
    main()
