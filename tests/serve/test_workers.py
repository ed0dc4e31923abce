"""`toolway serve --workers 2` as real processes, on each engine: any worker answers anything, and each may die."""

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

import pytest

from tests.databases import Postgres

KEY = "ak_workers-0123456789"
SESSION = "/api/v3.1/tool_router/session"
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class House:
    """A data folder and a database, and the commands on them."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.log = folder / "serve.log"
        own = {name: value for name, value in os.environ.items() if not name.startswith("TOOLWAY_")}
        self.environment = own | {"TOOLWAY_DATA": str(folder / "data"), "TOOLWAY_DATABASE": url, "TOOLWAY_API_KEY": KEY, "COLUMNS": "160"}

    def say(self, *words: str) -> str:
        """What a command prints."""
        command = [sys.executable, "-m", "toolway", *words]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=True, timeout=60).stdout

    @contextmanager
    def serving(self, workers: int) -> Generator["Served"]:
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
        """Hold the others; but one that was held in the middle of its start would hold up this one's."""
        _tell(others, signal.SIGSTOP)
        until(lambda: all(state(pid) == "T" for pid in others))
        if self.ask("GET", "/readyz", wait=2)[0] == 200:
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


@pytest.fixture
def house(tmp_path: Path, url: str) -> House:
    return House(tmp_path, url)


def test_what_one_worker_was_told_all_know_and_a_revoked_key_is_refused_by_both_within_a_second(house: House) -> None:
    with house.serving(2) as served:
        until(lambda: len(served.workers()) == 2)
        first, second = served.workers()
        with served.only(first):
            key = house.say("key", "new").strip()
            status, made = served.ask("POST", SESSION, key, {"user_id": "alice"})
            assert status == 201
        path = f"{SESSION}/{made['session_id']}"
        for worker in (first, second):
            with served.only(worker):
                assert served.ask("GET", path, key)[0] == 200
        listed = house.say("key", "list")
        [key_id] = [line.split()[0] for line in listed.splitlines() if key[-4:] in line]
        house.say("key", "revoke", key_id)
        end = time.monotonic() + 1
        for worker in (first, second):
            with served.only(worker):
                while served.ask("GET", path, key)[0] != 401:
                    assert time.monotonic() < end
                assert served.ask("GET", path)[0] == 200
        assert house.log.read_text("utf-8").count("listens on") == 1


def test_a_worker_that_dies_is_replaced_and_all_end_with_the_one_that_oversees_them(house: House) -> None:
    with house.serving(2) as served:
        until(lambda: len(served.workers()) == 2)
        before = served.workers()
        os.kill(before[0], signal.SIGKILL)
        until(lambda: len(served.workers()) == 2 and before[0] not in served.workers())
        after = served.workers()
        [new] = set(after) - set(before)
        with served.only(new):
            assert served.ready()
        assert f"Worker {before[0]} ended with -9" in house.log.read_text("utf-8")
        served.process.terminate()
        assert served.process.wait(20) == 0
        until(gone(after))
        assert "Traceback" not in house.log.read_text("utf-8")


def test_workers_do_not_outlive_the_one_that_oversees_them(house: House) -> None:
    with house.serving(2) as served:
        until(lambda: len(served.workers()) == 2)
        workers = served.workers()
        served.process.kill()
        served.process.wait()
        until(gone(workers))


def test_requests_during_an_outage_are_told_so_and_go_on_after_it(tmp_path: Path) -> None:
    database = Postgres()
    try:
        with House(tmp_path, database.fresh()).serving(1) as served:
            _, made = served.ask("POST", SESSION, KEY, {"user_id": "alice"})
            database.stop()
            until(lambda: served.ask("GET", "/readyz")[0] == 503)
            for method, path, content in (("GET", f"{SESSION}/{made['session_id']}", None), ("POST", SESSION, {"user_id": "bob"})):
                status, told = served.ask(method, path, KEY, content)
                assert status == 503 and "database does not answer" in told["error"]["message"]
            assert served.ask("GET", "/healthz")[0] == 200
            database.start()
            until(served.ready)
            assert served.ask("GET", f"{SESSION}/{made['session_id']}")[0] == 200
            assert served.ask("POST", SESSION, KEY, {"user_id": "bob"})[0] == 201
    finally:
        database.end()
