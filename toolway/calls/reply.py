"""From a service's answer to a result: pure. Errors become sentences, lists get a name, a page says what comes next, a view trims."""

import re
from collections.abc import Mapping
from typing import Any, cast

import msgspec
from msgspec import UNSET

from toolway.catalog.model import Fault, Json, Tool, Toolkit
from toolway.errors import Refused
from toolway.net import Answer

_SAID = 400
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_MEANINGS = {401: "key", 403: "forbidden", 404: "not found", 429: "pace"}
_SAY = {
    "key": "The account's key is not accepted; connect it again.",
    "forbidden": "The account may not do this; its plan or its role does not allow it.",
    "not found": "Look it up again; it may have been deleted.",
    "pace": "Wait a little before calling again.",
}


class Reply(msgspec.Struct, frozen=True):
    """What a call gave: the data, the arguments to add for the next page (None: this is all), and whether a view left something out."""

    data: Json
    next: Json | None = None
    trimmed: bool = False


def read(tool: Tool, kit: Toolkit, answer: Answer, arguments: Json, full: bool = False) -> Reply:
    """Read an answer. Raises `Refused` with the service's own words when it says no, or when it is not what was announced."""
    content = _content(kit, answer)
    if not 200 <= answer.status < 300 or _tells_failure(kit, content):
        raise refusal(kit, answer.status, content)
    following = _next(tool, answer, content, arguments)
    data, trimmed = content, False
    if tool.view and not full:
        data = view(content, tool.view)
        trimmed = data != content
    return Reply(_named(tool, data), following, trimmed)


def _content(kit: Toolkit, answer: Answer) -> Any:
    if not answer.body.strip():
        return {}
    try:
        return msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        kind = answer.headers.get("content-type", "something").partition(";")[0]
        if 300 <= answer.status < 400:
            text = f"{kit.title} answered with a redirect ({answer.status}), which is not followed."
        else:
            text = f"{kit.title} answered {answer.status} with {_clean(kind)[:60]} where JSON was expected."
        raise Refused(text, status=answer.status, means="rubbish", fix="Try again later; the service may be down.") from None


def _tells_failure(kit: Toolkit, content: Any) -> bool:
    return any(f.status == 200 and isinstance(content, dict) and bool(cast("Json", content).get(f.code)) for f in kit.faults)


def refusal(kit: Toolkit, status: int, content: Any) -> Refused:
    """The error for an answer that says no: the vendor's words, what they mean, and what to do."""
    words, code = _vendor_words(content)
    fault = _fault(kit, status, code)
    means = fault.means if fault else _MEANINGS.get(status, "refused")
    fix = (
        (fault.say if fault else "")
        or _SAY.get(means, "")
        or ("The service has a fault of its own; try again later." if status >= 500 else "")
    )
    said = f"{kit.title} refused ({status}{f', code {code}' if code else ''})"
    return Refused(f"{said}: {words}" if words else f"{said}.", status=status, means=means, fix=fix or None)


def _fault(kit: Toolkit, status: int, code: str) -> Fault | None:
    fitting = [f for f in kit.faults if f.status == status and f.code in ("", code)]
    return max(fitting, key=lambda f: bool(f.code), default=None)


def _vendor_words(content: Any) -> tuple[str, str]:
    if not isinstance(content, dict):
        return "", ""
    body = cast("Json", content)
    inner: Any = body.get("error")
    if isinstance(inner, dict):
        body = cast("Json", inner)
    text = body.get("message") or body.get("description") or (inner if isinstance(inner, str) else "")
    code = body.get("code")
    return _clean(str(text))[:_SAID], str(code)[:20] if isinstance(code, int | str) else ""


def _clean(text: str) -> str:
    return _CONTROL.sub("", text).strip()


def _named(tool: Tool, data: Any) -> Json:
    if isinstance(data, dict):
        return cast("Json", data)
    return {tool.list_key: data}


def rows(tool: Tool, content: Any) -> list[Any] | None:
    """The list in a reply: the reply itself, or what stands under the tool's list key."""
    found: Any = cast("Json", content).get(tool.list_key) if isinstance(content, dict) else content
    return cast("list[Any]", found) if isinstance(found, list) else None


def _next(tool: Tool, answer: Answer, content: Any, arguments: Json) -> Json | None:
    pages = tool.pages
    if pages is None:
        return None
    page = at(tool, arguments, pages.page)
    page = page if isinstance(page, int) else pages.first
    how, _, name = pages.more.partition(" ")
    if how == "header":
        more = answer.headers.get(name.lower(), "true").casefold() == "false"
    elif how == "cursor":
        cursor = cast("Json", content).get(name) if isinstance(content, dict) else None
        return _placed(tool, pages.page, cursor) if cursor else None
    else:
        listed, size = rows(tool, content), at(tool, arguments, pages.size) if pages.size else None
        more = listed is not None and isinstance(size, int) and len(listed) >= size > 0
    return _placed(tool, pages.page, page + 1) if more else None


def at(tool: Tool, arguments: Json, place: str) -> Any:
    """The value at a dotted place (`query.page`, `body.filter.page`): what was given, else the default."""
    where, _, rest = place.partition(".")
    first, *inner = rest.split(".") if where == "body" else [rest]
    param = next((p for p in tool.params if p.place == where and p.field.name == first), None)
    if param is None:
        return None
    field, value = param.field, arguments.get(param.given, param.field.default)
    for name in inner:
        field = next((f for f in field.kind.fields if f.name == name), field)
        value = cast("Json", value).get(name, field.default) if isinstance(value, dict) else field.default
    return None if value is UNSET else value


def _placed(tool: Tool, place: str, value: Any) -> Json:
    where, _, rest = place.partition(".")
    first, *inner = rest.split(".") if where == "body" else [rest]
    param = next((p for p in tool.params if p.place == where and p.field.name == first), None)
    for name in reversed(inner):
        value = {name: value}
    return {param.given if param else first: value}


def view(content: Any, names: tuple[str, ...]) -> Any:
    """What the dotted names leave of a value. A list is viewed item by item; `*` stands for every item of a list or value of a map."""
    tree: dict[str, Any] = {}
    for name in names:
        node = tree
        for part in name.split("."):
            node = node.setdefault(part, {})
    return _trim(content, tree)


def _trim(value: Any, tree: Mapping[str, Any]) -> Any:
    if not tree:
        return value
    if isinstance(value, list):
        below = cast("Mapping[str, Any]", tree["*"]) if set(tree) == {"*"} else tree
        return [_trim(item, below) for item in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    content = cast("Json", value)
    if "*" in tree:
        return {name: _trim(inner, tree.get(name, tree["*"])) for name, inner in content.items()}
    return {name: _trim(content[name], below) for name, below in tree.items() if name in content}
