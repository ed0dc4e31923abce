"""The numbers, of one process and of several."""

import subprocess
import sys
from pathlib import Path

from tests.watch.numbers import Numbers
from toolway import __version__
from toolway.watch import Meters

WORKER = """
import os, signal, sys
from toolway.watch import Meters
meters = Meters(sys.argv[1], int(sys.argv[2]))
rows = [0, 0]
meters.gauges("queue", "Waiting.", lambda: rows[0])
meters.counts("rows", "Written.", lambda: rows[1], kind="a")
print("ready", flush=True)
for line in sys.stdin:
    match line.split():
        case ["call"]:
            meters.call("acme", "ACME_PING", "done")
            meters.upstream("acme", 0.2)
            meters.request("mcp", 200)
        case ["rows", waiting, written]:
            rows[:] = int(waiting), int(written)
            meters.sample()
        case ["leave"]:
            meters.leave()
        case ["die"]:
            os.kill(os.getpid(), signal.SIGKILL)
        case _:
            sys.stdout.write(meters.text().decode() + "# EOF\\n")
    print("done", flush=True)
"""


class Worker:
    """A process that counts in the shared folder."""

    def __init__(self, folder: Path, place: int) -> None:
        command = [sys.executable, "-c", WORKER, str(folder), str(place)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._read("ready\n") == ""

    def _read(self, end: str) -> str:
        assert self._process.stdout
        read = ""
        for line in self._process.stdout:
            if line == end:
                return read
            read += line
        return read

    def do(self, what: str) -> str:
        assert self._process.stdin
        self._process.stdin.write(what + "\n")
        self._process.stdin.flush()
        return self._read("done\n")

    def scrape(self) -> Numbers:
        return Numbers(self.do("scrape"))

    def end(self) -> None:
        self._process.communicate("")


def test_what_is_counted() -> None:
    meters = Meters()
    queue = [3, 7]
    meters.gauges("queue", "Waiting.", lambda: queue[0])
    meters.counts("rows", "Written.", lambda: queue[1], kind="a")
    meters.counts("rows", "Written.", lambda: 1, kind="b")
    for outcome in ("done", "done", "refused"):
        meters.call("acme", "ACME_PING", outcome)
    meters.request("mcp", 200)
    meters.saved(5000, 1250)
    meters.saved(0, 0)
    meters.upstream("acme", 0.2)
    meters.upstream("acme", 30)
    now = Numbers(meters.text().decode())
    assert now.get("toolway_calls_total", toolkit="acme", tool="ACME_PING", outcome="done") == 2
    assert now.get("toolway_calls_total", toolkit="acme", tool="ACME_PING", outcome="refused") == 1
    assert now.get("toolway_requests_total", door="mcp", status="200") == 1
    assert (now.get("toolway_saved_characters_total"), now.get("toolway_saved_tokens_total")) == (5000, 1250)
    assert now.get("toolway_upstream_seconds_count", toolkit="acme") == 2
    assert now.get("toolway_upstream_seconds_bucket", toolkit="acme", le="0.25") == 1
    assert now.get("toolway_upstream_seconds_bucket", toolkit="acme", le="20.0") == 1
    assert (now.get("queue"), now.get("rows_total", kind="a"), now.get("rows_total", kind="b")) == (3, 7, 1)
    assert now.get("toolway_build_info", version=__version__) == 1
    assert now.get("process_resident_memory_bytes") > 1_000_000
    assert now.get("process_cpu_seconds_total") > 0
    queue[:] = 1, 9
    then = Numbers(meters.text().decode())
    assert (then.get("queue"), then.get("rows_total", kind="a")) == (1, 9)
    assert not [name for name, _ in then.samples if name.endswith("_created")]


def test_two_installations_in_one_process_share_nothing() -> None:
    one, other = Meters(), Meters()
    one.call("acme", "ACME_PING", "done")
    assert Numbers(other.text().decode()).get("toolway_calls_total", toolkit="acme", tool="ACME_PING", outcome="done") == 0


def test_workers_are_added_up_and_nothing_is_lost_with_one_that_is_killed(tmp_path: Path) -> None:
    def calls(numbers: Numbers) -> float:
        return numbers.get("toolway_calls_total", toolkit="acme", tool="ACME_PING", outcome="done")

    first, second = Worker(tmp_path, 0), Worker(tmp_path, 1)
    for worker in (first, second, second):
        worker.do("call")
    first.do("rows 5 10")
    second.do("rows 1 2")
    for worker in (first, second):
        now = worker.scrape()
        assert calls(now) == now.get("toolway_upstream_seconds_count", toolkit="acme") == 3
        assert now.get("toolway_requests_total", door="mcp", status="200") == 3
        assert (now.get("queue"), now.get("rows_total", kind="a")) == (6, 12)
        assert now.get("toolway_build_info", version=__version__) == 1
    before = second.scrape()
    first.do("die")
    first.end()
    assert calls(second.scrape()) == 3
    first = Worker(tmp_path, 0)  # in the same place
    first.do("call")
    first.do("rows 0 1")
    for worker in (first, second):
        now = worker.scrape()
        assert calls(now) == 4
        assert (now.get("queue"), now.get("rows_total", kind="a")) == (1, 13)
        assert now.get("process_cpu_seconds_total") > before.get("process_cpu_seconds_total")
    first.end()
    second.end()


def test_a_worker_that_leaves_takes_nothing_from_one_that_still_counts(tmp_path: Path) -> None:
    folder = tmp_path / "numbers"
    folder.mkdir()
    first, second = Worker(folder, 0), Worker(folder, 1)
    for worker in (first, second):
        worker.do("rows 0 1")
    first.do("call")
    first.do("leave")
    first.end()
    second.do("call")  # its first histogram: the file is made now
    assert second.scrape().get("toolway_calls_total", toolkit="acme", tool="ACME_PING", outcome="done") == 1
    second.do("leave")
    second.end()
    assert not folder.exists()
