"""Words of a text as search terms, and the lists of tools in which each term stands."""

import math
import re
import unicodedata
from array import array
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

WEIGHTS: Final = {"name": 3.0, "toolkit": 1.0, "about": 1.0, "params": 0.3, "asks": 1.5}
"""How much a word counts in each field of a tool."""

_TELLING: Final = ("name", "asks")
"""The fields that say what a tool is for: a word is rare when few tools have it here. `about` names the place of nearly everything."""

_SATURATION: Final = 1.2  # k1 and b of BM25
_LENGTH: Final = 0.6
_LONGEST: Final = 4_000
_WORD: Final = re.compile(r"[^\W_]+")
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_STOP_WORDS: Final = (
    "a an and any are as at be but by can could do does for from get had has have how i if in into is it its let like me my of on or our "
    "please should so some than that the their them then there these they this to up us want was we what when which who will with would "
    "you your"
)
_STOP: Final = frozenset(_STOP_WORDS.split())
_ENDINGS: Final = (("ies", "y", 3), ("sses", "ss", 1), ("ings", "", 3), ("ing", "", 3), ("ied", "y", 3), ("ed", "", 3), ("s", "", 3))


def terms(text: str) -> list[str]:
    """The terms of a text: words apart at camel and snake case, without case, stop words and the commonest endings."""
    plain = _CAMEL.sub(" ", unicodedata.normalize("NFKC", text[:_LONGEST]))
    words = _WORD.findall(plain.casefold())
    return [stem(word) for word in words if word not in _STOP]


def stem(word: str) -> str:
    """The word without its commonest English ending."""
    if word.endswith(("ss", "us", "is")):
        return word
    for ending, instead, least in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= least:
            word = word[: len(word) - len(ending)] + instead
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiouls":
        word = word[:-1]  # planned, planning: plan
    return word.removesuffix("e") if len(word) > 3 else word


def postings(tools: Mapping[int, Mapping[str, str]]) -> dict[str, bytes]:
    """For each term the tools that have it, with what it is worth there (BM25 over weighted fields).

    `tools` gives for each number the texts of its fields, numbers rising. A list is packed as all numbers, then all worths.
    """
    counts: dict[int, dict[str, Counter[str]]] = {
        number: {field: Counter(terms(text)) for field, text in fields.items()} for number, fields in tools.items()
    }
    total: Counter[str] = Counter()
    for fields in counts.values():
        for field, words in fields.items():
            total[field] += words.total()
    mean = {field: max(count / len(counts), 1.0) for field, count in total.items()}
    found: defaultdict[str, dict[int, float]] = defaultdict(dict)
    telling: Counter[str] = Counter()
    for number, fields in counts.items():
        for field, words in fields.items():
            scale = WEIGHTS[field] / (1 - _LENGTH + _LENGTH * words.total() / mean[field])
            for term, count in words.items():
                found[term][number] = found[term].get(number, 0.0) + scale * count
        telling.update({word for field in _TELLING for word in fields.get(field, ())})
    return {term: _pack(worth, telling[term] or len(worth), len(counts)) for term, worth in found.items()}


def unpack(blob: bytes, spans: Iterable[range] | None = None) -> Iterator[tuple[int, float]]:
    """The tools of a packed list (those in `spans`), and what the term is worth in each."""
    numbers, worths = array("I"), array("f")
    half = len(blob) // 2
    numbers.frombytes(blob[:half])
    worths.frombytes(blob[half:])
    for span in (range(1 << 32),) if spans is None else spans:
        start, end = bisect_left(numbers, span.start), bisect_left(numbers, span.stop)
        yield from zip(numbers[start:end], worths[start:end], strict=True)


def _pack(worth: Mapping[int, float], telling: int, tools: int) -> bytes:
    rarity = math.log(1 + (tools - telling + 0.5) / (telling + 0.5))
    scores = (rarity * value * (_SATURATION + 1) / (_SATURATION + value) for value in worth.values())
    return array("I", worth).tobytes() + array("f", scores).tobytes()
