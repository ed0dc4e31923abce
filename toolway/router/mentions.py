"""Names in the words of a request, and what each is the name of. Pure.

A name stands in quotes, or begins with a capital right after the word for the thing ("project Lynx"): where its end is in doubt it is none.
Or it stands before that word ("the Design Team workspace").
"""

import re
from collections.abc import Iterator, Mapping, Set
from itertools import takewhile
from typing import NamedTuple

from toolway.catalog.model import Toolkit
from toolway.catalog.terms import STOP, stem
from toolway.router.lexicon import is_asking, is_verb, is_word

_QUOTED = re.compile(
    r"\"([^\"]{1,200})\"|\u201c([^\u201d]{1,200})\u201d|\u201e([^\u201c\u201d]{1,200})[\u201c\u201d]|\u00ab([^\u00bb]{1,200})\u00bb"
    r"|\u300c([^\u300d]{1,200})\u300d|(?<!\w)'([^']{1,200})'(?!\w)"
)
_SO_CALLED = "called named namens genannt nommé nommée appelé appelée llamado llamada chiamato chiamata chamado chamada genaamd kallad"
_CALLED = tuple(_SO_CALLED.split())
_ANY_CALLED = "|".join(_CALLED)
_BEFORE = re.compile(rf"(\w+)[^\S\n]+(?:{_ANY_CALLED})\W*$|({_ANY_CALLED})\W*$|(\w+)\W{{0,3}}$")
_END = ",.;:!?)"
_LONGEST_NAME = 12
_GOES_ON = frozenset(["and", "of", "for", "&", "or", "the", "de", "la", "da", "di", "do", "von", "van", "und", "et", "y", "e"])
"""Words that may stand inside a name: before a capital one does not know where the name ends."""
_AT_AN_END = (
    "to from in on at with by into as is was has who that which until till since before after during today yesterday tomorrow this last "
    "next via per please then if under so when where now again "
    "dans sur pour avec an auf bei für im am mit en con para por nel per w z na till med til fra från"
)
_DATES = (
    "monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september october "
    "november december i"
)
_STOPS, _CALENDAR = frozenset(_AT_AN_END.split()), frozenset(_DATES.split())

_RENAME = re.compile(r"\brename\s+(.{1,200}?)\s+(?:to|as|into)\s+(.{1,200}?)\s*[.!]?$", re.IGNORECASE)

_RENAME_IT = re.compile(r"\brename\s+(?:it|that|this one)\s+(?:to|as|into)\s+(.{1,200}?)\s*[.!]?$", re.IGNORECASE)
_BECOME = re.compile(
    r"\b(?:change|set|update|correct|edit|fix)\s+(?:(?:the|its|my)\s+)?(?P<field>\w{1,40})(?P<rest>(?:\s+of\s.{1,200}?)?)"
    r"\s+to\s+(?P<value>.{1,200}?)\s*[.!]?$",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"[\w.+-]+@[\w.-]+\w|https?://[^\s\"'<>]+[\w/]")
_CLEAR = re.compile(r"\b(?:clear|empty|blank)\s+(?:the\s+|its\s+)?(?P<field>\w{1,40})(?:\s+(?:of|from|on)\b|\W*$)", re.IGNORECASE)
_DOING = frozenset(["did", "does", "has", "had"])
_BEING = frozenset(["is", "was", "are", "were"])
_BEING_WHERE = frozenset(
    ["at", "on", "today", "yesterday", "last", "this", "online", "offline", "late", "absent", "present", "away", "idle", "busy", "free"]
)
_OWNING = frozenset(["of", "by", "for"])
_SAYING, _TO_IT = "to as is was has who that which when where under if so then please again", "with on to from of under in into"
_TELLING, _LEADING = frozenset(_SAYING.split()), frozenset(_TO_IT.split())
"""Of the words that a name ends at those before which something is said of it ("project Lynx blue as of now"); those that lead to it."""
_MOST_SMALL = 3
_NOBODY = frozenset(["today", "yesterday", "tomorrow", "everyone", "everybody", "someone", "somebody", "nobody", "anyone", "anybody"])
_WHOSE = ("'s", "\u2019s")
_OPENING = frozenset(["the", "our", "my"])
_WITHIN = frozenset(["in", "into", "within", "inside"])
_PLACING = _WITHIN | frozenset(["to", "from", "for", "of", "on", "at", "under"])
"""Before a name they need no article: "in Design Team workspace"."""
_ANYHOW = "whole entire complete current default same own active usual"
_APART = (
    "new other another different second third first last next previous old right wrong main only existing empty archived shared private "
    "public big small free paid following correct latest newest oldest"
)
_SAME, _VAGUE = frozenset(_ANYHOW.split()), frozenset(_APART.split())
"""Words that name nothing, since what is meant anyhow is meant; and words that tell one thing from another and are no name of it."""
_LONGEST_BEFORE = 4


