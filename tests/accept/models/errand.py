"""The script of an errand at a tool router: find the tool, open the door, call, tell. At most four turns a request.

Everything that the model sends comes out of the messages: the slug and the schema from the search, the link from the
connection's answer, values from the user's words or from earlier answers.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from .mind import Call, Json, Lost, Move, Script, Talk, objects

SEARCH = "COMPOSIO_SEARCH_TOOLS"
SCHEMAS = "COMPOSIO_GET_TOOL_SCHEMAS"
CONNECT = "COMPOSIO_MANAGE_CONNECTIONS"
EXECUTE = "COMPOSIO_MULTI_EXECUTE_TOOL"

Value = Callable[[Talk], str]


def words(pattern: str) -> Value:
    """A value out of the user's words."""

    def value(talk: Talk) -> str:
        found = re.search(pattern, talk.request, re.I)
        if not found:
            raise Lost(f"the request {talk.request!r} does not say {pattern!r}")
        return found[1]

    return value


def known_id(name: Value) -> Value:
    """The id of the thing that an earlier answer gave under this name."""

    def value(talk: Talk) -> str:
        wanted = name(talk)
        for record in talk.records():
            if str(record.get("name", "")).lower() == wanted.lower() and "id" in record:
                return str(record["id"])
        raise Lost(f"no earlier answer holds something called {wanted!r}")

    return value


@dataclass(frozen=True)
class Errand:
    """What one kind of request needs.

    `slug`: a pattern for the tool that a model would choose among those found. `values`: a pattern for a parameter's
    name, and where its value comes from. `tell`: the fields of the result's records that the final words quote.
    """

    use_case: str
    toolkit: str
    slug: str
    values: Mapping[str, Value] = field(default_factory=dict[str, Value])
    tell: tuple[str, ...] = ("name", "id")


def script(errand: Errand, person: Callable[[str], None] | None = None) -> Script:
    """The turns of an errand. A `person` opens the connect link while the model waits; without one the link is told."""

    def search(talk: Talk) -> Move | None:
        if talk.since.answers(SEARCH):
            return None
        return [Call(SEARCH, {"queries": [{"use_case": errand.use_case}], "session": {"generate_id": True}})]

    def connect(talk: Talk) -> Move | None:
        if talk.since.answers(CONNECT) or _connected(talk, errand.toolkit):
            return None
        return [Call(CONNECT, {"toolkits": [errand.toolkit], **_workflow(talk)})]

    def open_link(talk: Talk) -> Move | None:
        answers = talk.since.answers(CONNECT)
        if not answers or talk.since.answers(EXECUTE):
            return None
        link = next((str(r["redirect_url"]) for r in objects(answers[-1]) if r.get("redirect_url")), None)
        if link is None:
            raise Lost(f"no link in {answers[-1]}")
        if person is None:
            return f"To go on, connect {errand.toolkit} here: {link}"
        person(link)
        return None

    def schema(talk: Talk) -> Move | None:
        if talk.since.answers(EXECUTE) or _schema(talk, _choice(talk, errand)) is not None:
            return None
        if talk.since.answers(SCHEMAS):
            raise Lost(f"no schema of {_choice(talk, errand)} after asking for it")
        return [Call(SCHEMAS, {"tool_slugs": [_choice(talk, errand)], **_workflow(talk)})]

    def execute(talk: Talk) -> Move | None:
        if talk.since.answers(EXECUTE):
            return None
        slug = _choice(talk, errand)
        item: Json = {"tool_slug": slug, "arguments": _arguments(talk, slug, errand)}
        return [Call(EXECUTE, {"tools": [item], "sync_response_to_workbench": False, **_workflow(talk)})]

    def tell(talk: Talk) -> Move | None:
        answer = talk.since.answers(EXECUTE)[-1]
        results = cast(list[Json], _data(answer).get("results") or [])
        if answer.get("successful") is not True or not results:
            return f"It did not work: {answer.get('error')}"
        response = cast(Json, results[0].get("response") or {})
        if response.get("successful") is not True:
            return f"It did not work: {response.get('error') or results[0].get('error')}"
        lines = [
            " - " + ", ".join(str(record[key]) for key in errand.tell)
            for record in objects(response.get("data"))
            if all(key in record for key in errand.tell)
        ]
        return "\n".join([f"Done with {_choice(talk, errand)}:", *lines])

    return [search, connect, open_link, schema, execute, tell]


def _data(answer: Json) -> Json:
    data: object = answer.get("data")
    return cast(Json, data) if isinstance(data, dict) else {}


def _found(talk: Talk) -> Json:
    """What the search answered."""
    answer = talk.since.answers(SEARCH)[-1]
    if answer.get("successful") is not True:
        raise Lost(f"the search failed: {answer.get('error')}")
    return _data(answer)


def _connected(talk: Talk, toolkit: str) -> bool:
    statuses = cast(list[Json], _found(talk).get("toolkit_connection_statuses") or [])
    for status in statuses:
        if status.get("toolkit") == toolkit:
            return status.get("has_active_connection") is True
    raise Lost(f"the search says nothing of a connection to {toolkit}: {statuses}")


def _workflow(talk: Talk) -> dict[str, Any]:
    session: object = _found(talk).get("session")
    return {"session_id": cast(Json, session)["id"]} if isinstance(session, dict) and "id" in session else {}


def _choice(talk: Talk, errand: Errand) -> str:
    """The tool that fits, best ranked first."""
    results = cast(list[Json], _found(talk).get("results") or [])
    slugs = [slug for r in results for kind in ("primary_tool_slugs", "related_tool_slugs") for slug in cast(list[str], r.get(kind) or [])]
    for slug in slugs:
        if re.fullmatch(errand.slug, slug):
            return slug
    raise Lost(f"nothing that fits {errand.slug!r} among the tools found: {slugs}")


def _schema(talk: Talk, slug: str) -> Json | None:
    for name in (SCHEMAS, SEARCH):
        for answer in reversed(talk.since.answers(name)):
            schemas = cast(dict[str, Json], _data(answer).get("tool_schemas") or {})
            found: object = schemas.get(slug, {}).get("input_schema")
            if isinstance(found, dict):
                return cast(Json, found)
    return None


def _arguments(talk: Talk, slug: str, errand: Errand) -> Json:
    schema = _schema(talk, slug) or {}
    properties = cast(dict[str, Json], schema.get("properties") or {})
    arguments: Json = {}
    for name in properties:
        for pattern, value in errand.values.items():
            if re.fullmatch(pattern, name, re.I):
                arguments[name] = value(talk)
    unused = [p for p in errand.values if not any(re.fullmatch(p, name, re.I) for name in properties)]
    missing = [name for name in cast(list[str], schema.get("required") or []) if name not in arguments]
    if unused or missing:
        raise Lost(f"{slug}: no place for {unused}, no value for {missing}; its schema is {schema}")
    return arguments
