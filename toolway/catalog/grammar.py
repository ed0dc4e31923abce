"""The line: one parameter of a tool, written as people would say it.

    line = type [ "[]" ] [ "!" ] [ " = " default ] [ " -- " sentence ]
    type = text | int | number | bool | time | wall | date | email | url | label | file | any
         | @noun | Name | (A | B | C)

`read` makes a field of a line, `write` makes the line of a field; both are pure.
"""

import difflib
import json
import math
import re
from collections.abc import Mapping
from typing import Any, Final, cast, get_args

from msgspec import UNSET

from toolway.catalog.model import Field, Kind, Plain, Word

WORDS: Final[tuple[Word, ...]] = get_args(Plain)
SHAPE: Final = 'TYPE, then [] for a list, ! when it must be given, " = default", " -- sentence"'

_BOUNDED: Final = ("text", "int", "number")
_MARK: Final = "(Z)"
_TEXTUAL: Final = ("text", "time", "wall", "date", "email", "url", "label", "noun", "choice")
_HEAD = re.compile(
    r"(?:\((?P<choice>[^()]*)\)|@(?P<noun>[a-z][a-z0-9_]*)|(?P<word>[A-Za-z][A-Za-z0-9_]*))"
    r"(?P<bounds>\([^()]*\))?(?P<many>\[\])?(?P<required>!)?(?P<rest>.*)"
)
_BOUNDS = re.compile(r"\((-?[0-9]{1,15}(?:\.[0-9]{1,15})?)?\.\.(-?[0-9]{1,15}(?:\.[0-9]{1,15})?)?\)")
_SENTENCE = re.compile(r" +--(?: +(?P<about>.*))?")
_LARGEST = 2**53  # what every JSON reader keeps exactly
_DEEPEST = 32


class BadLine(ValueError):
    """A line that does not follow the grammar; the message says what is expected."""


def read(name: str, line: str, types: Mapping[str, Kind] | None = None) -> Field:
    """The field `name` that `line` describes. `types` holds the kinds of the [types.X] that it may name."""
    if any(ord(char) < 32 for char in line):
        raise BadLine("a line break or control character; one line is expected")
    head = _HEAD.fullmatch(line.strip())
    if head is None:
        raise BadLine(f"{_shown(line)} has no type; {SHAPE} is expected")
    kind = _kind(head, types or {})
    many = head["many"] is not None
    default, rest = _split(head["rest"])
    tail = _SENTENCE.fullmatch(rest) if rest else None
    if rest and tail is None:
        raise BadLine(f"{_shown(rest)} does not belong here; {SHAPE} is expected")
    about = (tail["about"] or "").strip() if tail else ""
    if tail and not about:
        raise BadLine('no sentence after "--"')
    return Field(name, kind, many, head["required"] is not None, UNSET if default is None else _default(default, kind, many), about)


def write(field: Field) -> str:
    """The line that `read` makes this field of."""
    line = _type(field.kind) + "[]" * field.many + "!" * field.required
    if field.default is not UNSET:
        line += f" = {_written(field)}"
    return line + (f" -- {field.about}" if field.about else "")


def near(word: str, known: Mapping[str, object] | tuple[str, ...]) -> str:
    """`; did you mean X?` for the known word that is nearest, or nothing."""
    found = difflib.get_close_matches(word[:80], list(known), 1, 0.6)
    return f"; did you mean {found[0]}?" if found else ""


def misfit(kind: Kind, value: object) -> str:
    """What is expected in place of `value`, or nothing when the value is of this kind."""
    match kind.word:
        case "bool":
            return "" if isinstance(value, bool) else "true or false is expected"
        case "int" | "number":
            return _misfit_number(kind, value)
        case "choice":
            return "" if value in kind.choices else f"one of {', '.join(kind.choices[:12])} is expected{near(str(value), kind.choices)}"
        case word if word in _TEXTUAL:
            if not isinstance(value, str):
                return "text is expected"
            inside = (kind.low or 0) <= len(value) <= (math.inf if kind.high is None else kind.high)
            return "" if inside else f"{_bounds(kind)[1:-1]} characters are expected"
        case "object":
            return "" if isinstance(value, dict) else "a JSON object is expected"
        case _:
            return unplain(value)


def unplain(value: object, depth: int = 0) -> str:
    """Why this value cannot stand in JSON, or nothing when it can."""
    if depth > _DEEPEST:
        return "nested too deeply"
    match value:
        case bool() | None:
            return ""
        case str():
            return "" if _encodable(value) else "half a character (a lone surrogate)"
        case int():
            return "" if abs(value) <= _LARGEST else "a number of at most 53 bits is expected"
        case float():
            return "" if math.isfinite(value) else "a finite number is expected"
        case list():
            return next((bad for item in cast("list[object]", value) if (bad := unplain(item, depth + 1))), "")
        case dict():
            return next(
                (bad for key, item in cast("dict[str, object]", value).items() if (bad := unplain(key) or unplain(item, depth + 1))), ""
            )
        case _:
            return "dates and times have no place in JSON; write them as text"


