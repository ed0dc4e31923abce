"""What a model provider refuses in the tools that it is offered."""

import re
from typing import Any, cast

NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
COMBINATORS = ("oneOf", "anyOf", "allOf", "enum", "not")


def faults(name: str, schema: object) -> list[str]:
    """Why a provider would refuse this tool; nothing if it would not."""
    found = [] if NAME.fullmatch(name) else [f"{name}: the name is not {NAME.pattern}"]
    if not isinstance(schema, dict):
        return [*found, f"{name}: no schema"]
    root = cast(dict[str, Any], schema)
    if root.get("type") != "object":
        found.append(f"{name}: the schema's type is {root.get('type')!r}, not 'object'")
    found += [f"{name}: {word} at the root of the schema" for word in COMBINATORS if word in root]
    properties: object = root.get("properties")
    if not isinstance(properties, dict):
        return [*found, f"{name}: no properties"]
    found += [f"{name}: required {key!r} is no property" for key in cast(list[str], root.get("required") or []) if key not in properties]
    return found + _within(name, cast(object, root))


def _within(place: str, schema: object) -> list[str]:
    """Faults of a schema at any depth."""
    if not isinstance(schema, dict):
        return []
    node = cast(dict[str, Any], schema)
    found = [f"{place}: {word}" for word in ("$ref", "$defs", "definitions") if word in node]
    if node.get("type") == "array" and "items" not in node:
        found.append(f"{place}: an array without items")
    for key, inner in cast(dict[str, object], node.get("properties") or {}).items():
        found += _within(f"{place}.{key}", inner)
    for key in ("items", "additionalProperties"):
        found += _within(f"{place}.{key}", node.get(key))
    for key in COMBINATORS[:3]:
        for inner in cast(list[object], node.get(key) or []):
            found += _within(f"{place}.{key}", inner)
    return found
