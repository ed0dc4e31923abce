"""`make bench`: every target in turn, several rounds, medians; prints the tables of docs/performance.md."""

import argparse
import asyncio
import itertools
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path

import aiohttp
import uvloop

from bench.load import LEGACY, MODERN, Ask, Bad, Line, play, request
from bench.servers import KEY, USER, Process, Toolway, peer, upstream
from bench.upstream import BODY, MARK

ARGUMENTS = {"id": "7", "limit": 5}
DIRECT = {"name": "BENCH_GET_THING", "arguments": ARGUMENTS}
EXECUTE = {
    "name": "COMPOSIO_MULTI_EXECUTE_TOOL",
    "arguments": {"tools": [{"tool_slug": "BENCH_GET_THING", "arguments": ARGUMENTS}]},
}
TARGETS = {
    "a": "direct call, aiohttp",
    "b": "Toolway, COMPOSIO_MULTI_EXECUTE_TOOL",
    "c": "Toolway, preloaded tool",
    "d": "mcp low-level server, httpx",
    "e": "mcp low-level server, aiohttp",
    "f": "FastMCP, httpx",
    "g": "FastMCP, aiohttp",
    "h": "uvicorn alone, a constant answer and no upstream",
}
PEERS = {"d": ("mcp", "httpx"), "e": ("mcp", "aiohttp"), "f": ("fastmcp", "httpx"), "g": ("fastmcp", "aiohttp"), "h": ("floor", "aiohttp")}
YARDSTICK = "f"
Found = dict[str, dict[str, list[float]]]


