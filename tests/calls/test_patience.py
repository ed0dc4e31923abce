"""What is sent again, counted by a real server."""

import asyncio
import time

import pytest

from tests.net.wire import always, plain, reaching, served
from toolway.calls.patience import TABLE, send
from toolway.catalog.model import Effect
from toolway.errors import NoAnswer, Unreachable
from toolway.net import Request

WRITES: list[Effect] = ["create", "update", "destroy"]
METHODS: dict[Effect, str] = {"read": "GET", "create": "POST", "update": "PUT", "destroy": "DELETE"}


async def closes(number: int, writer: asyncio.StreamWriter) -> None:
    writer.close()


def test_every_effect_has_its_patience() -> None:
    assert set(TABLE) == set(METHODS)
    assert all(TABLE[effect].failures == (Unreachable,) and not TABLE[effect].statuses for effect in WRITES)


@pytest.mark.parametrize("effect", WRITES)
async def test_a_change_is_never_repeated_once_it_may_have_arrived(effect: Effect) -> None:
    async with served(closes) as server, reaching(server.url) as net:
        with pytest.raises(NoAnswer):
            await send(net.send, Request(METHODS[effect], server.url, once=True), effect)
        assert len(server.heard) == 1
    for status in ("429 Too Many Requests", "500 Oh", "503 Busy"):
        async with served(always(plain(b"{}", status))) as server, reaching(server.url) as net:
            assert (await send(net.send, Request(METHODS[effect], server.url, once=True), effect)).status >= 429
            assert len(server.heard) == 1


@pytest.mark.parametrize("effect", WRITES)
async def test_a_change_that_timed_out_is_not_repeated(effect: Effect) -> None:
    async def silent(number: int, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(3)

    async with served(silent) as server, reaching(server.url) as net:
        with pytest.raises(NoAnswer):
            await send(net.send, Request(METHODS[effect], server.url, once=True, seconds=0.3), effect)
        assert len(server.heard) == 1


@pytest.mark.parametrize("status", ["429 Slow", "500 Oh", "502 Bad", "503 Busy", "504 Late"])
async def test_a_read_is_repeated_until_it_is_answered(status: str) -> None:
    async def second_time(number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(plain(b"{}", status) if number == 1 else plain(b'"yes"'))

    async with served(second_time) as server, reaching(server.url) as net:
        assert (await send(net.send, Request("GET", server.url), "read")).body == b'"yes"'
        assert len(server.heard) == 2


@pytest.mark.parametrize("status", ["400 Bad", "401 Who", "403 No", "404 Where", "501 Not"])
async def test_a_plain_no_is_not_asked_again(status: str) -> None:
    async with served(always(plain(b"{}", status))) as server, reaching(server.url) as net:
        await send(net.send, Request("GET", server.url), "read")
        assert len(server.heard) == 1


async def test_a_read_on_a_broken_line_is_repeated() -> None:
    async def second_time(number: int, writer: asyncio.StreamWriter) -> None:
        if number <= 2:  # the client repeats a GET once by itself
            writer.close()
        else:
            writer.write(plain(b'"yes"'))

    async with served(second_time) as server, reaching(server.url) as net:
        assert (await send(net.send, Request("GET", server.url), "read")).body == b'"yes"'


async def test_a_read_waits_as_long_as_the_service_asks_if_there_is_time() -> None:
    async def asks(number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(plain(b"{}", "429 Slow", "Retry-After: 1") if number == 1 else plain())

    async with served(asks) as server, reaching(server.url) as net:
        began = time.monotonic()
        assert (await send(net.send, Request("GET", server.url), "read")).status == 200
        assert 1 <= time.monotonic() - began < 4
    for after in ("3600", "99999999999", "Wed, 21 Oct 2026 07:28:00 GMT"):
        async with served(always(plain(b"{}", "429 Slow", f"Retry-After: {after}"))) as server, reaching(server.url) as net:
            assert (await send(net.send, Request("GET", server.url, seconds=1.2), "read")).status == 429
            assert len(server.heard) == 1


@pytest.mark.parametrize("effect", list(METHODS))
async def test_what_surely_did_not_arrive_may_go_again(effect: Effect) -> None:
    closed = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{closed.sockets[0].getsockname()[1]}"
    closed.close()
    async with reaching(url) as net:
        began = time.monotonic()
        with pytest.raises(Unreachable):
            await send(net.send, Request(METHODS[effect], url, once=effect != "read"), effect)
        assert time.monotonic() - began >= 0.25


async def test_how_long_was_waited_is_told_of_the_whole_call() -> None:
    async def second_time_silent(number: int, writer: asyncio.StreamWriter) -> None:
        if number == 1:
            writer.write(plain(b"{}", "503 Busy"))
        else:
            await asyncio.sleep(5)

    async with served(second_time_silent) as server, reaching(server.url) as net:
        with pytest.raises(NoAnswer, match=r"did not answer within 1\.5 seconds"):
            await send(net.send, Request("GET", server.url, seconds=1.5), "read")
        assert len(server.heard) == 2
