"""Words of a text, and what of them is compared: without case, accents, stop words and the commonest endings."""

import re
import unicodedata
from functools import lru_cache
from itertools import pairwise
from typing import Final

LONGEST: Final = 4_000
"""How much of a text is read, in characters."""

_MARKS: Final = "\u0300-\u036f\u05b0-\u05c7\u064b-\u0652\u0670\u0900-\u0903\u093a-\u094f\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u3099\u309a"
_WORD: Final = re.compile(rf"(?:[^\W_]|[{_MARKS}])+")
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_ACCENT: Final = re.compile("[\u0300-\u036f\u064b-\u0652\u0640]+")
_LETTERS: Final = str.maketrans("øłıđ\u0623\u0625\u0622\u0649\u0629", "olid\u0627\u0627\u0627\u064a\u0647")
_JOINED: Final = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\u0e00-\u0e7f]{2,}")
"""Scripts that put no space between words: there every two neighbours are a term."""

_STOP_WORDS: Final = (
    "a an and any are as at be but by can could do does for from get had has have how i if in into is it its let like me my of on or our "
    "please should so some than that the their them then there these they this to up us want was we what when which who will with would "
    "you your s t re ve ll m d don isn didn im hey hi okay ok thanks thank also just need needs he she his her him been were am did doing "
    "about out off over all every each not no too very much many more most one ones where why whose whom here now again still already "
    "around though although "
    "give tell help using use via per"
)
STOP: Final = frozenset(_STOP_WORDS.split())
_ENDINGS: Final = (
    ("ies", "y", 3),
    ("sses", "ss", 1),
    ("ings", "", 3),
    ("ing", "", 3),
    ("ied", "y", 3),
    ("ed", "", 3),
    ("ations", "at", 3),
    ("ation", "at", 3),
    ("ments", "", 5),
    ("ment", "", 5),
    ("ly", "", 4),
    ("s", "", 3),
)


def words(text: str) -> list[str]:
    """The words of a text, folded: apart at camel and snake case, without case and accents."""
    return _WORD.findall(fold(_CAMEL.sub(" ", text[:LONGEST])))


def fold(text: str) -> str:
    """The text without case and accents, in one form of each letter."""
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFC", _ACCENT.sub("", unicodedata.normalize("NFD", text))).translate(_LETTERS)


def terms(text: str) -> list[str]:
    """The terms of a text, in its order."""
    return [term for word in words(text) if word not in STOP for term in of_word(word)]


def pairs(found: list[str]) -> list[str]:
    """Every two neighbours among folded words, stop words among them: what is said in little words alone stands in these. Articles say
    nothing, and what stands around them is as near.
    """
    roots = [stem(word) for word in found if word.isascii() and word not in ("a", "an", "the")]
    return [f"{first} {second}" for first, second in pairwise(roots)]


def of_word(word: str) -> list[str]:
    """The terms of a folded word: its stem, or its pairs of neighbours where a script joins its words."""
    if word.isascii() or not _JOINED.search(word):
        return [stem(word)]
    return [run[at : at + 2] for run in _JOINED.findall(word) for at in range(len(run) - 1)]


@lru_cache(maxsize=16_384)
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
