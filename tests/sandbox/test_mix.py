"""A share of all requests goes wrong by lot, the same with the same seed, on every host."""

import contextlib
import http.client
import json
import shutil
import socket
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from toolway.errors import BadSetting
from toolway.sandbox.mix import Mix

from .asking import CLOCKIFY, KEY, Sandbox
from .served import Served

CUT = (http.client.RemoteDisconnected, ConnectionResetError)
ALL = "429:0.2,500:0.2,slow:1ms:0.5,cut:0.2,rubbish:0.2"


def names(text: str, seed: int, many: int = 2000) -> list[str]:
    mix = Mix.read(text, seed)
    return [mix.draw().name for _ in range(many)]


def test_the_shares_are_kept_and_the_seed_decides() -> None:
    drawn = Counter(names("429:0.1,500:0.05,slow:2s,cut:0.01,rubbish:.01", 7))
    assert {name: round(count / 2000, 1) for name, count in drawn.items() if count > 100} == {"429": 0.1, "500": 0.1, "slow": 0.8}
    assert 5 < drawn["cut"] < 50 > drawn["rubbish"] > 5
    assert names(ALL, 7) == names(ALL, 7) != names(ALL, 8)
    mix = Mix.read(ALL, 7)
    first = [mix.draw().name for _ in range(100)]
    assert [mix.again().draw().name for _ in range(3)] == first[:1] * 3
    assert set(names("cut:1", 1)) == {"cut"}
    assert set(names("slow:2s:0,cut:0", 1)) == {""}


def test_what_is_obeyed() -> None:
    done: dict[str, set[bool]] = {}
    mix = Mix.read(ALL, 1)
    for lot in (mix.draw() for _ in range(300)):
        if lot.fault is not None and not lot.fault.only_slow:
            done.setdefault(lot.name, set()).add(lot.fault.after)
    assert done == {"429": {False}, "500": {False, True}, "cut": {False, True}, "rubbish": {True}}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no fault ''"),
        ("429", "share of 429 is ''"),
        ("429:", "share of 429 is ''"),
        ("429:2", "share of 429 is '2'"),
        ("429:-0.1", "number from 0 to 1"),
        ("429:nan", "number from 0 to 1"),
        ("429:1e-2", "number from 0 to 1"),
        ("200:0.1", "no fault '200'"),
        ("600:0.1", "no fault '600'"),
        ("fire:0.1", "slow, cut and rubbish are known"),
        ("429:0.1,,", "no fault ''"),
        ("429:0.1,429:0.2", "named twice"),
        ("slow:1s,slow:2s", "named twice"),
        ("429:0.6,500:0.6", "1.2 together"),
        ("slow", "such as 2s or 200ms"),
        ("slow:2", "such as 2s or 200ms"),
        ("slow:2s:x", "share of slow is 'x'"),
        ("slow:601s", "at most 600s"),
        ("4" * 9999 + ":1", "no fault '444"),
    ],
)
def test_a_mix_that_cannot_be_read(text: str, words: str) -> None:
    with pytest.raises(BadSetting) as error:
        Mix.read(text, 0)
    assert words in error.value.sentence
    assert len(error.value.sentence) < 300


def outcome(served: Served, method: str, path: str, headers: dict[str, str]) -> tuple[int, Any]:
    """Status and body; 0 for a connection that was cut."""
    try:
        answer = served.send(method, path, {"name": "once"} if method == "POST" else None, headers)
    except CUT:
        return 0, None
    return answer.status, answer.raw


