"""The REST face's own OpenAPI document, made of the table of routes."""

import re
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import fields

from toolway import __version__
from toolway.catalog.model import Json
from toolway.serve.rest.route import Route

_OPEN = re.compile(r"\{(\w+)\}")
_ERROR: Json = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "code", "slug", "status", "request_id"],
            "properties": {
                "message": {"type": "string", "description": "What went wrong, in a sentence."},
                "code": {"type": "integer"},
                "slug": {"type": "string"},
                "status": {"type": "integer", "description": "The HTTP status again."},
                "request_id": {"type": "string", "description": "Stands in the server's log too."},
                "suggested_fix": {"type": "string", "description": "What to do next."},
                "errors": {"type": "array", "items": {"type": "string"}, "description": "Every fault of the request."},
            },
        }
    },
}
_PROBLEM: Json = {"description": "What went wrong.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}}


def document(routes: Sequence[Route]) -> Json:
    """The document as JSON; the same routes stand under both prefixes."""
    shapes = [shape for route in routes for shape in (route.body, route.query) if shape]
    schemas, components = msgspec.json.schema_components(shapes, ref_template="#/components/schemas/{name}")
    known = dict(zip(shapes, schemas, strict=True))
    paths: dict[str, Json] = {}
    for prefix in ("/api/v3", "/api/v3.1"):
        for route in routes:
            paths.setdefault(f"{prefix}/{route.path}", {})[route.method.lower()] = _operation(route, prefix, known, components)
    queries = {shape.__name__ for shape in (route.query for route in routes) if shape}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Toolway", "version": __version__, "description": "The part of the Composio API that Toolway answers."},
        "paths": paths,
        "components": {
            "schemas": {name: schema for name, schema in components.items() if name not in queries} | {"Error": _ERROR},
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "x-api-key"}},
        },
        "security": [{"key": []}],
    }


def _operation(route: Route, prefix: str, known: dict[type[Struct], Json], components: Json) -> Json:
    parameters: list[Json] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in _OPEN.findall(route.path)
    ]
    if route.query:
        parameters += _parameters(route.query, components)
    named = "_".join(_OPEN.sub(r"by_\1", part) for part in route.parts)
    operation: Json = {
        "operationId": f"{route.method.lower()}_{named}_{prefix.rpartition('/')[2].replace('.', '_')}",
        "summary": route.about,
        "description": f"Needs a key with the scope {route.needs}.",
        "tags": [route.parts[0]],
        "parameters": parameters,
        "responses": {
            str(route.gives): {"description": "Done.", "content": {"application/json": {"schema": {"type": "object"}}}},
            "4XX": _PROBLEM,
        },
    }
    if route.body:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": known[route.body]}}}
    return operation


def _parameters(query: type[Struct], components: Json) -> list[Json]:
    schema: Json = components[query.__name__]["properties"]
    made: list[Json] = []
    for field in fields(query):
        inner: Any = schema[field.encode_name]
        one: Json = {"name": field.encode_name, "in": "query", "required": field.required, "schema": inner}
        text = str(inner)
        if "'array'" in text:
            one |= {"style": "form", "explode": False}
        elif "'object'" in text:
            one |= {"style": "deepObject", "explode": True}
        made.append(one)
    return made
