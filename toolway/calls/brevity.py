"""Results kept short: pure. What is left out is told."""

from collections.abc import Collection, Mapping
from itertools import islice
from typing import Any, Final, NamedTuple, cast

import msgspec

from toolway.calls.unseen import clean
from toolway.calls.view import below
from toolway.catalog.model import Json

MOST_CHARACTERS: Final = 7_000
"""Of all that a result holds of a service, as JSON; what stands around it takes less than a thousand more."""
_MOST_NAMED: Final = 3
_LONGEST_NAME: Final = 40
_MOST_TEXT, _MOST_ITEMS = 200, 20


class _Cut(NamedTuple):
    """How a value is cut: how many members stay of each list and map, how many characters of a text (None: all), and whether every
    object is such a map.
    """

    few: int
    characters: int | None = None
    every: bool = False


_WAYS: Final = (_Cut(1), _Cut(1, 5_000), _Cut(1, 1_000), _Cut(1, 200), _Cut(1, 200, every=True))
"""From the gentlest to the hardest; the first that comes down to the size is taken."""


def brief(data: Any, tree: Mapping[str, Any], name: str, most: int = MOST_CHARACTERS) -> tuple[Any, str]:
    """A result of at most so many characters, and a sentence of what it leaves out; as it came and "" when it is short already.

    All lists in it are cut at the same length, the greatest that fits; the first of each stay, in their order. So are maps, which are
    where `tree` (of a view) has `*`. Where one of each is too much still, long texts lose their end, then every object is taken for a map;
    where nothing helps nothing stays. `name` is what a bare list is called.
    """
    if size(data) <= most:
        return data, ""
    way = next((way for way in _WAYS if _fits(data, tree, way, most)), None)
    if way is None:
        return ([] if isinstance(data, list) else {}), f"Nothing of this is shown: it has {size(data):,} characters."
    few, many = 1, most // 2
    while few < many:  # the greatest that fits lies between them
        middle = (few + many + 1) // 2
        few, many = (middle, many) if _fits(data, tree, way._replace(few=middle), most) else (few, middle - 1)
    left = _Left({}, {})
    cut = _cut(data, tree, way._replace(few=few), left, name if _many(data, tree) else "")
    return cut, _told(few, way.characters, left, name)


class _Left(NamedTuple):
    """What is left out: how long the lists and maps of a name were, and the texts."""

    lists: dict[str, int]
    texts: dict[str, int]


def size(value: Any) -> int:
    """The characters of a value as JSON."""
    return len(msgspec.json.encode(value).decode())


def room_beside(value: Any, most: int) -> int:
    """How many characters are left of so many beside a value, which has half of them at the most."""
    return most - min(size(value), most // 2)


def short(value: Any) -> Any:
    """A value that is small enough to be told twice, without characters that nobody sees."""
    match value:
        case str():
            return text if len(text := clean(value)) <= _MOST_TEXT else text[: _MOST_TEXT - 3] + "..."
        case list():
            items = [short(item) for item in cast("list[Any]", value)[:_MOST_ITEMS]]
            return [*items, "..."] if len(cast("list[Any]", value)) > _MOST_ITEMS else items
        case dict():
            return {clean(name): short(inner) for name, inner in list(cast("Json", value).items())[:_MOST_ITEMS]}
        case _:
            return value


def _told(few: int, characters: int | None, left: _Left, whole: str) -> str:
    parts = [f"only the first {few} are shown of each {_named(left.lists, whole)}"] if left.lists else []
    if left.texts:
        parts.append(f"texts end after {characters:,} characters: {_named(left.texts, whole)}")
    return f"This is not all: {'; '.join(parts)}." if parts else ""


def _named(longest: Mapping[str, int], whole: str) -> str:
    named = ", ".join(f"{_clipped(name or whole)} (of up to {length:,})" for name, length in list(longest.items())[:_MOST_NAMED])
    return named + (f" and {len(longest) - _MOST_NAMED} more" if len(longest) > _MOST_NAMED else "")


def _clipped(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 3]}..."


def _fits(data: Any, tree: Mapping[str, Any], way: _Cut, most: int) -> bool:
    """Whether a value is short enough when it is cut so. An answer may hold millions of members, of two characters at least each: where
    they alone are too many nothing is cut to see it.
    """
    count, left = 0, [(data, tree)]
    while left and count < most:
        value, its = left.pop()
        kept = _kept(value, its, way)
        count += 2 * len(kept)
        if isinstance(value, str):
            count += len(value) if way.characters is None else min(len(value), way.characters)
        if count < most:
            left += [(value[key], below(value, its, key)) for key in kept]
    return count < most and size(_cut(data, tree, way, _Left({}, {}), "")) <= most


def _cut(value: Any, tree: Mapping[str, Any], way: _Cut, left: _Left, name: str) -> Any:
    """A value whose lists, maps and texts are cut; `left` learns how long those of a name were."""
    if isinstance(value, str):
        if way.characters is None or len(value) <= way.characters:
            return value
        left.texts[name] = max(len(value), left.texts.get(name, 0))
        return value[: way.characters] + "..."
    kept = _kept(value, tree, way)
    if not kept:
        return value
    many = _many(value, tree)
    if len(kept) < len(value):
        left.lists[name] = max(len(value), left.lists.get(name, 0))
    prefix = name if many or not name else f"{name[:_LONGEST_NAME]}."
    inner = {key: _cut(value[key], below(value, tree, key), way, left, name if many else prefix + key[:_LONGEST_NAME]) for key in kept}
    return list(inner.values()) if isinstance(value, list) else inner


def _kept(value: Any, tree: Mapping[str, Any], way: _Cut) -> Collection[Any]:
    """The places or names of the members of a value that stay."""
    if isinstance(value, list):
        return range(min(way.few, len(cast("list[Any]", value))))
    if isinstance(value, dict):
        named = cast("Json", value)
        return list(islice(named, way.few)) if (way.every or "*" in tree) and len(named) > way.few else named
    return ()


def _many(value: Any, tree: Mapping[str, Any]) -> bool:
    return isinstance(value, list) or "*" in tree
