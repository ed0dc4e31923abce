"""A PUT that replaces: what the agent did not name is read first and laid under what it did."""

from typing import Any, cast

from toolway.calls.nouns import Ask
from toolway.catalog.model import Field, Json, Tool, Toolkit
from toolway.errors import Refused


async def under(kit: Toolkit, tool: Tool, taken: Json, ask: Ask) -> Json:
    """The arguments over the present state, of which only what the tool declares is kept. A null that was read is not sent."""
    if tool.merge is None:
        return taken
    source = kit.tools[tool.merge.source]
    wanted = {p.given: taken[p.given] for p in source.params if p.place == "path" and p.given in taken}
    current = (await ask(source, wanted)).data
    read_as = {p.given: tool.merge.renames.get(p.field.name, p.field.name) for p in tool.params if p.place == "body"}
    if not any(name.partition(".")[0] in current for name in read_as.values()):
        raise Refused(f"{kit.title} did not give the present state, so nothing was changed.", status=200, means="rubbish")
    kept: Json = {}
    for param in tool.params:
        if param.place == "body" and param.given not in taken and param.field.name not in tool.merge.left:
            value = _at(current, read_as[param.given])
            if value is not None:
                kept[param.given] = _declared(param.field, value)
    return taken | kept


def _declared(field: Field, value: Any) -> Any:
    if field.many and isinstance(value, list):
        return [_members(field, item) for item in cast("list[Any]", value)]
    return _members(field, value)


def _members(field: Field, value: Any) -> Any:
    if field.kind.word != "object" or not isinstance(value, dict):
        return value
    content = cast("Json", value)
    return {inner.name: _declared(inner, content[inner.name]) for inner in field.kind.fields if content.get(inner.name) is not None}


def _at(value: Any, dotted: str) -> Any:
    for name in dotted.split("."):
        value = cast("Json", value).get(name) if isinstance(value, dict) else None
    return value