class Loose(NamedTuple):
    """A name of which nothing says what it is: `doing` tells that it is somebody's, `whose` that something is its own, `sure` that it is
    the name to the letter, and of what the request asks.
    """

    name: str
    doing: bool = False
    whose: bool = False
    sure: bool = True


class Mention(NamedTuple):
    """A name in a request, and the word that says of what: a noun, `called`, or nothing. `sure` tells that it is the name to the letter;
    otherwise the request only tells this thing from another ("the other workspace").
    """

    name: str
    of: str
    sure: bool = True


def vocabulary(kit: Toolkit) -> dict[str, str]:
    """The words for the nouns of a toolkit; a word of `[words]` counts where it means one noun only."""
    stems = {stem(noun): noun for noun in kit.nouns}
    found = {noun: noun for noun in kit.nouns}
    meant: dict[str, set[str]] = {}
    for listed, meanings in kit.words.items():
        nouns = {stems[at] for meaning in meanings if (at := stem(meaning.casefold())) in stems}
        for word in filter(None, (part.strip() for part in listed.split(","))):
            meant.setdefault(word, set()).update(nouns)
    for word, nouns in meant.items():
        if len(nouns) == 1 and stem(word) not in stems:
            found |= dict.fromkeys((word.casefold(), word.capitalize()), nouns.pop())  # some languages write nouns with a capital
    return found


def quoted(words: str, things: Mapping[str, str]) -> Iterator[Mention]:
    """Names in quotes; `things` are the words for things, as `vocabulary` gives them."""
    for found in _QUOTED.finditer(words):
        name = next(group for group in found.groups() if group is not None).strip()
        before = _BEFORE.search(words[max(found.start() - 60, 0) : found.start()])
        after = re.match(r"\s{0,3}(\w+)", words[found.end() : found.end() + 40])
        thing, called, last = before.groups() if before else (None, None, None)
        sides = [word.casefold() for word in (thing, last, after[1] if after else None) if word]
        of = next((things[word] for word in sides if word in things), "")
        if name:
            yield Mention(name, of or ("called" if called or thing else ""))


def unsaid(words: str) -> str:
    """The words of a request without the names in quotes."""
    return _QUOTED.sub(" , ", words)


def unquoted(words: str, things: Mapping[str, str], title: str) -> Iterator[Mention]:
    """Capitalised words right after the word for a thing, up to where the name surely ends."""
    tokens = _QUOTED.sub(" , ", words).split()
    for index, token in enumerate(tokens):
        of = "called" if token in _CALLED and (index == 0 or tokens[index - 1] not in things) else things.get(token)
        if of is not None:
            start = index + 2 if index + 1 < len(tokens) and tokens[index + 1] in _CALLED else index + 1
            name = _run(tokens[start : start + _LONGEST_NAME], title)
            if name:
                yield Mention(name, of)


def small(words: str, things: Mapping[str, str], kit: Toolkit) -> Iterator[Mention]:
    """A single word in small letters right after the word for the thing that something is done to or that a preposition leads to, at the
    end of a clause ("delete the tag urgent"); and small letters after a capital, up to a word that ends the name ("project Bakery brand
    refresh with").
    """
    tokens = unsaid(words).split()
    asks = is_asking(tokens[0]) if tokens else False
    for index, token in enumerate(tokens):
        of = things.get(token)
        if of is None:
            continue
        rest = tokens[index + 1 : index + _LONGEST_NAME]
        article = index > 0 and tokens[index - 1].casefold() in _OPENING
        before = tokens[index - 1 - article] if index > article else ""
        before = "" if before.casefold() == "and" else before
        led = is_verb(before) or before.casefold() in _LEADING if before else len(rest) == 1 and not article
        whole = article and not is_verb(before)  # "on the project kickoff" may be no project's name
        if name := _small_end(rest, kit):
            yield Mention(name, of)
        elif led and not asks and (name := _small_word(rest, kit)):
            yield Mention(name, of, not whole)


def _small_word(tokens: list[str], kit: Toolkit) -> str:
    """The one word in small letters that a clause ends with."""
    word = tokens[0].rstrip(_END) if tokens else ""
    following = [token.casefold() for token in tokens[1:3]]
    goes_on = following[:1] == ["and"] and (following[1:] == ["then"] or any(map(is_verb, following[1:])))
    ends = word != tokens[0] if tokens else False
    ends = ends or not following or following[0] in _STOPS or goes_on
    return word if ends and _is_name(word, kit) else ""


