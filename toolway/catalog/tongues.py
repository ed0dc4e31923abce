"""What words mean whatever the toolkit: what is to be done, in every language that words.tsv knows."""

import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from toolway.catalog.terms import fold, stem

ACTIONS: Final = ("get", "list", "find", "report", "create", "log", "start", "copy", "share", "add", "update", "stop", "delete")
"""What a tool or a request does; `gone` beside them only says that a deletion may be meant."""

READING: Final = ("get", "list", "find", "report")
"""Those that change nothing."""

GONE: Final = "gone"
NOT: Final = "not"
WITHOUT: Final = "without"
"""What refuses: in some languages what stands before it too, and only what stands behind."""

_FILE: Final = Path(__file__).with_name("words.tsv")
_SURELY: Final = 0.75
_SHORT, _ENDING, _LONG_ENDING = 4, 6, 10
_VOWELS: Final = frozenset("aeiouy\u0430\u0435\u0438\u043e\u0443\u044b\u044f\u044e\u044c\u0454\u0456\u0457")
"""A word that ends in one is found without it too: endings take its place."""

_AGGLUTINATING: Final = ("fi", "tr", "ko", "hi", "de", "nl", "sv", "da", "no")
_COMPOUNDING: Final = ("de", "nl", "sv", "da", "no", "fi")
_JOINING: Final = ("ja", "zh")
_SCRIPTS: Final = (
    ("ko", re.compile("[\uac00-\ud7af]")),
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("zh", re.compile("[\u3400-\u9fff]")),
    ("uk", re.compile("[\u0456\u0457\u0454\u0491]")),
    ("ru", re.compile("[\u0400-\u04ff]")),
    ("ar", re.compile("[\u0600-\u06ff]")),
    ("hi", re.compile("[\u0900-\u097f]")),
)
_ARTICLES: Final = re.compile("^(?:\u0648|\u0641|\u0628|\u0643|\u0644)?(?:\u0627\u0644|\u0644\u0644)?")


class Tongue(NamedTuple):
    """One language: words that say nothing, words between two requests, and what other words (or their beginnings) mean.

    `spelt` are those words as people write them, `faint` the stems of those that hardly tell one tool
    from another, `asking` words with which a question begins, `refusing` those that say what is not
    to be done, unless a word is there that begins like one of `forgetting`. Stems, in English: `aspects`
    name parts of things, `holders` things from which others are taken, `owned` those that are nothing
    without them, `wholes` what all else is in.
    """

    name: str
    stop: frozenset[str]
    joints: frozenset[str]
    meanings: dict[str, tuple[str, ...]]
    longest: int
    spelt: frozenset[str]
    faint: frozenset[str]
    asking: frozenset[str]
    refusing: dict[str, str]
    forgetting: tuple[str, ...]
    aspects: frozenset[str]
    holders: frozenset[str]
    owned: frozenset[str]
    wholes: frozenset[str]

    def meaning(self, word: str) -> tuple[str, ...]:
        """What a folded word means; empty when it is not known. A compound means what its parts mean."""
        found = self._of(word)
        if not found and self.name == "ar":
            found = self._of(_ARTICLES.sub("", word, count=1))
        if not found and self.name in ("de", "sv", "da", "no", "fi", "tr"):
            found = self._of(re.sub("([aou])e", r"\1", word))
        return found

    def _of(self, word: str) -> tuple[str, ...]:
        exact = self.meanings.get(word, ())
        ending = _LONG_ENDING if self.name in _AGGLUTINATING else _ENDING
        for end in range(len(word) - 1, max(_SHORT, len(word) - ending) - 1, -1):
            found = self.meanings.get(word[:end])
            if found:
                return exact + found + (() if exact else self._rest(word[end:]))
        if exact:
            return exact
        if self.name == "ko":
            for end in range(min(len(word) - 1, 3), 0, -1):
                if found := self.meanings.get(word[:end]):
                    return found
        return ()

    def _rest(self, word: str) -> tuple[str, ...]:
        """What the second part of a compound means."""
        if self.name not in _COMPOUNDING or len(word) < _SHORT:
            return ()
        for start in (0, 1, 2):
            if found := self._of(word[start:]):
                return found
        return ()

    def pieces(self, run: str) -> Iterator[tuple[str, tuple[str, ...]]]:
        """The known words of a run of letters without spaces, the longest first at each place."""
        at = 0
        while at < len(run):
            for end in range(min(len(run), at + self.longest), at, -1):
                if run[at:end] in self.joints:
                    yield run[at:end], ("and",)
                    break
                if run[at:end] in self.refusing:
                    yield run[at:end], (self.refusing[run[at:end]],)
                    break
                if found := self.meanings.get(run[at:end]):
                    yield run[at:end], found
                    break
            else:
                end = at + 1
            at = end


@cache
def tongues() -> dict[str, Tongue]:
    """Every language of words.tsv."""
    rows: dict[str, dict[str, list[str]]] = {}
    for line in _FILE.read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            name, meaning, listed = line.split("\t")
            rows.setdefault(name, {}).setdefault(meaning, []).extend(fold(listed).split())
    return {name: _tongue(name, found) for name, found in rows.items()}


def _tongue(name: str, rows: dict[str, list[str]]) -> Tongue:
    stop, joints, faint, asking = (rows.pop(kind, []) for kind in ("small", "and", "faint", "ask"))
    refusing = {word: kind for kind in (NOT, WITHOUT) for word in rows.pop(kind, [])}
    forgetting = rows.pop("forget", [])
    aspects, holders, owned, wholes = (frozenset(map(stem, rows.pop(kind, []))) for kind in ("aspect", "holder", "owned", "whole"))
    meanings: dict[str, tuple[str, ...]] = {}
    for meaning, listed in rows.items():
        for word in listed:
            key = stem(word) if name == "en" and "_" not in word else word
            for form in {key, key[:-1]} if name != "en" and len(key) > _SHORT and key[-1] in _VOWELS else (key,):
                meanings[form] = (*meanings.get(form, ()), meaning)
    return Tongue(
        name,
        frozenset(stop),
        frozenset(joints),
        meanings,
        max(map(len, meanings), default=1),
        frozenset(word for listed in rows.values() for word in listed),
        frozenset(map(stem, faint)),
        frozenset(asking),
        refusing,
        tuple(forgetting),
        aspects,
        holders,
        owned,
        wholes,
    )


def spoken(text: str, words: Sequence[str], known: frozenset[str]) -> Tongue:
    """The language of a request: by its script, else that which knows most of its words; English when in doubt.

    `known` are words of the request that tools use in English.
    """
    every = tongues()
    for name, letters in _SCRIPTS:
        if letters.search(text) and (name == "uk" or len(letters.findall(text)) * 4 >= len(re.findall(r"[^\W\d_]", text))):
            return every[name]
    english = every["en"]
    best, most = english, sum(word in known or stem(word) in english.meanings or word in english.joints for word in words) + 0.5
    if most > _SURELY * len(words):
        return english
    for name, tongue in every.items():
        if name == "en" or not any("a" <= letter <= "z" for word in tongue.stop for letter in word):
            continue
        count = sum(1.0 if word in tongue.stop else 0.9 if tongue.meaning(word) else 0 for word in words)
        if count > most and (count > 1.5 or count >= len(words)):
            best, most = tongue, count
    return best


@lru_cache(maxsize=4_096)
def elsewhere(word: str) -> bool:
    """Whether a folded word is one of another language, and so no slip of an English one."""
    return any(word in tongue.stop or word in tongue.meanings for name, tongue in tongues().items() if name != "en")
