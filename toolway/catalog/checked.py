"""What came of a check: slips as lines, the deviations that a toolkit knows of, and the record of what was checked.

`deviations.toml` lies beside toolkit.toml; each of its tables tells where the vendor's document is wrong, what the truth is, and by
what evidence. `checked.lock` keeps marks of the document, of each tool and of its operation, so that without the document it can
still be told which tools changed after they were checked.
"""

import tomllib
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import structs

from toolway.catalog import check, reader
from toolway.catalog.compare import Slip
from toolway.catalog.grammar import near
from toolway.catalog.model import Field, Param, Tool, Toolkit
from toolway.catalog.shapes import table
from toolway.catalog.source import File, Problems, Table, load
from toolway.catalog.witness import Witness
from toolway.errors import BadFile

DEVIATIONS: Final = "deviations.toml"
LOCK: Final = "checked.lock"


class Deviation(NamedTuple):
    """Where the document is known to be wrong: the places (`tool body.name`), what it says there, what is so, and the evidence."""

    name: str
    at: tuple[str, ...]
    document: str
    truth: str
    because: str


class Checked(NamedTuple):
    """A toolkit as it was checked: the slips as lines, how many were known deviations, what `checked.lock` should hold, and the tools
    whose operation is not what it was when they were last recorded.
    """

    slips: list[str]
    accepted: int
    record: str
    recorded: bool
    tools: int
    moved: tuple[str, ...]


def deviations(folder: Path, problems: Problems) -> tuple[Deviation, ...]:
    """The deviations of a toolkit; what is wrong with their file is added to `problems`."""
    file = load(folder / DEVIATIONS, problems) if (folder / DEVIATIONS).exists() else None
    found: list[Deviation] = []
    for name, one in Table(problems, file, (), file.content).tables() if file else ():
        at = one.texts("at") if isinstance(one.data.get("at"), list) else (one.text("at", due=True),)
        texts = (one.text(key, due=True) for key in ("document", "truth", "because"))
        found.append(Deviation(name, at, *texts))
        one.done()
    return tuple(found)


def against(folder: Path, witness: Witness) -> Checked:
    """The toolkit in this folder against the vendor's document. Raises `BadFile` when a file of its cannot be read."""
    kit, known = _read(folder)
    if not any(tool.spec for tool in kit.tools.values()):
        raise BadFile(f"No tool of {kit.slug} names an operation of a document.", fix='spec = "operationId" is how a tool does.')
    slips = list(check.toolkit(kit, witness))
    matched = {(tool, slip): [one for one in known if _accepts(one, tool, slip)] for tool, slip in slips}
    told = _Lines(folder)
    found = [told.slip(tool, slip) for (tool, slip), accepting in matched.items() if not accepting]
    accepted = len(matched) - len(found)
    for one in known:
        for at in one.at:
            if not any(one in accepting and _at(tool, slip) == at for (tool, slip), accepting in matched.items()):
                message = f"{at}: the document does not say {one.document!r} against {one.truth!r}; take it out, or mend it"
                found.append(told.line(DEVIATIONS, (one.name,), message))
    marks = {name: _of_tool(tool, kit, known) for name, tool in sorted(kit.tools.items()) if tool.spec}
    operations = {name: [witness.mark(one)[:32] for one in witness.operations(kit.tools[name].spec)] for name in marks}
    record = _record(kit, witness.digest, _of_kit(kit, known), {name: " ".join([marks[name], *operations[name]]) for name in marks})
    before = table(_locked(folder).get("tools"))
    moved = tuple(name for name in marks if name in before and str(before[name]).split()[1:] != operations[name])
    return Checked(found, accepted, record, record == _text(folder), len(marks), moved)


def unchanged(folder: Path) -> tuple[int, list[str]]:
    """How many tools of this toolkit answer to a document, and which of them changed since they were checked, as lines.

    Raises `BadFile` when a file of the toolkit cannot be read.
    """
    kit, known = _read(folder)
    tools = {name: tool for name, tool in kit.tools.items() if tool.spec}
    if not tools:
        return 0, []
    again = f"toolway toolkit check {kit.slug} --against DOCUMENT --record"
    lock, told = _locked(folder), _Lines(folder)
    if not lock:
        what = "cannot be read" if (folder / LOCK).exists() else "there is none, so nothing was checked yet"
        return len(tools), [f"{folder.name}/{LOCK}: {what}; {again}"]
    marks = table(lock.get("tools"))
    found: list[str] = []
    if lock.get("toolkit") != _of_kit(kit, known):
        found.append(told.line(reader.MAIN, (), f"nouns, hosts or auth.check changed since they were checked; {again}"))
    for name, tool in tools.items():
        if str(marks.get(name, "")).split()[:1] != [_of_tool(tool, kit, known)]:
            what = "changed since it was checked" if name in marks else "not checked yet"
            found.append(told.line(tool.line.rpartition(":")[0], (name,), f"{what}; {again}"))
    found += [f"{folder.name}/{LOCK}: {name} is gone{near(name, tools)}; {again}" for name in marks if name not in tools]
    return len(tools), found


