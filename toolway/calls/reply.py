"""From a service's answer to a result: pure. Errors become sentences, lists get a name, a page says what comes next, a view trims."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, cast

import msgspec

from toolway.calls.brevity import MOST_CHARACTERS, brief
from toolway.calls.places import at, placed
from toolway.catalog.model import Fault, Json, Tool, Toolkit
from toolway.errors import Refused
from toolway.net import Answer

_SAID = 400
_UNSEEN = r"\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"
# Two more marks without width join letters of Persian and of Indian scripts, and emoji; only between such do they mean anything.
_SEEN = rf"[^\x00-\xa0\u200c\u200d{_UNSEEN}]"
_CONTROL = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # what a terminal obeys, as a whole
    rf"|[\x00-\x08\x0b-\x1f\x7f-\x9f{_UNSEEN}]|(?<!{_SEEN})[\u200c\u200d]|[\u200c\u200d](?!{_SEEN})"
)
# The same in a body, where it may stand as it is or escaped; what it finds too much costs only a walk.
_PERHAPS_CONTROL = re.compile(
    rb"\\[bfr]|\\u(?:00[01789]|061[cC]|180[eE]|20[0-6]|[fF][eE][fF]|[fF][fF][fF]|[dD][bB]40)"
    rb"|\x7f|\xc2[\x80-\x9f]|\xd8\x9c|\xe1\xa0\x8e|\xe2\x80[\x8b-\x8f\xaa-\xae]|\xe2\x81[\xa0-\xaf]|\xef\xbb\xbf|\xef\xbf[\xb9-\xbb]|\xf3\xa0[\x80\x81]"
)
_MEANINGS = {401: "key", 403: "forbidden", 404: "not found", 429: "pace"}
_SAY = {  # and these are all the meanings that the rooms above know, besides "refused" and "rubbish"
    "key": "The account's key is not accepted; connect it again.",
    "forbidden": "The account may not do this; its plan or its role does not allow it.",
    "not found": "Look it up again; it may have been deleted.",
    "pace": "Wait a little before calling again.",
}


class Reply(msgspec.Struct, frozen=True):
    """What a call gave: the data, the arguments to add for the next page (None: this is all), and whether a view left something out.

    `mark` stands for the rows of a page that another follows; rows that are equal have the same. `note` says what else there is to know.
    """

    data: Json
    next: Json | None = None
    trimmed: bool = False
    mark: int = 0
    note: str = ""


def read(tool: Tool, kit: Toolkit, answer: Answer, arguments: Json, full: bool = False, exact: bool = False) -> Reply:
    """Read an answer. Raises `Refused` with the service's own words when it says no, or when it is not what was announced.

    Characters that nobody sees are left out of its texts, unless they are wanted `exact`: what is read to be written back must not change.
    """
    try:
        return _read(tool, kit, answer, arguments, full, exact)
    except RecursionError:
        said = f"{kit.title} answered {answer.status} with lists or objects that are nested without end."
        raise Refused(said, status=answer.status, means="rubbish", fix="Try again later; the service may be down.") from None


def _read(tool: Tool, kit: Toolkit, answer: Answer, arguments: Json, full: bool, exact: bool) -> Reply:
    content = _content(kit, answer, exact)
    failure = _failure(kit, content)
    if failure or not 200 <= answer.status < 300:
        raise _refusal(tool, kit, answer.status, content, failure)
    following = _next(tool, answer, content, arguments)
    listed = rows(tool, content)
    mark = 0 if following is None else hash(msgspec.json.encode(content if listed is None else listed))
    if full:
        return Reply(_named(tool, content), following, mark=mark)
    data, note = view(content, tool.view) if tool.view else content, ""
    if tool.pages is None and len(answer.body) > MOST_CHARACTERS:
        data, note = brief(data, _tree(tool.view), tool.list_key)
    return Reply(_named(tool, data), following, data != content, mark, note)


def _content(kit: Toolkit, answer: Answer, exact: bool) -> Any:
    if not answer.body.strip():
        return {}
    try:
        content = msgspec.json.decode(answer.body)
        return content if exact or not _PERHAPS_CONTROL.search(answer.body) else _tidy(content)
    except (ValueError, RecursionError) as error:
        if not 200 <= answer.status < 300:
            return {}  # an error page of some proxy: the status says more than its words
        if isinstance(error, RecursionError):
            raise
    kind = clean(answer.headers.get("content-type", "something").partition(";")[0])[:60]
    came = "what is no JSON, though it is called so" if "json" in kind else f"{kind} where JSON was expected"
    text = f"{kit.title} answered {answer.status} with {came}."
    raise Refused(text, status=answer.status, means="rubbish", fix="Try again later; the service may be down.")


def _failure(kit: Toolkit, content: Any) -> Fault | None:
    """The fault that a body on status 200 tells of: one that stands in the toolkit as `200 FIELD`."""
    if not isinstance(content, dict):
        return None
    return next((f for f in kit.faults if f.status == 200 and cast("Json", content).get(f.code)), None)


def _refusal(tool: Tool, kit: Toolkit, status: int, content: Any, failure: Fault | None) -> Refused:
    if 300 <= status < 400:
        return Refused(f"{kit.title} answered with a redirect ({status}), which is not followed.", status=status, means="rubbish")
    words, code = _vendor_words(content)
    # A body that tells of failure on status 200 may name the status that it should have had.
    stated = int(code) if failure and re.fullmatch("[45][0-9][0-9]", code) else status
    fault = _fitting(kit.faults, stated, code) or failure
    means = fault.means if fault and fault.means in _SAY else _MEANINGS.get(stated, "refused")
    say = fault.say if fault else ""
    fix = say or _SAY.get(means) or ("The service has a fault of its own; try again later." if stated >= 500 else None)
    if own := _fitting(tool.fails, stated, code):
        fix = f"{own.say} {fix}" if fix else own.say
    said = f"{kit.title} refused ({status}{f', code {code}' if code else ''})"
    return Refused(f"{said}: {words}" if words else f"{said}.", status=status, means=means, fix=fix)


def _fitting(faults: tuple[Fault, ...], status: int, code: str) -> Fault | None:
    """The fault of this status and code, else that of the status alone."""
    fitting = [fault for fault in faults if fault.status == status and fault.code in ("", code)]
    return max(fitting, key=lambda fault: bool(fault.code), default=None)


def _vendor_words(content: Any) -> tuple[str, str]:
    """What the service says of its refusal, and its code for it; as `message` or `description`, or in or as an `error`."""
    body = cast("Json", content) if isinstance(content, dict) else {}
    inner: Any = body.get("error")
    if isinstance(inner, dict):
        body = cast("Json", inner)
    texts: list[Any] = [body.get("message"), body.get("description"), inner]
    code: Any = body.get("code")
    said = clean(next((text for text in texts if text and isinstance(text, str)), ""))[:_SAID]
    return said, clean(str(code))[:20] if isinstance(code, int | str) else ""


def clean(text: str) -> str:
    """A text without what nobody sees: control characters save line ends and tabs, terminal sequences, marks of direction, and those
    without width that join nothing.
    """
    return _CONTROL.sub("", text).strip()


def _tidy(value: Any) -> Any:
    match value:
        case str():
            return _CONTROL.sub("", value)
        case list():
            return [_tidy(item) for item in cast("list[Any]", value)]
        case dict():
            return {_CONTROL.sub("", name): _tidy(inner) for name, inner in cast("Json", value).items()}
        case _:
            return value


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
    asked = at(tool, arguments, pages.page)
    page = asked if isinstance(asked, int) else pages.first
    how, _, name = pages.more.partition(" ")
    if how == "header":
        more = answer.headers.get(name.lower(), "true").casefold() == "false"
    elif how == "cursor":
        cursor = cast("Json", content).get(name) if isinstance(content, dict) else None
        return placed(tool, arguments, pages.page, cursor) if cursor and cursor != asked else None
    else:
        listed, size = rows(tool, content), at(tool, arguments, pages.size)
        # More than was asked for is all that there is: no page is heeded here.
        more = listed is not None and isinstance(size, int) and len(listed) == size > 0
    return placed(tool, arguments, pages.page, page + 1) if more else None


def value_at(content: Any, name: str) -> Any:
    """What stands at a dotted name, None where nothing does."""
    for part in name.split("."):
        content = cast("Json", content).get(part) if isinstance(content, dict) else None
    return content


def view(content: Any, names: tuple[str, ...]) -> Any:
    """What the dotted names leave of a value. A list is viewed item by item; `*` stands for every item of a list or value of a map."""
    return _trim(content, _tree(names))


@lru_cache(maxsize=1024)
def _tree(names: tuple[str, ...]) -> Mapping[str, Any]:
    tree: dict[str, Any] = {}
    for name in names:
        node = tree
        for part in name.split("."):
            node = node.setdefault(part, {})
    return tree


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
