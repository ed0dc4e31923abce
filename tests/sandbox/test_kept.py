"""What was done is still done after a restart: for every operation, and for a sandbox that was killed in the middle of its work."""

import http.client
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import msgspec

from toolway.sandbox.app import make_app

from .asking import CLOCKIFY, KEY, Answer, Sandbox
from .test_document import Asker, ask_all


class Restarting(Sandbox):
    """A sandbox that is started anew for each request."""

    def __init__(self, file: Path) -> None:
        super().__init__(file)
        self.file = file

    def send(self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None, **query: object) -> Answer:
        self._app = make_app(self.file, lambda: self.now)
        return super().send(method, path, body, headers, **query)


def test_no_operation_forgets(tmp_path: Path) -> None:
    """All operations of all tools answer the same, whether the sandbox was restarted before each or never."""
    steady, restarted = Asker(Sandbox()), Asker(Restarting(tmp_path / "world.json"))
    for ask in (steady, restarted):
        ask_all(ask)
        for path in ("shared-reports", "templates", "webhooks", "user-groups", "tags", "clients", "projects"):
            ask("GET", path)
        desk = ask.sandbox.desktime
        desk("/create-project", "POST", project="Kept", task="Think")
        desk("/start-project", project="Kept", task="Think")
        ask.sandbox.later(minutes=5)
        desk("/stop-project")
        for path in ("/projects", "/employee/projects", "/company"):
            ask.replies["DESKTIME", path] = desk(path)
    assert steady.replies.keys() == restarted.replies.keys()
    for operation, answer in steady.replies.items():
        assert restarted.replies[operation] == answer, operation
    assert len(steady.replies) > 75


def test_a_sandbox_that_is_killed_has_kept_what_it_confirmed(tmp_path: Path) -> None:
    file = tmp_path / "world.json"
    command = [sys.executable, "-m", "toolway.sandbox", "--port", "0", "--with-parent", "--data", str(file)]
    path = f"{CLOCKIFY}/workspaces/{Sandbox().workspace}/tags"
    numbers = count()
    confirmed: set[str] = set()
    for round_ in range(3):
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            port = int(process.stdout.readline().rpartition(":")[2])
            enough = len(confirmed) + 25 + 7 * round_

            def work(_: int, port: int = port, enough: int = enough, process: "subprocess.Popen[str]" = process) -> None:
                """Make tags on one connection until it breaks; whoever sees enough of them kills the sandbox."""
                wire = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
                try:
                    while True:
                        name = f"tag {next(numbers)}"
                        wire.request("POST", path, msgspec.json.encode({"name": name}), KEY)
                        answer = wire.getresponse()
                        answer.read()
                        assert answer.status == 201
                        confirmed.add(name)
                        if len(confirmed) >= enough:
                            process.kill()
                except (OSError, http.client.HTTPException):
                    wire.close()

            with ThreadPoolExecutor(4) as workers:
                list(workers.map(work, range(4)))
        kept = {row["name"] for row in Sandbox(file).clockify("GET", "tags", page_size=5000).body}
        assert confirmed <= kept
        assert len({name for name in kept if name.startswith("tag ")} - confirmed) <= 4 * (round_ + 1), "each may be done and not confirmed"
