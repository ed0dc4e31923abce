"""Names where ids stand: every noun in the arguments is replaced by the id of the one thing that bears the name.

What looks like an id is never looked up. A look-up is a call of the noun's list tool through the same pipeline, by the `ask` that is
handed in (depth one: a look-up looks nothing up). What was listed is kept for a minute per account, because some plans allow thirty
calls an hour.
"""

import asyncio
import difflib
import re
import time
from collections import ChainMap, OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, NamedTuple, TypeVar, cast

import msgspec

from toolway.calls import pages, places, reply
from toolway.calls.arguments import shown
from toolway.calls.unseen import clean
from toolway.calls.view import value_at
from toolway.catalog.model import Field, Json, Noun, Tool, Toolkit
from toolway.errors import BadArgument

Ask = Callable[[Tool, Json], Awaitable[reply.Reply]]
"""Calls a read tool with arguments and gives the service's reply whole."""

T = TypeVar("T")

_KEPT_SECONDS = 60.0
_KEPT_EACH, _KEPT_ACCOUNTS = 32, 1024
_NEAR = 5
_LONGEST = 300
_MOST_PAGES = 5  # of one look-up: some plans allow thirty calls an hour


class Thing(NamedTuple):
    """One row of a list: its id, its name, how it is told, and what tells it apart from its namesakes."""

    id: str
    name: str
    told: str
    apart: tuple[str, ...] = ()


class Things(NamedTuple):
    """What a list tool listed, and whether there may be more of it."""

    rows: tuple[Thing, ...]
    more: bool


class Kept:
    """What was looked up, kept per account for a minute and bounded. Many who ask for the same at once share one look-up."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._accounts: OrderedDict[str, OrderedDict[tuple[str, bytes], tuple[float, asyncio.Task[Any]]]] = OrderedDict()

    async def get(self, account_id: str, what: str, arguments: Json, load: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What `load` gives, at most a minute old. `what` is the path of a call that tells of the person, or else the name of a list."""
        mine = self._accounts.setdefault(account_id, OrderedDict())
        self._accounts.move_to_end(account_id)
        place = (what, msgspec.json.encode(arguments, order="deterministic"))
        at, task = mine.get(place, (0.0, None))
        if task is None or self._clock() - at >= _KEPT_SECONDS:
            task = asyncio.create_task(load())
            mine[place] = (self._clock(), task)
            task.add_done_callback(lambda done: _drop_failed(mine, place, done))
            _bound(mine, _KEPT_EACH)
            _bound(self._accounts, _KEPT_ACCOUNTS)
        return await asyncio.shield(task)

    def forget(self, account_id: str, path: str) -> None:
        """Drop what a write to `path` may have changed: every list, and what was told of the person at that path or above it. A look-up
        under way is not kept either.
        """
        mine = self._accounts.get(account_id, OrderedDict())
        for place in [place for place in mine if not place[0].startswith("/") or path.startswith(place[0])]:
            del mine[place]


def _bound(kept: OrderedDict[Any, Any], most: int) -> None:
    while len(kept) > most:
        kept.popitem(last=False)


def _drop_failed(kept: OrderedDict[Any, tuple[float, asyncio.Task[Any]]], place: Any, task: asyncio.Task[Any]) -> None:
    if (task.cancelled() or task.exception()) and kept.get(place, (0.0, None))[1] is task:
        del kept[place]


