"""The pictures of the pages in docs/pictures: `make pictures` writes them anew."""

import asyncio
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.async_api import Browser

from tests.serve.conftest import Router, running

from .chrome import Look, chromium, tab
from .conftest import installed
from .provider import Provider, provider
from .scenes import SCENES
from .server import REPO

FOLDER = REPO / "docs" / "pictures"
SHOWN = {
    "wrong-key": Look("phone", "light"),
    "provider": Look("desktop", "dark"),
    "connected": Look("phone", "dark"),
}


async def draw(sandbox: str, data: Path, ledger: Provider) -> None:
    """Write every picture."""
    FOLDER.mkdir(exist_ok=True)
    async with running(data / "real") as router, chromium() as browser:
        await save(browser, router, "connect", Look("desktop", "light"))
    async with running(data / "played", sandbox=sandbox, **ledger.settings) as router, chromium() as browser:
        await ledger.config(router.local)
        for name, look in SHOWN.items():
            await save(browser, router, name, look)


async def save(browser: Browser, router: Router, name: str, look: Look) -> None:
    """Write one picture."""
    async with tab(browser, router.origin, look) as shown:
        if look.size == "desktop":
            await shown.page.set_viewport_size({"width": 660, "height": 600})
        await SCENES[name](shown, router)
        await shown.page.screenshot(path=FOLDER / f"{name}.png", full_page=True)
        print(FOLDER / f"{name}.png")


if __name__ == "__main__":
    command = [sys.executable, "-m", "toolway.sandbox", "--port", "0", "--with-parent"]
    with (
        tempfile.TemporaryDirectory() as made,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process,
    ):
        try:
            line = process.stdout.readline() if process.stdout else ""
            folder = Path(made)
            with provider(installed(folder), folder) as ledger:
                asyncio.run(draw(re.findall(r"http://[\d.:]+", line)[0], folder / "data", ledger))
        finally:
            process.kill()
