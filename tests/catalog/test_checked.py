"""Deviations, the record of a check, and the command."""

import json
import re
from collections.abc import Iterator
from functools import reduce
from operator import getitem
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from click.testing import CliRunner, Result

from toolway.catalog import check, checked
from toolway.catalog.index import BUILTIN
from toolway.catalog.lint import lint
from toolway.catalog.reader import read
from toolway.catalog.shapes import items, table
from toolway.catalog.source import Problems
from toolway.catalog.witness import LARGEST, Witness, load
from toolway.cli.toolkit import toolkit
from toolway.errors import BadFile

from .toolkits import write
from .vendor import KIT, Json, document

CLOCKIFY = BUILTIN / "clockify"
PUBLISHED = Path(__file__).parents[3] / "shared" / "clockify" / "openapi-2026-05-23.json"

DEVIATION = """
[owner]
at       = "create_tag body.ownerId"
document = "integer"
truth    = "text"
because  = "A reply of 2026-11-20 shows letters."
"""
OTHERWISE = {"tags.toml": KIT["tags.toml"].replace('body.ownerId  = "int"', 'body.ownerId = "text"')}


def against(folder: Path, files: dict[str, str], told: Json | None = None) -> checked.Checked:
    return checked.against(write(folder / "acme", KIT | files), Witness(told or document(), "d" * 64))


def test_a_known_deviation_is_accepted(tmp_path: Path) -> None:
    assert len(against(tmp_path, OTHERWISE).slips) == 1
    found = against(tmp_path, OTHERWISE | {"deviations.toml": DEVIATION})
    assert (found.slips, found.accepted) == ([], 1)


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        ('"integer"', '"number"', 2),  # the document says something else than what it is said to say
        ('"text"', '"@tag"', 2),  # and so does the file
        ("create_tag body.ownerId", "create_tag body.owner", 2),
        ('"create_tag body.ownerId"', '["create_tag body.ownerId", "create_tag body.name"]', 1),
    ],
)
def test_a_deviation_is_of_one_slip_alone(tmp_path: Path, old: str, new: str, lines: int) -> None:
    found = against(tmp_path, OTHERWISE | {"deviations.toml": DEVIATION.replace(old, new)}).slips
    assert len(found) == lines
    assert found[-1].startswith("acme/deviations.toml:2 owner: create_tag body.") and "take it out, or mend it" in found[-1]


def test_what_no_longer_deviates_is_a_slip(tmp_path: Path) -> None:
    (line,) = against(tmp_path, {"deviations.toml": DEVIATION}).slips
    assert "the document does not say 'integer' against 'text'" in line


def test_a_deviation_wants_its_evidence(tmp_path: Path) -> None:
    folder = write(tmp_path / "acme", KIT | {"deviations.toml": DEVIATION.replace("because", "becuase")})
    with pytest.raises(BadFile) as caught:
        checked.against(folder, Witness(document()))
    assert "acme/deviations.toml:2 owner: because is missing" in caught.value.message
    assert any("deviations.toml:6 owner becuase: unknown key; did you mean because?" in line for line in lint(folder))


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    found = against(tmp_path, OTHERWISE | {"deviations.toml": DEVIATION})
    checked.record(tmp_path / "acme", found)
    return tmp_path / "acme"


