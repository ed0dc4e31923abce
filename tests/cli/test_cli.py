"""The commands, as a person types them, each in a process of its own."""

import json
import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

CANARY = "sandbox-clockify-key"


class Said(NamedTuple):
    code: int
    out: str
    err: str


class Shell:
    """Runs `toolway` on a data folder of its own, with the sandbox in place of the services."""

    def __init__(self, folder: Path, sandbox: str) -> None:
        self.folder = folder
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("TOOLWAY_")}
        self.environment |= {"TOOLWAY_DATA": str(folder / "data"), "TOOLWAY_SANDBOX": sandbox, "COLUMNS": "160"}
        self.environment["TOOLWAY_PORT"] = "0"  # a server of somebody else's may listen on 9900

    def __call__(self, *words: str, given: str = "") -> Said:
        run = subprocess.run(
            [sys.executable, "-m", "toolway", *words],
            input=given,
            capture_output=True,
            text=True,
            cwd=self.folder,
            env=self.environment,
            timeout=60,
            check=False,
        )
        assert "Traceback" not in run.stderr, run.stderr
        return Said(run.returncode, run.stdout, run.stderr)


@pytest.fixture
def toolway(tmp_path: Path, sandbox: str) -> Shell:
    return Shell(tmp_path, sandbox)


def test_connecting_from_standard_input_says_whose_account_it_is(toolway: Shell) -> None:
    said = toolway("connect", "clockify", "--user", "alice", given=f"{CANARY}\n")
    assert said.code == 0, said.err
    assert "alice@example.com" in said.out
    assert CANARY not in said.out + said.err
    status = toolway("status")
    assert "clockify (sandbox): alice@example.com for alice" in status.out
    for file in (toolway.folder / "data").iterdir():
        if file.is_file():
            assert CANARY.encode() not in file.read_bytes(), file.name


def test_a_wrong_key_is_told_in_the_vendors_words_and_nothing_is_kept(toolway: Shell) -> None:
    said = toolway("connect", "clockify", "--user", "alice", "--api-key", "nonsense")
    assert said.code == 1
    assert "4003" in said.err
    assert "nonsense" not in said.err
    assert "connected accounts 0" in toolway("status").out


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("connect", "clokify", "--user", "a", "--api-key", "k"), "clockify"),
        (("connect", "clockify", "--user", "a", "--api-key", "k", "--set", "region=MARS"), "EUC1"),
        (("connect", "clockify", "--user", "a", "--api-key", "k", "--set", "moon=1"), "moon"),
        (("connect", "clockify", "--user", "a", "--api-key", "k", "--set", "region"), "NAME=VALUE"),
        (("key", "new", "--expires", "soon"), "90d"),
        (("key", "new", "--scope", "everything"), "execute"),
        (("key", "revoke", "key_x"), "toolway key list"),
        (("toolkit", "try", "CLOCKIFY_GET_TAGZ", "--dry"), "CLOCKIFY_GET_TAGS"),
        (("toolkit", "try", "CLOCKIFY_GET_TAGS", "--dry", "workspaceId=a/../b"), "one thing is expected"),
        (("toolkit", "try", "CLOCKIFY_GET_TAGS"), "--user"),
        (("toolkit", "try", "CLOCKIFY_GET_TAGS", "--user", "nobody"), "No active connected account"),
        (("toolkit", "try", "CLOCKIFY_GET_TAGS", "--dry", "nam=x"), "did you mean name"),
        (("toolkit", "try", "CLOCKIFY_CREATE_CLIENT", "--dry", "name=" + "[" * 5000), "0..100"),
        (("toolkit", "try", "CLOCKIFY_CREATE_CLIENT", "--dry", "name=a", "--data", "/dev/null"), "cannot be made: a file has its place"),
        (("serve", "--port", "0", "--sandbox", "--data", "/dev/null/x"), "cannot be made: a file has its place"),
        (("serve", "--port", "99999"), "65535"),
        (("serve", "--port", "0", "--host-override", "clockify.moon=http://127.0.0.1:1"), "clockify.api"),
        (("serve", "--port", "0", "--host-override", "nonsense"), "toolkit.host=http"),
        (("serve", "--port", "0", "--database", "mysql://x"), "mysql"),
        (("serve", "--port", "0", "--database", "postgresql://me:hunter2@127.0.0.1:1/x"), "x on 127.0.0.1:1 cannot be opened"),
        (("serve", "--workers", "0"), "1 to 64"),
        (("serve", "--port", "0", "--public-url", "example"), "scheme://host"),
    ],
)
def test_bad_input_is_told_in_a_sentence(toolway: Shell, words: tuple[str, ...], expected: str) -> None:
    said = toolway(*words)
    assert said.code != 0
    assert expected in said.err
    assert "hunter2" not in said.out + said.err


