"""Properties 13 to 22: what comes over the line."""

import asyncio
import base64
import contextlib
import gzip
import itertools
import json
import re
import sys
import time
from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.processes import KEY, House, Served
from tests.serve.conftest import BODY, SESSION, Router, create, listening, running
from tests.serve.test_mcp import META, METHOD, NAME, VERSION, post, request
from toolway.cli.doorkeeper import Doorkeeper
from toolway.errors import BadRequest
from toolway.serve.app import App
from toolway.serve.wire import json_body

PING = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'
EXECUTE = "COMPOSIO_MULTI_EXECUTE_TOOL"
pytestmark = pytest.mark.asyncio(loop_scope="module")


ORIGINS = [
    ("https://evil.example", 403),
    ("null", 403),
    ("", 403),
    ("file://", 403),
    ("{own}.evil.example", 403),
    ("{own}/", 403),
    ("https{own}", 403),
    ("{own}", 201),
    (None, 201),
]


@pytest.mark.parametrize(("origin", "status"), ORIGINS)
async def test_13_requests_of_other_sites_are_refused(router: Router, origin: str | None, status: int) -> None:
    """On REST and MCP alike; a page of another site may not ask, and no CORS header ever says otherwise."""
    sent = [] if origin is None else [("origin", origin.format(own=router.origin))]
    for path, body, fine in ((SESSION, BODY, 201), (await router.session(), PING, 200)):
        reply = await create(router, *sent, ("x-api-key", router.key), path=path, body=body)
        assert reply.status == (fine if status == 201 else status)
        assert not [name for name in reply.headers if name.lower().startswith("access-control")]
    read = await router.ask("GET", "/link/none", headers=sent)
    assert read.status == (403 if status == 403 and origin != "null" else 404), "a form of a page that names no origin says null"


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("evil.example", 421),
        ("10.0.0.1:9900", 421),
        ("127.0.0.1.evil.example", 421),
        ("127.0.0.1:65536", 400),
        ("127.0.0.1:99999", 400),
        ("a/b", 400),
        ("127.0.0.1/x", 400),
        ("127.0.0.1?x", 400),
        ("127.0.0.1#x", 400),
        ("user@127.0.0.1", 400),
        ("localhost", 201),
        ("a.localhost:1", 201),
        ("127.7.7.7", 201),
        ("[::1]:9900", 201),
    ],
)
async def test_14_only_own_hosts_are_answered_for(router: Router, host: str, status: int) -> None:
    reply = await create(router, ("host", host), ("x-api-key", router.key))
    assert reply.status == status
    if status == 201:
        assert reply.json()["mcp"]["url"].startswith(f"http://{host}/tool_router/")


@contextlib.asynccontextmanager
async def line(router: Router) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection on which bytes are written as they are."""
    where = urlsplit(router.origin)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    try:
        async with asyncio.timeout(5):
            yield reader, writer
    finally:
        writer.close()


async def status_of(router: Router, raw: bytes) -> int:
    """The status of the answer to these bytes."""
    async with line(router) as (reader, writer):
        writer.write(raw)
        return int((await reader.readline()).split()[1])


def head(router: Router, *lines: str, start: str = f"POST {SESSION} HTTP/1.1") -> bytes:
    """A request's head with the right host and key, and these lines."""
    return "\r\n".join([start, f"host: {urlsplit(router.origin).netloc}", f"x-api-key: {router.key}", *lines, "", ""]).encode()


async def test_14_two_hosts_or_none_are_refused(router: Router) -> None:
    start = f"GET {SESSION}/x HTTP/1.1"
    assert await status_of(router, head(router, start=start)) == 404
    for more in ("host: evil.example", f"host: {urlsplit(router.origin).netloc}"):
        assert await status_of(router, head(router, more, start=start)) == 400
    assert await status_of(router, f"{start}\r\nx-api-key: {router.key}\r\n\r\n".encode()) == 400


async def test_14_the_path_alone_decides_where_a_request_goes(router: Router) -> None:
    """Neither a host with a path in it nor a whole address in the request line leads elsewhere than its path says."""
    for host in ("127.0.0.1/healthz", "127.0.0.1/healthz?", "127.0.0.1#/healthz", "127.0.0.1\\healthz", "127.0.0.1:1/healthz"):
        reply = await router.ask("GET", f"{SESSION}/x", headers=[("host", host)])
        assert reply.status in (400, 421)
    for start in (f"GET http://evil.example{SESSION}/x HTTP/1.1", f"GET http://evil.example/healthz{SESSION} HTTP/1.1"):
        async with line(router) as (reader, writer):
            writer.write(head(router, start=start))
            assert (await reader.readline()).split()[1] == b"404"
            assert b"evil" not in await reader.readuntil(b"\r\n\r\n")