def test_without_the_document_nothing_changed(recorded: Path) -> None:
    assert checked.unchanged(recorded) == (8, [])
    assert re.search(f'^document = "{"d" * 64}"$', (recorded / "checked.lock").read_text(), re.MULTILINE)
    assert checked.against(recorded, Witness(document(), "d" * 64)).recorded


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("tags.toml", '"Make a tag."', '"Make a new tag."\ntitle = "New tag"\nasks = ["make a tag"]'),
        ("tags.toml", '"text(1..100)!"', '"text(1..100)! -- Its name."'),
        ("tags.toml", 'amount   = "int(0..)!"', 'amount = "int(0..)! -- Cents."'),
        ("toolkit.toml", "Anvils", "Big anvils"),
    ],
)
def test_words_may_change(recorded: Path, name: str, old: str, new: str) -> None:
    (recorded / name).write_text((recorded / name).read_text().replace(old, new))
    read(recorded)
    assert checked.unchanged(recorded)[1] == []


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        ("tags.toml", '"text(1..100)!"', '"text(1..99)!"', ["create_tag: changed since it was checked"]),
        ("tags.toml", 'amount   = "int(0..)!"', 'amount = "int(0..)"', ["create_tag: changed"]),
        ("tags.toml", 'query.sort     = "(NAME | DATE)"', 'query.sort = "(NAME | DATE) = NAME"', ["list_tags: changed"]),
        ("tags.toml", 'source = "API"', 'source = "WEB"', ["create_tag: changed"]),
        ("tags.toml", '["id", "name"]', '["id"]', ["create_tag: changed"]),
        ("tags.toml", "[delete_tag]", "[remove_tag]", ["remove_tag: not checked yet", "checked.lock: delete_tag is gone"]),
        ("tags.toml", 'spec  = "deleteTag"', 'why-no-spec = "None."', ["checked.lock: delete_tag is gone"]),
        ("toolkit.toml", "https://eu.", "https://us.", ["toolkit.toml:1: nouns, hosts", "report: changed"]),
        ("toolkit.toml", 'name    = "title"', 'name = "name"', ["nouns, hosts or auth.check changed"]),
        ("deviations.toml", "shows letters", "shows digits", ["create_tag: changed"]),
        ("checked.lock", "[tools]", "[tools", ["checked.lock: cannot be read"]),
        ("checked.lock", "[tools]", "[tolls]", ["not checked yet"] * 8),
    ],
)
def test_without_the_document_a_change_is_told(recorded: Path, name: str, old: str, new: str, told: list[str]) -> None:
    before = (recorded / name).read_text()
    assert old in before
    (recorded / name).write_text(before.replace(old, new))
    found = checked.unchanged(recorded)[1]
    assert len(found) == len(told)
    assert all(any(part in line for line in found) for part in told), found
    assert all("toolway toolkit check acme --against DOCUMENT --record" in line for line in found)


def test_never_checked(tmp_path: Path) -> None:
    (line,) = checked.unchanged(write(tmp_path / "acme", KIT))[1]
    assert "there is none, so nothing was checked yet" in line


def test_operations_that_changed_are_told(recorded: Path) -> None:
    told = document()
    told["components"]["schemas"]["Rate"]["description"] = "Money."  # behind two references from createTag alone
    assert checked.against(recorded, Witness(told)).moved == ("create_tag",)


def test_the_page_says_what_is_so(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "checking.md").read_text("utf-8")
    (line,) = against(tmp_path, OTHERWISE).slips
    assert f"    {line}\n" in page
    (block,) = [part for part in page.split("\n\n") if part.startswith("    [entries")]
    folder = write(tmp_path / "acme", {"deviations.toml": dedent(block)})
    problems = Problems()
    (known,) = checked.deviations(folder, problems)
    assert not problems.found and known.at == ("get_report view.timeentries",)


# The command


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(toolkit, ["check", *map(str, arguments)], env={"TOOLWAY_TOOLKITS": ""})


@pytest.fixture
def acme(tmp_path: Path) -> Path:
    return write(tmp_path / "acme", KIT)


@pytest.fixture
def published(tmp_path: Path) -> Path:
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(document()))
    return path


def test_check_record_and_check_again(acme: Path, published: Path) -> None:
    assert run(acme).exit_code == 1
    clean = run(acme, "--against", published)
    assert (clean.exit_code, clean.stdout) == (0, "")
    assert "8 tools checked, 0 slips" in clean.stderr and "checked.lock is not there yet; --record writes it" in clean.stderr
    assert not (acme / "checked.lock").exists()
    assert run(acme, "--against", published, "--record").exit_code == 0
    again = run(acme)
    assert (again.exit_code, again.stdout) == (0, "")
    assert "anew" not in run(acme, "--against", published).stderr


