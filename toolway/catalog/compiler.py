"""Making the compiled catalogue: every folder read once, and written down as rows that are quick to find."""

import contextlib
import os
import secrets
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from msgspec import json, msgpack, structs

from toolway.catalog import brief, reader, schema
from toolway.catalog.fields import walk
from toolway.catalog.model import Card, Tool, Toolkit, ToolkitCard
from toolway.catalog.terms import postings
from toolway.errors import BadFile

_TABLES: Final = """
CREATE TABLE meta (stamp TEXT NOT NULL);
CREATE TABLE toolkits (slug TEXT PRIMARY KEY, card BLOB, head BLOB, first INTEGER, count INTEGER) WITHOUT ROWID;
CREATE TABLE tools (number INTEGER PRIMARY KEY, slug TEXT UNIQUE, toolkit TEXT, retired INTEGER, card BLOB, tool BLOB);
CREATE INDEX tools_by_toolkit ON tools (toolkit, number);
CREATE TABLE terms (term TEXT PRIMARY KEY, tools BLOB) WITHOUT ROWID;
CREATE TABLE broken (folder TEXT PRIMARY KEY, message TEXT, details BLOB);
"""


def compiled(folders: Iterable[Path], stamp: str) -> sqlite3.Connection:
    """The catalogue of these toolkit folders, as a database in memory."""
    database = sqlite3.connect(":memory:", check_same_thread=False)
    database.executescript(_TABLES)
    toolkits, broken = _read(folders)
    texts: dict[int, dict[str, str]] = {}
    number = 0
    for slug in sorted(toolkits):
        toolkit = toolkits[slug]
        tools = sorted(toolkit.tools.values(), key=lambda tool: tool.slug)
        head = msgpack.encode(structs.replace(toolkit, tools={}))
        values = (slug, msgpack.encode(_toolkit_card(toolkit)), head, number, len(tools))
        database.execute("INSERT INTO toolkits VALUES (?, ?, ?, ?, ?)", values)
        for tool in tools:
            card = msgpack.encode(_card(tool, toolkit))
            row = (number, tool.slug, slug, bool(tool.retire), card, msgpack.encode(tool))
            database.execute("INSERT INTO tools VALUES (?, ?, ?, ?, ?, ?)", row)
            if not tool.retire:
                texts[number] = dict(_texts(tool, toolkit))
            number += 1
    database.executemany("INSERT INTO terms VALUES (?, ?)", postings(texts).items())
    rows = ((folder, error.message, msgpack.encode(error.details)) for folder, error in broken.items())
    database.executemany("INSERT INTO broken VALUES (?, ?, ?)", rows)
    database.execute("INSERT INTO meta VALUES (?)", (stamp,))
    database.commit()
    return database


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


def _read(folders: Iterable[Path]) -> tuple[dict[str, Toolkit], dict[str, BadFile]]:
    toolkits: dict[str, Toolkit] = {}
    broken: dict[str, BadFile] = {}
    owners: dict[str, str] = {}
    for folder in folders:
        try:
            toolkit = reader.read(folder)
            taken = [slug for tool in toolkit.tools.values() if (slug := tool.slug) in owners]
            if toolkit.slug in toolkits or taken:
                shown = toolkit.slug if toolkit.slug in toolkits else taken[0]
                raise BadFile(f"The toolkit in {folder} is left out: {shown} stands in another folder already.")
        except BadFile as error:
            broken[str(folder)] = error
            continue
        toolkits[toolkit.slug] = toolkit
        owners |= {tool.slug: toolkit.slug for tool in toolkit.tools.values()}
    return toolkits, broken


def _card(tool: Tool, toolkit: Toolkit) -> Card:
    described = json.encode(schema.arguments(tool, toolkit)), json.encode(brief.arguments(tool, toolkit))
    return Card(tool.slug, toolkit.slug, tool.name, tool.title, tool.about, tool.effect, *described)


def _toolkit_card(toolkit: Toolkit) -> ToolkitCard:
    count = sum(not tool.retire for tool in toolkit.tools.values())
    modes = tuple(auth.mode for auth in toolkit.auth)
    return ToolkitCard(toolkit.slug, toolkit.title, toolkit.about, modes, count, toolkit.categories, toolkit.version)


def _texts(tool: Tool, toolkit: Toolkit) -> Iterator[tuple[str, str]]:
    """What the search knows of a tool, by field."""
    yield "name", f"{tool.title} {tool.name}"
    yield "toolkit", f"{toolkit.title} {toolkit.slug}"
    yield "about", tool.about
    yield "params", " ".join(f"{field.name} {field.about}" for field in walk(param.field for param in tool.params))
    yield "asks", "\n".join(tool.asks)
