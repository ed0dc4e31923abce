"""Properties 1 to 12: who asks, and what is theirs."""

import asyncio
import itertools
import json
import re
import statistics
import time
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio

from tests.databases import is_postgres, outside
from tests.net.wire import plain, served
from tests.processes import House, until
from tests.serve.conftest import SESSION, Router, create, running
from toolway.store.records import new_id, random_text

NO_KEYS: list[list[tuple[str, str]]] = [
    [],
    [("x-api-key", "wrong")],
    [("x-api-key", "")],
    [("x-api-key", "anonymous")],
    [("authorization", "Bearer x")],
    [("authorization", "Bearer ")],
    [("authorization", "Basic eDp4")],
    [("x-api-key", "k" * 9000)],
]
ITEM: Any = {"tool_slug": "DESKTIME_PING_REQUEST", "arguments": {}}
CALL: Any = {"name": "COMPOSIO_MULTI_EXECUTE_TOOL", "arguments": {"tools": [ITEM]}}
PING = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stranger(router: Router) -> Router:
    """The same server with a key of another project."""
    other = await router.local.project("other")
    _, key = await router.local.keys.create(other.id)
    return router._replace(key=key.open())


@pytest.mark.parametrize("headers", NO_KEYS)
async def test_01_without_a_good_key_there_is_a_challenge_and_nothing_else(router: Router, headers: list[tuple[str, str]]) -> None:
    """On REST and MCP alike."""
    path = await router.session()
    for place in (SESSION, path):
        reply = await create(router, *headers, path=place)
        assert reply.status == 401
        assert reply.headers["www-authenticate"] == 'Bearer realm="toolway"'
    assert (await create(router, *headers)).json()["error"]["slug"] == "HTTP_Unauthorized"


async def test_01_the_key_is_asked_for_before_the_body(router: Router) -> None:
    """Five megabytes of nothing with a wrong key: 401, not a word about the body."""
    where = urlsplit(router.origin)
    for path in (SESSION, await router.session()):
        reader, writer = await asyncio.open_connection(where.hostname, where.port)
        writer.write(f"POST {path} HTTP/1.1\r\nhost: {where.netloc}\r\nx-api-key: wrong\r\ncontent-length: 5000000\r\n\r\n".encode())
        async with asyncio.timeout(5):
            line = await reader.readline()  # answered although not one byte of the body was sent
        assert line.split()[1] == b"401"
        writer.close()
        assert (await create(router, ("x-api-key", "wrong"), body=b"\xff" * 1_000_000, path=path)).status == 401


async def test_01_an_expired_key_is_none(router: Router) -> None:
    project = await router.local.project()
    _, key = await router.local.keys.create(project.id, expires_at=1)
    assert (await create(router, ("x-api-key", key.open()))).status == 401


async def test_02_a_key_is_kept_as_a_hash_only(tmp_path: Path, url: str) -> None:
    """Its text is in no file of the database, the log of its changes included, nor in what the process remembers."""
    preset = "ak_preset-0123456789"
    async with running(tmp_path / "data", database=url, api_key=preset) as router:
        await router.local.first_key()
        project = await router.local.project()
        texts = [router.key, preset]
        for text in texts:
            assert (await create(router, ("x-api-key", text))).status == 201
        kept = await router.local.store.keys.list(project.id)
        if is_postgres(url):
            await outside(url, "CHECKPOINT")
            [(tables,)] = await outside(url, "SELECT pg_relation_filepath('keys')")
            folder = Path(parse_qs(urlsplit(url).query)["host"][0])
            files = [*(folder / tables).parent.iterdir(), *(folder / "pg_wal").glob("0*"), folder / "log"]
        else:
            files = [file for file in tmp_path.rglob("*") if file.is_file()]
            assert {"t.db", "t.db-wal"} <= {file.name for file in files}
        whole = b"".join(file.read_bytes() for file in files)
        assert project.id.encode() in whole
        for key in kept:
            assert key.digest.encode() in whole and len(key.digest) == 64
        for text in texts:
            assert text.encode() not in whole and text.removeprefix("ak_").encode() not in whole
        keys = router.local.keys
        remembered = repr(vars(keys)) + repr(vars(keys._known)) + repr(kept)  # pyright: ignore[reportPrivateUsage]
        assert all(key.id in remembered for key in kept)
        assert not any(text in remembered for text in texts)
        assert len(router.key.removeprefix("ak_")) * 5.9 > 128, "62 letters hold 5.95 bits each"


