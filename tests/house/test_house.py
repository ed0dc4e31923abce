"""The plan as a test: imports go down, no circles, small rooms, and what may be loaded when."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOUSE = ROOT / "toolway"
MOST_LINES = 400
FLOORS = {
    "errors": 0,
    "catalog": 1,
    "settings": 1,
    "store": 2,
    "net": 2,
    "watch": 2,
    "accounts": 3,
    "calls": 4,
    "router": 5,
    "triggers": 5,
    "serve": 6,
    "cli": 7,
    "__main__": 8,
}
APART = {"sandbox": {"errors", "settings", "net"}, "client": {"errors"}}
ONLY = {
    "aiohttp": {"toolway.net"},
    "aiosql": {"toolway.store"},
    "aiosqlite": {"toolway.store"},
    "asyncpg": {"toolway.store"},
    "sqlite3": {"toolway.store", "toolway.catalog"},
    "cryptography": {"toolway.accounts.vault"},
    "yaml": {"toolway.catalog.document"},
    "uvicorn": {"toolway.cli.serve", "toolway.cli.doorkeeper", "toolway.sandbox"},
    "jinja2": {"toolway.serve.pages.paper"},
    "oauthlib": {"toolway.accounts.oauth"},
    "prometheus_client": {"toolway.watch.meters"},
    "opentelemetry": {"toolway.watch.spans"},
    "numpy": {"toolway.catalog.dense"},
    "onnxruntime": {"toolway.catalog.dense"},
    "tokenizers": {"toolway.catalog.dense"},
}
COLD_REST = ("toolway.serve.rest.table", "toolway.serve.rest.tools", "toolway.serve.rest.document")
NEVER_ON_A_CALL = (
    *COLD_REST,
    "jinja2",
    "yaml",
    "asyncpg",
    "pydantic",
    "sqlalchemy",
    "opentelemetry",
    "oauthlib",
    "toolway.catalog.dense",
    "numpy",
)


def modules() -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in sorted(HOUSE.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def imports(name: str) -> Iterator[str]:
    """Every module that a module imports, at the top or inside a function."""
    for node in ast.walk(ast.parse(MODULES[name].read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} imports by a relative path"
            assert node.module is not None
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if whole in MODULES else node.module


def room(name: str) -> str:
    parts = name.split(".")
    return parts[1] if len(parts) > 1 else ""


def test_every_room_has_a_floor() -> None:
    rooms = {room(name) for name in MODULES} - {""}
    assert rooms <= set(FLOORS) | set(APART)


def test_imports_go_down() -> None:
    wrong: list[str] = []
    for name in MODULES:
        here = room(name)
        for target in imports(name):
            there = room(target)
            if not target.startswith("toolway.") or there in ("", here):
                continue
            if here in APART:
                allowed = there in APART[here]
            elif there in APART:
                allowed = here == "cli"
            else:
                allowed = FLOORS[there] < FLOORS[here]
            if not allowed:
                wrong.append(f"{name} imports {target}")
    assert not wrong, wrong


def test_there_is_no_circle() -> None:
    graph = {name: {t for t in imports(name) if t in MODULES and t != name} for name in MODULES}
    done: set[str] = set()

    def walk(name: str, way: tuple[str, ...]) -> None:
        assert name not in way, " -> ".join((*way[way.index(name) :], name))
        if name not in done:
            for target in sorted(graph[name]):
                walk(target, (*way, name))
            done.add(name)

    for name in graph:
        walk(name, ())


def test_no_file_is_long() -> None:
    files = [*HOUSE.rglob("*.py"), *HOUSE.rglob("*.toml"), *HOUSE.rglob("*.sql")]
    long = {str(path.relative_to(ROOT)): n for path in files if (n := len(path.read_text("utf-8").splitlines())) > MOST_LINES}
    assert not long


def test_toolkits_hold_no_code() -> None:
    assert not [p for p in (HOUSE / "toolkits").rglob("*") if p.is_file() and p.suffix not in (".toml", ".svg", ".lock")]


def test_libraries_stay_in_their_rooms() -> None:
    wrong: list[str] = []
    for name in MODULES:
        for target in imports(name):
            homes = ONLY.get(target.split(".")[0])
            if homes and not any(name == home or name.startswith(home + ".") for home in homes):
                wrong.append(f"{name} imports {target}")
    assert not wrong, wrong


def test_secrets_are_unsealed_in_accounts_only() -> None:
    users = {name for name, path in MODULES.items() if ".unseal(" in path.read_text("utf-8")}
    assert users <= {f"toolway.accounts.{name}" for name in ("vault", "keeper", "keys", "sealing")}


def loaded(code: str) -> set[str]:
    """What is loaded after running code in a process of its own: our modules, and the top-level names of others."""
    names = "{n if n.startswith('toolway') else n.partition('.')[0] for n in sys.modules}"
    script = f"{code}\nimport json, sys\nprint(json.dumps(sorted({names})))"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT, timeout=60)
    return set(json.loads(run.stdout.splitlines()[-1]))


def test_import_toolway_loads_no_third_party() -> None:
    ours = loaded("import toolway") - loaded("pass") - set(sys.stdlib_module_names)
    assert ours == {"toolway"}


ONE_CALL = """
import asyncio, os, sys
from pathlib import Path
from toolway.serve.app import App
from toolway.serve.local import Local
from toolway.settings import read
from toolway.store.records import Session