@pytest.mark.parametrize("name", ["x-api-key", "authorization", "origin"])
async def test_14_headers_that_decide_may_not_come_twice(router: Router, name: str) -> None:
    """Even where both say the same: whoever stands in front may have looked at one only."""
    value = {"x-api-key": router.key, "authorization": f"Bearer {router.key}", "origin": router.origin}[name]
    own = () if name == "x-api-key" else (("x-api-key", router.key),)
    assert (await create(router, *own, (name, value))).status == 201
    assert (await create(router, *own, (name, value), (name, value))).status == 400


LADDER: list[tuple[list[tuple[str, str]], dict[str, Any], int]] = [
    ([VERSION, VERSION, METHOD, NAME], {}, -32020),
    ([VERSION, METHOD, METHOD, NAME], {}, -32020),
    ([VERSION, METHOD, NAME], {"_meta": {}}, -32602),
    ([VERSION, METHOD, NAME], {"_meta": 5}, -32602),
    ([VERSION, METHOD, NAME], {"_meta": META | {"io.modelcontextprotocol/protocolVersion": 5}}, -32602),
    ([VERSION, METHOD, NAME], {"_meta": META | {"io.modelcontextprotocol/protocolVersion": "2025-11-25"}}, -32020),
    ([METHOD, NAME], {}, -32020),
    ([VERSION, NAME], {}, -32020),
    ([VERSION, ("mcp-method", "tools/list"), NAME], {}, -32020),
    ([VERSION, METHOD], {}, -32020),
    ([VERSION, METHOD, ("mcp-name", "Y")], {}, -32020),
    ([VERSION, METHOD, ("mcp-name", "=?base64?!!!?=")], {}, -32020),
    ([VERSION, METHOD, ("mcp-name", "=?base64?WB==?=")], {}, -32020),
    ([("mcp-protocol-version", "2027-01-01"), METHOD, NAME], {"_meta": META}, -32022),
    ([VERSION, METHOD, NAME, ("mcp-name", "X")], {}, -32020),
    ([VERSION, METHOD, NAME], {}, -32602),  # all is well but the tool
]


@pytest.mark.parametrize(("headers", "params", "code"), LADDER)
async def test_15_headers_and_body_must_agree(router: Router, headers: list[tuple[str, str]], params: Any, code: int) -> None:
    answer = await post(router, await router.session(), request("tools/call", **({"_meta": META, "name": "X"} | params)), *headers)
    assert (answer.json()["error"]["code"], answer.status, answer.json()["id"]) == (code, 400, 7)


async def test_15_no_header_is_read_in_two_ways(router: Router) -> None:
    """Whatever a header says in base64 or plainly: either it says what the body says, or the call is refused."""
    path, name = await router.session(), "COMPOSIO_GET_TOOL_SCHEMAS"
    dressed = base64.b64encode(name.encode()).decode()
    fine = {name, f"=?base64?{dressed}?=", f" {name}\t"}
    assert dressed.endswith("w==")
    pieces = ["=?base64?", "?=", dressed, dressed.rstrip("="), dressed.replace("w==", "x=="), name, name.lower(), "=", " ", "\u00fc"]
    for said in {"".join(some) for many in (1, 2, 3) for some in itertools.product(pieces, repeat=many)} | fine:
        reply = await post(router, path, request("tools/call", _meta=META, name=name, arguments={}), VERSION, METHOD, ("mcp-name", said))
        if said.strip(" \t") in (name, f"=?base64?{dressed}?="):
            assert reply.status == 200, said
        else:
            assert (reply.status, reply.json()["error"]["code"]) == (400, -32020), said