class Resolver:
    """Resolves the nouns of one call."""

    def __init__(self, tool: Tool, kit: Toolkit, account_id: str, ask: Ask, kept: Kept) -> None:
        self._tool = tool
        self._kit = kit
        self._nouns = kit.nouns_of(tool)
        self._account = account_id
        self._ask = ask
        self._kept = kept
        self._lists = Kept() if tool.effect == "destroy" else kept  # what was renamed elsewhere a moment ago must not be hit

    async def resolve(self, arguments: Json) -> Json:
        """The arguments with ids in place of names, and defaults filled in. Raises `BadArgument` when a name fits none or several."""
        return await self._members({p.given: p.field for p in self._tool.params}, arguments, ChainMap(), "")

    async def _members(self, fields: Mapping[str, Field], given: Json, around: ChainMap[str, Any], path: str) -> Json:
        """The members of one object. What a noun lies within is sought beside it first, then in the objects around."""
        done = dict(given)
        around = around.new_child(done)
        inner = {name: field for name, field in fields.items() if field.kind.word in ("noun", "object")}
        for name in _in_order(inner, self._nouns) if inner else ():
            field, here = inner[name], f"{path}.{name}" if path else name
            noun = self._nouns.get(field.kind.noun)
            if given.get(name) is not None:
                done[name] = await self._field(field, given[name], here, around)
            elif noun and noun.default and field.required:
                done[name] = await self._default(noun.default, here)
        return done

    async def _field(self, field: Field, value: Any, path: str, around: ChainMap[str, Any]) -> Any:
        if isinstance(value, list):
            items = cast("list[Any]", value)
            return [await self._value(field, item, f"{path}[{i}]", around) for i, item in enumerate(items)]
        return await self._value(field, value, path, around)

    async def _value(self, field: Field, value: Any, path: str, around: ChainMap[str, Any]) -> Any:
        if field.kind.word == "object" and isinstance(value, dict):
            return await self._members({f.name: f for f in field.kind.fields}, cast("Json", value), around, path)
        if field.kind.word != "noun" or not isinstance(value, str):
            return value
        noun = self._nouns[field.kind.noun]
        if len(value) > _LONGEST:
            told = f"{self._tool.slug}: {path} has {len(value)} characters; no id and no name has more than {_LONGEST}."
            raise BadArgument(told, fix=f"Give the id or the name of the {noun.name}.")
        if noun.looks_like and re.fullmatch(noun.looks_like, value):
            return value
        return await self._look_up(noun, value.strip(), path, around)

    async def field(self, source: tuple[str, str]) -> Any:
        """The dotted field of a read tool's reply, None where there is none. All fields of one reply are read at once."""
        tool, name = self._kit.tools[source[0]], source[1]

        async def load() -> Json:
            return (await self._ask(tool, {})).data

        return value_at(await self._kept.get(self._account, tool.path, {}, load), name)

    async def _default(self, default: tuple[str, str], path: str) -> Any:
        value = await self.field(default)
        if not value:
            raise BadArgument(f"{self._tool.slug}: {path} is missing, and {self._kit.title} names no default.", fix=f"Give {path}.")
        return value

    def _default_of(self, noun: Noun, argument: str) -> tuple[str, str] | None:
        """The default of an argument of a noun's list tool."""
        param = self._kit.tools[noun.list].param(argument)
        outer = self._kit.nouns.get(param.field.kind.noun) if param else None
        return outer.default if outer else None

    async def _look_up(self, noun: Noun, name: str, path: str, around: ChainMap[str, Any]) -> str:
        where = {n: around[n] for n in noun.within if around.get(n) is not None}
        for n in noun.within:  # a tool that takes no workspace means the same one as a tool whose workspace is left out
            if n not in where and self._tool.param(n) is None and (default := self._default_of(noun, n)):
                where[n] = await self._default(default, path)
        missing = next((n for n in noun.within if n not in where), None)
        if missing or not name:
            raise BadArgument(
                f"{self._tool.slug}: {path} is {shown(name)}, no id; to find its {noun.name}, {missing or 'a name'} is needed.",
                fix=f"Give {missing}, or the id of the {noun.name}." if missing else f"Give the id or the name of the {noun.name}.",
            )
        careful = self._tool.effect == "destroy"
        reads = self._tool.effect == "read"
        things = await self._things(noun, where, 1 if noun.query else _MOST_PAGES)
        if any(thing.id == name for thing in things.rows):  # an id, though it looks like none
            return name
        if things.more and noun.query:
            # The rest of a long list is not fetched; what it may hold under this name the service can tell.
            narrowed = await self._things(noun, where | {noun.query: name if careful else _bare(noun, name)}, _MOST_PAGES)
            things = narrowed if narrowed.rows else things
        fitting = _fitting(noun, name, things.rows, careful)
        # Of a list that goes on, nothing will do for what destroys, and a part of a name for nobody: there may be more that fit.
        # Nor will a part do for what changes something: a thing made in the wrong place is hard to take back.
        whole = len(fitting) == 1 and (_same(fitting[0], name) or _same(fitting[0], _bare(noun, name)) or _alone(fitting[0], name))
        if len(fitting) == 1 and ((reads or whole) if not things.more else (whole and not careful)):
            return fitting[0].id
        raise self._unclear(noun, name, path, things, fitting)

    async def _things(self, noun: Noun, arguments: Json, pages: int) -> Things:
        """What the noun's tool lists, at most so many pages of it. A page that brings nothing new is the last that is asked for."""
        tool = self._kit.tools[noun.list]

        async def load() -> Things:
            found: dict[str, Thing] = {}
            wanted, more = arguments | places.largest_page(tool), True
            for _ in range(pages):
                page, before = await self._ask(tool, wanted), len(found)
                for thing in listed(noun, tool, page.data):
                    found.setdefault(thing.id, thing)
                more = page.next is not None
                if page.next is None or len(found) == before:
                    break
                wanted = {**wanted, **page.next}
            return Things(tuple(found.values()), more)

        return await self._lists.get(self._account, f"{tool.name} {noun.name}", arguments, load)

    def _unclear(self, noun: Noun, name: str, path: str, things: Things, fitting: list[Thing]) -> BadArgument:
        seen = f" Only the first {len(things.rows)} {noun.plural} were looked at." if things.more else ""
        if len(fitting) == 1 and not things.more:
            told = f"no {noun.name} is called {shown(name)}; the one that comes near is {fitting[0].told}"
            return BadArgument(f"{self._tool.slug}: {path}: {told}.", fix="Give its whole name or its id, if that one is meant.")
        if fitting:
            more = f"; and {len(fitting) - _NEAR} more" if len(fitting) > _NEAR else ""
            choice = "; ".join(thing.told for thing in fitting[:_NEAR]) + more
            fit = f"several {noun.plural} fit" if len(fitting) > 1 else f"more than one {noun.name} may fit"
            return BadArgument(f"{self._tool.slug}: {path}: {fit} {shown(name)}: {choice}.{seen}", fix="Give the id of the one meant.")
        near = difflib.get_close_matches(name[:100], {thing.name for thing in things.rows}, n=_NEAR, cutoff=0.4)
        close = [thing for called in near for thing in things.rows if thing.name == called]
        known = "; ".join(thing.told for thing in (close or sorted(things.rows, key=lambda thing: thing.name))[:_NEAR])
        fix = f"Nearest are: {known}." if known else f"{self._kit.title} lists none at all."
        return BadArgument(f"{self._tool.slug}: {path}: there is no {noun.name} {shown(name)}.{seen}", fix=fix)


