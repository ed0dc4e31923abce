"""What the agent gave, made into what the tool takes, or a sentence for every argument that is wrong. Pure.

Names are matched to the letter first, then ignoring case, `-` and `_`. Values of a neighbouring type that can only mean one thing
(the text "5" for a whole number, one thing for a list of one) are taken; everything else is told with its path, what came and what
is expected. What is taken fits the JSON Schema that agents are shown (`catalog.schema`); a test holds the two together.
"""

import difflib
import json
import math
import re
from collections.abc import Callable, Mapping, Set
from datetime import datetime
from functools import lru_cache
from typing import Any, cast

import msgspec
from msgspec import UNSET

from toolway.catalog.grammar import misfit
from toolway.catalog.model import Field, Json, Kind, Noun, Tool, Toolkit
from toolway.catalog.schema import due, validator
from toolway.errors import BadArgument

LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
"""One part of a host name."""

_SHOWN = 60
_MOST_FAULTS = 12
_WORDS = {"text": "a text", "int": "a whole number", "number": "a number", "bool": "true or false", "object": "an object"}
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")


def check(tool: Tool, kit: Toolkit, given: Json) -> Json:
    """The arguments under the names and in the types that the tool takes. Raises `BadArgument` naming the faults.

    Left-out and null arguments stay out, save null where the tool merges: there it clears the field.
    """
    fields = {p.given: p.field for p in tool.params}
    clears = {p.given for p in tool.params if p.place == "body" and not p.field.required} if tool.merge else frozenset[str]()
    nouns = kit.nouns_of(tool)
    walk = _Walk(nouns, tool.whole.field.kind if tool.merge and tool.whole else None)
    taken = walk.members(fields, _as_whole(tool, fields, given), "", clears)
    if walk.faults:
        needed = {p.given: due(p.field, nouns) for p in tool.params}
        names = ", ".join(name + "*" * needed[name] for name in sorted(needed, key=lambda name: not needed[name]))
        said = "; ".join(walk.faults)
        end = "" if said.endswith("?") else "."
        raise BadArgument(f"{tool.slug}: {said}{end}", fix=f"Its arguments are: {names or 'none'}.", details=walk.faults)
    return taken


def _as_whole(tool: Tool, fields: Mapping[str, Field], given: Json) -> Json:
    """A body that is a list has no name upstream, so that a single list under a name of the agent's own can only be that one."""
    if tool.whole is None:
        return given
    whole = tool.whole.given
    meant = {name: name if name in fields else _lenient(fields, name) for name in given}
    strange = [name for name, known in meant.items() if known is None]
    if whole in meant.values() or len(strange) != 1 or not isinstance(given[strange[0]], list):
        return given
    return {whole if name == strange[0] else name: value for name, value in given.items()}


class _Walk:
    """One walk through the arguments, collecting faults; it ends early when there are too many to tell."""

    def __init__(self, nouns: Mapping[str, Noun], merged: Kind | None = None) -> None:
        self.faults: list[str] = []
        self._nouns = nouns
        self._merged = merged  # the items of a body that is a list, where null clears

    def members(self, fields: Mapping[str, Field], given: Json, path: str, clears: Set[str] = frozenset()) -> Json:
        taken: Json = {}
        for name, value in given.items():
            if len(self.faults) >= _MOST_FAULTS:
                return taken
            here = f"{path}.{name}" if path else name
            known = name if name in fields else _lenient(fields, name)
            if known is None:
                near = difflib.get_close_matches(name[:80], fields, n=1, cutoff=0.5)
                self.faults.append(f"{_short(here)} is not an argument" + (f", did you mean {near[0]}?" if near else ""))
            elif known in taken:
                self.faults.append(f"{_short(here)} is given twice")
            elif value is not None:
                taken[known] = self._field(fields[known], value, here)
            elif known in clears:
                taken[known] = None
        for name, field in fields.items():
            if name in taken:
                continue
            if due(field, self._nouns):
                self.faults.append(f"{path}.{name} is missing" if path else f"{name} is missing")
            elif path and field.default is not UNSET:  # at the top the request lays them, below what a merge has read
                taken[name] = field.default
        return taken

    def _field(self, field: Field, value: Any, path: str) -> Any:
        if not field.many:
            return self._value(field.kind, value, path)
        if isinstance(value, str) and value.lstrip().startswith("["):
            value = _from_json(value)
        items = cast("list[Any]", value) if isinstance(value, list) else [value]
        made: list[Any] = []
        for i, item in enumerate(items):
            if len(self.faults) >= _MOST_FAULTS:
                break
            made.append(self._value(field.kind, item, f"{path}[{i}]"))
        return made

    def _value(self, kind: Kind, value: Any, path: str) -> Any:
        if kind.word == "object":
            if isinstance(value, str):
                value = _from_json(value)
            if isinstance(value, dict):
                clears = {f.name for f in kind.fields if not f.required} if kind is self._merged else frozenset[str]()
                return self.members({f.name: f for f in kind.fields}, cast("Json", value), path, clears)
        convert = _CONVERT.get(kind.word)
        made = convert(kind, value) if convert else value
        if made is UNSET or kind.word == "object":
            self.faults.append(f"{_short(path)} is {shown(value)}; {expected(kind)} is expected")
        elif wrong := misfit(kind, made) or (_against_schema(kind, made) if kind.schema else ""):
            self.faults.append(f"{_short(path)} is {shown(value)}; {wrong}")
        return made