@pytest.mark.parametrize("parser", ["httptools", "h11", Doorkeeper])
async def test_16_blanks_around_a_header_s_value_are_none_of_it(router: Router, parser: Any) -> None:
    """Not every server takes them off, so that the application does."""
    async with listening(App(router.local), parser) as origin:
        own = router._replace(origin=origin)
        body = json.dumps(request("tools/call", _meta=META, name="COMPOSIO_SEARCH_TOOLS", arguments={})).encode()
        headers = {"host": urlsplit(origin).netloc, "x-api-key": router.key, "origin": origin, "accept": "application/json"}
        headers |= dict([VERSION, METHOD]) | {"mcp-name": "COMPOSIO_SEARCH_TOOLS", "content-length": str(len(body)), "x-request-id": "own"}
        for before, after in itertools.product(("", " ", "\t \t"), repeat=2):
            lines = [f"{name}:{before}{value}{after}" for name, value in headers.items()]
            async with line(own) as (reader, writer):
                writer.write("\r\n".join([f"POST {await router.session()} HTTP/1.1", *lines, "", ""]).encode() + body)
                answered = await reader.readuntil(b"\r\n\r\n")
            assert answered.split()[1] == b"200", (before, after)
            assert b"x-request-id: own\r\n" in answered


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Generator[Served]:
    """`toolway serve` as it is, in a process of its own."""
    with House(tmp_path_factory.mktemp("served")).serving() as started:
        yield started


def real(served: Served, router: Router) -> Router:
    """The process, to be asked as the router is."""
    return router._replace(origin=served.origin, key=KEY)


