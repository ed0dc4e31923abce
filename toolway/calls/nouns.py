"""Names where ids stand: every noun in the arguments is replaced by the id of the one thing that bears the name.

What looks like an id is never looked up. A look-up is a call of the noun's list tool through the same pipeline, by the `ask` that is
handed in (depth one: a look-up looks nothing up). Lists are kept for a minute per account, because some plans allow thirty calls an
hour.
"""

import difflib
import re
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast

import msgspec

from toolway.calls import reply
from toolway.calls.arguments import shown
from toolway.catalog.model import Field, Json, Noun, Tool, Toolkit
from toolway.errors import BadArgument

Ask = Callable[[Tool, Json], Awaitable[Any]]
"""Calls a read tool with arguments and gives the service's reply whole."""

_KEPT_SECONDS = 60.0
_KEPT = 512
_NEAR = 5


class Lists:
    """Replies of list tools, kept per account for a minute and bounded."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: OrderedDict[tuple[str, str, bytes], tuple[float, Any]] = OrderedDict()

    async def ask(self, account_id: str, ask: Ask, tool: Tool, arguments: Json) -> Any:
        """The reply of a list tool, asked for at most once a minute."""
        place = (account_id, tool.slug, msgspec.json.encode(arguments, order="deterministic"))
        kept = self._kept.get(place)
        if kept is not None and self._clock() - kept[0] < _KEPT_SECONDS:
            return kept[1]
        found = await ask(tool, arguments)
        self._kept[place] = (self._clock(), found)
        self._kept.move_to_end(place)
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return found

    def forget(self, account_id: str) -> None:
        """Drop what is kept of an account: something of it was changed."""
        for place in [p for p in self._kept if p[0] == account_id]:
            del self._kept[place]


class Resolver:
    """Resolves the nouns of one call."""

    def __init__(self, tool: Tool, kit: Toolkit, account_id: str, ask: Ask, lists: Lists) -> None:
        self._tool = tool
        self._kit = kit
        self._account = account_id
        self._ask = ask
        self._lists = lists

    async def resolve(self, arguments: Json) -> Json:
        """The arguments with ids in place of names, and defaults filled in. Raises `BadArgument` when a name fits none or several."""
        done = dict(arguments)
        # A noun that lies within another (a project in a workspace) waits for it.
        for param in sorted(self._tool.params, key=lambda p: len(self._within(p.field))):
            field = param.field
            if param.given in done:
                if done[param.given] is not None:
                    done[param.given] = await self._field(field, done[param.given], param.given, done)
            elif field.kind.word == "noun" and field.required:
                default = self._kit.nouns[field.kind.noun].default
                if default is not None:
                    done[param.given] = await self._default(default, param.given)
        return done

    def _within(self, field: Field) -> Sequence[str]:
        if field.kind.word == "noun":
            return self._kit.nouns[field.kind.noun].within
        return ("later",) * 9 if field.kind.word == "object" else ()

    async def _default(self, default: tuple[str, str], given: str) -> Any:
        tool, name = default
        found = await self._lists.ask(self._account, self._ask, self._kit.tools[tool], {})
        value = _at(found, name)
        if not value:
            raise BadArgument(f"{self._tool.slug}: {given} is missing, and {self._kit.title} names no default.", fix=f"Give {given}.")
        return value

    async def _field(self, field: Field, value: Any, path: str, done: Json) -> Any:
        if field.many and isinstance(value, list):
            items = cast("list[Any]", value)
            return [await self._value(field, item, f"{path}[{i}]", done) for i, item in enumerate(items)]
        return await self._value(field, value, path, done)

    async def _value(self, field: Field, value: Any, path: str, done: Json) -> Any:
        if field.kind.word == "object" and isinstance(value, dict):
            inner = {f.name: f for f in field.kind.fields}
            content = cast("Json", value)
            return {n: await self._field(inner[n], v, f"{path}.{n}", done) if n in inner else v for n, v in content.items()}
        if field.kind.word != "noun" or not isinstance(value, str):
            return value
        noun = self._kit.nouns[field.kind.noun]
        if noun.looks_like and re.fullmatch(noun.looks_like, value):
            return value
        return await self._look_up(noun, value, path, done)

    async def _look_up(self, noun: Noun, name: str, path: str, done: Json) -> str:
        tool = self._kit.tools[noun.list]
        narrowing = {n: done[n] for n in noun.within if done.get(n) is not None}
        missing = [n for n in noun.within if n not in narrowing]
        if missing:
            raise BadArgument(
                f"{self._tool.slug}: {path} is {shown(name)}, a name; to find its {noun.name}, {missing[0]} is needed too.",
                fix=f"Give {missing[0]}, or the id of the {noun.name}.",
            )
        if noun.query:
            narrowed = await self._rows(tool, narrowing | {noun.query: name})
            if any(_same(row, noun, name) for row in narrowed):
                return self._one(noun, name, path, narrowed)
        return self._one(noun, name, path, await self._rows(tool, narrowing))

    async def _rows(self, tool: Tool, arguments: Json) -> list[Json]:
        found = await self._lists.ask(self._account, self._ask, tool, arguments)
        return [cast("Json", row) for row in reply.rows(tool, found) or [] if isinstance(row, dict)]

    def _one(self, noun: Noun, name: str, path: str, rows: list[Json]) -> str:
        fitting = [row for row in rows if _same(row, noun, name)]
        if not fitting and self._tool.effect != "destroy":
            fitting = [row for row in rows if name.casefold() in str(row.get(noun.field, "")).casefold()]
        if len(fitting) == 1:
            return str(fitting[0].get(noun.id, ""))
        if fitting:
            choice = "; ".join(_told(row, noun) for row in fitting[:_NEAR])
            raise BadArgument(
                f"{self._tool.slug}: {path}: several {noun.name}s fit {shown(name)}: {choice}.", fix="Give the id of the one meant."
            )
        names = {str(row.get(noun.field, "")): row for row in rows}
        near = difflib.get_close_matches(name[:100], names, n=_NEAR, cutoff=0.4) or sorted(names)[:_NEAR]
        known = "; ".join(_told(names[n], noun) for n in near)
        raise BadArgument(
            f"{self._tool.slug}: {path}: there is no {noun.name} {shown(name)}.",
            fix=f"Nearest are: {known}." if known else f"{self._kit.title} lists none at all.",
        )


def _same(row: Json, noun: Noun, name: str) -> bool:
    return str(row.get(noun.field, "")).casefold().strip() == name.casefold().strip()


def _told(row: Json, noun: Noun) -> str:
    further = [str(row[t]) for t in noun.tell_apart if row.get(t)]
    return f"{row.get(noun.field)} ({', '.join([*further, f'id {row.get(noun.id)}'])})"


def _at(value: Any, dotted: str) -> Any:
    for name in dotted.split("."):
        value = cast("Json", value).get(name) if isinstance(value, dict) else None
    return value
