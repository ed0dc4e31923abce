"""Whatever comes to a route of REST is answered with a sentence: never a 5xx, never what is no JSON, and a right request afterwards."""

import json
import random
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.serve.conftest import SESSION, Router, running

ROUNDS = 9
JUNK: list[Any] = [
    None, True, 0, -1, 2**63, 2**70, 1.5, "", " ", "\0", "a\nb", "\u202e", "ü" * 300, "x" * 5000, "{}", "null", "ca_1", "alice", "desktime",
    "DESKTIME_PING_REQUEST", "OAUTH2", "custom", "use_custom_auth", "javascript:alert(1)", [], {}, [None], [[]], [{}], ["x", 5], {"": ""},
    {"id": "x"}, {"slug": "desktime"}, {"type": "custom"}, {"enable": []}, {"val": {}}, {"authScheme": 5, "val": []},
]  # fmt: skip
RAW = [b"", b"{", b"[1", b"\xff\xfe", b'"\\ud800"', b'{"a":1,"a":2}', b"[" * 5000, b"nul", b"\0", b'{"user_id":"\\ud800"}', b"{}" * 2]
QUERIES = [
    "%",
    "%00",
    "%ff",
    "a[",
    "[]",
    "limit",
    "limit=%00",
    "cursor=%f0",
    "toolkit_versions[=1",
    "ids[]=",
    "=",
    "&&&",
    "a=1;b=2",
    "limit=1e9",
]


def made(chance: random.Random, names: list[str], depth: int = 0) -> Any:
    """An object with some of these names, and now and then another, over rubbish."""
    body = {name: chance.choice(JUNK) for name in names if chance.random() < 0.6}
    if chance.random() < 0.2:
        body[chance.choice(["x", "", "__proto__", "tool"])] = chance.choice(JUNK)
    if depth < 2 and body and chance.random() < 0.5:
        body[chance.choice(list(body))] = made(chance, names, depth + 1)
    return body


@pytest.fixture
async def known(tmp_path: Path, sandbox: str) -> Any:
    async with running(tmp_path / "data", sandbox=sandbox) as router:
        yield router


async def test_rubbish_is_told(known: Router, capfd: pytest.CaptureFixture[str]) -> None:
    chance = random.Random(20261129)
    document = (await known.ask("GET", "/openapi.json")).json()
    account = await known.connect("desktime")
    held = await known.local.store.accounts.get((await known.local.project()).id, account)
    assert held
    seen: set[int] = set()
    paths = [(path, item) for path, item in document["paths"].items() if path.startswith("/api/v3/")]
    for path, item in paths:
        for method, operation in item.items():
            place = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {}).get("$ref", "")
            shape = document["components"]["schemas"].get(place.rpartition("/")[2], {})
            names = [*shape.get("properties", {}), "user_id", "toolkits", "type", "credentials"][:12]
            queries = [p["name"] for p in operation["parameters"] if p["in"] == "query"]
            session = (await known.session()).split("/")[2]
            for turn in range(ROUNDS):
                good = {"session_id": session, "connected_account_id": account, "auth_config_id": held.auth_config_id, "slug": "desktime"}
                good |= {"tool_slug": "DESKTIME_PING_REQUEST", "status": "ENABLED"}
                where = path
                for name, value in good.items():
                    text = value if turn % 4 and not (method == "delete" and name != "session_id") else str(chance.choice(JUNK))
                    where = where.replace(f"{{{name}}}", quote(text[:200], safe=""))
                query = "&".join(f"{name}={quote(str(chance.choice(JUNK)), safe='')}" for name in queries if chance.random() < 0.5)
                query = chance.choice(QUERIES) if turn % 5 == 0 else query
                raw = chance.choice(RAW) if turn % 3 == 0 else json.dumps(made(chance, names)).encode()
                body = None if method == "get" else raw
                reply = await known.ask(method.upper(), f"{where}?{query}", body, [("x-api-key", known.key)])
                assert reply.status < 500, (method, where, query, raw, reply.text)
                assert reply.headers["content-type"] == "application/json"
                answer = reply.json()
                if reply.status >= 400:
                    assert answer["error"]["status"] == reply.status and answer["error"]["message"], (method, where, answer)
                seen.add(reply.status)
    assert {200, 400, 404, 409} <= seen
    printed = capfd.readouterr()
    assert "Traceback" not in printed.out + printed.err
    assert (await known.send("POST", SESSION, {"user_id": "alice"}))[0] == 201
