"""The vendor's OpenAPI document, heard as a witness: its operations, with their parameters, bodies and replies."""

import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from toolway.catalog import document
from toolway.catalog.model import Json
from toolway.catalog.shapes import Node, Schemas, Shape, either, items, references, table
from toolway.errors import BadFile

LARGEST: Final = 32_000_000

_METHODS: Final = ("get", "head", "post", "put", "patch", "delete", "options", "trace")


class Given(NamedTuple):
    """A parameter of an operation in path, query, header or cookie."""

    name: str
    place: str
    required: bool
    deprecated: bool
    schema: Node


class Operation(NamedTuple):
    """One operation: `servers` are its addresses, `home` the first of them with its variables at their defaults (left open where one is
    the first step of a domain, and anything), `body` its schemas by media type, `reply` the schema of what it answers with on
    success (None: nothing is said of one).
    """

    id: str
    method: str
    path: str
    node: Node
    servers: tuple[str, ...]
    home: str
    given: tuple[Given, ...]
    body: dict[str, Node]
    body_required: bool
    reply: Node | None

    @property
    def tags(self) -> tuple[str, ...]:
        """The vendor's groups that it is in."""
        return tuple(tag for tag in items(self.node.content.get("tags")) if isinstance(tag, str))

    @property
    def deprecated(self) -> bool:
        """Whether the vendor advises against it."""
        return self.node.content.get("deprecated") is True


class Witness:
    """A document, and the digest of its bytes."""

    def __init__(self, document: Json, digest: str = "") -> None:
        self.digest = digest
        self._schemas = Schemas(document)
        self._root = self._schemas.root
        self._places: dict[str, list[tuple[str, str]]] = {}
        for path, method in self._calls():
            self._places.setdefault(str(self._item(path).content[method].get("operationId", "")), []).append((path, method))
        self.ids = tuple(filter(None, self._places))

    def operations(self, id: str) -> list[Operation]:
        """The operations of this id: one, if the document is right."""
        return [self._operation(path, method) for path, method in self._places.get(id, ())]

    def proofs(self) -> list[Json]:
        """The ways to prove oneself (`securitySchemes`), those first that the document asks of every call."""
        known = self._root.step("components", "securitySchemes")
        asked = [name for one in items(self._root.content.get("security")) for name in table(one)]
        return [self._schemas.follow(known.step(name)).content for name in dict.fromkeys([*asked, *known.content])]

    def at(self, method: str, url: str) -> Operation | None:
        """The operation that is called by this method and URL."""
        for path, verb in self._calls():
            if verb == method.lower() and url.endswith(path):
                found = self._operation(path, verb)
                if any(serves(server, path, url) for server in found.servers):
                    return found
        return None

    def shape(self, node: Node) -> Shape:
        """What a schema says."""
        return self._schemas.shape(node)

    def mark(self, operation: Operation) -> str:
        """A digest of an operation and of all that it refers to."""
        item = self._item(operation.path)
        seen: dict[str, Any] = {}
        open_ = [{key: item.content.get(key) for key in ("parameters", "servers")} | {"operation": operation.node.content}]
        whole: list[Any] = [operation.method, operation.path, operation.servers, *open_]
        while open_:
            for ref in references(open_.pop()):
                if ref not in seen:
                    seen[ref] = self._schemas.stands(ref)
                    open_.append({"": seen[ref]})
        return sha256(msgspec.json.encode([whole, seen], order="sorted")).hexdigest()

    def _calls(self) -> Iterator[tuple[str, str]]:
        for path in self._root.step("paths").content:
            yield from ((path, method) for method in _METHODS if isinstance(self._item(path).content.get(method), dict))

    def _item(self, path: str) -> Node:
        return self._schemas.follow(self._root.step("paths", path))

    def _operation(self, path: str, method: str) -> Operation:
        item = self._item(path)
        node = item.step(method)
        given = {(one.place, one.name): one for one in (*self._given(item), *self._given(node))}  # the operation's own win
        body = self._schemas.follow(node.step("requestBody"))
        stands = next((where for where in (node, item, self._root) if _servers(where)), None)
        servers, home = (_servers(stands), _home(stands)) if stands else (("/",), "")
        required = body.content.get("required") is True
        media = {kind.partition(";")[0]: schema for kind, schema in self._media(body)}
        id = str(node.content.get("operationId", ""))
        return Operation(id, method.upper(), path, node, servers, home, tuple(given.values()), media, required, self._reply(node))

    def _given(self, node: Node) -> Iterator[Given]:
        for number in range(len(items(node.content.get("parameters")))):
            found = self._schemas.follow(node.step("parameters", number))
            one = found.content
            name, place = one.get("name"), one.get("in")
            if isinstance(name, str) and isinstance(place, str):
                schema = next((schema for _, schema in self._media(found)), found.step("schema"))
                samples = {key: one[key] for key in ("example", "default") if key in one}
                schema = Node(samples | schema.content, schema.where)
                yield Given(name, place, one.get("required") is True or place == "path", one.get("deprecated") is True, schema)

    def _media(self, node: Node) -> Iterator[tuple[str, Node]]:
        for kind in node.step("content").content:
            yield kind.lower(), node.step("content", kind, "schema")

    def _reply(self, node: Node) -> Node | None:
        told = node.step("responses").content
        statuses = [status for status in told if re.fullmatch(r"2\d\d|2XX", status, re.IGNORECASE)] or [s for s in told if s == "default"]
        answers = [self._schemas.follow(node.step("responses", status)) for status in statuses]
        return either([schema for answer in answers for kind, schema in self._media(answer) if _is_json(kind)])


