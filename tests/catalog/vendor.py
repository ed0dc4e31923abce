"""A vendor's document and a toolkit that answers to it, both our own, without a slip."""

from typing import Any

Json = dict[str, Any]


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _reply(schema: Json) -> Json:
    return {"200": {"description": "", "content": {"application/json": {"schema": schema}}}}


def _query(name: str, **schema: Any) -> Json:
    return {"name": name, "in": "query", "schema": schema}


def _body(schema: Json) -> Json:
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def document() -> Json:
    """The document, anew each time."""
    return {
        "openapi": "3.0.3",
        "info": {"title": "Acme", "version": "1"},
        "servers": [{"url": "https://api.acme.example/v1/"}],
        "paths": {
            "/spaces/{spaceId}/tags": {
                "parameters": [{"$ref": "#/components/parameters/space"}],
                "get": {
                    "operationId": "listTags",
                    "parameters": [
                        _query("name", type="string", maxLength=100),
                        _query("archived", type="boolean"),
                        _query("sort", type="string", enum=["NAME", "DATE"]),
                        _query("page", type="integer", minimum=1, default=1),
                        _query("limit", type="string", default="50"),
                        _query("ids", type="array", items={"type": "string"}),
                        _query("since", type="string", format="date-time"),
                        {"name": "X-Key", "in": "header", "required": True, "schema": {"type": "string"}},
                        {"name": "X-Trace", "in": "header", "schema": {"type": "string"}},
                    ],
                    "responses": _reply({"type": "array", "items": _ref("Tag")}),
                },
                "post": {
                    "operationId": "createTag",
                    "requestBody": {"$ref": "#/components/requestBodies/tag"},
                    "responses": {"201": {"$ref": "#/components/responses/tag"}},
                },
                "put": {
                    "operationId": "replaceTags",
                    "requestBody": _body({"type": "array", "items": _ref("Change")}),
                    "responses": {"204": {"description": "no content"}},
                },
            },
            "/spaces/{spaceId}/tags/{id}": {
                "parameters": [{"$ref": "#/components/parameters/space"}, {"name": "id", "in": "path", "schema": {"type": "integer"}}],
                "get": {"operationId": "getTag", "responses": _reply(_ref("Tag"))},
                "put": {"operationId": "updateTag", "requestBody": _body(_ref("Base")), "responses": _reply(_ref("Tag"))},
                "delete": {"operationId": "deleteTag", "responses": {"204": {"description": "no content"}}},
            },
            "/me": {"get": {"operationId": "getMe", "responses": _reply({"properties": {"email": {}, "space": {"type": "string"}}})}},
            "/reports/{spaceId}": {
                "servers": [
                    {"url": "https://{region}.reports.acme.example", "variables": {"region": {"default": "eu", "enum": ["eu", "us"]}}}
                ],
                "post": {
                    "operationId": "report",
                    "parameters": [{"$ref": "#/components/parameters/space"}],
                    "requestBody": _body(_ref("Report")),
                    "responses": _reply({"type": "object", "properties": {"rows": {"type": "array", "items": _ref("Row")}, "next": {}}}),
                },
            },
        },
        "components": {
            "parameters": {"space": {"name": "spaceId", "in": "path", "required": True, "schema": {"type": "string"}}},
            "requestBodies": {"tag": _body(_ref("NewTag"))},
            "responses": {"tag": {"description": "", "content": {"application/json; charset=utf-8": {"schema": _ref("Tag")}}}},
            "schemas": {
                "Base": {
                    "type": "object",
                    "required": ["name", "id"],
                    "properties": {
                        "id": {"type": "integer", "readOnly": True},
                        "name": {"type": "string", "maxLength": 100},
                        "archived": {"type": "boolean", "nullable": True},
                    },
                },
                "NewTag": {
                    "allOf": [
                        _ref("Base"),
                        {
                            "properties": {
                                "kind": {"allOf": [_ref("Kind")]},
                                "rate": _ref("Rate"),
                                "ownerId": {"type": "integer"},
                                "groups": {"type": "array", "items": {"type": "string"}},
                                "from": {"type": "string", "format": "date-time"},
                                "day": {"oneOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
                                "source": {"type": "string", "enum": ["API", "WEB"]},
                                "parts": {"type": "array", "items": _ref("Row")},
                            }
                        },
                    ]
                },
                "Kind": {"type": "string", "enum": ["PLAIN", "LOUD", None]},
                "Rate": {
                    "type": "object",
                    "required": ["amount"],
                    "properties": {"amount": {"type": "integer", "minimum": 0}, "currency": {"type": "string"}},
                },
                "Change": {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}, "name": {"type": "string"}}},
                "Tag": {
                    "allOf": [
                        _ref("Base"),
                        {"properties": {"title": {"type": "string"}, "owner": _ref("Owner"), "secret": {"writeOnly": True}}},
                    ]
                },
                "Owner": {"oneOf": [{"properties": {"mail": {"type": "string"}}}, {"properties": {"phone": {"type": "string"}}}]},
                "Report": {
                    "type": "object",
                    "required": ["filter"],
                    "properties": {
                        "filter": {
                            "type": "object",
                            "required": ["page"],
                            "properties": {
                                "page": {"type": "integer"},
                                "deep": {"type": "object", "properties": {"word": {"type": "string"}}},
                            },
                        }
                    },
                },
                "Row": {
                    "type": "object",
                    "properties": {
                        "name": {"type": "string"},
                        "sums": {"type": "object", "additionalProperties": {"properties": {"hours": {"type": "number"}}}},
                        "rows": {"type": "array", "items": _ref("Row")},
                    },
                },
                "Loop": {"$ref": "#/components/schemas/Pool"},
                "Pool": {"$ref": "#/components/schemas/Loop"},
            },
        },
    }


