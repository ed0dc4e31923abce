"""Dotted places in a request (`query.page`, `body.filter.page`), as values among a tool's arguments: pure."""

from typing import Any, cast

from msgspec import UNSET

from toolway.catalog.model import Field, Json, Param, Tool

_MOST = 1000  # 5,000 time entries, the most that one service gives, have several megabytes


def at(tool: Tool, arguments: Json, place: str) -> Any:
    """The value at a dotted place (`query.page`, `body.filter.page`): what was given, else the default."""
    param, inner = _param(tool, place)
    if param is None:
        return None
    field = param.field
    value = arguments.get(param.given, field.default)
    for name in inner:
        field = next((f for f in field.kind.fields if f.name == name), field)
        value = cast("Json", value).get(name, field.default) if isinstance(value, dict) else field.default
    return None if value is UNSET else value


def placed(tool: Tool, arguments: Json, place: str, value: Any) -> Json:
    """The argument to add so that `value` stands at a dotted place; what else stands in the same object stays."""
    param, inner = _param(tool, place)
    if param is None:
        return {}

    def laid(under: Any, names: list[str]) -> Any:
        if not names:
            return value
        kept = cast("Json", under) if isinstance(under, dict) else {}
        return kept | {names[0]: laid(kept.get(names[0]), names[1:])}

    return {param.given: laid(arguments.get(param.given, param.field.default), inner)}


def largest_page(tool: Tool) -> Json:
    """The argument that asks for the largest page that the tool's own bounds allow, of a thousand items at the most; none where they say
    nothing.
    """
    field = field_at(tool, tool.pages.size) if tool.pages else None
    if tool.pages is None or field is None or field.kind.high is None:
        return {}
    return placed(tool, {}, tool.pages.size, min(int(field.kind.high), _MOST))


def field_at(tool: Tool, place: str) -> Field | None:
    """The field at a dotted place, None where the tool has none there."""
    param, inner = _param(tool, place)
    field = param.field if param else None
    for name in inner:
        field = next((f for f in field.kind.fields if f.name == name), None) if field else None
    return field


def _param(tool: Tool, place: str) -> tuple[Param | None, list[str]]:
    where, _, rest = place.partition(".")
    first, *inner = rest.split(".") if where == "body" else [rest]
    return next((p for p in tool.params if p.place == where and p.field.name == first), None), inner
