"""Debian's Chromium, driven as a person would: by keyboard, on a phone and a desktop, in light and dark."""

import json
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from playwright.async_api import Browser, ConsoleMessage, Page, Request, async_playwright

BINARY = shutil.which("chromium") or ""
MISSING = "Debian's Chromium is not there: apt-get install chromium"
AXE = Path(__file__).parent / "node" / "node_modules" / "axe-core" / "axe.min.js"
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
SIZES: dict[str, tuple[int, int]] = {"phone": (360, 740), "desktop": (1280, 800)}


@dataclass
class Look:
    """How a page is looked at."""

    size: str = "desktop"
    scheme: Literal["light", "dark"] = "light"

    def __str__(self) -> str:
        return f"{self.size}-{self.scheme}"


LOOKS = [Look(size, scheme) for size in SIZES for scheme in ("light", "dark")]


@dataclass
class Tab:
    """A tab of a browser of its own. `faults` are errors of the console, breaches of the policy, and requests that went to other hosts."""

    page: Page
    origin: str
    faults: list[str] = field(default_factory=list[str])

    async def open(self, path: str) -> None:
        """Go to a page of the router."""
        await self.page.goto(self.origin + path)

    async def focus(self, name: str) -> None:
        """Press Tab until the element with this accessible name has the focus."""
        for _ in range(60):
            await self.page.keyboard.press("Tab")
            if await self.page.evaluate(_FOCUSED, name):
                assert await self.page.evaluate(_VISIBLE), f"{name} has the focus and does not show it"
                return
        raise AssertionError(f"{name} cannot be reached with the keyboard")

    async def type(self, name: str, text: str) -> None:
        """Type into a field that is reached with the keyboard."""
        await self.focus(name)
        await self.page.keyboard.type(text)

    async def press(self, name: str, key: str = "Enter") -> None:
        """Press a box, or what opens, that is reached with the keyboard."""
        await self.focus(name)
        await self.page.keyboard.press(key)

    async def send(self, name: str) -> None:
        """Press a button or a link that leads to another page."""
        await self.focus(name)
        async with self.page.expect_navigation():
            await self.page.keyboard.press("Enter")

    async def accessible(self) -> list[str]:
        """What axe finds wrong, each with the place."""
        await self.page.evaluate(AXE.read_text())
        run = f"axe.run(document, {{runOnly: {json.dumps(list(_RULES))}}})"
        found: dict[str, Any] = await self.page.evaluate(run)
        return [f"{one['id']}: {one['help']} {[n['html'] for n in one['nodes']]}" for one in found["violations"]]

    async def too_wide(self) -> bool:
        """Whether the page has to be moved sideways."""
        return await self.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")


_FOCUSED = """name => {
  const one = document.activeElement;
  const label = one.labels && one.labels.length ? one.labels[0].innerText : one.innerText;
  return one !== document.body && (label || '').trim().startsWith(name);
}"""
_VISIBLE = """() => {
  const one = document.activeElement, style = getComputedStyle(one);
  return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
}"""


@asynccontextmanager
async def chromium() -> AsyncGenerator[Browser]:
    """The browser, with nothing open."""
    async with async_playwright() as player:
        browser = await player.chromium.launch(executable_path=BINARY, args=list(_FLAGS))
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def tab(browser: Browser, origin: str, look: Look | None = None) -> AsyncGenerator[Tab]:
    """A tab of a browser that was never used."""
    look = look or Look()
    width, height = SIZES[look.size]
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=look.scheme,
        is_mobile=look.size == "phone",
        has_touch=look.size == "phone",
        device_scale_factor=1,
        reduced_motion="reduce",
    )
    made = Tab(await context.new_page(), origin)

    def heard(message: ConsoleMessage) -> None:
        ours = made.page.url.startswith(origin) and "Failed to load resource" not in message.text  # that is a page with status 4xx
        if message.type in ("error", "warning") and ours:
            made.faults.append(message.text)

    def asked(request: Request) -> None:
        if made.page.url.startswith(origin) and request.resource_type != "document" and not request.url.startswith((made.origin, "data:")):
            made.faults.append(f"asked for {request.url}")

    made.page.on("console", heard)
    made.page.on("pageerror", lambda error: made.faults.append(str(error)))
    made.page.on("request", asked)
    try:
        yield made
    finally:
        await context.close()
