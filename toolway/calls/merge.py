"""A PUT that replaces: what the agent did not name is read first and laid under what it did."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, cast

from toolway.calls.brevity import short
from toolway.calls.nouns import Ask
from toolway.calls.pages import rows
from toolway.calls.unseen import clean
from toolway.calls.view import value_at
from toolway.catalog.model import Field, Json, Merge, Tool, Toolkit
from toolway.errors import Refused

_MOST_PAGES = 20


class Laid(NamedTuple):
    """The arguments over the present state, and what they change in it: `{field: [before, after]}`, of a body that is a list
    `{item: {field: [before, after]}}`. Nothing where nothing had to be read.
    """

    arguments: Json
    changed: Json


async def under(kit: Toolkit, tool: Tool, taken: Json, ask: Ask) -> Laid:
    """The arguments over the present state, of which only what the tool declares is kept. A null that was read is not sent.

    Of a body that is a list, each item is laid over its own present state. Raises `Refused` when there is none.
    """
    if tool.merge is None:
        return Laid(taken, {})
    source = kit.tools[tool.merge.source]
    wanted = {p.given: taken[p.given] for p in source.params if p.place == "path" and p.given in taken}
    whole = tool.whole
    if whole is not None:
        fields, items = {field.name: field for field in whole.field.kind.fields}, cast("list[Json]", taken[whole.given])
        if not any(_left_out(tool.merge, fields, item) for item in items):
            return Laid(taken, {})
        found = list(await _listed(kit, source, wanted, tool.merge.by, [str(item[tool.merge.by]) for item in items], ask))
        laid = [item | _kept(tool.merge, fields, item, now) for item, now in zip(items, found, strict=True)]
        each = {str(item[tool.merge.by]): _changed(tool.merge, fields, item, now) for item, now in zip(items, found, strict=True)}
        return Laid(taken | {whole.given: laid}, {key: changed for key, changed in each.items() if changed})
    fields = {p.given: p.field for p in tool.params if p.place == "body"}
    if not _left_out(tool.merge, fields, taken):
        return Laid(taken, {})
    if tool.merge.by:
        (current,) = await _listed(kit, source, wanted, tool.merge.by, [str(taken[tool.merge.by])], ask)
    else:
        current = (await ask(source, wanted)).data
    read_as = (tool.merge.renames.get(field.name, field.name) for field in fields.values())
    if not any(name.partition(".")[0] in current for name in read_as):
        raise Refused(f"{kit.title} did not give the present state, so nothing was changed.", status=200, means="rubbish")
    return Laid(taken | _kept(tool.merge, fields, taken, current), _changed(tool.merge, fields, taken, current))


async def _listed(kit: Toolkit, source: Tool, wanted: Json, by: str, sought: list[str], ask: Ask) -> Iterable[Json]:
    """The items of a list whose field `by` is what is sought, in that order. Pages are read until all are found."""
    found: dict[str, Json] = {}
    for _ in range(_MOST_PAGES):
        reply = await ask(source, wanted)
        listed = cast("list[Json]", [row for row in rows(source, reply.data) or [] if isinstance(row, dict)])
        before = len(found)
        found |= {str(row[by]): row for row in listed if by in row}
        if reply.next is None or len(found) == before or all(one in found for one in sought):
            break
        wanted |= reply.next
    missing = next((one for one in sought if one not in found), None)
    if missing is not None:
        told = f"{kit.title} lists nothing with {by} {clean(missing)[:60]} among the {len(found)} looked at, so nothing was changed."
        raise Refused(told, status=200, means="not found")
    return [found[one] for one in sought]


def _kept(merge: Merge, fields: Mapping[str, Field], given: Json, current: Json) -> Json:
    """What of the present state stays."""
    kept: Json = {}
    for name, field in _left_out(merge, fields, given).items():
        value = value_at(current, merge.renames.get(field.name, field.name))
        if value is not None:
            kept[name] = _declared(field, value)
    return kept


def _changed(merge: Merge, fields: Mapping[str, Field], given: Json, current: Json) -> Json:
    """What is given and differs from the present state, as the agent reads it: `[before, after]`."""
    changed: Json = {}
    for name in (name for name in given if name in fields):
        field = fields[name]
        before, after = _declared(field, value_at(current, merge.renames.get(field.name, field.name))), _declared(field, given[name])
        if before != after:
            changed[name] = [short(before), short(after)]
    return changed


def _left_out(merge: Merge, fields: Mapping[str, Field], given: Json) -> dict[str, Field]:
    """The fields that were not given and that the service would clear; when there are none, nothing is read."""
    return {name: field for name, field in fields.items() if name not in given and field.name not in merge.left}


def _declared(field: Field, value: Any) -> Any:
    if field.many:  # one thing is a list of one, as in arguments
        return [_members(field, item) for item in (cast("list[Any]", value) if isinstance(value, list) else [value])]
    return _members(field, value)


def _members(field: Field, value: Any) -> Any:
    if field.kind.word != "object" or not isinstance(value, dict):
        return value
    content = cast("Json", value)
    return {inner.name: _declared(inner, content[inner.name]) for inner in field.kind.fields if content.get(inner.name) is not None}
