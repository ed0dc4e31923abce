"""What is wrong with a toolkit folder beyond what keeps it from being read, and what could be better.

Each line names file, line, tool and key. Those that begin with `warning: ` do not fail a folder.
"""

import re
import unicodedata
from pathlib import Path
from typing import Final

from toolway.catalog import checked, reader, schema
from toolway.catalog.fields import walk
from toolway.catalog.grammar import near
from toolway.catalog.model import Noun, Tool, Toolkit
from toolway.catalog.source import File, Keys, Problems, load

WARNING: Final = "warning: "
HEAVIEST: Final = 4_000
LONGEST_ABOUT: Final = 2_000
LONGEST_FILE: Final = 200
FEWEST_ASKS: Final = 3

ORDERS = re.compile(  # what is said to a model, and not of a tool; who reads a description obeys it
    r"\b(?:ignore|disregard|forget|override)\b.{0,30}\b(?:previous|prior|above|other|all|instructions?|rules?)\b"
    r"|\b(?:you|models?|agents?|assistants?|ai) (?:must|should|shall|have to|are to|need to)\b"
    r"|\b(?:do not|don't|never) (?:tell|mention|reveal|show|inform|ask|use|call)\b|\bwithout (?:telling|asking|informing)\b"
    r"|\b(?:before|after|instead of) (?:using|calling) (?:this|any|every|other|another)\b|\balways (?:call|use|send|include)\b"
    r"|\bsystem prompt\b|</?(?:important|system|instructions?|secret)>",
    re.IGNORECASE,
)
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})")


def lint(folder: Path) -> list[str]:
    """Every problem of a toolkit folder. Those of reading stand alone: the rest is looked at once the folder reads."""
    problems, warnings = Problems(), Problems()
    files = {path.name: file for path in reader.files(folder) if (file := load(path, Problems())) is not None}
    toolkit = reader.collect(folder, problems)
    checked.deviations(folder, problems)
    for path in reader.files(folder):
        _hidden(path, problems)
    if toolkit is not None and not problems.found:
        _Lint(toolkit, files, problems, warnings).run()
        for file in files.values():
            _unwritten(file, warnings)
    return [*problems.found, *(WARNING + line for line in warnings.found)]


def is_warning(line: str) -> bool:
    """Whether this line of `lint` fails nothing."""
    return line.startswith(WARNING)


