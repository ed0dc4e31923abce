"""The vote by meaning, with the network of the extra."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.catalog.toolkits import WIDE, write
from toolway.catalog.dense import Dense
from toolway.catalog.index import BUILTIN, Catalogue
from toolway.catalog.search import search

needed = pytest.mark.skipif(find_spec("onnxruntime") is None, reason="the extra dense is not installed")


def nearest(dense: Dense, catalogue: Catalogue, words: str, toolkit: str = "") -> list[str]:
    numbers = list(dense.nearest(words, catalogue.spans([toolkit]) if toolkit else None))
    return [catalogue.names(numbers)[number][0] for number in numbers]


@needed
def test_words_that_no_tool_has_are_near_what_they_mean() -> None:
    catalogue = Catalogue([BUILTIN])
    dense = Dense(catalogue)
    found = nearest(dense, catalogue, "halt the stopwatch, I am done with this")
    assert "CLOCKIFY_STOP_USER_TIMER" in found[:5]
    assert len(found) == len(set(found)) == sum(card.tools for card in catalogue.toolkits())
    assert nearest(dense, catalogue, "halt the stopwatch, I am done with this") == found
    theirs = nearest(dense, catalogue, "halt the stopwatch, I am done with this", "desktime")
    assert theirs == [slug for slug in found if slug.startswith("DESKTIME_")]
    for words in ("", "?", "\0", "秘密", "long " * 5_000):
        assert len(nearest(dense, catalogue, words)) == len(found)
    before = search(catalogue, "I'm knocking off, punch me out", ["clockify"], 50)
    catalogue.vote = dense.nearest
    after = search(catalogue, "I'm knocking off, punch me out", ["clockify"], 50)
    assert before != after
    assert {hit.toolkit for hit in after.hits} == {"clockify"}
    assert not [hit for hit in after.hits if "_DELETE_" in hit.slug]


@needed
def test_vectors_are_kept_and_made_anew_of_what_changed(tmp_path: Path) -> None:
    folder, cache = write(tmp_path / "acme", WIDE), tmp_path / "vectors.db"
    catalogue = Catalogue([folder])
    first = nearest(Dense(catalogue, cache), catalogue, "rename a label")
    assert nearest(Dense(catalogue, cache), catalogue, "rename a label") == first
    with closing(sqlite3.connect(cache)) as database, database:
        database.execute("UPDATE vectors SET vectors = zeroblob(length(vectors))")
    kept = nearest(Dense(catalogue, cache), catalogue, "rename a label")
    assert kept == sorted(kept) != first  # what was kept is what is used
    file = next(file for file in folder.glob("*.toml") if "\nabout" in file.read_text("utf-8") and file.name != "toolkit.toml")
    file.write_text(file.read_text("utf-8").replace('about = "', 'about = "Really: ', 1), "utf-8")
    changed = Catalogue([folder])
    assert nearest(Dense(changed, cache), changed, "rename a label") != kept


@needed
@pytest.mark.parametrize("kept", [b"no database at all" * 99, b"", None])
def test_a_file_that_cannot_be_used_is_made_again(tmp_path: Path, kept: bytes | None) -> None:
    catalogue, cache = Catalogue([write(tmp_path / "acme", WIDE)]), tmp_path / "vectors.db"
    if kept is None:
        cache.mkdir()
    else:
        cache.write_bytes(kept)
    assert nearest(Dense(catalogue, cache), catalogue, "rename a label")
    if kept is not None:
        with closing(sqlite3.connect(cache)) as database:
            assert database.execute("SELECT toolkit FROM vectors").fetchall() == [("acme",)]


@needed
def test_it_is_heard_when_it_is_on(tmp_path: Path) -> None:
    def asked(dense: str) -> list[str]:
        words = [sys.executable, "-m", "toolway", "search", "--json", "I'm knocking off, punch me out"]
        env = {"TOOLWAY_DATA": str(tmp_path), "TOOLWAY_DENSE": dense}
        told = json.loads(subprocess.run(words, capture_output=True, text=True, check=True, env=env).stdout)
        return [hit["slug"] for hit in told["hits"]]

    assert asked("on") == asked("on") != asked("off")
    assert (tmp_path / "vectors.db").exists()