def test_keys_are_made_listed_and_revoked(toolway: Shell) -> None:
    made = toolway("key", "new", "--project", "shop", "--scope", "execute", "--expires", "90d")
    key = made.out.strip()
    assert re.fullmatch(r"ak_[A-Za-z0-9]{32}", key)
    listed = toolway("key", "list").out
    assert key not in listed
    assert key[-4:] in listed
    key_id = re.search(r"key_\w+", listed)
    assert key_id is not None
    assert toolway("key", "revoke", key_id[0]).code == 0
    assert "revoked" in toolway("key", "list", "--project", "shop").out
    assert toolway("key", "revoke", key_id[0]).code == 1


def test_a_tool_is_tried(toolway: Shell) -> None:
    toolway("connect", "clockify", "--user", "alice", "--api-key", CANARY)
    said = toolway("toolkit", "try", "CLOCKIFY_GET_TAGS", "--user", "alice", "workspaceId=marketing")
    assert said.code == 0, said.err
    assert "urgent" in [tag["name"] for tag in json.loads(said.out)["tags"]]
    assert "as alice@example.com" in said.err
    tag = json.loads(said.out)["tags"][0]
    said = toolway("toolkit", "try", "CLOCKIFY_UPDATE_TAG", "--user", "alice", "workspaceId=marketing", f"id={tag['id']}", "name=Other")
    assert f'changed {{"name": ["{tag["name"]}", "Other"]}}' in said.err
    assert ", 2 in all" in toolway("toolkit", "try", "CLOCKIFY_GET_ALL_MY_WORKSPACES", "--user", "alice").err
    toolway("connect", "desktime", "--user", "alice", "--api-key", "sandbox-desktime-key")
    whole = toolway("toolkit", "try", "DESKTIME_GET_ALL_COMPANY_EMPLOYEES", "--user", "alice", "date=2026-10-15", "period=month")
    assert " in all" in whole.err and "This is not all" in whole.err, whole.err


def test_a_dry_try_shows_the_request_and_opens_no_connection(toolway: Shell) -> None:
    del toolway.environment["TOOLWAY_SANDBOX"]
    said = toolway("toolkit", "try", "CLOCKIFY_CREATE_CLIENT", "--dry", "--json", '{"workspaceId": "a/b", "name": "Acme"}')
    assert said.out.splitlines()[0] == "POST https://api.clockify.me/api/v1/workspaces/a%2Fb/clients"
    assert json.loads(said.out.partition("\n\n")[2]) == {"name": "Acme"}
    moments = {"start": "2026-11-20T09:00:00", "end": "2026-11-20T09:00:00+01:00"}
    said = toolway("toolkit", "try", "CLOCKIFY_CREATE_TIME_ENTRY", "--dry", "--json", json.dumps(moments))
    assert json.loads(said.out.partition("\n\n")[2]) == {"start": "2026-11-20T09:00:00Z", "end": "2026-11-20T08:00:00Z"}
    assert "UTC stands for the user's own" in said.out
    assert "(default-workspace stands for the id of the account's own workspace, which a call looks up)" in said.out


