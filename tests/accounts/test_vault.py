import base64
import copy
import json
import logging
import os
import pickle
import stat
import string
import subprocess
import sys
import traceback
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolway.accounts.ring import KEY_FILE, key_id
from toolway.accounts.vault import Secret, Vault
from toolway.errors import BadSetting, ToolwayError
from toolway.store.sealed import key_of

RAW = [bytes([number]) * 32 for number in range(3)]
KEYS = [base64.b64encode(raw).decode() for raw in RAW]
HERE = Path("unused")
VAULT = Vault.open(HERE, KEYS[0])
rows = st.text(max_size=40)


@given(st.binary(max_size=300), rows)
def test_what_is_sealed_opens_in_its_row(plain: bytes, row: str) -> None:
    sealed = VAULT.seal(plain, row)
    assert sealed.isascii() and sealed.startswith("v1.k")
    assert VAULT.unseal(sealed, row) == plain
    assert VAULT.seal(plain, row) != sealed


@given(st.binary(max_size=100), rows, rows)
def test_swapped_rows_do_not_open(plain: bytes, row: str, other: str) -> None:
    sealed = VAULT.seal(plain, row)
    if row != other:
        with pytest.raises(ToolwayError):
            VAULT.unseal(sealed, other)


TEXT = VAULT.seal(b"a refresh token", "accounts/ca_1")


@settings(max_examples=60)
@given(st.sampled_from(string.ascii_letters + string.digits + "-_.+/=\n é"))
def test_no_tampered_character_opens(character: str) -> None:
    for place in range(len(TEXT)):
        for tampered in (
            TEXT[:place] + character + TEXT[place + 1 :],
            TEXT[:place] + character + TEXT[place:],
            TEXT[:place] + TEXT[place + 1 :],
        ):
            if tampered != TEXT:
                with pytest.raises(ToolwayError):
                    VAULT.unseal(tampered, "accounts/ca_1")


@given(st.text(max_size=60))
def test_what_was_never_sealed_does_not_open(text: str) -> None:
    with pytest.raises(ToolwayError):
        VAULT.unseal(text, "row")


def test_parts_of_two_values_of_one_row_do_not_mix() -> None:
    one, two = (VAULT.seal(plain, "row").split(".") for plain in (b"one", b"two"))
    with pytest.raises(ToolwayError, match="does not open"):
        VAULT.unseal(".".join([*one[:3], two[3]]), "row")


def test_an_error_tells_nothing_of_the_secret() -> None:
    sealed = VAULT.seal(b"hunter2", "row")
    try:
        VAULT.unseal(sealed, "other")
    except ToolwayError as problem:
        told = "".join(traceback.format_exception(problem))
        assert "hunter2" not in told and sealed not in told and "InvalidTag" not in told


def test_a_ring_rotates_without_losing_anything() -> None:
    old = Vault.open(HERE, f"a:{KEYS[0]}")
    both = Vault.open(HERE, f" b:{KEYS[1]}, a:{KEYS[0]}")
    new = Vault.open(HERE, f"b:{KEYS[1]}")
    sealed = old.seal(b"x", "row")
    assert key_of(sealed) == old.ring[0] != both.ring[0]
    again = both.seal(both.unseal(sealed, "row"), "row")
    assert key_of(again) == both.ring[0] and new.unseal(again, "row") == b"x"
    with pytest.raises(BadSetting, match="'a', which the setting vault_key does not hold"):
        new.unseal(sealed, "row")


def test_the_key_is_bound_under_its_id() -> None:
    sealed = Vault.open(HERE, f"a:{KEYS[0]}").seal(b"x", "row")
    with pytest.raises(ToolwayError):
        Vault.open(HERE, f"b:{KEYS[0]}").unseal(sealed.replace("v1.a.", "v1.b."), "row")


@pytest.mark.parametrize(
    ("key", "told"),
    [
        (base64.b64encode(b"x" * 31).decode(), "31 bytes; 32"),
        (base64.b64encode(b"x" * 33).decode(), "33 bytes; 32"),
        ("not base64 at all!", "not base64"),
        (f"a:{KEYS[0]},", "0 bytes; 32"),
        (f"a b:{KEYS[0]}", "letters, digits"),
        (f":{KEYS[0]}", "letters, digits"),
        (f"a:{KEYS[0]},a:{KEYS[1]}", "two keys"),
        (f"{KEYS[0]}:{KEYS[1]}", "letters, digits"),
    ],
)
def test_a_key_that_cannot_be_used_is_told_without_showing_it(key: str, told: str) -> None:
    with pytest.raises(BadSetting, match=told) as problem:
        Vault.open(HERE, key)
    assert KEYS[0] not in problem.value.sentence and KEYS[1] not in problem.value.sentence


