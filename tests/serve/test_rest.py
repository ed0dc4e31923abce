"""Sessions over REST: the contract's answers, and requests that are refused with what was meant."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
import pytest_asyncio

from tests.serve.conftest import Router, running

SESSION = "/api/v3.1/tool_router/session"
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def router(tmp_path_factory: pytest.TempPathFactory, sandbox: str) -> AsyncGenerator[Router]:
    """One router for all of them: none changes what another sees."""
    async with running(tmp_path_factory.mktemp("router"), sandbox=sandbox) as started:
        yield started


@pytest.mark.parametrize("prefix", ["/api/v3", "/api/v3.1"])
async def test_create_and_get(router: Router, prefix: str) -> None:
    """The body that the SDKs send, and the whole answer."""
    sent = {"user_id": "me@example.com", "toolkits": {"enable": ["Clockify"]}, "manage_connections": {"enable": True}}
    status, made = await router.send("POST", f"{prefix}/tool_router/session", sent)
    assert status == 201
    number = made["session_id"]
    assert number.startswith("trs_")
    assert made == {
        "session_id": number,
        "mcp": {"type": "http", "url": f"{router.origin}/tool_router/{number}/mcp"},
        "tool_router_tools": [
            "COMPOSIO_SEARCH_TOOLS",
            "COMPOSIO_GET_TOOL_SCHEMAS",
            "COMPOSIO_MANAGE_CONNECTIONS",
            "COMPOSIO_MULTI_EXECUTE_TOOL",
        ],
        "config": {
            "user_id": "me@example.com",
            "toolkits": {"enabled": ["clockify"]},
            "auth_configs": {},
            "connected_accounts": {},
            "manage_connections": {"enabled": True, "enable_wait_for_connections": False, "enable_connection_removal": True},
            "tools": {},
            "tags": {"enabled": [], "disabled": []},
            "workbench": {
                "enable": True,
                "proxy_execution_enabled": True,
                "tool_execution_enabled": True,
                "auto_offload_threshold": 20000,
                "sandbox_size": "standard",
            },
            "multi_account": {"enable": False, "require_explicit_selection": False},
            "preload": {"tools": []},
            "search": {"enable": True},
            "execute": {"enable_multi_execute": True},
            "instant": False,
        },
        "config_version": 1,
        "experimental": {"assistive_prompt": None},
        "warnings": [],
    }
    status, got = await router.send("GET", f"{prefix}/tool_router/session/{number}")
    del made["experimental"]
    assert (status, got) == (200, made)


async def test_direct_tools(router: Router) -> None:
    """What the SDK's preset `direct_tools` sends."""
    off = {"enable": False}
    more: Any = {
        "search": off,
        "execute": {"enable_multi_execute": False},
        "manage_connections": off,
        "workbench": off,
        "preload": {"tools": "all"},
    }
    status, made = await router.send("POST", SESSION, {"user_id": "u", "toolkits": {"enable": ["desktime"]}} | more)
    assert (status, made["tool_router_tools"], made["config"]["preload"]) == (201, [], {"tools": "all"})


REFUSED: list[tuple[Any, list[str]]] = [
    ({"user_id": None}, ["user_id is missing or null"]),
    ({"toolkits": {"enable": []}}, ["user_id is missing or null"]),
    ({"user_id": ""}, ["user_id is an empty text"]),
    ({"user_id": 5}, ["user_id is a number"]),
    ({"user_id": "u" * 1001}, ["user_id is too long"]),
    ({"user_id": "a\u0000b"}, ["control characters"]),
    ([], ["no JSON object"]),
    ({"user_id": "u", "toolkit": ["clockify"]}, ["toolkit is not known", "did you mean toolkits?"]),
    ({"user_id": "u", "toolkits": {"enabled": ["clockify"]}}, ["toolkits.enabled is not known", "did you mean toolkits.enable?"]),
    ({"user_id": "u", "manage_connections": {"callback": "x"}}, ["manage_connections.callback", "manage_connections.callback_url?"]),
    ({"user_id": "u", "xyzzy": 1}, ["xyzzy is not known here; known are user_id"]),
    ({"user_id": "u", "toolkits": ["clockify"]}, ["toolkits is a list; an object is expected"]),
    ({"user_id": "u", "toolkits": {"enable": "clockify"}}, ["toolkits.enable is a text; a list"]),
    ({"user_id": "u", "toolkits": {"enable": ["a"], "disable": ["b"]}}, ["both enable and disable"]),
    ({"user_id": "u", "toolkits": {"enable": ["clockfy"]}}, ["There is no toolkit 'clockfy'", "Did you mean clockify?"]),
    ({"user_id": "u", "tools": {"clockify": {"enable": ["CLOCKIFY_GET_TAGZ"]}}}, ["CLOCKIFY_GET_TAGZ", "CLOCKIFY_GET_TAGS"]),
    ({"user_id": "u", "tools": {"clockify": {"enabled": []}}}, ["did you mean tools.clockify.enable?"]),
    ({"user_id": "u", "tools": {"clockify": 5}}, ["tools.clockify is a number"]),
    ({"user_id": "u", "tags": ["readOnly"]}, ["tags.enable is 'readOnly'", "readOnlyHint"]),
    ({"user_id": "u", "tags": {"enabled": []}}, ["did you mean tags.enable?"]),
    ({"user_id": "u", "tags": 5}, ["tags is a number"]),
    ({"user_id": "u", "preload": {"tools": ["NO"]}}, ["There is no tool 'NO'"]),
    ({"user_id": "u", "connected_accounts": {"clokify": "ca_1"}}, ["no toolkit 'clokify'"]),
    ({"user_id": "u", "connected_accounts": {"clockify": 5}}, ["connected_accounts.clockify is a number"]),
    ({"user_id": "u", "auth_configs": {"clockify": 5}}, ["auth_configs.clockify is a number"]),
    ({"user_id": "u", "search": {"enable": "false"}}, ["search.enable is a text; true or false"]),
    ({"user_id": "u", "workbench": {"sandbox_size": "huge"}}, ["workbench.sandbox_size is 'huge'"]),
    ({"user_id": "u", "workbench": {"auto_offload_threshold": "x"}}, ["auto_offload_threshold"]),
    ({"user_id": "u", "hooks": [{}]}, ["hooks is not built here yet"]),
    ({"user_id": "u", "toolkits": {"require_approval": ["clockify"]}}, ["toolkits.require_approval is not built"]),
    ({"user_id": "u", "tools": {"clockify": {"tags": {"require_approval": ["x"]}}}}, ["tools.clockify.require_approval"]),
    ({"user_id": "u", "experimental": {"permissions": {"default": "ask_every_call"}}}, ["experimental.permissions"]),
]


