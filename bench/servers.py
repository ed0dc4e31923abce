"""The servers that are measured, as processes: started, asked for CPU time and memory, stopped."""

import asyncio
import json
import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

from bench.load import Bad, Line

HERE = Path(__file__).parent
TOOLWAY = HERE.parent / ".venv" / "bin"
KEY = "bench-key-0123456789abcdef"
USER = "bench"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Process:
    """A running server and its children."""

    def __init__(self, command: Sequence[str | Path], port: int, environment: dict[str, str] | None = None) -> None:
        self.port = port
        self.began = time.perf_counter()
        self._own = subprocess.Popen(list(map(str, command)), env=os.environ | (environment or {}), stdout=subprocess.DEVNULL)
        self._seen = psutil.Process(self._own.pid)

    def cpu(self) -> float:
        """User and system time so far, in ms. The kernel counts a process's clock in nanoseconds (clock_getcpuclockid)."""
        return 1000 * sum(time.clock_gettime(~one.pid << 3 | 2) for one in self._all())

    def rss(self) -> float:
        """Resident memory in MiB."""
        return sum(one.memory_info().rss for one in self._all()) / 2**20

    async def until(self, content: bytes) -> float:
        """Ask until it answers well; gives the seconds since its start."""
        while True:
            try:
                line = await Line.open(self.port)
            except OSError:
                if self._own.poll() is not None or time.perf_counter() - self.began > 60:
                    raise Bad(f"it did not start: {self._own.args}") from None
                await asyncio.sleep(0.005)
                continue
            await line.ask(content)
            line.close()
            return time.perf_counter() - self.began

    async def listens(self) -> None:
        """Wait until it takes connections."""
        while True:
            try:
                (await Line.open(self.port)).close()
                return
            except OSError:
                if self._own.poll() is not None:
                    raise Bad(f"it did not start: {self._own.args}") from None
                await asyncio.sleep(0.005)

    def stop(self) -> None:
        """End it."""
        self._own.terminate()
        try:
            self._own.wait(10)
        except subprocess.TimeoutExpired:
            self._own.kill()
            self._own.wait()

    def _all(self) -> list[psutil.Process]:
        return [self._seen, *self._seen.children(recursive=True)]


def upstream() -> Process:
    """The service behind them all."""
    port = free_port()
    return Process([sys.executable, HERE / "upstream.py", str(port)], port)


def peer(library: str, client: str, behind: int) -> Process:
    """One of the peers."""
    port = free_port()
    return Process([sys.executable, HERE / "peers.py", library, client, str(port), f"http://127.0.0.1:{behind}", KEY], port)


class Toolway:
    """An installation of Toolway in a folder of its own, used as the README says: `toolway serve`, `toolway connect`, REST for sessions."""

    def __init__(self, data: Path, behind: int) -> None:
        self.data = data
        self.sessions: list[str] = []
        self._behind = f"bench.api=http://127.0.0.1:{behind}"
        self._environment = {"TOOLWAY_TOOLKITS": str(HERE / "toolkit"), "TOOLWAY_DATA": str(data), "TOOLWAY_API_KEY": KEY}

    def serve(self) -> Process:
        """`toolway serve`, its calls sent to the bench's upstream, every other private address refused."""
        port = free_port()
        command = [TOOLWAY / "toolway", "serve", "--port", str(port), "--host-override", self._behind]
        return Process(command, port, self._environment)

    def command(self, *words: str) -> str:
        """A command of the installation; gives what it printed."""
        own = os.environ | self._environment | {"TOOLWAY_HOSTS": self._behind}
        done = subprocess.run([TOOLWAY / "toolway", *words], env=own, capture_output=True, text=True, check=True, timeout=60)
        return done.stdout + done.stderr

    def fill(self, accounts: int, sessions: int) -> list[str]:
        """Many accounts and sessions, straight into the database; gives the sessions' ids."""
        own = os.environ | self._environment
        command = [TOOLWAY / "python", HERE / "fill.py", str(self.data), str(accounts), str(sessions)]
        return json.loads(subprocess.run(command, env=own, capture_output=True, check=True, timeout=600).stdout)

    async def make_sessions(self, server: Process, count: int) -> None:
        """Sessions over REST; the tool is preloaded, so that it is also there directly."""
        wanted = {"user_id": USER, "toolkits": {"enable": ["bench"]}, "preload": {"tools": ["BENCH_GET_THING"]}}
        line = await Line.open(server.port)
        for _ in range(count):
            status, made = await line.send(_post(server.port, "/api/v3.1/tool_router/session", wanted))
            if status != 201:
                raise Bad(f"{status} {made!r}")
            self.sessions.append(json.loads(made)["session_id"])
        line.close()

    def recorded(self) -> int:
        """How many calls the log holds."""
        with sqlite3.connect(f"{(self.data / 'toolway.db').as_uri()}?mode=ro", uri=True) as database:
            return database.execute("SELECT count(*) FROM log").fetchone()[0]

    async def settle(self) -> None:
        """Wait until the log stops growing."""
        found = -1
        while found != (found := self.recorded()):
            await asyncio.sleep(0.2)

    async def wait_recorded(self, rows: int) -> None:
        """Wait until the log holds so many calls; neither fewer nor more."""
        until = time.perf_counter() + 5
        while (found := self.recorded()) < rows and time.perf_counter() < until:
            await asyncio.sleep(0.005)
        if found != rows:
            raise Bad(f"the log holds {found} calls where {rows} were made")


def _post(port: int, path: str, content: Any) -> bytes:
    body = json.dumps(content).encode()
    head = f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nx-api-key: {KEY}\r\ncontent-type: application/json\r\n"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body
