"""`toolway serve` as a real process: started, asked for, killed, started again."""

import json
import os
import secrets
import signal
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

REPO = Path(__file__).parents[2]
CLOCKIFY_KEY = "sandbox-clockify-key"
DESKTIME_KEY = "sandbox-desktime-key"
DEADLINE = 90.0

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def free_port() -> int:
    """A port of the loopback that nobody holds just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(what: str, done: Callable[[], bool], deadline: float = DEADLINE) -> None:
    """Wait in short steps until something is so."""
    end = time.monotonic() + deadline
    while not done():
        assert time.monotonic() < end, f"{what}: not within {deadline:.0f} s"
        time.sleep(0.05)


def get(url: str, body: object = None, **headers: str) -> Any:
    """The JSON at a URL; with a body, what a POST of it brings."""
    data = None if body is None else json.dumps(body).encode()
    named = {"content-type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
    with _direct.open(urllib.request.Request(url, data, named), timeout=30) as answer:
        return json.loads(answer.read())


class Server:
    """A router with the sandbox behind it, or served as other words say. Its folder, port and key stay the same over restarts; so does its
    log. `settings` are environment variables without their TOOLWAY_.
    """

    command: tuple[str, ...] = (str(REPO / ".venv" / "bin" / "toolway"),)

    def __init__(self, folder: Path, *words: str, **settings: str) -> None:
        self.data = folder / "data"
        self.log = folder / "serve.log"
        self.key = f"ak_{secrets.token_urlsafe(24)}"
        self.port = free_port()
        self.origin = f"http://127.0.0.1:{self.port}"
        own = {name: value for name, value in os.environ.items() if not name.startswith(("TOOLWAY_", "COMPOSIO_"))}
        given = {f"TOOLWAY_{name.upper()}": value for name, value in settings.items()}
        self.environment = own | given | {"TOOLWAY_API_KEY": self.key, "TOOLWAY_DATA": str(self.data), "COLUMNS": "160"}
        self._words = words or ("--sandbox",)
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Start, and wait until it is ready."""
        process = self.spawn()
        until("the server is ready", lambda: self._ready(process))

    def spawn(self) -> subprocess.Popen[bytes]:
        """Start, and do not wait."""
        command = [*self.command, "serve", *self._words, "--port", str(self.port)]
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self.environment,
                start_new_session=True,
            )
        self._processes.append(process)
        return process

    def say(self, *words: str) -> str:
        """What a command prints that is given beside the server."""
        command = [*self.command, *words]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=True, timeout=60).stdout

    @property
    def pid(self) -> int:
        """The process that was started last."""
        return self._processes[-1].pid

    def workers(self) -> list[int]:
        """The processes that serve for that one, with `--workers`."""
        return [int(child) for child in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text("ascii").split()]

    def _ready(self, process: subprocess.Popen[bytes]) -> bool:
        assert process.poll() is None, f"the server left with {process.returncode}:\n{self.tail()}"
        try:
            with _direct.open(f"{self.origin}/readyz", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def kill(self) -> None:
        """End the server alone as a power cut would: kill -9."""
        self._processes[-1].kill()
        _ended(self._processes[-1], DEADLINE)

    def stop(self) -> None:
        """End the server as an operator would, and then whatever it left behind."""
        for process in self._processes:
            if process.returncode is not None:
                continue
            os.kill(process.pid, signal.SIGTERM)
            _ended(process, 20)
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._processes.clear()

    def session(self, user: str, toolkit: str, **headers: str) -> dict[str, Any]:
        """A new session, by the bare REST call."""
        body = {"user_id": user, "toolkits": {"enable": [toolkit]}, "manage_connections": {"enable": True}}
        return get(f"{self.origin}/api/v3.1/tool_router/session", body, x_api_key=self.key, **headers)

    def clockify(self, path: str) -> Any:
        """What Clockify (as the sandbox plays it) holds, read past the router."""
        return get(f"{self._sandbox}/clockify/api/v1{path}", X_Api_Key=CLOCKIFY_KEY)

    def desktime(self, path: str, **query: str) -> Any:
        """What DeskTime (as the sandbox plays it) holds, read past the router."""
        return get(f"{self._sandbox}/desktime/api/v2/json{path}?{urllib.parse.urlencode({'apiKey': DESKTIME_KEY, **query})}")

    @property
    def _sandbox(self) -> str:
        return str(cast(dict[str, Any], json.loads((self.data / "running.json").read_text()))["sandbox"])

    def tail(self, size: int = 8000) -> str:
        """The end of the log."""
        return self.log.read_text(errors="replace")[-size:] if self.log.exists() else ""


def _ended(process: subprocess.Popen[bytes], deadline: float) -> bool:
    """Whether a process ends in time. It stays a zombie, so that the number of its group remains its own."""
    end = time.monotonic() + deadline
    while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True
