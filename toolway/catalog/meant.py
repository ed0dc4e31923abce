"""What a verb of a request does not mean: refused, done before, or done to a part of a thing and not to the thing."""

from collections.abc import Sequence, Set
from functools import cache
from typing import Final, NamedTuple

from toolway.catalog.terms import fold, stem
from toolway.catalog.tongues import GONE, NOT, Tongue, tongues

_HARDLY: Final = 0.75
"""What words count in a clause that refuses: they still name things."""

_TELLS_ALIKE: Final = stem("deleted")
"""What stands in a tool that tells of what was deleted, however people call that."""

_TOLD_MORE: Final = 1.5
"""What that counts: it says which of all there was."""

_BREAKS: Final = frozenset(["but", "only", "just", "so"])
"""What ends a clause, as a comma does."""

_BEING_NOT: Final = frozenset(["isn't", "aren't", "wasn't", "weren't", "isnt", "arent", "wasnt", "werent"])
_BEING: Final = frozenset(["is", "are", "was", "were"])
_BECOMING: Final = frozenset(["to", "going", "supposed", "meant", "allowed", "be"])
_YET_DONE: Final = frozenset(["forget", "forgot", "hesitate", "fail", "only", "worry"])
"""After a negation: "don't forget to" wants it done."""

_PEOPLE: Final = frozenset(["i", "we", "you", "he", "she", "they", "it", "anyone", "anybody", "someone", "somebody"])
_WEIGHING: Final = frozenset(["should", "shall", "if", "before", "unless", "whether", "until"])
"""With one of the people after it: "should I delete", "before we delete"."""

_LEAVING: Final = frozenset(["stop", "quit"])
_DOING_SO: Final = _LEAVING | frozenset(["without", "before"])
"""With a word in -ing after it."""

_TOLD: Final = _PEOPLE | frozenset(["who", "was", "were", "been", "is", "are", "have", "has", "had", "recently", "just", "already", "ever"])
"""Right before a word for something that was done."""

_SURE: Final = frozenset(["ensure", "sure"])
_WANTED: Final = _SURE | frozenset(["want", "wants", "need", "needs", "have", "get", "like", "wish"])
"""Before it, where nothing follows: "I want the tag deleted"."""

_ITS: Final = frozenset(["the", "my", "our", "your", "recycle"])
"""Before a word that names a thing then: "empty the trash"."""

_REFUSING_LATE: Final = ("de", "nl", "sv", "da", "no", "fi", "tr", "hi", "ja", "ko")
_TO_BE: Final = ("be", "being")
_OWN: Final = ("'s", "s'")
_BETWEEN: Final = frozenset(["of", "from", "in", "on", "for", "at", "to", "off"])


class Token(NamedTuple):
    """A word of a request: the terms to look for with their weights, and what it says to do."""

    text: str
    terms: dict[str, float]
    actions: tuple[str, ...]
    joint: bool  # stands between two wishes
    cut: int  # 2: a sentence ends, 1: a comma
    at: int  # where it stands
    name: bool = False  # written as a name
    run: bool = False  # written as one of several words of a name
    many: bool = False  # names several of a kind
    no: str = ""  # refuses: NOT, or WITHOUT
    void: bool = False  # said what is not to be done
    only: str = ""  # a deletion: of the tools for that, those with this term in their name


def as_meant(tokens: Sequence[Token], tongue: Tongue, naming: Set[str]) -> list[Token]:
    """The tokens, of which those say no more what to do that only seem to. `naming` are terms that stand in the names of tools."""
    if tongue.name != "en":
        return _elsewhere(tokens, tongue)
    text = [token.text.casefold().replace("\u2019", "'") for token in tokens]
    found = _told(tokens, text, tongue)
    return _of_parts(_refused(found, text, tongue), text, tongue, naming)


def _elsewhere(tokens: Sequence[Token], tongue: Tongue) -> list[Token]:
    """What another language refuses stands behind the word that refuses, in some before it as well: "lösche das Projekt nicht".

    There a word before it is taken for refused where it would delete: "ändere ihn auf nicht abrechenbar" is none.
    """
    made = list(tokens)
    start = 0
    for end in range(len(tokens) + 1):
        if end < len(tokens) and not (tokens[end].cut or tokens[end].joint):
            continue
        first = next((at for at in range(start, end) if tokens[at].no), end)
        if any(fold(token.text).startswith(tongue.forgetting) for token in tokens[start:end]):
            first = end  # "no olvides": it is to be done
        if tongue.name in _REFUSING_LATE and any(token.no == NOT for token in tokens[first:end]):
            first = next((at for at in range(start, first) if "delete" in tokens[at].actions), first)
        made[first:end] = [_void(token) for token in tokens[first:end]]
        start = end
    return made