def test_the_first_start_makes_the_key_file_and_the_next_reads_it(tmp_path: Path) -> None:
    data = tmp_path / "new" / "data"
    sealed = Vault.open(data, None).seal(b"x", "row")
    path = data / KEY_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_IMODE(data.stat().st_mode) == 0o700
    assert [file.name for file in data.iterdir()] == [KEY_FILE]
    before = path.read_bytes()
    assert Vault.open(data, "").unseal(sealed, "row") == b"x" and path.read_bytes() == before
    ring = json.loads(before)
    given_by_hand = Vault.open(tmp_path, ring["keys"][ring["primary"]])  # the same key has the same id wherever it comes from
    assert given_by_hand.unseal(sealed, "row") == b"x"


def test_a_given_key_makes_no_file(tmp_path: Path) -> None:
    Vault.open(tmp_path, KEYS[0])
    assert list(tmp_path.iterdir()) == []


def test_a_ring_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / KEY_FILE
    path.write_text(json.dumps({"primary": "new", "keys": {"old": KEYS[0], "new": KEYS[1]}}))
    path.chmod(0o600)
    vault = Vault.open(tmp_path, None)
    assert vault.unseal(Vault.open(HERE, f"old:{KEYS[0]}").seal(b"x", "row"), "row") == b"x"
    assert vault.seal(b"x", "row").startswith("v1.new.")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o666, 0o620])
def test_a_file_that_others_can_reach_is_refused_with_the_mend(tmp_path: Path, mode: int) -> None:
    data = tmp_path / "a b"
    Vault.open(data, None)
    (data / KEY_FILE).chmod(mode)
    with pytest.raises(BadSetting) as told:
        Vault.open(data, None)
    assert f"chmod 600 '{data / KEY_FILE}'" in told.value.sentence and f"{mode:04o}" in told.value.sentence


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"primary": "a"}',
        '{"primary": "a", "keys": {}}',
        '{"primary": "a", "keys": {"a": "AAAA"}}',
        "\xff\xfe",
        '{"primary": 1}',
    ],
)
def test_a_file_that_cannot_be_read_is_told_and_left_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / KEY_FILE
    path.write_bytes(text.encode("latin-1"))
    path.chmod(0o600)
    with pytest.raises(BadSetting) as told:
        Vault.open(tmp_path, None)
    assert str(path) in told.value.sentence and path.read_bytes() == text.encode("latin-1")


def test_a_folder_in_its_place_is_told(tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).mkdir()
    with pytest.raises(BadSetting, match="cannot be used"):
        Vault.open(tmp_path, None)


OPEN = """
import sys
from pathlib import Path
from toolway.accounts.vault import Vault
print("ready", flush=True)
sys.stdin.readline()
print(Vault.open(Path(sys.argv[1]), None).seal(b"mine", "row"))
"""


def test_processes_that_make_the_key_at_once_end_with_the_same_one(tmp_path: Path) -> None:
    data = tmp_path / "data"
    command = [sys.executable, "-c", OPEN, str(data)]
    processes = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(6)]
    for process in processes:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    for process in processes:  # all are loaded; now all at once
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    sealed = [process.communicate(timeout=20)[0].strip() for process in processes]
    vault = Vault.open(data, None)
    assert [vault.unseal(text, "row") for text in sealed] == [b"mine"] * 6
    assert os.listdir(data) == [KEY_FILE]


def test_a_secret_shows_itself_only_when_opened(caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret("hunter2")
    shown = [repr(secret), str(secret), f"{secret}", f"{secret!r:>20}", "{} {!r}".format(*[secret] * 2), f"{[secret]} {dict(a=secret)}"]
    logging.getLogger("x").error("key %s", secret)
    assert "hunter2" not in "".join(shown) + caplog.text
    assert secret.open() == "hunter2"
    assert secret == Secret("hunter2") and secret != Secret("hunter3") and secret != "hunter2"
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        copy.deepcopy(secret)
    with pytest.raises(TypeError):
        msgspec.json.encode(secret)
    with pytest.raises(TypeError):
        json.dumps(secret)
    with pytest.raises(TypeError):
        hash(secret)
    assert not hasattr(secret, "__dict__")


def test_ids_of_keys_are_stable() -> None:
    assert key_id(RAW[0]) == key_id(RAW[0]) != key_id(RAW[1])
    assert key_id(RAW[0]) == "k" + key_id(RAW[0])[1:] and len(key_id(RAW[0])) == 9
