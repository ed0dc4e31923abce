"""Parameters: the lines of a table as fields, and the [types.X] that lines may name."""

import re
from collections.abc import Collection, Iterable, Mapping
from itertools import islice
from typing import Final, cast

from msgspec import UNSET

from toolway.catalog import grammar
from toolway.catalog.grammar import near
from toolway.catalog.model import Field, Json, Kind
from toolway.catalog.schema import wrong
from toolway.catalog.source import Table, is_table

_TYPE_NAME: Final = re.compile(r"[A-Z][A-Za-z0-9_]{0,63}")
_DEEPEST: Final = 8
_MOST_FIELDS: Final = 500
_REFERENCES: Final = ("$ref", "$defs", "definitions", "$dynamicRef", "$recursiveRef", "$schema", "$id")


class Words:
    """What a line may name: the [types.X] and [nouns.X] of a toolkit."""

    def __init__(self, tables: Mapping[str, Table], nouns: Collection[str]) -> None:
        self.nouns = tuple(nouns)
        self.kinds: dict[str, Kind] = {}
        self._tables = tables
        self._open: list[str] = []
        for name in tables:
            self._define(name)

    def fields(self, table: Table, depth: int = 0) -> tuple[Field, ...]:
        """Every key of a table as a field."""
        found = (self.field(table, key, depth) for key in table.data)
        return tuple(field for field in found if field is not None)

    def field(self, table: Table, name: str, depth: int = 0) -> Field | None:
        """The field that stands under `name`: a line, {schema = {...}}, or a table of further fields."""
        value = table.take(name)
        if not name or depth > _DEEPEST:
            table.bad("nested too deeply" if name else "a name is expected", name)
        elif isinstance(value, str):
            return self._line(table, name, value)
        elif is_table(value) and is_table(value.get("schema")):
            inner = table.table(name)
            schema = schema_of(inner)
            inner.done()
            return Field(name, Kind("schema", schema=schema), about=str(schema.get("description", "")))
        elif is_table(value) and value:
            inner = self.fields(table.table(name), depth + 1)
            return _together(name, inner)
        else:
            table.bad(f"a line is expected: {grammar.SHAPE}", name)
        return None

    def _line(self, table: Table, name: str, line: str) -> Field | None:
        for word in re.findall(r"\b[A-Z][A-Za-z0-9_]*\b", line.split(" ", 1)[0]):
            if word in self._tables and word not in self.kinds:
                self._define(word)
        try:
            field = grammar.read(name, line, self.kinds)
        except grammar.BadLine as error:
            table.bad(str(error), name)
            return None
        if field.kind.word == "noun" and field.kind.noun not in self.nouns:
            table.bad(f"no [nouns.{field.kind.noun}]{near(field.kind.noun, self.nouns)}", name)
            return None
        return field

    def _define(self, name: str) -> None:
        """Make the kind of [types.name], once; a type that holds itself is refused, since schemas are written out in full."""
        table = self._tables[name]
        if name in self._open:
            table.bad(f"[types.{name}] holds itself; write the inner one as any")
            self.kinds[name] = Kind("any", named=name)
        elif len(self._open) > _DEEPEST:
            table.bad("types name each other too deeply")
            self.kinds[name] = Kind("any", named=name)
        if name in self.kinds:
            return
        self._open.append(name)
        kind = self._kind(table)
        self._open.remove(name)
        self.kinds.setdefault(name, kind)
        if not _TYPE_NAME.fullmatch(name):
            table.bad("a type's name starts with a capital letter and has letters, digits and _ only")

    def _kind(self, table: Table) -> Kind:
        name = table.keys[-1]
        if isinstance(table.data.get("one-of"), list):
            choices = table.texts("one-of")
            if len(set(choices)) < len(choices):
                table.bad("a choice stands twice", "one-of")
            table.done()
            return Kind("choice", choices=choices, named=name)
        if is_table(table.data.get("schema")):
            schema = schema_of(table)
            table.done()
            return Kind("schema", schema=schema, named=name)
        if not table.data:
            table.bad('fields, one-of = ["A", "B"] or schema = {...} are expected')
        kind = Kind("object", fields=self.fields(table, 1), named=name)
        if too_many(kind.fields):
            table.bad(f"with the types it names it has more than {_MOST_FIELDS} fields")
            return Kind("any", named=name)
        return kind


def schema_of(table: Table) -> Json:
    """The JSON Schema under `schema`. References are refused: clients drop what they point to. So are names of other documents, which
    some readers would fetch.
    """
    schema = cast("Json", table.take("schema"))
    if bad := grammar.unplain(schema):
        table.bad(bad, "schema")
    elif found := next((key for key in _all_keys(schema) if key in _REFERENCES), None):
        table.bad(f"{found} is not taken; write the schema out in full", "schema")
    elif bad := wrong(schema):
        table.bad(bad, "schema")
    return schema


def walk(fields: Iterable[Field]) -> Iterable[Field]:
    """The fields, and those within them."""
    for field in fields:
        yield field
        yield from walk(field.kind.fields)


def too_many(fields: Iterable[Field]) -> bool:
    """Whether these fields, written out with all that is within them, are more than anyone reads."""
    return sum(1 for _ in islice(walk(fields), _MOST_FIELDS + 1)) > _MOST_FIELDS


def _together(name: str, inner: tuple[Field, ...]) -> Field:
    """Dotted lines as one field. It is due when a member is due; else the defaults of its members stand for it."""
    due = any(field.required and field.default is UNSET for field in inner)
    defaults = {field.name: field.default for field in inner if field.default is not UNSET}
    return Field(name, Kind("object", fields=inner), required=due, default=defaults if defaults and not due else UNSET)


def _all_keys(value: object) -> Iterable[str]:
    if is_table(value):
        for key, item in value.items():
            yield key
            yield from _all_keys(item)
    elif isinstance(value, list):
        for item in cast("list[object]", value):
            yield from _all_keys(item)
