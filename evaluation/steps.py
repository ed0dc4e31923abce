"""Run by the product's own Python: `steps.py build|open|ask|change|idle JOB` does one step and prints what it cost."""

import json
import re
import sys
import time
from pathlib import Path
from typing import Any

from evaluation.ours import ask, resident
from toolway.catalog.index import Catalogue


def main() -> None:
    """Do the step."""
    step, job = sys.argv[1], json.loads(Path(sys.argv[2]).read_text("utf-8"))
    if step == "idle":
        print(json.dumps({"mib": resident()}))
        return
    if step == "change":
        file = Path(job["changed"])
        file.write_text(re.sub(r'^about = "', 'about = "Zyzzyva: ', file.read_text("utf-8"), count=1, flags=re.MULTILINE), "utf-8")
    wall, cpu = time.monotonic(), time.process_time()
    catalogue = Catalogue([Path(folder) for folder in job["folders"]], Path(job["cache"]))
    found = ask(catalogue, "zyzzyva" if step == "change" else "log two hours", job)
    told: dict[str, Any] = {"wall": time.monotonic() - wall, "cpu": time.process_time() - cpu}
    if not found or catalogue.broken:
        raise SystemExit(f"{step}: nothing is found, or {len(catalogue.broken)} toolkits cannot be read")
    if step == "ask":
        told["ms"] = [_spent(catalogue, query, job) for query in job["queries"]]
        told["long"] = _spent(catalogue, " ".join(job["queries"])[:4_000], job)
        told["mib"] = resident()
        told["own"] = sum(card.tools for card in catalogue.toolkits() if card.slug in job["connected"])
    print(json.dumps(told))


def _spent(catalogue: Catalogue, query: str, job: dict[str, Any]) -> float:
    start = time.process_time()
    ask(catalogue, query, job)
    return (time.process_time() - start) * 1000


if __name__ == "__main__":
    main()
