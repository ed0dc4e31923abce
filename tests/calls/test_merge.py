"""What is laid under the body of a PUT that replaces."""

import asyncio
from typing import Any

import pytest
from msgspec import structs

from toolway.calls import merge
from toolway.calls.arguments import check
from toolway.calls.reply import Reply
from toolway.catalog.model import Json, Merge, Tool
from toolway.errors import Refused

from .shop import builtin, kit, param, tool

PRESENT: Json = {"title": "Old", "kind": "A", "rate": {"amount": 5, "currency": "EUR"}, "note": None, "done": False, "id": "t1"}


def merged(given: Json, *names: str, **left: Any) -> Json:
    """What is sent of these body members over the present state."""
    source = tool("GET /things/{id}", param("path", "id", "text!"))
    params = (param("path", "id", "text!"), *(param("body", name, "any") for name in names))
    writing = structs.replace(tool("PUT /things/{id}", *params, merge=Merge("do", {"name": "title"}, **left)), name="put")

    async def ask(other: Tool, wanted: Json) -> Reply:
        assert (other, wanted) == (source, {"id": "t1"})
        return Reply(PRESENT)

    return asyncio.run(merge.under(kit(source, writing), writing, {"id": "t1"} | given, ask)).arguments


def test_what_was_not_given_is_kept() -> None:
    assert merged({"kind": "B"}, "name", "kind", "note", "done") == {"id": "t1", "name": "Old", "kind": "B", "done": False}
    assert merged({"name": None}, "name", "kind") == {"id": "t1", "name": None, "kind": "A"}


@pytest.mark.parametrize("emails", ["a@acme.example", ["a@acme.example"]])
def test_one_thing_is_kept_as_a_list_of_one(emails: Any) -> None:
    sent = laid("CLOCKIFY_UPDATE_CLIENT", Pages([], name="Acme", ccEmails=emails), workspaceId="w", id="c1", note="x")
    assert sent == {"workspaceId": "w", "id": "c1", "note": "x", "name": "Acme", "ccEmails": ["a@acme.example"]}


def test_what_the_service_keeps_is_sent_only_when_given() -> None:
    assert merged({}, "name", "rate", left=("rate",)) == {"id": "t1", "name": "Old"}
    assert merged({"rate": {"amount": 7}}, "name", "rate", left=("rate",)) == {"id": "t1", "name": "Old", "rate": {"amount": 7}}
    assert merged({"rate": None}, "name", "rate", left=("rate",)) == {"id": "t1", "name": "Old", "rate": None}


def test_what_is_told_as_changed_is_small_and_differs() -> None:
    field = param("body", "tags", "text[]").field
    long, many = "x" * 300, [str(n) for n in range(30)]
    now: Json = {"a": "same", "b": "\u202eold", "c": long, "tags": many, "at": {"on": 1, "off": 2}}
    fields = {name: param("body", name, "any").field for name in ("a", "b", "c", "d", "at")} | {"tags": field}
    given: Json = {"id": "t1", "a": "same", "b": "new", "c": "", "d": "more", "tags": [], "at": {"on": 1, "off": 2}}
    changed = merge._changed(Merge("get"), fields, given, now)  # pyright: ignore[reportPrivateUsage]
    assert changed == {"b": ["old", "new"], "c": ["x" * 197 + "...", ""], "d": [None, "more"], "tags": [[*many[:20], "..."], []]}


class Pages:
    """Answers the read of a list page by page, and counts the pages that were asked for. A reply may hold more than the list."""

    def __init__(self, *pages: list[Any], **more: Any) -> None:
        self.pages, self.more, self.asked = pages, more, 0

    async def __call__(self, tool: Tool, wanted: Json) -> Reply:
        page = wanted.get("page", 1)
        self.asked += 1
        return Reply({tool.list_key: self.pages[page - 1], **self.more}, {"page": page + 1} if page < len(self.pages) else None)


