"""One slip of the fingers: a letter too many, too few, another, or two the wrong way round, found by what is left when one is dropped."""

from collections.abc import Iterable, Iterator
from typing import Final

SHORTEST: Final = 4
LONGEST: Final = 24


def keys(words: Iterable[str]) -> Iterator[tuple[str, str]]:
    """For each word that may be meant, what it is found under."""
    for word in sorted(words):
        if SHORTEST <= len(word) <= LONGEST and word.isalpha():
            for key in forms(word):
                yield key, word


def forms(word: str) -> set[str]:
    """The word, and the word without each of its letters."""
    return {word, *(word[:at] + word[at + 1 :] for at in range(len(word)))}


def slipped(wrong: str, right: str) -> bool:
    """Whether one slip makes the one of the other."""
    if wrong == right:
        return True
    at = 0
    while at < min(len(wrong), len(right)) and wrong[at] == right[at]:
        at += 1
    rest, due = wrong[at:], right[at:]
    return rest[1:] == due[1:] or rest[1:] == due or rest == due[1:] or (rest[:2] == due[1::-1] and rest[2:] == due[2:])


def likeliest(wrong: str, right: Iterable[str]) -> str:
    """Which of these was meant: one that begins alike, with the same letters in another order, or with as many."""
    return min(right, key=lambda one: (one[0] != wrong[0], sorted(one) != sorted(wrong), len(one) != len(wrong), one))
