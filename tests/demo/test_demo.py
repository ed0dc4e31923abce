"""The demo as a person runs it: a process, its words, and nothing left of it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from demo.play import REQUESTS, working_day_before

ROOT = Path(__file__).parents[2]


class Demo:
    """A demo that runs, and what its router left word of."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self.process = process
        self.folder = folder
        self.running: dict[str, Any] = {}

    def started(self) -> None:
        """Wait until the router listens."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and not self.running:
            for path in self.folder.glob("*/data/running.json"):
                text = path.read_text()
                self.running = json.loads(text) if text.endswith("\n") else {}
            if self.process.poll() is not None:
                break
            time.sleep(0.01)
        assert self.running, self.process.communicate(timeout=60)[0] if self.process.poll() is not None else "still starting"

    def ended(self) -> tuple[int, str]:
        """Exit code and words; the folder, the router and the sandbox are gone by then."""
        said, _ = self.process.communicate(timeout=60)
        assert list(self.folder.iterdir()) == []
        for address in (self.running["origin"], self.running["sandbox"]):
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", urlsplit(str(address)).port or 0), timeout=5).close()
        with pytest.raises(ProcessLookupError):
            os.kill(self.running["pid"], 0)
        return self.process.returncode, said


@contextmanager
def playing(folder: Path) -> Generator[Demo]:
    environ = os.environ | {"NO_COLOR": "1", "COLUMNS": "100", "TMPDIR": str(folder), "TOOLWAY_DATABASE": "sqlite:////none/of/ours.db"}
    command = [sys.executable, "-m", "demo"]
    with subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            yield Demo(process, folder)
        finally:
            process.terminate()  # its own way out leaves nothing behind


def test_seven_requests_are_answered(tmp_path: Path) -> None:
    with playing(tmp_path) as demo:
        demo.started()
        code, said = demo.ended()
    assert code == 0, said
    assert [words for words in (request.words for request in REQUESTS) if words not in said] == []
    assert [tool for tool in (request.tool for request in REQUESTS) if tool not in said] == []
    answers = said.split("\n1  ")[1]
    for number, values in enumerate(
        (
            ("Marketing", "Design Team"),
            ("Northwind",),
            ("david@example.com", "farid@example.com"),
            ("client website redesign", "Wireframes", "Autumn campaign"),
            ("Alice", "Hugo", "Development"),
            ("started", "yes"),
            ("Drawing Board", "productive"),
        ),
        start=1,
    ):
        answer, _, answers = answers.partition(f"\n{number + 1}  ") if number < len(REQUESTS) else (answers, "", "")
        assert [value for value in values if value not in answer] == [], answer
    assert "No model took part" in said
    assert "COMPOSIO_BASE_URL=" in said
    assert "\x1b" not in said
    assert max(map(len, said.splitlines())) <= 100


def test_a_sandbox_that_fails_is_told_in_a_sentence(tmp_path: Path) -> None:
    with playing(tmp_path) as demo:
        demo.started()
        fault = json.dumps({"path_prefix": "/", "status": 400, "body": {"message": "out of order"}, "times": 1000}).encode()
        with urllib.request.urlopen(urllib.request.Request(f"{demo.running['sandbox']}/_sandbox/fault", fault, method="POST")) as answer:
            assert answer.status < 300
        code, said = demo.ended()
    assert code == 1, said
    last = said[said.index("The demo failed.") :]
    assert "out of order" in last
    assert "Traceback" not in said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_nothing_is_left_of_one_that_is_stopped(tmp_path: Path, number: int) -> None:
    with playing(tmp_path) as demo:
        demo.started()
        demo.process.send_signal(number)
        code, said = demo.ended()
    assert code == 130, said
    assert said.endswith("Stopped; everything that was started has ended.\n")
    assert "Traceback" not in said


def test_a_weekend_asks_for_the_last_working_day() -> None:
    friday, saturday, sunday, monday = (date(2026, 11, day) for day in (20, 21, 22, 23))
    assert [working_day_before(day) for day in (saturday, sunday, monday)] == [friday, friday, friday]
    apps, tracked = REQUESTS[6], REQUESTS[4]
    assert apps.call(saturday) == ({"id": "12345", "date": "2026-11-20"}, "")
    assert apps.call(monday).arguments["date"] == "2026-11-20"
    assert "Sunday" in apps.call(monday).note
    nobody: Any = {"employees": {"2026-11-21": {"1": {"arrived": False}}}}
    other = tracked.again(saturday, nobody)
    assert other is not None
    assert other.arguments == {"date": "2026-11-20"}
    assert "Saturday" in other.note
    assert tracked.again(friday, {"employees": {"2026-11-20": {"1": {"arrived": "2026-11-20 09:00:00"}}}}) is None