def laid(slug: str, ask: Pages, **given: Any) -> Json:
    """What is sent, checked as the pipeline does."""
    writing, its = builtin(slug)
    return asyncio.run(merge.under(its, writing, check(writing, its, given), ask)).arguments


OTHER, REPORT = [{"id": "r0", "name": "Other"}], {"id": "r1", "name": "Acme", "isPublic": True, "visibleToUserGroups": None, "link": "x"}


def test_the_present_state_may_be_an_item_of_a_list() -> None:
    ask = Pages(OTHER, [REPORT | {"visibleToUsers": [{"id": "u1", "name": "Anna"}, "u2"]}], OTHER)
    sent = laid("CLOCKIFY_UPDATE_SHARED_REPORT", ask, workspaceId="w", id="r1", name="Acme weekly")
    assert sent == {"workspaceId": "w", "id": "r1", "name": "Acme weekly", "isPublic": True, "visibleToUsers": ["u1", "u2"]}
    assert ask.asked == 2
    with pytest.raises(Refused, match="lists nothing with id r9 among the 1 looked at, so nothing was changed"):
        laid("CLOCKIFY_UPDATE_SHARED_REPORT", Pages(OTHER), workspaceId="w", id="r9", name="Acme weekly")
    for pages, read in ((([{"id": f"o{n}"}] for n in range(99)), 20), (([{"id": "o1"}] for _ in range(99)), 2)):
        endless = Pages(*pages)
        with pytest.raises(Refused):
            laid("CLOCKIFY_UPDATE_SHARED_REPORT", endless, workspaceId="w", id="r9", name="Acme weekly")
        assert endless.asked == read


def entry(id: str, **more: Any) -> Json:
    fields = [{"customFieldId": "c1", "value": 7, "name": "Floor", "type": "NUMBER"}]
    times = {"start": "2026-11-20T09:00:00Z", "end": "2026-11-20T10:00:00Z", "duration": "PT1H"}
    return {"id": id, "description": "Call", "projectId": "p1", "timeInterval": times, "customFieldValues": fields, "userId": "u"} | more


def test_each_item_of_a_list_is_laid_over_its_own_state() -> None:
    ask = Pages([entry("e2", tagIds=["t1"], taskId=None)], [entry("e1", projectId="p9")])
    given: list[Json] = [{"id": "e1", "billable": True}, {"id": "e2", "projectId": None, "tagIds": []}]
    kept = {"start": "2026-11-20T09:00:00Z", "end": "2026-11-20T10:00:00Z", "customFields": [{"customFieldId": "c1", "value": 7}]}
    assert laid("CLOCKIFY_UPDATE_TIME_ENTRIES", ask, workspaceId="w", userId="u", entries=given)["entries"] == [
        {"id": "e1", "billable": True, "description": "Call", "projectId": "p9"} | kept,
        {"id": "e2", "projectId": None, "tagIds": [], "description": "Call"} | kept,
    ]
    with pytest.raises(Refused, match="nothing with id e3"):
        laid("CLOCKIFY_UPDATE_TIME_ENTRIES", Pages([entry("e1")]), workspaceId="w", userId="u", entries=[{"id": "e1"}, {"id": "e3"}])


def test_what_is_given_whole_is_not_read_first() -> None:
    shared: Json = {"name": "Acme", "isPublic": False, "fixedDate": True, "visibleToUsers": [], "visibleToUserGroups": None}
    ask = Pages(OTHER)
    assert laid("CLOCKIFY_UPDATE_SHARED_REPORT", ask, workspaceId="w", id="r1", **shared) == {"workspaceId": "w", "id": "r1"} | shared
    names = ("start", "end", "description", "projectId", "taskId", "tagIds", "billable", "type", "customFields")
    whole = {"id": "e1"} | dict.fromkeys(names)
    sent = laid("CLOCKIFY_UPDATE_TIME_ENTRIES", ask, workspaceId="w", userId="u", entries=[whole])
    assert sent["entries"] == [whole] and ask.asked == 0