def test_settings_tell_their_origin_and_hide_secrets(toolway: Shell) -> None:
    toolway.environment |= {"TOOLWAY_API_KEY": "ak_canary_0123456789", "TOOLWAY_PORT": "9911"}
    (toolway.folder / "toolway.toml").write_text('proxy = "http://proxy.example:8080"\n', "utf-8")
    toolway.environment["TOOLWAY_DATABASE"] = "postgresql://me:hun/t@er2@db.example:5432/toolway?sslpassword=hunter2"
    said = toolway("settings").out
    assert "ak_canary" not in said
    assert "postgresql://***@db.example:5432/toolway?sslpassword=***" in said
    assert "hun" not in said and "er2" not in said
    assert re.search(r"TOOLWAY_PORT\s+9911\s+environment", said)
    assert re.search(r"TOOLWAY_PROXY\s+http://proxy.example:8080\s+toolway.toml", said)


def test_every_command_explains_itself(toolway: Shell) -> None:
    for command in ("serve", "connect", "key", "status", "search", "toolkit", "sandbox", "settings"):
        said = toolway(command, "--help")
        assert said.code == 0
        assert "Usage" in said.out


def test_a_tool_is_tried_as_an_agent_would_call_it(toolway: Shell) -> None:
    """What the person did not allow is refused, and the call stands in the record either way."""
    toolway("connect", "clockify", "--user", "alice", "--api-key", CANARY)
    with sqlite3.connect(toolway.folder / "data" / "toolway.db") as database:
        database.execute("""UPDATE accounts SET effects = '["read"]'""")
    said = toolway("toolkit", "try", "CLOCKIFY_CREATE_CLIENT", "--user", "alice", "name=Globex")
    assert said.code == 1 and "was connected to read only" in said.err
    assert toolway("toolkit", "try", "CLOCKIFY_GET_TAGS", "--user", "alice").code == 0
    status = toolway("status").out
    assert re.search(r"CLOCKIFY_CREATE_CLIENT +alice +failed \(forbidden\)", status), status
    assert re.search(r"CLOCKIFY_GET_TAGS +alice +done", status)
    assert "may read\n" in status


def test_an_account_of_the_sandbox_is_none_of_the_service(toolway: Shell) -> None:
    toolway("connect", "clockify", "--user", "alice", "--api-key", CANARY)
    toolway.environment["TOOLWAY_SANDBOX"] = ""
    said = toolway("toolkit", "try", "CLOCKIFY_GET_TAGS", "--user", "alice")
    assert "One is connected in the sandbox, which is not running." in said.err


def test_a_folder_that_cannot_be_read_is_told_by_whoever_looks_there(toolway: Shell) -> None:
    toolway.environment["TOOLWAY_TOOLKITS"] = str(toolway.folder / "gone")
    for words in (("search", "start a timer"), ("toolkit", "try", "CLOCKIFY_GET_TAGS", "--dry"), ("status",)):
        said = toolway(*words)
        assert said.code == 0 and "Left out:" in said.err and "gone" in said.err, words


def test_an_account_is_taken_away(toolway: Shell) -> None:
    account = toolway("connect", "clockify", "--user", "alice", "--api-key", CANARY).out.split()[-1]
    said = toolway("disconnect", account)
    assert said.code == 0 and said.out.startswith("Disconnected clockify (sandbox) as alice@example.com for alice:"), said.err
    assert account not in toolway("status").out
    assert "There is no connected account" in toolway("disconnect", account).err


def test_status_fits_the_screen(toolway: Shell) -> None:
    toolway("connect", "clockify", "--user", "somebody.with.a.long.name@studio.example", "--api-key", CANARY)
    toolway.environment["COLUMNS"] = "80"
    lines = toolway("status").out.splitlines()
    assert not [line for line in lines if line.startswith("ca_")] and any(line.startswith("    ca_") for line in lines)
