"""Run by the product's own Python: `ours.py JOB OUT` searches as the product does and tells what was found and what it cost."""

import gc
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from toolway.catalog.index import Catalogue
from toolway.catalog.search import search

BUILD = """
import sys, time
from pathlib import Path
from toolway.catalog.index import Catalogue
start = time.process_time()
catalogue = Catalogue([Path(folder) for folder in sys.argv[2:]], Path(sys.argv[1]))
print(time.process_time() - start, len(catalogue.broken))
"""


def build(folders: Sequence[str], cache: Path) -> float:
    """Compile the index anew, in a process of its own; gives its seconds of CPU."""
    cache.unlink(missing_ok=True)
    run = subprocess.run([sys.executable, "-c", BUILD, str(cache), *folders], capture_output=True, text=True, check=True)
    seconds, broken = run.stdout.split()
    if broken != "0":
        raise SystemExit(f"{broken} toolkits cannot be read: toolway toolkit lint FOLDER tells why")
    return float(seconds)


def ask(catalogue: Catalogue, query: str, job: dict[str, Any]) -> list[str]:
    """The slugs, best first; none when the search says that nothing fits."""
    found = search(catalogue, query, job["toolkits"], job["limit"], connected=job["connected"])
    return [hit.slug for hit in found.hits] if found.fits else []


def resident() -> float:
    """MiB that this process holds."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20


def main() -> None:
    """Do the job."""
    job = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    built = build(job["folders"], Path(job["cache"]))
    before = resident()
    catalogue = Catalogue([Path(folder) for folder in job["folders"]], Path(job["cache"]))
    if job.get("dense"):
        from toolway.catalog.dense import Dense

        start = time.process_time()
        catalogue.vote = Dense(catalogue, Path(job["cache"]).with_name("vectors.db")).nearest
        built += time.process_time() - start
    answers: list[tuple[list[str], float]] = []
    ask(catalogue, "list all of them", job)  # what is imported late is no part of a request
    for query in job["queries"]:
        start = time.process_time()
        slugs = ask(catalogue, query, job)
        answers.append((slugs, (time.process_time() - start) * 1000))
    told = {"build": built, "mib": resident() - before, "answers": answers}
    Path(sys.argv[2]).write_text(json.dumps(told), "utf-8")


if __name__ == "__main__":
    main()
