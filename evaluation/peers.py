"""The peers: `peers.py JOB OUT` builds one of them over the documents and asks it everything."""

import gc
import json
import math
import re
import sqlite3
import sys
import time
from array import array
from collections import Counter, defaultdict
from pathlib import Path

import bm25s
import numpy as np
import Stemmer
from bm25s.stopwords import STOPWORDS_EN

WORD = re.compile(r"\w+")
STOP = frozenset(STOPWORDS_EN)
Fields = dict[str, str]
WEIGHTS = {"name": 3.0, "toolkit": 1.0, "about": 1.0, "params": 0.3, "asks": 1.5}


def best(scores: np.ndarray, limit: int) -> list[int]:
    """The highest scores above nothing; equals in the order of the tools."""
    limit = min(limit, len(scores))
    least = np.partition(scores, -limit)[-limit]
    found = np.flatnonzero((scores >= least) & (scores > 0))
    found = found[np.lexsort((found, -scores[found]))][:limit]
    return [int(number) for number in found]


class Bm25s:
    """bm25s with its defaults: English stems and stop words, all of a tool as one text."""

    def __init__(self, documents: list[Fields]) -> None:
        self._stemmer = Stemmer.Stemmer("english")
        self._index = bm25s.BM25()
        self._index.index(self._tokens([" ".join(fields.values()) for fields in documents]), show_progress=False)

    def ask(self, query: str, limit: int) -> list[int]:
        known = [token for token in self._tokens([query])[0] if token in self._index.vocab_dict]
        return best(self._index.get_scores(known), limit) if known else []

    def _tokens(self, texts: list[str]) -> list[list[str]]:
        return bm25s.tokenize(texts, stopwords="en", stemmer=self._stemmer, return_ids=False, show_progress=False)


class Fts5:
    """SQLite's full-text search: a column a field, names count thrice and parameters a third; any word may match."""

    def __init__(self, documents: list[Fields]) -> None:
        names = list(documents[0])
        self._database = sqlite3.connect(":memory:")
        self._database.execute(f"CREATE VIRTUAL TABLE tools USING fts5({', '.join(names)}, tokenize = 'porter unicode61')")
        marks = ", ".join("?" * len(names))
        rows = ((number, *fields.values()) for number, fields in enumerate(documents))
        self._database.executemany(f"INSERT INTO tools (rowid, {', '.join(names)}) VALUES (?, {marks})", rows)
        weights = ", ".join(str(WEIGHTS[name]) for name in names)
        self._select = f"SELECT rowid FROM tools WHERE tools MATCH ? ORDER BY bm25(tools, {weights}), rowid LIMIT ?"

    def ask(self, query: str, limit: int) -> list[int]:
        words = dict.fromkeys(word for word in WORD.findall(query.lower()) if word not in STOP)
        asked = " OR ".join(f'"{word}"' for word in words)
        return [number for (number,) in self._database.execute(self._select, (asked, limit))] if asked else []


class Grams:
    """TF-IDF over the 3 to 5 characters within words, cosine."""

    def __init__(self, documents: list[Fields]) -> None:
        lists: defaultdict[str, tuple[array[int], array[float]]] = defaultdict(lambda: (array("i"), array("f")))
        lengths = np.zeros(len(documents))
        counts = [self._grams(" ".join(fields.values())) for fields in documents]
        seen = Counter(gram for count in counts for gram in count)
        self._rare = {gram: math.log((1 + len(documents)) / (1 + n)) + 1 for gram, n in seen.items()}
        for number, count in enumerate(counts):
            weights = {gram: (1 + math.log(n)) * self._rare[gram] for gram, n in count.items()}
            lengths[number] = math.sqrt(sum(weight**2 for weight in weights.values())) or 1
            for gram, weight in weights.items():
                lists[gram][0].append(number)
                lists[gram][1].append(weight / lengths[number])
        self._lists = {gram: (np.frombuffer(a, np.int32), np.frombuffer(b, np.float32)) for gram, (a, b) in lists.items()}
        self._size = len(documents)

    def ask(self, query: str, limit: int) -> list[int]:
        weights = {gram: (1 + math.log(n)) * self._rare[gram] for gram, n in self._grams(query).items() if gram in self._rare}
        if not weights:
            return []
        length = math.sqrt(sum(weight**2 for weight in weights.values()))
        numbers = np.concatenate([self._lists[gram][0] for gram in weights])
        worths = np.concatenate([self._lists[gram][1] * (weight / length) for gram, weight in weights.items()])
        return best(np.bincount(numbers, worths, minlength=self._size), limit)

    @staticmethod
    def _grams(text: str) -> Counter[str]:
        words = (f" {word} " for word in WORD.findall(text.lower()))
        return Counter(word[at : at + n] for word in words for n in (3, 4, 5) for at in range(len(word) - n + 1))


SYSTEMS = {"bm25s": Bm25s, "fts5": Fts5, "grams": Grams}


def resident() -> float:
    """MiB that this process holds."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20


def main() -> None:
    job = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    ids: list[str] = job["ids"]
    before, start = resident(), time.process_time()
    system = SYSTEMS[job["system"]](job["documents"])
    built = time.process_time() - start
    answers: list[tuple[list[str], float]] = []
    system.ask("list all of them", job["limit"])
    for query in job["queries"]:
        start = time.process_time()
        found = system.ask(query, job["limit"])
        spent = (time.process_time() - start) * 1000
        answers.append(([ids[number] for number in found], spent))
    told = {"build": built, "mib": resident() - before, "answers": answers}
    Path(sys.argv[2]).write_text(json.dumps(told), "utf-8")


if __name__ == "__main__":
    main()
