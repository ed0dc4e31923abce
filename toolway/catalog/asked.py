"""A request in words, understood: what it is about and what is to be done, apart for each of several wishes."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import Final, NamedTuple

from toolway.catalog.meant import Token, as_meant
from toolway.catalog.terms import STOP, fold, of_word, pairs, stem, words
from toolway.catalog.tongues import ACTIONS, GONE, NOT, READING, WITHOUT, Tongue, elsewhere, spoken, tongues

MOST_WORDS: Final = 80
_LONGEST: Final = 1_200
MOST_PARTS: Final = 5
_MOST_REPAIRED: Final = 12
_INHERITED: Final = 0.6
_REPAIRED: Final = 0.8
_PAIR: Final = 0.5
_FAINT: Final = 0.3
ACTING: Final = 0.4
_ACTING_MORE: Final = 0.5
"""What a word counts as a term that tells what to do: that is weighed against what a tool does. Some name a thing too."""

_TELLING: Final = frozenset(("report", "log", "start", "stop", "copy", "share"))
_NAME: Final = 0.35
"""What a word is worth that stands for a name: in quotes it is left out, written as a name in the middle of a sentence it hardly counts."""

_MARKING: Final = ("ja", "zh")
"""Languages that ask anywhere in a sentence, and put no space between words."""

_THINGS: Final = ("ment", "ments")
"""Endings of words for things: assignments are what somebody was assigned."""

_ARTICLES: Final = frozenset(
    ["the", "a", "an", "all", "every", "each", "any", "some", "this", "that", "these", "those", "my", "our", "another"]
)
_ONE: Final = frozenset(["the", "this", "that", "my", "our"])
_TIMING: Final = frozenset(["log", "start", "stop"])
_SPENT: Final = frozenset(["work", "start", "begin", "stop", "track", "log", "hour", "minut", "min", "tim", "timer", "clock"])
_BESIDES: Final = frozenset(["for", "from", "to", "at", "as", "in"])
_WANTING: Final = ("do", "to", "can", "could", "should", "would", "might", "about")
_ASKERS: Final = ("i", "we", "they", "you", "any")
_BEGINNING: Final = 80
_OBJECT: Final = 1.25
"""How much more a word counts that stands right after what is to be done."""

_QUOTED: Final = re.compile(
    r"""(?<!\w)(?:"[^"]{1,200}"|'[^']{1,200}')(?!\w)|\u201c[^\u201d]{1,200}\u201d|\u00ab[^\u00bb]{1,200}\u00bb|\u300c[^\u300d]{1,200}\u300d|\u300e[^\u300f]{1,200}\u300f"""
)
_OPAQUE: Final = re.compile(r"\b(?:https?://\S+|[\w.+-]+@[\w-]+\.[\w.-]+|(?=[0-9a-f]*[0-9])[0-9a-f]{6,}|\d[\w:.,/-]*)")
_SAID: Final = re.compile(r"[^\W_]")
_CUT: Final = re.compile(r"[;\n\u3002\uff1b]|[.!?](?:\s|$)")
_COMMA: Final = re.compile(r"[,\u3001\uff0c\u060c]")
_ENDS: Final = (".", "!", "?", ";", "\n", "\u3002", "\uff1b")
_TOKEN: Final = re.compile(r"[,\u3001\uff0c\u060c;\n\u3002\uff1b.!?]|[^\s,\u3001\uff0c\u060c;\u3002\uff1b.!?]+")


class Wish(NamedTuple):
    """One thing that is asked for: its words as they were written, the terms to look for with their weights, what is to be done, the
    likeliest first, those of the terms that are written as names, whether it only asks, and the term that a tool
    must have in its name to delete what is meant.
    """

    text: str
    terms: dict[str, float]
    actions: tuple[str, ...]
    names: frozenset[str]
    question: bool = False
    only: str = ""


class Asked(NamedTuple):
    """A request: the whole of it, its parts when there are several, its language, and its folded words with slips repaired."""

    whole: Wish
    parts: tuple[Wish, ...]
    tongue: str
    words: tuple[str, ...]


class Vocabulary(NamedTuple):
    """What the catalogue knows: which terms stand in a tool, which in a tool's name, and the words that wrong ones were meant to be."""

    known: Callable[[Iterable[str]], Mapping[str, int]]
    naming: Callable[[Iterable[str]], set[str]]
    repaired: Callable[[Iterable[str]], Mapping[str, str]]


