"""`make eval ARGS=--scale`: what discovery costs with 20,000 tools, each figure from a process of its own."""

import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from evaluation import foreign
from evaluation.cells import CACHE
from evaluation.metrics import percentile
from evaluation.sets import DISTRACTORS, FOLDERS, HERE, JUDGED_PUBLIC, KITS, Document, public_documents, public_requests
from evaluation.tables import table

AMOUNT: Final = 20_000
_OTHERS: Final = 100  # requests of each public set
_SYLLABLES: Final = ("ba", "ce", "di", "fo", "gu", "ha", "ki", "lo", "mu", "ne", "po", "ri", "sa", "te", "vu", "zo")


def documents(amount: int) -> list[Document]:
    """So many tools: the public catalogues, then once more under other names, and so on.

    Seal-Tools names a field for each few tools; here its fields are taken together, so that a toolkit has about as many as people's have.
    """
    first: list[Document] = []
    for name in DISTRACTORS:
        first += [document._replace(toolkit=document.toolkit.partition("/")[0] or name) for document in public_documents(name)]
    made: list[Document] = []
    for number in range(amount):
        turn, place = divmod(number, len(first))
        document = first[place]
        word = _word(turn) if turn else ""
        made.append(document._replace(id=str(number), toolkit=f"{document.toolkit} {word}".strip(), name=f"{document.name} {word}".strip()))
    return made


def measure(requests: Sequence[str]) -> str:
    """The table."""
    asked = [*requests]
    for name in JUDGED_PUBLIC:
        found = public_requests(name)
        asked += [request.query for request in found[:: max(1, len(found) // _OTHERS)]]
    CACHE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        top = Path(folder)
        made = documents(AMOUNT)
        foreign.write(top / "kits", made, foreign.Names(KITS))
        kits = sum(1 for _ in (top / "kits").iterdir())
        job: dict[str, Any] = {"folders": [str(top / "kits"), *map(str, FOLDERS)], "cache": str(top / "index.db"), "queries": asked}
        job |= {"toolkits": None, "connected": list(KITS), "limit": 10, "changed": str(_changed(top / "kits"))}
        (top / "job.json").write_text(json.dumps(job), "utf-8")
        told = {step: _step(top, step) for step in ("build", "open", "ask", "change", "idle")}
        size = (top / "index.db").stat().st_size / 2**20
    times, held, idle = told["ask"]["ms"], told["ask"]["mib"], told["idle"]["mib"]
    rows: dict[str, str] = {
        "tools, toolkits, requests": f"{AMOUNT + told['ask']['own']:,}, {kits + len(FOLDERS):,}, {len(asked):,}",
        "a request: p50, p95, p99, most (ms of CPU)": ", ".join(f"{percentile(times, share):.2f}" for share in (0.5, 0.95, 0.99, 1)),
        "the same with one request of 4,000 characters": f"{told['ask']['long']:.2f}",
        "build, all files read (s of CPU)": f"{told['build']['cpu']:.1f}",
        "size of the index (MiB)": f"{size:.0f}",
        "process that searches: RSS, and more than without (MiB)": f"{held:.0f}, {held - idle:.0f}",
        "open an index that is there, to the first answer (s, s of CPU)": f"{told['open']['wall']:.2f}, {told['open']['cpu']:.2f}",
        "one toolkit changed, to the first answer (s, s of CPU)": f"{told['change']['wall']:.2f}, {told['change']['cpu']:.2f}",
    }
    return table(["", "measured"], rows.items())


def _step(top: Path, step: str) -> dict[str, Any]:
    own = os.environ | {"PYTHONPATH": str(HERE.parent), "PYTHONSAFEPATH": "1"}
    command = [sys.executable, str(HERE / "steps.py"), step, str(top / "job.json")]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=own).stdout)


def _changed(kits: Path) -> Path:
    """The toolkit of middling size that will change."""
    sizes: defaultdict[Path, int] = defaultdict(int)
    for file in kits.glob("*/tools_*.toml"):
        sizes[file] += file.stat().st_size
    return sorted(sizes, key=lambda file: (sizes[file], file.parent.name))[len(sizes) // 2]


def _word(number: int) -> str:
    """A word that no tool has."""
    return "".join(_SYLLABLES[(number * step + shift) % len(_SYLLABLES)] for step, shift in ((1, 3), (5, 1), (7, 2)))