def test_a_slip_is_not_recorded(acme: Path, published: Path) -> None:
    write(acme, OTHERWISE)
    found = run(acme, "--against", published, "--record")
    assert found.exit_code == 1
    assert re.fullmatch(r"acme/tags\.toml:\d+ create_tag body\.ownerId: text here, integer in the document \(#/.+\)\n", found.stdout)
    assert "Nothing was recorded." in found.stderr and not (acme / "checked.lock").exists()


UNUSABLE: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "is not JSON"),
    "no JSON": (b"<html></html>", "is not JSON"),
    "half": (b'{"openapi": "3.0.3", "paths": {', "is not JSON"),
    "bytes": (bytes(range(256)), "is not JSON"),
    "empty YAML": (b"# Acme\nopenapi: 3.0.3\npaths: {}\n", "names no operation"),
    "half YAML": (b"openapi: 3.0.3\npaths: {\n", "is no YAML, line 3"),
    "YAML that makes things": (b"openapi: !!python/object/apply:os.getcwd []\n", "is no YAML, line 1"),
    "YAML with a date": (b"openapi: 3.0.3\npaths: !!timestamp 2026-11-29\n", "nothing like a date"),
    "YAML in itself": (b"openapi: 3.0.3\npaths: &a\n  b: *a\n", "nested too deeply"),
    "YAML of copies": (
        b"openapi: 3.0.3\na: &a [x, x, x, x, x, x, x, x, x, x]\n"
        + b"".join(b"%c: &%c [%s]\n" % (n, n, b", ".join([b"*%c" % (n - 1)] * 10)) for n in b"bcdefgh"),
        "make too much of it",
    ),
    "a list": (b"[]", "is no OpenAPI 3 document"),
    "a number": (b"3", "is no OpenAPI 3 document"),
    "Swagger 2": (b'{"swagger": "2.0", "paths": {}}', "is Swagger 2.0; OpenAPI 3 is expected"),
    "OpenAPI 1": (b'{"openapi": "1.2"}', "is no OpenAPI 3 document"),
    "no paths": (b'{"openapi": "3.1.0"}', "names no operation"),
    "empty paths": (b'{"openapi": "3.1.0", "paths": {}}', "names no operation"),
    "paths of another kind": (b'{"openapi": "3.1.0", "paths": [1, {}]}', "names no operation"),
    "no operationId": (b'{"openapi": "3.1.0", "paths": {"/x": {"get": {}}}}', "names no operation"),
    "deep": (b"[" * 100_000, "is not JSON"),
    "deep paths": (b'{"openapi": "3.1.0", "paths": ' + b'{"a":' * 50_000 + b"1" + b"}" * 50_001, "is not JSON"),
    "large": (b" " * 50_000_000, "has more than 32 MB"),
}


@pytest.mark.parametrize("kind", UNUSABLE)
def test_a_document_that_cannot_be_used(acme: Path, tmp_path: Path, kind: str) -> None:
    content, told = UNUSABLE[kind]
    (tmp_path / "bad.json").write_bytes(content)
    found = run(acme, "--against", tmp_path / "bad.json")
    assert found.exit_code == 2 and found.stdout == ""
    assert told in found.stderr and "Traceback" not in found.stderr
    assert isinstance(found.exception, SystemExit)


def test_the_largest_is_above_all_that_is_published() -> None:
    assert LARGEST > 20 * 1_143_906  # Clockify's


