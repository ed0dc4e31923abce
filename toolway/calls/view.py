"""Dotted names in what a service answers (`entries.*.id`), and views, which are made of them: pure."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, cast

from toolway.catalog.model import Json


def value_at(content: Any, name: str) -> Any:
    """What stands at a dotted name, None where nothing does. Below `*` it is a list, of each item what stands there; an item that is no
    object stands for itself.
    """
    first, _, rest = name.partition(".")
    if first == "*" and isinstance(content, list):
        return [value_at(item, rest) if rest and isinstance(item, dict) else item for item in cast("list[Any]", content)]
    inner: Any = cast("Json", content).get(first) if isinstance(content, dict) else None
    return value_at(inner, rest) if rest else inner


def view(content: Any, names: tuple[str, ...]) -> Any:
    """What the dotted names leave of a value. A list is viewed item by item; `*` stands for every item of a list or value of a map."""
    return _trim(content, tree_of(names))


@lru_cache(maxsize=1024)
def tree_of(names: tuple[str, ...]) -> Mapping[str, Any]:
    """The dotted names of a view as a tree, a level for each part."""
    tree: dict[str, Any] = {}
    for name in names:
        node = tree
        for part in name.split("."):
            node = node.setdefault(part, {})
    return tree


def below(value: Any, tree: Mapping[str, Any], name: Any) -> Mapping[str, Any]:
    """The part of a view's tree for a member. The names of a list's items may stand in it with `*` or without."""
    if isinstance(value, list):
        return tree["*"] if set(tree) == {"*"} else tree
    return tree.get(name, tree.get("*", {}))


def _trim(value: Any, tree: Mapping[str, Any]) -> Any:
    if not tree:
        return value
    if isinstance(value, list):
        its = below(cast("list[Any]", value), tree, 0)
        return [_trim(item, its) for item in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    content = cast("Json", value)
    if "*" in tree:
        return {name: _trim(inner, tree.get(name, tree["*"])) for name, inner in content.items()}
    return {name: _trim(content[name], its) for name, its in tree.items() if name in content}
