"""`toolway toolkit` and `toolway search`."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from toolway.cli.search import search
from toolway.cli.toolkit import toolkit
from toolway.errors import UnknownTool, UnknownToolkit

from .toolkits import PING, WIDE, acme, write


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """A toolkit of one's own, and a data folder."""
    write(tmp_path / "kits" / "acme", WIDE)
    (tmp_path / "data").mkdir()
    return {"TOOLWAY_TOOLKITS": str(tmp_path / "kits"), "TOOLWAY_DATA": str(tmp_path / "data")}


def run(command: object, environ: dict[str, str], *arguments: str, given: str | bytes = "") -> Result:
    assert command in (toolkit, search)
    return CliRunner().invoke(toolkit if command is toolkit else search, arguments, input=given, env=environ)


def test_list(environ: dict[str, str]) -> None:
    result = run(toolkit, environ, "list")
    assert result.exit_code == 0
    assert all(word in result.stdout for word in ("acme", "clockify", "desktime", "api_key"))
    assert (Path(environ["TOOLWAY_DATA"]) / "catalogue.db").is_file()


def test_list_tells_what_is_broken(environ: dict[str, str]) -> None:
    acme(Path(environ["TOOLWAY_TOOLKITS"]), "[")
    result = run(toolkit, environ, "list")
    assert result.exit_code == 0
    folder = Path(environ["TOOLWAY_TOOLKITS"]) / "acme"
    assert "Left out: The toolkit in acme/ has" in result.stderr and f"toolway toolkit lint {folder}" in result.stderr


def test_show_a_toolkit(environ: dict[str, str]) -> None:
    result = run(toolkit, environ, "show", "ACME")
    assert "ACME_UPDATE_TAG" in result.stdout and "Anvils and who orders them." in result.stdout


def test_show_a_tool(environ: dict[str, str]) -> None:
    result = run(toolkit, environ, "show", "acme_report")
    assert result.exit_code == 0
    for shown in (
        "POST api /workspaces/{workspaceId}/report",
        "detailedFilter.page",
        "int(1..) = 1",
        "List the entries of a period.",
        "read",
    ):
        assert shown in result.stdout
    assert "tagIds" in run(toolkit, environ, "show", "ACME_BULK").stdout
    assert "body id" in run(toolkit, environ, "show", "ACME_UPDATE_TAG").stdout


def test_show_the_unknown(environ: dict[str, str]) -> None:
    assert isinstance(run(toolkit, environ, "show", "acne").exception, UnknownToolkit)
    assert isinstance(run(toolkit, environ, "show", "ACME_NOPE").exception, UnknownTool)


def test_lint(environ: dict[str, str], tmp_path: Path) -> None:
    good, weak, bad = (tmp_path / name for name in ("good", "weak", "bad"))
    acme(good)
    acme(weak, PING.replace('"is Acme up", ', ""))
    acme(bad, PING.replace("about", "abuot"))
    assert run(toolkit, environ, "lint", str(good)).exit_code == 0
    warned = run(toolkit, environ, "lint", str(weak))
    assert warned.exit_code == 0 and warned.stdout.startswith("warning: acme/tools.toml:6 ping asks")
    failed = run(toolkit, environ, "lint", str(bad / "acme"), str(good))
    assert failed.exit_code == 1 and "did you mean about?" in failed.stdout
    assert "1 toolkit, 0 errors, 1 warning\n" in warned.stderr
    assert "2 toolkits, 2 errors, 0 warnings" in failed.stderr
    assert "3 toolkits, 0 errors" in run(toolkit, environ, "lint").stderr


def test_weigh(environ: dict[str, str]) -> None:
    result = run(toolkit, environ, "weigh", "acme")
    assert result.exit_code == 0
    assert "ACME_BULK" in result.stdout and "7 tools" in result.stderr
    write(Path(environ["TOOLWAY_TOOLKITS"]) / "acme", {"tags.toml": WIDE["tags.toml"].replace("Part of the name.", "Part. " * 900)})
    assert run(toolkit, environ, "weigh", "acme").exit_code == 1


def test_search(environ: dict[str, str]) -> None:
    result = run(search, environ, "rename the tag", "--toolkits", "acme", "--limit", "2", "--timings")
    assert result.stdout.split()[0] == "ACME_UPDATE_TAG"
    assert len(result.stdout.splitlines()) == 2 and "ms" in result.stderr
    told = json.loads(run(search, environ, "rename the tag", "--toolkits", "acme, ", "--json").stdout)
    assert told["hits"][0]["slug"] == "ACME_UPDATE_TAG" and told["hits"][0]["title"] == "Update Tag"
    assert "Nothing fits." in run(search, environ, "zzzzz").stderr
    assert "Say with what" in run(search, environ, "rename").stderr
    assert "clockify leaves out is most like it: create a tag" in run(search, environ, "create a tag", "--toolkits", "clockify").stderr


def test_search_in_batches(environ: dict[str, str]) -> None:
    lines = '{"query": "rename the tag"}\n\n{"query": "zzzzz", "kind": "none"}\n'
    result = run(search, environ, "--batch", "-", "--timings", "--toolkits", "acme", given=lines)
    first, second = map(json.loads, result.stdout.splitlines())
    assert first["query"] == "rename the tag" and first["ranked"][0] == "ACME_UPDATE_TAG" and first["ms"] >= 0
    assert second["ranked"] == []
    assert run(search, environ, "--batch", "-", given="{}").exit_code == 1
    for rubbish in ("[", '{"query": "\\ud800"}', b"\xff\xfe\n"):
        told = run(search, environ, "--batch", "-", given=rubbish)
        assert told.exit_code == 1
        assert "-:1:" in told.output or "stdin>:1:" in told.output


def test_search_wants_one_thing(environ: dict[str, str]) -> None:
    assert run(search, environ).exit_code == 2
    assert run(search, environ, "x", "--batch", "-").exit_code == 2
    assert isinstance(run(search, environ, "x", "--toolkits", "nope").exception, UnknownToolkit)
