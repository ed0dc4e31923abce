"""What a toolkit says of a value, held against what a schema of the vendor's document says of it.

Whatever differs is yielded as a `Slip`. Members that a tool does not offer are none, unless the document calls them required.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from msgspec import UNSET, structs

from toolway.catalog import grammar
from toolway.catalog.grammar import near
from toolway.catalog.model import Field, Json, Kind
from toolway.catalog.shapes import Node, Shape, either, items, table
from toolway.catalog.source import Keys
from toolway.catalog.witness import Witness

NOTHING: Final = "no such name"
NO_FIELD: Final = "no such field"

_STRING: Final = frozenset({"string"})
_JSON: Final = {"int": "integer", "number": "number", "bool": "boolean", "object": "object", "any": ""}  # all others: string
_FORMATS: Final = {"date-time": ("time", "wall"), "date": ("date",), "email": ("email",), "uri": ("url",), "binary": ("file",)}
_STATED: Final = ("time", "wall", "date", "email", "file")  # words that contradict another format
_OF_SCHEMA: Final = {"date-time": "time", "date": "date", "email": "email", "uri": "url", "binary": "file"}
_OF_TYPE: Final = {"string": "text", "integer": "int", "number": "number", "boolean": "bool"}


class Slip(NamedTuple):
    """A difference: where in the toolkit (`keys` below the tool), what it says, what the document says, and where there."""

    keys: Keys
    here: str
    there: str
    where: str
    hint: str = ""


class Sent(NamedTuple):
    """What a tool sends as the members of one object: fields, constants, and the names that a merge fills from what is read."""

    fields: tuple[Field, ...]
    fixed: Mapping[str, Any] = {}
    kept: frozenset[str] = frozenset()


def value(witness: Witness, keys: Keys, field: Field, node: Node, *, text: bool = False, fixed: Json | None = None) -> Iterator[Slip]:
    """A field against its schema. `text` tells that it stands in path, query or header, where every value is written as text."""
    shape = witness.shape(node)
    told = plain(field)
    here = type_of(field)
    yield from _marks(keys, shape, node, request=not text)
    if told.many and "array" in shape.types and shape.items:
        node, shape = shape.items, witness.shape(shape.items)
    elif told.many and shape.types:
        yield Slip(keys, here, shape.told(), node.where)
        return
    if shape.broken or _wrong_type(told.kind, shape, text):
        yield Slip(keys, here, shape.told(), node.where)
        return
    yield from _narrower(keys, told.kind, here, shape, node)
    if told.kind.fields:  # else any members
        yield from members(witness, keys, Sent(told.kind.fields, fixed or {}), shape, node)


def members(witness: Witness, keys: Keys, sent: Sent, shape: Shape, node: Node) -> Iterator[Slip]:
    """The members of an object against its schema."""
    for field in sent.fields:
        there = shape.members.get(field.name)
        inner = (*keys, field.name)
        if there is None:
            if not shape.open:
                yield Slip(inner, type_of(field), NOTHING, node.where, near(field.name, shape.members))
            continue
        yield from due(inner, field, field.name in shape.required and not witness.shape(there).read_only, there.where, sent.kept)
        yield from value(witness, inner, field, there, fixed=table(sent.fixed.get(field.name)))
    offered = {field.name for field in sent.fields}
    for name, constant in sent.fixed.items():
        there = shape.members.get(name)
        inner = (keys[0], *keys[1:], name) if keys[0] == "fixed" else ("fixed", *keys, name)
        if there is None and not shape.open:
            yield Slip(inner, "always sent", NOTHING, node.where, near(name, shape.members))
        elif there is not None and name not in offered:
            yield from fixed_value(witness, inner, constant, there)
    for name in sorted(shape.required - offered - set(sent.fixed)):
        there = shape.members.get(name)
        if there is None or not witness.shape(there).read_only:
            yield Slip((*keys, name), "missing", "required", there.where if there else node.where)


def due(keys: Keys, field: Field, required: bool, where: str, kept: frozenset[str] = frozenset()) -> Iterator[Slip]:
    """Whether both sides agree on what must be given; a default is always sent, and a merge keeps what was there."""
    if required and not field.required and field.default is UNSET and field.name not in kept:
        yield Slip(keys, "optional", "required", where)
    elif field.required and field.default is UNSET and not required:
        yield Slip(keys, "required", "optional", where)


def fixed_value(witness: Witness, keys: Keys, constant: Any, node: Node) -> Iterator[Slip]:
    """A constant against its schema."""
    shape = witness.shape(node)
    if isinstance(constant, dict):
        kind = Kind("object")
    elif isinstance(constant, list):
        if shape.types and "array" not in shape.types:
            yield Slip(keys, "a list", shape.told(), node.where)
        elif shape.items:
            for one in items(constant):
                yield from fixed_value(witness, keys, one, shape.items)
        return
    else:
        word = "bool" if isinstance(constant, bool) else "int" if isinstance(constant, int) else "number"
        kind = Kind("choice", choices=(constant,)) if isinstance(constant, str) else Kind(word)
    if shape.broken or _wrong_type(kind, shape, keys[1] != "body"):
        yield Slip(keys, f"always {constant!r}", shape.told(), node.where)
    elif isinstance(constant, dict):
        yield from members(witness, keys, Sent((), table(constant)), shape, node)
    elif shape.choices is not None and str(constant) not in map(str, shape.choices):
        yield Slip(keys, f"always {constant!r}", shape.told(), node.where)


def seen(witness: Witness, keys: Keys, name: str, node: Node) -> Iterator[Slip]:
    """Whether a reply of this schema has the dotted name, told as far as it goes wrong.

    A list is looked at item by item, `*` stands for each member. What is only spelt another way is told, and gone through all the same.
    """
    left, gone = name.split("."), ""
    while True:
        shape = witness.shape(node)
        if shape.broken:
            yield Slip(keys, name, shape.broken, node.where)
            return
        if "array" in shape.types and shape.items and not (left and left[0] in shape.members):
            if left and left[0] == "*":
                gone = _dotted(gone, left.pop(0))
            node = shape.items
            continue
        if shape.write_only:
            yield Slip(keys, gone, "write-only", node.where)
        if not left:
            return
        part = left.pop(0)
        way, gone = gone, _dotted(gone, part)
        below, called = _below(shape, part)
        if below is None:
            if shape.types and not shape.types & {"object", "array"}:
                yield Slip(keys, gone, f"{shape.told()} there", node.where)
            elif not shape.open:
                yield Slip(keys, gone, NO_FIELD, node.where, near(part, shape.members))
            return
        if called != part:
            yield Slip(keys, gone, _dotted(way, called), node.where)
        node = below


def plain(field: Field) -> Field:
    """The field, with a type that is written as JSON Schema put into the words of the format as far as they reach."""
    if field.kind.word != "schema":
        return field
    told = _of_schema(field.name, field.kind.schema or {})
    if field.many:  # a list of what the schema says
        told = structs.replace(told, kind=Kind("any") if told.many else told.kind, many=True)
    return structs.replace(told, required=field.required, default=field.default)


def type_of(field: Field) -> str:
    """The type as the file writes it."""
    told = grammar.write(structs.replace(field, required=False, default=UNSET, about=""))
    return told if len(told) <= 60 else f"{told[:57]}..."


def _of_schema(name: str, schema: Json) -> Field:
    listed = items(schema.get("type")) or [schema.get("type")]
    types = [one for one in listed if isinstance(one, str) and one != "null"]
    if types == ["array"]:
        inner = _of_schema(name, table(schema.get("items")))
        return Field(name, Kind("any") if inner.many else inner.kind, many=True)
    if types == ["object"]:
        properties, due = table(schema.get("properties")), items(schema.get("required"))
        fields = [structs.replace(_of_schema(key, table(value)), required=key in due) for key, value in properties.items()]
        return Field(name, Kind("object", fields=tuple(fields)))
    choices = [choice for choice in items(schema.get("enum")) if isinstance(choice, str)]
    if choices and types in ([], ["string"]):
        return Field(name, Kind("choice", choices=tuple(choices)))
    if len(types) != 1 or types[0] not in _OF_TYPE:
        return Field(name, Kind("any"))
    word: Any = _OF_SCHEMA.get(str(schema.get("format")), "text") if types == ["string"] else _OF_TYPE[types[0]]
    return Field(name, Kind(word, choices=tuple(map(str, items(schema.get("enum"))))))


def _marks(keys: Keys, shape: Shape, node: Node, *, request: bool) -> Iterator[Slip]:
    if shape.deprecated:
        yield Slip(keys, "offered", "deprecated", node.where)
    if shape.read_only and request:
        yield Slip(keys, "sent", "read-only", node.where)


def _wrong_type(kind: Kind, shape: Shape, text: bool) -> bool:
    wanted = _JSON.get(kind.word, "string")
    if not shape.types or wanted in shape.types:
        return False
    if not wanted:  # anything: an object or a list of lists, unless the document itself shows something else
        return not shape.types & {"object", "array"} or shape.contradicts
    if text and kind.word == "noun":
        return not shape.types & {"integer", "number"}
    if text and shape.types == _STRING and shape.choices is None and not shape.format and kind.word != "object":
        return not _like(kind, shape.samples)  # "string" in a query may be a number or a yes-or-no: the document's own samples tell
    return True


def _like(kind: Kind, samples: tuple[Any, ...]) -> bool:
    """Whether the document's own samples of a text are of this kind, and there are some."""
    read = {"true": True, "false": False}
    values = [read.get(one, int(one) if one.isdecimal() else one) if isinstance(one, str) else one for one in samples]
    return bool(values) and not any(grammar.misfit(Kind(kind.word), value) for value in values)


