"""A toolkit folder, drafted: from the vendor's OpenAPI document, or with one example in it.

Names, types and what is due are taken from the document, its prose is not: what a person must write says TODO.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from msgspec import structs

from toolway.catalog import build, check, lint, proof, reader, schema, written
from toolway.catalog.fitting import ANY, OBJECT, Fitting, TooMany, writable
from toolway.catalog.grammar import near
from toolway.catalog.model import Field, Kind, Param, Send, Tool, Toolkit
from toolway.catalog.shapes import Shape
from toolway.catalog.witness import Given, Operation, Witness
from toolway.errors import BadFile, BadRequest

MOST: Final = 100
"""How many tools are drafted at most."""

_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_VERBS: Final = {"GET": "Read", "HEAD": "Look at", "POST": "Send", "PUT": "Replace", "PATCH": "Change", "DELETE": "Delete"}
_MOST_FIELDS: Final = 300
_OTHER: Final = "other"
_MYSELF: Final = ("me", "myself", "whoami", "currentuser", "user", "self", "account", "profile")
_LABELS: Final = ("email", "name", "username", "login")
_HEADER: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class Draft(NamedTuple):
    """The files of a folder by name, how many tools are in them, and what was left out and why, as sentences."""

    files: dict[str, str]
    tools: int
    left: tuple[str, ...]


class _Unfit(Exception):
    """Why an operation cannot be a tool."""


def blank(slug: str) -> Draft:
    """A folder with one example tool. Raises `BadRequest` for a slug that is none."""
    return Draft({reader.MAIN: written.blank_main(_fit(slug)), "examples.toml": written.blank_tools(slug)}, 1, ())


def tags(witness: Witness) -> tuple[str, ...]:
    """The groups of the document's operations, those without one last."""
    found = dict.fromkeys(tag for one in _operations(witness) for tag in one.tags)
    return (*found, *((_OTHER,) if any(not one.tags for one in _operations(witness)) and _OTHER not in found else ()))


def draft(slug: str, witness: Witness, chosen: Iterable[str] = ()) -> Draft:
    """A toolkit of the operations with these tags, of all when none is named.

    Raises `BadRequest` for a slug or tag that is none, `BadFile` when nothing in the document can be a tool.
    """
    wanted = _chosen(tags(witness), tuple(chosen))
    drafting = _Drafting(_fit(slug), witness)
    for one in (*_operations(witness), *witness.operations("")):
        tag = next((tag for tag in one.tags or (_OTHER,) if not wanted or tag in wanted), None)
        if tag is not None:
            drafting.take(one, tag)
    return drafting.done()


def _fit(slug: str) -> str:
    if not reader.SLUG.fullmatch(slug):
        raise BadRequest(f"{slug[:60]!r} is no slug.", fix="Small letters, digits and _ are expected, a letter first, 40 at most: harvest.")
    return slug


def _operations(witness: Witness) -> Iterator[Operation]:
    for id in witness.ids:
        yield from witness.operations(id)


def _chosen(known: tuple[str, ...], wanted: tuple[str, ...]) -> tuple[str, ...]:
    by_name = {tag.lower(): tag for tag in known}
    names = [name for one in wanted for name in ([one] if one.lower() in by_name else one.split(","))]
    for name in names:
        if name.strip().lower() not in by_name:
            shown = ", ".join(known[:12]) + (f" and {len(known) - 12} more" if len(known) > 12 else "")
            meant = near(name.strip().lower(), by_name) or "."
            raise BadRequest(f"The document has no tag {name.strip()[:60]!r}{meant}", fix=f"Its tags are: {shown}.")
    return tuple(by_name[name.strip().lower()] for name in names)


