"""What agents may be allowed to do with an account, as a person chooses it: to read, to add and change, to delete."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from toolway.catalog.model import Effect, Toolkit
from toolway.errors import BadArgument

FIELD = "may."
_SHOWN = 3


class Power(NamedTuple):
    """One thing that can be allowed: its name in the form, the effects of tools that it covers, and what it is called."""

    name: str
    effects: tuple[Effect, ...]
    title: str


POWERS = (
    Power("read", ("read",), "Read"),
    Power("change", ("create", "update"), "Add and change"),
    Power("delete", ("destroy",), "Delete"),
)


class Offered(NamedTuple):
    """A power that a toolkit has tools for: how many, what some of them are called, and whether it is chosen."""

    power: Power
    tools: int
    examples: tuple[str, ...]
    chosen: bool


def offered(kit: Toolkit, form: Mapping[str, str] | None = None, only: Iterable[str] = ()) -> list[Offered]:
    """What can be chosen for a toolkit, of all its tools or `only` some; all of it is chosen until a form says otherwise."""
    kept = set(only)
    made: list[Offered] = []
    for power in POWERS:
        tools = [
            tool for tool in kit.tools.values() if tool.effect in power.effects and not tool.retire and (not kept or tool.slug in kept)
        ]
        if tools:
            chosen = form is None or FIELD + power.name in form
            made.append(Offered(power, len(tools), tuple(tool.title for tool in tools[:_SHOWN]), chosen))
    return made


def effects(choice: Iterable[Offered]) -> tuple[str, ...]:
    """The effects that were chosen. Raises `BadArgument` when none were."""
    found = tuple(effect for one in choice if one.chosen for effect in one.power.effects)
    if not found:
        raise BadArgument("Agents are allowed nothing.", fix="Choose at least one thing that they may do, or do not connect.", field="may")
    return found


def said(allowed: Iterable[str]) -> str:
    """What is allowed, in words: "read, add and change"."""
    held = set(allowed)
    words = " ".join(power.title.lower() for power in POWERS if held & set(power.effects)).replace(" and ", " ").split()
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:]))) or "do nothing"