async def main():
    settings = read({{"data": {data!r}, "hosts": "desktime.api=http://127.0.0.1:9/desktime"}}, {{}})
    async with await Local.open(settings) as local:
        await call(App(local), local)

async def call(app, local):
    project = await local.project()
    _, key = await local.keys.create(project.id)
    sent = []
    async def receive():
        return {{"type": "http.request", "body": body}}
    async def send(message):
        sent.append(message)
    async def post(path):
        scope = {{"type": "http", "method": "POST", "path": path, "scheme": "http", "query_string": b"",
                 "headers": [(b"host", b"127.0.0.1:9900"), (b"x-api-key", key.open().encode())]}}
        await app(scope, receive, send)
        return sent.pop()["body"]
    body = b'{{"user_id": "u", "toolkits": {{"enable": ["desktime"]}}}}'
    import json
    session = json.loads(await post("/api/v3.1/tool_router/session"))
    from toolway.accounts.vault import Secret
    from toolway.accounts import links
    config = await links.auth_config_for(local.store, project.id, "desktime", "API_KEY")
    account, token, _ = await links.ask(local.store, local.keys.derive, config, "u")
    sealed = local.keeper.seal(account.id, "API_KEY", {{"api_key": Secret("k")}})
    await local.store.accounts.move(account, "connect", sealed=sealed, label="me")
    item = {{"tool_slug": "DESKTIME_PING_REQUEST", "arguments": {{}}}}
    params = {{"name": "COMPOSIO_MULTI_EXECUTE_TOOL", "arguments": {{"tools": [item]}}}}
    body = json.dumps({{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}}).encode()
    answer = await post("/tool_router/" + session["session_id"] + "/mcp")
    assert b"could not be reached" in answer, answer

asyncio.run(main())
"""


@pytest.mark.parametrize("start", ["first", "second"])
def test_one_call_loads_no_kitchen_sink(start: str, tmp_path: Path) -> None:
    """A real call, which fails at the socket."""
    code = ONE_CALL.format(data=str(tmp_path))
    if start == "second":
        loaded(code)
    found = loaded(code)
    assert "aiohttp" in found
    assert not found & set(NEVER_ON_A_CALL)


def test_a_search_loads_no_network(tmp_path: Path) -> None:
    """Unless the vote by meaning is on."""
    code = f"""
from pathlib import Path
from toolway.catalog.search import search
from toolway.serve.local import open_catalogue
from toolway.settings import read
assert search(open_catalogue(read({{"data": {str(tmp_path)!r}}}, {{}})), "start a timer").hits
"""
    assert not loaded(code) & {"toolway.catalog.dense", "numpy", "onnxruntime", "tokenizers"}
