"""Word of a running server counts only while that server holds its lock; accounts of the sandbox and of the real service stay apart."""

import json
import os
from pathlib import Path

import pytest

from tests.serve.conftest import Router, running
from toolway.errors import BadSetting, NotConnected
from toolway.serve.running import leave_word
from toolway.serve.running import running as word_of
from toolway.store.shelves import Store


def test_word_without_a_holder_is_old_although_a_process_has_the_number(tmp_path: Path) -> None:
    (tmp_path / "running.json").write_text(json.dumps({"pid": os.getpid(), "origin": "http://x", "sandbox": "http://127.0.0.1:1"}))
    assert word_of(tmp_path) is None
    (tmp_path / "running.lock").touch()
    assert word_of(tmp_path) is None


def test_the_first_server_of_a_folder_keeps_its_word_until_it_ends(tmp_path: Path) -> None:
    with leave_word(tmp_path, "http://one", "") as other:
        assert other is None
        with leave_word(tmp_path, "http://two", "") as first:
            assert first is not None and first["origin"] == "http://one"
        told = word_of(tmp_path)
        assert told is not None and told["origin"] == "http://one"
    assert word_of(tmp_path) is None


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
