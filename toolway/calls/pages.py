"""The list in a reply: its rows, how many there are of what comes as a whole, and what comes after a page. Pure."""

from collections.abc import Mapping
from typing import Any, cast

from toolway.calls.brevity import size
from toolway.calls.places import at, placed
from toolway.calls.view import tree_of
from toolway.catalog.model import Json, Tool
from toolway.net import Answer

_SIZES = (500, 200, 100, 50, 20, 10, 5, 2, 1)  # round, so that a part of a page can be parted again


def rows(tool: Tool, content: Any) -> list[Any] | None:
    """The list in a reply: the reply itself, or what stands under the tool's list key."""
    found: Any = cast("Json", content).get(tool.list_key) if isinstance(content, dict) else content
    return cast("list[Any]", found) if isinstance(found, list) else None


def following(tool: Tool, answer: Answer, content: Any, arguments: Json) -> Json | None:
    """The arguments to add for the page after this answer, None where it is the last, or all."""
    pages = tool.pages
    if pages is None:
        return None
    asked = at(tool, arguments, pages.page)
    page = asked if isinstance(asked, int) else pages.first
    how, _, name = pages.more.partition(" ")
    if how == "header" and name.lower() in answer.headers:
        more = answer.headers[name.lower()].casefold() == "false"
    elif how == "cursor":
        cursor = cast("Json", content).get(name) if isinstance(content, dict) else None
        return placed(tool, arguments, pages.page, cursor) if cursor and cursor != asked else None
    else:
        listed, asked_rows = rows(tool, content), at(tool, arguments, pages.size)
        inner: list[Any] = list(cast("Json", content).values()) if isinstance(content, dict) and listed is None else [listed]
        # More than was asked for is all that there is: no page is heeded here.
        more = any(isinstance(one, list) and len(cast("list[Any]", one)) == asked_rows for one in inner) and asked_rows > 0
    if not more:
        return None
    turned = placed(tool, arguments, pages.page, page + 1)
    size = placed(tool, arguments, pages.size, at(tool, arguments, pages.size))
    return {name: value for name, value in size.items() if name in arguments} | turned


def smaller(tool: Tool, data: Any, listed: list[Any], arguments: Json, most: int) -> tuple[int, Json] | None:
    """How many rows of a page make a page of their own that is short enough, and the arguments for the one after it. None where pages are
    no numbers, or are not heeded, or where one row is all that there is.
    """
    pages = tool.pages
    if pages is None or pages.more.startswith("cursor "):
        return None
    page, rows_asked = at(tool, arguments, pages.page), at(tool, arguments, pages.size)
    page = page if isinstance(page, int) else pages.first
    if not isinstance(rows_asked, int) or not 1 < len(listed) <= rows_asked or page < pages.first:
        return None
    before, room, fitting = (page - pages.first) * rows_asked, most - (size(data) - size(listed)), 0
    for row in listed:
        room -= size(row) + 1
        fitting += room >= 0
    few = next((few for few in _SIZES if few <= fitting and before % few == 0), 1)
    asked = placed(tool, arguments, pages.size, few)
    return few, asked | placed(tool, arguments | asked, pages.page, pages.first + before // few + 1)


def total(tool: Tool, content: Any) -> int | None:
    """How many things a list holds that comes as a whole: the reply, or what stands under the list's key. In place of a list there may be
    maps, as deep as a view has `*` for them.
    """
    if tool.pages is not None or tool.effect != "read":
        return None
    if not isinstance(content, dict):
        return _count(content, {})
    named = tool.list_key != "items"
    return _count(cast("Json", content).get(tool.list_key), tree_of(tool.view).get(tool.list_key, {"*": {}} if named else {}))


def _count(value: Any, tree: Mapping[str, Any]) -> int | None:
    if isinstance(value, list):
        return len(cast("list[Any]", value))
    if not isinstance(value, dict) or "*" not in tree:
        return None
    members, below = cast("Json", value).values(), tree["*"]
    return sum(_count(member, below) or 0 for member in members) if "*" in below else len(members)
