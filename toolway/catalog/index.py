"""The catalogue: every toolkit that there is, without reading any until it is needed.

The folders are compiled once into an SQLite file, which is read from then on; a change of any file compiles it anew. It is written
beside and renamed, so several processes may do so at once, and a file that cannot be used is simply made again.
"""

import contextlib
import hashlib
import os
import sqlite3
import threading
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, Self, TypeVar

from msgspec import Struct, msgpack, structs

from toolway import __version__
from toolway.catalog.model import Card, Tool, Toolkit, ToolkitCard
from toolway.catalog.postings import Postings, unpack
from toolway.catalog.terms import words as words_of
from toolway.errors import BadFile, UnknownTool, UnknownToolkit

BUILTIN: Final = Path(__file__).parent.parent / "toolkits"
LAYOUT: Final = 2  # of the compiled file; raise it when tables change

Vote = Callable[[str, Sequence[range] | None], Iterable[int]]
"""For the words of a request the numbers of tools in these spans, or of all; the likeliest first."""

_LONGEST_SLUG: Final = 64
_MOST_NEAR: Final = 200
_MOST_HEADS: Final = 8_192
_MOST_LISTS: Final = 512
"""Of how many terms that were asked for is kept in memory how many tools have them, and which."""

_Kept = TypeVar("_Kept")


class _Told(Struct):
    """What people read of a tool."""

    title: str
    about: str
    asks: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return " ".join((f"{self.title}.", self.about, *self.asks))


