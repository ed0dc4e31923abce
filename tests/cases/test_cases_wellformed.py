"""The cases are whole and mean what they say. What runs them through the pipeline is another test."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from tests.cases.load import HERE, HOSTS, LIST, Case, Request, cases, files, slugs

CASES = dict(cases())
CLOCKIFY_ID = re.compile(r"[0-9a-f]{24}")
ID_KEYS = re.compile(r"_?id|ids|.*[a-z]Ids?|.*-ids?|assigned-to|from-entry|triggerSource")
ZONE = "Europe/Riga"
"""Where the person of Clockify's cases lives."""
PROFILE = "/v1/user"
"""Read for the zone, not to be kept."""
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}


def requests(case: Case) -> list[Request]:
    """Every request of a case, in order."""
    return [*(read.request for read in case.before), *([case.request] if case.request else [])]


def ordinary() -> Iterator[tuple[str, Case, Request]]:
    for name, case in CASES.items():
        if case.request:
            yield name, case, case.request


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in a value, itself included."""
    if isinstance(value, dict):
        one = cast("dict[str, Any]", value)
        yield one
        value = list(one.values())
    if isinstance(value, list):
        for member in cast("list[Any]", value):
            yield from objects(member)


def texts(value: Any) -> list[str]:
    """An argument as it stands in a query: one text for each member."""
    if isinstance(value, list):
        return [text for member in cast("list[Any]", value) for text in texts(member)]
    return [str(value).lower() if isinstance(value, bool) else str(value)]


def same(sent: Any, given: Any, zone: str) -> bool:
    """Whether this is what was given: as it is, or the same moment in UTC or as the clock in `zone` shows it."""
    if sent == given:
        return True
    try:
        meant, left = datetime.fromisoformat(given), datetime.fromisoformat(sent)
    except (TypeError, ValueError):
        return False
    meant = meant if meant.tzinfo else meant.replace(tzinfo=ZoneInfo(zone))
    return meant in (left, left.replace(tzinfo=ZoneInfo(zone)))


def plain(fields: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if isinstance(value, str | int | float)}


def test_the_slugs() -> None:
    every = slugs()
    assert len(every) == len(set(every)) == 83
    assert Counter(slug.split("_")[0] for slug in every) == {"CLOCKIFY": 73, "DESKTIME": 10}


def test_each_tool_has_an_ordinary_and_a_failing_case() -> None:
    well = {case.tool for case in CASES.values() if case.error is None}
    badly = {case.tool for case in CASES.values() if case.error is not None}
    assert well == badly == set(slugs())


def test_no_case_stands_twice() -> None:
    assert [what for what, n in Counter((case.tool, case.about) for case in CASES.values()).items() if n > 1] == []


def test_files_are_short_and_lie_with_their_toolkit() -> None:
    lines = {path: path.read_text("utf-8").splitlines() for path in files()}
    assert [path.name for path, text in lines.items() if len(text) > 400 or max(map(len, text)) > 140] == []
    assert {path.parent.name for path in lines} == set(HOSTS)
    assert all((HERE / name).is_relative_to(HERE / case.toolkit) for name, case in CASES.items())


def test_a_case_is_either_ordinary_or_failing() -> None:
    for name, case in CASES.items():
        assert case.given.strip().startswith("{"), name
        if case.error is None:
            assert case.request is not None and case.result is not None and case.reply.status in (200, 201, 204), name
        else:
            assert case.request is None and case.result is None and case.error.words, name
            assert all(word and word == word.lower() for word in [*case.error.words, *case.error.never]), name


def test_requests_are_whole() -> None:
    for name, case in CASES.items():
        for request in requests(case):
            method, host, path = request.call.split(" ")
            assert method in METHODS and host in HOSTS[case.toolkit] and re.fullmatch(r"(/[A-Za-z0-9_-]+)+", path), name
            assert all(request.query.values()), name
            shape = "[" if LIST in case.arguments else "{"
            assert request.body is None or (method in ("POST", "PUT", "PATCH") and request.body.strip()[0] == shape), name
            assert not request.allowed or not request.allowed.keys() & request.content.keys(), f"{name}: what may be sent is not also due"
        for read in case.before:
            assert read.request.method == "GET" and read.reply.status == 200 and "id" in read.reply.content, name


def test_what_was_given_is_sent_and_nothing_else() -> None:
    for name, case, request in ordinary():
        given, steps = case.arguments, request.path.split("/")
        zone = given.get("timeZone", ZONE)
        body: Any = request.content or {}
        if LIST in given:
            assert given.pop(LIST) == body, name
            body = {}
        for key, value in given.items():
            told = texts(value)
            asked = request.query.get(key, [])
            assert (
                value in steps
                or (len(asked) == len(told) > 0 and all(same(a, t, zone) for a, t in zip(asked, told, strict=True)))
                or (key in body and same(body[key], value, zone))
                or (value is None and key not in body)
            ), f"{name}: {key}"
        assert set(request.query) <= set(given), name
        assert case.before or set(body) <= set(given), name
        assert {step for step in steps if CLOCKIFY_ID.fullmatch(step)} <= set(map(str, given.values())), name


def test_what_replaces_keeps_what_was_read() -> None:
    """What the agent does not name goes back as it was read: under another name, or out of the object where it lay."""
    for name, case, request in ordinary():
        for before in case.before:
            if before.request.path == PROFILE:
                continue
            read = before.reply.content
            read |= read.get("timeInterval", {}) | {"isPublic": read.get("public")}
            values: list[dict[str, Any]] = read.get("customFieldValues") or []
            read["customFields"] = [{"customFieldId": one["customFieldId"], "value": one["value"]} for one in values]
            for key, value in (request.content | request.allowed).items():
                if key not in case.arguments and key != "hourlyRate":
                    assert value == read[key], f"{name}: {key}"


def test_ids_look_like_ids() -> None:
    for name, case in CASES.items():
        said = [case.arguments, case.reply.content, *(r.content for r in requests(case)), *(b.reply.content for b in case.before)]
        for one in objects(said):
            for key, found in one.items():
                if case.toolkit == "clockify" and ID_KEYS.fullmatch(key) and found not in (None, ""):
                    assert all(CLOCKIFY_ID.fullmatch(text) for text in texts(found)), f"{name}: {key}"


def test_facts_stand_in_the_reply() -> None:
    for name, case, _ in ordinary():
        there = [plain(one) for one in objects(case.reply.content)]
        for fact in case.result or []:
            assert fact and any(fact.items() <= one.items() for one in there), f"{name}: {fact}"


def test_refusals_have_the_shape_that_the_service_gives_them() -> None:
    for name, case in CASES.items():
        if case.error is None:
            continue
        said = case.reply.content
        if case.toolkit == "clockify":
            assert case.reply.status >= 400 and said.keys() == {"message", "code"} and isinstance(said["code"], int), name
        else:
            assert (case.reply.status == 200 or case.reply.status >= 400) and said.keys() == {"error"}, name
