"""The official MCP conformance suite against the dispatcher: both eras, both of uvicorn's HTTP readers (the server takes one), real keys.

The suite calls tools of its own; `conformance.desk` has them. What does not apply to a stateless server of tools stands, scenario by
scenario, in `docs/conformance.md`: nothing else may fail or warn, and what stands there has to.
"""

import json
import os
import re
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.error import HTTPError
from urllib.parse import urlsplit

import pytest

from .conftest import HERE, Node
from .server import REPO, get

SUITE = "node_modules/@modelcontextprotocol/conformance"
REVISIONS = ("2025-11-25", "2026-07-28")
PAGE = (REPO / "docs" / "conformance.md").read_text("utf-8")


class Wire(NamedTuple):
    """A running server: what reads its HTTP, its origin, and the one where a proxy brings the key."""

    name: str
    direct: str
    proxy: str


@pytest.fixture(scope="module", params=["httptools", "h11"])
def wire(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    """The dispatcher with the suite's tools behind it, in a process of its own."""
    folder = tmp_path_factory.mktemp("conformance")
    own = {name: value for name, value in os.environ.items() if not name.startswith("TOOLWAY_")}
    own["TOOLWAY_API_KEY"] = f"ak_{secrets.token_urlsafe(24)}"
    command = [sys.executable, "-m", "tests.accept.conformance.server", str(folder / "data"), request.param]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, cwd=REPO, env=own)
    with process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, (folder / "log").read_text()
        yield Wire(request.param, **json.loads(line))
        process.terminate()


def endpoint(origin: str) -> str:
    """A new session's MCP endpoint. The key is the proxy's to bring."""
    return str(get(f"{origin}/api/v3.1/tool_router/session", {"user_id": "suite"})["mcp"]["url"])


def required(revision: str) -> set[str]:
    """The server scenarios that the suite scores for a revision."""
    text = (HERE / "node" / SUITE / "requirements" / f"{revision}.yaml").read_text("utf-8")
    block = re.search(r"^server:\n((?:  - .*\n)+)", text, re.MULTILINE)
    assert block is not None
    return set(re.findall(r"  - (\S+)", block[1]))


def listed(revision: str) -> set[str]:
    """What does not apply in a revision, as the page says: `scenario`, or `scenario: check` where the rest of it does."""
    column = 2 + REVISIONS.index(revision)
    rows = [[cell.strip() for cell in line.split("|")] for line in PAGE.splitlines() if line.startswith("| `")]
    return {row[1].strip("`") for row in rows if row[column]}


def troubles(out: Path) -> dict[str, dict[str, str]]:
    """Each scenario that ran, and its checks that failed or warned, with what they said."""
    found: dict[str, dict[str, str]] = {}
    for folder in out.iterdir():
        named = re.fullmatch(r"server-(.+)-\d{4}-\d\d-\d\dT.+", folder.name)
        assert named is not None
        checks = json.loads((folder / "checks.json").read_text("utf-8"))
        bad = [check for check in checks if check["status"] in ("FAILURE", "WARNING")]
        found[named[1]] = {check["id"]: str(check.get("errorMessage", check["status"])) for check in bad}
    return found


@pytest.mark.parametrize("revision", REVISIONS)
def test_the_suite(wire: Wire, revision: str, node: Node, tmp_path: Path) -> None:
    """All that a revision requires passes, save what the page lists."""
    arguments = ("--url", endpoint(wire.proxy), "--requirements", revision, "-o", str(tmp_path / "out"))
    run = node(f"{SUITE}/dist/index.js", "server", *arguments)
    found, scored, apart = troubles(tmp_path / "out"), required(revision), listed(revision)
    assert scored <= set(found), run.stdout + run.stderr
    in_part = {entry.partition(":")[0] for entry in apart if ":" in entry}
    said = {f"{name}: {check}" if name in in_part else name: text for name, bad in found.items() for check, text in bad.items()}
    assert {name: text for name, text in said.items() if name not in apart} == {}
    assert apart <= set(said), "the page lists what passes"
    whole = scored - {entry.partition(":")[0] for entry in apart}
    assert f"{len(whole)} of {len(scored)}" in PAGE


def test_the_key_is_asked_for(wire: Wire) -> None:
    """What passes above passes a real door: without the proxy nothing does."""
    url = endpoint(wire.proxy).replace(wire.proxy, wire.direct)
    with pytest.raises(HTTPError) as refused:
        get(url, {"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
    assert refused.value.code == 401
    refused.value.close()


def test_the_wire_is_the_one_named(wire: Wire) -> None:
    """A head without end is refused by the fast protocol in words of ours, by h11 in its own."""
    address = urlsplit(wire.direct)
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=30) as client:
        client.sendall(b"GET / HTTP/1.1\r\nx: " + b"a" * 70_000)
        assert int(client.recv(100).split()[1]) == {"httptools": 431, "h11": 400}[wire.name]