class Catalogue:
    """The toolkits in these folders; each is the folder of a toolkit, or holds such folders.

    Where two have one slug the first is taken. A toolkit that cannot be read is left out and stands in `broken` under its folder.
    `cache` is the compiled file; None keeps it in memory. `vote` is heard in a search beside the words; usually there is none.
    """

    vote: Vote | None = None

    def __init__(self, folders: Sequence[Path], cache: Path | None = None) -> None:
        self._folders = tuple(folders)
        self._lock = threading.RLock()
        self._cards: dict[str, Card] = {}
        self._tools: dict[str, Tool] = {}
        self._toolkits: dict[str, Toolkit] = {}
        marks = marks_of(self._folders)
        stamp = fingerprint(marks)
        before = _opened(cache) if cache else None
        if before is not None and _stamp(before) == stamp:
            self._database = before
        else:
            self._database = self._compiled(marks, stamp, cache, before)
            if before is not None:
                before.close()
        self._kits: dict[str, ToolkitCard] = {}
        self._spans: dict[str, range] = {}
        self._kinds: bytes | None = None
        self._titles: dict[str, list[str]] = {}
        self._heads: dict[str, tuple[int, int]] = {}
        self._lists: dict[str, Postings] = {}
        self.broken: dict[str, BadFile] = {}
        self._read_heads()

    @classmethod
    def holding(cls, toolkits: Iterable[Toolkit]) -> Self:
        """A catalogue in memory of toolkits that stand in no folder."""
        from toolway.catalog.compiler import holding

        made = cls([])
        made._database = holding(toolkits)
        made._read_heads()
        return made

    def toolkits(self) -> tuple[ToolkitCard, ...]:
        """Every toolkit, in the order of slugs."""
        return tuple(self._kits.values())

    def toolkit_card(self, slug: str) -> ToolkitCard:
        """The toolkit in brief."""
        card = self._kits.get(slug.lower())
        if card is None:
            raise UnknownToolkit(slug, self.near_toolkits(slug))
        return card

    def toolkit(self, slug: str) -> Toolkit:
        """The toolkit with all of its tools."""
        slug = self.toolkit_card(slug).slug
        if slug not in self._toolkits:
            (head,) = self._rows("SELECT head FROM toolkits WHERE slug = ?", slug)
            rows = self._rows("SELECT tool FROM tools WHERE toolkit = ? AND slug NOT NULL ORDER BY number", slug)
            tools = [msgpack.decode(row[0], type=Tool) for row in rows]
            self._toolkits[slug] = structs.replace(msgpack.decode(head[0], type=Toolkit), tools={tool.name: tool for tool in tools})
        return self._toolkits[slug]

    def card(self, slug: str) -> Card:
        """The tool in brief."""
        name = slug.upper()
        if name not in self._cards:
            self._cards[name] = msgpack.decode(self._of_tool("card", slug), type=Card)
        return self._cards[name]

    def tool(self, slug: str) -> Tool:
        """The tool."""
        name = slug.upper()
        if name not in self._tools:
            self._tools[name] = msgpack.decode(self._of_tool("tool", slug), type=Tool)
        return self._tools[name]

    def cards(self, toolkits: Iterable[str] | None = None) -> tuple[Card, ...]:
        """The tools of these toolkits (None: of all) in the order of toolkits and slugs; without those that are retired."""
        slugs = self._kits if toolkits is None else self._chosen(toolkits)
        found: list[Card] = []
        for slug in slugs:
            rows = self._rows("SELECT slug, card FROM tools WHERE toolkit = ? AND NOT retired AND slug NOT NULL ORDER BY number", slug)
            for name, blob in rows:
                if name not in self._cards:
                    self._cards[name] = msgpack.decode(blob, type=Card)
                found.append(self._cards[name])
        return tuple(found)

    def told(self, toolkit: str) -> dict[int, str]:
        """What is told of each tool of a toolkit by its number, in their order: title, about and asks. Without those that are retired."""
        rows = self._rows("SELECT number, tool FROM tools WHERE toolkit = ? AND NOT retired AND slug NOT NULL ORDER BY number", toolkit)
        return {number: msgpack.decode(tool, type=_Told).text for number, tool in rows}

    def near_tools(self, slug: str, n: int = 3) -> tuple[str, ...]:
        """Slugs that were perhaps meant."""
        return _near(
            slug.upper(), [name for (name,) in self._rows("SELECT slug FROM tools WHERE NOT retired AND slug NOT NULL ORDER BY number")], n
        )

    def near_toolkits(self, slug: str, n: int = 3) -> tuple[str, ...]:
        """Slugs of toolkits that were perhaps meant."""
        return _near(slug.lower(), list(self._kits), n)

    def spans(self, toolkits: Iterable[str]) -> list[range]:
        """The numbers of these toolkits' tools, as the search counts them."""
        return [self._spans[slug] for slug in self._chosen(toolkits)]

    def others(self, spans: Iterable[range]) -> list[range]:
        """The numbers of all toolkits' tools but these."""
        found: list[range] = []
        at = 0
        for span in sorted(spans, key=lambda span: span.start):
            found.append(range(at, span.start))
            at = span.stop
        return [*found, range(at, self._end)]

    def home(self, number: int) -> range:
        """The numbers of the toolkit to which a tool belongs."""
        spans = self._in_order
        return spans[bisect_right(spans, number, key=lambda span: span.start) - 1]

    def lack(self, number: int) -> tuple[str, str]:
        """The toolkit that lacks what has this number, and what that is."""
        ((toolkit, text),) = self._rows("SELECT toolkit, card FROM tools WHERE number = ?", number)
        return toolkit, bytes(text).decode()

    def postings(self, terms: Iterable[str]) -> dict[str, Postings]:
        """The lists of those terms that any tool has."""

        def read(new: list[str]) -> dict[str, Postings]:
            rows = self._rows_of("SELECT term, tools FROM terms WHERE term IN ({})", new)
            return {term: unpack(blob, self._end) for term, blob in rows}

        return _remembered(self._lists, terms, read, _MOST_LISTS)

    def named(self, words: Sequence[str]) -> dict[str, list[str]]:
        """The toolkits whose title or slug stands among these folded words, by the word or the two that say it."""
        if not self._titles:
            for card in self._kits.values():
                for name in {"".join(words_of(card.title)), "".join(words_of(card.slug))}:
                    self._titles.setdefault(name, []).append(card.slug)
        said = (*words, *(first + second for first, second in pairwise(words)))
        return {name: self._titles[name] for name in said if name in self._titles}

    def known(self, terms: Iterable[str]) -> dict[str, int]:
        """Those of the terms that any tool has, with the number of tools that have it."""
        return {term: count for term, (count, _) in self._heads_of(terms).items() if count}

    def naming(self, terms: Iterable[str]) -> set[str]:
        """Those of the terms that stand in a tool's name."""
        return {term for term, (_, naming) in self._heads_of(terms).items() if naming}

    def _heads_of(self, terms: Iterable[str]) -> dict[str, tuple[int, int]]:
        def read(new: list[str]) -> dict[str, tuple[int, int]]:
            heads: dict[str, tuple[int, int]] = dict.fromkeys(new, (0, 0))
            rows = self._rows_of("SELECT term, count, naming FROM terms WHERE term IN ({})", new)
            return heads | {term: (count, naming) for term, count, naming in rows}

        return _remembered(self._heads, terms, read, _MOST_HEADS)

    def repaired(self, wrong: Iterable[str]) -> dict[str, str]:
        """For each of these words the one of a tool's name that a slip of the fingers made it of, when there is one."""
        from toolway.catalog import typos

        forms = {word: typos.forms(word) for word in wrong if typos.SHORTEST <= len(word) <= typos.LONGEST}
        under: dict[str, list[str]] = {}
        for key, word in self._rows_of(
            "SELECT key, word FROM typos WHERE key IN ({})", sorted({key for keys in forms.values() for key in keys})
        ):
            under.setdefault(key, []).append(word)
        found: dict[str, str] = {}
        for word, keys in forms.items():
            near = {right for key in keys for right in under.get(key, ()) if typos.slipped(word, right)}
            if near:
                found[word] = min(
                    near, key=lambda right: (right[0] != word[0], sorted(right) != sorted(word), len(right) != len(word), right)
                )
        return found

    @property
    def kinds(self) -> bytes:
        """What each tool does, by number."""
        if self._kinds is None:
            self._kinds = bytes(self._rows("SELECT kinds FROM meta")[0][0])
        return self._kinds

    def names(self, numbers: Sequence[int]) -> dict[int, tuple[str, str]]:
        """Slug and toolkit of the tools with these numbers."""
        found: dict[int, tuple[str, str]] = {}
        for start in range(0, len(numbers), 500):
            part = numbers[start : start + 500]
            rows = self._rows(f"SELECT number, slug, toolkit FROM tools WHERE number IN ({','.join('?' * len(part))})", *part)  # noqa: S608
            found |= {number: (slug, toolkit) for number, slug, toolkit in rows}
        return found

    def weight(self, toolkits: Iterable[str]) -> int:
        """How many characters it takes to list all tools of these toolkits in brief, without reading any."""
        total = "SELECT coalesce(sum(weight), 0) FROM tools WHERE toolkit = ? AND NOT retired"
        return sum(self._rows(total, slug)[0][0] for slug in self._chosen(toolkits))

    def _chosen(self, toolkits: Iterable[str]) -> list[str]:
        return sorted({self.toolkit_card(slug).slug for slug in toolkits})

    def _of_tool(self, column: str, slug: str) -> bytes:
        rows = self._rows(f"SELECT {column} FROM tools WHERE slug = ?", slug.upper()) if slug.isascii() else []  # noqa: S608
        if not rows:
            raise UnknownTool(slug, self.near_tools(slug))
        return rows[0][0]

    def _read_heads(self) -> None:
        self._heads.clear()
        self._lists.clear()
        rows = self._rows("SELECT slug, card, first, count FROM toolkits ORDER BY slug")
        self._kits = {slug: msgpack.decode(card, type=ToolkitCard) for slug, card, _, _ in rows}
        self._spans = {slug: range(first, first + count) for slug, _, first, count in rows}
        self._in_order = sorted(filter(None, self._spans.values()), key=lambda span: span.start)
        self._end = max((span.stop for span in self._spans.values()), default=0)
        broken = self._rows("SELECT folder, message, details FROM broken ORDER BY folder")
        self.broken = {folder: BadFile(message, details=msgpack.decode(details, type=list[str])) for folder, message, details in broken}

    def _rows_of(self, statement: str, values: Iterable[str]) -> list[Any]:
        """The rows for any number of values, which `{}` stands for."""
        every = list(values)
        found: list[Any] = []
        for start in range(0, len(every), 500):
            part = every[start : start + 500]
            found += self._rows(statement.format(",".join("?" * len(part))), *part)
        return found

    def _rows(self, statement: str, *values: Any) -> list[Any]:
        with self._lock:
            try:
                return self._database.execute(statement, values).fetchall()
            except sqlite3.DatabaseError:  # a damaged file shows only where it is read
                self._database = self._compiled(marks_of(self._folders), "", None, None)
                self._read_heads()
                return self._database.execute(statement, values).fetchall()

    def _compiled(self, marks: Mapping[Path, str], stamp: str, cache: Path | None, before: sqlite3.Connection | None) -> sqlite3.Connection:
        from toolway.catalog.compiler import compiled, keep

        database = compiled(marks, stamp, before)
        if cache:
            keep(database, cache)
        return database


