"""What can be called, as values: a toolkit, its tools, and the lines that describe their parameters.

These objects are what the reader makes of the TOML of a toolkit folder. They hold no behaviour beyond look-ups, are frozen, and
know nothing of HTTP clients, accounts or sessions.
"""

from functools import cached_property
from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType, structs

Json = dict[str, Any]
Effect = Literal["read", "create", "update", "destroy"]
Place = Literal["path", "query", "body", "header", "whole"]
Send = Literal["json", "form", "none"]
Plain = Literal["text", "int", "number", "bool", "time", "wall", "date", "email", "url", "label", "file", "any"]
Word = Literal[Plain, "noun", "choice", "object", "schema"]


class Kind(Struct, frozen=True):
    """The type of a value.

    `word` says which; `noun` names the [nouns.X] of a `noun`; `choices` the values of a `choice`; `fields` the members of an
    `object`; `schema` the JSON Schema of a `schema`; `low` and `high` bound the length of a text or the size of a number; `mark` is what
    a `wall` is sent with at its end (`Z` or nothing). `named` is the [types.X] that it stands for, empty when it was written in place.
    """

    word: Word
    noun: str = ""
    choices: tuple[str, ...] = ()
    fields: tuple["Field", ...] = ()
    schema: Json | None = None
    low: float | None = None
    high: float | None = None
    mark: str = ""
    named: str = ""


class Field(Struct, frozen=True):
    """A named value: one line of a toolkit file.

    `name` is the upstream name to the letter. `many` makes it a list of `kind`. `default` is sent when nothing is given.
    """

    name: str
    kind: Kind
    many: bool = False
    required: bool = False
    default: Any | UnsetType = UNSET
    about: str = ""


class Param(Struct, frozen=True):
    """One top-level argument of a tool: a field, and the place in the request where it goes.

    Dotted body lines (`body.filter.page`) stand together as one object field (`filter`), whose default is the defaults of its members.
    `given` is the name that the agent uses: the upstream name, save where the tool renames it with `as`.
    """

    place: Place
    field: Field
    given: str


class Pages(Struct, frozen=True):
    """How a list is paged: dotted places of page and size (`query.page`, `body.detailedFilter.page`), the number of the first page,
    and how one sees that more follows: `short` (a page that is not full is the last), `header NAME`, or `cursor FIELD`.
    """

    page: str
    size: str = ""
    first: int = 1
    more: str = "short"


class Span(Struct, frozen=True):
    """A period: the dotted places of its two ends, and from how many days (`least`) to how many (`most`, None: any) it may go on;
    `when` names the plan for which that holds (empty: always).
    """

    start: str
    end: str
    least: int = 0
    most: int | None = None
    when: str = ""


class Merge(Struct, frozen=True):
    """A PUT that replaces: the read tool whose reply is laid under the body, where a written field is read under another name, and the
    fields that the service keeps by itself, which are sent only when they are given. Where that tool reads a list, `by` is the field
    that tells the item; of a body that is a list it is that of `Each`.
    """

    source: str
    renames: dict[str, str] = {}
    left: tuple[str, ...] = ()
    by: str = ""


class Each(Struct, frozen=True):
    """Several things at once: the place of the list that names them (`whole.entries`, `query.ids`), and the field by which each is known,
    in the items of that list where they are objects, and in the rows of the reply.
    """

    of: str
    by: str


class Fault(Struct, frozen=True):
    """What a refusal means: `status`, the vendor's own `code` in the body (empty: any), the meaning, and a sentence for the agent."""

    status: int
    code: str
    means: str
    say: str = ""


class Tool(Struct, frozen=True):
    """One operation of a service.

    `name` is the table name in the file, `path` keeps its `{places}`, `fixed` holds constants by place (`{"body": {...}}`), `view`
    the dotted names that an agent gets (empty: everything), `fails` what a refusal of this tool asks for, said before what the toolkit
    says of it (no `means`: that is the toolkit's), `line` where the tool stands (`time_entries.toml:11`).
    """

    slug: str
    toolkit: str
    name: str
    title: str
    about: str
    method: str
    host: str
    path: str
    effect: Effect
    params: tuple[Param, ...] = ()
    fixed: dict[str, Json] = {}
    send: Send = "json"
    pages: Pages | None = None
    span: Span | None = None
    list_key: str = "items"
    merge: Merge | None = None
    each: Each | None = None
    view: tuple[str, ...] = ()
    fails: tuple[Fault, ...] = ()
    asks: tuple[str, ...] = ()
    spec: str = ""
    why_no_spec: str = ""
    retire: str = ""
    line: str = ""

    def param(self, given: str) -> Param | None:
        """The parameter that the agent calls `given`, or None."""
        return next((p for p in self.params if p.given == given), None)

    @property
    def whole(self) -> Param | None:
        """The parameter that is the body, where that is a list."""
        return next((p for p in self.params if p.place == "whole"), None)