class _Lint:
    def __init__(self, toolkit: Toolkit, files: dict[str, File], problems: Problems, warnings: Problems) -> None:
        self.toolkit, self.files, self.problems, self.warnings = toolkit, files, problems, warnings
        self.main = files[reader.MAIN]

    def run(self) -> None:
        for noun in self.toolkit.nouns.values():
            self.noun(noun)
        self.clock()
        for tool in self.toolkit.tools.values():
            self.tool(tool)
        self.whole()

    def bad(self, tool: Tool, key: str, message: str) -> None:
        self.problems.add(self.files[tool.line.rpartition(":")[0]], (tool.name, key), message)

    def noun(self, noun: Noun) -> None:
        keys = ("nouns", noun.name)
        listed = self.reads(noun.list, (*keys, "list"))
        if listed:
            taken = tuple(param.given for param in listed.params)
            for key, names in (("within", noun.within), ("query", (noun.query,) if noun.query else ())):
                for name in names:
                    if name not in taken:
                        self.problems.add(self.main, (*keys, key), f"{noun.list} takes no {name!r}{near(name, taken)}")
            self.lookup(noun, listed)
        if noun.default:
            self.reads(noun.default[0], (*keys, "default"))

    def lookup(self, noun: Noun, listed: Tool) -> None:
        """Whether the list can be asked for with what `within` and defaults supply."""
        for param in listed.params:
            if schema.due(param.field, self.toolkit.nouns) and param.given not in noun.within:
                message = f"{noun.list} needs {param.given}; within = [{param.given!r}] is expected, or a default"
                self.problems.add(self.main, ("nouns", noun.name, "list"), message)

    def clock(self) -> None:
        """Whether it is known by whose clock moments are meant, wherever that matters."""
        clock, tools = self.toolkit.clock, self.toolkit.tools.values()
        if clock:
            self.reads(clock.zone[0], ("clock", "zone"))
            names = {field.name for tool in tools for field in walk(param.field for param in tool.params)}
            if clock.given and clock.given not in names:
                self.problems.add(self.main, ("clock", "given"), f"no tool takes {clock.given!r}{near(clock.given, tuple(names))}")
            return
        for tool in tools:
            if wall := next((field for field in walk(param.field for param in tool.params) if field.kind.word == "wall"), None):
                self.bad(tool, "call", f"{wall.name} is a wall clock; [clock] in {reader.MAIN} is expected, which tells whose")

    def reads(self, name: str, keys: Keys, file: File | None = None) -> Tool | None:
        """The tool of this name, which must be there and change nothing."""
        tool = self.toolkit.tools.get(name)
        if tool is None:
            self.problems.add(file or self.main, keys, f"no tool {name!r}{near(name, self.toolkit.tools)}")
        elif tool.effect != "read":
            self.problems.add(file or self.main, keys, f"{name} changes things; a tool with effect read is expected")
            return None
        return tool

    def tool(self, tool: Tool) -> None:
        file = self.files[tool.line.rpartition(":")[0]]
        if tool.merge:
            self.reads(tool.merge.source, (tool.name, "merge"), file)
        if len(tool.about.encode()) > LONGEST_ABOUT:
            self.bad(tool, "about", f"more than {LONGEST_ABOUT:,} bytes; one or two sentences are expected")
        if not tool.spec and not tool.why_no_spec:
            self.bad(
                tool, "spec", "spec is due, the operationId in the vendor's document, or why-no-spec (once in toolkit.toml serves all)"
            )
        told = [tool.title, tool.about, *(field.about for field in walk(param.field for param in tool.params))]
        if orders := next((found[0] for text in told if (found := ORDERS.search(text))), ""):
            self.bad(tool, "about", f"{orders!r} gives orders to who reads it; say what the tool does")
        weight = schema.weight(tool, self.toolkit)
        if weight > HEAVIEST:
            self.bad(tool, "body", f"an agent reads {weight:,} characters to know it; at most {HEAVIEST:,} are expected")
        if wrong := schema.wrong(schema.arguments(tool, self.toolkit)):
            self.bad(tool, "body", wrong)
        alike: dict[str, str] = {}
        for param in tool.params:
            other = alike.setdefault(re.sub(r"[-_]", "", param.given).lower(), param.given)
            if other != param.given:
                self.bad(tool, param.place, f"{other} and {param.given} differ only in case, - or _; rename one with as")
        self.sentences(tool)
        if len(tool.asks) < FEWEST_ASKS and not tool.retire:
            self.warnings.add(file, (tool.name, "asks"), f"{len(tool.asks)} asks; three to five ways people ask for it are expected")

    def sentences(self, tool: Tool) -> None:
        """Whether the tools that a sentence names are there: an agent calls what it is told to."""
        slugs = tuple(other.slug for other in self.toolkit.tools.values())
        for key, text in (("about", tool.about), *(("fails", fault.say) for fault in tool.fails)):
            for slug in re.findall(rf"\b{self.toolkit.slug.upper()}_[A-Z0-9_]+", text):
                if slug not in slugs:
                    self.bad(tool, key, f"no tool {slug}{near(slug, slugs)}")

    def whole(self) -> None:
        kit = self.toolkit
        if not kit.auth:
            self.warnings.add(self.main, ("auth",), "no [auth.api_key] or other way to prove oneself")
        elif not kit.check:
            self.warnings.add(self.main, ("auth",), "no [auth.check]: a fresh connection cannot be proved")
        plan = next((field.kind for field in kit.account if field.name == "plan" and field.kind.choices), None)
        for rate in kit.rates:
            if plan and rate.when and rate.when not in plan.choices:
                self.problems.add(self.main, ("limits",), f"when = {rate.when!r} is no plan of [account]{near(rate.when, plan.choices)}")
        for tool in kit.tools.values():
            plans = plan.choices if plan else ()
            if tool.span and tool.span.when and tool.span.when not in plans:
                self.bad(tool, "span", f"when = {tool.span.when!r} is no plan of [account]{near(tool.span.when, plans)}")
        fields = list(walk([*(param.field for tool in kit.tools.values() for param in tool.params), *kit.account]))
        used = {field.kind.named for field in fields} | {field.kind.noun for field in fields}
        for name, file in self.files.items():
            for kind in ("types", *(("nouns",) if name == reader.MAIN else ())):
                for key in file.content.get(kind, {}):
                    if key not in used:
                        self.warnings.add(file, (kind, key), "nothing names it")
            if name != reader.MAIN and file.text.count("\n") > LONGEST_FILE:
                self.warnings.add(file, (), f"more than {LONGEST_FILE} lines; a file a noun is expected")
        given = {param.field.name for tool in kit.tools.values() for param in tool.params if param.place == "path"}
        for key in self.main.content.get("path", {}):
            if key not in given:
                self.warnings.add(self.main, ("path", key), "no call has this place")


def _unwritten(file: File, warnings: Problems) -> None:
    """Note what a draft left to a person; what is commented out is read by nobody."""
    for number, line in enumerate(file.text.split("\n"), 1):
        if re.search(r"\bTODO\b", line) and not line.startswith("#"):
            warnings.found.append(f"{file.name}:{number}: TODO; words of yours are expected")


def _hidden(path: Path, problems: Problems) -> None:
    """Note characters that people do not see but models read: a sentence must say to both the same."""
    try:
        text = path.read_text("utf-8") if path.is_file() else ""
    except (OSError, UnicodeDecodeError):
        return
    for number, line in enumerate(text.split("\n"), 1):
        escaped = [int(match[1] or match[2], 16) for match in _ESCAPE.finditer(line)]
        found = [point for point in (*map(ord, line.rstrip("\r")), *escaped) if point != 9 and _is_hidden(point)]
        if found:
            problems.found.append(f"{path.parent.name}/{path.name}:{number}: hidden character U+{found[0]:04X}; plain text is expected")


def _is_hidden(point: int) -> bool:
    return point > 0x10FFFF or unicodedata.category(chr(point)) in ("Cc", "Cf", "Co", "Cs", "Zl", "Zp")
