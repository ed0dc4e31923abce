"""What came, as the values that a route takes, or a sentence for every fault in it. The shapes are msgspec's structs.

Bodies are strict: an unknown key is a fault, because a mistyped one would otherwise do something else without a word. Queries are
lenient, as their texts come from many hands: unknown names are passed over, numbers and truths come as text, lists comma-joined.
"""

import re
import types
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Annotated, Any, Literal, TypeVar, Union, cast, get_args, get_origin
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct
from msgspec.structs import FieldInfo, fields

from toolway.catalog.model import Json
from toolway.errors import BadRequest
from toolway.router.config import invalid, kind_of, unknown

S = TypeVar("S", bound=Struct)

_MOST_FAULTS = 12
_MOST_NAMES = 100
_MESSAGE = re.compile(r"(?P<said>.+?)(?:, got `[^`]*`)?(?: - at `\$(?P<at>[^`]*)`)?")
_VALUE = re.compile(r"(?<=Invalid value) .*")
_WHOLE = re.compile(r"([0-9]+)\.0+")


def body(kind: type[S], value: Any) -> S:
    """A body as this shape. Raises `BadRequest` that names the faults."""
    if not isinstance(value, dict):
        raise BadRequest(f"The body is {kind_of(value)}; a JSON object is expected.")
    return _taken(kind, cast("Json", value))


def query(kind: type[S], raw: bytes) -> S:
    """A query as this shape, whose fields are texts, numbers, truths, choices, lists (`tuple`) and tables (`dict`).

    Raises `BadRequest` that names the faults.
    """
    try:
        came = parse_qsl(raw.decode("ascii"), max_num_fields=_MOST_NAMES)
    except ValueError:
        raise BadRequest(f"The query cannot be read, or has more than {_MOST_NAMES} names.") from None
    given: Json = {}
    for named, shape in _named(kind):
        values = [value for name, value in came if name in (named, f"{named}[]") and value]
        if shape is tuple:
            if values:
                given[named] = [part.strip() for value in values for part in value.split(",") if part.strip()]
        elif shape is dict:
            inner = {name[len(named) :].strip("[]"): value for name, value in came if name == named or name.startswith(f"{named}[")}
            if inner:
                given[named] = inner
        elif values:
            whole = _WHOLE.fullmatch(values[-1]) if shape is int else None
            given[named] = whole[1] if whole else values[-1]
    return _taken(kind, given, strict=False)


@cache
def _named(kind: type[Struct]) -> list[tuple[str, Any]]:
    """The names of a query, each with the class of its values."""
    return [(field.encode_name, next(iter(_shapes(field.type)))) for field in fields(kind)]


def _taken(kind: type[S], value: Json, strict: bool = True) -> S:
    try:
        return msgspec.convert(value, kind, strict=strict)
    except msgspec.ValidationError:  # which stopped at the first fault
        found = list(islice(faults(kind, value, strict=strict), _MOST_FAULTS)) or ["it has another shape than is expected"]
    raise invalid(found)


def faults(kind: type[Struct], value: Json, where: str = "", strict: bool = True) -> Iterator[str]:
    """A sentence for each fault of a value that ought to have this shape. What came is told by its kind only: it may be secret."""
    known = {field.encode_name: field for field in fields(kind)}
    tag = kind.__struct_config__.tag_field
    if kind.__struct_config__.forbid_unknown_fields:
        yield from unknown(value, [*known, *([tag] if tag else [])], where)
    for name, field in known.items():
        place = f"{where}{name}"
        if name not in value:
            if field.required:
                yield f"{place} is missing; {_expected(field)} is expected"
            continue
        inner = _inner(field, value[name])
        if inner is not None:
            yield from faults(inner, value[name], f"{place}.", strict)
            continue
        try:
            msgspec.convert(value[name], field.type, strict=strict)
        except msgspec.ValidationError as error:
            yield _sentence(place, field, value[name], str(error))


def _sentence(place: str, field: FieldInfo, came: Any, message: str) -> str:
    match = _MESSAGE.fullmatch(message)
    at = match["at"] if match else None
    if match is None or at or not match["said"].startswith("Expected `") or " of " in match["said"] or ">" in match["said"]:
        said = _VALUE.sub("", match["said"]).replace("`", "") if match else "cannot be read"
        choices = _choices(field.type)
        said = f"one of {', '.join(choices)} is expected" if "Invalid enum" in said and choices else said[:1].lower() + said[1:]
        return f"{place}{at or ''}: {said}"
    return f"{place} is {kind_of(came)}; {_expected(field)} is expected"


def _expected(field: FieldInfo) -> str:
    choices = _choices(field.type)
    if choices:
        return f"one of {', '.join(choices)}"
    words: dict[Any, str] = {str: "a text", int: "a whole number", bool: "true or false", list: "a list", tuple: "a list"}
    return words.get(next(iter(_shapes(field.type))), "an object")


def _shapes(kind: Any) -> Iterator[Any]:
    """The classes that a type stands for, without None."""
    origin = get_origin(kind)
    if origin is Annotated:
        yield from _shapes(get_args(kind)[0])
    elif origin in (Union, types.UnionType):
        for one in get_args(kind):
            yield from _shapes(one)
    elif origin is Literal:
        yield str
    elif kind is not type(None):
        yield origin or kind


def _choices(kind: Any) -> list[str]:
    if get_origin(kind) is Literal:
        return [str(one) for one in get_args(kind)]
    if get_origin(kind) in (Union, types.UnionType):
        return [choice for one in get_args(kind) for choice in _choices(one)]
    return []


def _inner(field: FieldInfo, came: Any) -> type[Struct] | None:
    """The struct that an object in this field ought to be: of several the one with its tag."""
    if not isinstance(came, dict):
        return None
    structs = [one for one in _shapes(field.type) if isinstance(one, type) and issubclass(one, Struct)]
    if len(structs) < 2:
        return structs[0] if structs else None
    given = cast("Json", came)
    return next((one for one in structs if given.get(one.__struct_config__.tag_field or "") == one.__struct_config__.tag), None)
