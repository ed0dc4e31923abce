"""The log's lines."""

import asyncio
import io
import json
import subprocess
import sys
from collections.abc import Generator
from typing import Any

import pytest

from toolway.errors import BadSetting
from toolway.watch import begin, fault, log, request_id, start


class Terminal(io.StringIO):
    """A stream that says that a person reads it."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def quiet_again() -> Generator[None]:
    yield
    start(level="warning")


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def tell() -> None:
    log().info("i")
    log().warning("w")
    log().error("e")


@pytest.mark.parametrize(
    ("level", "stream", "events"),
    [
        ("info", io.StringIO(), ["i", "w", "e"]),
        ("warning", io.StringIO(), ["w", "e"]),
        ("error", io.StringIO(), ["e"]),
        ("off", io.StringIO(), []),
        ("auto", io.StringIO(), ["i", "w", "e"]),
        ("auto", Terminal(), ["w", "e"]),
    ],
)
def test_levels(level: str, stream: io.StringIO, events: list[str]) -> None:
    """By itself the log tells machines everything, and a person in a terminal only what is wrong."""
    start(stream, level)
    tell()
    assert [line["event"] for line in lines(stream)] == events


def test_a_level_that_is_none() -> None:
    with pytest.raises(BadSetting, match=r"log is 'loud'; auto, info, warning, error, off are known"):
        start(level="loud")


async def test_the_id_of_the_request_goes_to_all_that_it_causes() -> None:
    stream = io.StringIO()
    start(stream)

    async def work(number: str) -> None:
        begin(number)
        await asyncio.gather(*(deeper(number) for _ in range(3)))

    async def deeper(number: str) -> None:
        await asyncio.sleep(0)
        log().info("x", of=number)

    await asyncio.gather(*(asyncio.create_task(work(f"req_{i}")) for i in range(20)))
    found = lines(stream)
    assert len(found) == 60
    assert all(line["request_id"] == line["of"] for line in found)
    assert request_id() == ""
    log().info("alone")
    assert "request_id" not in lines(stream)[-1]


def test_whatever_is_told_is_one_line() -> None:
    stream = io.StringIO()
    start(stream)
    log().info("x", text='a\n"b"\u2028', half="\ud800", thing=object(), number=1.5)
    assert len(stream.getvalue().split("\n")) == 2
    [line] = lines(stream)
    assert line["text"] == 'a\n"b"\u2028'
    assert line["level"] == "info"


def test_a_stream_that_is_gone_breaks_nothing() -> None:
    stream = io.StringIO()
    start(stream)
    stream.close()
    tell()


def test_what_libraries_log_is_told_without_what_it_was_about() -> None:
    """In a process of its own, as the server's is."""
    code = """
import asyncio, logging
from toolway.watch import adopt, start
start()
adopt()
logging.getLogger("lib").warning("could not reach %s", "http://me:secret@host/?token=secret")
logging.getLogger("lib").info("secret")
async def main():
    async def fail():
        raise ValueError("secret")
    task = asyncio.get_running_loop().create_task(fail())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    del task
asyncio.run(main())
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    first, second = (json.loads(line) for line in run.stderr.splitlines())
    assert (first["level"], first["name"], first["said"]) == ("warning", "lib", "could not reach %s")
    assert (second["level"], second["name"], second["error"]) == ("error", "asyncio", "ValueError")
    assert "secret" not in run.stderr


def test_a_fault_tells_type_and_place_only() -> None:
    stream = io.StringIO()
    start(stream)
    try:
        int("a secret")
    except ValueError as error:
        fault("here", error)
    [line] = lines(stream)
    assert (line["event"], line["where"], line["error"]) == ("fault", "here", "ValueError")
    assert "secret" not in stream.getvalue()
    assert "test_log.py:" in line["line"]
