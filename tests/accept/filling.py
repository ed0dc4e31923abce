"""Arguments for a tool from its lines alone: the fewest, and all of them in turns."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from toolway.calls.places import at, placed
from toolway.catalog.model import Field, Json, Kind, Noun, Tool
from toolway.catalog.schema import due

WRITTEN = {"color": "#0B83D9", "timeZone": "Europe/Riga"}
"""Texts whose form stands in their sentence alone."""

_TIMES = ("2026-11-20T09:00:00Z", "2026-11-20T09:00:00.500Z", "2026-11-20T09:00:00+01:00")
_LEAST_TURNS = len(_TIMES)


def fewest(tool: Tool, nouns: dict[str, Noun]) -> Json:
    """What must be given and no more."""
    return _spanned(tool, {p.given: _field(p.field, 0, nouns) for p in tool.params if due(p.field, nouns)})


def all_in_turns(tool: Tool) -> Iterator[Json]:
    """Every argument with every member, time and again, until each choice was made and each bound was reached."""
    for turn in range(max([_LEAST_TURNS, *(_choices(p.field.kind) for p in tool.params)])):
        yield _spanned(tool, {p.given: _field(p.field, turn, None) for p in tool.params})


def _spanned(tool: Tool, given: Json) -> Json:
    """The arguments with a period as long as it has to be."""
    start = at(tool, given, tool.span.start) if tool.span and tool.span.least else None
    if tool.span is None or start is None:
        return given
    end = datetime.fromisoformat(start) + timedelta(days=tool.span.least)
    return given | placed(tool, given, tool.span.end, end.isoformat())


def _choices(kind: Kind) -> int:
    return max([len(kind.choices), *(_choices(field.kind) for field in kind.fields)])


def _field(field: Field, turn: int, nouns: dict[str, Noun] | None) -> Any:
    if field.many:
        return [_value(field, turn, nouns), _value(field, turn + 1, nouns)]
    return _value(field, turn, nouns)


def _value(field: Field, turn: int, nouns: dict[str, Noun] | None) -> Any:
    """A value; the odd turns go to the upper bound. With `nouns`, an object has only the members that are due."""
    kind = field.kind
    match kind.word:
        case "object":
            return {f.name: _field(f, turn, nouns) for f in kind.fields if nouns is None or due(f, nouns)}
        case "choice":
            return kind.choices[turn % len(kind.choices)]
        case "noun":
            return f"64c777ddd3fcab07cfbb{turn:04x}"
        case "text":
            return WRITTEN.get(field.name) or _text(kind, turn)
        case "int":
            return int(_bounded(kind, turn))
        case "number":
            return _bounded(kind, turn)
        case "bool":
            return turn % 2 == 0
        case "time" | "wall":
            return _TIMES[turn % len(_TIMES)]
        case "date":
            return f"2026-11-{turn % 28 + 1:02}"
        case "email":
            return f"person{turn}@example.com"
        case "url":
            return f"https://example.com/{turn}"
        case "label":
            return f"acme{turn}"
        case "any":
            return (f"word {turn}", turn, True, [f"word {turn}"])[turn % 4]
        case "schema":
            return _by_schema(kind.schema or {}, turn)
        case "file":
            raise NotImplementedError("no tool takes a file yet")


def _text(kind: Kind, turn: int) -> str:
    """As short or as long as it may be. Texts without a bound are often ids."""
    end = kind.high if turn % 2 else kind.low
    if end is None:
        end = 24 if kind.low is None else max(kind.low, 24)
    return (f"{turn:04x}" * (int(end) // 4 + 1))[: int(end)]


def _bounded(kind: Kind, turn: int) -> float:
    end = kind.high if turn % 2 else kind.low
    return end if end is not None else (kind.low or 0) + turn


def _by_schema(schema: Json, turn: int) -> Any:
    match schema["type"]:
        case "array":
            return [_by_schema(schema["items"], turn), _by_schema(schema["items"], turn + 1)]
        case "string":
            return f"64c777ddd3fcab07cfbb{turn:04x}"
        case other:
            raise NotImplementedError(f"no value of the type {other} is made yet")
