"""`toolway doctor`, as a person types it: what it finds, what it says to do, and that it makes nothing."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_cli import Shell
from tests.processes import KEY, House
from toolway.serve import health
from toolway.serve.health import Finding
from toolway.settings import read


@pytest.fixture
def toolway(tmp_path: Path, sandbox: str) -> Shell:
    return Shell(tmp_path, sandbox)


@pytest.fixture(scope="module")
def connected(tmp_path_factory: pytest.TempPathFactory, sandbox: str) -> Path:
    """A data folder with one account."""
    folder = tmp_path_factory.mktemp("connected")
    assert Shell(folder, sandbox)("connect", "clockify", "--user", "alice", "--api-key", "sandbox-clockify-key").code == 0
    return folder / "data"


@pytest.fixture
def home(toolway: Shell, connected: Path) -> Shell:
    """With one account."""
    shutil.copytree(connected, toolway.folder / "data")
    return toolway


def told(toolway: Shell, *words: str) -> Any:
    said = toolway("doctor", "--json", *words)
    found = json.loads(said.out)
    assert said.code == (1 if found["wrong"] else 0)
    return found


def wrong(toolway: Shell) -> dict[str, str]:
    return {one["name"]: f"{one['said']} {one.get('mend', '')}" for one in told(toolway)["findings"] if one["state"] == "wrong"}


def before_opening(data: Path, setting: str, value: str) -> list[Finding]:
    return health.before_opening(read({}, {"TOOLWAY_DATA": str(data), f"TOOLWAY_{setting}": value}))


def test_before_the_first_start_nothing_is_made(toolway: Shell) -> None:
    said = toolway("doctor")
    assert said.code == 0 and "toolway serve makes it" in said.out
    assert not (toolway.folder / "data").exists()


def test_a_healthy_house(home: Shell) -> None:
    said = home("doctor")
    assert said.code == 0 and said.out.endswith("Nothing is wrong.\n"), said.out
    for line in ("opens all that is kept", "75 tools", "ACTIVE, the key works", "Marketing, Design Team", "alice@example.com for alice"):
        assert line in said.out
    assert "cannot reach http://127.0.0.1:0: it is this machine only" in said.out
    assert told(home)["connections"][0]["works"] is True
    assert told(home, "--user", "nobody")["connections"] == told(home, "--toolkit", "desktime")["connections"] == []


@pytest.mark.parametrize("columns", [80, 100])
def test_it_fits_the_screen(home: Shell, columns: int) -> None:
    home.environment["COLUMNS"] = str(columns)
    lines = home("doctor").out.splitlines()
    assert max(map(len, lines)) <= columns
    assert any("the key works" in line for line in lines)


def test_files_that_others_can_read(home: Shell) -> None:
    data = home.folder / "data"
    data.chmod(0o755)
    (data / "toolway.toml").write_text('api_key = "ak_canary_0123456789"\n', "utf-8")
    found = wrong(home)
    assert f"chmod 700 {data}" in found["data"] and f"chmod 600 {data / 'toolway.toml'}" in found["settings"]
    data.chmod(0o700)
    (data / "toolway.toml").chmod(0o600)
    (data / "vault.key").chmod(0o644)
    assert "chmod 600" in wrong(home)["opening"]


def test_a_key_file_that_is_gone_or_another_one_is_not_made_anew(home: Shell) -> None:
    key = home.folder / "data" / "vault.key"
    away = key.rename(home.folder / "away")
    assert "Put it back from a backup" in wrong(home)["vault"] and not key.exists()
    home.environment["TOOLWAY_VAULT_KEY"] = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
    assert "begun with another vault key" in wrong(home)["opening"]
    del home.environment["TOOLWAY_VAULT_KEY"]
    away.rename(key)
    assert home("vault", "rotate", "--join").code == 0
    notes = [one for one in told(home)["findings"] if one["state"] == "note" and one["name"] == "vault"]
    assert notes[0]["mend"] == "toolway vault rotate"


@pytest.mark.parametrize(
    ("setting", "value", "name", "expected"),
    [
        ("PUBLIC_URL", "http://router.example.org", "address", "plain http beyond this machine"),
        ("PUBLIC_URL", "nonsense", "settings", "scheme://host"),
        ("HOST", "0.0.0.0", "address", "beyond this machine"),
        ("PROXY", "nonsense", "settings", "proxy is"),
        ("TLS_CERT", "/nowhere", "settings", "tls_cert is given alone"),
        ("CALLBACK_URLS", "shop", "settings", "callback_urls holds 'shop'"),
    ],
)
def test_settings_that_are_wrong(connected: Path, setting: str, value: str, name: str, expected: str) -> None:
    found = before_opening(connected, setting, value)
    assert [one for one in found if one.state == "wrong" and one.name == name and expected in one.said + one.mend], found


def test_a_database_that_cannot_be_opened(home: Shell) -> None:
    home.environment["TOOLWAY_DATABASE"] = "postgresql://me:hunter2@127.0.0.1:1/x"
    found = wrong(home)
    assert "x on 127.0.0.1:1 cannot be opened" in found["opening"] and "hunter2" not in str(found)


def test_a_public_name_may_be_reached_and_a_private_one_not(connected: Path) -> None:
    for url, expected in (
        ("https://router.example.org", "may reach https://router.example.org"),
        ("https://10.0.0.7", "private network"),
        ("https://localhost:8443", "this machine only"),
    ):
        [one] = [one for one in before_opening(connected, "PUBLIC_URL", url) if one.name == "OpenAI's cloud"]
        assert expected in one.said and one.state == "note"


def test_a_toolkit_that_is_broken_and_a_key_that_is_dead(home: Shell) -> None:
    folder = home.folder / "mine"
    folder.mkdir()
    (folder / "toolkit.toml").write_text('slug = "mine"\nnonsense = 1\n', "utf-8")
    home.environment["TOOLWAY_TOOLKITS"] = str(folder)
    assert "toolway toolkit lint" in wrong(home)["toolkits"]
    home.environment["TOOLWAY_HOSTS"] = "clockify.api=http://127.0.0.1:9"
    said = home("doctor")
    assert said.code == 1 and "The key could not be tried" in said.out and "2 wrong." in said.out


def test_what_is_not_there_is_told_in_a_sentence(home: Shell) -> None:
    for words, expected in (
        (("--session", "trs_x"), "There is no session 'trs_x'"),
        (("--toolkit", "clokify"), "clockify"),
        (("--project", "shop"), "no project 'shop'"),
    ):
        said = home("doctor", *words)
        assert said.code == 1 and expected in said.err


def test_beside_a_server_it_asks_that_one_and_follows_a_session(tmp_path: Path, sandbox: str) -> None:
    house = House(tmp_path, TOOLWAY_SANDBOX=sandbox)
    with house.serving() as served:
        house.say("connect", "clockify", "--user", "alice", "--api-key", "sandbox-clockify-key")
        made = served.ask("POST", "/api/v3.1/tool_router/session", KEY, {"user_id": "alice", "toolkits": {"enable": ["clockify"]}})[1]
        said = house.say("doctor", "--session", made["session_id"])
        assert f"at {served.origin}" in said and "It is the only one." in said and "Nothing is wrong." in said


def test_a_data_folder_that_is_none_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", Path("/dev/null")):
        found = [one for one in health.before_opening(read({"data": str(place)}, {})) if one.name == "data"]
        assert [(one.state, one.said) for one in found] == [("wrong", f"{place} is no folder.")]


def test_a_certificate_makes_the_address_good(tmp_path: Path) -> None:
    given = {"data": str(tmp_path), "host": "0.0.0.0", "tls_cert": "cert.pem", "tls_key": "key.pem"}
    (found,) = [one for one in health.before_opening(read(given, {})) if one.name == "address"]
    assert (found.state, found.said) == ("good", "https://127.0.0.1:9900")
