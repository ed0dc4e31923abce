"""What runs in the product's name: searching with a kept index, a changed toolkit, and the tables made of it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from evaluation.cells import Answer, Cell
from evaluation.sets import FOLDERS, HERE, KITS, Request
from evaluation.tables import against, kinds, misses, systems

KIT = """
slug = "zoo"
title = "Zoo"
about = "Animals."
why-no-spec = "None."
[hosts]
api = "https://zoo.example"
"""
TOOL = """
[feed]
slug = "ZOO_FEED"
about = "Give an animal its food."
call = "POST api /feed"
"""


def job(folder: Path, **more: Any) -> str:
    kit = folder / "zoo"
    kit.mkdir()
    (kit / "toolkit.toml").write_text(KIT, "utf-8")
    (kit / "tools.toml").write_text(TOOL, "utf-8")
    whole = {"folders": [str(kit), *map(str, FOLDERS)], "cache": str(folder / "index.db"), "toolkits": None, "connected": list(KITS)}
    (folder / "job.json").write_text(json.dumps(whole | {"limit": 10, "changed": str(kit / "tools.toml"), **more}), "utf-8")
    return str(folder / "job.json")


def run(program: str, *words: str) -> str:
    command = [sys.executable, str(HERE / program), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=HERE.parent, env={"PYTHONPATH": str(HERE.parent)}).stdout


def test_what_is_asked_is_searched(tmp_path: Path) -> None:
    run("ours.py", job(tmp_path, queries=["give the animal its food", "ping DeskTime"]), str(tmp_path / "out.json"))
    told = json.loads((tmp_path / "out.json").read_text("utf-8"))
    assert [slugs[0] for slugs, _ in told["answers"]] == ["ZOO_FEED", "DESKTIME_PING_REQUEST"]
    assert all(len(slugs) <= 10 and ms > 0 for slugs, ms in told["answers"])
    assert told["build"] > 0


def test_a_changed_toolkit_is_found_by_its_new_words(tmp_path: Path) -> None:
    given = job(tmp_path)
    assert json.loads(run("steps.py", "build", given))["cpu"] > 0
    assert json.loads(run("steps.py", "change", given))["cpu"] > 0
    assert "Zyzzyva" in (tmp_path / "zoo" / "tools.toml").read_text("utf-8")


def test_the_tables() -> None:
    asked = [
        Request("feed it", "direct", "en", (("A",),)),
        Request("Tag weg", "language", "de", (("B",), ("C",))),
        Request("fly", "none", "en", ()),
    ]
    good = Cell("toolway", 1.0, 2.0, [Answer(["A"], 1.0), Answer(["B", "X"], 3.0), Answer([], 2.0)])
    poor = Cell("bm25s", 1.0, 2.0, [Answer(["X"], 1.0), Answer([], 1.0), Answer(["A"], 1.0)])
    rows = systems(asked, [("ours", good), ("theirs", poor)]).splitlines()
    assert rows[2] == "| ours | 0.750 | 0.750 | 0.750 | 0.807 | 0.500 | 1.000 | 0.000 | 2.00 | 3.00 | 1.0 | 2 |"
    assert rows[3] == "| theirs | 0.000 | 0.000 | 0.000 | 0.000 | 0.000 | 0.000 | 0.500 | 1.00 | 1.00 | 1.0 | 2 |"
    assert kinds(asked, good, [("bm25s", poor)]).splitlines()[2:] == [
        "| direct | 1 | 1.000 | 1.000 | 1.000 | 1.000 | 1.000 | 0.000 | 0.000 |",
        "| language | 1 | 0.500 | 0.500 | 0.500 | 0.613 | 0.000 | 0.000 | 0.000 |",
        "| none | 1 | – | – | – | – | – | 1.000 | – |",
        "| – de | 1 | 0.500 | 0.500 | 0.500 | 0.613 | 0.000 | 0.000 | 0.000 |",
    ]
    assert against(asked, good, poor) == "R@5 +0.750 (95 %: +0.260 to +1.240)."
    assert misses(asked, good) == "language   Tag weg\n    wanted B + C\n    found  B, X"
    assert misses(asked, poor).count("wanted") == 2
