"""A process: the application with the suite's tools behind it, run as `toolway serve` runs it, and the proxy that brings its key.

    python -m tests.accept.conformance.server DATA_FOLDER

The key is the one of TOOLWAY_API_KEY. Prints one line of JSON when ready: `direct` and `proxy`, the two origins.
"""

import asyncio
import json
import socket
import sys

from tests.accept.conformance.desk import SuiteDesk
from tests.accept.conformance.proxy import adding
from toolway.accounts.sealing import Sealing
from toolway.cli.serve import fast_loop, run
from toolway.serve.app import App
from toolway.serve.local import Local
from toolway.serve.mcp import McpDoor
from toolway.serve.questions import Questions
from toolway.settings import read


async def _main(data: str) -> None:
    settings = read({"data": data})
    listener = socket.create_server(("127.0.0.1", 0))
    port = int(listener.getsockname()[1])
    async with await Local.open(settings) as local, adding(f"x-api-key: {settings.text('api_key')}".encode(), port) as outer:
        await local.first_key()
        door = McpDoor(SuiteDesk(), Questions(Sealing(local.vault)), local.watch)
        print(json.dumps({"direct": f"http://127.0.0.1:{port}", "proxy": f"http://127.0.0.1:{outer}"}), flush=True)
        await run(settings, App(local, door), listener)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=fast_loop()) as runner:
        runner.run(_main(sys.argv[1]))