def _lenient(fields: Mapping[str, object], name: str) -> str | None:
    plain = _plain(name)
    return next((known for known in fields if _plain(known) == plain), None)


def _plain(name: str) -> str:
    return name.replace("-", "").replace("_", "").casefold()


def expected(kind: Kind) -> str:
    """What a value of this kind looks like, in words."""
    match kind.word:
        case "choice":
            return f"one of {', '.join(kind.choices)}"
        case "noun":
            return f"the id or the name of a {kind.noun} (text)"
        case "time":
            return "a moment such as 2026-01-31T09:00:00Z"
        case "wall":
            return "a moment such as 2026-01-31T09:00:00"
        case "date":
            return "a day such as 2026-01-31"
        case "label":
            return "one part of a host name (letters, digits and dashes)"
        case word:
            return _WORDS.get(word, "a text")


def shown(value: Any) -> str:
    """A value as it came, short enough for a sentence."""
    match value:
        case dict():
            return "an object"
        case list():
            return "a list"
        case str() if len(value) > _SHOWN:
            return json.dumps(value[: _SHOWN - 3], ensure_ascii=False) + "..."
        case _:
            return json.dumps(value, ensure_ascii=False, default=str)


def _short(path: str) -> str:
    return path if len(path) <= 120 else path[:117] + "..."


def _from_json(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (ValueError, RecursionError):
        return text


def _text(kind: Kind, value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and _writable(value) else UNSET


def _writable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # half a character
        return False
    return True


def _int(kind: Kind, value: Any) -> Any:
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else UNSET


def _number(kind: Kind, value: Any) -> Any:
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return float(value)
    return value if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) else UNSET


def _bool(kind: Kind, value: Any) -> Any:
    if isinstance(value, str) and value.casefold() in ("true", "false"):
        return value.casefold() == "true"
    return value if isinstance(value, bool) else UNSET


def _choice(kind: Kind, value: Any) -> Any:
    if not isinstance(value, str) or value in kind.choices:
        return value if isinstance(value, str) else UNSET
    plain = _plain(value)
    return next((choice for choice in kind.choices if _plain(choice) == plain), UNSET)


def _label(kind: Kind, value: Any) -> Any:
    return value if isinstance(value, str) and LABEL.fullmatch(value) else UNSET


def _time(kind: Kind, value: Any) -> Any:
    """A moment as ISO 8601 writes it, with its offset if it has one. By whose clock it is meant, `clock` knows."""
    try:
        moment = datetime.fromisoformat(value.strip()) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None:
        return UNSET
    return iso(moment)


def iso(moment: datetime) -> str:
    """A moment as it is written: to the second, or to the millisecond where it has a fraction; `Z` for no distance from UTC."""
    text = moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds")
    return text if moment.utcoffset() is None or moment.utcoffset() else f"{text[:-6]}Z"


def _date(kind: Kind, value: Any) -> Any:
    try:
        return datetime.fromisoformat(value.strip()).date().isoformat() if isinstance(value, str) else UNSET
    except ValueError:
        return UNSET


_CONVERT: dict[str, Callable[[Kind, Any], Any]] = {
    "text": _text,
    "email": _text,
    "url": _text,
    "label": _label,
    "file": _text,
    "noun": _text,
    "int": _int,
    "number": _number,
    "bool": _bool,
    "choice": _choice,
    "time": _time,
    "wall": _time,
    "date": _date,
}


def _against_schema(kind: Kind, value: Any) -> str:
    """The fault of a value whose type is written as JSON Schema, or nothing."""
    error = next(_validator(msgspec.json.encode(kind.schema)).iter_errors(value), None)
    return "" if error is None else str(error.message)[:200]


_validator = lru_cache(maxsize=256)(validator)
