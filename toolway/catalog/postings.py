"""The lists of tools in which each term stands, packed."""

import math
from array import array
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Final, NamedTuple

Counts = dict[str, dict[str, int]]
"""How often each term stands in a field, by field."""

WEIGHTS: Final = {"name": 2.2, "toolkit": 1.0, "about": 0.8, "params": 0.6, "asks": 1.2, "words": 1.2, "pairs": 0.5}
"""How much a word counts in each field of a tool."""

LENGTHS: Final = {"name": 0.5, "toolkit": 0.3, "about": 0.6, "params": 0.7, "asks": 0.3, "words": 0.0, "pairs": 0.3}
"""How much the length of a field weighs against each of its words (b of BM25)."""

_TELLING: Final = ("name", "toolkit", "asks", "words", "pairs")
"""The fields that say what a tool is for. A word is the rarer the fewer have it there: `about` names the place of nearly everything."""

_SATURATION: Final = 1.5  # k1 of BM25


def postings(tools: Mapping[int, Counts], beside: Mapping[int, Counts]) -> dict[str, bytes]:
    """For each term the tools that have it, with what it is worth there (BM25 over weighted fields).

    `tools` gives the terms for each number, numbers rising; `beside` has higher ones, of what is no tool: it makes no word less rare.
    A list is packed as all numbers, all worths, and the highest worth.
    """
    total: Counter[str] = Counter()
    having: Counter[str] = Counter()
    for fields in tools.values():
        for field, found in fields.items():
            total[field] += sum(found.values())
            having[field] += bool(found)
    mean = {field: max(count / max(having[field], 1), 1.0) for field, count in total.items()}
    worths: defaultdict[str, dict[int, float]] = defaultdict(dict)
    for number, fields in chain(tools.items(), beside.items()):
        for field, found in fields.items():
            share = LENGTHS[field]
            scale = WEIGHTS[field] / (1 - share + share * sum(found.values()) / mean.get(field, 1.0))
            for term, count in found.items():
                worths[term][number] = worths[term].get(number, 0.0) + scale * count
    telling: Counter[str] = Counter()
    for fields in tools.values():
        telling.update({term for field in _TELLING for term in fields.get(field, ())})
    counts = {term: sum(number in tools for number in worth) for term, worth in worths.items()}
    return {term: _pack(worth, (telling.get(term, counts[term]) + counts[term]) / 2, len(tools)) for term, worth in worths.items()}


class Postings(NamedTuple):
    """The tools that have a term, numbers rising, what it is worth in each, and the most that it is worth in any; and what is no tool
    and has it, with what it is worth there.
    """

    numbers: "array[int]"
    worths: "array[float]"
    most: float
    aside: tuple[tuple[int, float], ...]

    def within(self, spans: Sequence[range]) -> "Postings":
        """Those of the tools in `spans`, which rise too."""
        numbers, worths = array("I"), array("f")
        for span in spans:
            start = bisect_left(self.numbers, span.start)
            end = bisect_left(self.numbers, span.stop, start)
            numbers += self.numbers[start:end]
            worths += self.worths[start:end]
        return Postings(numbers, worths, self.most, self.aside)

    def among(self, few: Sequence[int]) -> list[tuple[int, float]]:
        """Those of `few`, rising, that have the term, with what it is worth in each."""
        numbers, worths, place, end = self.numbers, self.worths, 0, len(self.numbers)
        found: list[tuple[int, float]] = []
        for number in few:
            place = bisect_left(numbers, number, place)
            if place == end:
                break
            if numbers[place] == number:
                found.append((number, worths[place]))
        return found

    def worth(self, number: int) -> float:
        """What the term is worth in one tool."""
        place = bisect_left(self.numbers, number)
        return self.worths[place] if place < len(self.numbers) and self.numbers[place] == number else 0.0


def unpack(blob: bytes, end: int) -> Postings:
    """The postings of a packed list; from the number `end` on there are no tools."""
    numbers, worths = array("I"), array("f")
    half = len(blob) // 2
    numbers.frombytes(blob[: half - 2])
    worths.frombytes(blob[half - 2 :])
    most, cut = worths.pop(), bisect_left(numbers, end)
    return Postings(numbers[:cut], worths[:cut], most, tuple(zip(numbers[cut:], worths[cut:], strict=True)))


def count_of(blob: bytes) -> int:
    """How many tools stand in a packed list."""
    return len(blob) // 8


def rarest(tools: int) -> float:
    """What a term is worth that no tool has."""
    return math.log(1 + (tools + 0.5) / 0.5)


def _pack(worth: Mapping[int, float], having: float, tools: int) -> bytes:
    rarity = math.log(1 + (tools - having + 0.5) / (having + 0.5))
    scores = array("f", (rarity * value * (_SATURATION + 1) / (_SATURATION + value) for value in worth.values()))
    return array("I", worth).tobytes() + scores.tobytes() + array("f", [max(scores)]).tobytes()
