"""Finding tools by what people ask for."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from functools import lru_cache
from itertools import islice
from typing import Final, NamedTuple

from toolway.catalog.asked import ACTING, Vocabulary, Wish, understand
from toolway.catalog.doing import AGREEMENT, ASKED, DELETE, LACK
from toolway.catalog.index import Catalogue
from toolway.catalog.postings import Postings, rarest
from toolway.catalog.terms import of_word, stem, words
from toolway.catalog.tongues import ACTIONS, GONE, READING, tongues

_ACTION: Final = 0.35
"""How much of its score a tool gains that does what is asked, and loses that does something else."""

_QUESTION: Final = 0.45
"""What is left of the score of a tool that changes something, where the request only asks."""

_LATER: Final = 0.6
"""What an action counts that is told after the first."""

_GOOD_PART: Final = 0.35
"""What the best tool of a part must score, beside the best of the whole, to stand before the others of the whole."""

_CONNECTED: Final = 1.0
"""What the tools of a connected toolkit gain, as a share of the best score: the whole of it for one as good, a quarter for half as good."""

_NAMED: Final = 0.25
"""What the tools of a toolkit gain that the request names."""

_COVERED: Final = 0.15
"""The least share of a request that its best tool must answer for to fit."""

_FOREIGN: Final = 5.0
"""How often a word counts there that no tool has, and what is asked of other kinds of service has."""

_TELLING_MOST: Final = 5.0
"""The most that one word counts there, however rare it is in a large catalogue."""

_PAIRED: Final = 0.5
"""What a pair of words adds to that share, beside a word. What is to be done adds nothing: every service has lists."""

_LACKING: Final = 0.75
_BESIDE: Final = 1.5
"""How well what the best tool's own toolkit lacks, or another that is liked, must fit beside that tool for nothing to fit. What is asked of
another kind of service must fit as well as the tool.
"""

_BUDGET: Final = 1_500
_PART_BUDGET: Final = 400
"""How many postings are added up for a request and for a part of it; the commonest terms beyond are looked up for the best tools only."""

_MOST_TERMS: Final = 28
_FEW_TERMS: Final = 8
_COMMON: Final = 1_500
"""Of a long request the rarest terms are enough: so many, and beyond so few none that so many tools have."""

_REFINED: Final = 60
_PART_REFINED: Final = 15
"""For how many of the best tools that is, beside those that are liked."""

_LISTED: Final = 80
"""The most tools of a request that are told."""

_WORTH_A_LOOK: Final = 0.3
"""Tools that score less than this beside the best are not looked at further."""

_VOTERS: Final = 50
_VOTE: Final = 0.3
_LEVEL: Final = 10
"""What a vote beside the words counts: so many of its first, each worth this share of what a place by the words is; the higher the level,
the less the first places stand out.
"""


class Hit(NamedTuple):
    """A tool that was found, and how well it fits by the words; 0 when another vote alone brought it in."""

    slug: str
    toolkit: str
    score: float


class Part(NamedTuple):
    """One of several wishes, in the order of the request: its words and the tools that fit it best."""

    text: str
    slugs: tuple[str, ...]


class Lack(NamedTuple):
    """What a toolkit is asked for, and none of its tools does, in the toolkit's words."""

    toolkit: str
    text: str


class Found(NamedTuple):
    """What was found: `hits` best first, merged over the parts. They are the nearest there is when nothing `fits`; then `nearest` may
    name a toolkit outside of those searched that has something, `lack` what is likest of what a toolkit does not do, and `bare` the action
    that is asked for where nothing is said of what it is to be done with.
    """

    hits: list[Hit]
    fits: bool
    nearest: str
    parts: tuple[Part, ...]
    lack: Lack | None = None
    bare: str = ""


class _Ranking(NamedTuple):
    """The tools that have something of a wish, best first, what the best scores of itself, and what the likest thing weighs beside it that
    a toolkit lacks, with its number.
    """

    tools: list[tuple[int, float]]
    best: float
    lack: float
    lacking: int