def _in_order(fields: Mapping[str, Field], nouns: Mapping[str, Noun]) -> list[str]:
    """The names with every noun after those that it lies within, and objects last: their members may lie within what is beside them."""
    order: list[str] = []

    def place(name: str, waiting: tuple[str, ...]) -> None:
        noun = nouns.get(fields[name].kind.noun)
        for other in noun.within if noun else ():
            if other in fields and other not in waiting:
                place(other, (*waiting, other))
        if name not in order:
            order.append(name)

    for name in sorted(fields, key=lambda n: fields[n].kind.word == "object"):
        place(name, (name,))
    return order


def listed(noun: Noun, tool: Tool, data: Json) -> list[Thing]:
    """The rows of a list tool's reply: the items of its list or, where the noun's `id` is dotted, what stands before the last dot."""
    way, _, id = noun.id.rpartition(".")
    name = noun.field.rpartition(".")[2]
    rows: list[Any] = [data] if way else pages.rows(tool, data) or []
    for part in way.split(".") if way else ():
        rows = [inner for row in rows for inner in _below(row, part)]
    found: dict[str, Thing] = {}
    for row in rows:
        if isinstance(row, dict) and isinstance((content := cast("Json", row)).get(id), str | int):
            apart = {told: value_at(content, told) for told in noun.tell_apart}
            further = [told if value is True else clean(str(value)) for told, value in apart.items() if value]
            key, called = str(content[id]), clean(str("" if content.get(name) is None else content[name]))
            thing = Thing(key, called, f"{called} ({', '.join([*further, f'id {clean(key)}'])})", tuple(further))
            found.setdefault(key, thing)
    return list(found.values())


def _below(value: Any, part: str) -> list[Any]:
    if part != "*":
        return [cast("Json", value)[part]] if isinstance(value, dict) and part in value else []
    if isinstance(value, dict):
        return list(cast("Json", value).values())
    return cast("list[Any]", value) if isinstance(value, list) else []


def _fitting(noun: Noun, name: str, things: tuple[Thing, ...], careful: bool) -> list[Thing]:
    """The things that a name may mean: those of exactly that name, else those whose name it is part of, or is but for its `_bare` form.

    `careful` takes exactly that name only.
    """
    same = [thing for thing in things if _same(thing, name)] or [thing for thing in things if _alone(thing, name)]
    if same or careful:
        return same
    bare, wanted = _bare(noun, name), name.casefold()
    return [thing for thing in things if wanted in thing.name.casefold() or _same(thing, bare)]


def _same(thing: Thing, name: str) -> bool:
    return thing.name.strip().casefold() == name.casefold()


def _alone(thing: Thing, name: str) -> bool:
    """Whether a thing is meant by an address that tells it apart, as people are by that of their mail."""
    return "@" in name and any(name.casefold() == one.casefold() for one in thing.apart)


def _bare(noun: Noun, name: str) -> str:
    """The name without an article and the noun's own word around it: people say "the Acme project" for the project Acme."""
    word, name = re.escape(noun.name), " ".join(name.split())  # one space between words leaves the pattern one way to read them
    found = re.fullmatch(rf"(?:(?:the|an?) )?(?:{word} )?(.+?)(?: {word})?", name, re.IGNORECASE)
    return found[1] if found else name
