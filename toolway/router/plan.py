"""From the tools that fit a request to the way there: which call comes first, and what it takes. Pure.

What an argument needs stands in the toolkit: a noun names the tool that lists its things, and the path of a tool names the collection
that its id is from. A name does where an id is asked for, so that look-ups of names are no steps; an id that nothing names is one. Only
what the toolkit says and the request's own words decide: no reply of a service does.
"""

import re
from collections.abc import Callable, Iterator, Sequence, Set
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Struct

from toolway.catalog.model import Field, Json, Param, Tool, Toolkit
from toolway.catalog.schema import due
from toolway.catalog.terms import stem
from toolway.router import known
from toolway.router.known import Known

MOST_STEPS: Final = 8
_DEPTH: Final = 3
_THE_CHANGE: Final = "what is to change"
_ME: Final = re.compile(r"\b(?:me|myself|i)\b", re.IGNORECASE)
_LONGEST_ARGUMENTS, _LONGEST_STEPS = 400, 1200
SLUG: Final = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b")

May = Callable[[Tool], bool]
"""Whether the session may execute a tool."""


class Intent(NamedTuple):
    """One thing that is wanted: the tool that does it, its toolkit, and what its part of the request says."""

    tool: Tool
    kit: Toolkit
    known: Known


class Need(NamedTuple):
    """An argument that is due and not known yet, or several of which one is. `source` lists what may be given, where there is such a tool;
    `step` makes one.
    """

    argument: str
    by_name: bool
    source: Tool | None = None
    step: int = 0


class Step(Struct, frozen=True):
    """One call of a plan: a tool, what is known of its arguments, and what is still needed."""

    tool: Tool
    arguments: Json
    needs: tuple[Need, ...] = ()


class Plan(Struct, frozen=True):
    """Calls in their order. `prerequisites` are tools that may be needed before, beside those of the steps."""

    steps: tuple[Step, ...]
    prerequisites: tuple[Tool, ...] = ()

    @property
    def difficulty(self) -> str:
        """easy, medium or hard, by how many calls it takes and whether something is missing."""
        missing = any(step.needs for step in self.steps)
        return "hard" if len(self.steps) > 2 else "medium" if len(self.steps) > 1 or missing else "easy"


def plan(intents: Sequence[Intent], may: May) -> Plan:
    """The way to do these, in their order. Every tool of it may be executed; what gives an id comes before what takes it."""
    laying = _Laying(may)
    for intent in intents:
        if may(intent.tool):
            laying.lay(intent, ())
    used = {step.tool.slug for step in laying.steps}
    sources = (need.source for step in laying.steps for need in step.needs if need.source)
    mentioned = (tool for intent in intents for tool in _mentioned(intent.tool, intent.kit))
    before = {tool.slug: tool for tool in (*sources, *mentioned) if tool.slug not in used and may(tool)}
    return Plan(tuple(laying.steps), tuple(before.values()))


