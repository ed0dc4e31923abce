"""docs/first-toolkit.md as printed: its files, its commands, and the service that it brings."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

from tests.processes import House, until

from .test_docs import ROOT, blocks

PAGE = (ROOT / "docs" / "first-toolkit.md").read_text("utf-8")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def answers(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def test_from_nothing_to_a_call(tmp_path: Path) -> None:
    port = free_port()
    page = PAGE.replace("8765", str(port))
    (tmp_path / "notes.py").write_text(blocks("python", page)[0], "utf-8")
    (tmp_path / "openapi.json").write_text(blocks("json", page)[0], "utf-8")
    (line,) = blocks("toml", page)
    draft, check, trying, serve = blocks("sh", page)
    paths = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "TOOLWAY_DATA": str(tmp_path / "data")}
    own = {name: value for name, value in os.environ.items() if not name.startswith("TOOLWAY_")} | paths

    def run(block: str) -> str:
        done = subprocess.run(["bash", "-ec", block], cwd=tmp_path, env=own, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    service = subprocess.Popen([sys.executable, "notes.py"], cwd=tmp_path, stderr=subprocess.DEVNULL)
    try:
        until(lambda: answers(port))
        assert "2 tools drafted." in run(draft)
        tools = tmp_path / "notes" / "notes.toml"
        written = re.sub(r"(?s)(\[list_notes\]\n.*?)about = [^\n]*\n", lambda found: found[1] + line, tools.read_text("utf-8"), count=1)
        tools.write_text(written, "utf-8")
        assert line in written
        said = run(check)
        assert "1 toolkit, 0 errors, 5 warnings" in said and "2 tools checked, 0 slips" in said
        said = run(trying)
        assert f"POST http://127.0.0.1:{port}/notes" in said
        assert "Connected notes as Notes" in said
        assert said.count('"Call Bob"') >= 3 and "Buy milk" in said
    finally:
        service.kill()
        service.wait()
    assert serve == "toolway serve\n"
    house = House(tmp_path, TOOLWAY_TOOLKITS=str(tmp_path / "notes"))
    with house.serving():
        assert "Left out" not in house.log.read_text("utf-8")
    assert "NOTES_LIST_NOTES" in house.say("search", "list all notes")
