"""What every guide needs: a router that runs, and the guide's own environment."""

import os
import shutil
import subprocess
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the router's log beside a failure."""
    report = yield
    server: object = getattr(item, "funcargs", {}).get("router")
    if report.failed and isinstance(server, Server):
        report.sections.append(("toolway serve", server.tail()))
    return report
