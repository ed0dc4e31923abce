"""A toolkit against its vendor's document: every kind of slip is told, and a clean one has none."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from toolway.catalog import checked
from toolway.catalog.witness import Witness

from .toolkits import write
from .vendor import KIT, Json, document


def slips(folder: Path, files: dict[str, str] | None = None, told: Json | None = None) -> list[str]:
    return checked.against(write(folder / "acme", files or KIT), Witness(told or document())).slips


def changed(old: str, new: str) -> dict[str, str]:
    """The toolkit with this text changed, which stands in one of its files, once."""
    (name,) = [name for name, text in KIT.items() if old in text]
    assert KIT[name].count(old) == 1
    return KIT | {name: KIT[name].replace(old, new)}


def test_a_clean_one_has_no_slip(tmp_path: Path) -> None:
    assert slips(tmp_path) == []


@pytest.mark.parametrize("word", ["wall", "wall(Z)"])
def test_a_wall_clock_is_a_moment_to_the_document(tmp_path: Path, word: str) -> None:
    assert slips(tmp_path, changed('query.since    = "time"', f'query.since = "{word}"')) == []


def test_a_wall_clock_is_no_other_format(tmp_path: Path) -> None:
    told = document()
    other_format(told)
    assert_told(slips(tmp_path, changed('body.from     = "time"', 'body.from = "wall"'), told), ("body.from: wall here, string (uuid)",))


def test_anything_may_stand_for_an_object_unless_the_document_shows_something_else(tmp_path: Path) -> None:
    open_rate, told = changed('body.rate     = "Rate"', 'body.rate = "any"'), document()
    assert slips(tmp_path, open_rate) == []
    at(told, *SCHEMAS, "Rate")["example"] = "20 EUR"
    assert_told(slips(tmp_path, open_rate, told), ("body.rate: any here, object in the document",))


def test_an_object_of_any_members_is_an_object(tmp_path: Path) -> None:
    assert slips(tmp_path, changed('body.rate     = "Rate"', 'body.rate = {schema = {type = "object"}}')) == []


IN_THE_FILE: dict[str, tuple[str, str, tuple[str, ...]]] = {
    # what is wrong: the text that changes, what it changes to, the slips
    "method": ('"DELETE api', '"PUT api', ("delete_tag call: PUT here, DELETE in the document",)),
    "path": (
        '"GET api /v1/spaces/{spaceId}/tags/{id}"',
        '"GET api /v1/spaces/{spaceId}/tgas/{id}"',
        ("get_tag call: /v1/spaces/{spaceId}/tgas/{id} here, /v1/spaces/{spaceId}/tags/{id} in the document",),
    ),
    "place in the path": (
        'call  = "DELETE api /v1/spaces/{spaceId}/tags/{id}"\nspec  = "deleteTag"\npath.id',
        'call  = "DELETE api /v1/spaces/{spaceId}/tags/{tag}"\nspec  = "deleteTag"\npath.tag',
        ("delete_tag call: /v1/spaces/{spaceId}/tags/{tag} here",),
    ),
    "host": ('"POST reports', '"POST api', ("report call: https://api.acme.example here, https://eu.reports.acme.example or https://us.",)),
    "host's address": ("https://eu.reports.acme.example", "https://eu.report.acme.example", ("https://eu.report.acme.example here",)),
    "base path": ('"GET api /v1/me"\nspec', '"GET api /me"\nspec', ("get_me call: /me here, /v1/me in the document",)),
    "operation": ('"listTags"', '"lisTags"', ("spec: lisTags here, no such operation in the document; its call is listTags",)),
    "another operation": (
        '"createTag"',
        '"deleteTag"',
        ("create_tag call: POST here", "create_tag call: /v1/spaces", "delete_tag spec: deleteTag for create_tag too here"),
    ),
    "one operation for two": ('"getMe"', '"getTag"', ("get_tag spec: getTag for get_me too here", "get_me call", "nouns.space.default")),
    "misspelt parameter": (
        "query.archived",
        "query.archive",
        ("query.archive: bool here, no such name in the document; did you mean archived?",),
    ),
    "case of a parameter": ("query.sort ", "query.Sort ", ("query.Sort: (NAME | DATE) here, no such name",)),
    "wrong place, query for header": (
        "header.X-Trace",
        "query.X-Trace",
        ("query.X-Trace: in the query here, in the header in the document",),
    ),
    "wrong place, body for path": (
        'path.id       = "@tag!"\nbody.name ',
        'path.id       = "@tag!"\nbody.spaceId = "text"\nas.body.spaceId = "space"\nbody.name ',
        ("body.spaceId: in the body here, in the path in the document",),
    ),
    "wrong place, query for body": (
        'body.groups   = "text[]"',
        'query.groups = "text[]"',
        ("query.groups: in the query here, in the body in the document",),
    ),
    "body for none": (
        'path.id = "@tag!"\n\n[types',
        'path.id = "@tag!"\nbody.why = "text"\n\n[types',
        ("body.why: text here, no such name",),
    ),
    "constant for none": (
        'path.id = "@tag!"\n\n[types',
        'path.id = "@tag!"\nfixed.body.why = 1\n\n[types',
        ("fixed.body.why: always sent here",),
    ),
    "type, text for boolean": (
        'query.archived = "bool"',
        'query.archived = "text"',
        ("query.archived: text here, boolean in the document",),
    ),
    "type, boolean for string": (
        'query.name     = "text(0..100)"',
        'query.name = "bool"',
        ("query.name: bool here, string in the document",),
    ),
    "type, number for integer": ('query.page     = "int(1..) = 1"', 'query.page = "number = 1"', ("query.page: number here, integer",)),
    "type, unlike the default": (
        'query.limit    = "int(1..) = 50"',
        'query.limit = "bool"\nquery."page-size" = "int"',
        ("query.limit: bool here", "page-size"),
    ),
    "list for scalar": (
        'query.since    = "time"',
        'query.since = "time[]"',
        ("query.since: time[] here, string (date-time) in the document",),
    ),
    "scalar for list": ('body.groups   = "text[]"', 'body.groups = "text"', ("body.groups: text here, array in the document",)),
    "items of a list": ('body.groups   = "text[]"', 'body.groups = "int[]"', ("body.groups: int[] here, string in the document",)),
    "object for list": ('whole.tags = "Change[]!"', 'whole.tags = "Change!"', ("whole.tags: Change here, array in the document",)),
    "members for list": ('whole.tags = "Change[]!"', 'body.name = "text"', ("replace_tags body: an object here, array in the document",)),
    "id that is a number": ('body.ownerId  = "int"', 'body.ownerId = "@tag"', ("body.ownerId: @tag here, integer in the document",)),
    "anything for integer": ('body.ownerId  = "int"', 'body.ownerId = "any"', ("body.ownerId: any here, integer in the document",)),
    "format, text for moment": (
        'body.from     = "time"',
        'body.from = "text"',
        ("body.from: text here, string (date-time) in the document",),
    ),
    "format, day for moment": ('body.from     = "time"', 'body.from = "date"', ("body.from: date here, string (date-time)",)),
    "format, moment for day": ('body.day      = "date"', 'body.day = "time"', ("body.day: time here, string (date)",)),
    "format, wall clock for day": ('body.day      = "date"', 'body.day = "wall"', ("body.day: wall here, string (date)",)),
    "missing choice": ('"(NAME | DATE)"', '"(NAME)"', ("query.sort: no choice DATE here, choice DATE in the document",)),
    "invented choice": ('"(NAME | DATE)"', '"(NAME | DATE | SIZE)"', ("query.sort: choice SIZE here, no such choice in the document",)),
    "choice behind allOf and a reference": (
        '"(PLAIN | LOUD)"',
        '"(PLAIN | LUOD)"',
        ("choice LUOD here, no such choice in the document; did you", "no choice LOUD here"),
    ),
    "text for choices": ('"(PLAIN | LOUD)"', '"text"', ("body.kind: text here, one of PLAIN, LOUD in the document",)),
    "choices for text": (
        'currency = "text"',
        'currency = "(EUR | USD)"',
        ("body.rate.currency: (EUR | USD) here, any string in the document",),
    ),
    "required, not told": (
        'body.name     = "text(1..100)!"',
        'body.name = "text(1..100)"',
        ("create_tag body.name: optional here, required in the document",),
    ),
    "required, left out": (
        'body.name     = "text(1..100)!"\n',
        "",
        ("create_tag body.name: missing here, required in the document (#/components/schemas/Base",),
    ),
    "not required, but told": (
        'body.ownerId  = "int"',
        'body.ownerId = "int!"',
        ("body.ownerId: required here, optional in the document",),
    ),
    "nested, required": ('amount   = "int(0..)!"', 'amount = "int(0..)"', ("create_tag body.rate.amount: optional here, required in",)),
    "nested, left out": ('id   = "int!"\n', "", ("replace_tags whole.tags.id: missing here, required in the document",)),
    "deep, left out": (
        'body.filter.page      = "int = 1"',
        'body.filter.page = "int"',
        ("report body.filter.page: optional", "report body.filter: optional"),
    ),
    "unknown body field": (
        "body.ownerId",
        "body.ownerID",
        ("body.ownerID: int here, no such name in the document; did you mean ownerId?",),
    ),
    "unknown nested field": (
        "currency = ",
        "curency = ",
        ("body.rate.curency: text here, no such name in the document; did you mean currency?",),
    ),
    "unknown field three deep": ("body.filter.deep.word", "body.filter.deep.wrod", ("body.filter.deep.wrod: text here, no such name",)),
    "unknown field in a schema": (
        "properties = {name = ",
        "properties = {nam = ",
        ("body.parts.nam: text here, no such name in the document; did you",),
    ),
    "type in a schema": (
        '{name = {type = "string"}}',
        '{name = {type = "integer"}}',
        ("body.parts.name: int here, string in the document",),
    ),
    "bound": ('"text(1..100)!"', '"text(1..250)!"', ("body.name: at most 250 here, at most 100 in the document",)),
    "read-only": ("body.groups   = ", 'body.id = "int"\nbody.groups   = ', ("create_tag body.id: sent here, read-only in the document",)),
    "constant, no such choice": ('source = "API"', 'source = "APP"', ("fixed.body.source: always 'APP' here, one of API, WEB in",)),
    "constant, wrong type": ('source = "API"', "source = 1", ("fixed.body.source: always 1 here, one of API, WEB in",)),
    "constant, no such name": ("fixed.body.source", "fixed.body.sauce", ("fixed.body.sauce: always sent here, no such name in",)),
    "constant in the query": (
        'query.archived = "bool"',
        "fixed.query.archived = 'no'\nfixed.query.nope = 1",
        ("query.archived: always 'no' here", "fixed.query.nope"),
    ),
    "constant within an object": (
        'body.rate     = "Rate"',
        'body.rate.currency = "text"\nfixed.body.rate.amount = 1\nfixed.body.rate.curency = 1',
        ("fixed.body.rate.curency: always sent here, no such name in the document; did you mean currency?",),
    ),
    "way of sending": (
        'spec  = "createTag"',
        'spec  = "createTag"\nsend = "form"',
        ("create_tag send: form here, application/json in the document",),
    ),
    "no body": ('whole.tags = "Change[]!"', "", ("replace_tags send: no body here, a required body in the document",)),
    "view": ('["id", "name"]', '["id", "nmae"]', ("create_tag view.nmae: nmae here, no such field in the document; did you mean name?",)),
    "nested view": ('"owner.mail"', '"owner.mial"', ("list_tags view.owner.mial: owner.mial here, no such field",)),
    "view below a text": ('"*.title"', '"title.x"', ("view.title.x: title.x here, string there in the document",)),
    "view of what is written only": ('"owner.mail"', '"secret"', ("view.secret: secret here, write-only in the document",)),
    "view, spelt another way": ('"*.title"', '"*.Title"', ("view.*.Title: *.Title here, *.title in the document",)),
    "view in a circle": ('"rows.*.rows.*.rows.*.name"', '"rows.*.rows.*.rows.*.nom"', ("view.rows.*.rows.*.rows.*.nom",)),
    "view of any member": ('"rows.*.sums.*.hours"', '"rows.*.sums.*.hour"', ("view.rows.*.sums.*.hour",)),
    "view of an empty reply": (
        'spec  = "deleteTag"',
        'spec  = "deleteTag"\nview = ["id"]',
        ("delete_tag view: fields here, an empty reply in the document",),
    ),
    "list": ('list   = "rows"', 'list   = "entries"', ("report list: entries here, no such field in the document",)),
    "cursor": ('"cursor next"', '"cursor nxt"', ("report pages.more: nxt here, no such field in the document; did you mean next?",)),
    "effect": ('spec  = "deleteTag"', 'spec  = "deleteTag"\neffect = "read"', ("delete_tag effect: read here, DELETE in the document",)),
    "weaker effect": ('spec  = "deleteTag"', 'spec  = "deleteTag"\neffect = "update"', ("delete_tag effect: update here, DELETE",)),
    "effect of a PUT": (
        'spec  = "updateTag"',
        'spec  = "updateTag"\neffect = "read"',
        ("update_tag effect: read here, PUT in the document",),
    ),
    "what a merge leaves": ('name = "title"}', "name = false}", ("update_tag body.name: optional here, required in the document",)),
    "what a merge reads": ('name = "title"}', 'name = "titel"}', ("update_tag merge.name: titel of get_tag here, no such field",)),
    "what a merge reads of a list": (
        'merge = {from = "get_tag", name = "title"}',
        'merge = {from = "list_tags", by = "id", name = "titel"}',
        ("update_tag merge.name: titel of list_tags here, no such field",),
    ),
    "what a merge reads of a list under a key": (
        'merge = {from = "get_tag", name = "title"}',
        'merge = {from = "report", by = "id", name = "title"}',
        ("update_tag merge.name: rows.*.title of report here, no such field", "update_tag merge.archived: rows.*.archived of report"),
    ),
    "what the merge of a list reads": (
        'whole.tags = "Change[]!"',
        'whole.tags = "Change[]!"\neach = {of = "whole.tags", by = "id"}\nmerge = {from = "list_tags", name = "titel"}',
        ("replace_tags merge.name: titel of list_tags here, no such field", "replace_tags each: id here, an empty reply"),
    ),
    "by what each of several things is known": (
        'body.groups   = "text[]"',
        'body.groups   = "text[]"\neach = {of = "body.groups", by = "uid"}',
        ("create_tag each: items.*.uid here, no such field",),
    ),
    "field of a noun": (
        'tell-apart = ["archived"]',
        'tell-apart = ["archive"]',
        ("toolkit.toml:23 nouns.tag.tell-apart: archive here, no such field",),
    ),
    "id of a noun": ('id      = "name"', 'id      = "nam"', ("toolkit.toml:18 nouns.space.id: nam here, no such field",)),
    "default of a noun": ('"get_me space"', '"get_me room"', ("nouns.space.default: room here, no such field",)),
    "call of the check": (
        'call  = "GET api /v1/me"\nlabel',
        'call  = "GET api /v1/you"\nlabel',
        ("auth.check.call: GET /v1/you here, no such operation",),
    ),
    "label of the check": (
        'label = "email"',
        'label = "mail"',
        ("auth.check.label: mail here, no such field in the document; did you mean email?",),
    ),
}


@pytest.mark.parametrize("kind", IN_THE_FILE)
def test_a_slip_in_the_file(tmp_path: Path, kind: str) -> None:
    old, new, told = IN_THE_FILE[kind]
    found = slips(tmp_path, changed(old, new))
    assert_told(found, told)
    for line in found:
        assert re.search(r"^acme/\w+\.toml:\d+ .+: .+ here, .+ in the document.* \(#.*\)$", line)


def assert_told(found: list[str], told: tuple[str, ...]) -> None:
    """As many lines as are expected, and in each of those what is expected of it."""
    assert len(found) == len(told), found
    assert [part for part in told if not any(part in line for line in found)] == [], found


def at(told: Json, *keys: str | int) -> Json:
    value: Any = told
    for key in keys:
        value = value[key]
    return cast("Json", value)


LIST = ("paths", "/spaces/{spaceId}/tags", "get")
TAG = ("paths", "/spaces/{spaceId}/tags/{id}")
SCHEMAS = ("components", "schemas")


def deprecated(told: Json) -> None:
    at(told, *TAG, "get")["deprecated"] = True


def deprecated_parameter(told: Json) -> None:
    at(told, *LIST, "parameters", 0)["deprecated"] = True


def deprecated_field(told: Json) -> None:
    at(told, *SCHEMAS, "Base", "properties", "archived")["deprecated"] = True


def duplicate(told: Json) -> None:
    at(told, *TAG, "delete")["operationId"] = "getTag"


def path_parameter(told: Json) -> None:
    at(told, "paths")["/spaces/{spaceId}/{kind}/tags"] = at(told, "paths").pop("/spaces/{spaceId}/tags")


def server(told: Json) -> None:
    at(told, *TAG)["servers"] = [{"url": "https://tags.acme.example/v1"}]


def server_of_operation(told: Json) -> None:
    at(told, *TAG, "get")["servers"] = [{"url": "https://tags.acme.example/v1"}]


def base_path(told: Json) -> None:
    told["servers"] = [{"url": "/v2"}]


def required_parameter(told: Json) -> None:
    at(told, *LIST)["parameters"].append({"name": "X-Tenant", "in": "header", "required": True, "schema": {"type": "string"}})


def hidden_requirement(told: Json) -> None:
    at(told, *SCHEMAS, "NewTag", "allOf", 1)["required"] = ["ownerId", "sauce"]


def elsewhere(told: Json) -> None:
    at(told, *SCHEMAS, "NewTag", "allOf", 1, "properties")["rate"] = {"$ref": "https://acme.example/rate.json#/Rate"}


def nowhere(told: Json) -> None:
    at(told, *SCHEMAS, "NewTag", "allOf", 1, "properties")["rate"] = {"$ref": "#/components/schemas/Nope"}


def another_file(told: Json) -> None:
    at(told, *SCHEMAS, "NewTag", "allOf", 1, "properties")["rate"] = {"$ref": "./components/schemas/Rate"}


def other_format(told: Json) -> None:
    at(told, *SCHEMAS, "NewTag", "allOf", 1, "properties", "from")["format"] = "uuid"


def circle(told: Json) -> None:
    at(told, *SCHEMAS, "NewTag", "allOf", 1, "properties")["rate"] = {"$ref": "#/components/schemas/Loop"}


def closed(told: Json) -> None:
    at(told, *SCHEMAS, "Rate").pop("properties")
    at(told, *SCHEMAS, "Rate")["additionalProperties"] = False


IN_THE_DOCUMENT: dict[Callable[[Json], None], tuple[str, ...]] = {
    deprecated: ("get_tag spec: in use here, deprecated in the document (#/paths/~1spaces~1{spaceId}~1tags~1{id}/get)",),
    deprecated_parameter: (
        "list_tags query.name: offered here, deprecated in the document (#/paths/~1spaces~1{spaceId}~1tags/get/parameters/0/schema)",
    ),
    deprecated_field: ("create_tag body.archived: offered here, deprecated", "update_tag body.archived: offered here, deprecated"),
    duplicate: ("get_tag spec: getTag here, 2 operations of this name in", "delete_tag spec: deleteTag here, no such operation in"),
    path_parameter: ("list_tags call", "create_tag call", "replace_tags call"),
    server: ("get_tag call: https://api.acme.example here, https://tags.acme.example in", "update_tag call", "delete_tag call"),
    server_of_operation: ("get_tag call: https://api.acme.example here, https://tags.acme.example in",),
    base_path: ("list_tags call: /v1/spaces/{spaceId}/tags here, /v2/spaces/{spaceId}/tags in", *["call: /v1"] * 6, "auth.check.call"),
    required_parameter: ("list_tags header.X-Tenant: missing here, required in the document",),
    hidden_requirement: ("create_tag body.ownerId: optional here, required in", "create_tag body.sauce: missing here, required in"),
    elsewhere: ("body.rate: Rate here, a reference that leads nowhere (https://acme.example/rate.json#/Rate) in",),
    nowhere: ("body.rate: Rate here, a reference that leads nowhere (#/components/schemas/Nope) in the document",),
    another_file: ("body.rate: Rate here, a reference that leads nowhere (./components/schemas/Rate) in the document",),
    other_format: ("body.from: time here, string (uuid) in the document",),
    circle: ("body.rate: Rate here, a circle of references in the document",),
    closed: ("body.rate.currency: text here, no such name", "body.rate.amount: int(0..) here, no such name"),
}


@pytest.mark.parametrize("change", IN_THE_DOCUMENT, ids=lambda change: change.__name__)
def test_a_slip_by_the_document(tmp_path: Path, change: Callable[[Json], None]) -> None:
    told = document()
    change(told)
    found = slips(tmp_path, told=told)
    assert_told(found, IN_THE_DOCUMENT[change])