@pytest.mark.parametrize(
    "path",
    [
        "/clockify/api/v1/user",
        "/clockify/reports/v1/workspaces/x/shared-reports",
        "/clockify/euc1/api/v1/user",
        "/clockify/northlight/report/v1/workspaces/x/shared-reports",
        "/desktime/api/v2/json/ping",
        "/elsewhere",
    ],
)
def test_every_host_goes_wrong(path: str) -> None:
    with Served(mix=Mix.read(ALL, 3)) as served:
        found = [outcome(served, "GET", path, KEY) for _ in range(60)]
        assert {0, 200, 429, 500} <= {status for status, _ in found}
        assert b"<html>not what you asked for" in {body for _, body in found}
        seen = served.send("GET", "/_sandbox/requests").body
    assert [row["path"] for row in seen] == [path] * 60
    told = {"429": 429, "500": 500, "cut": 0, "rubbish": 200}
    for row, (status, _) in zip(seen, found, strict=True):
        assert status == told.get(row["fault"], row["status"])
        assert row["fault"] != "429" or not row["status"]


def test_the_shapes_are_the_vendors() -> None:
    sandbox = Sandbox(mix=Mix.read("429:1", 0))
    assert sandbox.send("GET", CLOCKIFY + "/user", headers=KEY).body == {"message": "Too many requests", "code": 429}
    assert sandbox.desktime("/ping").body == {"error": {"code": 429, "description": "Too many requests"}}
    assert sandbox.send("POST", "/_sandbox/reset").status == 204, "the control path is spared"


def test_a_write_is_done_or_not_as_the_list_of_requests_tells(tmp_path: Path) -> None:
    path = f"{CLOCKIFY}/workspaces/{Sandbox().workspace}/clients"
    with Served(tmp_path / "world.json", Mix.read("500:0.3,cut:0.3,rubbish:0.2", 5)) as served:
        for number in range(30):
            with contextlib.suppress(*CUT):
                served.send("POST", path, {"name": f"c{number}"}, KEY)
        seen = served.send("GET", "/_sandbox/requests").body
    done = {f"c{number}" for number, row in enumerate(seen) if row["status"] == 201}
    cuts = [row["status"] for row in seen if row["fault"] == "cut"]
    assert {0, 201} == set(cuts), "before and after"
    kept = {row["name"] for row in Sandbox(tmp_path / "world.json").clockify("GET", "clients", page_size=5000).body}
    assert {f"c{number}" for number in range(30)} & kept == done


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--fault", "fire:1"], "There is no fault 'fire'"),
        (["--host", "256.1.1.1"], "cannot be listened on"),
        (["--port", "99999"], "cannot be listened on"),
        (["--data", "/no/such/folder/world.json"], "cannot be kept"),
        (["--data", "damaged.json"], "is no state of a sandbox"),
    ],
)
@pytest.mark.parametrize("command", [["toolway.sandbox"], ["toolway", "sandbox"]])
def test_what_cannot_be_is_told_in_a_sentence(tmp_path: Path, command: list[str], more: list[str], words: str) -> None:
    (tmp_path / "damaged.json").write_text('{"owner": "half a wor')
    run = subprocess.run(
        [sys.executable, "-m", *command, *(["--port", "0"] if "--port" not in more else []), *more],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert run.returncode == 1
    assert words in run.stderr
    assert "Traceback" not in run.stderr


def test_its_log_is_json(tmp_path: Path) -> None:
    """A request that is none, and a file that cannot be written any more."""
    folder = tmp_path / "data"
    folder.mkdir()
    command = [sys.executable, "-m", "toolway.sandbox", "--port", "0", "--with-parent", "--data", str(folder / "world.json")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        address = ("127.0.0.1", int(process.stdout.readline().rpartition(":")[2]))
        with socket.create_connection(address) as strange:
            strange.sendall(b"\x16\x03\x01 no request\r\n\r\n")
            strange.recv(100)
        shutil.rmtree(folder)
        wire = http.client.HTTPConnection(*address, timeout=30)
        wire.request("POST", "/_sandbox/reset")
        assert wire.getresponse().status == 500
        wire.close()
        process.stdin.close()
        assert process.wait(10) == 0
        lines = [json.loads(line) for line in process.stderr]
    assert [(line["level"], line["event"]) for line in lines] == [("warning", "sandbox"), ("error", "sandbox")]
    assert lines[1]["error"] == "BadSetting"