KIT = {
    "toolkit.toml": """
slug  = "acme"
title = "Acme"
about = "Anvils and who orders them."
[hosts]
api     = "https://api.acme.example"
reports = "https://eu.reports.acme.example"
[auth.api_key]
header = "X-Key"
[auth.check]
call  = "GET api /v1/me"
label = "email"
[path]
spaceId = "@space! -- Space to work in."
[nouns.space]
list    = "list_tags"
name    = "title"
id      = "name"
within  = ["spaceId"]
default = "get_me space"
[nouns.tag]
list       = "list_tags"
tell-apart = ["archived"]
within     = ["spaceId"]
""",
    "tags.toml": """
[list_tags]
slug  = "ACME_LIST_TAGS"
about = "List the tags."
call  = "GET api /v1/spaces/{spaceId}/tags"
spec  = "listTags"
query.name     = "text(0..100)"
query.archived = "bool"
query.sort     = "(NAME | DATE)"
query.page     = "int(1..) = 1"
query.limit    = "int(1..) = 50"
query.ids      = "text[]"
query.since    = "time"
header.X-Trace = "text"
pages = {page = "query.page", size = "query.limit"}
view  = ["name", "*.title", "owner.mail", "owner.phone"]

[get_tag]
slug  = "ACME_GET_TAG"
about = "Read a tag."
call  = "GET api /v1/spaces/{spaceId}/tags/{id}"
spec  = "getTag"
path.id = "@tag!"

[create_tag]
slug  = "ACME_CREATE_TAG"
about = "Make a tag."
call  = "POST api /v1/spaces/{spaceId}/tags"
spec  = "createTag"
body.name     = "text(1..100)!"
body.archived = "bool"
body.kind     = "(PLAIN | LOUD)"
body.rate     = "Rate"
body.ownerId  = "int"
body.groups   = "text[]"
body.from     = "time"
body.day      = "date"
body.parts    = {schema = {type = "array", items = {type = "object", properties = {name = {type = "string"}}}}}
fixed.body.source = "API"
view  = ["id", "name"]

[replace_tags]
slug  = "ACME_REPLACE_TAGS"
about = "Change many tags."
call  = "PUT api /v1/spaces/{spaceId}/tags"
spec  = "replaceTags"
whole.tags = "Change[]!"

[update_tag]
slug  = "ACME_UPDATE_TAG"
about = "Rename a tag."
call  = "PUT api /v1/spaces/{spaceId}/tags/{id}"
spec  = "updateTag"
path.id       = "@tag!"
body.name     = "text(..100)"
body.archived = "bool"
merge = {from = "get_tag", name = "title"}

[delete_tag]
slug  = "ACME_DELETE_TAG"
about = "Delete a tag."
call  = "DELETE api /v1/spaces/{spaceId}/tags/{id}"
spec  = "deleteTag"
path.id = "@tag!"

[types.Rate]
amount   = "int(0..)!"
currency = "text"

[types.Change]
id   = "int!"
name = "text"
""",
    "reports.toml": """
[get_me]
slug  = "ACME_GET_ME"
about = "Read who is connected."
call  = "GET api /v1/me"
spec  = "getMe"

[report]
slug   = "ACME_REPORT"
about  = "Add up the hours."
call   = "POST reports /reports/{spaceId}"
spec   = "report"
effect = "read"
list   = "rows"
body.filter.page      = "int = 1"
body.filter.deep.word = "text"
pages = {page = "body.filter.page", more = "cursor next"}
view   = ["rows.*.name", "rows.*.rows.*.rows.*.name", "rows.*.sums.*.hours"]

[ping]
slug  = "ACME_PING"
about = "See whether Acme answers."
call  = "GET api /ping"
why-no-spec = "Acme does not describe it."
""",
}