class Noun(Struct, frozen=True):
    """A thing that has an id and a name: how names are looked up.

    `list` is the read tool that lists them, `name` and `id` the fields of its items, `looks_like` a regular expression of ids (what
    matches is never looked up), `default` a tool and a field of its reply used when the argument is left out, `tell_apart` further
    fields that distinguish namesakes, `within` arguments that the list tool needs too, `query` the list tool's argument that
    narrows by name upstream (empty: none). `list_first`: a plan lists them before it takes one, because what stands for a name seldom
    tells one from the others.
    """

    name: str
    list: str
    field: str = "name"
    id: str = "id"
    looks_like: str = ""
    default: tuple[str, str] | None = None
    tell_apart: tuple[str, ...] = ()
    within: tuple[str, ...] = ()
    query: str = ""
    list_first: bool = False

    @property
    def plural(self) -> str:
        """The noun as one says it of several."""
        return f"{self.name[:-1]}ies" if self.name[-2:-1] not in "aeiou" and self.name.endswith("y") else f"{self.name}s"


class Clock(Struct, frozen=True):
    """By whose clock moments are meant.

    `zone` is a read tool and the field of its reply that names the user's time zone, `given` the argument by which a call names another
    (empty: none does).
    """

    zone: tuple[str, str]
    given: str = ""


class Auth(Struct, frozen=True):
    """One way to prove who calls.

    `mode` is the contract's word (API_KEY, BEARER_TOKEN, BASIC, NO_AUTH, OAUTH2, S2S_OAUTH2), `header`, `query` or `bearer` where the key
    goes, `about` where a person finds the key, `page` the vendor's page for it. `also` are further headers that it takes, each with the
    name of what is typed for it and a sentence. `claims` are for a token that tells itself (a JWT) where it belongs: hosts by the claim
    that names their address.

    Of OAuth2: the addresses `authorize`, `token` and `revoke` (empty: the operator's auth config has to say them), the `issuer` by which
    the provider names itself in its answers (`names_itself`: in all of them), and the `scopes` to ask for.
    """

    mode: str
    about: str = ""
    header: str = ""
    query: str = ""
    bearer: bool = False
    page: str = ""
    also: tuple[tuple[str, str, str], ...] = ()
    claims: dict[str, str] = {}
    authorize: str = ""
    token: str = ""
    revoke: str = ""
    issuer: str = ""
    names_itself: bool = False
    scopes: tuple[str, ...] = ()


class Check(Struct, frozen=True):
    """The call that proves a fresh connection, and the field of its reply that names it for people."""

    method: str
    host: str
    path: str
    label: str = ""


class Rate(Struct, frozen=True):
    """At most `most` calls per `per` (second, minute, hour, day); `when` names the plan it holds for (empty: always)."""

    most: int
    per: str
    when: str = ""


class Toolkit(Struct, frozen=True, dict=True):  # the dict keeps what is worked out once
    """A service: who it is, where it lives, how one proves oneself, and its tools by table name.

    `words` are what people call what tools name otherwise; `lacks` what people ask of the service and no tool of these does.
    """

    slug: str
    title: str
    about: str
    hosts: dict[str, str]
    regions: dict[str, dict[str, str]] = {}
    account: tuple[Field, ...] = ()
    auth: tuple[Auth, ...] = ()
    check: Check | None = None
    nouns: dict[str, Noun] = {}
    clock: Clock | None = None
    rates: tuple[Rate, ...] = ()
    faults: tuple[Fault, ...] = ()
    words: dict[str, tuple[str, ...]] = {}
    lacks: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    page: str = ""
    version: str = ""
    tools: dict[str, Tool] = {}

    def nouns_of(self, tool: Tool) -> dict[str, Noun]:
        """The nouns as this tool takes them. What is destroyed is named: there a default only tells where it lies (the workspace)."""
        if tool.effect != "destroy":
            return self.nouns
        places = self.places
        return {name: noun if name in places else structs.replace(noun, default=None) for name, noun in self.nouns.items()}

    @cached_property
    def places(self) -> set[str]:
        """The nouns in which things of others lie and that lie in nothing themselves, such as a workspace."""
        lists = [(self.tools.get(noun.list), noun.within) for noun in self.nouns.values()]
        taken = [listing.param(name) for listing, within in lists if listing for name in within]
        return {param.field.kind.noun for param in taken if param and (its := self.nouns.get(param.field.kind.noun)) and not its.within}


class Card(Struct, frozen=True):
    """What the index keeps of a tool: enough to list, find and describe it without opening its toolkit.

    `schema` is the JSON Schema of the arguments, already encoded; `brief` the same where many tools are listed at once.
    """

    slug: str
    toolkit: str
    name: str
    title: str
    about: str
    effect: Effect
    schema: bytes
    brief: bytes


class ToolkitCard(Struct, frozen=True):
    """What the index keeps of a toolkit."""

    slug: str
    title: str
    about: str
    modes: tuple[str, ...]
    tools: int
    categories: tuple[str, ...] = ()
    version: str = ""