class _Drafting:
    def __init__(self, slug: str, witness: Witness) -> None:
        self._slug, self._witness = slug, witness
        self._hosts: dict[str, str] = {}  # addresses to names
        self._auth, self._others = _auth(witness)
        self._tools: dict[str, list[written.Drafted]] = {}
        self._files: dict[str, str] = {}  # tags to files
        self._names: Counter[str] = Counter(reader.BESIDE)
        self._kinds: dict[str, Kind] = {}
        self._left: Counter[str] = Counter()

    def take(self, operation: Operation, tag: str) -> None:
        """Make a tool of the operation, or note why not."""
        if sum(map(len, self._tools.values())) >= MOST:
            self._left[f"beyond the {MOST} that are drafted at once; --tags chooses"] += 1
            return
        try:
            drafted = self._tool(operation)
        except _Unfit as why:
            self._left[str(why)] += 1
            return
        file = self._files.setdefault(tag, self._file(tag))
        self._tools.setdefault(file, []).append(drafted)

    def done(self) -> Draft:
        """The folder."""
        if not self._tools:
            why = "; ".join(f"{count} {reason}" for reason, count in self._left.items())
            raise BadFile(f"Nothing in the document can be a tool: {why or 'it has no operation that is called'}.")
        drafted = [one for found in self._tools.values() for one in found]
        shared = _shared([one.tool for one in drafted])
        main = written.Main(self._slug, self._hosts, self._auth, self._others, self._check(), tuple(shared.values()))
        files = {reader.MAIN: written.main(main)}
        told: set[str] = set()
        for file, found in self._tools.items():
            files[file] = written.tools(found, shared, told)
        left = tuple(f"{count} {reason}" for reason, count in self._left.items())
        return Draft(files, len(drafted), left)

    def _file(self, tag: str) -> str:
        name = _snake(tag)[:40] or "tools"
        taken = {reader.MAIN, *reader.ASIDE, *self._files.values()}
        return next(file for n in range(1, 10_000) if (file := f"{name}{f'_{n}' * (n > 1)}.toml") not in taken)

    def _tool(self, operation: Operation) -> written.Drafted:
        if operation.deprecated:
            raise _Unfit("deprecated")
        if not operation.id:
            raise _Unfit("without an operationId")
        if operation.method not in _METHODS:
            raise _Unfit("neither GET, HEAD, POST, PUT, PATCH nor DELETE")
        if len(self._witness.operations(operation.id)) > 1 or not writable(operation.id):
            raise _Unfit("with an operationId that stands twice or cannot be written")
        if not build.is_path(operation.path):
            raise _Unfit("with a path that is not plain")
        drafted = next((one for deepest in (3, 2, 1, 0) if (one := self._drawn(operation, deepest))), None)
        if drafted is None:
            raise _Unfit("with more than a tool can hold")
        name = self._named(operation)
        if lint.ORDERS.search(name.replace("_", " ")):
            raise _Unfit("whose name reads like an order to a model")
        host = self._host(operation.home)
        params = tuple(structs.replace(param, field=self._settled(param.field)) for param in drafted.tool.params)
        made = structs.replace(drafted.tool, slug=f"{self._slug}_{name}".upper(), name=name, host=host, params=params)
        return drafted._replace(tool=made)

    def _drawn(self, operation: Operation, deepest: int) -> written.Drafted | None:
        """The tool with objects down to this depth, or None when it is too heavy. At depth 0 optional parameters may go."""
        fitting = Fitting(self._witness, deepest, _MOST_FIELDS if deepest else 10 * _MOST_FIELDS)
        try:
            places = self._texts(operation, fitting)
            send, body = self._body(operation, fitting)
        except TooMany:
            return None
        params, dropped = [*_given([*places, *body])], 0
        about, stub = _about(operation), Toolkit(self._slug, "", "", {})
        name = f"{self._slug}_{operation.id}"[:64]
        while True:
            tool = Tool(name, self._slug, "", "", about, operation.method, "", operation.path, "read", tuple(params), send=send)
            tool = structs.replace(tool, spec=operation.id)
            if schema.weight(tool, stub) <= lint.HEAVIEST - 100:
                return written.Drafted(tool, dropped)
            last = next((n for n in reversed(range(len(params))) if not params[n].field.required), None)
            if deepest or last is None:
                return None
            del params[last]
            dropped += 1

    def _texts(self, operation: Operation, fitting: Fitting) -> list[Param]:
        """Parameters of path, query and header. Optional headers are left out: few of them are for an agent."""
        given = {(one.place, one.name): one for one in operation.given}
        found: list[Param] = []
        places = dict.fromkeys(re.findall(r"\{([^{}/]*)\}", operation.path))
        if any(place == "path" and name not in places for place, name in given):
            raise _Unfit("with a parameter of the path that has no place there")
        for name in places:
            one = given.get(("path", name))
            field = self._text(one, fitting) if one else Field(name, Kind("text"), required=True)
            if field is None or not writable(name):
                raise _Unfit("with a place in the path that no line fits")
            found.append(Param("path", structs.replace(field, many=False, kind=ANY if field.many else field.kind), name))
        proof = {(place, name.lower()) for place, name in self._auth.places()}
        for one in given.values():
            place = one.place
            ours = place in ("query", "header", "cookie") and (place, one.name.lower()) not in proof
            if not ours or (place == "header" and one.name.lower() in check.NOT_OURS) or not (one.required or place == "query"):
                continue
            field = self._text(one, fitting) if place != "cookie" else None
            if one.required and field is None:
                raise _Unfit("with a parameter that is due and that no line fits")
            if field is not None and (one.required or field.kind != ANY):
                found.append(Param("query" if place == "query" else "header", field, one.name))
        return found

    def _text(self, one: Given, fitting: Fitting) -> Field | None:
        return None if one.deprecated else fitting.field(one.name, one.schema, one.required, text=True)

    def _body(self, operation: Operation, fitting: Fitting) -> tuple[Send, list[Param]]:
        send: Send = "json"
        if (node := check.media(send, operation)) is None:
            send, node = "form", check.media("form", operation)
        if operation.method in ("GET", "HEAD") or node is None:
            if operation.body_required or (operation.body and operation.method not in ("GET", "HEAD")):
                raise _Unfit("with a body that is neither JSON nor a form")
            return "none", []
        shape = self._witness.shape(node)
        fields = fitting.members(shape) if shape.types == OBJECT or (shape.members and not shape.types) else None
        elsewhere = {one.name for one in operation.given}
        if fields and not any(field.name in elsewhere and field.name not in shape.members for field in fields):
            return send, [Param("body", field, field.name) for field in fields]
        if fields == () and shape.members:  # read only, all of it
            return send if operation.body_required else "none", []
        whole = fitting.field("body", node, operation.body_required) if send == "json" and not shape.broken else None
        if whole is None or not (whole.many or whole.kind == ANY):
            if operation.body_required:
                raise _Unfit("with a body that no line fits")
            return "none", []
        return send, [Param("whole", whole, "body")]

    def _named(self, operation: Operation) -> str:
        name = _snake(operation.id) or _snake(f"{operation.method} {operation.path}")
        name = (name if name[:1].isalpha() else f"call_{name}")[: 60 - len(self._slug)].rstrip("_")
        self._names[name] += 1
        while self._names[name] > 1:
            name = f"{name}_{self._names[name]}"
            self._names[name] += 1
        return name

    def _host(self, home: str) -> str:
        address = home if proof.is_address(home) and len(re.findall(r"[{}]", home)) in (0, 2) else written.PLACEHOLDER
        if address == written.PLACEHOLDER and re.fullmatch(r"/[A-Za-z0-9._~/-]*[A-Za-z0-9._~-]", home):
            address += home
        if address not in self._hosts:
            label = re.match(r"https?://([a-z][a-z0-9-]*)\.", address)
            name = "api" if not self._hosts else label[1] if label else "host"
            while name in self._hosts.values():
                name = f"{name}_{len(self._hosts) + 1}"
            self._hosts[address] = name
        return self._hosts[address]

    def _settled(self, field: Field) -> Field:
        """The field with its types under names that are theirs alone in the toolkit."""
        kind = structs.replace(field.kind, fields=tuple(map(self._settled, field.kind.fields)))
        if kind.named:
            names = (f"{field.kind.named}{n if n > 1 else ''}" for n in range(1, 10_000))
            for name in names:
                kind = structs.replace(kind, named=name)
                if self._kinds.setdefault(name, kind) == kind:
                    break
        return structs.replace(field, kind=kind)

    def _check(self) -> written.Check | None:
        """A call that tells who is connected, when there is one that wants nothing."""
        best: list[tuple[int, written.Check]] = []
        for one in _operations(self._witness):
            step = re.sub(r"[-_]", "", one.path.rpartition("/")[2]).lower()
            asks = any(given.required and given.place != "path" for given in one.given)
            plain = one.method == "GET" and step in _MYSELF and "{" not in one.path and build.is_path(one.path)
            known = one.home in self._hosts and self._witness.at("get", one.home + one.path)
            if plain and known and not (asks or one.deprecated):
                shape = self._witness.shape(one.reply) if one.reply else Shape()
                label = next((name for name in _LABELS if name in shape.members), "")
                best.append((_MYSELF.index(step), written.Check(f"GET {self._hosts[one.home]} {one.path}", label)))
        return min(best)[1] if best else None


