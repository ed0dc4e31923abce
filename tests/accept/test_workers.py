"""`toolway serve --workers 2` as real processes, on each engine: any worker answers anything, and each may die."""

import os
import signal
from pathlib import Path

import pytest

from tests.databases import Postgres
from tests.processes import KEY, House, gone, until
from tests.serve.conftest import SESSION


@pytest.fixture
def house(tmp_path: Path, url: str) -> House:
    return House(tmp_path, url)


def test_a_worker_that_dies_is_replaced_and_all_end_with_the_one_that_oversees_them(house: House) -> None:
    with house.serving(2) as served:
        until(lambda: len(served.workers()) == 2)
        before = served.workers()
        os.kill(before[0], signal.SIGKILL)
        until(lambda: len(served.workers()) == 2 and before[0] not in served.workers())
        after = served.workers()
        [new] = set(after) - set(before)
        with served.only(new):
            assert served.ready()
        assert f"Worker {before[0]} ended with -9" in house.log.read_text("utf-8")
        served.process.terminate()
        assert served.process.wait(20) == 0
        until(gone(after))
        assert "Traceback" not in house.log.read_text("utf-8")


def test_workers_do_not_outlive_the_one_that_oversees_them(house: House) -> None:
    with house.serving(2) as served:
        until(lambda: len(served.workers()) == 2)
        workers = served.workers()
        served.process.kill()
        served.process.wait()
        until(gone(workers))


def test_requests_during_an_outage_are_told_so_and_go_on_after_it(tmp_path: Path) -> None:
    database = Postgres()
    try:
        with House(tmp_path, database.fresh()).serving(1) as served:
            _, made = served.ask("POST", SESSION, KEY, {"user_id": "alice"})
            database.stop()
            until(lambda: served.ask("GET", "/readyz")[0] == 503)
            for method, path, content in (("GET", f"{SESSION}/{made['session_id']}", None), ("POST", SESSION, {"user_id": "bob"})):
                status, told = served.ask(method, path, KEY, content)
                assert status == 503 and "database does not answer" in told["error"]["message"]
            assert served.ask("GET", "/healthz")[0] == 200
            database.start()
            until(served.ready)
            assert served.ask("GET", f"{SESSION}/{made['session_id']}")[0] == 200
            assert served.ask("POST", SESSION, KEY, {"user_id": "bob"})[0] == 201
    finally:
        database.end()