def most_memory(served: Served) -> int:
    """The most memory that the process ever held at once, in KiB."""
    return int(re.findall(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{served.process.pid}/status").read_text("ascii"))[0])


async def test_17_a_body_that_is_too_large_is_refused(router: Router) -> None:
    assert await status_of(router, head(router, "content-length: 5000000")) == 413
    async with line(router) as (reader, writer):
        writer.write(head(router, "transfer-encoding: chunked"))
        piece = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
        for _ in range(5):  # no length was named: the limit counts what came
            writer.write(piece)
        assert (await reader.readline()).split()[1] == b"413"


async def test_17_a_compressed_body_is_not_unpacked(router: Router) -> None:
    reply = await create(router, ("x-api-key", router.key), ("content-encoding", "gzip"), body=gzip.compress(b" " * 10_000_000))
    assert reply.status == 400
    assert "compressed" in reply.json()["error"]["message"]


async def test_17_large_bodies_take_no_memory_without_end(router: Router, served: Served) -> None:
    """Thirty at once, each of 32 MiB if it were let: by length, in pieces, and compressed."""
    own = real(served, router)
    path, piece = await own.session(), b"100000\r\n" + b"[" * 0x100000 + b"\r\n"
    packed = gzip.compress(bytes(32 << 20))
    start = f"POST {path} HTTP/1.1"

    async def flood(number: int) -> int:
        async with line(own) as (reader, writer):
            with contextlib.suppress(ConnectionError):
                match number % 3:
                    case 0:
                        writer.write(head(own, f"content-length: {32 << 20}", start=start))
                        what = [b"[" * 0x100000] * 32
                    case 1:
                        writer.write(head(own, "transfer-encoding: chunked", start=start))
                        what = [piece] * 32
                    case _:
                        writer.write(head(own, "content-encoding: gzip", f"content-length: {len(packed)}", start=start))
                        what = [packed]
                for some in what:
                    writer.write(some)
                    await writer.drain()
            try:
                return int((await reader.readline()).split()[1])
            except (ConnectionError, IndexError):  # who still sends when the connection ends may not get to read why
                return 0

    assert (await own.send("POST", path, request("ping")))[0] == 200
    before = most_memory(served)
    statuses = set(await asyncio.gather(*(flood(number) for number in range(30))))
    assert statuses <= {0, 400, 413} and statuses & {400, 413}
    assert most_memory(served) - before < 64 * 1024
    assert (await own.send("POST", path, request("ping")))[0] == 200


BAD = [
    b"",
    b"{",
    b"\xff\xfe",
    b"null",
    b"[" * 100_000,
    b'{"a":' * 40_000,
    b"[" * 500 + b"]" * 500,
    b'{"user_id":"u","x":' + b"9" * 5000 + b"}",
    b'{"user_id":"u","x":-99999999999999999999}',
    b'{"user_id":"u","x":1e999}',
    b'{"user_id":"u","x":NaN}',
    b'{"user_id":"u","x":Infinity}',
    b'{"user_id":"\\ud800"}',
    b'{"user_id":"a","user_id":"b"}',
    b'{"user_id":"u","toolkits":{"enable":[],"enable":["clockify"]}}',
    b"\xef\xbb\xbf{}",
    BODY + b"x",
    b'{"user_id":"u","x":' + b"9" * 200_000 + b"}",
    b'{"user_id":"u","x":' + b'{"a":' * 40_000 + b"1" + b"}" * 40_000 + b"}",
    b'{"user_id":"u",' + b'"a":1,' * 30_000 + b'"a":1}',
    b'{"user_id":"' + b"\\ud800" * 40_000 + b'"}',
]


@pytest.mark.parametrize("body", BAD, ids=lambda body: repr(body[:24]))
async def test_18_json_that_could_be_read_in_two_ways_or_without_end_is_refused(router: Router, body: bytes) -> None:
    """Depth, large numbers, doubled keys, NaN, half characters: 400 on both faces, and 50 ms of work at most."""
    reply = await create(router, ("x-api-key", router.key), body=body)
    assert (reply.status, reply.json()["error"]["code"]) == (400, 10400)
    refused = await create(router, ("x-api-key", router.key), path=await router.session(), body=body)
    assert (refused.status, refused.json()["error"]["code"]) == (400, -32600 if body == b"null" else -32700)
    took: list[float] = []
    for _ in range(3):
        began = time.process_time()
        with contextlib.suppress(BadRequest):
            json_body(body)
        took.append(time.process_time() - began)
    assert min(took) < 0.05


async def test_18_inside_a_call_too(router: Router) -> None:
    """Arguments may come as text: what is in it is JSON of the agent's."""
    path = await router.session()
    for arguments in ('{"a":' * 5_000, "[" * 5_000, "9" * 5_000, '{"workspaceId": NaN}', '{"workspaceId": "\\ud800"}'):
        item = {"tool_slug": "CLOCKIFY_GET_TAGS", "arguments": arguments}
        status, answer = await router.send("POST", path, request("tools/call", name=EXECUTE, arguments={"tools": [item]}))
        assert (status, answer["result"]["isError"]) == (200, False)
        assert not json.loads(answer["result"]["content"][0]["text"])["successful"]


async def test_19_slow_clients_are_ended_and_others_are_answered_meanwhile(router: Router, served: Served) -> None:
    """Silence, half a head, a head and a body that trickle: gone soon after the ten seconds that each has."""
    own = real(served, router)
    path = await own.session()
    body = head(own, "content-length: 1000", start=f"POST {path} HTTP/1.1")
    starts = {"silence": b"", "half": b"POST / HTTP/1.1\r\nhost: a\r\n", "head": b"GET / HTTP/1.1\r\nx: ", "body": body, "no key": b""}
    starts["no key"] = body.replace(KEY.encode(), b"wrong")
    where = urlsplit(own.origin)

    async def trickle(name: str) -> bytes:
        reader, writer = await asyncio.open_connection(where.hostname, where.port)
        writer.write(starts[name])
        told = asyncio.create_task(reader.readline() if name == "body" else reader.read())
        with contextlib.suppress(ConnectionError):
            while not told.done():
                if name in ("head", "body"):
                    writer.write(b" ")
                    await writer.drain()
                await asyncio.wait([told], timeout=0.5)
        writer.close()
        try:
            return await told
        except ConnectionError:
            return b""

    async with asyncio.timeout(30):
        slow = [asyncio.create_task(trickle(name)) for name in starts for _ in range(10)]
        while not all(task.done() for task in slow):
            async with asyncio.timeout(5):
                assert (await own.send("POST", path, request("ping")))[0] == 200
            await asyncio.sleep(0.2)
    told = dict(zip([name for name in starts for _ in range(10)], (task.result() for task in slow), strict=True))
    assert told["silence"] == told["head"] == told["half"] == b""
    assert told["body"].startswith(b"HTTP/1.1 400") and told["no key"].startswith(b"HTTP/1.1 401")


async def test_20_a_service_is_left_with_the_client_that_goes_away(tmp_path: Path, sandbox: str) -> None:
    """The connection to a service that does not answer ends within a second of the client's."""
    async with running(tmp_path, sandbox=sandbox) as router:
        await router.connect("desktime")
    asked, left = asyncio.Event(), asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await reader.read()
        left.set()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as service:
        place = f"http://127.0.0.1:{service.sockets[0].getsockname()[1]}"
        async with running(tmp_path, sandbox=place) as other:
            call = asyncio.create_task(other.execute(await other.session(), "DESKTIME_PING_REQUEST"))
            async with asyncio.timeout(5):
                await asked.wait()
            call.cancel()
            async with asyncio.timeout(1 + 2):  # a second is promised, two more may a busy machine take
                await left.wait()


ROUTES = [SESSION, f"{SESSION}/x", "/tool_router/x/mcp", "/link/none", "/healthz", "/readyz", "/static/toolway.css", "/api/v3/none", "/"]


@pytest.mark.parametrize("path", ROUTES)
async def test_21_no_other_site_is_let_in(router: Router, path: str) -> None:
    """Every preflight is refused, and nothing is ever said that a browser would take for leave, least of all with a key."""
    asked = [("access-control-request-headers", "x-api-key"), ("access-control-request-private-network", "true")]
    sites = ("https://evil.example", "null", router.origin, "http://localhost:3000")
    for origin, method, key in itertools.product(sites, ("GET", "POST", "DELETE"), ([], [("x-api-key", router.key)])):
        sent = [("origin", origin), ("access-control-request-method", method), *asked, *key]
        for verb in ("OPTIONS", "GET", "POST"):
            reply = await router.ask(verb, path, None, sent)
            assert not [name for name in reply.headers if name.lower().startswith("access-control")]
            assert verb != "OPTIONS" or reply.status >= 400


LENGTH, CHUNKED = f"content-length: {len(BODY)}", "transfer-encoding: chunked"
PIECES = f"{len(BODY):x}\r\n".encode() + BODY + b"\r\n0\r\n\r\n"
NEXT = b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"
"""What is smuggled: an answer to it would go to whoever asks next on the same connection."""
SMUGGLED: list[tuple[list[str], bytes]] = [
    ([LENGTH, CHUNKED], PIECES),
    ([CHUNKED, LENGTH], PIECES),
    ([CHUNKED, "content-length: 0"], PIECES),
    ([LENGTH, "Transfer-Encoding: identity"], BODY),
    ([LENGTH, "content-length: 5"], BODY),
    ([LENGTH, LENGTH], BODY),
    ([f"{LENGTH}, {len(BODY)}"], BODY),
    (["content-length: +19"], BODY),
    (["content-length: 0x13"], BODY),
    (["content-length: -1"], BODY),
    (["content-length: 1 9"], BODY),
    (["content-length: " + "9" * 30], BODY),
    (["transfer-encoding: xchunked"], PIECES),
    (["transfer-encoding: chunked, identity"], PIECES),
    ([CHUNKED, "transfer-encoding: identity"], PIECES),
    (["transfer-encoding : chunked"], PIECES),
    (["transfer-encoding:\x0bchunked"], PIECES),
    ([CHUNKED], b"-1\r\n" + BODY),
    ([CHUNKED], b"0x13\r\n" + BODY + b"\r\n0\r\n\r\n"),
    ([CHUNKED], b"13;a\n" + BODY + b"\r\n0\r\n\r\n"),
    ([CHUNKED], b"1" * 20 + b"\r\n" + BODY),
    ([LENGTH, "x-a: b\r\n c"], BODY),
    ([LENGTH, "x-a: b\r\n\tc"], BODY),
    ([LENGTH, "x-a:\r\n b"], BODY),
    (["transfer-encoding:\r\n chunked"], PIECES),
    ([LENGTH, "x y: z"], BODY),
    ([LENGTH, "x"], BODY),
    ([LENGTH, ": x"], BODY),
    ([LENGTH, "x: a\rb"], BODY),
    ([LENGTH, "x: a\0b"], BODY),
    ([LENGTH, "x: y\nz: a"], BODY),
]


@pytest.mark.parametrize(("lines", "body"), SMUGGLED, ids=repr)
async def test_22_what_two_parsers_could_divide_in_two_ways_is_refused(
    router: Router, served: Served, lines: list[str], body: bytes
) -> None:
    """And what follows on the same connection is not read at all."""
    own = real(served, router)
    async with line(own) as (reader, writer):
        writer.write(head(own, *lines) + body + NEXT)
        told = await reader.read()
    assert re.findall(rb"HTTP/1\.1 (\d+)", told) == [b"400"], told


async def test_22_a_request_that_is_none_of_these_is_answered(router: Router, served: Served) -> None:
    own = real(served, router)
    for lines, body in (([LENGTH], BODY), ([CHUNKED], PIECES)):
        async with line(own) as (reader, writer):
            writer.write(head(own, *lines) + body + NEXT.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"))
            assert re.findall(rb"HTTP/1\.1 (\d+)", await reader.read()) == [b"201", b"200"]


async def test_22_without_the_strict_parser_no_server_starts(tmp_path: Path) -> None:
    """uvicorn's other parser joins folded lines, and takes a length beside pieces."""
    without = "import sys; sys.modules['httptools'] = None; from toolway.cli import main; main()"
    for workers in ("1", "2"):
        command = (sys.executable, "-c", without, "serve", "--port", "0", "--data", str(tmp_path), "--workers", workers)
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
        async with asyncio.timeout(30):
            said, _ = await process.communicate()
        assert process.returncode and b"httptools cannot be loaded" in said
        assert b"Traceback" not in said and b"listens" not in said
