"""`toolway auth-config`, as a person types it."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.test_cli import Shell

SECRET = "canary-client-secret-42"
WEATHER = """
slug = "weather"
title = "Weather"
about = "Forecasts for places."
[hosts]
api = "https://api.weather.example"
[auth.oauth2]
scopes = ["read"]
"""
PLACES = ("--authorize-url", "https://id.weather.example/authorize", "--token-url", "https://id.weather.example/token")


@pytest.fixture
def toolway(tmp_path: Path, sandbox: str) -> Shell:
    own = tmp_path / "weather"
    own.mkdir()
    (own / "toolkit.toml").write_text(WEATHER, "utf-8")
    made = Shell(tmp_path, sandbox)
    made.environment |= {"TOOLWAY_TOOLKITS": str(own), "TOOLWAY_PUBLIC_URL": "https://router.example"}
    return made


def test_a_client_of_one_s_own_from_the_shell(toolway: Shell) -> None:
    said = toolway("auth-config", "new", "weather", "--client-id", "us", *PLACES, "--name", "Ours", given=f"{SECRET}\n")
    assert said.code == 0 and SECRET not in said.out + said.err, said.err
    told = {line.split("  ")[0]: line.rpartition("  ")[2].strip() for line in said.out.splitlines()}
    assert told["redirect URI"] == "https://router.example/api/v3/toolkits/auth/callback"
    assert (told["scheme"], told["name"], told["client_id"], told["client_secret"], told["state"]) == (
        "OAUTH2",
        "Ours",
        "us",
        "cana...",
        "on",
    )
    config = told["id"]
    assert toolway("auth-config", "show", config).out == said.out
    toolway("auth-config", "disable", config)
    assert "switched off" in toolway("auth-config", "list", "--toolkit", "weather").out
    toolway("auth-config", "enable", config)
    assert "switched off" not in toolway("auth-config", "show", config).out
    with closing(sqlite3.connect(toolway.folder / "data" / "toolway.db")) as kept:
        assert SECRET not in str(kept.execute("SELECT * FROM auth_configs").fetchall())
    assert toolway("auth-config", "delete", config).out == f"Deleted {config} and 0 accounts\n"
    said = toolway("auth-config", "show", config)
    assert said.code == 1 and "auth-config list shows the ids" in said.err


def test_what_is_missing_is_told_and_accounts_do_not_go_unasked(toolway: Shell) -> None:
    said = toolway("auth-config", "new", "weather", "--client-id", "us", given="\n")
    assert said.code == 1 and "authorize" in said.err
    toolway("connect", "desktime", "--user", "alice", given="sandbox-desktime-key\n")
    config = next(word for word in toolway("auth-config", "list").out.split() if word.startswith("ac_"))
    said = toolway("auth-config", "delete", config)
    assert said.code == 1 and "1 account would go with it" in said.err
    assert toolway("auth-config", "delete", config, "--yes").out == f"Deleted {config} and 1 account\n"
