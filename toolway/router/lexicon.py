"""Which words of a request are words, of a language or of a toolkit, and so no names. Pure."""

from collections.abc import Mapping
from functools import cache, lru_cache

from toolway.catalog.model import Toolkit
from toolway.catalog.terms import STOP, fold, stem, words
from toolway.catalog.tongues import Tongue, spoken, tongues

_ENDING = (
    "soon too first again anyway instead forever asap back away up down together alone later once twice right entirely else either "
    "stuff timeline deadline progress data things used gone missing below above it them something one whatever whichever"
)
_PARTS = (
    "dashboard colour color folder file files page contact contacts phone number settings logo picture icon image title description type "
    "id ids kind category code plan owner document documents notes history rights permission permissions role roles size order field "
    "access fields column filter version link view table board screen form setup structure content contents invoice contract scope"
)
_MORE = frozenset(f"{_ENDING} {_PARTS}".split())
"""Words that end a clause after the word for a thing, and parts of things, that nothing else here knows."""


_NOT_DONE = "make call any all every new done over details info overview summary total totals sum sums statistics breakdown everything"
_NO_VERBS = frozenset(_NOT_DONE.split())


def is_word(said: str, kit: Toolkit) -> bool:
    """Whether a word in small letters says something itself: where it does, it is not surely a name."""
    word = fold(said)
    known = word in STOP or word in _MORE or word in _small() or word.endswith(("ed", "ly"))
    return known or stem(word) in tongues()["en"].faint or stem(word) in _own(kit)


def is_verb(said: str) -> bool:
    """Whether a word surely asks in English for something to be done to what comes next."""
    word = fold(said)
    return word in tongues()["en"].spelt and word not in STOP and word not in _NO_VERBS


def is_asking(said: str) -> bool:
    """Whether a word begins a question in English."""
    return fold(said) in tongues()["en"].asking


@cache
def _small() -> frozenset[str]:
    """The little words of every language, and the English ones for what is done."""
    every = tongues()
    return frozenset[str]().union(every["en"].spelt, *(tongue.stop | tongue.joints | tongue.asking for tongue in every.values()))


def _own(kit: Toolkit) -> set[str]:
    """The stems of what a toolkit calls its tools, their arguments and its things."""
    found = {stem for noun in kit.nouns for stem in _stems(noun)}
    for listed, meanings in kit.words.items():
        found |= _stems(listed).union(*map(_stems, meanings))
    for tool in kit.tools.values():
        found |= _stems(tool.title)
        for param in tool.params:
            found |= _stems(param.given).union(*(_stems(choice) for choice in param.field.kind.choices))
    return found


@lru_cache(8192)
def _stems(text: str) -> frozenset[str]:
    return frozenset(map(stem, words(text)))


def foreign(said: str, kit: Toolkit, things: Mapping[str, str]) -> tuple[dict[str, str], Tongue | None]:
    """The words of a request in another language than English that mean one thing of the toolkit ("Kunden": client), and the language.
    `things` are the English ones.
    """
    tokens = [token for token in map(_bare, said.split()) if token]
    tongue = _tongue(said, frozenset(word for word in map(fold, tokens) if word in STOP or word in things))
    if tongue.name == "en":
        return {}, None
    meant = {token: set(tongue.meaning(fold(token))) & kit.nouns.keys() for token in tokens}
    things = {token: next(iter(nouns)) for token, nouns in meant.items() if len(nouns) == 1}
    return things | {token.casefold(): noun for token, noun in things.items()}, tongue


@lru_cache(256)
def _tongue(said: str, english: frozenset[str]) -> Tongue:
    return spoken(said, [fold(token) for token in map(_bare, said.split()) if token], english)


def _bare(token: str) -> str:
    return token.strip(".,;:!?()")


def means_something(name: str, tongue: Tongue | None) -> bool:
    """Whether a name holds a word of a language, in which every noun may have a capital."""
    return tongue is not None and any(fold(word) in tongue.stop or tongue.meaning(fold(word)) for word in name.split())
