"""`toolway serve` as a real process, and requests to it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

KEY = "ak_workers-0123456789"
SESSION = "/api/v3.1/tool_router/session"
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class House:
    """A data folder and a database, and the commands on them."""

    def __init__(self, folder: Path, url: str = "", **more: str) -> None:
        self.folder = folder
        self.log = folder / "serve.log"
        own = {name: value for name, value in os.environ.items() if not name.startswith("TOOLWAY_")}
        ours = {"TOOLWAY_DATA": str(folder / "data"), "TOOLWAY_API_KEY": KEY, "COLUMNS": "160"} | ({"TOOLWAY_DATABASE": url} if url else {})
        self.environment = own | ours | more

    def say(self, *words: str) -> str:
        """What a command prints."""
        command = [sys.executable, "-m", "toolway", *words]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=True, timeout=60).stdout

    @contextmanager
    def serving(self, workers: int = 1) -> Generator["Served"]:
        """A server; it is ended in the end, however it goes."""
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", "toolway", "serve", "--port", "0", "--workers", str(workers)]
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment)
        try:
            until(lambda: self.origin() or process.poll() is not None)
            served = Served(process, self.origin(), self.log)
            until(served.ready)
            yield served
        finally:
            process.kill()  # the workers go with it
            process.wait()

    def origin(self) -> str:
        found = re.search(r"listens on (\S+)", self.log.read_text("utf-8"))
        return found[1] if found else ""


class Served:
    """A running server."""

    def __init__(self, process: "subprocess.Popen[bytes]", origin: str, log: Path) -> None:
        self.process = process
        self.origin = origin
        self.log = log

    def workers(self) -> list[int]:
        """The processes that serve."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text("ascii")
        return [int(pid) for pid in children.split()]

    def ask(self, method: str, path: str, key: str = KEY, content: Any = None, wait: float = 20) -> tuple[int, Any]:
        """A request on a connection of its own; 0 when there is no answer."""
        body = None if content is None else json.dumps(content).encode()
        headers = {"x-api-key": key, "content-type": "application/json"}
        try:
            with _direct.open(urllib.request.Request(self.origin + path, body, headers, method=method), timeout=wait) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as answer:
            with answer:
                return answer.code, json.loads(answer.read())
        except OSError:
            return 0, None

    def ready(self) -> bool:
        return self.ask("GET", "/readyz")[0] == 200

    @contextmanager
    def only(self, worker: int) -> Generator[None]:
        """The others are held still: it is this one that answers."""
        others = [pid for pid in self.workers() if pid != worker]
        try:
            until(lambda: self._alone(others))
            yield
        finally:
            _tell(others, signal.SIGCONT)

    def _alone(self, others: list[int]) -> bool:
        """Hold the others; but one that was held in the middle of its start, or of a write, would hold up this one's."""
        _tell(others, signal.SIGSTOP)
        until(lambda: all(state(pid) == "T" for pid in others))
        if self.ask("POST", SESSION, content={"user_id": "probe"}, wait=2)[0] == 201:
            return True
        _tell(others, signal.SIGCONT)
        time.sleep(0.2)
        return False


def _tell(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        os.kill(pid, number)


def state(pid: int) -> str:
    """The state of a process as the system shows it; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(") ")[2][0]
    except OSError:
        return ""


def gone(pids: list[int]) -> Callable[[], bool]:
    return lambda: all(state(pid) in ("", "Z") for pid in pids)


def until(true: Callable[[], object], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "not in time"
        time.sleep(0.01)