def _remembered(
    memory: dict[str, _Kept], keys: Iterable[str], read: Callable[[list[str]], dict[str, _Kept]], most: int
) -> dict[str, _Kept]:
    """What belongs to the keys: of those that are not in memory it is read and kept there, as long as there is room."""
    every = dict.fromkeys(keys)
    found = {key: kept for key in every if (kept := memory.get(key)) is not None}
    if new := [key for key in every if key not in found]:
        found |= (fresh := read(new))
        if len(memory) + len(fresh) > most:
            memory.clear()
        memory |= fresh
    return found


def toolkit_folders(folders: Iterable[Path]) -> list[Path]:
    """The folders that hold a toolkit.toml, and those given that hold none at all."""
    found: list[Path] = []
    for folder in folders:
        inner: list[Path] = []
        with contextlib.suppress(OSError):
            inner = [folder] if _is_toolkit(folder) else sorted(filter(_is_toolkit, folder.iterdir()))
        found += inner or [folder]
    return list(dict.fromkeys(found))


def _is_toolkit(folder: Path) -> bool:
    return (folder / "toolkit.toml").is_file()


def marks_of(folders: Iterable[Path]) -> dict[Path, str]:
    """Each toolkit folder with a mark that changes with every change of its files, and of the rooms that compile them."""
    own = f"{LAYOUT} {__version__}".encode() + _state(Path(__file__).parent)
    return {folder: hashlib.sha256(own + _state(folder)).hexdigest() for folder in toolkit_folders(folders)}


