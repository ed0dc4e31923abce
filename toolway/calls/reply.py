"""From a service's answer to a result: pure. Errors become sentences, lists get a name, a page says what comes next, a view trims."""

import re
from typing import Any, cast

import msgspec

from toolway.calls import each, pages
from toolway.calls.brevity import MOST_CHARACTERS, brief, room_beside, size
from toolway.calls.unseen import PERHAPS, clean, tidy
from toolway.calls.view import tree_of, view
from toolway.catalog.model import Fault, Json, Tool, Toolkit
from toolway.errors import Refused
from toolway.net import Answer

_SAID = 400
_NOTES = 500  # room for the note of what is left out
_REST = "Ask for less at once, or with view full for everything."
_DONE = "It is done: do not call again to see the rest, ask a tool that reads."
_SOME = "Whether that holds for all that were named is not said: look before you repeat."
_UNSURE = "The answer does not confirm items.unconfirmed: look before you repeat."
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
    `items` tells of several things at once which are confirmed (`each.told`), `total` how many a list holds that has no pages.
    """

    data: Json
    next: Json | None = None
    trimmed: bool = False
    mark: int = 0
    note: str = ""
    items: Json = {}
    total: int | None = None


def read(tool: Tool, kit: Toolkit, answer: Answer, arguments: Json, most: int | None = MOST_CHARACTERS, exact: bool = False) -> Reply:
    """Read an answer. Raises `Refused` with the service's own words when it says no, or when it is not what was announced.

    The tool's view is shown, and data and items have at most `most` characters together; None gives everything. Characters that nobody
    sees are left out of its texts, unless they are wanted `exact`: what is read to be written back must not change.
    """
    try:
        return _read(tool, kit, answer, arguments, most, exact)
    except RecursionError:
        said = f"{kit.title} answered {answer.status} with lists or objects that are nested without end."
        raise Refused(said, status=answer.status, means="rubbish", fix="Try again later; the service may be down.") from None


def _read(tool: Tool, kit: Toolkit, answer: Answer, arguments: Json, most: int | None, exact: bool) -> Reply:
    content = _content(kit, answer, exact)
    failure = _failure(kit, content)
    if failure or not 200 <= answer.status < 300:
        raise _refusal(tool, kit, answer.status, content, failure)
    listed, following = pages.rows(tool, content), pages.following(tool, answer, content, arguments)
    mark = 0 if following is None else hash(msgspec.json.encode(content if listed is None else listed))
    items, total = each.told(tool, arguments, listed), pages.total(tool, content)
    note = _UNSURE if "unconfirmed" in items else ""
    if most is None:
        return Reply(_named(tool, content), following, False, mark, note, items, total)
    data, room = view(content, tool.view) if tool.view else content, room_beside(items, most)
    if len(answer.body) > room:
        data, following, less = _shortened(tool, data, following, arguments, room)
        note = f"{note} {less}".strip()
    return Reply(_named(tool, data), following, data != content, mark, note, items, total)


def _shortened(tool: Tool, data: Any, following: Json | None, arguments: Json, most: int) -> tuple[Any, Json | None, str]:
    """Data of at most so many characters, what follows it, and a note of what is left out and how to get it."""
    if size(data) <= most:
        return data, following, ""
    most, notes = most - _NOTES, list[str]()
    listed = pages.rows(tool, data)
    if listed is not None and (smaller := pages.smaller(tool, data, listed, arguments, most)):
        few, following = smaller
        notes.append(f"This page has {len(listed)} rows, of which {few} are shown: next goes on after them, {few} at a time.")
        data = listed[:few] if data is listed else cast("Json", data) | {tool.list_key: listed[:few]}
    data, told = brief(data, tree_of(tool.view), tool.list_key, most)
    if told:
        notes.append(f"{told} {_REST if tool.effect == 'read' else _DONE}")
    return data, following, " ".join(notes)


def _content(kit: Toolkit, answer: Answer, exact: bool) -> Any:
    if not answer.body.strip():
        return {}
    try:
        content = msgspec.json.decode(answer.body)
        return content if exact or not PERHAPS.search(answer.body) else tidy(content)
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
    if own := _fitting(tool.fails, stated, code):  # the tool's own words say more than the toolkit's
        fix = f"{own.say} {fix}" if fix and means in _SAY else own.say
    if tool.each and means == "refused":
        fix = f"{fix} {_SOME}" if fix else _SOME
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


def _named(tool: Tool, data: Any) -> Json:
    if isinstance(data, dict):
        return cast("Json", data)
    return {tool.list_key: data}
