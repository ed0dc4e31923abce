"""The sandbox as a process: one line when ready, and gone when its parent is."""

import subprocess
import sys
import urllib.request
from pathlib import Path


def test_it_starts_says_where_and_goes_with_its_parent(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "toolway.sandbox", "--port", "0", "--with-parent", "--data", str(tmp_path / "world.json")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        line = process.stdout.readline()
        assert line.startswith("sandbox ready http://127.0.0.1:")
        address = line.split()[-1]
        with urllib.request.urlopen(f"{address}/desktime/api/v2/json/ping?apiKey=sandbox-desktime-key") as answer:
            assert answer.status == 200
        process.stdin.close()
        assert process.wait(10) == 0
        assert process.stdout.read() == ""
        assert process.stderr.read() == ""