def _kind(head: re.Match[str], types: Mapping[str, Kind]) -> Kind:
    bounds = head["bounds"]
    if head["choice"] is not None:
        kind = _choice(head["choice"])
    elif head["noun"] is not None:
        kind = Kind("noun", noun=head["noun"])
    elif head["word"] in WORDS:
        kind = Kind(cast("Word", head["word"]))
        if bounds and kind.word in _BOUNDED:
            return _bound(kind.word, bounds)
        if bounds == _MARK and kind.word == "wall":
            return Kind("wall", mark="Z")
    elif head["word"] in types:
        kind = types[head["word"]]
    elif head["word"][0].isupper():
        raise BadLine(f"no [types.{head['word']}]{near(head['word'], types)}")
    else:
        raise BadLine(f"{head['word']!r} is no type; {', '.join(WORDS)}, @noun, Name or (A | B) is expected{near(head['word'], WORDS)}")
    if bounds:
        raise BadLine(f"bounds {bounds} only stand after {', '.join(_BOUNDED)}, and {_MARK} after wall")
    return kind


def _choice(inner: str) -> Kind:
    choices = tuple(part.strip() for part in inner.split("|"))
    if not all(choices):
        raise BadLine(f"an empty choice in ({inner}); (A | B | C) is expected")
    if len(set(choices)) < len(choices):
        raise BadLine(f"a choice stands twice in ({inner})")
    return Kind("choice", choices=choices)


def _bound(word: Word, bounds: str) -> Kind:
    match = _BOUNDS.fullmatch(bounds)
    if match is None or not any(match.groups()):
        raise BadLine(f"{bounds} are no bounds; (1..100), (1..) or (..100) is expected")
    low, high = (None if end is None else float(end) for end in match.groups())
    if low is not None and high is not None and low > high:
        raise BadLine(f"in {bounds} the lower bound is above the upper one")
    whole = all(end is None or end.is_integer() for end in (low, high))
    if (word != "number" and not whole) or (word == "text" and min(low or 0, high or 0) < 0):
        raise BadLine(f"{bounds} cannot bound {word}; whole numbers{' from 0' if word == 'text' else ''} are expected")
    return Kind(word, low=low, high=high)


def _split(rest: str) -> tuple[str | None, str]:
    """The default as it is written, and what follows it. A default that opens with a quote or bracket ends where its JSON ends."""
    head = re.match(r" +=(?= |$) *", rest)
    if head is None:
        return None, rest.rstrip()
    after = rest[head.end() :]
    if after[:1] in ('"', "[", "{"):
        try:
            _, end = json.JSONDecoder().raw_decode(after)
        except (ValueError, RecursionError):
            raise BadLine(f"the default {_shown(after)} is not JSON") from None
    else:
        end = len(re.split(r" +--(?: |$)", after, maxsplit=1)[0])
    default = after[:end].rstrip()
    if not default or default.startswith("-- "):
        raise BadLine('no default after "="')
    return default, after[end:].rstrip()


def _default(text: str, kind: Kind, many: bool) -> Any:
    value = _value(text, kind, many)
    if bad := unplain(value):
        raise BadLine(f"the default {_shown(text)}: {bad}")
    if kind.word == "file":
        raise BadLine("a file has no default")
    if wrong := _misfit_many(kind, value) if many else misfit(kind, value):
        raise BadLine(f"the default {_shown(text)} does not fit; {wrong}")
    return value


def _value(text: str, kind: Kind, many: bool) -> object:
    """The value that is meant: JSON, save that text needs no quotes."""
    if not many and kind.word in _TEXTUAL and not text.startswith('"'):
        return text
    try:
        return cast("object", json.loads(text, parse_constant=float))
    except (ValueError, RecursionError):
        return text


def _misfit_many(kind: Kind, value: object) -> str:
    if not isinstance(value, list):
        return 'a list such as ["a", "b"] is expected'
    return next((wrong for item in cast("list[object]", value) if (wrong := misfit(kind, item))), "")


def _misfit_number(kind: Kind, value: object) -> str:
    fits = isinstance(value, int) if kind.word == "int" else isinstance(value, int | float)
    if not fits or isinstance(value, bool):
        return "a whole number is expected" if kind.word == "int" else "a number is expected"
    number = cast("float", value)
    inside = (kind.low is None or number >= kind.low) and (kind.high is None or number <= kind.high)
    return "" if inside else f"a number in {_bounds(kind)} is expected"


def _type(kind: Kind) -> str:
    if kind.named:
        return kind.named
    match kind.word:
        case "noun":
            return f"@{kind.noun}"
        case "choice":
            return f"({' | '.join(kind.choices)})"
        case "wall":
            return kind.word + _MARK * bool(kind.mark)
        case _:
            return kind.word + _bounds(kind)


def _bounds(kind: Kind) -> str:
    if kind.low is None and kind.high is None:
        return ""
    return f"({_end(kind.low)}..{_end(kind.high)})"


def _end(end: float | None) -> str:
    if end is None:
        return ""
    return str(int(end)) if end == int(end) else f"{end:.15f}".rstrip("0")


def _written(field: Field) -> str:
    value: object = field.default
    if isinstance(value, str) and not field.many and field.kind.word in _TEXTUAL and _bare(value):
        return value
    return json.dumps(value, ensure_ascii=False)


def _bare(text: str) -> bool:
    """Whether a default reads back without quotes."""
    printable = bool(text) and text == text.strip() and all(ord(char) >= 32 for char in text)
    return printable and text[0] not in '"[{' and not re.search(r"(?:^| )--(?: |$)", text)


def _encodable(text: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in text)


def _shown(text: str) -> str:
    text = text.strip()
    return repr(text if len(text) <= 60 else text[:57] + "...")
