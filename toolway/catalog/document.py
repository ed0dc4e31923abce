"""A vendor's document as its file holds it: JSON, or YAML as YAML 1.2 means it."""

import re
from itertools import count
from typing import Any, Final, cast

import msgspec

from toolway.errors import BadFile

_PLAIN: Final = {  # what is no text without quotes; `no`, 12:30 and 2026-11-29 are
    "null": r"~|null|Null|NULL|",
    "bool": r"true|True|TRUE|false|False|FALSE",
    "int": r"[-+]?[0-9]+",
    "float": r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?",
    "merge": r"<<",
}
_DEEPEST, _MOST = 200, 2_000_000


def read(content: bytes, name: str) -> Any:
    """What a file called `name` holds, in the types of JSON. Raises `BadFile` when it is neither JSON nor YAML."""
    content = content.removeprefix(b"\xef\xbb\xbf")
    try:
        return msgspec.json.decode(content)
    except (ValueError, RecursionError) as error:
        if not re.search(rb"^[\"']?(?:openapi|swagger)[\"']? *:", content, re.MULTILINE):
            raise BadFile(f"{name} is not JSON: {error}.", fix="The vendor's OpenAPI document is expected, as JSON or YAML.") from None
    return _yaml(content, name)


def _yaml(content: bytes, name: str) -> Any:
    import yaml

    safe: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    def flatten(self: Any, node: Any) -> None:
        safe.flatten_mapping(self, node)
        self.pairs += len(node.value)
        _bounded(0, self.pairs)

    loader: Any = type("Loader", (safe,), {"yaml_implicit_resolvers": {}, "flatten_mapping": flatten, "pairs": 0})
    for kind, plain in _PLAIN.items():
        loader.add_implicit_resolver(f"tag:yaml.org,2002:{kind}", re.compile(f"^(?:{plain})$"), None)
    loader.add_constructor("tag:yaml.org,2002:int", _int)
    try:
        _look_over(loader(content))
        return _json(yaml.load(content, loader), 0, count())  # noqa: S506 - a safe loader
    except yaml.MarkedYAMLError as error:
        where = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise BadFile(f"{name} is no YAML{where}: {error.problem}.") from None
    except (yaml.YAMLError, ValueError, RecursionError, KeyError, AttributeError) as error:  # the last two of tags that do not fit
        raise BadFile(f"{name} cannot be read as YAML: {error}.") from None


def _look_over(events: Any) -> None:
    """Raise `ValueError` where a document is too deep or too large to be made: the loader would go down with it, and the process too."""
    depth, number = 0, 0
    while events.check_event():
        kind, number = type(events.get_event()).__name__, number + 1
        depth += kind.endswith("StartEvent") - kind.endswith("EndEvent")
        _bounded(depth, number)


def _bounded(depth: int, number: int) -> None:
    if depth > _DEEPEST or number > _MOST:
        raise ValueError("it is nested too deeply, or its aliases and merges make too much of it")


def _int(loader: Any, node: Any) -> int:
    return int(loader.construct_scalar(node))


def _json(value: Any, depth: int, seen: "count[int]") -> Any:
    """A value of YAML in the types of JSON. Aliases become copies, so that it is bounded. Raises `ValueError`."""
    _bounded(depth, next(seen))
    match value:
        case dict():
            return {_key(name): _json(inner, depth + 1, seen) for name, inner in cast("dict[Any, Any]", value).items()}
        case list():
            return [_json(inner, depth + 1, seen) for inner in cast("list[Any]", value)]
        case str() | bool() | int() | float() | None:
            return value
        case _:
            raise ValueError(f"JSON has nothing like a {type(value).__name__}")


def _key(name: Any) -> str:
    """A name as JSON has it: `200:` is "200"."""
    return name if isinstance(name, str) else msgspec.json.encode(name).decode()
