"""What to beware of in a plan: what is known to go wrong with its tools, and what is to be known of their services. Pure."""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Final

from toolway.catalog.model import Tool, Toolkit
from toolway.catalog.terms import terms
from toolway.router.plan import SLUG, May, Plan

_MOST, _LONGEST, _MOST_NOTES = 4, 280, 3
_COMMON: Final = frozenset(terms("id name workspace list call time give given left"))
"""Words of nearly every tool: a note that shares them says nothing of this one."""
_A: Final = {"minute": "a minute", "hour": "an hour", "day": "a day"}


def pitfalls(made: Plan, kits: Sequence[Toolkit], may: May, plans: Iterable[str] = ()) -> list[str]:
    """The sentences for a plan, those of its own tools first. `plans` are the accounts' own."""
    tools = [step.tool for step in made.steps]
    found = [f"{tool.title}: {fault.say}" for tool in reversed(tools) for fault in tool.fails if fault.say]
    for kit in kits:
        mine = [tool for tool in tools if tool.toolkit == kit.slug]
        found += _paces(kit, set(plans))
        found += _notes(kit, mine, found)
    fresh: list[str] = []
    for text in found:
        if not any(_alike(text, other) for other in fresh):
            fresh.append(text)
    return [_executable(text, kits, may)[:_LONGEST] for text in fresh[:_MOST]]


def _paces(kit: Toolkit, plans: set[str]) -> Iterator[str]:
    """Limits that a few calls can use up. Those of a second are waited for."""
    for rate in kit.rates:
        if rate.per != "second" and (not rate.when or not plans or rate.when in plans):
            note = next((note for note in kit.notes if f"{rate.most} calls" in note), "")
            where = f" on the {rate.when}" if rate.when else ""
            yield note or f"{kit.title} takes {rate.most} calls in {_A[rate.per]}{where}: ask for no more than is needed."


def _notes(kit: Toolkit, tools: Sequence[Tool], said: Sequence[str]) -> list[str]:
    """The toolkit's notes that touch these tools: they name one, speak of a field of its replies or a kind of value that it takes, or share
    words with it. Nouns count for nothing: everything speaks of projects.
    """
    common = _COMMON.union(*(_terms(noun) for noun in kit.nouns))
    words = {term for tool in tools for text in _texts(tool) for term in _terms(text)} - common
    telling = {term for tool in tools for text in _tellings(tool) for term in _terms(text)} - common
    shares: list[tuple[int, str]] = []
    for note in kit.notes:
        said_of = _terms(SLUG.sub(" ", note))
        share = len(words & said_of) + 2 * len(telling & said_of)
        names = not {tool.slug for tool in tools}.isdisjoint(SLUG.findall(note))
        if note not in said and (names or share >= 2):
            shares.append((100 if names else share, note))
    return [note for _, note in sorted(shares, key=lambda one: -one[0])[:_MOST_NOTES]]


@lru_cache(8192)
def _terms(text: str) -> frozenset[str]:
    """The words of a toolkit's own text, which is asked for again and again."""
    return frozenset(terms(text))


def _texts(tool: Tool) -> Iterator[str]:
    yield tool.title
    for param in tool.params:
        yield param.given
        yield param.field.about


def _tellings(tool: Tool) -> Iterator[str]:
    yield from (field.rpartition(".")[2] for field in tool.view)
    yield from ("moment" for param in tool.params if param.field.kind.word in ("time", "wall"))


def _alike(one: str, other: str) -> bool:
    """Whether two sentences say nearly the same."""
    mine, theirs = _terms(one), _terms(other)
    return len(mine & theirs) * 3 >= min(len(mine), len(theirs)) * 2


def _executable(text: str, kits: Iterable[Toolkit], may: May) -> str:
    """A sentence without the slugs of tools that the session may not call."""
    tools = {tool.slug: tool for kit in kits for tool in kit.tools.values()}

    def shown(found: re.Match[str]) -> str:
        tool = tools.get(found.group())
        return found.group() if tool is None or may(tool) else f"{tool.title} (not in this session)"

    return SLUG.sub(shown, text)
