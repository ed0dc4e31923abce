"""Bodies in bytes: what is taken as JSON, and what it costs to find out."""

import asyncio
import contextlib
import json
import time
from collections.abc import MutableMapping
from typing import Any

import pytest

from toolway.errors import BadRequest, TooLarge
from toolway.serve.wire import MOST_BODY, SMALL_BODY, Bodies, json_body


@pytest.mark.parametrize(
    "content",
    [
        b'{"a":1,"b":[{"c":"x:y"}],"d":":"}',
        b'{"x":"\\u003A","y":"\\\\u003a","z":"\\\\\\u003a\\":"}',
        b'{"number":"' + b"9" * 40 + b'","least":-9223372036854775808,"most":9223372036854775807}',
        b"[" * 64 + b"]" * 64,
        json.dumps("[" * 200_000).encode(),
        b'"\\"' + b"[" * 200_000 + b'\\\\"',
    ],
)
def test_what_is_taken(content: bytes) -> None:
    assert json_body(content) == json.loads(content)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"a":1,"a":1}', "a key comes twice"),
        (b'{"a":{"b":1,"b" : ":"}}', "a key comes twice"),
        (b'{"a":1,"\\u0061":2}', "a key comes twice"),
        (b'{"a":1,"a":2,"x":"\\u003a"}', "a key comes twice"),
        (b'{"a":":","a":"","x":"\\u003A"}', "a key comes twice"),
        (b"[9223372036854775808]", "64 bits"),
        (b'{"a":-9223372036854775809}', "64 bits"),
        (b"9" * 5000, "no JSON"),
        (b"[" * 66 + b"]" * 66, "nested more than 64"),
    ],
)
def test_what_two_readers_could_read_in_two_ways(content: bytes, words: str) -> None:
    with pytest.raises(BadRequest, match=words):
        json_body(content)


def _seconds(content: bytes) -> float:
    began = time.process_time()
    with contextlib.suppress(BadRequest):
        json_body(content)
    return time.process_time() - began


@pytest.mark.parametrize("form", [b"{%s}", b'{%s,"0":1}'])
def test_many_keys_cost_no_more_each_than_few(form: bytes) -> None:
    """The last key doubled, and none: a list of names that is walked for each name would take minutes."""
    assert _seconds(form % b",".join(b'"%d":1' % n for n in range(300_000))) < 1.5


@pytest.mark.parametrize("piece", [b"[]", b"{}", b"[" * 60 + b"]" * 60])
def test_lists_without_end(piece: bytes) -> None:
    """Some bytes each, but a hundred of memory and a walk of the collector."""
    content = b"[" + b",".join([piece] * (MOST_BODY // (len(piece) + 1) - 1)) + b"]"
    with pytest.raises(BadRequest, match="more than 100000 lists"):
        json_body(content)


class _Client:
    """Sends a body in pieces; `go` lets it send the last one."""

    def __init__(self, *pieces: bytes) -> None:
        self.go = asyncio.Event()
        self.asked = 0
        self._pieces = pieces

    async def receive(self) -> MutableMapping[str, Any]:
        self.asked += 1
        last = self.asked >= len(self._pieces)
        if last:
            await self.go.wait()
        return {"type": "http.request", "body": self._pieces[self.asked - 1], "more_body": not last}


async def test_large_bodies_come_a_few_at_a_time() -> None:
    bodies = Bodies()
    clients = [_Client(b"x" * (SMALL_BODY + 1), b"y", b"z") for _ in range(6)]
    tasks = [asyncio.create_task(bodies.read({"headers": []}, client.receive)) for client in clients]
    for _ in range(10):
        await asyncio.sleep(0)
    assert sorted(client.asked for client in clients) == [1, 1, 3, 3, 3, 3]
    small, other = _Client(b"{}"), _Client(b"x" * (SMALL_BODY + 1), b"y")
    small.go.set()
    assert await bodies.read({"headers": []}, small.receive) == b"{}"
    other.go.set()
    assert len(await bodies.read({"headers": []}, other.receive, key_id="another")) == SMALL_BODY + 2
    for client in clients:
        client.go.set()
    assert {len(content) for content in await asyncio.gather(*tasks)} == {SMALL_BODY + 3}


async def test_a_smaller_most() -> None:
    client = _Client(b"x" * SMALL_BODY, b"y")
    client.go.set()
    with pytest.raises(TooLarge):
        await Bodies().read({"headers": []}, client.receive, SMALL_BODY)