@pytest.mark.parametrize(("body", "words"), REFUSED)
async def test_what_is_refused(router: Router, body: Any, words: list[str]) -> None:
    status, answer = await router.send("POST", SESSION, body, x_request_id="abc-1")
    error = answer["error"]
    assert (status, error["status"], error["code"], error["slug"], error["request_id"]) == (400, 400, 10400, "HTTP_BadRequest", "abc-1")
    said = " ".join([error["message"], error.get("suggested_fix", "")])
    for word in words:
        assert word in said


async def test_every_fault_is_named_at_once(router: Router) -> None:
    _, answer = await router.send("POST", SESSION, {"user_id": None, "toolkit": 1, "preload": {"tool": []}})
    assert len(answer["error"]["errors"]) == 3


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JavaScript://x/%0aalert(1)",
        "data:text/html,x",
        "//evil.example",
        "/done",
        "https://",
        "https://a b/",
        "https://x\n.example/",
        "https://x;script-src *.example/",
        "https://user@evil.example/",
        "https://good.example\\@evil.example/",
        "https://x:99999/",
        "ftp://x/",
        5,
    ],
)
async def test_a_callback_that_is_no_page_of_the_web(router: Router, url: Any) -> None:
    status, answer = await router.send("POST", SESSION, {"user_id": "u", "manage_connections": {"callback_url": url}})
    assert status == 400
    assert "callback_url" in answer["error"]["message"]


async def test_pins_and_empty_things_are_taken(router: Router) -> None:
    body: Any = {
        "user_id": "u",
        "toolkits": {"disable": []},
        "connected_accounts": {"CLOCKIFY": "ca_1", "desktime": ["ca_2"]},
        "auth_configs": {"Clockify": "ac_1"},
        "tools": {"Clockify": {"disable": ["clockify_delete_tag"], "require_approval": []}},
        "tags": {"enable": ["readOnlyHint"], "require_approval": []},
        "experimental": {},
        "hooks": None,
        "proxy_execute": {"enable": False},
        "manage_connections": {"callback_url": "https://app.example:8443/done?a=1,2;b='x'"},
    }
    status, made = await router.send("POST", SESSION, body)
    assert status == 201, made
    config = made["config"]
    assert config["connected_accounts"] == {"clockify": ["ca_1"], "desktime": ["ca_2"]}
    assert config["auth_configs"] == {"clockify": "ac_1"}
    assert config["tools"] == {"clockify": {"disable": ["CLOCKIFY_DELETE_TAG"]}}
    assert config["manage_connections"]["callback_url"] == "https://app.example:8443/done?a=1,2;b='x'"
    assert config["toolkits"] == {"disabled": []}


@pytest.mark.parametrize(
    "place", ["/api/v3.1/none", "/.well-known/oauth-protected-resource", "/register", "/.well-known/openid-configuration", "/"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_nothing_there(router: Router, place: str, method: str) -> None:
    status, answer = await router.send(method, place)
    assert (status, answer["error"]["status"], answer["error"]["slug"]) == (404, 404, "HTTP_NotFound")
    assert answer["error"]["request_id"].startswith("req_")


@pytest.mark.parametrize(
    ("method", "place"), [("GET", SESSION), ("PUT", SESSION), ("POST", SESSION + "/trs_1"), ("POST", "/healthz"), ("PUT", "/link/x")]
)
async def test_wrong_methods(router: Router, method: str, place: str) -> None:
    reply = await router.ask(method, place, headers=[("x-api-key", router.key)])
    assert reply.status == 405
    assert reply.headers["allow"]


async def test_health(router: Router) -> None:
    assert (await router.ask("GET", "/healthz")).json() == {"status": "ok"}
    assert (await router.ask("GET", "/readyz")).json() == {"status": "ready"}