def search(
    catalogue: Catalogue, query: str, toolkits: Iterable[str] | None = None, limit: int = 10, *, connected: Iterable[str] = ()
) -> Found:
    """The tools that fit best, best first; equals in the catalogue's order. `toolkits` keeps to these, `connected` prefers these."""
    spans = None if toolkits is None else catalogue.spans(toolkits)
    asked = understand(query, Vocabulary(catalogue.known, catalogue.naming, catalogue.repaired))
    wishes = [asked.whole, *asked.parts]
    counts = catalogue.known({term for wish in wishes for term in wish.terms})
    telling = {term for wish in wishes for term in _telling(wish, counts)}
    lists = catalogue.postings(telling)
    common = counts.keys() - lists.keys()
    naming = {word: catalogue.spans(slugs) for word, slugs in catalogue.named(asked.words).items()}
    named = sorted({span for few in naming.values() for span in few}, key=_start)
    liked = [(_CONNECTED, catalogue.spans(connected)), (_NAMED, named)]
    ranker = _Ranker(catalogue, lists, common, spans, liked, naming)
    ranked = [ranker.rank(wish, _BUDGET if wish is asked.whole else _PART_BUDGET) for wish in wishes]
    limit = max(limit, 0)
    bare = _bare(asked.whole, asked.tongue)
    fits, nearest = ranker.fits(asked.whole, ranked[0]) and bare != "delete", ""
    vote = catalogue.vote if fits and asked.tongue == "en" else None
    order = _merged(ranked, limit if vote is None else max(limit, _VOTERS))
    if vote is not None:
        voted = (n for n in vote(asked.whole.text, spans) if catalogue.kinds[n] & ~ASKED != DELETE or ranker.deletes(asked.whole, n))
        scores = dict(order)
        order = [(number, scores.get(number, 0.0)) for number in fused([*scores], islice(voted, _VOTERS))[:limit]]
    heads = [[number for number, _ in one.tools[:3]] for one in (ranked[1:] or ranked)]
    names = catalogue.names(sorted({number for number, _ in order}.union(*heads)))
    hits = [Hit(*names[number], round(score, 4)) for number, score in order]
    parts = tuple(Part(wish.text, tuple(names[number][0] for number in one)) for wish, one in zip(wishes[1:] or wishes, heads, strict=True))
    if spans is not None and (not fits or named):
        outside = [span for span in named if span not in spans] if named else catalogue.others(spans)
        others = _Ranker(catalogue, lists, common, outside, (), naming)
        other = others.rank(asked.whole, _BUDGET)
        if others.fits(asked.whole, other) and (not fits or other.tools[0][1] > ranked[0].tools[0][1]):
            fits, nearest = False, catalogue.names([other.tools[0][0]])[other.tools[0][0]][1]
    if fits:
        return Found(hits, fits, nearest, parts)
    lack = Lack(*catalogue.lack(ranked[0].lacking)) if ranker.lacks(asked.whole, ranked[0]) else None
    return Found(hits, fits, nearest, parts, lack, bare)


def fused(words: Sequence[int], voted: Iterable[int]) -> list[int]:
    """One ranking of two: by the words, and by a vote that counts less. A tool that stands in both gains; equals by number."""
    scores = {number: 1 / (_LEVEL + place) for place, number in enumerate(words, 1)}
    for place, number in enumerate(voted, 1):
        scores[number] = scores.get(number, 0.0) + _VOTE / (_LEVEL + place)
    return sorted(scores, key=lambda number: (-scores[number], number))


