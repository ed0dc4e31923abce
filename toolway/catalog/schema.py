"""What an agent is told of a tool's arguments: JSON Schema in the part that every client keeps.

A plain object with everything written out: no references and no combinators at the root, since common clients keep only
`properties`, `required` and `additionalProperties`.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

from msgspec import UNSET, json

from toolway.catalog.model import Field, Json, Kind, Noun, Tool, Toolkit

PLAIN: Final[dict[str, Json]] = {
    "text": {"type": "string"},
    "int": {"type": "integer"},
    "number": {"type": "number"},
    "bool": {"type": "boolean"},
    "time": {"type": "string"},  # no format date-time, which demands an offset: some services read wall clock
    "wall": {"type": "string"},
    "date": {"type": "string"},
    "email": {"type": "string", "format": "email"},
    "url": {"type": "string", "format": "uri"},
    "label": {"type": "string", "pattern": "^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$"},
    "file": {"type": "string"},
    "noun": {"type": "string"},
    "any": {},
}
HINTS: Final = {"time": "ISO 8601", "wall": "local ISO 8601", "date": "YYYY-MM-DD"}
_LOCAL: Final = HINTS | {"time": HINTS["wall"]}  # where [clock] says whose clock is meant


class _Kit(NamedTuple):
    """What of a toolkit is told with its fields: the nouns, and how values are written."""

    nouns: Mapping[str, Noun]
    hints: Mapping[str, str]


def arguments(tool: Tool, toolkit: Toolkit) -> Json:
    """The JSON Schema of the tool's arguments."""
    kit = _Kit(toolkit.nouns_of(tool), _LOCAL if toolkit.clock else HINTS)
    return _closed(_object(((param.given, param.field) for param in tool.params), kit))


def fields(found: Iterable[Field], nouns: Mapping[str, Noun] | None = None) -> Json:
    """The JSON Schema of an object of these fields, such as what [account] asks for."""
    return _closed(_object(((field.name, field) for field in found), _Kit(nouns or {}, HINTS)))


def weight(tool: Tool, toolkit: Toolkit) -> int:
    """How many characters an agent reads to know the tool."""
    shown = {"name": tool.slug, "description": tool.about, "inputSchema": arguments(tool, toolkit)}
    return len(json.encode(shown).decode())


def validator(schema: bytes) -> Any:
    """The validator of a JSON Schema (as text) of Draft 2020-12, whatever draft it names. It fetches nothing: neither a page nor a file.

    Raises `ValueError` for what is no schema, or points out of itself.
    """
    import jsonschema_rs

    return jsonschema_rs.Draft202012Validator(schema.decode(), retriever=_nothing)


def wrong(schema: Json) -> str:
    """Why this is no JSON Schema, or nothing."""
    try:
        validator(json.encode(schema))
    except ValueError as error:
        return f"not a JSON Schema: {str(error).splitlines()[0]}"
    return ""


def due(field: Field, nouns: Mapping[str, Noun]) -> bool:
    """Whether the agent must give it: what is required and has no default, neither of its own nor of its noun."""
    noun = nouns.get(field.kind.noun)
    return field.required and field.default is UNSET and not (noun and noun.default)


def _nothing(address: str) -> Json:
    raise ValueError("a schema stands alone")


def holding(members: Iterable[tuple[str, Field]], nouns: Mapping[str, Noun], told: Callable[[Field], Json]) -> Json:
    """The JSON Schema of an object of these members, each as `told` tells it."""
    properties: Json = {}
    required: list[str] = []
    for name, field in members:
        properties[name] = told(field)
        if due(field, nouns):
            required.append(name)
    return {"type": "object", "properties": properties} | ({"required": required} if required else {})


def _object(members: Iterable[tuple[str, Field]], kit: _Kit) -> Json:
    return holding(members, kit.nouns, lambda field: _field(field, kit))


def _closed(schema: Json) -> Json:
    """Said of the whole only: inside it would be said dozens of times, and what is no argument is told in any case."""
    return schema | {"additionalProperties": False}


def _field(field: Field, kit: _Kit) -> Json:
    schema = _kind(field.kind, kit)
    if field.many:
        schema = {"type": "array", "items": schema}
    if about := _about(field, kit):
        schema["description"] = about
    if field.default is not UNSET and not field.kind.fields:  # the members of an object tell their own
        schema["default"] = field.default
    return schema


def _kind(kind: Kind, kit: _Kit) -> Json:
    match kind.word:
        case "object":
            return _object(((member.name, member) for member in kind.fields), kit)
        case "choice":
            return {"type": "string", "enum": list(kind.choices)}
        case "schema":
            return dict(kind.schema or {})
        case word:
            return PLAIN[word] | _bounds(kind)


def _bounds(kind: Kind) -> Json:
    low, high = ("minLength", "maxLength") if kind.word == "text" else ("minimum", "maximum")
    ends = ((low, kind.low), (high, kind.high))
    return {name: int(end) if end == int(end) else end for name, end in ends if end is not None and (name != "minLength" or end)}


def _about(field: Field, kit: _Kit) -> str:
    """The sentence, and how the value is written where that is not plain from its type."""
    hint = kit.hints.get(field.kind.word, "")
    if field.kind.word == "noun":
        hint = "ids or names" if field.many else "id or name"
        if field.required and not due(field, kit.nouns):
            if not field.about:  # not due, and its name says the rest
                return ""
            hint += "; left out: the user's own"
    if not hint or hint in field.about or not field.about:
        return field.about or (hint and f"{hint[0].upper()}{hint[1:]}.")
    return f"{field.about.rstrip('.')} ({hint})."