async def test_03_a_key_is_found_by_its_digest_in_constant_work(tmp_path: Path) -> None:
    """The only key, the first and the last of many, a near miss and a far one cost about the same; a near miss has a far digest."""
    async with running(tmp_path) as router:
        project, keys = await router.local.project(), router.local.keys

        async def median(texts: list[str], known: bool) -> float:
            """Of the process's own time in nanoseconds, with nothing remembered."""
            took: list[int] = []
            for text in itertools.islice(itertools.cycle(texts), 400):
                keys.forget()
                began = time.process_time_ns()
                assert (await keys.identify(text) is not None) is known
                took.append(time.process_time_ns() - began)
            return statistics.median(took)

        best = {"only": min([await median([router.key], known=True) for _ in range(5)])}
        made = [router.key] + [(await keys.create(project.id))[1].open() for _ in range(300)]
        near = [made[0][:-1] + letter for letter in "0123456789" if letter != made[0][-1]]
        kinds = {"first": made[:1], "last": made[-1:], "near": near, "far": ["ak_" + random_text(32)]}
        for _ in range(5):
            for kind, texts in kinds.items():
                best[kind] = min(best.get(kind, float("inf")), await median(texts, known=kind in ("first", "last")))
        assert max(best.values()) < 2 * min(best.values()), best
        digest = keys._digest  # pyright: ignore[reportPrivateUsage]
        for wrong in near:
            alike = sum(a == b for a, b in zip(digest(made[0]), digest(wrong), strict=True))
            assert alike < 24, "of 64, where one in 16 is alike by chance"
        assert digest(made[0]) != sha256(made[0].encode()).hexdigest(), "with no key of its own the hash could be tried out elsewhere"


BREAKS = [
    *(f"ALTER TABLE {table} RENAME TO gone" for table in ("keys", "sessions", "generation")),
    *(f"UPDATE keys SET {damage}" for damage in ("scopes = '?'", "scopes = '[1]'", "scopes = '{}'", "expires_at = 'soon'")),
    "UPDATE sessions SET config = '?'",
]


@pytest.mark.parametrize("sql", BREAKS)
async def test_04_an_error_on_the_way_in_lets_nobody_in(tmp_path: Path, sql: str) -> None:
    """Each stage of the way to a session fails in turn: the database loses what it is asked for, or gives what nobody can read."""
    url = f"sqlite:///{tmp_path / 't.db'}"
    async with running(tmp_path / "data", database=url) as router:
        path = await router.session()
        fresh = (await router.local.keys.create((await router.local.project()).id))[1].open()
        await outside(url, sql)
        router.local.keys.forget()
        async with asyncio.timeout(5):  # what is remembered is looked at again within a fifth of a second
            while (await create(router, ("x-api-key", fresh), path=path, body=PING)).status == 200:
                await asyncio.sleep(0.01)
        for headers in ([("x-api-key", fresh)], [("x-api-key", router.key)], *NO_KEYS):
            assert (await create(router, *headers, path=path, body=PING)).status in (401, 503)
        placed = await router.ask("GET", f"{SESSION}/{path.split('/')[2]}", headers=[("x-api-key", fresh)])
        assert placed.status in (401, 503)


async def test_05_another_project_s_session_is_none(router: Router, stranger: Router) -> None:
    """A foreign session and one that never was are the same to the letter, over REST and over MCP."""
    foreign = (await router.session()).split("/")[2]
    for number, path in ((foreign, f"{SESSION}/{{}}"), (foreign, "/tool_router/{}/mcp")):
        method = "GET" if path.startswith("/api") else "POST"
        headers = [("x-api-key", stranger.key), ("x-request-id", "same")]
        one = await router.ask(method, path.format(number), b"{}", headers)
        none = await router.ask(method, path.format("trs_" + "0" * 22), b"{}", headers)
        assert (one.status, one.body) == (404, none.body)
        assert {k: v for k, v in one.headers.items() if k != "date"} == {k: v for k, v in none.headers.items() if k != "date"}
    assert (await router.send("GET", f"{SESSION}/{(await stranger.session()).split('/')[2]}"))[0] == 404


