"""Results that nobody pages through, kept short: pure. What is left out is told, and how to get it."""

from collections.abc import Collection, Mapping
from itertools import islice
from typing import Any, Final, cast

import msgspec

from toolway.catalog.model import Json

MOST_CHARACTERS: Final = 7_400
"""Of a result as JSON, without its envelope."""
_MOST_NAMED: Final = 3


def brief(data: Any, tree: Mapping[str, Any], name: str, most: int = MOST_CHARACTERS) -> tuple[Any, str]:
    """A result of at most so many characters, and what it leaves out in words; as it came and "" when it is short already.

    All lists in it are cut at the same length, the greatest that fits; the first of each stay, in their order. So are maps, which are
    where `tree` (of a view) has `*`. At least one of each stays, even if that is more characters. `name` is what a bare list is called.
    """
    if _size(data) <= most:
        return data, ""
    few, many = 1, most // 2
    while few < many:  # the greatest that fits lies between them
        middle = (few + many + 1) // 2
        few, many = (middle, many) if _fits(data, tree, middle, most) else (few, middle - 1)
    longest: dict[str, int] = {}
    cut = _cut(data, tree, few, longest, name if _many(data, tree) else "")
    return cut, _told(few, longest)


def _told(few: int, longest: Mapping[str, int]) -> str:
    if not longest:
        return ""
    named = ", ".join(f"{name} (of up to {length})" for name, length in list(longest.items())[:_MOST_NAMED])
    further = f" and {len(longest) - _MOST_NAMED} more" if len(longest) > _MOST_NAMED else ""
    return (
        f"This is not all: only the first {few} are shown of each {named}{further}. Ask for less at once, or with view full for everything."
    )


def _size(value: Any) -> int:
    return len(msgspec.json.encode(value).decode())


def _fits(data: Any, tree: Mapping[str, Any], few: int, most: int) -> bool:
    """Whether a value is short enough when it is cut so. An answer may hold millions of members, of two characters at least each: where
    they alone are too many nothing is cut to see it.
    """
    count, left = 0, [(data, tree)]
    while left and count < most:
        value, below = left.pop()
        kept = _kept(value, below, few)
        count += 2 * len(kept)
        if count < most:
            left += [(value[key], _below(value, below, key)) for key in kept]
    return count < most and _size(_cut(data, tree, few, {}, "")) <= most


def _cut(value: Any, tree: Mapping[str, Any], few: int, longest: dict[str, int], name: str) -> Any:
    """A value whose lists and maps are cut; `longest` learns how long those of a name were."""
    kept = _kept(value, tree, few)
    if not kept:
        return value
    many = _many(value, tree)
    if len(kept) < len(value):
        longest[name] = max(len(value), longest.get(name, 0))
    inner = {key: _cut(value[key], _below(value, tree, key), few, longest, name if many else f"{name}.{key}".lstrip(".")) for key in kept}
    return list(inner.values()) if isinstance(value, list) else inner


def _kept(value: Any, tree: Mapping[str, Any], few: int) -> Collection[Any]:
    """The places or names of the members of a value that stay."""
    if isinstance(value, list):
        return range(min(few, len(cast("list[Any]", value))))
    if isinstance(value, dict):
        named = cast("Json", value)
        return list(islice(named, few)) if "*" in tree and len(named) > few else named
    return ()


def _many(value: Any, tree: Mapping[str, Any]) -> bool:
    return isinstance(value, list) or "*" in tree


def _below(value: Any, tree: Mapping[str, Any], name: Any) -> Mapping[str, Any]:
    """The part of a view's tree for a member. The names of a list's items may stand in it with `*` or without."""
    if isinstance(value, list):
        return tree["*"] if set(tree) == {"*"} else tree
    return tree.get(name, tree.get("*", {}))
