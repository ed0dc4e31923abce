"""The cells of the tables: a system asked all requests over a set of tools, in a process of its own, and kept until its code changes."""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from evaluation import foreign
from evaluation.sets import BUILTIN, DISTRACTORS, FOLDERS, HERE, KITS, PUBLIC, own_documents, public_documents

CACHE: Final = HERE / ".cache"
ROOT: Final = HERE.parent
PEERS: Final = {
    "bm25s": "bm25s, stems and stop words",
    "bm25s+asks": "bm25s, with our phrasings too",
    "fts5": "SQLite FTS5, weighted fields",
    "grams": "characters 3-5, TF-IDF",
}
OURS: Final = "toolway"
LIMIT: Final = 10


class Answer(NamedTuple):
    """What a system found: ids of tools, best first, and the milliseconds of CPU it took."""

    ranked: list[str]
    ms: float


class Cell(NamedTuple):
    """A system and what it costs: seconds of CPU to build, MiB held more, and an answer a request in their order."""

    system: str
    build: float
    mib: float
    answers: list[Answer]


class Tools:
    """The tools that requests are asked over; `public` names catalogues of others, `own` adds ours."""

    def __init__(self, public: Sequence[str] = (), *, own: bool = False) -> None:
        self.documents = own_documents() if own else []
        self.ids: dict[str, str] = {document.id: document.id for document in self.documents}
        self.folders = list(FOLDERS) if own else []
        for name in public:
            found = public_documents(name)
            folder, ids = _written(name)
            self.folders.append(folder)
            self.ids |= ids
            self.documents += found


class Job(NamedTuple):
    """What a system is asked over which tools, and for ours how (`toolkits`, `connected`)."""

    system: str
    tools: Tools
    queries: list[str]
    how: dict[str, Any]


def run(jobs: Sequence[Job], *, fresh: bool = False) -> list[Cell]:
    """Do the jobs, two at a time; `fresh` does again what was done before."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(partial(_cell, fresh=fresh), jobs))


def _cell(work: Job, *, fresh: bool) -> Cell:
    system, tools, queries, how = work
    name, _, asks = system.partition("+")
    job: dict[str, Any] = {"queries": queries, "limit": LIMIT}
    if name == OURS:
        job |= {"folders": [str(folder) for folder in tools.folders], "toolkits": None, "connected": [], **how}
        code = digest([*_files(ROOT / "toolway" / "catalog"), *_files(BUILTIN), HERE / "ours.py"])
        python, program = sys.executable, HERE / "ours.py"
    else:
        texts = [document.fields(asks=bool(asks)) for document in tools.documents]
        job |= {"system": name, "ids": [document.id for document in tools.documents], "documents": texts}
        code = digest([HERE / "peers.py", HERE / "uv.lock"])
        python, program = str(HERE / ".venv" / "bin" / "python"), HERE / "peers.py"
    mark = hashlib.sha256(f"{code} {json.dumps(job, sort_keys=True)}".encode()).hexdigest()[:24]
    kept = CACHE / f"{name}-{mark}.json"
    if fresh or not kept.exists():
        with tempfile.TemporaryDirectory() as folder:
            given, told = Path(folder) / "job.json", Path(folder) / "out.json"
            given.write_text(json.dumps(job | {"cache": str(Path(folder) / "index.db")}), "utf-8")
            own = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": "1"}
            subprocess.run([python, str(program), str(given), str(told)], check=True, cwd=ROOT, env=own)
            CACHE.mkdir(exist_ok=True)
            kept.write_bytes(told.read_bytes())
    told = json.loads(kept.read_text("utf-8"))
    ids = tools.ids if name == OURS else None
    answers = [Answer([ids[slug] for slug in found] if ids else found, ms) for found, ms in told["answers"]]
    return Cell(system, told["build"], told["mib"], answers)


def digest(files: Iterable[Path]) -> str:
    """A mark of what stands in these files."""
    seen = hashlib.sha256()
    for file in sorted(files):
        seen.update(f"{file.name}\0{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return seen.hexdigest()[:16]


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"]


def _written(name: str) -> tuple[Path, dict[str, str]]:
    """The folder of a public catalogue's toolkits and their tools' ids; all are written together, so that no slug is given twice."""
    sources = [PUBLIC / each / "tools.jsonl" for each in DISTRACTORS]
    top = CACHE / f"kits-{digest([*sources, HERE / 'foreign.py', HERE / 'sets.py'])}"
    if not (top / "done").exists():
        CACHE.mkdir(exist_ok=True)
        beside = Path(tempfile.mkdtemp(dir=CACHE))
        kits = foreign.Names(KITS)
        for each in DISTRACTORS:
            ids = foreign.write(beside / each, public_documents(each), kits)
            (beside / f"{each}.json").write_text(json.dumps(ids), "utf-8")
        (beside / "done").touch()
        beside.replace(top)
    return top / name, json.loads((top / f"{name}.json").read_text("utf-8"))


def session() -> dict[str, Any]:
    """Asked in a session of our two toolkits, the others of the catalogue beside."""
    return {"toolkits": list(KITS), "connected": list(KITS)}


def connected() -> dict[str, Any]:
    """Asked over all toolkits, of which ours are connected."""
    return {"connected": list(KITS)}
