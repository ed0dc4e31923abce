"""Fields that fit the schemas of a vendor's document, so that `compare` finds nothing to differ.

What cannot be said in a line is left out where it is optional, and left open (`any`) where it is part of an object.
"""

import re
from typing import Any, Final

from msgspec import structs

from toolway.catalog import grammar
from toolway.catalog.model import Field, Kind, Word
from toolway.catalog.shapes import Node, Shape
from toolway.catalog.witness import Witness

ANY: Final = Kind("any")
OBJECT: Final = frozenset({"object"})

_FORMATS: Final[dict[str, Word]] = {"date-time": "time", "date": "date", "email": "email", "uri": "url", "binary": "file"}
_WORDS: Final[dict[str, Word]] = {"string": "text", "number": "number", "integer": "int", "boolean": "bool"}
_ARRAY: Final = frozenset({"array"})
_NESTED: Final = OBJECT | _ARRAY
_NULL: Final = frozenset({"null"})
_YES_OR_NO: Final = frozenset({"boolean"})
_WHOLE: Final = frozenset({"integer"})
_LONGEST: Final = 100
_INLINE: Final = 60


class TooMany(Exception):
    """More fields than a tool may have."""


class Fitting:
    """Fields for one tool: objects within objects down to `deepest`, and at most `most` fields (more raise `TooMany`)."""

    def __init__(self, witness: Witness, deepest: int, most: int) -> None:
        self._witness, self._deepest, self._left = witness, deepest, most
        self._open: list[str] = []

    def field(self, name: str, node: Node, due: bool, *, text: bool = False) -> Field | None:
        """The field of this name, or None where no line fits. `text` tells that it stands in path, query or header."""
        self._left -= 1
        if self._left < 0:
            raise TooMany
        shape = self._witness.shape(node)
        if shape.broken or shape.deprecated or (shape.read_only and not text) or not writable(name):
            return None
        many = shape.types == _ARRAY and shape.items is not None
        kind = self.kind(name, shape.items if many and shape.items else node, text=text)
        return Field(name, kind, many, due) if kind else None

    def kind(self, name: str, node: Node, *, text: bool = False) -> Kind | None:
        """The type of what is called so, or None where none fits."""
        shape = self._witness.shape(node)
        if shape.broken or shape.types == _NULL or shape.contradicts:
            return None
        if shape.types == OBJECT and not text:
            return self._object(name, node, shape)
        if shape.types & _NESTED:
            return ANY
        if shape.choices is not None and shape.types != _YES_OR_NO:
            return _choice(type_name(name, node), shape)
        if not shape.types:
            return Kind("text") if text else ANY
        word: Word | None = next((word for told, word in _WORDS.items() if told in shape.types), None)
        if word == "text" and len(shape.types) == 1:
            word = _FORMATS.get(shape.format, word)
        if word is None:
            return None
        return _bounded(word, shape) if len(shape.types) == 1 else Kind(word)

    def members(self, shape: Shape) -> tuple[Field, ...] | None:
        """The members of an object as fields, or None where one that is due cannot be written."""
        fields: list[Field] = []
        for name, node in shape.members.items():
            found = self.field(name, node, name in shape.required)
            if found is not None:
                fields.append(found)
            elif name in shape.required and not self._witness.shape(node).read_only:
                return None
        return None if shape.required - set(shape.members) else tuple(fields)

    def _object(self, name: str, node: Node, shape: Shape) -> Kind:
        called = str(node.content.get("$ref", node.where))
        if len(self._open) >= self._deepest or called in self._open:
            return ANY
        self._open.append(called)
        fields = self.members(shape)
        self._open.pop()
        return Kind("object", fields=fields, named=type_name(name, node)) if fields else ANY


def writable(text: str) -> bool:
    """Whether a text of the document can stand in a toolkit's file: people see all of it, and it is a name rather than prose."""
    return 0 < len(text) <= _LONGEST and text.isprintable() and text == text.strip()


def type_name(name: str, node: Node) -> str:
    """What a type of this schema is called: as in the document where it has a name there."""
    ref = node.content.get("$ref")
    where = ref if isinstance(ref, str) else node.where
    named = re.fullmatch(r"#/components/schemas/([^/]+)", where)
    words = re.findall(r"[A-Za-z0-9]+", named[1] if named else name)
    found = "".join(word[:1].upper() + word[1:] for word in words)[:60]
    return found if found[:1].isalpha() else f"Type{found}"


def _choice(named: str, shape: Shape) -> Kind | None:
    choices: tuple[Any, ...] = tuple(dict.fromkeys(shape.choices or ()))
    if not choices:
        return None
    if not shape.types & {"string"}:
        numbers = all(isinstance(one, int | float) and not isinstance(one, bool) and not grammar.unplain(one) for one in choices)
        word = "integer" if shape.types == _WHOLE else "number"
        return Kind("schema", schema={"type": word, "enum": list(choices)}, named=named) if numbers else None
    if not all(isinstance(one, str) and (one.isprintable() or not one) for one in choices):
        return None
    if not all(map(writable, choices)):
        return Kind("schema", schema={"type": "string", "enum": list(choices)}, named=named)
    inline = len(" | ".join(choices)) <= _INLINE and not re.search(r"[()|]", "".join(choices))
    return Kind("choice", choices=choices, named="" if inline else named)


def _bounded(word: Word, shape: Shape) -> Kind:
    """The type with the document's bounds, as far as a line can say them."""
    low, high = (None if end is None else float(end) for end in (shape.low, shape.high))
    kind = Kind(word, low=low or None if word == "text" else low, high=high)
    if word not in ("text", "int", "number"):
        return Kind(word)
    try:
        same = grammar.read("x", grammar.write(Field("x", kind))).kind == kind
    except (grammar.BadLine, ValueError, OverflowError):
        same = False
    return kind if same else structs.replace(kind, low=None, high=None)
