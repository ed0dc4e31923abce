"""What several things are told at once: no thing twice, and of each whether the service's answer confirms it. Pure."""

from collections import Counter
from typing import Any, cast

from toolway.calls.arguments import shown
from toolway.calls.brevity import short
from toolway.calls.places import at
from toolway.catalog.model import Each, Json, Tool
from toolway.errors import BadArgument


def once(tool: Tool, taken: Json) -> None:
    """Raise `BadArgument` for a thing that is named twice: which of two changes the service takes is not known. New things may be alike."""
    if tool.each is None or tool.effect == "create":
        return
    place, by = tool.each.of.rpartition(".")[2], tool.each.by
    for one, times in Counter(_asked(tool, tool.each, taken)).items():
        if times > 1:
            told = f"{tool.slug}: {place} holds {times} items with {by} {shown(one)}."
            raise BadArgument(told, fix="Name each thing once, with all that is to be done to it.")


def told(tool: Tool, taken: Json, rows: list[Any] | None) -> Json:
    """How many of the things that were asked for stand in the rows of the answer (`confirmed`), and by what the others are known:
    `unconfirmed`, `unasked` in it, or there `twice`. Empty for a tool that asks for no several things.
    """
    if tool.each is None:
        return {}
    sought, heard = Counter(_asked(tool, tool.each, taken)), Counter(_known(row, tool.each.by) for row in rows or [])
    apart = {
        "unconfirmed": list((sought - heard).elements()),
        "unasked": short([one for one in heard if one and one not in sought]),
        "twice": short([one for one, times in heard.items() if 0 < sought[one] < times]),
    }
    return {"confirmed": (sought & heard).total()} | {name: ones for name, ones in apart.items() if ones}


def _asked(tool: Tool, each: Each, taken: Json) -> list[str]:
    """By what the things are known that the arguments name."""
    given: Any = at(tool, taken, each.of)
    return [_known(one, each.by) for one in cast("list[Any]", given)] if isinstance(given, list) else []


def _known(thing: Any, by: str) -> str:
    """By what a thing is known: its field, or it is no object and stands for itself. Nothing is known of one without the field."""
    found: Any = cast("Json", thing).get(by) if isinstance(thing, dict) else thing
    return "" if found is None else str(found)