def _small_end(tokens: list[str], kit: Toolkit) -> str:
    """A name of capitals and then words in small letters, up to a word that no name holds."""
    capitals = [*takewhile(lambda token: token[:1].isupper() and token.isalnum() and token.casefold() not in _CALENDAR, tokens)]
    after = [*takewhile(lambda token: token.casefold() not in _STOPS, tokens[len(capitals) :])]
    end = tokens[len(capitals) + len(after) :][:1]
    ends = bool(capitals) and 0 < len(after) <= _MOST_SMALL and bool(end) and end[0].casefold() not in _TELLING
    return _name([*capitals, *after], kit.title) if ends and all(_is_name(word, kit) for word in after) else ""


def _is_name(word: str, kit: Toolkit) -> bool:
    """Whether a word in small letters is nothing but a name."""
    other = _VAGUE | _SAME | _STOPS | _GOES_ON | _CALENDAR
    return word.islower() and word.replace("-", "").isalpha() and word not in other and not is_word(word, kit)


def before(words: str, things: Mapping[str, str], title: str, small: Set[str]) -> Iterator[Mention]:
    """What stands between an article or a preposition and the word for a thing: "the Design Team workspace". Words without capitals
    are sure to be names of the nouns in `small` alone.
    """
    tokens = _QUOTED.sub(" , ", words).split()
    for index, token in enumerate(tokens):
        of = things.get(token.rstrip(_END))
        if of is None or not (token[-1] in _END or _ends(tokens[index + 1 : index + 2])):
            continue
        start = next((at for at in range(index - 1, max(index - _LONGEST_BEFORE - 2, -1), -1) if _opens(tokens[at])), index)
        said = tokens[start + 1 : index]
        plain = [word.casefold() for word in said]
        capital = all(word[:1].isupper() or word[:1].isdigit() for word in said)
        article = start < index and tokens[start].casefold() in _OPENING
        if not said or any(word[-1] in _END for word in said) or not (article or capital) or _SAME.issuperset(plain):
            continue
        name = _name(said, title)
        letters = all(word.replace("-", "").replace("&", "a").isalnum() for word in said)
        vague = not _VAGUE.isdisjoint(plain) or not _SAME.isdisjoint(plain) or any(word in things for word in said if word.islower())
        if name and _CALENDAR.isdisjoint(plain):
            yield Mention(name, of, letters and not vague and (capital or of in small))


def within(words: str, things: Mapping[str, str], title: str, where: Set[str] = _WITHIN) -> Iterator[str]:
    """Names of which nothing says what they are, only that something is in them, or where else `where` says: "in Design Team"."""
    for found in _QUOTED.finditer(words):
        last = re.search(r"(\w+)\W{0,3}$", words[max(found.start() - 30, 0) : found.start()])
        if last and last[1].casefold() in where:
            yield next(group for group in found.groups() if group is not None).strip()
    tokens = _QUOTED.sub(" , ", words).split()
    for index, token in enumerate(tokens):
        if token.casefold() in where:
            name, rest = _capitals(tokens[index + 1 :], title)
            if name and not (rest and rest[0].rstrip(_END) in things):
                yield name


def loose(words: str, things: Mapping[str, str], title: str) -> Iterator[Loose]:
    """Names of somebody or something that is spoken of: "did Elena", "is Elena working", "of Elena", "Elena's"."""
    tokens = unsaid(words).split()
    for index in range(len(tokens)):
        before = tokens[index - 1].casefold() if index else ""
        name, rest = _capitals(tokens[index:], title)
        owner, owned = name.partition("'s")[0].partition("\u2019s")[0], name.endswith(_WHOSE) and bool(rest)
        first = owner.partition(" ")[0].casefold()
        strange = not owner.istitle() or first in things or first in STOP or first in _NOBODY
        strange = strange or not _CALENDAR.isdisjoint(owner.casefold().split())
        if strange or (before and tokens[index - 1][:1].isupper() and tokens[index - 1][-1] not in _END and before not in _DOING | _BEING):
            continue
        following = rest[0].casefold().rstrip(_END) if rest else ""
        ends = following not in ("and", "or", "&") and name[-1:].isalnum()
        if owned or (name != owner and rest):
            yield Loose(owner, whose=True, sure=owned and before not in things)
        elif before in _DOING:
            yield Loose(name, doing=True, sure=ends and bool(rest))
        elif before in _BEING:
            doing = following.endswith("ing") or following in _BEING_WHERE
            yield Loose(name, doing=doing, sure=ends and doing)
        elif before in _OWNING and following not in things:
            yield Loose(name, sure=ends and following not in _GOES_ON and before != "for")