class Bench:
    """One run: its servers and what was measured, by target and column."""

    def __init__(self, options: argparse.Namespace, behind: Process, toolway: Toolway) -> None:
        self.found: Found = {}
        self._options = options
        self._behind = behind
        self._toolway = toolway

    def note(self, target: str, column: str, value: float) -> None:
        """A measured value."""
        self.found.setdefault(target, {}).setdefault(column, []).append(value)

    async def round(self, number: int) -> None:
        """Every target once, each time another one first."""
        names = sorted(self._options.only)
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            if name == "a":
                await self._direct()
            else:
                await self._server(name)

    async def _direct(self) -> None:
        url, headers = f"http://127.0.0.1:{self._behind.port}/things/7", {"X-Key": "upstream-key"}
        async with aiohttp.ClientSession(headers=headers) as client:

            async def ask() -> None:
                async with client.get(url, params={"limit": 5}) as answer:
                    if MARK not in await answer.read():
                        raise Bad(str(answer.status))

            await play([ask], 100)
            for revision in (MODERN, LEGACY):
                await self._measure("a", f"{revision} alone", [ask], self._options.calls, None)
                await self._measure("a", f"{revision} many", [ask] * self._options.sessions, self._options.each, None)

    async def _server(self, name: str) -> None:
        own = name in "bc"
        server = self._toolway.serve() if own else peer(*PEERS[name], self._behind.port)
        paths = [f"/tool_router/{session}/mcp" for session in self._toolway.sessions] if own else ["/mcp"] * self._options.sessions
        params = EXECUTE if name == "b" else DIRECT
        make = partial(request, server.port, key=KEY)
        try:
            logged = self._toolway.recorded() if own else 0
            first = make(paths[0], revision=MODERN, method="tools/call", params=params)
            self.note(name, "start", await server.until(first))
            if own:
                await self._toolway.wait_recorded(logged + 1)
            lines = [await Line.open(server.port) for _ in paths]
            for revision in (MODERN, LEGACY):
                asks = [
                    partial(line.ask, make(path, revision=revision, method="tools/call", params=params))
                    for line, path in zip(lines, paths, strict=True)
                ]
                await self._warm(asks, own)
                await self._measure(name, f"{revision} alone", asks[:1], self._options.calls, server, own)
                await self._measure(name, f"{revision} many", asks, self._options.each, server, own)
                listing = make(paths[0], revision=revision, method="tools/list", params={})
                ask = partial(lines[0].ask, listing, b"BENCH_GET_THING")
                await play([ask], 50)
                await self._measure(name, f"{revision} list", [ask], self._options.calls, server)
            self.note(name, "rss", server.rss())
        finally:
            server.stop()

    async def _warm(self, asks: list[Ask], own: bool) -> None:
        logged = self._toolway.recorded() if own else 0
        await play(asks, 5)
        if own:
            await self._toolway.wait_recorded(logged + 5 * len(asks))

    async def _measure(self, name: str, column: str, asks: list[Ask], each: int, server: Process | None, logs: bool = False) -> None:
        logged = self._toolway.recorded() if logs else 0
        clock: Callable[[], float] = server.cpu if server else (lambda: time.process_time() * 1000)
        before = clock()
        seconds, taken = await play(asks, each)
        if logs:
            await self._toolway.wait_recorded(logged + len(taken))
        self.note(name, f"{column} cpu", (clock() - before) / len(taken))
        self.note(name, f"{column} p50", statistics.median(taken))
        self.note(name, f"{column} p99", statistics.quantiles(taken, n=100)[98])
        self.note(name, f"{column} rate", len(taken) / seconds)

    async def spread(self, sessions: list[str]) -> None:
        """Each call on another session of another user, first with nothing remembered, then once more."""
        server = self._toolway.serve()
        try:
            known = request(server.port, f"/tool_router/{self._toolway.sessions[0]}/mcp", KEY, MODERN, "tools/call", EXECUTE)
            await server.until(known)
            await self._toolway.settle()
            paths = itertools.cycle(f"/tool_router/{session}/mcp" for session in sessions)

            async def ask(line: Line) -> None:
                await line.ask(request(server.port, next(paths), KEY, MODERN, "tools/call", EXECUTE))

            for column in ("first", "again"):
                asks = [partial(ask, await Line.open(server.port)) for _ in range(self._options.sessions)]
                await self._measure("spread", column, asks, len(sessions) // len(asks), server, True)
            self.note("spread", "rss", server.rss())
        finally:
            server.stop()

    async def revoked(self) -> float:
        """Revoke a key beside the running server; gives the ms until it is refused, and fails when that takes more than a second."""
        server = self._toolway.serve()
        try:
            await server.listens()
            key, key_id = self._toolway.command("key", "new").split()[:2]
            call = request(server.port, f"/tool_router/{self._toolway.sessions[0]}/mcp", key, MODERN, "tools/call", EXECUTE)
            line = await Line.open(server.port)
            await line.ask(call)
            self._toolway.command("key", "revoke", key_id)
            began = time.perf_counter()
            while (await line.send(call))[0] != 401:
                if time.perf_counter() - began > 1:
                    raise Bad("a revoked key still works after a second")
                await asyncio.sleep(0.005)
            line.close()
            return (time.perf_counter() - began) * 1000
        finally:
            server.stop()


def tables(found: Found, options: argparse.Namespace) -> str:
    """What was found, as Markdown: medians, and ratios to the yardstick."""
    middle = {name: {column: statistics.median(values) for column, values in columns.items()} for name, columns in found.items()}
    made: list[str] = []
    for revision in (MODERN, LEGACY):
        made += [
            f"Revision {revision}:",
            "",
            f"| | target | CPU ms a call, alone (best round) | {options.sessions} sessions | less CPU than ({YARDSTICK}) | calls/s "
            f"| p50 ms alone | p99 ms alone | p50 ms, {options.sessions} | tools/list CPU ms | RSS MiB | start to first call s |",
            "|---|---|" + "--:|" * 10,
        ]
        for name in options.only:
            own, scale = middle[name], middle.get(YARDSTICK)

            def cell(column: str, form: str, own: dict[str, float] = own) -> str:
                return format(own[column], form) if column in own else "–"

            ways = (f"{revision} alone cpu", f"{revision} many cpu")
            ratio = " / ".join(f"{scale[way] / own[way]:.1f}x" for way in ways) if scale and name not in "ah" else "–"
            mark = " *" if name == "a" else ""
            best = [f" ({min(found[name][way]):.2f})" + mark for way in ways]
            cells = [cell(ways[0], ".2f") + best[0], cell(ways[1], ".2f") + best[1], ratio, cell(f"{revision} many rate", ".0f")]
            cells += [cell(f"{revision} alone p50", ".2f"), cell(f"{revision} alone p99", ".2f"), cell(f"{revision} many p50", ".1f")]
            cells += [cell(f"{revision} list cpu", ".3f"), cell("rss", ".0f"), cell("start", ".2f")]
            made.append(f"| {name} | {TARGETS[name]} | {' | '.join(cells)} |")
        made.append("")
    if "a" in options.only:
        made.append("\\* the caller's own CPU time; there is no router.")
    return "\n".join(made)


def told_big(small: Found, big: Found) -> str:
    """The same calls before and after the database was filled."""
    made = ["| target | small: CPU ms alone / many | big: CPU ms alone / many | ratio |", "|---|--:|--:|--:|"]
    for name in sorted(set(small) & set("bc")):
        ways = (f"{MODERN} alone cpu", f"{MODERN} many cpu")
        before, after = ([statistics.median(one[name][way]) for way in ways] for one in (small, big))
        ratio = " / ".join(f"{b / a:.2f}x" for a, b in zip(before, after, strict=True))
        texts = (" / ".join(f"{value:.3f}" for value in values) for values in (before, after))
        made.append(f"| {TARGETS[name]} | {' | '.join(texts)} | {ratio} |")
    spread = {column: statistics.median(values) for column, values in big["spread"].items()}
    for column, about in (("first", "nothing remembered"), ("again", "the same once more")):
        made.append(f"| each call another session and user, {about} | – | {spread[f'{column} cpu']:.3f} | – |")
    return "\n".join([*made, "", f"Afterwards the process holds {spread['rss']:.0f} MiB."])


def machine() -> str:
    """Where and with what this was measured."""
    versions = ", ".join(f"{name} {version(name)}" for name in ("mcp", "fastmcp", "httpx", "aiohttp", "uvicorn", "uvloop"))
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    where = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return f"{time.strftime('%Y-%m-%d')}; {where}; load average {load}; peers with {versions}; the upstream answers {len(BODY)} bytes."


async def run(options: argparse.Namespace) -> None:
    """The whole bench."""
    behind = upstream()
    with tempfile.TemporaryDirectory(prefix="toolway-bench-") as folder:
        try:
            await behind.listens()
            toolway = Toolway(Path(folder) / "data", behind.port)
            server = toolway.serve()
            try:
                await server.listens()
                toolway.command("connect", "bench", "--user", USER, "--api-key", "upstream-key")
                await toolway.make_sessions(server, options.sessions)
            finally:
                server.stop()
            bench = Bench(options, behind, toolway)
            for number in range(options.rounds):
                print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
                await bench.round(number)
            print(f"{machine()}\n\n{tables(bench.found, options)}\n")
            if set(options.only) & set("bc"):
                print(
                    f"Every call was found in the log. A revoked key was refused {await bench.revoked():.0f} ms after the command ended.\n"
                )
            if options.big:
                print(f"filling in {options.accounts:,} accounts", file=sys.stderr)
                many = toolway.fill(options.accounts, 10_000)
                options.only = sorted(set(options.only) & set("bc"))
                large = Bench(options, behind, toolway)
                for number in range(options.rounds):
                    await large.round(number)
                    await large.spread(many)
                size = (toolway.data / "toolway.db").stat().st_size / 2**20
                print(f"With {options.accounts:,} connected accounts and 10,000 sessions ({size:.0f} MiB):\n")
                print(told_big(bench.found, large.found))
        finally:
            behind.stop()


def main() -> None:
    """The command line."""
    options = argparse.ArgumentParser(prog="make bench", description=__doc__)
    options.add_argument("--rounds", type=int, default=5, help="rounds; medians are shown")
    options.add_argument("--calls", type=int, default=400, help="calls of one session, one after the other")
    options.add_argument("--sessions", type=int, default=32, help="sessions at once")
    options.add_argument("--each", type=int, default=20, help="calls of each of them")
    options.add_argument("--only", default="abcdefgh", help="targets by letter: " + "; ".join(f"{k} {v}" for k, v in TARGETS.items()))
    options.add_argument("--big", action="store_true", help="then again with a full database")
    options.add_argument("--accounts", type=int, default=1_000_000, help="connected accounts for --big")
    given = options.parse_args()
    given.only = sorted(set(given.only) & set(TARGETS))
    try:
        uvloop.run(run(given))
    except Bad as bad:
        sys.exit(f"bench: {bad}")


if __name__ == "__main__":
    main()