class _Laying:
    """A plan while it is made."""

    def __init__(self, may: May) -> None:
        self.steps: list[Step] = []
        self._may = may
        self._makes: dict[tuple[str, str], int] = {}

    def lay(self, intent: Intent, waiting: tuple[str, ...], shared: frozenset[str] = frozenset(), changed: Json | None = None) -> int:
        """Add a call, after those that give what it takes; gives its number. `waiting` are the tools that this one is laid for, `shared`
        the arguments that it needs because the last of those does, `changed` those that tell what the thing is to become.
        """
        tool, kit = intent.tool, intent.kit
        nouns = kit.nouns_of(tool)
        becomes = list((changed or {}).values())
        arguments = _bounded({name: value for name, value in known.arguments(tool, kit, intent.known).items() if value not in becomes})
        needs: list[Need] = []
        for param in tool.params:
            if param.given in arguments or not (due(param.field, nouns) or param.given in shared):
                continue
            source, noun = source_of(tool, kit, param), param.field.kind.noun
            source = source if source is not None and source.slug != tool.slug and self._may(source) else None
            if source is None or (noun and not nouns[noun].list_first):
                needs.append(Need(param.given, bool(noun), source, self._makes.get((kit.slug, noun), 0)))
            elif source.slug in waiting or len(waiting) >= _DEPTH or len(self.steps) >= MOST_STEPS - 1:
                needs.append(Need(param.given, False))
            else:
                changes = {p.given: arguments[p.given] for p in tool.params if p.place == "body" and p.given in arguments}
                step = self.lay(Intent(source, kit, intent.known), (*waiting, tool.slug), _shared(tool, kit, source), changes)
                arguments[param.given] = _taken(param.field, f"<id from step {step}>")
        for group in () if becomes else known.unsettled(tool, kit, intent.known, arguments):
            param = tool.param(group[0])
            if param is not None and not any(need.argument in group for need in needs):
                noun = param.field.kind.noun
                source = source_of(tool, kit, param) if noun and len(group) == 1 else None
                needs.append(Need(" or ".join(group), bool(noun), source if source and self._may(source) else None))
        if not becomes and _changes_nothing(tool, {*arguments, *(need.argument for need in needs)}):
            needs += self._change(intent)
        arguments = {p.given: arguments[p.given] for p in tool.params if p.given in arguments}
        for first in self._to_read(tool, kit):
            if first.slug not in waiting and len(self.steps) < MOST_STEPS - 1:
                self.lay(Intent(first, kit, intent.known), (*waiting, tool.slug), _shared(tool, kit, first))
        for number, step in enumerate(self.steps, start=1):
            if (step.tool.slug, step.arguments) == (tool.slug, arguments):
                return number
        if len(self.steps) < MOST_STEPS:
            self.steps.append(Step(tool, arguments, tuple(needs)))
        if tool.effect == "create" and (made := known.own_noun(tool, kit)):
            self._makes[kit.slug, made] = len(self.steps)
        return len(self.steps)

    def _change(self, intent: Intent) -> Iterator[Need]:
        """What is to be said of a change of which nothing is said. Whom it is about by default is meant where the request says so."""
        tool, kit = intent.tool, intent.kit
        param = next((p for p in tool.params if p.place == "body" and p.field.required), None)
        if param is None:
            yield Need(_THE_CHANGE, False)
        elif not _ME.search(intent.known.words):
            source = source_of(tool, kit, param)
            yield Need(param.given, bool(param.field.kind.noun), source if source and self._may(source) else None)

    def _to_read(self, tool: Tool, kit: Toolkit) -> Iterator[Tool]:
        """What a change that replaces says to look at before: the reading of the same thing."""
        if tool.effect in ("update", "destroy"):
            told = (other for other in _mentioned(tool, kit) if other.effect == "read" and self._may(other))
            yield from (other for other in told if tool.path.startswith(f"{other.path}/"))


def _changes_nothing(tool: Tool, said: Set[str]) -> bool:
    """Whether an update says what is to be changed and nothing of how: of what it could write nothing is given or asked for."""
    written = [p.given for p in tool.params if p.place in ("body", "whole")]
    return tool.effect == "update" and bool(written) and not any(name in one.split(" or ") for one in said for name in written)


def _shared(tool: Tool, kit: Toolkit, source: Tool) -> frozenset[str]:
    """The arguments that must be the same in both: whose things are listed is whose thing is taken."""
    nouns = kit.nouns_of(tool)
    both = {p.given: p.field.kind.noun for p in tool.params if p.field.kind.noun and due(p.field, nouns)}
    return frozenset(p.given for p in source.params if both.get(p.given) == p.field.kind.noun)


def source_of(tool: Tool, kit: Toolkit, param: Param) -> Tool | None:
    """The read tool that lists what an argument takes the id of; None where there is none, or where it takes no id."""
    noun = kit.nouns_of(tool).get(param.field.kind.noun)
    if noun is not None:
        return kit.tools.get(noun.list)
    thing = _thing(tool, param)
    lists = [t for t in kit.tools.values() if t.effect == "read" and not t.retire and thing and _collection(t) == thing]
    return min(lists, key=lambda t: (sum(due(p.field, kit.nouns_of(t)) for p in t.params), len(t.path)), default=None)


