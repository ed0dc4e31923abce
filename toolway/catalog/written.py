"""The files of a toolkit, written: tables and lines as the reader takes them."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from msgspec import UNSET, structs

from toolway.catalog import grammar
from toolway.catalog.model import Field, Json, Kind, Tool

PLACEHOLDER: Final = "https://api.example.com"


class Drafted(NamedTuple):
    """A tool, and how many optional parameters it would have besides, were it not too heavy then."""

    tool: Tool
    dropped: int


class Check(NamedTuple):
    """The call that proves a fresh connection, and the field of its reply that names it."""

    call: str
    label: str


class Proof(NamedTuple):
    """How a key is sent: under a name in header or query, or as a bearer token."""

    place: str = ""
    name: str = ""
    bearer: bool = False

    def places(self) -> tuple[tuple[str, str], ...]:
        """Where the key stands in a request."""
        return ((self.place, self.name),) if self.place else ()


class Main(NamedTuple):
    """What stands in toolkit.toml: `hosts` are addresses and their names, `others` further ways to prove oneself."""

    slug: str
    hosts: Mapping[str, str]
    proof: Proof
    others: tuple[str, ...]
    check: Check | None
    path: tuple[Field, ...]


def main(told: Main) -> str:
    """toolkit.toml."""
    title = told.slug.replace("_", " ").title()
    lines = [*_head(told.slug), "", "[hosts]"]
    labels: dict[str, str] = {}
    for address, name in told.hosts.items():
        note = "  # TODO: the document names no address" if address.startswith(PLACEHOLDER) else ""
        lines.append(f"{name} = {_text(address)}{note}")
        if place := re.match(r"https?://\{([^{}]*)\}\.([^/:]+)", address):
            labels[place[1]] = place[2]
    if labels:
        about = {name: f"The first step of your address at {at}." for name, at in labels.items()}
        lines += ["", "[account]", *(line(Field(name, Kind("label"), required=True, about=about[name])) for name in labels)]
    where = f'about = "TODO: say where in {title} a person finds it."'
    if told.proof.place:
        lines += ["", "[auth.api_key]", where, f"{told.proof.place} = {_text(told.proof.name)}"]
    if told.proof.bearer:
        lines += ["", "[auth.bearer_token]", where]
    if not (told.proof.place or told.proof.bearer):
        lines += ["", "# TODO: how a key is sent, one of header, query and bearer.", "# [auth.api_key]", f"# {where}", '# header = "X-Key"']
    if told.others:
        lines.append(f"# The document names these besides: {', '.join(told.others)}.")
    if told.check:
        lines += ["", "[auth.check]", f"call  = {_text(told.check.call)}"]
        lines += [f"label = {_text(told.check.label)}"] if told.check.label else []
    else:
        lines += ["", "# TODO: a GET that only a good key can make, and the field of its reply that names the account.", "# [auth.check]"]
        lines += ['# call  = "GET api /me"', '# label = "email"']
    if told.path:
        lines += ["", "[path]", *map(line, told.path)]
    return "\n".join(lines) + "\n"


def tools(found: list[Drafted], shared: Mapping[str, Field], told: set[str]) -> str:
    """A file of tools. `shared` stands in [path] of toolkit.toml; `told` holds the types that stand in another file, and is added to."""
    lines: list[str] = []
    kinds: dict[str, Kind] = {}
    for one in found:
        lines += [*_tool(one, shared), ""]
        for param in one.tool.params:
            kinds |= {kind.named: kind for kind in _named(param.field) if kind.named not in told}
    for name, kind in kinds.items():
        lines += [f"[types.{name}]", *_kind(kind), ""]
    told |= set(kinds)
    return "\n".join(lines).rstrip() + "\n"


def line(field: Field) -> str:
    """`name = "type ..."`, as it stands in a table."""
    return f"{_key(field.name)} = {_text(grammar.write(structs.replace(field, default=UNSET)))}"


def blank_main(slug: str) -> str:
    """toolkit.toml of a folder with one example."""
    lines = [
        *_head(slug),
        'why-no-spec = "TODO: say why no API document is named; take it out when tools have a spec."',
        "",
        "[hosts]",
        f"api = {_text(PLACEHOLDER)}  # TODO: where the service is; calls name it api",
        "",
        "[auth.api_key]",
        f'about  = "TODO: say where in {slug.replace("_", " ").title()} a person finds the key."',
        'header = "X-Key"  # or query = "key", or bearer = true',
        "",
        "[auth.check]  # what proves a fresh connection",
        'call  = "GET api /me"',
        'label = "email"  # the field of its reply that names the account',
    ]
    return "\n".join(lines) + "\n"


def blank_tools(slug: str) -> str:
    """The file of the one example."""
    return f'''# A file a noun, a table a tool. A parameter's line: type, [] for a list, ! when it is due, " = default", " -- sentence".

[get_thing]
slug  = "{slug.upper()}_GET_THING"
about = "Read one thing. TODO: say what it does and what it gives back."
call  = "GET api /things/{{id}}"
path.id      = "text! -- Id of the thing."
query.fields = "(short | full) = short -- How much of it."
asks  = ["TODO: how people ask for it", "TODO: in other words", "TODO: and in others"]
'''


def _head(slug: str) -> Iterator[str]:
    title = slug.replace("_", " ").title()
    yield from (f"slug  = {_text(slug)}", f"title = {_text(title)}", f'about = "TODO: say in a sentence what {title} is for."')


def _tool(one: Drafted, shared: Mapping[str, Field]) -> Iterator[str]:
    tool = one.tool
    yield f"[{tool.name}]"
    yield f"slug  = {_text(tool.slug)}"
    yield f"about = {_text(tool.about)}"
    yield f"call  = {_text(f'{tool.method} {tool.host} {tool.path}')}"
    yield f"spec  = {_text(tool.spec)}"
    body = any(param.place in ("body", "whole") for param in tool.params)
    if tool.send == "form" or (tool.send == "json" and not body):
        yield f"send  = {_text(tool.send)}"
    for param in tool.params:
        if not (param.place == "path" and shared.get(param.field.name) == param.field):
            yield f"{param.place}.{line(param.field)}"
        if param.given != param.field.name:
            yield f"as.{param.place}.{_key(param.field.name)} = {_text(param.given)}"
    if one.dropped:
        yield f"# Left out: {one.dropped} optional parameters; with all of them it would be too heavy for an agent to read."
    yield '# asks = ["TODO: how people ask for it", "TODO: in other words", "TODO: and in others"]'


def _named(field: Field) -> Iterator[Kind]:
    """The named types of a field, those within them first."""
    for member in field.kind.fields:
        yield from _named(member)
    if field.kind.named:
        yield field.kind


def _kind(kind: Kind) -> Iterator[str]:
    if kind.schema is not None:
        yield f"schema = {_inline(kind.schema)}"
    elif kind.choices:
        yield f"one-of = [{', '.join(map(_text, kind.choices))}]"
    else:
        yield from map(line, kind.fields)


def _inline(schema: Json) -> str:
    return "{" + ", ".join(f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in schema.items()) + "}"


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _text(name)


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
