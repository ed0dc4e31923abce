"""docs/format.md says what the code does: its examples read, and every key stands on it."""

import re
from pathlib import Path

import pytest

from toolway.catalog.lint import lint
from toolway.catalog.reader import read
from toolway.errors import BadFile

from .toolkits import MAIN, PING, WIDE, acme, write

PAGE = (Path(__file__).parents[2] / "docs" / "format.md").read_text("utf-8")


def test_the_example_is_a_tool(tmp_path: Path) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    old = WIDE["tags.toml"].index("[update_tag]")
    assert lint(write(tmp_path / "acme", WIDE | {"tags.toml": WIDE["tags.toml"][:old] + example})) == []


def test_the_types_are_types(tmp_path: Path) -> None:
    block = next(part for part in PAGE.split("\n\n") if part.startswith("    [types."))
    columns = [(4, 40), (40, 76), (76, 200)]
    types = "\n".join(row[start:end].rstrip() for start, end in columns for row in block.splitlines())
    tools = PING.replace("GET", "POST") + 'body.a = "Rate[]"\nbody.b = "Event"\nbody.c = "Value"\n'
    assert len(read(acme(tmp_path, tools, types)).tools["ping"].params) == 3


UNKNOWN = [
    ("", "zzzzzzzz = 1"),
    ("", "pages = {zzzzzzzz = 1}"),
    ("zzzzzzzz = 1", ""),
    ("[auth.bearer_token]\nzzzzzzzz = 1", ""),
    ("[nouns.x]\nzzzzzzzz = 1", ""),
    ("[clock]\nzzzzzzzz = 1", ""),
    ("[[limits.rate]]\nzzzzzzzz = 1", ""),
    ('[errors]\n"404" = {zzzzzzzz = 1}', ""),
]


@pytest.mark.parametrize(("main", "tool"), UNKNOWN)
def test_every_key_stands_on_the_page(tmp_path: Path, main: str, tool: str) -> None:
    main = f"{main}\n{MAIN}" if main.startswith("z") else f"{MAIN}\n{main}"
    folder = write(tmp_path / "acme", {"toolkit.toml": main, "tools.toml": PING + tool})
    with pytest.raises(BadFile) as caught:
        read(folder)
    (known,) = [line.partition("known are ")[2] for line in caught.value.details if "unknown key" in line]
    for key in known.split(", "):
        assert re.search(rf"[`\[({{. ]{re.escape(key)}[`\]. =:]", PAGE), key