def _thing(tool: Tool, param: Param) -> str:
    """What an argument without a noun is the id of, by the collection in which the path keeps it; "" where it is no id."""
    name = known.plain(param.given)
    members = {f.name for f in param.field.kind.fields if f.required}
    if not name.endswith(("id", "ids")) and "id" not in members:
        return ""
    if param.place == "path":
        before = tool.path.partition(f"/{{{param.field.name}}}")[0].rpartition("/")[2]
        return "" if before.startswith("{") else _one(before)
    thing = name.removesuffix("s").removesuffix("id")
    return _collection(tool) if not thing or "id" in members else _one(thing)


def _collection(tool: Tool) -> str:
    """What a path keeps: its last step that is no place."""
    steps = [step for step in tool.path.split("/") if step and not step.startswith("{")]
    return _one(steps[-1]) if steps else ""


def _one(word: str) -> str:
    return stem(known.plain(word))


def _taken(field: Field, value: str) -> Any:
    """A value as the argument holds it: alone, in a list, or in a list of objects."""
    item: Any = {"id": value} if field.kind.fields else value
    schema = field.kind.schema or {}
    return [item] if field.many or schema.get("type") == "array" else item


def _bounded(arguments: Json) -> Json:
    """As many arguments as an answer has room for, the first ones."""
    kept: Json = {}
    for name, value in arguments.items():
        if len(msgspec.json.encode(kept | {name: value})) <= _LONGEST_ARGUMENTS:
            kept[name] = value
    return kept


def _mentioned(tool: Tool, kit: Toolkit) -> Iterator[Tool]:
    """The tools that a tool's own sentences speak of."""
    by_slug = {t.slug: t for t in kit.tools.values()}
    for text in (tool.about, *(fault.say for fault in tool.fails)):
        yield from (by_slug[slug] for slug in SLUG.findall(text) if slug in by_slug and slug != tool.slug)


def told(made: Plan) -> list[str]:
    """The steps in words, one text each."""
    several, room, said = len(made.steps) > 1, _LONGEST_STEPS, list[str]()
    for number, step in enumerate(made.steps, start=1):
        text = _told(step, room)
        room -= len(text)
        said.append(f"{number}. {text}" if several else text)
    return said


def _told(step: Step, room: int) -> str:
    said = f"Call {step.tool.slug}"
    if step.arguments and room > 0:
        said += f" with {msgspec.json.encode(step.arguments).decode()}"
    if step.needs:
        said += f". Still to give: {'; '.join(map(_needed, step.needs))}"
    return said + "."


def _needed(need: Need) -> str:
    hints = ["name or id"] if need.by_name else []
    if need.step:
        hints.append(f"step {need.step} makes one")
    elif need.source is not None:
        hints.append(f"{need.source.slug} lists them")
    return f"{need.argument} ({', '.join(hints)})" if hints else need.argument


def guidance(made: Plan) -> str:
    """How to go about it, in a sentence or two."""
    needs = list(dict.fromkeys(need.argument for step in made.steps for need in step.needs))
    first = f" Find out first: {', '.join(needs[:6])}." if needs else ""
    if len(made.steps) > 1:
        said = f"Go step by step: a later call may take what an earlier one gives.{first}"
    else:
        said = f"One call does it, once these are known: {', '.join(needs[:6])}." if needs else "One call does it."
    destroying = [step.tool for step in made.steps if step.tool.effect == "destroy"]
    if any(tool.method == "DELETE" for tool in destroying):
        said += " What it takes away may be gone for good: be sure that the user wants it, and name it exactly."
    elif destroying:
        said += " What it replaces may be gone for good: be sure that the user wants it."
    elif any(need.by_name for step in made.steps for need in step.needs):
        said += " Names do where ids are asked for."
    return said
