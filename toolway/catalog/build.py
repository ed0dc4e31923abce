"""One tool, made of its table: what it calls, what it takes, what it gives back."""

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, cast, get_args

from toolway.catalog.fields import Words, too_many
from toolway.catalog.grammar import near, unplain
from toolway.catalog.model import Each, Effect, Fault, Field, Json, Merge, Pages, Param, Place, Send, Span, Tool
from toolway.catalog.source import Table, is_table

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
_SLUG: Final = re.compile(r"[A-Z0-9_]{1,64}")
_CALL: Final = re.compile(r"([A-Z]+) +([a-z][a-z0-9_-]*) +(/\S*)")
_PLACE: Final = re.compile(r"\{([^{}/]*)\}")
_PATH: Final = re.compile(r"/(?:[A-Za-z0-9._~!$&'()*+,;=:@%/-]|\{[^{}/]+\})*")
_VIEW: Final = re.compile(r"(?:\*|[^\s.*]+)(?:\.(?:\*|[^\s.*]+))*")
_DAYS: Final = re.compile(r"([1-9][0-9]{0,4})?\.\.([1-9][0-9]{0,4})?")
_MOMENTS: Final = ("time", "wall", "date")
_REFUSAL: Final = re.compile(r"([1-5][0-9]{2})(?: (\S{1,80}))?")
_RETIRE: Final = re.compile(r"\d{4}-\d{2}-\d{2}(?: [A-Z0-9_]{1,64})?")
_EFFECT: Final[dict[str, Effect]] = {
    "GET": "read",
    "HEAD": "read",
    "POST": "create",
    "PUT": "update",
    "PATCH": "update",
    "DELETE": "destroy",
}
_PLACES: Final[tuple[Place, ...]] = ("path", "query", "body", "header", "whole")


class Call(NamedTuple):
    """`METHOD host /path/with/{places}`, taken apart."""

    method: str
    host: str
    path: str

    @property
    def places(self) -> tuple[str, ...]:
        """The names in braces, in the order of the path."""
        return tuple(dict.fromkeys(_PLACE.findall(self.path)))


class Shared(NamedTuple):
    """What the tools of a toolkit share."""

    slug: str
    hosts: tuple[str, ...]
    path: Mapping[str, Field]
    words: Words
    views: Mapping[str, tuple[str, ...]]
    why_no_spec: str


def tool(table: Table, shared: Shared) -> Tool | None:
    """The tool of this table, or None; what is wrong is noted in the table's problems."""
    before = len(table.problems.found)
    name = table.keys[0]
    if not _NAME.fullmatch(name):
        table.bad("a tool's name has small letters, digits and _ only")
    call = call_of(table, shared.hosts) or Call("GET", "", "/")
    params = _params(table, call, shared)
    fixed = _fixed(table, params)
    each = _each(table, params)
    made = Tool(
        slug=_slug(table, shared.slug),
        toolkit=shared.slug,
        name=name,
        title=table.text("title") or name.replace("_", " ").title(),
        about=table.text("about", due=True),
        method=call.method,
        host=call.host,
        path=call.path,
        effect=_one_of(table, "effect", get_args(Effect)) or _EFFECT[call.method],
        params=params,
        fixed=fixed,
        send=_send(table, call, params, fixed),
        pages=_pages(table, params),
        span=_span(table, params),
        list_key=table.text("list") or "items",
        merge=_merge(table, call, params, each),
        each=each,
        view=_view(table, shared.views),
        fails=_fails(table.table("fails")),
        asks=table.texts("asks"),
        spec=table.text("spec"),
        why_no_spec=table.text("why-no-spec") or shared.why_no_spec,
        retire=_retire(table),
        line=f"{table.file.name.partition('/')[2]}:{table.file.line(table.keys)}",
    )
    table.done()
    return made if len(table.problems.found) == before else None


def call_of(table: Table, hosts: tuple[str, ...]) -> Call | None:
    """The value of `call`."""
    text = table.text("call", due=True)
    match = _CALL.fullmatch(text)
    if match is None:
        if text:
            table.bad('"METHOD host /path/with/{places}" is expected', "call")
        return None
    call = Call(*cast("tuple[str, str, str]", match.groups()))
    if call.method not in _EFFECT:
        table.bad(f"the method {call.method} is not known; {', '.join(_EFFECT)} are", "call")
        return None
    if call.host not in hosts:
        table.bad(f"no host {call.host!r} in [hosts]{near(call.host, hosts)}", "call")
    if not is_path(call.path):
        table.bad("the path is not plain: no empty or dotted steps, no question mark, {places} closed and named", "call")
    return call


