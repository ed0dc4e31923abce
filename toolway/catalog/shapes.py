"""What the schemas of an OpenAPI document say of a value: references followed, combinations resolved, one level at a time.

A document is somebody else's: whatever is not as it should be is left out, never a reason to fail. Only what stands in the
document itself is followed, and no further than a bound. Places in the document are JSON Pointers.
"""

import re
from collections.abc import Iterator, Mapping
from functools import reduce
from typing import Any, Final, NamedTuple, cast
from urllib.parse import unquote

from toolway.catalog.model import Json

_DEEPEST: Final = 40
_MOST_PARTS: Final = 5_000
_MOST_TOLD: Final = 12
_NULL: Final = frozenset({"null"})
_NUMBERS: Final = frozenset({"integer", "number"})
_TYPES: Final = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}


class Node(NamedTuple):
    """A part of the document, and where it stands. One that was `made` of several stands where the first of them does."""

    content: Json
    where: str
    made: bool = False

    def step(self, *keys: str | int) -> "Node":
        """What stands below; empty where there is nothing of that kind."""
        value: Any = self.content
        for key in keys:
            value = table(value).get(key) if isinstance(key, str) else items(value)[key]
        return Node(table(value), "/".join((self.where, *(_step(key) for key in keys))))


class Shape(NamedTuple):
    """What a schema says of a value, its references and combinations resolved one level deep.

    `types` are JSON Schema's words without `null`, none for any; `choices` an enum (None: no enum); `rest` what members beyond the named
    ones may be (None: not said); `low` and `high` bound a number or the length of a text; `samples` are its own examples and default;
    `broken` says why a reference could not be followed.
    """

    types: frozenset[str] = frozenset()
    choices: tuple[Any, ...] | None = None
    format: str = ""
    members: Mapping[str, Node] = {}
    required: frozenset[str] = frozenset()
    items: Node | None = None
    rest: Node | bool | None = None
    low: float | None = None
    high: float | None = None
    samples: tuple[Any, ...] = ()
    read_only: bool = False
    write_only: bool = False
    deprecated: bool = False
    broken: str = ""

    @property
    def open(self) -> bool:
        """Whether members that are not named may stand there too."""
        return bool(self.rest) or not (self.members or self.rest is False)

    @property
    def contradicts(self) -> bool:
        """Whether it says object, and shows a text for one."""
        return self.types == frozenset(("object",)) and any(isinstance(sample, str) for sample in self.samples)

    def told(self) -> str:
        """The type in words."""
        if self.broken:
            return self.broken
        if self.choices is not None:
            more = f" and {len(self.choices) - _MOST_TOLD} more" if len(self.choices) > _MOST_TOLD else ""
            return f"one of {', '.join(map(str, self.choices[:_MOST_TOLD]))}{more}"
        name = " or ".join(sorted(self.types)) or "anything"
        return f"{name} ({self.format})" if self.format else name


class Schemas:
    """The schemas of a document."""

    def __init__(self, document: Json) -> None:
        self.root = Node(document, "#")
        self._left = 0

    def shape(self, node: Node) -> Shape:
        """What a schema says."""
        self._left = _MOST_PARTS
        return self._shape(node, ()) or Shape(broken="a circle of references")

    def follow(self, node: Node) -> Node:
        """What a reference stands for, when the node is nothing but one."""
        for _ in range(_DEEPEST):
            ref = node.content.get("$ref")
            if not isinstance(ref, str):
                break
            node = Node(table(self.stands(ref)), ref)
        return node

    def stands(self, ref: str) -> Any:
        """What a reference within the document points to, or None."""
        if not ref.startswith("#/"):
            return None
        value: Any = self.root.content
        for step in ref[2:].split("/"):
            key = unquote(step).replace("~1", "/").replace("~0", "~")
            if isinstance(value, list):
                listed = cast("list[Any]", value)
                value = listed[int(key)] if re.fullmatch(r"\d{1,6}", key) and int(key) < len(listed) else None
            else:
                value = table(value).get(key)
        return value

    def _shape(self, node: Node, open_: tuple[str, ...]) -> Shape | None:
        """The shape, or None where it is only what is being asked already."""
        self._left -= 1
        if len(open_) > _DEEPEST or self._left < 0:
            return Shape(broken="more references than are followed")
        parts: list[Shape | None] = [_own(node)]
        ref = node.content.get("$ref")
        if isinstance(ref, str):
            if ref in open_:
                return None
            stands = self.stands(ref)
            if stands is None:
                return Shape(broken=f"a reference that leads nowhere ({ref[:80]})")
            meant = self._shape(Node(table(stands), ref), (*open_, ref))
            if meant is None and len(node.content) == 1:
                return None
            parts.append(meant)
        parts += self._parts(node, "allOf", open_)
        found = reduce(_both, filter(None, parts))
        for key in ("oneOf", "anyOf"):
            branches = [part for part in self._parts(node, key, open_) if part and part.types != _NULL]
            if branches:
                found = _both(found, reduce(_any, branches))
        return found

    def _parts(self, node: Node, key: str, open_: tuple[str, ...]) -> list[Shape | None]:
        count = len(items(node.content.get(key)))
        return [self._shape(node.step(key, number), (*open_, f"{node.where}/{key}")) for number in range(count)]


