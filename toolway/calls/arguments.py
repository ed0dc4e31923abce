"""What the agent gave, made into what the tool takes, or a sentence for every argument that is wrong. Pure.

Names are matched to the letter first, then ignoring case, `-` and `_`. Values of a neighbouring type that can only mean one thing
(the text "5" for a whole number, one thing for a list of one) are taken; everything else is told with its path, what came and what
is expected.
"""

import difflib
import json
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, cast

import jsonschema_rs
from msgspec import UNSET

from toolway.catalog.model import Field, Json, Kind, Tool, Toolkit
from toolway.catalog.schema import arguments as schema_of
from toolway.errors import BadArgument

_SHOWN = 60
_WORDS = {"text": "a text", "int": "a whole number", "number": "a number", "bool": "true or false", "object": "an object"}


def check(tool: Tool, kit: Toolkit, given: Json) -> Json:
    """The arguments under the names and in the types that the tool takes. Raises `BadArgument` naming every fault.

    Left-out and null arguments stay out, save null where the tool merges: there it clears the field.
    """
    faults: list[str] = []
    fields = {p.given: p.field for p in tool.params}
    taken, cleared = _object(fields, given, "", faults)
    if not faults:
        faults += _against_schema(tool, kit, taken)
    if faults:
        raise BadArgument(
            f"{tool.slug}: {'; '.join(faults)}.",
            fix=f"Its arguments are: {', '.join(_signature(tool)) or 'none'}.",
            details=faults,
        )
    if tool.merge:
        taken |= dict.fromkeys(cleared)
    return taken


def _signature(tool: Tool) -> Iterable[str]:
    return (p.given + ("*" if p.field.required else "") for p in tool.params)


def _plain(name: str) -> str:
    return name.replace("-", "").replace("_", "").casefold()


def _object(fields: dict[str, Field], given: Json, path: str, faults: list[str]) -> tuple[Json, list[str]]:
    plain = {_plain(name): name for name in fields}
    taken: Json = {}
    cleared: list[str] = []
    for name, value in given.items():
        known = name if name in fields else plain.get(_plain(name))
        here = f"{path}.{name}" if path else name
        if known is None:
            near = difflib.get_close_matches(name[:80], fields, n=1, cutoff=0.5)
            faults.append(f"{here[:120]} is not an argument" + (f", did you mean {near[0]}?" if near else ""))
        elif known in taken:
            faults.append(f"{here[:120]} is given twice")
        elif value is None:
            cleared.append(known)
        else:
            taken[known] = _field(fields[known], value, here, faults)
    return taken, cleared


def _field(field: Field, value: Any, path: str, faults: list[str]) -> Any:
    if not field.many:
        return _value(field.kind, value, path, faults)
    if isinstance(value, str) and value.lstrip().startswith("["):
        value = _from_json(value)
    if not isinstance(value, list):
        value = [value]
    items = cast("list[Any]", value)
    return [_value(field.kind, item, f"{path}[{i}]", faults) for i, item in enumerate(items)]


def _value(kind: Kind, value: Any, path: str, faults: list[str]) -> Any:
    if kind.word == "object":
        if isinstance(value, str):
            value = _from_json(value)
        if not isinstance(value, dict):
            faults.append(f"{path} is {shown(value)}; an object is expected")
            return value
        return _object({f.name: f for f in kind.fields}, cast("Json", value), path, faults)[0]
    convert = _CONVERT.get(kind.word)
    made = convert(kind, value) if convert else value
    if made is UNSET:
        faults.append(f"{path} is {shown(value)}; {expected(kind)} is expected")
        return value
    return made


def expected(kind: Kind) -> str:
    """What a value of this kind looks like, in words."""
    match kind.word:
        case "choice":
            return f"one of {', '.join(kind.choices)}"
        case "noun":
            return f"the id or the name of a {kind.noun} (text)"
        case "time":
            return "a moment such as 2026-01-31T09:00:00Z"
        case "date":
            return "a day such as 2026-01-31"
        case word:
            return _WORDS.get(word, "a text")


def shown(value: Any) -> str:
    """A value as it came, short enough for a sentence."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def _from_json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _text(kind: Kind, value: Any) -> Any:
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else UNSET


def _int(kind: Kind, value: Any) -> Any:
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,18}", value.strip()):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else UNSET


def _number(kind: Kind, value: Any) -> Any:
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,18}(\.\d{1,18})?", value.strip()):
        return float(value)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else UNSET


def _bool(kind: Kind, value: Any) -> Any:
    if isinstance(value, str) and value.casefold() in ("true", "false"):
        return value.casefold() == "true"
    return value if isinstance(value, bool) else UNSET


def _choice(kind: Kind, value: Any) -> Any:
    if not isinstance(value, str):
        return UNSET
    plain = {_plain(c): c for c in kind.choices}
    return value if value in kind.choices else plain.get(_plain(value), UNSET)


def _time(kind: Kind, value: Any) -> Any:
    """A moment in UTC as the vendors write it. Without an offset it is taken as UTC."""
    try:
        moment = datetime.fromisoformat(value.strip()) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None:
        return UNSET
    try:
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        return UNSET
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment.year >= 1000 else UNSET


def _date(kind: Kind, value: Any) -> Any:
    try:
        return datetime.fromisoformat(value.strip()).date().isoformat() if isinstance(value, str) else UNSET
    except ValueError:
        return UNSET


_CONVERT: dict[str, Callable[[Kind, Any], Any]] = {
    "text": _text,
    "email": _text,
    "url": _text,
    "label": _text,
    "file": _text,
    "noun": _text,
    "int": _int,
    "number": _number,
    "bool": _bool,
    "choice": _choice,
    "time": _time,
    "date": _date,
}


@lru_cache(maxsize=2048)
def _validator(slug: str, schema: str) -> Any:
    return jsonschema_rs.validator_for(schema)


_schemas: dict[int, tuple[Tool, Any]] = {}


def _against_schema(tool: Tool, kit: Toolkit, taken: Json) -> list[str]:
    known = _schemas.get(id(tool))
    if known is None or known[0] is not tool:
        known = (tool, _validator(tool.slug, json.dumps(schema_of(tool, kit))))
        _schemas[id(tool)] = known
    faults: list[str] = []
    for error in known[1].iter_errors(taken):
        path = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in error.instance_path).lstrip(".")
        faults.append(f"{path}: {error.message}"[:300] if path else _root(error.message))
    return faults


def _root(message: str) -> str:
    missing = re.fullmatch(r'"(.+)" is a required property', message)
    return f"{missing[1]} is missing" if missing else message[:300]
