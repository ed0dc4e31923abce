"""The gate: keys before bodies, hosts and origins, and bodies that are none."""

import asyncio
import gzip
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from tests.serve.conftest import Reply, Router, running
from toolway.errors import BadSetting
from toolway.serve.gate import Gate

SESSION = "/api/v3.1/tool_router/session"
BODY = b'{"user_id":"alice"}'
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def router(tmp_path_factory: pytest.TempPathFactory, sandbox: str) -> AsyncGenerator[Router]:
    """One router for all of them: none changes what another sees."""
    async with running(tmp_path_factory.mktemp("router"), sandbox=sandbox) as started:
        yield started


async def create(router: Router, *headers: tuple[str, str], body: bytes = BODY, path: str = SESSION) -> Reply:
    return await router.ask("POST", path, body, [("content-type", "application/json"), *headers])


@pytest.mark.parametrize(
    "headers", [[], [("x-api-key", "wrong")], [("x-api-key", "")], [("authorization", "Bearer x")], [("x-api-key", "k" * 9000)]]
)
async def test_no_key_no_answer(router: Router, headers: list[tuple[str, str]]) -> None:
    """401 with a challenge, on REST and MCP alike."""
    path = await router.session()
    for place in (SESSION, path):
        reply = await create(router, *headers, path=place)
        assert reply.status == 401
        assert reply.headers["www-authenticate"] == 'Bearer realm="toolway"'
    assert (await create(router, *headers)).json()["error"]["slug"] == "HTTP_Unauthorized"


async def test_a_key_may_come_as_bearer(router: Router) -> None:
    assert (await create(router, ("authorization", f"Bearer {router.key}"))).status == 201
    assert (await create(router, ("x-api-key", f"  {router.key}\t"))).status == 201


async def test_the_key_is_asked_for_before_the_body(router: Router) -> None:
    """Five megabytes of nothing with a wrong key: 401, not a word about the body."""
    where = urlsplit(router.origin)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    writer.write(f"POST {SESSION} HTTP/1.1\r\nhost: {where.netloc}\r\nx-api-key: wrong\r\ncontent-length: 5000000\r\n\r\n".encode())
    async with asyncio.timeout(5):
        line = await reader.readline()  # answered although not one byte of the body was sent
    assert line.split()[1] == b"401"
    writer.close()
    assert (await create(router, ("x-api-key", "wrong"), body=b"\xff" * 1_000_000)).status == 401


@pytest.mark.parametrize("query", ["api_key", "apikey", "key", "x-api-key", "token", "%61pi_key", "API%5Fkey", "toke%6E"])
async def test_a_key_in_the_address_is_refused(router: Router, query: str) -> None:
    reply = await create(router, ("x-api-key", router.key), path=f"{SESSION}?a=1&{query}={router.key}")
    assert reply.status == 401
    assert router.key not in reply.text


async def test_scopes(router: Router) -> None:
    project = await router.local.project()
    path = await router.session()
    number = path.split("/")[2]
    for scope, made, got, called in (("execute", 201, 403, 200), ("read", 403, 200, 403), ("admin", 201, 200, 200)):
        _, key = await router.local.keys.create(project.id, (scope,))
        given = ("x-api-key", key.open())
        assert (await create(router, given)).status == made
        assert (await router.ask("GET", f"{SESSION}/{number}", headers=[given])).status == got
        assert (await create(router, given, path=path, body=b'{"jsonrpc":"2.0","id":1,"method":"ping"}')).status == called


async def test_a_revoked_key_ends_soon(router: Router) -> None:
    project = await router.local.project()
    made, key = await router.local.keys.create(project.id)
    assert (await create(router, ("x-api-key", key.open()))).status == 201
    # As another process would do it: this one learns of it from the database.
    async with running(router.local.settings.data) as other:
        await other.local.store.keys.revoke(made.id, 1)
        async with asyncio.timeout(2):
            while (await create(router, ("x-api-key", key.open()))).status != 401:
                await asyncio.sleep(0.02)


async def test_an_expired_key(router: Router) -> None:
    project = await router.local.project()
    _, key = await router.local.keys.create(project.id, expires_at=1)
    assert (await create(router, ("x-api-key", key.open()))).status == 401


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
async def test_hosts(router: Router, host: str, status: int) -> None:
    reply = await create(router, ("host", host), ("x-api-key", router.key))
    assert reply.status == status
    if status == 201:
        assert reply.json()["mcp"]["url"].startswith(f"http://{host}/tool_router/")


async def test_two_hosts(router: Router) -> None:
    where = urlsplit(router.origin)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    writer.write(f"GET {SESSION}/x HTTP/1.1\r\nhost: {where.netloc}\r\nhost: evil.example\r\nx-api-key: {router.key}\r\n\r\n".encode())
    async with asyncio.timeout(5):
        assert (await reader.readline()).split()[1] == b"400"
    writer.close()