def understand(query: str, vocabulary: Vocabulary) -> Asked:
    """What a request asks for."""
    text = query[:_LONGEST]
    bare = _QUOTED.sub(_blank, text)  # of the same length: where a wish begins is where its words were written
    bare = _OPAQUE.sub(_blank, bare if _SAID.search(bare) else text)
    folded = words(bare)[:MOST_WORDS]
    known = vocabulary.known(dict.fromkeys(stem(word) for word in folded))
    unknown = [word for word in folded if word.isascii() and word not in STOP and stem(word) not in known][:_MOST_REPAIRED]
    repairs = vocabulary.repaired(unknown)
    english = frozenset(word for word in folded if word in STOP or stem(word) in known or (word in repairs and not elsewhere(word)))
    tongue = spoken(bare, folded, english)
    tokens = list(_tokens(bare, tongue, known, repairs))
    naming = vocabulary.naming({term for token in tokens for term in token.terms}) if tongue.name == "en" else set[str]()
    tokens = as_meant(tokens, tongue, naming)
    if tongue.name == "en":
        tokens = list(_weighed(_called(tokens, naming), known))
    whole = _wish(tokens, text)
    spelt = [repairs.get(word, word) for word in folded]
    if tongue.name == "en":
        named = {term for token in tokens if token.run for term in token.terms}
        void = {stem(word) for token in tokens if token.void for word in words(token.text)}
        couples = {
            pair: _PAIR * (1.0 if named.isdisjoint(pair.split()) else _NAME) for pair in pairs(spelt) if void.isdisjoint(pair.split())
        }
        whole = whole._replace(terms=whole.terms | couples)
    parts = tuple(_asking(part, tongue) if _asks(part.text, tongue, repairs) else part for part in _parts(tokens, vocabulary, text))
    if all(part.question for part in parts) if parts else _asks(text, tongue, repairs):
        whole = _asking(whole, tongue)
    return Asked(whole, parts, tongue.name, tuple(spelt))


def _asks(text: str, tongue: Tongue, repairs: Mapping[str, str]) -> bool:
    """Whether a text only asks: it begins with a word for that. "How do I ..." wants it done."""
    if tongue.name in _MARKING:
        return any(word in fold(text) for word in tongue.asking)
    found = [repairs.get(word, word) for word in words(text[:_BEGINNING]) if word not in tongue.joints]
    wanted = tongue.name == "en" and found[:1] == ["how"] and found[1:2] and found[1] in _WANTING
    having = tongue.name == "en" and found[:1] == ["do"] and found[1:2] and found[1] in _ASKERS
    return bool(found) and (found[0] in tongue.asking or bool(having)) and not wanted


def _asking(wish: Wish, tongue: Tongue) -> Wish:
    """The wish as a question. What a translated word says to do is done by then: "gearbeitet" asks for no log."""
    foreign = tongue.name != "en"
    changing = {term for term, worth in wish.terms.items() if foreign and term in _DOING - _READING and worth <= _ACTING_MORE}
    terms = {term: worth for term, worth in wish.terms.items() if term not in changing}
    return wish._replace(terms=terms or wish.terms, question=True)


def _blank(found: re.Match[str]) -> str:
    return " " * len(found.group())


def _tokens(text: str, tongue: Tongue, known: Mapping[str, int], repairs: Mapping[str, str]) -> Iterable[Token]:
    found = list(islice(_TOKEN.finditer(text), MOST_WORDS * 2))
    raw = [match.group() for match in found]
    plain = [*map(fold, raw), ""]
    start = True
    named = _named(raw) if tongue.name == "en" else set[int]()
    for place, piece in enumerate(raw):
        at = found[place].start()
        if _CUT.fullmatch(piece) or piece in ".!?":
            yield Token(piece, {}, (), False, 2, at)
            start = True
            continue
        if _COMMA.fullmatch(piece):
            yield Token(piece, {}, (), False, 1, at)
            continue
        for number, word in enumerate(_words(piece)):
            after = plain[place + 1] if number == 0 else ""
            if tongue.name == "en":
                yield _english(piece, at, word, after, known, repairs, name=piece[:1].isupper() and not start, run=place in named)
            else:
                yield from _foreign(piece, at, word, after, tongue, known)
        start = False


