"""The processes: a router with a sandbox beside it, on a folder of their own. Nothing of them is left in the end."""

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import NamedTuple

from demo import Failed

_START_SECONDS = 20.0
_STOP_SECONDS = 5.0
_POLL_SECONDS = 0.01


class House(NamedTuple):
    """A running router: its address, the sandbox's, a key, and how long it took to start."""

    origin: str
    sandbox: str
    key: str
    ms: float


@contextlib.contextmanager
def house() -> Generator[Callable[[], House]]:
    """Start `toolway serve --sandbox` in a folder of its own; both are gone afterwards, whatever happens. What is given waits for it."""
    with tempfile.TemporaryDirectory(prefix="toolway-demo-", ignore_cleanup_errors=True) as place:
        folder = Path(place)
        key = f"demo_{secrets.token_hex(16)}"
        running, said, began = folder / "data" / "running.json", folder / "said.txt", time.time()

        def ready() -> House:
            found = _found(running, server, said)
            return House(found["origin"], found["sandbox"], key, (running.stat().st_mtime - began) * 1000)

        with said.open("wb") as out, _process(folder, key, out.fileno()) as server:
            yield ready


@contextlib.contextmanager
def _process(folder: Path, key: str, out: int) -> Generator[subprocess.Popen[bytes]]:
    # Settings of whoever runs the demo, a database for instance, are none of its business.
    environ = {name: value for name, value in os.environ.items() if not name.startswith("TOOLWAY_")} | {"TOOLWAY_API_KEY": key}
    command = [sys.executable, "-m", "toolway", "serve", "--sandbox", "--port", "0", "--data", str(folder / "data")]
    # In a session of its own a Ctrl-C does not reach it: it is ended here, in order.
    server = subprocess.Popen(command, cwd=folder, env=environ, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True)
    try:
        yield server
    finally:
        _end(server)


def _end(server: subprocess.Popen[bytes]) -> None:
    again = signal.signal(signal.SIGINT, signal.SIG_IGN)  # an impatient second Ctrl-C shall not leave processes behind
    try:
        server.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(_STOP_SECONDS)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(server.pid, signal.SIGKILL)  # the sandbox is in its group
        server.wait(_STOP_SECONDS)
    finally:
        signal.signal(signal.SIGINT, again)


def _found(running: Path, server: subprocess.Popen[bytes], said: Path) -> dict[str, str]:
    """What the server leaves word of once it listens."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(FileNotFoundError, ValueError):  # not there yet, or half written
            return json.loads(running.read_text("utf-8"))
        if server.poll() is not None:
            raise Failed(f"The server ended at its start, with {server.returncode}.{_last(said)}")
        time.sleep(_POLL_SECONDS)
    raise Failed(f"The server did not start within {_START_SECONDS:.0f} s.{_last(said)}")


def _last(said: Path) -> str:
    lines = said.read_text("utf-8", "replace").strip().splitlines()
    return f" It said last: {lines[-1][:300]}" if lines else ""