def is_path(path: str) -> bool:
    """Whether this can be the path of a call."""
    return bool(_PATH.fullmatch(path)) and not re.search(r"\s|/\.{1,2}(?:/|$)|//", path)


def refusal_of(table: Table, key: str) -> tuple[int, str]:
    """The status of a refusal, and the vendor's own code for it, as keys name them: `404`, `400 501`."""
    match = _REFUSAL.fullmatch(key)
    if match is None:
        table.bad('a status, and the vendor\'s own code or word where there is one, are expected: "404" or "400 501"', key)
        return 0, ""
    return int(match[1]), match[2] or ""


def views_of(value: object, table: Table, *keys: str) -> tuple[str, ...]:
    """A list of dotted names, `*` for each member."""
    items = cast("list[object]", value) if isinstance(value, list) else []
    found = tuple(item for item in items if isinstance(item, str))
    if not items or len(found) < len(items):
        table.bad('a list of dotted names such as ["id", "entries.*.name"] is expected', *keys)
    for item in found:
        if not _VIEW.fullmatch(item):
            table.bad(f"{item[:60]!r} is no dotted name; name.name or name.*.name is expected", *keys)
    return found


def _slug(table: Table, toolkit: str) -> str:
    slug = table.text("slug", due=True)
    if slug and not _SLUG.fullmatch(slug):
        table.bad("1 to 64 capital letters, digits and _ are expected", "slug")
    elif slug and not slug.startswith(f"{toolkit.upper()}_"):
        table.bad(f"a slug starts with the toolkit's name: {toolkit.upper()}_ is expected", "slug")
    return slug


def _params(table: Table, call: Call, shared: Shared) -> tuple[Param, ...]:
    """The parameters: those of the path in its order, shared ones among them, then the rest as they stand."""
    names = _Names(table.table("as"))
    found: list[Param] = []
    for place in _PLACES:
        if place not in table.data:
            table.take(place)
            continue
        for field in shared.words.fields(table.table(place)):
            found.append(Param(place, field, names.given(place, field.name)))
            _check_place(table, call, found[-1])
    own = {param.field.name: param for param in found if param.place == "path"}
    paths = [own.get(name) or _from_path(table, call, name, shared, names) for name in call.places]
    if sum(param.place == "whole" for param in found) > 1 or {"whole", "body"} <= {param.place for param in found}:
        table.bad("a whole parameter is the body itself; neither body.* nor a second one can stand beside it", "whole")
    params = (*filter(None, paths), *(param for param in found if param.place != "path"))
    names.done(params)
    if too_many(param.field for param in params):
        table.bad("more parameters than anyone reads")
        return ()
    return params


def _from_path(table: Table, call: Call, name: str, shared: Shared, names: "_Names") -> Param | None:
    field = shared.path.get(name)
    if field is None:
        fixed: Any = table.data.get("fixed")
        if not (is_table(fixed) and is_table(fixed.get("path")) and name in fixed["path"]):
            table.bad(f"no parameter fills {{{name}}}; path.{name} is expected here or in [path] of toolkit.toml", "call")
        return None
    return Param("path", field, names.given("path", field.name))


def _check_place(table: Table, call: Call, param: Param) -> None:
    place, field = param.place, param.field
    if place == "path" and field.name not in call.places:
        table.bad(f"call has no {{{field.name}}}{near(field.name, call.places)}", place, field.name)
    elif place == "path" and not field.required:
        table.bad("what fills a place in the path is due; write ! after its type", place, field.name)
    elif place == "path" and field.many:
        table.bad("a list cannot fill a place in the path", place, field.name)
    elif place in ("body", "whole") and call.method in ("GET", "HEAD"):
        table.bad(f"{call.method} has no body; query.{field.name} is expected", place, field.name)
    if place in ("path", "query", "header") and field.kind.word == "object":
        table.bad(f'an object cannot stand in the {place}; a name that holds a dot goes in quotes: {place}."a.b"', place, field.name)


