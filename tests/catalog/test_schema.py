"""What an agent is told of a tool's arguments."""

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import jsonschema_rs
import pytest

from toolway.catalog.model import Json, Toolkit
from toolway.catalog.reader import read
from toolway.catalog.schema import arguments, fields, validator, weight
from toolway.catalog.source import is_table

from .toolkits import WIDE, write


@pytest.fixture
def wide(tmp_path: Path) -> Toolkit:
    return read(write(tmp_path / "acme", WIDE))


def of(kit: Toolkit, name: str) -> Json:
    return arguments(kit.tools[name], kit)


def test_a_tool_in_full(wide: Toolkit) -> None:
    assert of(wide, "get_tags") == {
        "type": "object",
        "properties": {
            "workspaceId": {"type": "string", "description": "Workspace to work in (id or name; left out: the user's own)."},
            "name": {"type": "string", "description": "Part of the name."},
            "page": {"type": "integer", "minimum": 0, "default": 0, "description": "Page."},
            "page-size": {"type": "integer", "minimum": 1, "maximum": 5000, "default": 50, "description": "Tags on a page."},
        },
        "additionalProperties": False,
    }


def test_what_is_due(wide: Toolkit) -> None:
    assert of(wide, "update_tag")["required"] == ["id", "name"]
    assert of(wide, "bulk")["required"] == ["entries"]
    assert of(wide, "report")["required"] == ["start"]
    assert "required" not in of(wide, "get_workspaces")


def test_lists_of_objects(wide: Toolkit) -> None:
    assert of(wide, "bulk")["properties"]["entries"] == {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {
                "id": {"type": "string", "description": "Entry."},
                "tagIds": {"type": "array", "items": {"type": "string"}, "description": "Tags to attach (ids or names)."},
                "rate": {
                    "type": "object",
                    "properties": {
                        "amount": {"type": "integer", "description": "Cents."},
                        "currency": {"type": "string", "default": "EUR", "description": "Currency."},
                    },
                    "required": ["amount"],
                },
            },
            "required": ["id", "rate"],
        },
        "description": "Entries to change.",
    }


def test_every_kind(wide: Toolkit) -> None:
    found = of(wide, "report")["properties"]
    assert found["start"] == {"type": "string", "description": "First moment (ISO 8601)."}
    assert found["day"] == {"type": "string", "description": "A day (YYYY-MM-DD)."}
    assert found["event"] == {"type": "string", "enum": ["NEW_PROJECT", "NEW_TASK"]}
    assert found["value"] == {"type": ["string", "null"], "description": "Any value."}
    assert found["raw"] == {"type": "array", "items": {"type": "object"}}
    assert "default" not in found["detailedFilter"]
    assert found["detailedFilter"]["properties"]["page"]["default"] == 1
    assert "exportType" not in found


def test_every_schema_is_what_all_clients_keep(wide: Toolkit) -> None:
    def keys(value: object) -> set[str]:
        return set(value) | {key for item in value.values() for key in keys(item)} if is_table(value) else set()

    for tool in wide.tools.values():
        schema = arguments(tool, wide)
        jsonschema_rs.validator_for(schema)
        assert set(schema) <= {"type", "properties", "required", "additionalProperties"}
        assert not keys(schema) & {"$ref", "$defs", "anyOf", "oneOf", "allOf"}


def test_weight_counts_what_is_read(wide: Toolkit) -> None:
    assert weight(wide.tools["get_workspaces"], wide) < weight(wide.tools["get_tags"], wide) < 1_000


def test_fields_of_an_account_are_an_object_too(wide: Toolkit) -> None:
    assert fields(wide.account) == {"type": "object", "properties": {}, "additionalProperties": False}


def test_moments_say_by_whose_clock_they_are_written(tmp_path: Path) -> None:
    asked = WIDE["entries.toml"].replace('"date -- A day."', '"wall(Z) -- Until."')
    clock = '[clock]\nzone = "get_me zone"\n'
    local = read(write(tmp_path / "local" / "acme", WIDE | {"toolkit.toml": WIDE["toolkit.toml"] + clock, "entries.toml": asked}))
    plain = read(write(tmp_path / "plain" / "acme", WIDE))
    told = of(local, "report")["properties"]
    assert told["start"] == {"type": "string", "description": "First moment (local ISO 8601)."}
    assert told["day"] == {"type": "string", "description": "Until (local ISO 8601)."}
    assert of(plain, "report")["properties"]["start"]["description"] == "First moment (ISO 8601)."


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.seen.append(self.path)  # pyright: ignore
        self.send_error(404)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.mark.parametrize("key", ["$ref", "$schema", "$dynamicRef"])
def test_a_schema_fetches_nothing(key: str) -> None:
    seen: list[str] = []
    with ThreadingHTTPServer(("127.0.0.1", 0), _Page) as server:
        server.seen = seen  # pyright: ignore
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        with contextlib.suppress(ValueError):
            validator(json.dumps({key: f"http://127.0.0.1:{server.server_port}/x"}).encode())
        server.shutdown()
    assert not seen
