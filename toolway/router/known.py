"""What a request says for certain about a tool's arguments. Pure.

Certain are its `known_fields` ("k:v, k:v"), names in quotes or right after the word for the thing ("project Lynx"), days and moments as
ISO 8601 writes them, e-mail addresses and URLs; and each only where one argument alone can be meant and takes it. Everything else is
left to the agent, which has read the whole conversation.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any, Final, cast

import msgspec
from msgspec import Struct, structs

from toolway.calls import span
from toolway.calls.arguments import check
from toolway.catalog.model import Json, Param, Tool, Toolkit
from toolway.catalog.schema import due
from toolway.catalog.terms import stem
from toolway.errors import BadArgument
from toolway.router import lexicon, mentions, periods

MOST_READ: Final = 2000
"""Characters of known_fields that are read."""

_MOST_FIELDS, _LONGEST_KEY, _LONGEST_VALUE = 30, 60, 200
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_NEXT_FIELD = re.compile(r"[,;\n]\s{0,8}(?=[^\W\d_][\w .-]{0,59}:)")
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}(?![\w-])")
_URL = re.compile(r"https?://[^\s\"'<>]{1,200}[\w/]")
_IT = re.compile(r"\b(?:it|them)\b", re.IGNORECASE)
_FIRST = re.compile(r"\W*(?:(?:and|then|please)\W+){0,3}(\w+)", re.IGNORECASE)
_ON = frozenset(["on"])
_RENAME = re.compile(r"\brename\b", re.IGNORECASE)


class Known(Struct, frozen=True):
    """What came with a request: its words, and the known fields by their plain keys. `cut` tells that some were too much to read.

    Where the words are a part of a request, `around` is the whole of it: there stands what "it" and "them" mean.
    """

    words: str
    fields: Mapping[str, str] = {}
    cut: bool = False
    around: str = ""


def read(words: str, known_fields: Any = None) -> Known:
    """What a request and its known fields say. What is no text, too long or holds control characters is passed over, never an error."""
    words = _CONTROL.sub(" ", words).strip()
    pairs: Iterator[tuple[Any, Any]]
    cut = isinstance(known_fields, str) and len(known_fields) > MOST_READ
    if isinstance(known_fields, str):
        text = known_fields[:MOST_READ]
        held = _object(text)
        pairs = iter(held.items()) if held else _pairs(text)
    else:
        pairs = iter(cast("Json", known_fields).items() if isinstance(known_fields, dict) else ())
    fields: dict[str, str] = {}
    for key, value in pairs:
        if isinstance(value, bool):
            value = str(value).lower()
        text = str(value).strip().strip('"') if isinstance(value, str | int | float) else ""
        fits = 0 < len(text) <= _LONGEST_VALUE and len(str(key)) <= _LONGEST_KEY and not _CONTROL.search(text)
        if fits and len(fields) < _MOST_FIELDS:
            fields.setdefault(plain(str(key)), text)
        else:
            cut = True
    return Known(words, fields, cut)


def _object(text: str) -> Json:
    """Known fields that some models write as a JSON object."""
    if not text.lstrip().startswith("{"):
        return {}
    try:
        held = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return {}
    return cast("Json", held) if isinstance(held, dict) else {}


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for part in _NEXT_FIELD.split(text):
        key, colon, value = part.partition(":")
        if colon and value.strip():
            yield key.strip(), value


def plain(name: str) -> str:
    """A name without case and what stands between its words."""
    return name.replace("-", "").replace("_", "").replace(" ", "").casefold()


def arguments(tool: Tool, kit: Toolkit, known: Known) -> Json:
    """The arguments of a tool that are certain, as its call would take them."""
    filling = _Filling(tool, kit)
    filling.told(known.fields)
    filling.named(known.words)
    if known.around and _IT.search(known.words):
        filling.named(known.around, things_only=True)
    filling.done_to(known.words)
    filling.written(known.words)
    filling.timed(known.words)
    filling.switched(known.words)
    filling.whose(known.words)
    return {param.given: filling.made[param.given] for param in tool.params if param.given in filling.made}


def unsettled(tool: Tool, kit: Toolkit, known: Known, made: Json) -> list[tuple[str, ...]]:
    """Arguments that the request speaks of and that are not certain: of each group it names one. `made` are the certain ones."""
    filling = _Filling(tool, kit)
    filling.made = made
    return [group for group in filling.unsettled(known.words) if group]


def own_noun(tool: Tool, kit: Toolkit) -> str:
    """The noun that a tool is about: that of the last place of its path, or the one that its path lists; "" for none."""
    if not tool.path.endswith("}"):
        listed = (noun.name for noun in kit.nouns.values() if noun.list in kit.tools and kit.tools[noun.list].path == tool.path)
        return next(listed, "")
    last = next((p for p in tool.params if tool.path.endswith(f"{{{p.field.name}}}")), None)
    return last.field.kind.noun if last else ""


class _Filling:
    """The arguments of one tool while they are found; what stands first stays."""

    def __init__(self, tool: Tool, kit: Toolkit) -> None:
        self.made: Json = {}
        self._tool = tool
        self._kit = kit
        self._nouns = kit.nouns_of(tool)
        self._own = own_noun(tool, kit)
        self._params = [p for p in tool.params if p.place != "whole" and p.field.kind.word not in ("object", "schema", "any", "file")]
        self._texts = {p.given: p for p in self._params if p.given != "name" and p.field.about.startswith("Name of ")}
        self._things = mentions.vocabulary(kit) | {word: word for word in self._texts}

    def _put(self, param: Param | None, value: Any) -> None:
        """Fill an argument, provided that its call would take the value."""
        if param is None or param.given in self.made or value in ("", [], None):
            return
        try:
            taken = check(structs.replace(self._tool, params=(param,), merge=None), self._kit, {param.given: value})
        except BadArgument:
            return
        self.made |= taken

    def told(self, fields: Mapping[str, str]) -> None:
        """Known fields, by the argument's name, by that of its noun ("project", "project name"), or by that of the thing to create."""
        for key, value in fields.items():
            exact = next((p for p in self._params if plain(p.given) == key), None)
            noun = next((n for n in self._nouns if key in (n, f"{n}s", f"{n}name", f"{n}id")), "")
            param = exact or (self._of(noun) if noun else None)
            if param is not None and param.field.many:
                items = [item.strip() for item in re.split(r"[|,]", value)]
                self._put(param, items if not any(" and " in item for item in items) else None)
            else:
                self._put(param, value)

    def _of(self, noun: str) -> Param | None:
        """The one argument that takes the name of such a thing: where one is created, its name. Some are called as the thing itself."""
        if noun in self._texts:
            return self._texts[noun]
        if noun == self._own and self._tool.effect == "create" and not self._tool.path.endswith("}"):
            return self._named("name")
        fitting = [p for p in self._params if p.field.kind.noun == noun]
        needed = [p for p in fitting if p.field.required]
        return fitting[0] if len(fitting) == 1 else needed[0] if len(needed) == 1 else None

    def named(self, words: str, things_only: bool = False) -> None:
        """Names in quotes, and those that stand right after the word for the thing; `things_only` takes none without such a word."""
        words = self._become(words) if self._tool.effect == "update" and not things_only else words
        others, tongue = lexicon.foreign(words, self._kit, self._things)
        vocabulary = others | self._things
        quoted = list(mentions.quoted(words, vocabulary))
        own, title = self._of(self._own) if self._own else None, self._kit.title
        name = self._renaming(words)
        if own and name and not things_only:
            both = mentions.renamed(words, vocabulary, self._kit.title)
            if both is None and len(quoted) == 2:
                both = "", quoted[0].name, quoted[1].name
            if both is not None and both[0] in ("", self._own):
                self._put(own, both[1])
                self._put(name, both[2])
                return
            if again := mentions.renamed_it(words, self._kit.title):
                self._put(name, again)
        after = [*mentions.unquoted(words, vocabulary, title), *mentions.small(words, vocabulary, self._kit)]
        found = [*quoted, *(m for m in after if not lexicon.means_something(m.name, tongue)), *self._before(words)]
        for one in {m.of for m in found}:
            meant = [m for m in found if m.of == one]
            if len(meant) == 1 and (one in self._nouns or one in self._texts) and meant[0].sure:
                self._put(self._of(one), meant[0].name)
        unsaid = [m for m in found if m.of in ("", "called")]
        if len(unsaid) == 1 and not things_only:
            self._put(self._only(own, unsaid[0].of == "called"), unsaid[0].name)

    def _become(self, words: str) -> str:
        """Fill the text that a field is to have from now on, or nothing where it is to be cleared; gives the words without that text."""
        if found := mentions.becomes(words, self._kit.title):
            field, value, rest = found
            written = [p for p in self._params if p.place == "body" and plain(p.given) == plain(field)]
            fitting = [p for p in written if p.field.kind.word in ("text", "email", "url", "choice") and not p.field.many]
            self._put(fitting[0] if fitting else None, value)
            return rest if fitting else words
        param = self._named(mentions.cleared(words).casefold())
        if param and self._tool.merge and param.place == "body" and param.given != "name" and not param.field.required:
            self.made.setdefault(param.given, None)  # such a call takes null, which clears
        return words

    def _named(self, name: str) -> Param | None:
        return next((p for p in self._params if p.given == name and p.field.kind.word == "text"), None)

    def _renaming(self, words: str) -> Param | None:
        """The argument that takes the new name of the tool's own thing, where the request wants another one."""
        noun = self._nouns.get(self._own)
        return self._named(noun.field if noun else "name") if self._tool.effect == "update" and _RENAME.search(words) else None

    def _before(self, words: str) -> list[mentions.Mention]:
        """Names before the word for the thing. In small letters those of places count, in which everything else stands."""
        places = {name for name, noun in self._kit.nouns.items() if noun.default and name in self._kit.places}
        return list(mentions.before(words, self._things, self._kit.title, places))

    def unsettled(self, words: str) -> Iterator[tuple[str, ...]]:
        """The arguments, one of which the request speaks of without saying for certain what it is."""
        name = self._named("name") if self._tool.effect == "create" else self._renaming(words)
        if name and name.given not in self.made:
            yield (name.given,)
        yield from self._when(mentions.unsaid(words))
        nouns = [p for p in self._params if p.field.kind.noun]
        unsure = [m for m in mentions.small(words, self._things, self._kit) if not m.sure]
        for one in {m.of for m in (*self._before(words), *unsure)}:
            taking = [p.given for p in nouns if p.field.kind.noun == one]
            if self.made.keys().isdisjoint(taking):
                yield tuple(taking)
        said = {str(value).casefold() for value in self.made.values()}
        said |= {choice.casefold() for p in self._tool.params for choice in p.field.kind.choices}
        own = self._own if self._tool.effect == "update" else ""
        left = [p for p in nouns if not p.field.many and p.given not in self.made and p.field.kind.noun != own]
        if any(name.casefold() not in said for name in mentions.within(words, self._things, self._kit.title)):
            yield tuple(p.given for p in left)
        timed = self._tool.effect != "read" and self._tool.span is not None
        if timed and any(name.casefold() not in said for name in mentions.within(words, self._things, self._kit.title, _ON)):
            yield tuple(p.given for p in left if not self._nouns[p.field.kind.noun].default)
        if self._tool.effect != "read" and (name := mentions.done_to(words, self._kit.title)) and name.casefold() not in said:
            yield tuple(p.given for p in left if p.field.kind.noun not in self._kit.places)
        yield from (tuple(p.given for p in self._for(one)) for one in self._loose(words))

    def whose(self, words: str) -> None:
        """The one name that nothing else took, where something is read and one argument alone is left for it: "what did Elena do"."""
        names = self._loose(words)
        left = self._for(names[0]) if len(names) == 1 and names[0].sure and self._tool.effect == "read" else []
        self._put(left[0] if len(left) == 1 else None, names[0].name if names else None)

    def _loose(self, words: str) -> list[mentions.Loose]:
        """Names of somebody or something that are in no argument yet."""
        said = " ".join(str(value).casefold() for value in self.made.values())
        return [one for one in mentions.loose(words, self._things, self._kit.title) if one.name.casefold() not in said]

    def _for(self, one: mentions.Loose) -> list[Param]:
        """The arguments that may take such a name: what people do only those that take a person, where there are any."""
        own = self._own if self._tool.effect == "update" else ""
        left = [p for p in self._params if p.field.kind.noun and not p.field.many and p.given not in self.made]
        left = [p for p in left if p.field.kind.noun not in self._kit.places and p.field.kind.noun != own]
        person = self._things.get("person", "")
        if self._own == person and self._tool.effect == "read" and not self._tool.path.endswith("}"):
            return []  # who is spoken of is among those that it lists
        people = [p for p in left if p.field.kind.noun == person]
        return people if people and (one.doing or (one.whose and self._tool.effect != "read")) else left

    def _when(self, words: str) -> Iterator[tuple[str, ...]]:
        """The day or the ends of a period that a call is told of. Of what is changed a day tells only which one it is."""
        if self._tool.effect == "read":
            clocks = [p for p in self._params if p.field.kind.word in ("time", "wall", "date") and not p.field.many]
            pair = _pair(clocks)
            wanted = pair or [p for p in clocks if p.field.kind.word == "date"]
            told = (periods.day_told(words) or (pair and periods.now_told(words))) and self.made.keys().isdisjoint(p.given for p in wanted)
            yield from ((p.given,) for p in wanted if told)
            return
        if self._tool.span is None:
            return
        ends = {self._tool.span.start.partition(".")[2], self._tool.span.end.partition(".")[2]}
        left = [p.given for p in self._params if p.field.name in ends and p.given not in self.made]
        clock, part = periods.clock_told(words), periods.part_told(words)
        if periods.lasting(words) or (self._tool.effect == "create" and (clock or part or periods.day_told(words))):
            yield from ((end,) for end in left)
        elif clock and len(left) == len(ends):
            yield tuple(left)

    def done_to(self, words: str) -> None:
        """The name right after the verb, where one argument alone is left that the call is about: "add Ben to the group QA"."""
        nouns = (p for p in self._params if p.field.required and p.field.kind.noun and p.field.kind.noun not in self._kit.places)
        left = [p for p in nouns if p.given not in self.made]
        if self._tool.effect != "read" and len(left) == 1 and not left[0].field.many:
            self._put(left[0], mentions.surely_done_to(words, self._things, self._kit.title))

    def _only(self, own: Param | None, called: bool) -> Param | None:
        """Where a name without a word for it belongs: to the tool's own thing, else to the one name that is due."""
        if own is not None:
            return own if own.given not in self.made else None
        open_ones = [p for p in self._params if due(p.field, self._nouns)]
        names = [p for p in open_ones if p.field.kind.word == "noun" or (p.field.kind.word == "text" and (p.given == "name" or called))]
        return names[0] if len(names) == 1 == len(open_ones) else None

    def switched(self, words: str) -> None:
        """What a change turns on or off where the request begins with the verb for it: (un)archive, and the argument is archived."""
        found = _FIRST.match(words)
        if found is None or self._tool.effect != "update":
            return
        verb = found[1].casefold()
        for meant, on in ((verb, True), (verb.removeprefix("un"), False)):
            switches = [p for p in self._params if p.field.kind.word == "bool" and stem(p.given.casefold()) == stem(meant)]
            self._put(switches[0] if len(switches) == 1 else None, on)

    def written(self, words: str) -> None:
        """E-mail addresses and URLs, where there is one and one argument that takes it."""
        for kind, pattern in (("email", _EMAIL), ("url", _URL)):
            fitting = [p for p in self._params if p.field.kind.word == kind or (p.given == kind and p.field.kind.word == "text")]
            found = set(pattern.findall(words))
            if len(fitting) == 1 == len(found):
                self._put(fitting[0], found.pop())

    def timed(self, words: str) -> None:
        """Days and moments. A day is a whole period only where something is read; when work began on it nobody can know."""
        moments, days = periods.moments(words), periods.days(words)
        clocks = [p for p in self._params if p.field.kind.word in ("time", "wall", "date") and not p.field.many]
        pair = _pair(clocks)
        if pair is not None:
            first, last = pair
            if self._tool.effect == "create" and (period := periods.period(mentions.unsaid(words))):
                self._bound(pair, *period)
            elif len(moments) == 2 and not days and periods.in_order(*moments):
                self._bound(pair, *moments)
            elif self._tool.effect == "read" and not moments and len(days) in (1, 2):
                whole = len(days) == 2 or periods.that_day(words)
                begin, end = days[0], days[-1]
                if whole and periods.in_order(begin, end):
                    self._bound(pair, _edge(first, begin, "00:00:00"), _edge(last, end, span.last_clock(last.field)))
            return
        plain_days = [p for p in clocks if p.field.kind.word == "date"]
        if len(plain_days) == 1 == len(days) and not moments:
            self._put(plain_days[0], days[0])
        needed = [p for p in clocks if p.field.kind.word != "date" and p.field.required]
        if len(needed) == 1 == len(moments) and not days:
            self._put(needed[0], moments[0])

    def _bound(self, pair: tuple[Param, Param], begin: str, end: str) -> None:
        """Fill both ends of a period, save one that is longer or shorter than the tool takes."""
        given = {pair[0].given: begin, pair[1].given: end}
        try:
            span.check(self._tool, given, given, {})
        except BadArgument:
            return
        for param in pair:
            self._put(param, given[param.given])


def _pair(clocks: list[Param]) -> tuple[Param, Param] | None:
    """The one pair of arguments that bound a period."""
    pairs = [
        (a, b)
        for a, b in combinations(clocks, 2)
        for start, end in (("start", "end"), ("from", "to"), ("since", "until"))
        if plain(a.given).endswith(start) and plain(b.given) == plain(a.given).removesuffix(start) + end
    ]
    return pairs[0] if len(pairs) == 1 else None


def _edge(param: Param, day: str, clock: str) -> str:
    """A moment of a day; the day alone where that is what is taken."""
    return day if param.field.kind.word == "date" else f"{day}T{clock}"
