"""Finding tools by what people ask for."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from toolway.catalog.asked import Vocabulary, Wish, understand
from toolway.catalog.doing import AGREEMENT, DELETE, LACK
from toolway.catalog.index import Catalogue
from toolway.catalog.postings import Postings, rarest, unpack
from toolway.catalog.tongues import ACTIONS, GONE

_ACTION: Final = 0.35
"""How much of its score a tool gains that does what is asked, and loses that does something else."""

_LATER: Final = 0.6
"""What an action counts that is told after the first."""

_GOOD_PART: Final = 0.5
"""What the best tool of a part must score, beside the best of the whole, to stand before the others of the whole."""

_CONNECTED: Final = 0.6
"""What the tools of a connected toolkit gain, as a share of the best score."""

_COVERED: Final = 0.2
"""The least share of a request that its best tool must answer for to fit."""

_IN_VAIN: Final = 0.9
"""How well what no tool does must fit, beside the best tool, for nothing to fit."""

_BUDGET: Final = 2_000
_PART_BUDGET: Final = 600
"""How many postings are added up for a request and for a part of it; the commonest terms beyond are looked up for the best tools only."""

_MOST_TERMS: Final = 32
"""The rarest terms of a long request are enough."""

_REFINED: Final = 100
_WORTH_A_LOOK: Final = 0.3
"""Tools that score less than this beside the best are not looked at further."""


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


class _Ranking(NamedTuple):
    """The tools that have something of a wish, best first, the share of the wish that the best answers for, and what is asked in vain."""

    tools: list[tuple[int, float]]
    covered: float
    vain: float

    @property
    def fits(self) -> bool:
        return bool(self.tools) and self.covered >= _COVERED and self.vain < _IN_VAIN * self.tools[0][1]


def search(
    catalogue: Catalogue, query: str, toolkits: Iterable[str] | None = None, limit: int = 10, *, connected: Iterable[str] = ()
) -> Found:
    """The tools that fit best, best first; equals in the catalogue's order. `toolkits` keeps to these, `connected` prefers these."""
    spans = None if toolkits is None else catalogue.spans(toolkits)
    asked = understand(query, Vocabulary(catalogue.known, catalogue.naming, catalogue.repaired))
    wishes = [asked.whole, *asked.parts]
    lists = {term: unpack(blob) for term, blob in catalogue.postings({term for wish in wishes for term in wish.terms}).items()}
    ranker = _Ranker(catalogue, lists, spans, catalogue.spans(connected))
    ranked = [ranker.rank(wish, _BUDGET if wish is asked.whole else _PART_BUDGET) for wish in wishes]
    order = _merged(ranked, max(limit, 0))
    heads = [[number for number, _ in one.tools[:3]] for one in (ranked[1:] or ranked)]
    names = catalogue.names(sorted({number for number, _ in order}.union(*heads)))
    hits = [Hit(*names[number], round(score, 4)) for number, score in order]
    parts = tuple(Part(wish.text, tuple(names[number][0] for number in one)) for wish, one in zip(wishes[1:] or wishes, heads, strict=True))
    fits = ranked[0].fits
    nearest = ""
    if not fits and spans is not None:
        outside = catalogue.others(spans)
        other = _Ranker(catalogue, lists, outside, ()).rank(asked.whole, _BUDGET)
        if other.fits:
            nearest = catalogue.names([other.tools[0][0]])[other.tools[0][0]][1]
    return Found(hits, fits, nearest, parts)


class _Ranker:
    """Ranks the tools of some toolkits for the wishes of a request."""

    def __init__(
        self, catalogue: Catalogue, lists: Mapping[str, Postings], spans: Sequence[range] | None, preferred: Sequence[range]
    ) -> None:
        self._kinds = catalogue.kinds
        self._preferred = preferred
        self._liked = {number for span in preferred for number in span}
        self._rarest = rarest(len(self._kinds))
        self._lists = lists
        if spans is not None:
            every = [*spans, catalogue.elsewhere()]
            self._lists = {term: found.within(every) for term, found in lists.items()}

    def rank(self, wish: Wish, budget: int) -> _Ranking:
        scores = self._scores(wish, budget)
        factors = _factors(wish.actions)
        deletes = "delete" in wish.actions or GONE in wish.actions
        most = max(scores.values(), default=0.0)
        least, lift = _WORTH_A_LOOK * most, _CONNECTED * most
        final: list[tuple[float, int]] = []
        vain = 0.0
        for number, score in [one for one in scores.items() if one[1] >= least or one[0] in self._liked]:
            kind = self._kinds[number]
            if kind >= LACK:
                vain = max(vain, score * factors[kind - LACK])
            elif kind != DELETE or deletes:
                final.append((-(score * factors[kind] + (lift if number in self._liked else 0.0)), number))
        final.sort()
        best = [(number, -score) for score, number in final[:_REFINED]]
        return _Ranking(best, self._covered(wish, best[0][0]) if best else 0.0, vain)

    def _scores(self, wish: Wish, budget: int) -> dict[int, float]:
        """What the terms of a wish are worth in each tool. Once there are too many, the commonest are added for the best alone."""
        had = (term for term in wish.terms if term in self._lists)
        weighted = sorted((len(self._lists[term].numbers), term) for term in had)
        scores: dict[int, float] = {}
        del weighted[_MOST_TERMS:]
        for place, (length, term) in enumerate(weighted):
            budget -= length
            if budget < 0 and scores:
                self._refine(scores, wish, [late for _, late in weighted[place:]])
                break
            weight, found = wish.terms[term], self._lists[term]
            for number, worth in zip(found.numbers, found.worths, strict=True):
                scores[number] = scores.get(number, 0.0) + weight * worth
        return scores

    def _refine(self, scores: dict[int, float], wish: Wish, common: Sequence[str]) -> None:
        for found, weight in ((self._lists[term], wish.terms[term]) for term in common):
            part = found.within(self._preferred)
            for number, worth in zip(part.numbers, part.worths, strict=True):
                scores[number] = scores.get(number, 0.0) + weight * worth
        least = _WORTH_A_LOOK * max(scores.values())
        best = sorted((-score, number) for number, score in scores.items() if score >= least and number not in self._liked)[:_REFINED]
        for found, weight in ((self._lists[term], wish.terms[term]) for term in common):
            for _, number in best:
                scores[number] += weight * found.worth(number)

    def _covered(self, wish: Wish, best: int) -> float:
        """The share of a wish's terms, by rarity, that stands in a tool. Pairs of words only add to it."""
        whole = had = 0.0
        for term, weight in wish.terms.items():
            found = self._lists.get(term)
            if found is not None:
                had += weight * found.worth(best)
            if " " not in term:
                whole += weight * (found.most if found is not None else self._rarest)
        return had / whole if whole else float(had > 0)


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


def _merged(ranked: Sequence[_Ranking], limit: int) -> list[tuple[int, float]]:
    """The best of the whole, then the best of each part that is good enough, then the rest of the whole."""
    whole, *parts = (one.tools for one in ranked)
    if not parts or not whole:
        return whole[:limit]
    chosen: dict[int, float] = dict(whole[:1])
    for part in parts:
        if part and part[0][1] >= _GOOD_PART * whole[0][1]:
            chosen.setdefault(*part[0])
    for number, score in whole:
        chosen.setdefault(number, score)
    return list(chosen.items())[:limit]
