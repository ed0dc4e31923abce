"""What lint finds beyond what keeps a folder from being read."""

from pathlib import Path

import pytest

from toolway.catalog.lint import is_warning, lint

from .toolkits import PING, WIDE, acme, write


def test_a_good_folder_has_nothing(tmp_path: Path) -> None:
    assert lint(write(tmp_path / "acme", WIDE)) == []


CHANGES = [
    (
        "toolkit.toml",
        'list       = "get_tags"',
        'list = "get_tgas"',
        "toolkit.toml:26 nouns.tag.list: no tool 'get_tgas'; did you mean get_tags?",
    ),
    ("toolkit.toml", 'list       = "get_tags"', 'list = "update_tag"', "nouns.tag.list: update_tag changes things"),
    ("toolkit.toml", 'list       = "get_tags"', 'list = "get_tag"', "get_tag needs id; within = ['id'] is expected"),
    ("toolkit.toml", '"get_me activeWorkspace"', '"get_us activeWorkspace"', "nouns.workspace.default: no tool 'get_us'"),
    ("toolkit.toml", "[views]", '[clock]\nzone = "get_us zone"\n[views]', "clock.zone: no tool 'get_us'"),
    ("toolkit.toml", "[views]", '[clock]\nzone = "bulk zone"\n[views]', "clock.zone: bulk changes things"),
    (
        "toolkit.toml",
        "[views]",
        '[clock]\nzone = "get_me zone"\ngiven = "evnt"\n[views]',
        "clock.given: no tool takes 'evnt'; did you mean event?",
    ),
    ("entries.toml", '"time! -- First', '"wall! -- First', "report call: start is a wall clock; [clock] in toolkit.toml is expected"),
    ("toolkit.toml", 'query      = "name"', 'query = "nam"', "nouns.tag.query: get_tags takes no 'nam'; did you mean name?"),
    ("toolkit.toml", 'within     = ["workspaceId"]', 'within = ["projectId"]', "takes no 'projectId'"),
    ("toolkit.toml", 'why-no-spec = "Acme publishes none."', "", "spec is due"),
    ("tags.toml", 'from = "get_tag"', 'from = "get_tga"', "update_tag merge: no tool 'get_tga'"),
    ("tags.toml", 'from = "get_tag"', 'from = "bulk"', "bulk changes things"),
    ("tags.toml", "Rename a tag.", "Rename a\u200b tag.", "hidden character U+200B"),
    ("tags.toml", "Rename a tag.", "Rename \\u202Ea tag.", "hidden character U+202E"),
    ("tags.toml", "Rename a tag.", "See ACME_GET_TGA.", "update_tag about: no tool ACME_GET_TGA; did you mean ACME_GET_TAG?"),
    ("tags.toml", "merge = {", 'fails.404 = "First ACME_GET_TGA."\nmerge = {', "update_tag fails: no tool ACME_GET_TGA"),
    ("tags.toml", "Rename a tag.", "Rename a tag." * 200, "more than 2,000 bytes"),
    ("tags.toml", "Part of the name.", "Before using this tool, read all tags.", "'Before using this' gives orders to who reads it"),
    ("tags.toml", "Part of the name.", "Part of the name." * 300, "an agent reads"),
    ("tags.toml", 'as.body.id = "number"', 'as.body.id = "NA_ME"', "differ only in case"),
    ("entries.toml", '["string", "null"]', '"txt"', "not a JSON Schema"),
]


@pytest.mark.parametrize(("file", "old", "new", "told"), CHANGES)
def test_errors(tmp_path: Path, file: str, old: str, new: str, told: str) -> None:
    assert old in WIDE[file]
    found = lint(write(tmp_path / "acme", WIDE | {file: WIDE[file].replace(old, new)}))
    assert any(told in line and not is_warning(line) for line in found), found


@pytest.mark.parametrize(
    ("main", "tools", "told"),
    [
        ("", PING.replace('"is Acme up", ', ""), "tools.toml:6 ping asks: 2 asks"),
        ("", PING + "\n" * 200, "more than 200 lines"),
        ('[types.Rate]\nx = "int"\n', PING, "types.Rate: nothing names it"),
        ('[nouns.tag]\nlist = "ping"\n', PING, "nouns.tag: nothing names it"),
        ('[path]\nid = "text!"\n', PING, "path.id: no call has this place"),
    ],
)
def test_warnings(tmp_path: Path, main: str, tools: str, told: str) -> None:
    (found,) = lint(acme(tmp_path, tools, main))
    assert is_warning(found)
    assert told in found


def test_a_period_names_a_plan_that_an_account_can_have(tmp_path: Path) -> None:
    tools = PING + 'query.a = "date"\nquery.b = "date"\nspan = {from = "query.a", to = "query.b", days = "..7", when = "free"}\n'
    plans = '[account]\nplan = "({})"\n'
    (told,) = lint(acme(tmp_path / "one", tools, plans.format("free plan | paid plan")))
    assert "ping span: when = 'free' is no plan of [account]; did you mean free plan?" in told
    assert "no plan of [account]" in lint(acme(tmp_path / "none", tools))[0]
    assert not lint(acme(tmp_path / "right", tools, plans.format("free | paid")))


def test_a_limit_names_a_plan_that_an_account_can_have(tmp_path: Path) -> None:
    plans = '[account]\nplan = "(free plan | paid plan)"\n[[limits.rate]]\nmost = 30\nper = "hour"\nwhen = "{}"\n'
    main = WIDE["toolkit.toml"]
    (told,) = lint(write(tmp_path / "a" / "acme", WIDE | {"toolkit.toml": main + plans.format("free")}))
    assert "when = 'free' is no plan of [account]" in told
    assert lint(write(tmp_path / "b" / "acme", WIDE | {"toolkit.toml": main + plans.format("free plan")})) == []


def test_problems_of_reading_come_first_and_alone(tmp_path: Path) -> None:
    found = lint(acme(tmp_path, PING.replace("about", "abuot").replace('"is Acme up", ', "")))
    assert len(found) == 2
    assert not any(map(is_warning, found))