def renamed(words: str, things: Mapping[str, str], title: str) -> tuple[str, str, str] | None:
    """What "rename project X to Y" says of what, and both names; None where it is not certain where one ends. The kind may be unsaid."""
    found = _RENAME.search(words)
    if found is None:
        return None
    old, new = ([*found[part].split()] for part in (1, 2))
    while old and old[0].casefold() in _OPENING:
        old = old[1:]
    of = things.get(old[0], "") if len(old) > 1 else ""
    names = [_certain(tokens, title) for tokens in (old[1:] if of else old, new)]
    return (of, names[0], names[1]) if all(names) else None


def renamed_it(words: str, title: str) -> str:
    """What "rename it to Y" says that it is called from now on, "" where that is not certain."""
    found = _RENAME_IT.search(words)
    return _certain(found[1].split(), title) if found else ""


def becomes(words: str, title: str) -> tuple[str, str, str] | None:
    """What "change the note of X to Y" says: the field, its new text, and the words without that text; None where it is not certain."""
    found = _BECOME.search(words)
    value = _certain(found["value"].split(), title) if found else ""
    if found and not value and _ADDRESS.fullmatch(found["value"]):
        value = found["value"]
    return (found["field"], value, words[: found.end("rest")]) if found and value else None


def cleared(words: str) -> str:
    """The field that "clear the note of X" names, "" for none."""
    found = _CLEAR.search(unsaid(words))
    return found["field"] if found else ""


def _certain(tokens: list[str], title: str) -> str:
    """These tokens as a name, where they can be nothing else: in quotes, each with a capital, or a single one."""
    text = " ".join(tokens)
    if quote := _QUOTED.fullmatch(text):
        return next(group for group in quote.groups() if group is not None).strip()
    capital = all(token[:1].isupper() or token[:1].isdigit() for token in tokens)
    plain = len(tokens) <= _LONGEST_NAME and all(token.replace("-", "").replace("&", "a").isalnum() for token in tokens)
    vague = any(token.casefold() in _VAGUE | _SAME | _STOPS | {"it", "them", "something", "one"} for token in tokens)
    return _name(tokens, title) if tokens and plain and not vague and (capital or len(tokens) == 1) else ""


def done_to(words: str, title: str) -> str:
    """The name right after the first word, "" where there is none: "add Ben to the group"."""
    return _capitals(words.split()[1:], title)[0]


def surely_done_to(words: str, things: Mapping[str, str], title: str) -> str:
    """The same where it is certain: all that the verb is about, and neither the word for a thing nor whose thing it is."""
    name, rest = _capitals(words.split()[1:], title)
    alone = not rest or rest[0].casefold().rstrip(_END) in _STOPS
    return name if alone and not name.endswith(("'s", "\u2019s", "'")) and name.partition(" ")[0].casefold() not in things else ""


def _capitals(tokens: list[str], title: str) -> tuple[str, list[str]]:
    """The name of capitalised words that the tokens begin with, "" where there is none, and the tokens after it."""
    run: list[str] = []
    for token in tokens[:_LONGEST_NAME]:
        if not token[:1].isupper() or token.rstrip(_END).casefold() in _CALENDAR:
            break
        run.append(token.rstrip(_END))
        if token[-1] in _END:
            break
    return _name(run, title), tokens[len(run) :]


def _opens(token: str) -> bool:
    return token.casefold() in _OPENING | _PLACING


def _ends(following: list[str]) -> bool:
    """Whether a word for a thing is not the first of a longer one, as in "workspace members"."""
    word = following[0].casefold().strip(_END) if following else ""
    return not word or word in _STOPS or word in _GOES_ON or word in _CALENDAR or not word[0].isalnum()


def _run(tokens: list[str], title: str) -> str:
    """The name that the tokens begin with, "" where there is none or its end is in doubt."""
    run: list[str] = []
    for token in tokens:
        word = token.rstrip(_END)
        if not word[:1].isupper() and not word[:1].isdigit():
            break
        if word.casefold() in _CALENDAR or not word.removesuffix("'s").replace("-", "").replace(".", "").isalnum():
            break
        run.append(word)
        if word != token:  # a mark ends it
            return _name(run, title)
    rest = tokens[len(run) : len(run) + 2]
    if not run or not rest:
        return _name(run, title)
    following, beyond = rest[0].rstrip(_END).casefold(), rest[1] if len(rest) > 1 else ""
    if following in _GOES_ON and beyond[:1].isupper() and not _known_capital(beyond, title):
        return ""
    surely = following in _GOES_ON or following in _STOPS or following in _CALENDAR or not following
    return _name(run, title) if surely and not run[-1].endswith("'s") else ""


def _known_capital(token: str, title: str) -> bool:
    word = token.rstrip(_END).casefold()
    return word == title.casefold() or word in _CALENDAR


def _name(run: list[str], title: str) -> str:
    name = " ".join(run)
    return "" if name.casefold() == title.casefold() else name
