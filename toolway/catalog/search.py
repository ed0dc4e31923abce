"""Finding tools by what people ask for."""

import heapq
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from toolway.catalog.asked import Vocabulary, Wish, understand
from toolway.catalog.doing import AGREEMENT, DELETE
from toolway.catalog.index import Catalogue
from toolway.catalog.postings import columns
from toolway.catalog.tongues import ACTIONS, GONE

_ACTION: Final = 0.35
_LATER: Final = 0.6
"""What an action counts that is told after the first."""

_GOOD_PART: Final = 0.5
"""What the best tool of a part must score, beside the best of the whole, to stand before the others of the whole."""

_CONNECTED: Final = 0.6
_BUDGET: Final = 12_000
_REFINED: Final = 200


class Hit(NamedTuple):
    """A tool that was found, and how well it fits."""

    slug: str
    toolkit: str
    score: float


class Part(NamedTuple):
    """One of several wishes, in the order of the request: its words and the tools that fit it best."""

    text: str
    slugs: tuple[str, ...]


class Found(NamedTuple):
    """What was found: `hits` best first, merged over the parts. They are the nearest there is when nothing `fits`; then `nearest` may
    name a toolkit outside of those searched that has something.
    """

    hits: list[Hit]
    fits: bool
    nearest: str
    parts: tuple[Part, ...]


def search(
    catalogue: Catalogue, query: str, toolkits: Iterable[str] | None = None, limit: int = 10, *, connected: Iterable[str] = ()
) -> Found:
    """The tools that fit best, best first; equals in the catalogue's order. `toolkits` keeps to these, `connected` prefers these."""
    spans = None if toolkits is None else catalogue.spans(toolkits)
    preferred = catalogue.spans(connected)
    asked = understand(query, Vocabulary(catalogue.known, catalogue.naming, catalogue.repaired))
    wishes = [asked.whole, *asked.parts]
    lists = catalogue.postings({term for wish in wishes for term in wish.terms})
    ranked = [_ranked(wish, lists, catalogue.kinds, spans, preferred) for wish in wishes]
    order = _merged(ranked, max(limit, 0))
    names = catalogue.names([number for number, _ in order])
    hits = [Hit(*names[number], round(score, 4)) for number, score in order]
    heads = [[number for number, _ in one[:3]] for one in (ranked[1:] or ranked)]
    known = catalogue.names([number for one in heads for number in one])
    parts = tuple(Part(wish.text, tuple(known[number][0] for number in one)) for wish, one in zip(wishes[1:] or wishes, heads, strict=True))
    return Found(hits, bool(hits), "", parts)


def _ranked(
    wish: Wish, lists: Mapping[str, bytes], kinds: bytes, spans: Sequence[range] | None, preferred: Sequence[range]
) -> list[tuple[int, float]]:
    """The tools that have something of a wish, with their scores, best first."""
    scores: dict[int, float] = {}
    for term, weight in wish.terms.items():
        blob = lists.get(term)
        if blob is None:
            continue
        numbers, worths = columns(blob)
        for span in spans if spans is not None else (range(1 << 32),):
            start, end = bisect_left(numbers, span.start), bisect_left(numbers, span.stop)
            for number, worth in zip(numbers[start:end], worths[start:end], strict=True):
                scores[number] = scores.get(number, 0.0) + weight * worth
    if not scores:
        return []
    factors = _factors(wish.actions)
    deletes = "delete" in wish.actions or GONE in wish.actions
    lift = _CONNECTED * max(scores.values()) if preferred else 0.0
    final: dict[int, float] = {}
    for number, score in scores.items():
        kind = kinds[number]
        if kind == DELETE and not deletes:
            continue
        final[number] = score * factors[kind] + (lift if lift and any(number in span for span in preferred) else 0.0)
    best = heapq.nsmallest(_REFINED, final, key=lambda number: (-final[number], number))
    return [(number, final[number]) for number in best]


def _factors(actions: Sequence[str]) -> list[float]:
    """What the score of each kind of tool is multiplied by."""
    asked = [action for action in actions if action in ACTIONS][:4]
    if not asked:
        return [1.0] * (len(ACTIONS) + 1)
    agreed = [AGREEMENT[ACTIONS.index(action)] for action in asked]
    weights = [1.0, *([_LATER] * (len(asked) - 1))]
    return [
        1.0 + _ACTION * max(weight * row[kind] if row[kind] > 0 else row[kind] for weight, row in zip(weights, agreed, strict=True))
        for kind in range(len(ACTIONS) + 1)
    ]


def _merged(ranked: Sequence[list[tuple[int, float]]], limit: int) -> list[tuple[int, float]]:
    """The best of the whole, then the best of each part that is good enough, then the rest of the whole."""
    whole, *parts = ranked
    if not parts or not whole:
        return whole[:limit]
    chosen: dict[int, float] = dict(whole[:1])
    for part in parts:
        if part and part[0][1] >= _GOOD_PART * whole[0][1]:
            chosen.setdefault(*part[0])
    for number, score in whole:
        chosen.setdefault(number, score)
    return list(chosen.items())[:limit]
