"""What is laid under the body of a PUT that replaces."""

import asyncio
from typing import Any

from msgspec import structs

from toolway.calls import merge
from toolway.calls.reply import Reply
from toolway.catalog.model import Json, Merge, Tool

from .shop import kit, param, tool

PRESENT: Json = {"title": "Old", "kind": "A", "rate": {"amount": 5, "currency": "EUR"}, "note": None, "done": False, "id": "t1"}


def merged(given: Json, *names: str, **left: Any) -> Json:
    """What is sent of these body members over the present state."""
    source = tool("GET /things/{id}", param("path", "id", "text!"))
    params = (param("path", "id", "text!"), *(param("body", name, "any") for name in names))
    writing = structs.replace(tool("PUT /things/{id}", *params, merge=Merge("do", {"name": "title"}, **left)), name="put")

    async def ask(other: Tool, wanted: Json) -> Reply:
        assert (other, wanted) == (source, {"id": "t1"})
        return Reply(PRESENT)

    return asyncio.run(merge.under(kit(source, writing), writing, {"id": "t1"} | given, ask))


def test_what_was_not_given_is_kept() -> None:
    assert merged({"kind": "B"}, "name", "kind", "note", "done") == {"id": "t1", "name": "Old", "kind": "B", "done": False}
    assert merged({"name": None}, "name", "kind") == {"id": "t1", "name": None, "kind": "A"}


def test_what_the_service_keeps_is_sent_only_when_given() -> None:
    assert merged({}, "name", "rate", left=("rate",)) == {"id": "t1", "name": "Old"}
    assert merged({"rate": {"amount": 7}}, "name", "rate", left=("rate",)) == {"id": "t1", "name": "Old", "rate": {"amount": 7}}
    assert merged({"rate": None}, "name", "rate", left=("rate",)) == {"id": "t1", "name": "Old", "rate": None}
