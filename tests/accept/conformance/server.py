"""A process: the application with the suite's tools behind it, run as `toolway serve` runs it, and the proxy that brings its key.

    python -m tests.accept.conformance.server DATA_FOLDER WIRE

WIRE is httptools, the strict protocol that `toolway serve` takes, or h11, uvicorn's other one, which it refuses to run on: what is ours
has to hold on either.

The key is the one of TOOLWAY_API_KEY. Prints one line of JSON when ready: `direct` and `proxy`, the two origins.
"""

import asyncio
import json
import socket
import sys

import uvicorn

from tests.accept.conformance.desk import SuiteDesk
from tests.accept.conformance.proxy import adding
from toolway.accounts.sealing import Sealing
from toolway.cli.serve import fast_loop, run
from toolway.serve.app import App
from toolway.serve.local import Local
from toolway.serve.mcp import McpDoor
from toolway.serve.questions import Questions
from toolway.settings import read


async def _main(data: str, wire: str) -> None:
    settings = read({"data": data})
    listener = socket.create_server(("127.0.0.1", 0))
    port = int(listener.getsockname()[1])
    async with await Local.open(settings) as local, adding(f"x-api-key: {settings.text('api_key')}".encode(), port) as outer:
        await local.first_key()
        door = McpDoor(SuiteDesk(), Questions(Sealing(local.vault)), local.watch)
        print(json.dumps({"direct": f"http://127.0.0.1:{port}", "proxy": f"http://127.0.0.1:{outer}"}), flush=True)
        if wire == "httptools":
            await run(settings, App(local, door), listener)
        else:
            config = uvicorn.Config(App(local, door), http="h11", lifespan="off", log_config=None, access_log=False, ws="none")
            await uvicorn.Server(config).serve(sockets=[listener])


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=fast_loop()) as runner:
        runner.run(_main(*sys.argv[1:]))
