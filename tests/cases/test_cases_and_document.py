"""The cases for Clockify beside the vendor's own document, where that lies beside this repository."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, cast

import jsonschema_rs
import pytest

from tests.cases.load import LIST, Case, Reply, Request, cases

DOCUMENT = Path(__file__).parents[3] / "shared" / "clockify" / "openapi-2026-05-23.json"
pytestmark = pytest.mark.skipif(not DOCUMENT.exists(), reason="the vendor's document is its property and not part of this repository")

CASES = {name: case for name, case in cases() if case.toolkit == "clockify"}
HOSTS = {"api": "https://api.clockify.me/api", "reports": "https://reports.api.clockify.me"}

# What the service sends otherwise than the document says: the members that are left out of the comparison.
OTHERWISE = {
    "CLOCKIFY_GENERATE_DETAILED_REPORT": {"timeentries", "_id"},
    "CLOCKIFY_GENERATE_SUMMARY_REPORT": {"_id"},
    "CLOCKIFY_GENERATE_WEEKLY_REPORT": {"_id"},
    "CLOCKIFY_GET_SHARED_REPORT": {"_id", "filters"},
    "CLOCKIFY_GET_PROJECT": {"clientId", "clientName"},
    "CLOCKIFY_GET_PROJECTS": {"clientId", "clientName"},
    "CLOCKIFY_UPDATE_PROJECT": {"clientId", "clientName"},
    "CLOCKIFY_GET_MEMBER_PROFILE": {"workingDays"},
}
UNSAID = {"CLOCKIFY_GET_CREATED_ENTITIES", "CLOCKIFY_GET_UPDATED_ENTITIES"}
"""Replies that the document gives as a mere string."""


def closed(value: Any) -> Any:
    """The document's schemas with no room for members that they do not name.

    Java's enumerations came out as objects whose members are the constants, and values of any kind as objects: both say nothing.
    """
    if isinstance(value, list):
        return [closed(member) for member in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    schema = cast("dict[str, Any]", value)
    fields = schema.get("properties")
    if isinstance(fields, dict):
        if any(key.isupper() for key in cast("dict[str, Any]", fields)) or "featurePermissions" in fields:
            return {}
        return {key: closed(member) for key, member in schema.items()} | {"additionalProperties": False}
    if schema.get("type") == "object" and "additionalProperties" not in schema:
        return {}
    return {key: closed(member) for key, member in schema.items()}


@cache
def document() -> dict[str, Any]:
    return json.loads(DOCUMENT.read_bytes())


@cache
def schemas() -> dict[str, Any]:
    return {"schemas": {name: closed(schema) for name, schema in document()["components"]["schemas"].items()}}


def wrong(schema: dict[str, Any], value: Any) -> list[str]:
    check = jsonschema_rs.validator_for({**closed(schema), "components": schemas()})
    return [f"{'/'.join(map(str, error.instance_path))}: {error.message}" for error in check.iter_errors(value)]


def without(value: Any, names: set[str]) -> Any:
    """A value without members of these names and without nulls, of which the document knows nothing."""
    if isinstance(value, list):
        return [without(member, names) for member in cast("list[Any]", value)]
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        return {key: without(member, names) for key, member in members.items() if member is not None and key not in names}
    return value


def operation(request: Request) -> tuple[dict[str, Any], dict[str, Any]]:
    """The operation that a request calls and the path that it stands under; the path with the fewest places wins."""
    found: list[tuple[int, dict[str, Any], dict[str, Any]]] = []
    for path, item in document()["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", r"[^/]+", path), request.path) and request.method.lower() in item:
            found.append((path.count("{"), item[request.method.lower()], item))
    assert found, request.call
    _, what, item = min(found, key=lambda one: one[0])
    return what, item


def asked() -> Iterator[tuple[str, Case, Request, Reply]]:
    for name, case in CASES.items():
        for read in case.before:
            yield name, case, read.request, read.reply
        if case.request:
            yield name, case, case.request, case.reply


def test_requests_are_in_the_document() -> None:
    for name, _, request, _ in asked():
        what, item = operation(request)
        assert (item.get("servers") or document()["servers"])[0]["url"] == HOSTS[request.host], name
        query = {one["name"]: one for one in what.get("parameters", []) if one["in"] == "query"}
        assert {one for one, said in query.items() if said.get("required")} <= set(request.query) <= set(query), name
        for key, values in request.query.items():
            schema = query[key]["schema"]
            assert schema["type"] == "array" or len(values) == 1, name
            assert not wrong(schema, values if schema["type"] == "array" else typed(values[0], schema)), f"{name}: {key}"


def typed(text: str, schema: dict[str, Any]) -> Any:
    return json.loads(text) if schema["type"] in ("integer", "boolean", "number") else text


def test_bodies_are_in_the_document() -> None:
    for name, case, request, _ in asked():
        what, _ = operation(request)
        if "requestBody" not in what:
            assert request.body is None, name
            continue
        (said,) = what["requestBody"]["content"].values()
        body: Any = request.content if LIST in case.arguments else request.content | request.allowed
        complaints = wrong(said["schema"], without(body, set()))
        assert not complaints, f"{name}: {complaints}"


def test_replies_are_in_the_document() -> None:
    for name, case, request, reply in asked():
        if case.tool in UNSAID:
            continue
        what, _ = operation(request)
        content = what["responses"][str(reply.status)].get("content")
        assert (content is None) == (reply.body is None), name
        if content is not None:
            (said,) = content.values()
            complaints = wrong(said["schema"], without(reply.content, OTHERWISE.get(case.tool, set())))
            assert not complaints, f"{name}: {complaints}"


def test_each_tool_with_something_optional_is_asked_for_it() -> None:
    could: set[str] = set()
    did: set[str] = set()
    for _, case, request, _ in asked():
        if request is not case.request:
            continue
        what, _ = operation(request)
        optional = {one["name"] for one in what.get("parameters", []) if not one.get("required")}
        for content in what.get("requestBody", {}).get("content", {}).values():
            schema = content["schema"]
            shape = document()["components"]["schemas"][schema.get("items", schema)["$ref"].rsplit("/", 1)[-1]]
            optional |= set(shape["properties"]) - set(shape.get("required", []))
        if optional:
            could.add(case.tool)
        members: list[dict[str, Any]] = case.arguments.get(LIST, [])
        if optional & {*case.arguments, *(key for one in members for key in one)}:
            did.add(case.tool)
    assert could == did