def load(path: Path) -> Witness:
    """The document in this file. Raises `BadFile` when it is none that can be heard."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise BadFile(f"{path} cannot be read: {error.strerror}.") from None
    if len(content) > LARGEST:
        raise BadFile(f"{path} has more than {LARGEST // 1_000_000} MB.", fix="Cut it down to the operations that the toolkit names.")
    told = table(document.read(content, str(path)))
    if "swagger" in told:
        raise BadFile(
            f"{path} is Swagger {told['swagger']!s:.20}; OpenAPI 3 is expected.", fix="Convert it first, for example with: swagger2openapi"
        )
    if not str(told.get("openapi", "")).startswith("3."):
        raise BadFile(f'{path} is no OpenAPI 3 document: "openapi": "3..." is missing.')
    witness = Witness(told, sha256(content).hexdigest())
    if not any(witness.operations(id) for id in witness.ids):
        raise BadFile(f"{path} names no operation: nothing in its paths has an operationId.")
    return witness


def serves(server: str, path: str, url: str) -> bool:
    """Whether this path of this server (its variables may be anything) is the URL. A server without a host is any host."""
    start = "" if "://" in server else r"https?://[^/]+"
    whole = re.sub(r"\\\{[^{}]*\\\}", r"[^/]*", re.escape(server.lstrip(".").rstrip("/")))
    return re.fullmatch(start + whole + re.escape(path), url) is not None


def _servers(node: Node) -> tuple[str, ...]:
    """The addresses, with the values that their variables may have."""
    found: list[str] = []
    for server in map(table, items(node.content.get("servers"))):
        urls = [str(server.get("url", ""))]
        for name, variable in table(server.get("variables")).items():
            values = items(table(variable).get("enum")) or [f"{{{name}}}"]
            urls = [url.replace(f"{{{name}}}", str(value)) for url in urls for value in values[:100]][:1000]
        found += urls
    return tuple(filter(None, found))


def _home(node: Node) -> str:
    """The address of the first server; the node has one."""
    named = [told for told in map(table, items(node.content.get("servers"))) if str(told.get("url", ""))]
    server = named[0]
    url = str(server["url"])
    for name, variable in table(server.get("variables")).items():
        told = table(variable)
        if items(told.get("enum")) or not re.match(rf"https?://\{{{re.escape(name)}\}}\.", url):
            url = url.replace(f"{{{name}}}", str(told.get("default", "")))
    return url.rstrip("/")


def _is_json(kind: str) -> bool:
    return bool(re.match(r"application/(?:[^;]*\+)?json\b|\*/\*|application/\*", kind))
