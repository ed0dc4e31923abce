"""The smallest kits for the tests of calls: parts put together by hand, and the built-in toolkits."""

from functools import cache
from typing import Any

import msgspec

from toolway.catalog.grammar import read
from toolway.catalog.index import BUILTIN, Catalogue
from toolway.catalog.model import Fault, Kind, Noun, Param, Place, Tool, Toolkit
from toolway.net import Answer

BASE = "https://api.acme.example/v1"
CUSTOMER = Kind("object", fields=(read("name", "text(1..9)!"), read("kind", "(A | B) = A"), read("tagIds", "@tag[]")), named="Customer")


def param(place: Place, name: str, line: str) -> Param:
    return Param(place, read(name, line, {"Customer": CUSTOMER}), name)


def tool(call: str = "POST /things", *params: Param, **more: Any) -> Tool:
    method, _, path = call.partition(" ")
    values: dict[str, Any] = {"effect": "read" if method == "GET" else "create", "send": "none" if method == "GET" else "json"}
    return Tool("ACME_DO", "acme", "do", "Do", "Does.", method=method, host="api", path=path, params=params, **(values | more))


def kit(*tools: Tool, nouns: tuple[Noun, ...] = (), faults: tuple[Fault, ...] = ()) -> Toolkit:
    named = {tool.name: tool for tool in tools}
    return Toolkit("acme", "Acme", "", {"api": BASE}, nouns={noun.name: noun for noun in nouns}, faults=faults, tools=named)


@cache
def builtin(slug: str) -> tuple[Tool, Toolkit]:
    """A tool of the toolkits that come along, and its toolkit."""
    found = catalogue().tool(slug)
    return found, catalogue().toolkit(found.toolkit)


@cache
def catalogue() -> Catalogue:
    return Catalogue([BUILTIN])


def answer(content: Any, status: int = 200, **headers: str) -> Answer:
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, msgspec.json.encode(content))