def _narrower(keys: Keys, kind: Kind, here: str, shape: Shape, node: Node) -> Iterator[Slip]:
    """Formats, choices and bounds."""
    fitting = _FORMATS.get(shape.format, ())
    if kind.word not in ("object", "any", "choice", "noun", "int", "number", "bool") and shape.types == _STRING:
        stated = kind.word in _STATED and shape.format and kind.word not in fitting
        if stated or (fitting and kind.word not in fitting):
            yield Slip(keys, here, shape.told(), node.where)
    yield from _choices(keys, kind, here, shape, node)
    for end, word in (("low", "at least"), ("high", "at most")):
        ours, theirs = getattr(kind, end), getattr(shape, end)
        if ours is not None and theirs is not None and ours != theirs and kind.word in ("text", "int", "number"):
            yield Slip(keys, f"{word} {ours:g}", f"{word} {theirs:g}", node.where)


def _choices(keys: Keys, kind: Kind, here: str, shape: Shape, node: Node) -> Iterator[Slip]:
    chosen = kind.word == "choice" or bool(kind.choices)  # numbers are chosen among in a schema alone
    if chosen and shape.choices is None:
        if not (shape.types and shape.samples and all(sample in kind.choices for sample in shape.samples)):
            yield Slip(keys, here, f"any {shape.told()}", node.where)
    elif chosen and shape.choices is not None:
        theirs = tuple(map(str, shape.choices))
        for choice in kind.choices:
            if choice not in theirs:
                yield Slip(keys, f"choice {choice}", "no such choice", node.where, near(choice, theirs))
        for choice in theirs:
            if choice not in kind.choices:
                yield Slip(keys, f"no choice {choice}", f"choice {choice}", node.where)
    elif shape.choices is not None and kind.word not in ("any", "bool", "object"):
        yield Slip(keys, here, shape.told(), node.where)


def _below(shape: Shape, part: str) -> tuple[Node | None, str]:
    """What stands under this name, and the name it has there."""
    rest = shape.rest if isinstance(shape.rest, Node) else None
    if part == "*":
        return rest or either(list(shape.members.values())), part
    alike = (name for name in shape.members if re.sub(r"[-_]", "", name).lower() == re.sub(r"[-_]", "", part).lower())
    called = part if part in shape.members or rest else next(alike, part)
    return shape.members.get(called) or rest, called


def _dotted(way: str, part: str) -> str:
    return f"{way}.{part}" if way else part
