"""What an agent is told of a tool's arguments where all tools are listed at once, and every word is read eighty times.

Each argument stands with its type, the choices of a named type once in a tool, and a sentence where name and type do not say enough. What
is in an optional object stands in one line (`{amount: integer, since?: ISO 8601}`). Bounds, further sentences and the end of long choices
are for `schema`, and for the answer to a call that misses them.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from msgspec import UNSET, json, structs

from toolway.catalog.model import Field, Json, Kind, Noun, Tool, Toolkit
from toolway.catalog.schema import PLAIN, due, holding

_HINTS: Final = {"time": "ISO 8601", "wall": "ISO 8601", "date": "YYYY-MM-DD"}
_SAYS_IT: Final = ("bool", "choice", "object", *_HINTS)
_MANY, _FEW = 20, 3


class _Kit(NamedTuple):
    """The nouns of a toolkit, and the named types that this tool has told."""

    nouns: Mapping[str, Noun]
    told: set[str]


def arguments(tool: Tool, toolkit: Toolkit) -> Json:
    """The JSON Schema of the tool's arguments, in brief."""
    return _object(((param.given, param.field) for param in tool.params), _Kit(toolkit.nouns_of(tool), set()))


def _object(members: Iterable[tuple[str, Field]], kit: _Kit) -> Json:
    return holding(members, kit.nouns, lambda field: _field(field, kit))


def _field(field: Field, kit: _Kit) -> Json:
    kind = field.kind
    if not field.required and (kind.fields or len(kind.choices) > _MANY):
        schema: Json = {"type": "object" if kind.fields else "string"}
        about, field = _line(field, kit), structs.replace(field, default=UNSET)
    else:
        schema, about = _kind(kind, kit), _about(field)
    if field.many:
        schema = {"type": "array", "items": schema}
    if about:
        schema["description"] = about
    if field.default is not UNSET:
        schema["default"] = field.default
    return schema


def _kind(kind: Kind, kit: _Kit) -> Json:
    match kind.word:
        case "object":
            return _object(((member.name, member) for member in kind.fields), kit)
        case "choice":
            return {"type": "string"} if _told(kind, kit) else {"type": "string", "enum": list(kind.choices)}
        case "schema":
            return dict(kind.schema or {})
        case word:
            return dict(PLAIN[word])


def _told(kind: Kind, kit: _Kit) -> bool:
    """Whether a named type stands in this tool already; from now on it does."""
    told = kind.named in kit.told
    if kind.named:
        kit.told.add(kind.named)
    return told


def _about(field: Field) -> str:
    """The first sentence of what name and type do not explain, and how it is written. That names are taken for ids, the tools that call
    others say of all.
    """
    word, hint = field.kind.word, _HINTS.get(field.kind.word, "")
    silent = word == "noun" or (word in _SAYS_IT and not field.required)
    first = "" if silent else field.about.partition(". ")[0].partition(";")[0].rstrip(".")
    return f"{first} ({hint})" if first and hint and hint not in first else first or hint


def _line(field: Field, kit: _Kit) -> str:
    """A type in one line, and what is to be said of it."""
    kind, about = field.kind, ""
    match kind.word:
        case "object":
            told = _told(kind, kit)
            members = "" if told else ", ".join(f"{one.name}{'' if due(one, kit.nouns) else '?'}: {_line(one, kit)}" for one in kind.fields)
            line = " ".join(filter(None, (kind.named, members and f"{{{members}}}")))
        case "choice":
            few = f"one of {len(kind.choices)}, such as {', '.join(kind.choices[:_FEW])}" if len(kind.choices) > _MANY else ""
            line = few or ("string" if _told(kind, kit) else "|".join(kind.choices))
            line = f"({line})" if field.many and "|" in line else line
        case word:
            line: Any = _HINTS.get(word) or (kind.schema or PLAIN[word]).get("type", "any")
            line = line if isinstance(line, str) else "|".join(line)
            about = "" if word in _HINTS else _about(field)
    default = "" if field.default is UNSET or kind.fields else f" = {json.encode(field.default).decode()}"
    return f"{line}{'[]' * field.many}{default}{f' ({about})' * bool(about)}"
