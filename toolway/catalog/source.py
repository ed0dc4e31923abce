"""Toolkit files as text: their tables with the line that each key stands on, and the problems found in them.

`tomllib` gives no lines, so a small scanner finds them. `Table` is how the reader takes values: each key by the type that is
expected, every mistake noted with its place, and what nobody asked for refused.
"""

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, TypeGuard, cast

from toolway.catalog.grammar import near
from toolway.catalog.model import Json

Keys = tuple[str, ...]

_LARGEST: Final = 1_000_000
_DEEPEST: Final = 32
_SPACE: Final = re.compile(r"[ \t]*")
_PART: Final = re.compile(r"""([A-Za-z0-9_-]+)|"((?:[^"\\\n]|\\.)*)"|'([^'\n]*)'""")
_TOKEN: Final = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}|' + r"'''.*?'{3,5}|" + r""""(?:[^"\\\n]|\\.)*"|'[^'\n]*'|#[^\n]*|[\[{]|[\]}]|\n""", re.DOTALL
)


class Problems:
    """What is wrong in a folder, each with file, line, tool and key."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def add(self, file: "File", keys: Keys, message: str) -> None:
        """Note that the value at `keys` is wrong."""
        tool, rest = (keys[:1], keys[1:]) if file.of_tools else ((), keys)
        where = " ".join(filter(None, (f"{file.name}:{file.line(keys)}", *tool, ".".join(rest))))
        self.found.append(f"{where}: {message}")


class File:
    """One TOML file: its content and the lines of its keys. `of_tools` tells the files of tools from toolkit.toml."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.of_tools = not name.endswith("/toolkit.toml")
        self.content: Json = tomllib.loads(text)
        self.text = text
        self._lines: dict[Keys, int] | None = None

    def line(self, keys: Keys) -> int:
        """The line of a key, or of the nearest table around it."""
        if self._lines is None:
            self._lines = lines(self.text)
        return next((self._lines[keys[:n]] for n in range(len(keys), 0, -1) if keys[:n] in self._lines), 1)


def load(path: Path, problems: Problems) -> File | None:
    """The file, or None when it is not TOML; then the problem is noted."""
    name = f"{path.parent.name}/{path.name}"
    try:
        if path.exists() and not path.is_file():  # a pipe or a device would never end
            problems.found.append(f"{name}:1: no plain file")
            return None
        if path.stat().st_size > _LARGEST:
            problems.found.append(f"{name}:1: more than {_LARGEST:,} bytes; split the file by noun")
            return None
        file = File(name, path.read_text("utf-8").removeprefix("\ufeff"))
        if not _too_deep(file.content, _DEEPEST):
            return file
        problems.found.append(f"{name}:1: nested too deeply")
    except OSError as error:
        problems.found.append(f"{name}:1: cannot be opened: {error.strerror}")
    except UnicodeDecodeError:
        problems.found.append(f"{name}:1: not UTF-8 text")
    except RecursionError:
        problems.found.append(f"{name}:1: nested too deeply")
    except ValueError as error:  # tomllib lets those of int() and datetime() through besides its own
        line = re.search(r"at line (\d+)", str(error))
        problems.found.append(f"{name}:{line[1] if line else 1}: not TOML: {error}")
    return None


def lines(text: str) -> dict[Keys, int]:
    """The line of each table and key of a valid TOML text. Members of [[lists]] and inline tables count as their list or key."""
    found: dict[Keys, int] = {}
    table: Keys = ()
    position, line = 0, 1
    while position < len(text):
        start = _SPACE.match(text, position)
        position = start.end() if start else position
        opening = 0
        while text.startswith("[", position + opening) and opening < 2:
            opening += 1
        keys, after = _keys(text, position + opening)
        if opening:
            table = keys
            found.setdefault(table, line)
        elif keys:
            for n in range(len(table) + 1, len(table) + len(keys) + 1):
                found.setdefault((table + keys)[:n], line)
        depth = 0
        position = after
        while token := _TOKEN.search(text, position):
            position = token.end()
            line += token[0].count("\n")
            depth += (token[0] in ("[", "{")) - (token[0] in ("]", "}"))
            if token[0] == "\n" and depth <= 0:
                break
        else:
            break
    return found