def record(folder: Path, checked: Checked) -> None:
    """Write `checked.lock`. Raises `BadFile` when the folder cannot be written to."""
    try:
        (folder / LOCK).write_text(checked.record, "utf-8")
    except OSError as error:
        raise BadFile(f"{folder / LOCK} cannot be written: {error.strerror}.") from None


class _Lines:
    """Lines that say where in the toolkit something stands."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, File | None] = {}
        self._of_tool: dict[str, str] = {}
        for path in reader.files(folder):
            self._files[path.name] = file = load(path, Problems())
            for name in file.content if file and path.name != reader.MAIN else ():
                self._of_tool.setdefault(name, path.name)

    def slip(self, tool: str, slip: Slip) -> str:
        message = f"{slip.here} here, {slip.there} in the document{slip.hint} ({slip.where})"
        line = self.line(self._of_tool.get(tool, reader.MAIN), (tool, *slip.keys) if tool else slip.keys, message)
        return "".join(char if char.isprintable() else "?" for char in line)  # the document's own words are in it

    def line(self, name: str, keys: tuple[str, ...], message: str) -> str:
        if name not in self._files:
            self._files[name] = load(self._folder / name, Problems())
        file, problems = self._files[name], Problems()
        if file is None:
            return f"{self._folder.name}/{name}: {message}"
        problems.add(file, keys, message)
        return problems.found[0]


def _read(folder: Path) -> tuple[Toolkit, tuple[Deviation, ...]]:
    kit, problems = reader.read(folder), Problems()
    known = deviations(folder, problems)
    if problems.found:
        raise BadFile(f"{folder.name}/{DEVIATIONS} cannot be used: {problems.found[0]}.", details=problems.found)
    return kit, known


def _at(tool: str, slip: Slip) -> str:
    return " ".join(filter(None, (tool, ".".join(slip.keys))))


def _accepts(one: Deviation, tool: str, slip: Slip) -> bool:
    return _at(tool, slip) in one.at and (one.document, one.truth) == (slip.there, slip.here)


def _of_tool(tool: Tool, kit: Toolkit, known: tuple[Deviation, ...]) -> str:
    """A mark of all of a tool that is checked: its words may change, and with them the lines it stands on."""
    params = tuple(Param(param.place, _wordless(param.field), "") for param in tool.params)
    bare = structs.replace(tool, title="", about="", asks=(), line="", params=params)
    told: Any = msgspec.to_builtins(bare)
    said = {key: value for key, value in told.items() if value}  # what is left out is no matter of this version's model
    return _mark([said, kit.hosts[tool.host], [one for one in known if any(at.split(" ")[0] == tool.name for at in one.at)]])


def _of_kit(kit: Toolkit, known: tuple[Deviation, ...]) -> str:
    return _mark([kit.nouns, kit.check, kit.hosts, [one for one in known if any(" " not in at for at in one.at)]])


def _wordless(field: Field) -> Field:
    kind = structs.replace(field.kind, fields=tuple(map(_wordless, field.kind.fields)))
    return structs.replace(field, kind=kind, about="")


def _mark(value: Any) -> str:
    return sha256(msgspec.json.encode(value, order="sorted")).hexdigest()[:32]


def _record(kit: Toolkit, digest: str, main: str, tools: dict[str, str]) -> str:
    head = f"# Written by: toolway toolkit check {kit.slug} --against DOCUMENT --record\n"
    lines = "".join(f'{name} = "{marks}"\n' for name, marks in tools.items())
    return f'{head}document = "{digest}"\ntoolkit = "{main}"\n\n# a mark of the tool, and one of its operation\n[tools]\n{lines}'


def _text(folder: Path) -> str:
    try:
        return (folder / LOCK).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _locked(folder: Path) -> dict[str, Any]:
    """What was recorded; empty where nothing was, or nothing that can be read."""
    try:
        return tomllib.loads(_text(folder))
    except ValueError:
        return {}