def table(value: Any) -> Json:
    """A JSON object, or an empty one in place of anything else."""
    return cast("Json", value) if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """A JSON array, or an empty one in place of anything else."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def either(nodes: list[Node]) -> Node | None:
    """A node that may be any of these."""
    return reduce(lambda a, b: _made("anyOf", a, b), nodes) if nodes else None


def _made(key: str, a: Node, b: Node) -> Node:
    """A node of two, each named by its place, so that what is found there tells where it stands."""
    parts = [one.content if one.made else {"$ref": one.where} for one in (a, b)]
    return a if a == b else Node({key: parts}, a.where, made=True)


def _step(key: str | int) -> str:
    return str(key).replace("~", "~0").replace("/", "~1").replace("%", "%25")


def references(value: Any) -> Iterator[str]:
    """Every `$ref` within a value."""
    stack = [value]
    while stack:
        one = stack.pop()
        if isinstance(one, dict):
            content = cast("Json", one)
            if isinstance(content.get("$ref"), str):
                yield content["$ref"]
            stack += content.values()
        elif isinstance(one, list):
            stack += cast("list[Any]", one)


def _own(node: Node) -> Shape:
    """What a schema says itself, without what it refers to or combines."""
    schema = node.content
    choices = [schema["const"]] if "const" in schema else items(schema.get("enum"))
    choices = [choice for choice in choices if choice is not None]
    rest = schema.get("additionalProperties")
    low, high = ("minLength", "maxLength") if "string" in _types(schema) else ("minimum", "maximum")
    return Shape(
        types=_types(schema),
        choices=tuple(choices) if choices else None,
        format=schema["format"] if isinstance(schema.get("format"), str) else "",
        members={name: node.step("properties", name) for name in table(schema.get("properties"))},
        required=frozenset(name for name in items(schema.get("required")) if isinstance(name, str)),
        items=node.step("items") if "items" in schema else None,
        rest=node.step("additionalProperties") if isinstance(rest, dict) else rest if isinstance(rest, bool) else None,
        low=_number(schema.get(low)),
        high=_number(schema.get(high)),
        samples=tuple(schema[key] for key in ("example", "default") if schema.get(key) is not None),
        read_only=schema.get("readOnly") is True,
        write_only=schema.get("writeOnly") is True,
        deprecated=schema.get("deprecated") is True,
    )


def _types(schema: Json) -> frozenset[str]:
    told = schema.get("type")
    named = {one for one in (items(told) or [told]) if isinstance(one, str)}
    if named:
        return frozenset(named - {"null"} or named)
    if "properties" in schema or "additionalProperties" in schema:
        return frozenset({"object"})
    if "items" in schema:
        return frozenset({"array"})
    choices = [schema["const"]] if "const" in schema else items(schema.get("enum"))
    return frozenset(_TYPES[type(choice)] for choice in choices if choice is not None)


def _number(value: Any) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _together(key: str, a: Node | None, b: Node | None) -> Node | None:
    return _made(key, a, b) if a and b else a or b


def _members(key: str, a: Shape, b: Shape) -> dict[str, Node]:
    found = dict(a.members)
    for name, node in b.members.items():
        found[name] = _together(key, found.get(name), node) or node
    return found


def _both(a: Shape, b: Shape) -> Shape:
    """What holds when both hold."""
    types = a.types & b.types or a.types | b.types
    if not a.types & b.types and a.types | b.types == _NUMBERS:
        types = frozenset({"integer"})
    choices = a.choices if b.choices is None else b.choices if a.choices is None else tuple(c for c in a.choices if c in b.choices)
    return Shape(
        types,
        choices,
        a.format or b.format,
        _members("allOf", a, b),
        a.required | b.required,
        _together("allOf", a.items, b.items),
        False if a.rest is False or b.rest is False else a.rest or b.rest,
        max((end for end in (a.low, b.low) if end is not None), default=None),
        min((end for end in (a.high, b.high) if end is not None), default=None),
        a.samples + b.samples,
        a.read_only or b.read_only,
        a.write_only or b.write_only,
        a.deprecated or b.deprecated,
        a.broken or b.broken,
    )


def _any(a: Shape, b: Shape) -> Shape:
    """What holds when one of them does."""
    return Shape(
        a.types | b.types if a.types and b.types else frozenset(),
        a.choices + tuple(c for c in b.choices if c not in a.choices) if a.choices is not None and b.choices is not None else None,
        a.format if a.format == b.format else "",
        _members("anyOf", a, b),
        a.required & b.required if a.members and b.members else a.required | b.required,
        _together("anyOf", a.items, b.items),
        a.rest or b.rest,
        None if a.low is None or b.low is None else min(a.low, b.low),
        None if a.high is None or b.high is None else max(a.high, b.high),
        a.samples + b.samples,
        a.read_only and b.read_only,
        a.write_only and b.write_only,
        a.deprecated and b.deprecated,
        a.broken or b.broken,
    )