@pytest.mark.parametrize("name", ["x-api-key", "authorization", "origin"])
async def test_headers_that_come_twice(router: Router, name: str) -> None:
    """Even where both say the same: whoever stands in front may have looked at one only."""
    value = {"x-api-key": router.key, "authorization": f"Bearer {router.key}", "origin": router.origin}[name]
    own = () if name == "x-api-key" else (("x-api-key", router.key),)
    assert (await create(router, *own, (name, value))).status == 201
    assert (await create(router, *own, (name, value), (name, value))).status == 400


@pytest.mark.parametrize("url", ["https://[::1", "https://a:99999", "https://a:b", "ftp://a", "https://a/b", "https://"])
async def test_origins_that_are_none(url: str) -> None:
    with pytest.raises(BadSetting, match="no origin"):
        Gate(url)


@pytest.mark.parametrize(("origin", "status"), [("https://evil.example", 403), ("null", 403), ("", 403), ("own", 201)])
async def test_origins(router: Router, origin: str, status: int) -> None:
    """A page of another site may not ask, and no CORS header ever says otherwise."""
    sent = router.origin if origin == "own" else origin
    reply = await create(router, ("origin", sent), ("x-api-key", router.key))
    assert reply.status == status
    assert not [name for name in reply.headers if name.lower().startswith("access-control")]


async def test_public_addresses(tmp_path: Path) -> None:
    more = {"public_url": "https://tools.example.org", "origins": "http://inside.lan:8080"}
    async with running(tmp_path, **more) as router:
        for host, origin in (("tools.example.org", "https://tools.example.org"), ("INSIDE.lan:8080", "http://inside.lan:8080")):
            made = (await create(router, ("host", host), ("x-api-key", router.key))).json()
            assert made["mcp"]["url"].startswith(f"{origin}/tool_router/")
        assert (await create(router, ("host", "other.example.org"), ("x-api-key", router.key))).status == 421
        assert (await create(router, ("origin", "https://tools.example.org"), ("x-api-key", router.key))).status == 201


async def test_hosted_agents_are_warned(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """OpenAI's cloud opens the URL of a hosted tool: an address of this machine cannot work, a public https one can."""
    async with running(tmp_path, public_url="https://tools.example.org") as router:
        hosted = (("x-api-key", router.key), ("x-framework", "openai_agents"))
        [warning] = (await create(router, *hosted)).json()["warnings"]
        assert warning["code"] == "MCP_URL_NOT_PUBLIC"
        assert "--public-url" in warning["message"]
        printed = capfd.readouterr()
        assert [line for line in (printed.out + printed.err).splitlines() if "mcp_url_not_public" in line].__len__() == 1
        assert (await create(router, ("host", "tools.example.org"), *hosted)).json()["warnings"] == []
        assert (await create(router, ("x-api-key", router.key), ("x-framework", "autogen"))).json()["warnings"] == []


@pytest.mark.parametrize(
    "body",
    [
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
    ],
)
async def test_bodies_that_are_none(router: Router, body: bytes) -> None:
    began = time.monotonic()
    reply = await create(router, ("x-api-key", router.key), body=body)
    assert (reply.status, reply.json()["error"]["code"]) == (400, 10400)
    assert time.monotonic() - began < 1


async def test_a_body_that_is_too_large(router: Router) -> None:
    where = urlsplit(router.origin)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    head = f"POST {SESSION} HTTP/1.1\r\nhost: {where.netloc}\r\nx-api-key: {router.key}\r\n"
    writer.write(f"{head}content-length: 5000000\r\n\r\n".encode())
    async with asyncio.timeout(5):
        assert (await reader.readline()).split()[1] == b"413"
    writer.close()
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    writer.write(f"{head}transfer-encoding: chunked\r\n\r\n".encode())
    piece = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
    for _ in range(5):  # no length was named: the limit counts what came
        writer.write(piece)
    async with asyncio.timeout(5):
        assert (await reader.readline()).split()[1] == b"413"
    writer.close()


async def test_a_compressed_body(router: Router) -> None:
    reply = await create(router, ("x-api-key", router.key), ("content-encoding", "gzip"), body=gzip.compress(b" " * 10_000_000))
    assert reply.status == 400
    assert "compressed" in reply.json()["error"]["message"]


async def test_nobody_is_told_a_secret(router: Router, capfd: pytest.CaptureFixture[str]) -> None:
    """A key of a service in the wrong places comes back in no answer, no log and no row."""
    canary = "canary-7f3a9b"
    path = await router.session("alice", "desktime")
    link = (await router.call(path, "COMPOSIO_MANAGE_CONNECTIONS", toolkits=["desktime"]))["data"]["results"]["desktime"]["redirect_url"]
    page = await router.ask("POST", link.removeprefix(router.origin), f"key={canary}".encode())
    answer = await router.execute(path, "DESKTIME_PING_REQUEST", **{canary: canary})
    printed = capfd.readouterr()
    assert canary not in page.text + printed.out + printed.err
    assert canary not in str(await router.entries(1))
    assert not answer["successful"]