def _named(raw: list[str]) -> set[int]:
    """Where words stand that make up a name: several with capitals in a row, of which none begins a sentence."""
    found: set[int] = set()
    run: list[int] = []
    for place, piece in enumerate([*raw, "."]):
        if piece[:1].isupper():
            run.append(place)
            continue
        if len(run) > 1 and run[0] > 0 and raw[run[0] - 1] not in _ENDS:
            found.update(run)
        run = []
    return found


def _weighed(tokens: Iterable[Token], known: Mapping[str, int]) -> Iterable[Token]:
    """The tokens, of which that weighs more which stands right after the word for what is to be done: it is done to that."""
    acted, done = False, False
    for token in _worked_on(tokens):
        if acted and token.terms and not token.actions:
            if not (done or token.name or known.keys().isdisjoint(token.terms)):
                token, done = token._replace(terms={term: _OBJECT * worth for term, worth in token.terms.items()}), True
            acted = False
        elif token.cut or token.joint:
            acted = done = False
        else:
            acted = bool(token.actions and token.terms) or (acted and token.text.casefold() in _ARTICLES)
        yield token


def _called(tokens: list[Token], naming: set[str]) -> list[Token]:
    """The tokens, of which those count as a name that stand before the word for a thing: "the marketing workspace"."""
    made = list(tokens)
    for place, token in enumerate(tokens):
        if token.text.casefold() not in _ONE:
            continue
        end = next((at for at in range(place + 1, len(tokens)) if not _calls(tokens[at], naming)), len(tokens))
        if place + 1 < end < len(tokens) and not naming.isdisjoint(tokens[end].terms):
            for at in range(place + 1, end):
                made[at] = _as_name(tokens[at])
    return made


def _calls(token: Token, naming: set[str]) -> bool:
    return bool(token.terms) and not token.actions and naming.isdisjoint(token.terms)


def _as_name(token: Token) -> Token:
    return token._replace(terms={term: min(worth, _NAME) for term, worth in token.terms.items()}, actions=(), name=True)


def _worked_on(tokens: Iterable[Token]) -> Iterable[Token]:
    """The tokens, of which those count as a name that tell on what time is spent, and with what: "start work on the landing page"."""
    timed = naming = False
    before = Token("", {}, (), False, 2, 0)
    for token in tokens:
        word = token.text.casefold()
        if token.cut or token.joint:
            timed = naming = False
        elif naming and token.terms:
            token = _as_name(token)
        elif naming and word in _BESIDES:
            naming = False
        elif timed and word in ("on", "with"):
            naming = before.text == "in" or not _SPENT.isdisjoint(before.terms)
        timed = timed or not _TIMING.isdisjoint(token.actions)
        before = token
        yield token


def _english(
    piece: str, at: int, word: str, after: str, known: Mapping[str, int], repairs: Mapping[str, str], *, name: bool, run: bool
) -> Token:
    english = tongues()["en"]
    root = stem(word)
    done = english.meanings.get(f"{word}_{after}") or (() if word.endswith(_THINGS) else english.meanings.get(root, ()))
    actions = _actions(done)
    joint = word in english.joints
    if word in STOP or joint:
        return Token(piece, {}, actions, joint, 0, at)
    worth = _FAINT if root in english.faint else _NAME if run or (name and root not in known) else 1.0
    terms = dict.fromkeys(of_word(word), min(worth, _acting(done)) if actions else worth)
    if root not in known and not done and not name and word.isalpha() and (meant := repairs.get(word, "")):
        done = english.meanings.get(stem(meant), ())
        actions = _actions(done)
        if meant in STOP:
            return Token(piece, {}, actions, False, 0, at)
        terms = dict.fromkeys(of_word(meant), _acting(done) if actions else _REPAIRED)
    many = not name and word.endswith("s") and word != root and not root.endswith("s")
    return Token(piece, terms, actions, False, 0, at, name, run, many)


def _foreign(piece: str, at: int, word: str, after: str, tongue: Tongue, known: Mapping[str, int]) -> Iterable[Token]:
    if tongue.name in ("ja", "zh") and not word.isascii():
        place = end = 0
        for part, meant in tongue.pieces(word):
            place = max(piece.find(part, end), place)
            end = place + len(part)
            yield Token(
                part,
                _translated(meant),
                _actions(meant),
                meant == ("and",),
                0,
                at + place,
                no=meant[0] if meant[0] in (NOT, WITHOUT) else "",
            )
        return
    if word in tongue.joints:
        yield Token(word, {}, (), True, 0, at)
        return
    if no := tongue.refusing.get(word) or tongue.refusing.get(f"{word}_{after}"):
        yield Token(word, {}, (), False, 0, at, no=no)
        return
    meant = tongue.meanings.get(f"{word}_{after}", ()) + tongue.meaning(word)
    if meant:
        yield Token(piece, _translated(meant), _actions(meant), False, 0, at)
    elif word not in tongue.stop:
        yield Token(piece, dict.fromkeys(of_word(word), 1.0 if stem(word) in known else _NAME), (), False, 0, at)


