"""What is told of a tool's arguments where all are listed."""

import re
from pathlib import Path

import jsonschema_rs
import pytest
from msgspec import json

from toolway.catalog import brief, schema
from toolway.catalog.index import BUILTIN, Catalogue
from toolway.catalog.model import Json, Tool, Toolkit
from toolway.catalog.reader import read

from .toolkits import PING, acme

KITS = [Catalogue([BUILTIN]).toolkit(slug) for slug in ("clockify", "desktime")]
TOOLS = [pytest.param(tool, kit, id=tool.slug) for kit in KITS for tool in kit.tools.values()]


def of(folder: Path, lines: str, types: str = "") -> Json:
    kit = read(acme(folder, PING.replace("GET", "POST") + lines + types))
    return brief.arguments(kit.tools["ping"], kit)["properties"]


def same(short: Json, full: Json, line: str = "") -> None:
    """Every argument and every member is in both; where an object stands in one line, its members are named there."""
    assert short.get("required") == full.get("required")
    assert set(short["properties"]) == set(full["properties"])
    for name, inner in full["properties"].items():
        here = short["properties"][name]
        assert here.get("type") == inner.get("type"), name
        if inner.get("type") == "array":
            here, inner = here["items"] | {"description": here.get("description", "")}, inner["items"]
        if "properties" in inner and "properties" in here:
            same(here, inner)
        elif "properties" in inner:
            named(here["description"], inner, json.encode(short).decode())


def named(line: str, full: Json, tool: str) -> None:
    if "{" not in line:  # a type that stands elsewhere in the tool
        line = re.escape(line.rstrip("[]"))
        assert re.search(rf"\b{line} {{", tool), line
        return
    for name, inner in full["properties"].items():
        mark = "" if name in full.get("required", ()) else "\\?"
        assert re.search(rf"[{{ ]{re.escape(name)}{mark}: ", line), (name, line)
        inner = inner.get("items", inner)
        if "properties" in inner and f"{name}{mark[1:]}: {{" in line:
            named(line, inner, tool)


@pytest.mark.parametrize(("tool", "kit"), TOOLS)
def test_no_argument_is_left_out(tool: Tool, kit: Toolkit) -> None:
    short, full = brief.arguments(tool, kit), schema.arguments(tool, kit)
    same(short, full)
    assert len(json.encode(short)) < len(json.encode(full))
    jsonschema_rs.validator_for(short)

    assert set(short) <= {"type", "properties", "required"}
    text = json.encode(short).decode()
    assert not [key for key in ("$ref", "$defs", "anyOf", "oneOf", "allOf") if f'"{key}":' in text]


TYPES = """
[types.Mood]
one-of = ["GOOD", "BAD"]
[types.Rate]
amount = "int! -- In cents. Never less."
since  = "time"
mood   = "Mood"
[types.Long]
one-of = [{}]
""".format(", ".join(f'"WORD_{n}"' for n in range(30)))


def test_how_it_is_said(tmp_path: Path) -> None:
    lines = """
body.name  = "text(1..9)! -- Its name; short. One word."
body.since = "time -- From when."
body.until = "date! -- Last day."
body.on    = "bool -- Whether it is on."
body.mood  = "Mood -- How it is."
body.other = "Mood! -- How it was."
body.rates = "Rate[] -- What it costs."
body.rate  = "Rate"
body.due   = "Rate!"
body.long  = "Long"
body.longs = "Long[]!"
body.some  = "int(1..5) = 3"
body.in.a  = "(A | B)[] = [\\"A\\"]"
body.raw   = {schema = {type = ["string", "null"]}}
body.what  = "any"
"""
    found = of(tmp_path, lines, TYPES)
    assert found["name"] == {"type": "string", "description": "Its name"}
    assert found["since"] == {"type": "string", "description": "ISO 8601"}
    assert found["until"] == {"type": "string", "description": "Last day (YYYY-MM-DD)"}
    assert found["on"] == {"type": "boolean"}
    assert found["mood"] == {"type": "string", "enum": ["GOOD", "BAD"]}
    assert found["other"] == {"type": "string", "description": "How it was"}
    line = "Rate {amount: integer (In cents), since?: ISO 8601, mood?: string}[]"
    assert found["rates"] == {"type": "array", "items": {"type": "object"}, "description": line}
    assert found["rate"] == {"type": "object", "description": "Rate"}
    assert found["due"]["properties"]["amount"] == {"type": "integer", "description": "In cents"}
    assert found["long"] == {"type": "string", "description": "one of 30, such as WORD_0, WORD_1, WORD_2"}
    assert len(found["longs"]["items"]["enum"]) == 30
    assert found["some"] == {"type": "integer", "default": 3}
    assert found["in"] == {"type": "object", "description": '{a?: (A|B)[] = ["A"]}'}
    assert found["raw"] == {"type": ["string", "null"]}
    assert found["what"] == {}
