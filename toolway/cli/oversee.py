"""Several workers behind one address: this process holds the socket and keeps them alive. Each worker is a whole server of its own."""

import asyncio
import json
import signal
import socket
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from toolway.settings import Settings

_END_SECONDS = 15.0
_PAUSE_SECONDS = 1.0


async def oversee(settings: Settings, listener: socket.socket) -> None:
    """Start the workers, put another in the place of each that dies, and end them all at SIGTERM and Ctrl-C."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with tempfile.TemporaryDirectory(prefix="toolway-metrics-", ignore_cleanup_errors=True) as metrics:
        async with asyncio.TaskGroup() as places:
            for place in range(settings.workers):
                places.create_task(_fill(settings, listener, stop, {"metrics": metrics, "place": place}))


async def _fill(settings: Settings, listener: socket.socket, stop: asyncio.Event, place: Mapping[str, Any]) -> None:
    asked = asyncio.create_task(stop.wait())
    while not stop.is_set():
        # A worker that cannot start is not started over and over without a pause.
        pause = asyncio.create_task(asyncio.sleep(_PAUSE_SECONDS))
        worker = await _start(settings, listener, place)
        ended = asyncio.create_task(worker.wait())
        await asyncio.wait((ended, asked), return_when=asyncio.FIRST_COMPLETED)
        if not stop.is_set():
            print(f"Worker {worker.pid} ended with {worker.returncode}; another takes its place.", file=sys.stderr, flush=True)
            await asyncio.wait((pause, asked), return_when=asyncio.FIRST_COMPLETED)
        pause.cancel()
        await _end(worker)


async def _start(settings: Settings, listener: socket.socket, place: Mapping[str, Any]) -> asyncio.subprocess.Process:
    worker = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "toolway.cli.worker"),
        stdin=asyncio.subprocess.PIPE,
        pass_fds=(listener.fileno(),),
        start_new_session=True,  # Ctrl-C comes to us alone, and goes on from here
    )
    # Through the pipe, where nobody else on this machine can read the secrets among them. It stays open: its end tells of ours.
    assert worker.stdin is not None
    worker.stdin.write(json.dumps({"listener": listener.fileno(), "settings": settings.values, **place}).encode() + b"\n")
    return worker


async def _end(worker: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        worker.terminate()
    try:
        await asyncio.wait_for(worker.wait(), _END_SECONDS)
    except TimeoutError:
        with suppress(ProcessLookupError):
            worker.kill()
        await worker.wait()