def fingerprint(marks: Mapping[Path, str]) -> str:
    """One mark of all."""
    seen = hashlib.sha256(f"{LAYOUT} {__version__}".encode())
    for mark in marks.values():
        seen.update(mark.encode())
    return seen.hexdigest()


def _state(folder: Path) -> bytes:
    """What tells one state of a folder's files from another."""
    found = os.fsencode(folder.absolute()) + b"\0"
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.name.endswith((".toml", ".py", ".tsv")):
                state = entry.stat()
                found += os.fsencode(entry.name) + f"\0{state.st_size}\0{state.st_mtime_ns}\0".encode()
    return found


def _opened(cache: Path) -> sqlite3.Connection | None:
    """The compiled file, if there is one that can be opened."""
    with contextlib.suppress(sqlite3.Error, OSError, ValueError):
        # immutable: the file is replaced, never written to, so no lock is ever taken
        uri = f"{cache.absolute().as_uri()}?mode=ro&immutable=1"
        return sqlite3.connect(uri, uri=True, check_same_thread=False)
    return None


def _stamp(database: sqlite3.Connection) -> str:
    """The fingerprint that it was compiled for; empty when it cannot be read."""
    with contextlib.suppress(sqlite3.Error):
        return str(database.execute("SELECT stamp FROM meta").fetchone()[0])
    return ""


def _near(slug: str, known: list[str], n: int) -> tuple[str, ...]:
    """The nearest of the known slugs; those that share words with it are looked at first, and no more than a few hundred."""
    import difflib

    slug = slug[:_LONGEST_SLUG]
    words = set(slug.replace("-", "_").split("_"))
    likely = sorted(known, key=lambda name: -len(words.intersection(name.split("_"))))[:_MOST_NEAR]
    return tuple(difflib.get_close_matches(slug, likely, n, 0.5))
