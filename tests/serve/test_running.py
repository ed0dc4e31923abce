"""Word of a running server counts only while that server holds its lock; accounts of the sandbox and of the real service stay apart."""

import json
import os
from pathlib import Path

import pytest

from tests.serve.conftest import Router, running
from toolway.errors import BadSetting, NotConnected
from toolway.serve.running import beside, leave_word
from toolway.serve.running import running as word_of
from toolway.settings import read
from toolway.store.shelves import Store


def test_word_without_a_holder_is_old_although_a_process_has_the_number(tmp_path: Path) -> None:
    (tmp_path / "running.json").write_text(json.dumps({"pid": os.getpid(), "origin": "http://x", "sandbox": "http://127.0.0.1:1"}))
    assert word_of(tmp_path) is None
    (tmp_path / "running.lock").touch()
    assert word_of(tmp_path) is None


def test_the_first_server_of_a_folder_keeps_its_word_until_it_ends(tmp_path: Path) -> None:
    with leave_word(read({"data": str(tmp_path)}, {}), "http://one") as other:
        assert other is None
        with leave_word(read({"data": str(tmp_path)}, {}), "http://two") as first:
            assert first is not None and first["origin"] == "http://one"
        told = word_of(tmp_path)
        assert told is not None and told["origin"] == "http://one"
    assert word_of(tmp_path) is None


def test_a_command_does_not_write_into_another_database_than_the_server(tmp_path: Path) -> None:
    flags, password = {"data": str(tmp_path)}, "not-to-be-seen"
    serving = read(flags | {"database": f"postgresql://me:{password}@db.example/toolway", "sandbox": "http://127.0.0.1:1"}, {})
    with leave_word(serving, "http://one"):
        with pytest.raises(BadSetting, match=r"keeps its data in postgresql://.*@db.example/toolway") as told:
            beside(read(flags, {}))
        assert password not in told.value.sentence + (tmp_path / "running.json").read_text()
        assert beside(read(flags | {"database": serving.text("database")}, {})).text("sandbox") == "http://127.0.0.1:1"
    assert beside(read(flags, {})).text("sandbox") == ""


async def test_an_account_of_the_sandbox_is_none_of_the_real_service(router: Router) -> None:
    await router.connect("clockify")
    project = await router.local.project()
    assert await router.local.keeper.accounts(project.id, "alice", "clockify")
    async with running(router.local.settings.data) as real:
        with pytest.raises(NotConnected):
            await real.local.keeper.credential(project.id, "alice", "clockify")


async def test_a_database_that_is_no_ordinary_file_is_left_as_it_was(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o666)
    before = (tmp_path / "pipe").stat().st_mode
    with pytest.raises(BadSetting, match="no ordinary file"):
        await Store.open(str(tmp_path / "pipe"))
    assert (tmp_path / "pipe").stat().st_mode == before