def test_what_cannot_be_used(acme: Path, published: Path, tmp_path: Path) -> None:
    assert "cannot be read" in run(acme, "--against", tmp_path / "none.json").stderr
    assert "cannot be read" in run(acme, "--against", tmp_path).stderr
    assert "There is no toolkit 'clokify'. Did you mean clockify?" in run("clokify", "--against", published).stderr
    write(acme, {"tags.toml": "["})
    assert "not TOML" in run(acme, "--against", published).stderr
    assert "No tool of desktime names an operation" in run("desktime", "--against", published).stderr
    for wrong in (
        [acme, "--record"],
        ["--against", published],
        [acme, acme, "--against", published],
        [tmp_path],
        ["clokify"],
        ["desktime", "--against", published],
        [acme],
    ):
        assert run(*wrong).exit_code == 2, wrong


def test_a_record_that_cannot_be_written(acme: Path, published: Path) -> None:
    (acme / "checked.lock").mkdir()
    found = run(acme, "--against", published, "--record")
    assert found.exit_code == 2 and "checked.lock cannot be written" in found.stderr


RUBBISH: tuple[Any, ...] = (None, 1, "x", "https://[", [], [1], [{}], {}, {"": 1}, {"$ref": 1}, {"$ref": "#"}, {"$ref": "#/%zz/~9"}, True)


def spots(value: object, *way: Any) -> Iterator[tuple[Any, ...]]:
    """The way to every place in a document."""
    inner = table(value).items() if isinstance(value, dict) else enumerate(items(value))
    for key, below in inner:
        yield (*way, key)
        yield from spots(below, *way, key)


@pytest.mark.parametrize("turn", range(3))
def test_rubbish_in_a_document_is_no_reason_to_fail(acme: Path, turn: int) -> None:
    kit = read(acme)
    for number, (*way, last) in enumerate(spots(document())):
        told: Any = document()
        reduce(getitem, way, told)[last] = RUBBISH[(number * 5 + turn) % len(RUBBISH)]
        for _, slip in check.toolkit(kit, Witness(told)):
            assert slip.here and slip.there


def test_what_the_document_says_is_one_plain_line(acme: Path) -> None:
    told = document()
    told["components"]["schemas"]["Kind"]["enum"] = ["PLAIN", "LOUD", "a\x1b[31mb\n\u202ec"]
    (line,) = checked.against(acme, Witness(told)).slips
    assert "choice a?[31mb??c in the document" in line and line.isprintable()
    told["components"]["schemas"]["NewTag"]["allOf"][1]["properties"]["groups"]["items"]["enum"] = [f"G{number}" for number in range(500)]
    (_, line) = checked.against(acme, Witness(told)).slips
    assert "text[] here, one of G0, G1, " in line and "and 488 more in the document" in line


def test_schemas_that_grow_are_bounded(acme: Path) -> None:
    told = document()
    schemas = told["components"]["schemas"]
    for number in range(15):
        schemas[f"N{number}"] = {"allOf": [{"$ref": f"#/components/schemas/N{number + 1}"}] * 9}
    schemas |= {"N15": {}, "Rate": {"$ref": "#/components/schemas/N0"}}
    (line,) = checked.against(acme, Witness(told)).slips
    assert "more references than are followed" in line


# What is built in


def test_what_is_built_in_is_as_it_was_checked() -> None:
    found = run()
    assert (found.exit_code, found.stdout) == (0, "")


def test_deviations_are_few_and_each_has_its_evidence() -> None:
    problems = Problems()
    known = checked.deviations(CLOCKIFY, problems)
    assert not problems.found
    assert 0 < len(known) <= 15
    assert all(len(one.because) > 40 for one in known)


@pytest.mark.skipif(not PUBLISHED.is_file(), reason="the vendor's document is not beside this checkout")
def test_clockify_against_what_its_vendor_publishes() -> None:
    found = checked.against(CLOCKIFY, load(PUBLISHED))
    assert found.slips == []
    assert found.tools == len([tool for tool in read(CLOCKIFY).tools.values() if tool.spec])
    assert found.recorded