class _Names:
    """The names that the agent uses: the upstream names, save where `as` renames one."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._used: set[tuple[str, ...]] = set()

    def given(self, place: Place, name: str) -> str:
        """What the agent calls this parameter. `as.body.id` renames one place, `as.id` the only one of that name."""
        inner: Any = self._table.take(place)
        value: Any
        if is_table(inner) and name in inner:
            keys, value = (place, name), inner[name]
        elif name in self._table.data and not is_table(self._table.data[name]):
            keys, value = (name,), self._table.take(name)
        else:
            return name
        if keys in self._used:
            self._table.bad(f"two places have a {name}; as.{place}.{name} is expected", *keys)
        elif not isinstance(value, str) or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]{0,63}", value):
            self._table.bad("the name that the agent uses is expected: letters, digits, _ and -", *keys)
        self._used.add(keys)
        return str(value)

    def done(self, params: tuple[Param, ...]) -> None:
        """Refuse names for parameters that are not there, and a name that two parameters share."""
        for key, value in self._table.data.items():
            for keys in [(key, inner) for inner in value] if is_table(value) else [(key,)]:
                if keys not in self._used:
                    self._table.bad(f"no parameter {keys[-1]!r} to rename{near(keys[-1], tuple(p.field.name for p in params))}", *keys)
        seen: dict[str, Param] = {}
        for param in params:
            other = seen.setdefault(param.given, param)
            if other is not param:
                places = f"{other.place}.{other.field.name} and {param.place}.{param.field.name}"
                self._table.bad(f"{places} are both given as {param.given!r}; rename one: as.{param.place}.{param.field.name} = ...")


def _fixed(table: Table, params: tuple[Param, ...]) -> dict[str, Json]:
    inner = table.table("fixed")
    taken = {(param.place, param.field.name): param.field for param in params}
    found: dict[str, Json] = {}
    for place in _PLACES[:-1]:
        values = inner.table(place)
        if place not in inner.data:
            continue
        found[place] = values.data
        for name, value in values.data.items():
            if bad := unplain(value):
                values.bad(bad, name)
            field = taken.get((place, name))
            if field and not (is_table(value) and not {member.name for member in field.kind.fields} & set(value)):
                values.bad("it stands as a parameter too; a constant is never shown", name)
    inner.done()
    return found


def _send(table: Table, call: Call, params: tuple[Param, ...], fixed: dict[str, Json]) -> Send:
    body = "body" in fixed or any(param.place in ("body", "whole") for param in params)
    stated = _one_of(table, "send", get_args(Send))
    if stated == "none" and body:
        table.bad("the tool has a body", "send")
    return stated or ("json" if body else "none")


def _pages(table: Table, params: tuple[Param, ...]) -> Pages | None:
    if table.take("pages") is None:
        return None
    inner, places = table.table("pages"), _places(params)
    pages = Pages(inner.text("page", due=True), inner.text("size"), inner.whole("first", 1), inner.text("more") or "short")
    for key, place in (("page", pages.page), ("size", pages.size)):
        if place and place not in places:
            inner.bad(f"no parameter stands at {place[:60]!r}{near(place, places)}", key)
    if not re.fullmatch(r"short|header [A-Za-z0-9-]+|cursor [^\s]+", pages.more):
        inner.bad('"short", "header NAME" or "cursor field" is expected', "more")
    if pages.more == "short" and not pages.size:
        inner.bad("that a page is short shows only beside its size; size is expected, or another more")
    inner.done()
    return pages


def _span(table: Table, params: tuple[Param, ...]) -> Span | None:
    if table.take("span") is None:
        return None
    inner, places = table.table("span"), _places(params)
    places |= {f"whole.{p.field.name}.{member.name}": member for p in params if p.place == "whole" for member in p.field.kind.fields}
    ends = {key: inner.text(key, due=True) for key in ("from", "to")}
    words = {key: places[place].kind.word for key, place in ends.items() if place in places}
    for key, place in ends.items():
        if place and (key not in words or words[key] not in _MOMENTS or places[place].many):
            inner.bad(f"no time, wall or date stands at {place[:60]!r}{near(place, places)}", key)
    if len(set(words.values())) > 1:
        inner.bad(f"from is a {words['from']} and to a {words['to']}; both of one type are expected")
    days, when = inner.text("days"), inner.text("when")
    match = _DAYS.fullmatch(days)
    least, most = (int(end) if end else None for end in match.groups()) if match else (None, None)
    if (days and (least, most) == (None, None)) or (least and most and least > most):
        inner.bad("how many days it may go on is expected: 7..7, ..31 or 2..", "days")
    if when and not days:
        inner.bad("days is missing, which holds for that plan", "when")
    inner.done()
    return Span(ends["from"], ends["to"], least or 0, most, when)


def _places(params: tuple[Param, ...]) -> dict[str, Field]:
    """What stands in query and body, members included, by its dotted place; also a body that is a list, as a whole."""
    found = (
        (param, name, field)
        for param in params
        if param.place in ("query", "body", "whole")
        for name, field in _dotted(param.field).items()
    )
    return {f"{param.place}.{name}": field for param, name, field in found}


def _dotted(field: Field) -> dict[str, Field]:
    """A field and its members by their dotted names."""
    found = {field.name: field}
    for member in () if field.many else field.kind.fields:
        found |= {f"{field.name}.{name}": inner for name, inner in _dotted(member).items()}
    return found


def _each(table: Table, params: tuple[Param, ...]) -> Each | None:
    if table.take("each") is None:
        return None
    inner, places = table.table("each"), _places(params)
    each = Each(inner.text("of", due=True), inner.text("by", due=True))
    field = places.get(each.of)
    if each.of and (field is None or not (field.many or (field.kind.schema or {}).get("type") == "array")):
        inner.bad(f"no list stands at {each.of[:60]!r}{near(each.of, places)}", "of")
    told = tuple(member.name for member in field.kind.fields if member.required) if field else ()
    if each.by and field and field.kind.word == "object" and each.by not in told:
        inner.bad(f"a field that each item has is expected: {', '.join(told) or 'there is none'}", "by")
    inner.done()
    return each


def _merge(table: Table, call: Call, params: tuple[Param, ...], each: Each | None) -> Merge | None:
    if table.take("merge") is None:
        return None
    inner = table.table("merge")
    source = inner.text("from", due=True)
    whole = next((param.field for param in params if param.place == "whole"), None)
    if whole is None:
        by, own = inner.text("by"), ("from", "by")
        if by and by not in call.places:
            told = ", ".join(call.places) or "there is none"
            inner.bad(f"the field that tells the item is expected, one that is given too: {told}", "by")
    else:
        by, own = each.by if each and each.of == f"whole.{whole.name}" else "", ("from",)
        if not by:
            inner.bad("the body is a list: each is expected, which tells by what its items are known")
    fields = whole.kind.fields if whole else tuple(param.field for param in params if param.place == "body")
    written = {field.name: None for field in fields}
    renames: dict[str, str] = {}
    left: list[str] = []
    for key, value in inner.data.items():
        if key in own:
            continue
        if key not in written:
            inner.bad(f"no body.{key} is written{near(key, written)}", key)
        if value is False:
            inner.take(key)
            left.append(key)
            continue
        renames[key] = inner.text(key)
        if key in written and renames[key] and not _VIEW.fullmatch(renames[key]):
            inner.bad("the dotted name of the field in what is read is expected", key)
    if call.method in ("GET", "HEAD", "DELETE"):
        table.bad(f"{call.method} writes nothing to merge", "merge")
    return Merge(source, renames, tuple(left), by)


def _view(table: Table, views: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    value = table.take("view")
    if value is None:
        return ()
    if not isinstance(value, str):
        return views_of(value, table, "view")
    if value not in views:
        table.bad(f"no {value[:60]!r} in [views]{near(value, views)}", "view")
    return views.get(value, ())


def _fails(table: Table) -> tuple[Fault, ...]:
    return tuple(Fault(*refusal_of(table, key), "", table.text(key)) for key in table.data)


def _retire(table: Table) -> str:
    retire = table.text("retire")
    if retire and not _RETIRE.fullmatch(retire):
        table.bad('a date and the slug of the successor are expected, such as "2027-03-01 CLOCKIFY_GET_TAG"', "retire")
    return retire


def _one_of(table: Table, key: str, words: tuple[Any, ...]) -> Any:
    value = table.text(key)
    if value and value not in words:
        table.bad(f"one of {', '.join(words)} is expected{near(value, words)}", key)
        return None
    return value or None