def _without_delete(actions: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(action for action in actions if action != "delete")


def _ends(token: Token, word: str) -> bool:
    return bool(token.cut) or token.joint or word in _BREAKS or word.endswith(":")


def _void(token: Token) -> Token:
    if token.actions:
        return token._replace(terms={}, actions=(), void=True)
    return token._replace(terms={term: _HARDLY * worth for term, worth in token.terms.items()})


def _refused(tokens: Sequence[Token], text: Sequence[str], tongue: Tongue) -> list[Token]:
    """The tokens without what a negation stands before, up to the end of its clause: "do not delete the tag"."""
    made = list(tokens)
    if _signs().isdisjoint(text):
        return made
    reach = lost = 0
    refused = False
    for place, token in enumerate(tokens):
        if _ends(token, text[place]):
            if refused and text[place] in _BREAKS:
                made[place] = token._replace(terms={})
            reach = lost = 0
            continue
        opened = _opens(tokens, text, place, tongue)
        if opened:
            reach, refused = max(reach, opened), True
            made[place] = token._replace(terms={}, actions=())
        elif text[place] in tongue.refusing and "delete" not in token.actions:
            made[place] = token._replace(actions=())
        elif reach and token.actions != (GONE,):
            made[place] = _void(token)
            lost |= "delete" in token.actions
            reach -= 1
        elif lost:
            made[place] = _void(token)
    return made


@cache
def _signs() -> frozenset[str]:
    """The words without one of which nothing is refused."""
    return _WEIGHING | _DOING_SO | _BEING_NOT | {word.partition("_")[0] for word in tongues()["en"].refusing}


def _opens(tokens: Sequence[Token], text: Sequence[str], place: int, tongue: Tongue) -> int:
    """How many words a negation that stands here reaches, 0 when none does."""
    word, rest = text[place], [other for other in text[place + 1 : place + 4] if other != text[place]]
    after = rest[0] if rest else ""
    before = next((other for other in reversed(text[:place]) if other != word), "")
    if "delete" in tokens[place].actions:
        return 0  # "not needed"
    far = len(tokens)
    if word in tongue.refusing or word in _BEING_NOT:
        if after in _YET_DONE or (before == "why" and (word == "not" or after in _PEOPLE)):
            return 0
        if after == "be" and not any("delete" in token.actions for token in tokens[place : place + 5]):
            return 0  # "must not be open": how it is to be
        if (before in _BEING or word in _BEING_NOT) and after not in _BECOMING:
            return 1
        return far
    if f"{word}_{after}" in tongue.refusing or f"{before}_{word}" in tongue.refusing:
        return far
    if word in _WEIGHING and after in _PEOPLE:
        return far
    if word in _LEAVING and not (place + 1 < len(tokens) and "delete" in tokens[place + 1].actions):
        return 0  # "stop tracking"
    return far if word in _DOING_SO and after.endswith("ing") else 0


def _told(tokens: Sequence[Token], text: Sequence[str], tongue: Tongue) -> list[Token]:
    """The tokens, of which those tell what is meant that speak of what was deleted before: "the deleted entries", "what did Ben delete"."""
    made = list(tokens)
    start = 0
    for place, token in enumerate(tokens):
        if token.cut or token.joint:
            start = place + 1
        if "delete" not in token.actions:
            continue
        before = text[place - 1] if place > start else ""
        said = text[start:place]
        done = text[place].endswith("ed") and text[place] not in tongue.spelt
        last = place + 1 == len(tokens) or not tokens[place + 1].terms
        wanted = before in _TO_BE or (last and not (_SURE if before in _TOLD else _WANTED).isdisjoint(said))
        if (done and not wanted) or "did" in said:
            made[place] = token._replace(
                terms=dict.fromkeys((*token.terms, _TELLS_ALIKE), _TOLD_MORE), actions=_without_delete(token.actions)
            )
        elif not done and before in _ITS:
            made[place] = token._replace(terms=dict.fromkeys(token.terms, 1.0), actions=_without_delete(token.actions))
    if any(_TELLS_ALIKE in token.terms and "delete" not in token.actions for token in made):
        made = [token._replace(actions=()) if token.actions == (GONE,) else token for token in made]  # "I deleted it by accident"
    return made


def _of_parts(tokens: list[Token], text: Sequence[str], tongue: Tongue, naming: Set[str]) -> list[Token]:
    """The tokens, of which those say to change a thing that remove a part of it, or take something from it."""
    made = list(tokens)
    for place, token in enumerate(tokens):
        if "delete" not in token.actions:
            continue
        end = _object_end(tokens, text, place)
        until = next((at for at in range(place + 2, end) if text[at] in _BETWEEN), end)
        things = [at for at in range(place + 1, until) if tokens[at].terms and not tokens[at].name]
        roots = [stem(text[at]) for at in things]
        named = any(not naming.isdisjoint(tokens[at].terms) for at in things)
        whence = next((at for at in range(place + 1, end) if text[at] in ("from", "off") or text[at - 1 : at + 1] == ["out", "of"]), end)
        sources = {stem(text[at]) for at in range(whence, end)}
        holding = not sources.isdisjoint(tongue.holders & naming) or (not named and not sources.isdisjoint(tongue.wholes))
        if roots and roots[-1] in tongue.aspects and (until < end or not named or any(word.endswith(_OWN) for word in text[place:end])):
            made[place] = token._replace(actions=("update",))
        elif holding and tongue.owned.isdisjoint(roots):
            made[place] = token._replace(actions=("delete", "update"), only="from")
            made[place + 1 : whence] = [other._replace(joint=False, cut=0) for other in tokens[place + 1 : whence]]
        elif roots and roots[-1] in tongue.wholes:
            made[place] = token._replace(only=roots[-1])
    return made


def _object_end(tokens: Sequence[Token], text: Sequence[str], place: int) -> int:
    """Where that ends what is done to: "Ben and Ana from the project" is one."""
    end = soft = place + 1
    while soft < len(tokens):
        end = soft
        soft = next((at for at in range(end + 1, len(tokens)) if _ends(tokens[at], text[at])), len(tokens))
        acts = any(token.actions not in ((), (GONE,)) for token in tokens[end:soft])
        if end > place + 1 and (acts or tokens[end].cut > 1 or text[end] in _BREAKS):
            return end
    return len(tokens)