class _Ranker:
    """Ranks the tools of some toolkits for the wishes of a request."""

    def __init__(
        self,
        catalogue: Catalogue,
        lists: Mapping[str, Postings],
        common: Set[str],
        spans: Sequence[range] | None,
        liked: Sequence[tuple[float, Sequence[range]]],
        naming: Mapping[str, Sequence[range]],
    ) -> None:
        self._kinds = catalogue.kinds
        self._preferred = sorted({span for _, few in liked for span in few}, key=_start)
        self._liked: dict[int, float] = {}
        for lift, few in liked:
            for number in (number for span in few for number in span):
                self._liked[number] = self._liked.get(number, 0.0) + lift
        here = (word for word, few in naming.items() if any(spans is None or span in spans for span in few))
        self._naming = {term for word in here for term in of_word(word)}
        self._nearby: dict[str, Postings] = {}
        self._rarest = rarest(len(self._kinds))
        self._common = common
        self._catalogue = catalogue
        self._lists = lists if spans is None else {term: found.within(spans) for term, found in lists.items()}

    def rank(self, wish: Wish, budget: int) -> _Ranking:
        scores = self._scores(wish, budget, _REFINED if budget == _BUDGET else _PART_REFINED)
        factors = _factors(wish.actions, wish.question)
        most = max(scores.values(), default=0.0)
        least = _WORTH_A_LOOK * most
        final: list[tuple[float, int]] = []
        lacks: list[tuple[float, int]] = []
        kinds, liked = self._kinds, self._liked
        for number, score in scores.items():
            if score < least and number not in liked:
                continue
            kind = kinds[number] & ~ASKED
            if kind >= LACK:
                lacks.append((score * factors[kind - LACK], number))
            elif kind != DELETE or self.deletes(wish, number):
                final.append((-(score * factors[kind] + liked.get(number, 0.0) * score * score / most), number))
        final.sort()
        home = self._catalogue.home(final[0][1]) if final else range(0)
        lack, lacking = max(((score / self._must(number, home), number) for score, number in lacks), default=(0.0, 0))
        best = scores[final[0][1]] * factors[kinds[final[0][1]] & ~ASKED] if final else 0.0
        return _Ranking([(number, -score) for score, number in final[:_LISTED]], best, lack, lacking)

    def deletes(self, wish: Wish, number: int) -> bool:
        """Whether a wish may mean this tool, which deletes."""
        if "delete" not in wish.actions:
            return GONE in wish.actions
        return not wish.only or wish.only in map(stem, words(self._catalogue.names([number])[number][0]))

    def _must(self, lack: int, home: range) -> float:
        """How well something that a toolkit lacks must fit beside the best tool, whose toolkit is `home`."""
        return _LACKING if lack in home else _BESIDE if lack in self._liked else math.inf

    def fits(self, wish: Wish, ranked: _Ranking) -> bool:
        """Whether the best serves the wish. One that does not say how people ask for it says too little to be ruled out."""
        if not ranked.tools:
            return False
        best = ranked.tools[0][0]
        if wish.only and wish.actions == ("delete",) and self._kinds[best] & ~ASKED != DELETE:
            return False
        vain = max(ranked.lack, self._elsewhere(wish))
        return not self._kinds[best] & ASKED or (self._covered(wish, best) >= _COVERED and vain < ranked.best)

    def lacks(self, wish: Wish, ranked: _Ranking) -> bool:
        """Whether nothing fits because of something that a toolkit lacks."""
        return ranked.lack > 0 and ranked.lack >= max(ranked.best, self._elsewhere(wish))

    def _elsewhere(self, wish: Wish) -> float:
        """What the likest thing scores that is asked of another kind of service."""
        scores: defaultdict[int, float] = defaultdict(float)
        for term, weight in wish.terms.items():
            for number, worth in self._aside(term) if weight > ACTING else ():
                scores[number] += weight * worth
        return max(scores.values(), default=0.0)

    def _scores(self, wish: Wish, budget: int, most: int) -> dict[int, float]:
        """What the terms of a wish are worth in each tool. Once there are too many, the commonest are added for the best alone."""
        had = (term for term in wish.terms if term in self._lists)
        weighted = sorted((len(self._lists[term].numbers), term) for term in had)
        scores: dict[int, float] = {}
        for place, (length, term) in enumerate(weighted):
            budget -= length
            if budget < 0 and scores:
                return self._refined(scores, wish, [late for _, late in weighted[place:]], most)
            _add(scores, self._lists[term], wish.terms[term])
        return scores

    def _refined(self, scores: dict[int, float], wish: Wish, common: Sequence[str], most: int) -> dict[int, float]:
        """The scores of those that are liked and of the best of the others, so many, to which the common terms are added."""
        for term in common:
            if term not in self._nearby:
                self._nearby[term] = self._lists[term].within(self._preferred)
            _add(scores, self._nearby[term], wish.terms[term])
        least = _WORTH_A_LOOK * max(scores.values())
        liked = self._liked
        best = sorted([(-score, number) for number, score in scores.items() if score >= least and number not in liked])[:most]
        few = sorted(number for _, number in best)
        kept = {number: scores[number] for number in [*few, *(liked.keys() & scores.keys())]}
        for term in common:
            weight = wish.terms[term]
            for number, worth in self._lists[term].among(few):
                kept[number] += weight * worth
        return kept

    def _covered(self, wish: Wish, best: int) -> float:
        """The share of a wish's terms, by rarity, that stands in a tool. Pairs only add to it; names that it lacks take nothing."""
        whole = had = 0.0
        for term, weight in wish.terms.items():
            found = self._lists.get(term)
            worth = found.worth(best) if found else 0.0
            most = found.most if found else self._rarest
            weight = min(weight, 1.0) * min(most, _TELLING_MOST)
            if worth and wish.terms[term] > ACTING:
                had += weight * worth / most * (_PAIRED if " " in term else 1.0)
            if " " not in term and (worth or (term not in wish.names and term not in self._common)):
                whole += weight * (_FOREIGN if self._foreign(term) else 1.0)
        return had / whole if whole else float(had > 0)

    def _aside(self, term: str) -> Sequence[tuple[int, float]]:
        """What other kinds of service have of a term. Whoever names a toolkit that there is asks that one, and not another."""
        return self._lists[term].aside if term in self._lists and term not in self._naming else ()

    def _foreign(self, term: str) -> bool:
        """Whether a term is asked elsewhere, and no tool here has it."""
        return bool(self._aside(term)) and all(self._kinds[number] >= LACK for number in self._lists[term].numbers)


