"""Finding tools by what people ask for."""

import heapq
import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from toolway.catalog.index import Catalogue
from toolway.catalog.terms import terms, unpack

_MOST_TERMS: Final = 64
_QUOTED: Final = re.compile(r"""(?<!\w)(?:"[^"]{1,200}"|'[^']{1,200}'|\u201c[^\u201d]{1,200}\u201d)(?!\w)""")
"""What stands in quotes names a thing; it says nothing of what is to be done."""


class Hit(NamedTuple):
    """A tool that was found, and how well it fits."""

    slug: str
    toolkit: str
    score: float


def search(catalogue: Catalogue, query: str, toolkits: Iterable[str] | None = None, limit: int = 10) -> list[Hit]:
    """The tools that fit best, best first; equals in the catalogue's order. `toolkits` keeps to these."""
    spans = None if toolkits is None else catalogue.spans(toolkits)
    asked = list(dict.fromkeys(terms(_QUOTED.sub(" ", query)) or terms(query)))[:_MOST_TERMS]
    scores: dict[int, float] = {}
    for blob in catalogue.postings(asked):
        for number, worth in unpack(blob, spans):
            scores[number] = scores.get(number, 0.0) + worth
    best = heapq.nsmallest(max(limit, 0), scores, key=lambda number: (-scores[number], number))
    names = catalogue.names(best)
    return [Hit(*names[number], round(scores[number], 4)) for number in best]