def _auth(witness: Witness) -> tuple[written.Proof, tuple[str, ...]]:
    """How a key is sent, and what else the document names to prove oneself."""
    found, others = written.Proof(), list[str]()
    for one in witness.proofs():
        kind, name, where = (str(one.get(key, "")) for key in ("type", "name", "in"))
        if kind == "apiKey" and where in ("header", "query") and writable(name) and (where == "query" or _HEADER.fullmatch(name)):
            if found.place:
                others.append(f"{name} in the {where}")
            else:
                found = found._replace(place=where, name=name)
        elif kind == "http" and str(one.get("scheme", "")).lower() == "bearer":
            found = found._replace(bearer=True)
        elif kind in ("oauth2", "openIdConnect", "http", "apiKey", "mutualTLS"):
            others.append({"http": "a password (basic)", "apiKey": "a key in a cookie"}.get(kind, kind))
    return found, tuple(dict.fromkeys(others))


def _shared(found: list[Tool]) -> Mapping[str, Field]:
    """What fills the places that several tools have in the same way."""
    counts = Counter(written.line(param.field) for tool in found for param in tool.params if param.place == "path")
    fields = {written.line(param.field): param.field for tool in found for param in tool.params if param.place == "path"}
    shared: dict[str, Field] = {}
    for line, count in counts.most_common():
        if count > 1:
            shared.setdefault(fields[line].name, fields[line])
    return shared


