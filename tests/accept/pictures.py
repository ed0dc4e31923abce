"""The pictures of the pages in docs/pictures: `make pictures` writes them anew."""

import asyncio
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.serve.conftest import running

from .chrome import Look, chromium, tab
from .scenes import SCENES
from .server import REPO

FOLDER = REPO / "docs" / "pictures"
SHOWN = {
    "connect": Look("desktop", "light"),
    "wrong-key": Look("phone", "light"),
    "connected": Look("phone", "dark"),
}


async def draw(sandbox: str) -> None:
    """Write every picture."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        async with running(Path(folder), sandbox=sandbox) as router, chromium() as browser:
            for name, look in SHOWN.items():
                async with tab(browser, router.origin, look) as shown:
                    await SCENES[name](shown, router)
                    await shown.page.locator("body").screenshot(path=FOLDER / f"{name}.png")
                    print(FOLDER / f"{name}.png")


if __name__ == "__main__":
    command = [sys.executable, "-m", "toolway.sandbox", "--port", "0", "--with-parent"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            asyncio.run(draw(re.findall(r"http://[\d.:]+", line)[0]))
        finally:
            process.kill()
