"""What all tests share: an empty database of each kind, and a sandbox."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.databases import Postgres

# Machines are shared: how long a draw or an example takes says nothing of the code.
settings.register_profile("shared machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared machine")

# Who is told to stop takes down what it started, as with Ctrl-C: databases and sandboxes would stay.
signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.fixture(scope="session")
def sandbox() -> Iterator[str]:
    """The address of a sandbox process."""
    command = [sys.executable, "-m", "toolway.sandbox", "--port", "0", "--with-parent"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        yield child.stdout.readline().split()[-1]
        child.terminate()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One PostgreSQL server for all tests; it starts when the first of them asks."""
    server = Postgres()
    yield server
    server.end()


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database: what asks for it runs on each engine."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 't.db'}"
    server: Postgres = request.getfixturevalue("postgres")
    return server.fresh()