VOLATILE = re.compile(r"\b(trs|ca|ac|log|req|id)_[0-9A-Za-z]{16,}|/link/[\w-]+|\d{13}|[0-9-]{10}T[0-9:.]+Z|\b[0-9a-f]{8}\b|\b\d{10}\b")


async def _said(router: Router, method: str, path: str, content: Any, number: str, *headers: tuple[str, str]) -> tuple[int, str]:
    """Status and body, without the id that was asked for and without what is new each time."""
    body = None if content is None else json.dumps(content).encode()
    reply = await router.ask(method, path, body, [("x-api-key", router.key), ("content-type", "application/json"), *headers])
    return reply.status, VOLATILE.sub("*", reply.text.replace(number, "THE ID"))


def _message(method: str, **params: Any) -> Any:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


async def test_06_every_route_knows_foreign_ids_as_little_as_those_that_never_were(router: Router, stranger: Router) -> None:
    account = await router.connect("desktime", "alice")
    session = await router.session("alice", "desktime")
    held = await router.local.store.accounts.get((await router.local.project()).id, account)
    assert held
    foreign = {"trs_": session.split("/")[2], "ca_": account, "ac_": held.auth_config_id}
    bare: list[tuple[str, str, Any]] = [
        (method, f"/api/{api}/tool_router/session/{{}}{rest}", None if method == "GET" else {})
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
        for api in ("v3", "v3.1")
        for rest in ("", "/tools", "/execute", "/execute_meta", "/search", "/link", "/toolkits")
    ]
    bare += [(method, "/tool_router/{}/mcp", None) for method in ("GET", "DELETE", "PUT", "OPTIONS")]
    for name in ("initialize", "ping", "tools/list", "server/discover", "resources/list", "notifications/initialized"):
        bare.append(("POST", "/tool_router/{}/mcp", _message(name)))
    bare.append(("POST", "/tool_router/{}/mcp", _message("tools/call", **CALL)))
    for method, path, content in bare:
        never = new_id("trs_")
        found = await _said(stranger, method, path.format(foreign["trs_"]), content, foreign["trs_"])
        assert found == await _said(stranger, method, path.format(never), content, never), (method, path)
        assert found[0] in (404, 405), (method, path, found)
    for kind in ("ca_", "ac_"):
        for api in ("v3", "v3.1"):
            for resource in ("connected_accounts", "auth_configs", "logs"):
                for method in ("GET", "DELETE", "PATCH"):
                    assert (await stranger.send(method, f"/api/{api}/{resource}/{foreign[kind]}"))[0] == 404


async def test_06_foreign_accounts_and_auth_configs_open_nothing(router: Router, stranger: Router) -> None:
    """Pinned, chosen or named: over the session and in a call, foreign ids and ids that never were give the same."""
    account = await router.connect("desktime", "alice")
    held = await router.local.store.accounts.get((await router.local.project()).id, account)
    assert held

    async def all_of(account_id: str, config_id: str) -> list[Any]:
        told: list[Any] = []
        for more in ({}, {"connected_accounts": {"desktime": account_id}}, {"auth_configs": {"desktime": config_id}}):
            path = await stranger.session("alice", "desktime", **more)
            item = ITEM | {"account": account_id}
            calls: list[Any] = [
                CALL,
                {"name": CALL["name"], "arguments": {"tools": [item]}},
                {"name": "COMPOSIO_MANAGE_CONNECTIONS", "arguments": {"toolkits": ["desktime"]}},
                {"name": "COMPOSIO_MANAGE_CONNECTIONS", "arguments": {"toolkits": [account_id]}},
                {"name": "COMPOSIO_SEARCH_TOOLS", "arguments": {"queries": ["ping desktime"]}},
                {"name": "COMPOSIO_GET_TOOL_SCHEMAS", "arguments": {"tool_slugs": [account_id]}},
            ]
            for call in calls:
                status, text = await _said(stranger, "POST", path, _message("tools/call", **call), account_id)
                told.append((status, text.replace(config_id, "THE CONFIG")))
        return told

    foreign = await all_of(account, held.auth_config_id)
    assert foreign == await all_of(new_id("ca_"), new_id("ac_"))
    assert "No active connected account" in foreign[0][1]
    assert held.label not in str(foreign)