def _keys(text: str, position: int) -> tuple[Keys, int]:
    """The dotted key that stands at `position`, and where it ends; past the brackets of a table's head."""
    keys: list[str] = []
    while part := _PART.match(text, cast("re.Match[str]", _SPACE.match(text, position)).end()):
        keys.append(part[1] or part[2] or part[3] or "")
        dot = re.compile(r"[ \t]*\.").match(text, part.end())
        position = dot.end() if dot else part.end()
        if not dot:
            break
    end = re.compile(r"[ \t]*\]{0,2}").match(text, position)
    return tuple(keys), end.end() if end else position


def is_table(value: object) -> TypeGuard[Json]:
    """Whether a TOML value is a table."""
    return isinstance(value, dict)


def _too_deep(value: object, left: int) -> bool:
    """Whether tables and lists go deeper than what the rooms that walk them can bear."""
    inner = value.values() if is_table(value) else cast("list[object]", value) if isinstance(value, list) else ()
    return left == 0 or any(_too_deep(item, left - 1) for item in inner)


class Table:
    """A table of a file: `file` and `keys` say where it stands, `data` what it holds."""

    def __init__(self, problems: Problems, file: File, keys: Keys, data: Json) -> None:
        self.problems, self.file, self.keys, self.data = problems, file, keys, data
        self._known: dict[str, None] = {}

    def bad(self, message: str, *keys: str) -> None:
        """Note a problem with the value at `keys` below this table."""
        self.problems.add(self.file, self.keys + keys, message)

    def take(self, key: str) -> Any:
        """The value of a key as it stands, or None."""
        self._known[key] = None
        return self.data.get(key)

    def text(self, key: str, *, due: bool = False) -> str:
        """A text; empty when it is left out."""
        value = self.take(key)
        if value is None and due:
            self.bad(f"{key} is missing")
        if value is not None and not isinstance(value, str):
            self.bad("text is expected", key)
        elif value is not None and not value.strip():
            self.bad("it is empty; write it or leave the key out", key)
        return value.strip() if isinstance(value, str) else ""

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; empty when it is left out."""
        value = self.take(key)
        if value is None:
            return ()
        items = cast("list[object]", value) if isinstance(value, list) else []
        found = tuple(item.strip() for item in items if isinstance(item, str) and item.strip())
        if not items or len(found) < len(items):
            self.bad('a list of texts such as ["a", "b"] is expected', key)
        return found

    def whole(self, key: str, default: int) -> int:
        """A whole number from 0."""
        value = self.take(key)
        if value is None:
            return default
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**31:
            self.bad("a whole number from 0 is expected", key)
            return default
        return value

    def flag(self, key: str) -> bool:
        """True or false; false when it is left out."""
        value = self.take(key)
        if value is not None and not isinstance(value, bool):
            self.bad("true or false is expected", key)
        return value is True

    def table(self, key: str) -> "Table":
        """The table of this key; empty when it is left out."""
        value = self.take(key)
        if value is not None and not is_table(value):
            self.bad(f"a table is expected, such as [{key}]", key)
        return self._below(value, key)

    def tables(self) -> "Iterable[tuple[str, Table]]":
        """Every member, each as a table under its key."""
        return [(key, self.table(key)) for key in self.data]

    def rows(self, key: str) -> "list[Table]":
        """The members of a [[list]] of tables."""
        value = self.take(key)
        if value is None:
            return []
        items = cast("list[object]", value) if isinstance(value, list) else []
        if not items or not all(map(is_table, items)):
            self.bad(f"a list of tables is expected, such as [[{'.'.join((*self.keys, key))}]]", key)
        return [self._below(item, key) for item in items]

    def done(self) -> None:
        """Refuse every key that nobody asked for."""
        for key in self.data:
            if key not in self._known:
                self.bad(f"unknown key{near(key, self._known) or '; known are ' + ', '.join(self._known)}", key)

    def _below(self, value: object, key: str) -> "Table":
        return Table(self.problems, self.file, (*self.keys, key), value if is_table(value) else {})
