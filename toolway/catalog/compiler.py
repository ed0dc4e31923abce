"""Making the compiled catalogue: every folder read once, and written down as rows that are quick to find.

What a folder gives is kept with the folder's mark, so that a change of one toolkit reads that one alone.
"""

import contextlib
import os
import re
import secrets
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from msgspec import Raw, json, msgpack, structs

from toolway.catalog import brief, reader, schema, typos
from toolway.catalog.doing import ASKED, LACK, NOTHING, kind_of, kind_of_words
from toolway.catalog.fields import walk
from toolway.catalog.model import Card, Tool, Toolkit, ToolkitCard
from toolway.catalog.postings import Counts, count_of, postings
from toolway.catalog.terms import STOP, pairs, stem, terms, words
from toolway.catalog.tongues import tongues
from toolway.errors import BadFile

_TABLES: Final = """
CREATE TABLE meta (stamp TEXT NOT NULL, kinds BLOB);
CREATE TABLE toolkits (slug TEXT PRIMARY KEY, card BLOB, head BLOB, first INTEGER, count INTEGER, folder TEXT, mark TEXT) WITHOUT ROWID;
CREATE TABLE tools (
    number INTEGER PRIMARY KEY, slug TEXT UNIQUE, toolkit TEXT, retired INTEGER, kind INTEGER, card BLOB, tool BLOB, counts BLOB,
    weight INTEGER
);
CREATE INDEX tools_by_toolkit ON tools (toolkit, number);
CREATE TABLE terms (term TEXT PRIMARY KEY, naming INTEGER, count INTEGER, tools BLOB) WITHOUT ROWID;
CREATE TABLE typos (key TEXT, word TEXT, PRIMARY KEY (key, word)) WITHOUT ROWID;
CREATE TABLE broken (folder TEXT PRIMARY KEY, message TEXT, details BLOB);
"""
_ELSEWHERE: Final = Path(__file__).with_name("elsewhere.tsv")
_NAMES: Final = re.compile(r"""(?<=\w )(?!I\b)[A-Z][\w'.-]*|(?<!\w)['"][^'"]{1,60}['"](?!\w)""")
"""Names that stand in an ask only as examples."""

_NAMING: Final = ("name", "toolkit", "words")


class _Row(NamedTuple):
    """A tool; or what a toolkit lacks: it has no slug and no tool, its own words for a card, and is found by the search alone."""

    slug: str | None
    retired: bool
    kind: int
    card: bytes | None
    tool: bytes | None
    counts: bytes
    weight: int = 0


class _Kit(NamedTuple):
    """What a toolkit gives to the catalogue."""

    slug: str
    card: bytes
    head: bytes
    rows: list[_Row]


def compiled(marks: Mapping[Path, str], stamp: str, before: sqlite3.Connection | None = None) -> sqlite3.Connection:
    """The catalogue of these toolkit folders, as a database in memory.

    What `before` has of a folder under the same mark is taken from there.
    """
    kits: dict[str, tuple[_Kit, str, str]] = {}
    broken: dict[str, BadFile] = {}
    owners: set[str] = set()
    for folder, mark in marks.items():
        try:
            kit = (before and _kept(before, folder, mark)) or _made(reader.read(folder))
            taken = [row.slug for row in kit.rows if row.slug and row.slug in owners]
            if kit.slug in kits or taken:
                shown = kit.slug if kit.slug in kits else taken[0]
                raise BadFile(f"The toolkit in {folder} is left out: {shown} stands in another folder already.")
        except BadFile as error:
            broken[str(folder)] = error
            continue
        kits[kit.slug] = (kit, str(folder), mark)
        owners |= {row.slug for row in kit.rows if row.slug}
    return _written(kits, broken, stamp)


def holding(toolkits: Iterable[Toolkit]) -> sqlite3.Connection:
    """The catalogue of toolkits that were not read from a folder, as a database in memory."""
    return _written({toolkit.slug: (_made(toolkit), "", "") for toolkit in toolkits}, {}, "")


def keep(database: sqlite3.Connection, cache: Path) -> None:
    """Write the catalogue to its file, whole or not at all. A folder that cannot be written to costs only the time of compiling."""
    beside = cache.with_name(f".{cache.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        cache.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(sqlite3.connect(beside)) as file:
            database.backup(file)
        os.replace(beside, cache)
    except (OSError, sqlite3.Error):
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)


def _kept(before: sqlite3.Connection, folder: Path, mark: str) -> _Kit | None:
    try:
        for slug, card, head in before.execute("SELECT slug, card, head FROM toolkits WHERE folder = ? AND mark = ?", (str(folder), mark)):
            rows = before.execute(
                "SELECT slug, retired, kind, card, tool, counts, weight FROM tools WHERE toolkit = ? ORDER BY number", (slug,)
            )
            return _Kit(slug, card, head, [_Row(*row) for row in rows])
    except sqlite3.Error:
        pass  # a damaged file, or one of another layout: the folder is read again
    return None


def _made(toolkit: Toolkit) -> _Kit:
    tools = sorted(toolkit.tools.values(), key=lambda tool: tool.slug)
    rows = [*(_row(tool, toolkit) for tool in tools), *(row for text in toolkit.lacks for row in _lacking(text, toolkit.title))]
    return _Kit(toolkit.slug, msgpack.encode(_toolkit_card(toolkit)), msgpack.encode(structs.replace(toolkit, tools={})), rows)