@lru_cache(maxsize=4_096)
def _words(piece: str) -> tuple[str, ...]:
    return tuple(words(piece))


def _translated(meanings: tuple[str, ...]) -> dict[str, float]:
    found: dict[str, float] = {}
    for meaning in meanings:
        if meaning not in ("and", NOT, WITHOUT, GONE):
            found |= dict.fromkeys(of_word(meaning), _acting((meaning,)) if meaning in ACTIONS and meaning != "report" else 1.0)
    return found


def _acting(meanings: tuple[str, ...]) -> float:
    return _ACTING_MORE if _TELLING.intersection(meanings) else ACTING


def _actions(meanings: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(meaning for meaning in meanings if meaning in ACTIONS or meaning == GONE) if meanings else ()


def _wish(tokens: Sequence[Token], text: str) -> Wish:
    terms: dict[str, float] = {}
    actions: dict[str, None] = {}
    names: set[str] = set()
    for token in tokens:
        for term, worth in token.terms.items():
            terms[term] = max(worth, terms.get(term, 0.0))
        if token.actions:
            actions |= dict.fromkeys(token.actions)
        if token.name:
            names.update(token.terms)
    if next(iter(actions), "") == "get" and _many(tokens):
        actions = {"list": None} | actions
    refused = not actions and any(token.void for token in tokens)
    only = {token.only for token in tokens if "delete" in token.actions}
    return Wish(text, terms, tuple(actions), frozenset(names), refused, only.pop() if len(only) == 1 else "")


def _many(tokens: Iterable[Token]) -> bool:
    """Whether what is wanted is told in the plural: "my open tasks" is a list, whatever the word for getting it."""
    things = (token for token in tokens if token.terms and not token.actions)
    return any(token.many for token in islice(things, 2))


def _parts(tokens: list[Token], vocabulary: Vocabulary, text: str) -> Iterable[Wish]:
    chunks: list[list[Token]] = [[]]
    for token in tokens:
        if (token.joint or token.cut) and chunks[-1]:
            chunks.append([token])
        else:
            chunks[-1].append(token)
    naming = vocabulary.naming({term for token in tokens for term in token.terms})
    joined: list[list[Token]] = []
    for chunk in chunks:
        if joined and not _stands_alone(chunk, joined[-1], naming):
            joined[-1] += chunk
        else:
            joined.append(chunk)
    while len(joined) > MOST_PARTS:
        joined[-2:] = [joined[-2] + joined[-1]]
    if len(joined) < 2:
        return
    before: Wish | None = None
    silent = False
    starts = [0, *(chunk[0].at for chunk in joined[1:]), len(text)]
    for chunk, start, end in zip(joined, starts, starts[1:], strict=False):
        wish = _wish(chunk, text[start:end].strip())
        about = {term for token in chunk if not token.actions for term in token.terms if term in naming}
        if before is not None:
            if not wish.actions:
                wish = wish._replace(actions=before.actions, only=before.only)
            if not about - _DOING:
                lent = {term: _INHERITED * worth for term, worth in before.terms.items() if term not in _DOING}
                wish = wish._replace(terms=lent | wish.terms)
        before = wish
        silent = not wish.actions and (silent or any(token.void for token in chunk))
        if not silent:
            yield wish


_DOING: Final = frozenset(stem(action) for action in ACTIONS)
_READING: Final = frozenset(stem(action) for action in READING)


def _stands_alone(chunk: list[Token], before: list[Token], naming: set[str]) -> bool:
    """Whether these words are a wish of their own: they say what to do, or what the same is to be done with."""
    terms = {term for token in chunk for term in token.terms}
    if not terms or not any(token.terms for token in before):
        return False
    acts = any(token.actions and token.actions != (GONE,) for token in chunk[:6])
    return acts or (chunk[0].joint and bool((terms & naming) - _DOING))