def _add(scores: dict[int, float], found: Postings, weight: float) -> None:
    for number, worth in zip(found.numbers, found.worths, strict=True):
        scores[number] = scores.get(number, 0.0) + weight * worth


def _start(span: range) -> int:
    return span.start


def _bare(wish: Wish, tongue: str) -> str:
    """What is to be done, where a wish says no more than that and names. Some tongues say first of how many ("all"), then what."""
    english = tongues()["en"].meanings
    doing = [action for action in wish.actions if action in ACTIONS]
    things = (term for term, worth in wish.terms.items() if worth > ACTING and " " not in term)
    if not doing or any("delete" not in english.get(term, ()) for term in things):
        return ""
    first = doing[1:2] if tongue != "en" and doing[0] == "list" else doing[:1]
    return "delete" if first == ["delete"] and not wish.question else doing[0]


def _telling(wish: Wish, counts: Mapping[str, int]) -> list[str]:
    """The terms of a wish that are worth reading the lists of: the rarest; what nearly everything has only when little else is said."""
    rarest = sorted((term for term in wish.terms if term in counts), key=lambda term: (counts[term], term))[:_MOST_TERMS]
    return [term for place, term in enumerate(rarest) if place < _FEW_TERMS or counts[term] < _COMMON]


@lru_cache(maxsize=1_024)
def _factors(actions: tuple[str, ...], question: bool) -> tuple[float, ...]:
    """What the score of each kind of tool is multiplied by."""
    told = [action for action in actions if action in ACTIONS][:4]
    asked = [action for action in told if not question or action in READING]
    agreed = [AGREEMENT[ACTIONS.index(action)] for action in asked]
    weights = [1.0, *([_LATER] * (len(asked) - 1))]
    kinds = range(len(ACTIONS) + 1)
    factors = [1.0 for _ in kinds]
    if asked:
        factors = [
            1.0 + _ACTION * max(weight * row[kind] if row[kind] > 0 else row[kind] for weight, row in zip(weights, agreed, strict=True))
            for kind in kinds
        ]
    if question:
        changing = [kind for kind in kinds if kind < len(ACTIONS) and ACTIONS[kind] not in READING]
        factors = [factor * (_QUESTION if kind in changing else 1.0) for kind, factor in enumerate(factors)]
    return tuple(factors)


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
