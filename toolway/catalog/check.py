"""A toolkit, held against the vendor's OpenAPI document."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from toolway.catalog import compare
from toolway.catalog.compare import NOTHING, Sent, Slip
from toolway.catalog.grammar import near
from toolway.catalog.model import Field, Noun, Param, Place, Send, Tool, Toolkit
from toolway.catalog.shapes import Node
from toolway.catalog.source import Keys
from toolway.catalog.witness import Given, Operation, Witness, serves

_MEDIA: Final[dict[Send, str]] = {"json": "application/json", "form": "application/x-www-form-urlencoded"}
NOT_OURS: Final = ("accept", "content-type", "authorization")  # header parameters that OpenAPI itself takes no notice of
_TEXT: Final[tuple[Place, ...]] = ("path", "query", "header")


def toolkit(kit: Toolkit, witness: Witness) -> Iterator[tuple[str, Slip]]:
    """Every slip of a toolkit, once, with the name of its tool; empty for what stands in toolkit.toml."""
    yield from dict.fromkeys(_toolkit(kit, witness))


def _toolkit(kit: Toolkit, witness: Witness) -> Iterator[tuple[str, Slip]]:
    answering: dict[str, str] = {}
    for tool in kit.tools.values():
        if tool.spec:
            other = answering.setdefault(tool.spec, tool.name)
            if other != tool.name:
                yield tool.name, Slip(("spec",), f"{tool.spec} for {other} too", "one operation", "#/paths")
            yield from ((tool.name, slip) for slip in of_tool(tool, kit, witness))
    yield from (("", slip) for slip in _of_main(kit, witness))


def of_tool(tool: Tool, kit: Toolkit, witness: Witness) -> Iterator[Slip]:
    """Every slip of a tool against the operation that it names."""
    operation, *others = witness.operations(tool.spec) or (None,)
    if operation is None:
        meant = witness.at(tool.method, kit.hosts[tool.host] + tool.path)
        hint = f"; its call is {meant.id}" if meant and meant.id else near(tool.spec, witness.ids)
        yield Slip(("spec",), tool.spec, "no such operation", "#/paths", hint)
        return
    if others:
        yield Slip(("spec",), tool.spec, f"{len(others) + 1} operations of this name", operation.node.where)
        operation = next((one for one in (operation, *others) if (one.method, one.path) == (tool.method, tool.path)), operation)
    called = list(_call(tool, kit, operation))
    yield from called
    if len(called) > 1:  # another operation altogether: all else would differ too
        return
    if operation.deprecated and not tool.retire:
        yield Slip(("spec",), "in use", "deprecated", operation.node.where)
    if (tool.effect == "read" and tool.method in ("PUT", "PATCH", "DELETE")) or (tool.effect != "destroy" and tool.method == "DELETE"):
        yield Slip(("effect",), tool.effect, operation.method, operation.node.where)
    yield from _given(tool, kit, operation, witness, in_path=not called)
    yield from _body(tool, kit, operation, witness)
    yield from _reply(tool, operation, witness)


def _call(tool: Tool, kit: Toolkit, operation: Operation) -> Iterator[Slip]:
    """Method, host and path."""
    where = operation.node.where
    url = kit.hosts[tool.host] + tool.path
    if tool.method != operation.method:
        yield Slip(("call",), tool.method, operation.method, where)
    if any(serves(server, operation.path, url) for server in operation.servers):
        return
    origin, path = _split(url)
    theirs = [_split(server.rstrip("/") + operation.path) for server in operation.servers]
    hosts = tuple(dict.fromkeys(there for there, _ in theirs if there))
    if hosts and origin not in hosts:
        yield Slip(("call",), origin, " or ".join(hosts[:4]), where)
    if path not in (there for _, there in theirs):
        yield Slip(("call",), path, theirs[0][1], where)


def _split(url: str) -> tuple[str, str]:
    """Scheme and host, empty where there is none, and path."""
    parts = re.match(r"([A-Za-z0-9+.-]+://[^/]*)?(.*)", url, re.DOTALL)
    return (parts[1] or "", parts[2]) if parts else ("", url)


def _given(tool: Tool, kit: Toolkit, operation: Operation, witness: Witness, *, in_path: bool) -> Iterator[Slip]:
    """Parameters of path, query and header."""
    told = {(one.place, _name(one.place, one.name)): one for one in operation.given}
    proofs = {_name(place, name) for auth in kit.auth for place, name in (("header", auth.header), ("query", auth.query))}
    sent: set[tuple[str, str]] = set()
    for param in tool.params:
        if param.place not in _TEXT:
            continue
        sent.add((param.place, _name(param.place, param.field.name)))
        if param.place == "path" and not in_path:
            continue
        keys = (param.place, param.field.name)
        there = told.get((param.place, _name(*keys)))
        if there is not None:
            yield from _agree(keys, param.field, there, witness)
        elif not (param.place == "path" and f"{{{param.field.name}}}" in operation.path):
            yield _stranger(param, operation, witness)
    for place in _TEXT:
        for name, constant in tool.fixed.get(place, {}).items():
            sent.add((place, _name(place, name)))
            there = told.get((place, _name(place, name)))
            if there is not None:
                yield from compare.fixed_value(witness, ("fixed", place, name), constant, there.schema)
            else:
                yield Slip(("fixed", place, name), "always sent", NOTHING, operation.node.where)
    for (place, name), one in told.items():
        ours = place in ("path", "query", "header", "cookie") and name not in (*NOT_OURS, *proofs) and (place != "path" or in_path)
        if one.required and ours and (place, name) not in sent:
            yield Slip((place, one.name), "missing", "required", one.schema.where)


def _name(place: str, name: str) -> str:
    """A name by which to compare: of headers, case says nothing."""
    return name.lower() if place == "header" else name


def _agree(keys: Keys, field: Field, there: Given, witness: Witness) -> Iterator[Slip]:
    yield from compare.due(keys, field, there.required, there.schema.where)
    if there.deprecated:
        yield Slip(keys, "offered", "deprecated", there.schema.where)
    yield from compare.value(witness, keys, field, there.schema, text=True)


def _stranger(param: Param, operation: Operation, witness: Witness) -> Slip:
    """A parameter that the document does not have in this place: it may have it in another, or under a name like it."""
    keys, name = (param.place, param.field.name), param.field.name
    body: Mapping[str, Node] = {}
    for schema in operation.body.values():
        body = witness.shape(schema).members
    elsewhere = [one.place for one in operation.given if _name(one.place, one.name) == _name(one.place, name)]
    if elsewhere or (name in body and param.place != "body"):
        return Slip(keys, f"in the {param.place}", f"in the {elsewhere[0] if elsewhere else 'body'}", operation.node.where)
    known = tuple(one.name for one in operation.given) if param.place in _TEXT else tuple(body)
    return Slip(keys, compare.type_of(param.field), NOTHING, operation.node.where, near(name, known))


def _body(tool: Tool, kit: Toolkit, operation: Operation, witness: Witness) -> Iterator[Slip]:
    where = operation.node.where
    if tool.send == "none" or not operation.body:
        if operation.body_required:
            yield Slip(("send",), "no body", "a required body", where)
        elif tool.send != "none" and (tool.fixed.get("body") or any(param.place in ("body", "whole") for param in tool.params)):
            yield from (_stranger(param, operation, witness) for param in tool.params if param.place in ("body", "whole"))
            yield from (Slip(("fixed", "body", name), "always sent", "no body", where) for name in tool.fixed.get("body", {}))
        return
    node = media(tool.send, operation)
    if node is None:
        yield Slip(("send",), tool.send, " or ".join(filter(None, operation.body)) or "no media type", where)
        return
    whole = next((param for param in tool.params if param.place == "whole"), None)
    if whole is not None:
        yield from compare.value(witness, ("whole", whole.field.name), whole.field, node)
        yield from _merged(tool, kit, whole.field.kind.fields, witness)
        return
    shape = witness.shape(node)
    if shape.broken or (shape.types and "object" not in shape.types):
        yield Slip(("body",), "an object", shape.told(), node.where)
        return
    fields = tuple(param.field for param in tool.params if param.place == "body")
    kept = frozenset(field.name for field in fields if field.name not in tool.merge.left) if tool.merge else frozenset[str]()
    yield from _merged(tool, kit, [field for field in fields if field.name in shape.members and field.name in kept], witness)
    elsewhere = {one.name for one in operation.given} - set(shape.members)
    for param in tool.params:  # what the document has in another place is told so
        if param.place == "body" and param.field.name in elsewhere:
            yield _stranger(param, operation, witness)
    mine = tuple(field for field in fields if field.name not in elsewhere)
    yield from compare.members(witness, ("body",), Sent(mine, tool.fixed.get("body", {}), kept), shape, node)


def media(send: Send, operation: Operation) -> Node | None:
    """The schema of the body that is sent so, or None where the operation takes no such body."""
    fitting = (kind for kind in operation.body if kind in (_MEDIA[send], "*/*") or (send == "json" and kind.endswith("+json")))
    return next((operation.body[kind] for kind in fitting), None)


def _merged(tool: Tool, kit: Toolkit, fields: Iterable[Field], witness: Witness) -> Iterator[Slip]:
    """Whether what a merge keeps can be seen in what it reads; else a change would clear it."""
    source = kit.tools.get(tool.merge.source) if tool.merge else None
    reply = _reply_of(source, witness) if source else None
    if tool.merge and source and reply:
        listed = bool(tool.merge.by) and "array" not in witness.shape(reply).types
        for field in fields:
            read_as = tool.merge.renames.get(field.name, field.name)
            read_as = f"{source.list_key}.*.{read_as}" if listed else read_as
            for slip in compare.seen(witness, ("merge", field.name), read_as, reply):
                yield slip._replace(here=f"{read_as} of {source.name}")


def _reply(tool: Tool, operation: Operation, witness: Witness) -> Iterator[Slip]:
    reply = operation.reply
    if reply is None:
        if tool.view:
            yield Slip(("view",), "fields", "an empty reply", operation.node.where)
        if tool.each:
            yield Slip(("each",), tool.each.by, "an empty reply", operation.node.where)
        return
    shape = witness.shape(reply)
    if tool.view and shape.types and not shape.types & {"object", "array"}:
        yield Slip(("view",), "fields", shape.told(), reply.where)
        return
    for name in tool.view:
        yield from (slip._replace(keys=("view", slip.here)) for slip in compare.seen(witness, ("view",), name, reply))
    pages = tool.pages
    listed = tool.list_key != "items" or (pages is not None and pages.more == "short")
    if listed and shape.members and "array" not in shape.types:
        yield from compare.seen(witness, ("list",), tool.list_key, reply)
    if tool.each:
        known = tool.each.by if "array" in shape.types else f"{tool.list_key}.*.{tool.each.by}"
        yield from (slip._replace(here=known) for slip in compare.seen(witness, ("each",), known, reply))
    if pages and pages.more.startswith("cursor "):
        yield from compare.seen(witness, ("pages", "more"), pages.more.partition(" ")[2], reply)


def _reply_of(tool: Tool, witness: Witness) -> Node | None:
    return next((one.reply for one in witness.operations(tool.spec)), None) if tool.spec else None


def _of_main(kit: Toolkit, witness: Witness) -> Iterator[Slip]:
    """What toolkit.toml says of replies: the fields of nouns, their defaults, and the label of the check."""
    for noun in kit.nouns.values():
        tool = kit.tools.get(noun.list)
        reply = _reply_of(tool, witness) if tool else None
        if tool and reply:
            yield from _noun(noun, tool, reply, witness)
        source = kit.tools.get(noun.default[0]) if noun.default else None
        reply = _reply_of(source, witness) if source else None
        if noun.default and reply:
            yield from compare.seen(witness, ("nouns", noun.name, "default"), noun.default[1], reply)
    if kit.check and any(tool.spec for tool in kit.tools.values()):
        call = f"{kit.check.method} {kit.check.path}"
        operation = witness.at(kit.check.method, kit.hosts[kit.check.host] + kit.check.path)
        if operation is None:
            yield Slip(("auth", "check", "call"), call, "no such operation", "#/paths")
        elif kit.check.label and operation.reply:
            yield from compare.seen(witness, ("auth", "check", "label"), kit.check.label, operation.reply)


def _noun(noun: Noun, tool: Tool, reply: Node, witness: Witness) -> Iterator[Slip]:
    """The fields of a noun's items: where `id` is dotted, of what stands before its last dot; else of the items of the list."""
    way = noun.id.rpartition(".")[0]
    if not way and "array" not in witness.shape(reply).types:
        way = tool.list_key
    names = [
        ("id", noun.id.rpartition(".")[2]),
        ("name", noun.field.rpartition(".")[2]),
        *(("tell-apart", name) for name in noun.tell_apart),
    ]
    for key, name in names:
        yield from compare.seen(witness, ("nouns", noun.name, key), f"{way}.{name}" if way else name, reply)