def _given(params: list[Param]) -> Iterator[Param]:
    """Each under a name for the agent that no other has, and that every client takes."""
    taken: set[str] = set()
    for param in params:
        plain = re.sub(r"[^A-Za-z0-9_.-]+", "_", param.field.name).strip("_.-")[:64] or param.place
        name = param.field.name if re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", param.field.name) else plain
        number = 1
        while (key := re.sub(r"[-_]", "", name).lower()) in taken:
            number += 1
            name = f"{param.place}_{plain}"[:60] + (f"_{number}" if number > 2 else "")
        taken.add(key)
        if name != param.field.name:
            name = re.sub(r"[^A-Za-z0-9_-]", "_", name)
            name = name if name[:1].isalpha() or name[:1] == "_" else f"_{name}"[:64]
        yield structs.replace(param, given=name)


def _about(operation: Operation) -> str:
    """Method and path in words, and what a person must write."""
    steps = [step for step in operation.path.split("/") if step and not re.fullmatch(r"v\d+|api", step, re.IGNORECASE)]
    words = [" ".join(_snake(step).split("_")) for step in steps if not step.startswith("{")]
    said = f"{_VERBS[operation.method]} {' of '.join(filter(None, reversed(words))) or 'the service itself'}"
    if steps and steps[-1].startswith("{"):
        said += f", by {' '.join(_snake(steps[-1]).split('_')) or 'name'}"
    said = said[:200] + ". TODO: say what it does and what it gives back."
    return "TODO: say what it does and what it gives back." if lint.ORDERS.search(said) else said


def _snake(text: str) -> str:
    """Small words with _ between them, in ASCII."""
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+", text)
    return "_".join(parts).lower()
