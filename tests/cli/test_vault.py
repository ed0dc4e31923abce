"""`toolway vault`: what it says and does, with the ring in a file, in a setting, and given by a command."""

import base64
import os
import re
import shlex
import sys
from pathlib import Path

import pytest

from tests.cli.test_cli import Shell

OLD, NEW = (base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2))


@pytest.fixture
def toolway(tmp_path: Path, sandbox: str) -> Shell:
    return Shell(tmp_path, sandbox)


def connect(toolway: Shell) -> None:
    assert toolway("connect", "clockify", "--user", "alice", "--api-key", "sandbox-clockify-key").code == 0


def works(toolway: Shell) -> bool:
    return toolway("toolkit", "try", "CLOCKIFY_GET_ALL_MY_WORKSPACES", "--user", "alice").code == 0


def test_a_ring_in_a_file_is_changed_and_status_tells(toolway: Shell) -> None:
    connect(toolway)
    [old] = re.findall(
        r"(k\w{8})  the one that seals  accounts 1, the secret that API keys are hashed with 1", toolway("vault", "status").out
    )
    said = toolway("vault", "rotate", "--join")
    assert "vault.key" in said.out and "Copy" in said.out
    assert "still opens         nothing" in toolway("vault", "status").out
    said = toolway("vault", "rotate")
    assert f"{old} is gone from" in said.out and "2 values sealed anew" in said.out
    status = toolway("vault", "status").out
    assert old not in status and "accounts 1, the secret that API keys are hashed with 1" in status
    assert works(toolway)
    assert "--to" in toolway("vault", "rotate", "--to", "x").err


def test_a_ring_in_a_setting_is_changed_step_by_step(toolway: Shell) -> None:
    toolway.environment["TOOLWAY_VAULT_KEY"] = f"old:{OLD}"
    connect(toolway)
    said = toolway("vault", "rotate")
    assert "old:OLD,new:NEW" in said.out and "new:NEW,old:OLD" in said.out and "TOOLWAY_VAULT_KEY (environment)" in said.out
    assert "has no key 'new'" in toolway("vault", "rotate", "--to", "new").err
    toolway.environment["TOOLWAY_VAULT_KEY"] = f"old:{OLD},new:{NEW}"
    assert "Put new:... first in the setting TOOLWAY_VAULT_KEY" in toolway("vault", "rotate", "--to", "new").err
    assert "--join changes a key file" in toolway("vault", "rotate", "--join").err
    toolway.environment["TOOLWAY_VAULT_KEY"] = f"new:{NEW},old:{OLD}"
    said = toolway("vault", "rotate", "--to", "new")
    assert said.code == 0 and "Nothing needs old any more" in said.out
    toolway.environment["TOOLWAY_VAULT_KEY"] = f"new:{NEW}"
    assert works(toolway) and not (toolway.folder / "data" / "vault.key").exists()
    toolway.environment["TOOLWAY_VAULT_KEY"] = f"old:{OLD},new:{NEW}"  # a server that was not restarted
    said = toolway("connect", "clockify", "--user", "bob", "--api-key", "sandbox-clockify-key")
    assert said.code == 1 and "The key of the vault was changed" in said.err


def test_a_command_gives_the_ring_and_nothing_of_it_is_shown(toolway: Shell) -> None:
    script = toolway.folder / "key.py"
    count = toolway.folder / "count"
    program = f"{shlex.quote(sys.executable)} {shlex.quote(str(script))}"
    script.write_text(f"open({str(count)!r}, 'a').write('x')\nprint('old:{OLD}')\n", "utf-8")
    toolway.environment["TOOLWAY_VAULT_KEY_COMMAND"] = program
    connect(toolway)
    assert works(toolway) and count.read_text() == "xx"
    assert "TOOLWAY_VAULT_KEY_COMMAND" in toolway("vault", "status").out
    toolway.environment["TOOLWAY_VAULT_KEY"] = f"old:{OLD}"
    assert "both given" in toolway("status").err
    del toolway.environment["TOOLWAY_VAULT_KEY"]
    secret = "hunter2-is-no-key"
    for text, told in (
        (f"import sys\nprint('{secret}', file=sys.stderr)\nprint('{secret}')\nsys.exit(3)", "ended with 3"),
        (f"print('{secret}')", "not base64"),
        (f"print('{secret}é')", "no key"),
    ):
        script.write_text(text, "utf-8")
        said = toolway("status")
        assert said.code == 1 and told in said.err and secret not in said.out + said.err
    for command, told in ((f"{program} 'x", "quotation"), (os.devnull, "cannot be run"), ("'' ", "cannot be run")):
        toolway.environment["TOOLWAY_VAULT_KEY_COMMAND"] = command
        assert told in toolway("status").err