async def test_07_the_user_of_a_session_is_fixed_when_it_is_made(tmp_path: Path, sandbox: str) -> None:
    """Arguments, `_meta`, headers, the address and the name of an account: nothing that an agent says makes it somebody else's."""
    headers = [(name, "bob") for name in ("x-user-id", "x-composio-user-id", "x-entity-id", "user-id", "cookie")]
    async with running(tmp_path, sandbox=sandbox) as router:
        his = await router.connect("desktime", "bob")
        path = await router.session("alice", "desktime", preload={"tools": "all"})
        item = ITEM
        calls: list[Any] = [
            {"name": CALL["name"], "arguments": {"tools": [item | {"user_id": "bob", "account": ""}], "user_id": "bob"}},
            {"name": CALL["name"], "arguments": {"tools": [item | {"account": his, "connected_account_id": his}]}},
            {"name": CALL["name"], "arguments": {"tools": [item | {"arguments": {"user_id": "bob"}}], "entity_id": "bob"}},
            {"name": "DESKTIME_PING_REQUEST", "arguments": {}},
        ]
        for number, call in enumerate(calls, start=1):
            message = _message("tools/call", **call, _meta={"user_id": "bob", "io.modelcontextprotocol/user": "bob"}, user_id="bob")
            sent = json.dumps(message | {"user_id": "bob"}).encode()
            text = (await create(router, ("x-api-key", router.key), *headers, path=f"{path}?user_id=bob", body=sent)).text
            assert "No active connected account" in text or "is not an argument" in text, text
            assert {entry.user_id for entry in await router.entries(number)} == {"alice"}
        for method, status in (("PUT", 405), ("PATCH", 400), ("POST", 405)):
            assert (await router.send(method, f"{SESSION}/{path.split('/')[2]}", {"user_id": "bob"}))[0] == status
        status, made = await router.send("GET", f"{SESSION}/{path.split('/')[2]}?user_id=bob", x_user_id="bob")
        assert (status, made["config"]["user_id"]) == (200, "alice")


async def test_08_equal_ids_of_two_tenants_at_once_do_not_mix(tmp_path: Path) -> None:
    """Two projects with the same user, toolkit, label and JSON-RPC ids: each answer carries what the service said to its own key."""
    keys = {"one": "canary-key-of-one", "two": "canary-key-of-two"}

    async def say(number: int, writer: asyncio.StreamWriter) -> None:
        head = server.heard[-1]
        sent = next(line for line in head.decode().split("\r\n") if line.lower().startswith("x-api-key:"))
        mark = sha256(sent[10:].strip().encode()).hexdigest()
        await asyncio.sleep(number % 7 / 1000)  # so that answers overtake one another
        rows = [{"id": mark, "name": head.split(b" ")[1].decode()}]
        writer.write(plain(json.dumps({"email": "same@label"} if b"/v1/user " in head else rows).encode()))

    async with served(say) as server, running(tmp_path, hosts=f"clockify.api={server.url}") as router:
        tenants: dict[str, tuple[Router, str]] = {}
        for name, key in keys.items():
            project = await router.local.project(name)
            account = await router.local.connector.direct(project.id, "alice", "clockify", {"api_key": key}, {})
            assert account.label == "same@label"
            own = router._replace(key=(await router.local.keys.create(project.id))[1].open())
            tenants[name] = own, await own.session("alice", "clockify", preload={"tools": ["CLOCKIFY_GET_TAGS"]})

        async def ask(name: str, number: int) -> None:
            own, path = tenants[name]
            arguments = {"workspaceId": "0" * 24, "page": number + 1}
            batch = {"name": CALL["name"], "arguments": {"tools": [{"tool_slug": "CLOCKIFY_GET_TAGS", "arguments": arguments}]}}
            call = batch if number % 2 else {"name": "CLOCKIFY_GET_TAGS", "arguments": arguments}
            status, answer = await own.send("POST", path, _message("tools/call", **call) | {"id": number})
            text = answer["result"]["content"][0]["text"]
            assert (status, answer["id"], json.loads(text)["successful"]) == (200, number, True), text
            assert sha256(keys[name].encode()).hexdigest() in text and f"page={number + 1}&" in text
            assert not any(sha256(keys[other].encode()).hexdigest() in text for other in keys if other != name)

        await asyncio.gather(*(ask(name, number) for number in range(100) for name in keys))


