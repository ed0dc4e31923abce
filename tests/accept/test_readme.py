"""The eight lines of the README, with the real SDK against the real server."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

from .server import REPO, Server


def test_the_first_program(router: Server, environment: Callable[[str], Path], tmp_path: Path) -> None:
    """They print the session's MCP endpoint."""
    program = re.search(r"```python\n(.*?)```", (REPO / "README.md").read_text("utf-8"), re.DOTALL)
    assert program is not None
    own = {"COMPOSIO_BASE_URL": router.origin, "COMPOSIO_API_KEY": router.key, "HOME": str(tmp_path), "HTTPS_PROXY": "http://127.0.0.1:9"}
    run = subprocess.run(
        [environment("autogen"), "-c", program[1]], capture_output=True, text=True, env=own, cwd=tmp_path, timeout=120, check=False
    )
    assert run.returncode == 0, run.stderr
    assert re.fullmatch(rf"{router.origin}/tool_router/trs_\w+/mcp\n", run.stdout)
