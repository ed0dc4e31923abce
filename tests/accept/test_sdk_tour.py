"""All of the SDK's REST that is served, asked by the SDK itself: an old one, a middle one, the newest that installs, TypeScript's."""

import json
import re
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from .conftest import HERE, Node
from .guide import OFFLINE
from .person import Person
from .server import DESKTIME_KEY, Server


def tour(command: list[str], router: Server, folder: Path, **shell: str) -> dict[str, Any]:
    """What a program learnt. A person opens the pages that it names."""
    own = {**OFFLINE, "HOME": str(folder), "COMPOSIO_BASE_URL": router.origin, "COMPOSIO_API_KEY": router.key, **shell}
    with subprocess.Popen(command, cwd=folder, env=own, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        assert program.stdout and program.stderr
        try:
            learnt = _followed(program.stdout)
            said = program.stderr.read()
            assert program.wait(60) == 0, said
            assert learnt is not None, said
            assert "validation failed" not in said.lower(), said
            return learnt
        finally:
            program.kill()


def _followed(lines: Iterable[str]) -> dict[str, Any] | None:
    for line in lines:
        told = json.loads(line)
        if "open" in told:
            Person().connect(told["open"], DESKTIME_KEY)
        else:
            return told["learnt"]
    return None


COMMON: dict[str, Any] = {
    "toolkit": "Clockify",
    "categories": ["time-tracking"],
    "due to connect": ["generic_api_key"],
    "tool": "CLOCKIFY_GET_TAGS",
    "tools by slug": ["CLOCKIFY_GET_TAGS", "DESKTIME_PING_REQUEST"],
    "auth config": ["API_KEY", True],
    "auth config got": "ENABLED",
    "auth config disabled": "DISABLED",
    "initiated": ["ACTIVE", None],
    "account": ["ACTIVE", "desktime", "sand..."],
    "accounts": [True],
    "initiated again": "ComposioMultipleConnectedAccountsError",
    "linked": "ACTIVE",
    "authorized": "ACTIVE",
    "executed": [True, None, True],
    "executed by a framework": [True, None],
    "executed wrongly": [False, True],
    "session toolkits": {"clockify": False, "desktime": False},
    "session authorized": "ACTIVE",
    "session connected": ["desktime"],
    "session found": ["DESKTIME_PING_REQUEST"],
    "session executed": [True, True],
    "session used": True,
    "disabled": "INACTIVE",
    "executed when disabled": "BadRequestError",
    "enabled": "ACTIVE",
    "refreshed": "ACTIVE",
    "deleted": "NotFoundError",
    "auth configs left": 0,
}
LATER: dict[str, Any] = {
    "session execute": True,
    "session search": ["DESKTIME_PING_REQUEST"],
    "session not connected": True,
    "session updated": ["clockify"],
    "session preloaded": True,
    "session deleted": "NotFoundError",
    "renamed": True,
    "alias": "work",
}


@pytest.mark.parametrize("version", ["sdk_0_10", "sdk_0_22", "autogen"])
def test_python(router: Server, environment: Callable[[str], Path], tmp_path: Path, version: str) -> None:
    learnt = tour([str(environment(version)), str(HERE / "sdk" / "own_program.py")], router, tmp_path)
    expected = COMMON | ({} if version == "sdk_0_10" else LATER)
    assert {name: learnt.get(name) for name in expected} == expected
    assert {"clockify", "desktime"} <= set(learnt["toolkits"]) and len(learnt["toolkits listed"]) == 1
    assert {"generic_api_key", "region"} <= set(learnt["to connect"])
    assert learnt["tools by toolkit"] and all(slug.startswith("DESKTIME_") for slug in learnt["tools by toolkit"])
    assert "CLOCKIFY_CREATE_CLIENT" in learnt["tools by words"] and len(learnt["tools by words"]) == 3
    assert {"COMPOSIO_SEARCH_TOOLS", "COMPOSIO_MULTI_EXECUTE_TOOL"} <= set(learnt["session tools"])
    assert True in learnt["auth configs"]
    refused = re.findall(r'"event":"(?!call)[^"]*"[^\n]*Error[^\n]*', router.tail(100_000))
    assert not refused


TYPESCRIPT: dict[str, Any] = {
    "toolkit": "Clockify",
    "toolkits": 1,
    "categories": ["time-tracking"],
    "dueToConnect": ["generic_api_key"],
    "tool": "CLOCKIFY_GET_TAGS",
    "toolsBySlug": ["CLOCKIFY_GET_TAGS", "DESKTIME_PING_REQUEST"],
    "toolsByToolkit": True,
    "toolsByWords": True,
    "authConfig": ["API_KEY", True],
    "authConfigs": True,
    "authConfigDisabled": "DISABLED",
    "initiated": "ACTIVE",
    "account": ["ACTIVE", "desktime", "sand..."],
    "accounts": [True],
    "initiatedAgain": "ComposioMultipleConnectedAccountsError",
    "linked": "ACTIVE",
    "authorized": "ACTIVE",
    "executed": [True, None, True],
    "executedWrongly": [False, True],
    "sessionTools": True,
    "sessionToolkits": [["clockify", False], ["desktime", False]],
    "sessionAuthorized": "ACTIVE",
    "sessionConnected": ["desktime"],
    "sessionFound": ["DESKTIME_PING_REQUEST"],
    "sessionExecuted": [None, True],
    "sessionNotConnected": True,
    "sessionUsed": True,
    "sessionUpdated": ["clockify"],
    "sessionDeleted": "NotFoundError",
    "disabled": "INACTIVE",
    "executedWhenDisabled": "ComposioToolExecutionError",
    "refreshed": "ACTIVE",
    "updated": True,
    "deleted": "NotFoundError",
    "authConfigsLeft": 0,
}


def test_typescript(router: Server, node: Node, tmp_path: Path) -> None:
    command = [str(node.binary), str(HERE / "node" / "tour.mjs")]
    learnt = tour(command, router, tmp_path, NODE_USE_ENV_PROXY="1")
    assert learnt == TYPESCRIPT