@pytest.fixture
def house(tmp_path: Path, url: str) -> House:
    return House(tmp_path, url)


async def test_10_a_revoked_key_is_refused_by_all_workers_within_a_second(house: House) -> None:
    with house.serving(2) as served:
        until(lambda: len(served.workers()) == 2)
        first, second = served.workers()
        with served.only(first):
            key = house.say("key", "new").strip()
            status, made = served.ask("POST", SESSION, key, {"user_id": "alice"})
            assert status == 201
        path = f"{SESSION}/{made['session_id']}"
        for worker in (first, second):
            with served.only(worker):
                assert served.ask("GET", path, key)[0] == 200
        listed = house.say("key", "list")
        [key_id] = [line.split()[0] for line in listed.splitlines() if key[-4:] in line]
        house.say("key", "revoke", key_id)
        end = time.monotonic() + 1 + 2  # a second is promised, two more may a busy machine take
        for worker in (first, second):
            with served.only(worker):
                while served.ask("GET", path, key)[0] != 401:
                    assert time.monotonic() < end
                assert served.ask("GET", path)[0] == 200
        assert house.log.read_text("utf-8").count("listens on") == 1


async def test_10_a_revoked_key_ends_soon_in_another_process(router: Router) -> None:
    project = await router.local.project()
    made, key = await router.local.keys.create(project.id)
    assert (await create(router, ("x-api-key", key.open()))).status == 201
    # As another process would do it: this one learns of it from the database.
    async with running(router.local.settings.data) as other:
        await other.local.store.keys.revoke(made.id, 1)
        async with asyncio.timeout(2):
            while (await create(router, ("x-api-key", key.open()))).status != 401:
                await asyncio.sleep(0.02)


async def test_11_what_a_key_may_do_holds_on_rest_and_mcp(router: Router) -> None:
    project = await router.local.project()
    path = await router.session()
    number = path.split("/")[2]
    for scope, made, got, called in (("execute", 201, 403, 200), ("read", 403, 200, 403), ("admin", 201, 200, 200)):
        _, key = await router.local.keys.create(project.id, (scope,))
        given = ("x-api-key", key.open())
        assert (await create(router, given)).status == made
        assert (await router.ask("GET", f"{SESSION}/{number}", headers=[given])).status == got
        assert (await create(router, given, path=path, body=b'{"jsonrpc":"2.0","id":1,"method":"ping"}')).status == called
        for place, status in ((f"{SESSION}/{number}/execute", called), ("/api/v3/tools/execute/DESKTIME_PING_REQUEST", called)):
            # 400: it may, and nothing was said that could be done
            assert (await create(router, given, path=place, body=b"{}")).status == (400 if status == 200 else 403)
        for place in ("tools", "toolkits", f"tool_router/session/{number}/tools"):
            assert (await router.ask("GET", f"/api/v3/{place}", headers=[given])).status == got


@pytest.mark.parametrize("query", ["api_key", "apikey", "key", "x-api-key", "token", "%61pi_key", "API%5Fkey", "toke%6E"])
async def test_12_a_key_in_the_address_is_refused(router: Router, query: str, capfd: pytest.CaptureFixture[str]) -> None:
    reply = await create(router, ("x-api-key", router.key), path=f"{SESSION}?a=1&{query}={router.key}")
    assert reply.status == 401
    assert router.key not in reply.text
    for path in (await router.session(), f"{SESSION}/{(await router.session()).split('/')[2]}"):
        for headers in ([], [("x-api-key", router.key)]):
            reply = await router.ask("POST" if path.startswith("/tool") else "GET", f"{path}?{query}={router.key}", None, headers)
            assert (reply.status, router.key in reply.text) == (401, False)
    printed = capfd.readouterr()
    assert router.key not in printed.out + printed.err
