"""What the documents say is so: settings, links, and every block that can be run without a network."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from toolway.settings import SETTINGS

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGES.md", *sorted((ROOT / "docs").rglob("*.md"))]
README = (ROOT / "README.md").read_text("utf-8")


def blocks(kind: str, text: str = README) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", text, re.DOTALL)


def toolway(*words: str, folder: Path, **environment: str) -> str:
    """Run the command and give what it printed; it has to succeed."""
    own = {k: v for k, v in os.environ.items() if not k.startswith("TOOLWAY_")} | {"TOOLWAY_DATA": str(folder / "data")} | environment
    run = subprocess.run([sys.executable, "-m", "toolway", *words], capture_output=True, text=True, cwd=folder, env=own, timeout=60)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def test_every_setting_is_explained() -> None:
    page = (ROOT / "docs" / "running.md").read_text("utf-8")
    assert [s.name for s in SETTINGS if f"`TOOLWAY_{s.name.upper()}`" not in page] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8")):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


def test_the_toolkit_of_the_readme(tmp_path: Path) -> None:
    """The two files as printed, then the commands as printed."""
    folder = tmp_path / "weather"
    folder.mkdir()
    kit, tools = blocks("toml")
    (folder / "toolkit.toml").write_text(kit, "utf-8")
    (folder / "forecasts.toml").write_text(tools, "utf-8")
    printed = [line for block in blocks("sh") for line in block.splitlines() if line.startswith("toolway") and "serve" not in line]
    assert len(printed) == 4
    said = [toolway(*_words(line), folder=tmp_path, TOOLWAY_TOOLKITS="weather") for line in printed]
    assert not said[0]
    assert "WEATHER_GET_FORECAST" in said[1]
    assert "GET https://api.weather.example/v1/places/Oslo/forecast?days=3" in said[2]
    assert "WEATHER_GET_FORECAST" in said[3].splitlines()[0]


@pytest.mark.parametrize("slug", ["clockify", "desktime"])
def test_the_table_of_a_toolkit(slug: str, tmp_path: Path) -> None:
    """What `make tables` writes, to the letter: run it when this fails."""
    page = (ROOT / "docs" / "toolkits" / f"{slug}.md").read_text("utf-8")
    assert page == toolway("toolkit", "show", slug, "--markdown", folder=tmp_path)


def test_the_properties_of_the_page_are_those_that_are_tested() -> None:
    told = re.findall(r"^(\d+)\. ", (ROOT / "docs" / "security.md").read_text("utf-8"), re.MULTILINE)
    tests = "".join(path.read_text("utf-8") for path in (ROOT / "tests" / "security").glob("test_*.py"))
    assert [int(number) for number in told] == sorted({int(number) for number in re.findall(r"def test_(\d\d)_", tests)})


def test_make_has_the_verbs_of_the_readme() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for verb in re.findall(r"^make (\w+)", "\n".join(blocks("sh")), re.MULTILINE):
        assert f"\n{verb}:" in makefile


def _words(line: str) -> list[str]:
    import shlex

    return shlex.split(line)[1:]