def _row(tool: Tool, toolkit: Toolkit) -> _Row:
    described = json.encode(schema.arguments(tool, toolkit)), json.encode(brief.arguments(tool, toolkit))
    card = Card(tool.slug, toolkit.slug, tool.name, tool.title, tool.about, tool.effect, *described)
    counts = {field: Counter(terms(text)) for field, text in _texts(tool, toolkit)}
    counts["pairs"] = Counter(pair for ask in tool.asks for pair in pairs(words(_NAMES.sub(" x9x ", ask))))
    listed = json.encode({"name": tool.slug, "description": tool.about, "inputSchema": Raw(card.brief)}).decode()
    packed = (msgpack.encode(card), msgpack.encode(tool), msgpack.encode(counts))
    return _Row(tool.slug, bool(tool.retire), kind_of(tool) | (ASKED if tool.asks else 0), *packed, len(listed))


def _lacking(text: str, toolkit: str) -> Iterator[_Row]:
    """A row for each thing that is done in what a toolkit lacks: "rename, archive or delete a project"."""
    counts = {"name": Counter(terms(text)), "toolkit": Counter(terms(toolkit)), "pairs": Counter(pairs(words(text)))}
    for kind in sorted({kind_of_words([word]) for word in words(text)} - {NOTHING}) or [NOTHING]:
        yield _Row(None, False, kind | LACK, text.encode(), None, msgpack.encode(counts))


def _elsewhere() -> Iterator[_Row]:
    for line in _ELSEWHERE.read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            name, asks = line.split("\t")
            counts = {"words": Counter([*terms(name), *terms(name), *terms(asks)])}  # where a list is long each word counts no less
            yield _Row(None, False, NOTHING | LACK, None, None, msgpack.encode(counts))


def _written(kits: Mapping[str, tuple[_Kit, str, str]], broken: Mapping[str, BadFile], stamp: str) -> sqlite3.Connection:
    database = sqlite3.connect(":memory:", check_same_thread=False)
    database.executescript(_TABLES)
    counts: dict[int, Counts] = {}
    kinds = bytearray()
    for slug in sorted(kits):
        kit, folder, mark = kits[slug]
        database.execute(
            "INSERT INTO toolkits VALUES (?, ?, ?, ?, ?, ?, ?)", (slug, kit.card, kit.head, len(kinds), len(kit.rows), folder, mark)
        )
        for row in kit.rows:
            number = len(kinds)
            kinds.append(row.kind)
            values = (number, row.slug, slug, row.retired, row.kind, row.card, row.tool, row.counts, row.weight)
            database.execute("INSERT INTO tools VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
            if not row.retired:
                counts[number] = msgpack.decode(row.counts, type=Counts)
    naming = {term for fields in counts.values() for field in _NAMING for term in fields.get(field, ())}
    elsewhere = {len(kinds) + place: msgpack.decode(row.counts, type=Counts) for place, row in enumerate(_elsewhere())}
    kinds += bytes([NOTHING | LACK]) * len(elsewhere)
    rows = ((term, term in naming, count_of(tools), tools) for term, tools in postings(counts, elsewhere).items())
    database.executemany("INSERT INTO terms VALUES (?, ?, ?, ?)", rows)
    database.executemany("INSERT OR IGNORE INTO typos VALUES (?, ?)", typos.keys(_spelt(database)))
    told = ((folder, error.message, msgpack.encode(error.details)) for folder, error in broken.items())
    database.executemany("INSERT INTO broken VALUES (?, ?, ?)", told)
    database.execute("INSERT INTO meta VALUES (?, ?)", (stamp, bytes(kinds)))
    database.commit()
    return database


def _spelt(database: sqlite3.Connection) -> set[str]:
    """The words, as they are spelt, that a wrong one may have meant: those of names."""
    found: set[str] = {*STOP, *tongues()["en"].spelt}
    for card, tool in database.execute("SELECT card, tool FROM tools WHERE NOT retired AND slug NOT NULL"):
        found.update(words(msgpack.decode(card, type=Card).title))
        found.update(word for ask in msgpack.decode(tool, type=Tool).asks for word in words(ask))
    for card, head in database.execute("SELECT card, head FROM toolkits"):
        found.update(words(msgpack.decode(card, type=ToolkitCard).title))
        found.update(word for key in msgpack.decode(head, type=Toolkit).words for word in words(key))
    return found


def _toolkit_card(toolkit: Toolkit) -> ToolkitCard:
    count = sum(not tool.retire for tool in toolkit.tools.values())
    modes = tuple(auth.mode for auth in toolkit.auth)
    return ToolkitCard(toolkit.slug, toolkit.title, toolkit.about, modes, count, toolkit.categories, toolkit.version)


def _texts(tool: Tool, toolkit: Toolkit) -> Iterator[tuple[str, str]]:
    """What the search knows of a tool, by field."""
    name = f"{tool.title} {tool.name}"
    yield "name", name
    yield "toolkit", f"{toolkit.title} {toolkit.slug}"
    yield "about", tool.about
    yield "params", " ".join(f"{field.name} {field.about}" for field in walk(param.field for param in tool.params))
    yield "asks", "\n".join(_NAMES.sub(" ", ask) for ask in tool.asks)
    yield "words", " ".join(_called(set(map(stem, words(name))), toolkit))


def _called(name: set[str], toolkit: Toolkit) -> Iterator[str]:
    """What people call a tool of this name besides: the [words] that stand for all words of a part of it."""
    for key, meant in toolkit.words.items():
        if any(all(stem(word) in name for word in words(value)) for value in meant):
            yield key
