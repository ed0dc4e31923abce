"""Connected accounts and auth configs over REST: begun, listed, looked after; foreign ones unknown, secrets masked."""

import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest
import pytest_asyncio

from tests.serve.conftest import SESSION, Router, running
from toolway.accounts.vault import Vault
from toolway.store.records import new_id

pytestmark = pytest.mark.asyncio(loop_scope="module")
P = "/api/v3.1"
KEY = "sandbox-desktime-key"
WEATHER = """
slug = "weather"
title = "Weather"
about = "Forecasts for places."
[hosts]
api = "https://api.weather.example"
[auth.oauth2]
authorize = "https://id.weather.example/authorize"
token = "https://id.weather.example/token"
scopes = ["read"]
"""
OWN: Any = {"client_id": "my-client", "client_secret": "canary-client-secret", "scopes": "read,write"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def router(tmp_path_factory: pytest.TempPathFactory, sandbox: str) -> AsyncGenerator[Router]:
    """One router for all of them; each test has users of its own."""
    own = tmp_path_factory.mktemp("toolkits") / "weather"
    own.mkdir()
    (own / "toolkit.toml").write_text(WEATHER, "utf-8")
    async with running(tmp_path_factory.mktemp("router"), sandbox=sandbox, toolkits=str(own)) as started:
        yield started


async def config_of(router: Router, toolkit: str = "desktime", **more: Any) -> str:
    body = {"toolkit": {"slug": toolkit}} | ({"auth_config": more} if more else {})
    status, made = await router.send("POST", f"{P}/auth_configs", body)
    assert status == 201, made
    return str(made["auth_config"]["id"])


def initiated(config: str, user: str, key: str = KEY, **more: Any) -> Any:
    state = {"authScheme": "API_KEY", "val": {"status": "ACTIVE", "generic_api_key": key}}
    return {"auth_config": {"id": config}, "connection": {"user_id": user, "state": state} | more}


async def account_of(router: Router, user: str, config: str = "", **more: Any) -> str:
    status, made = await router.send("POST", f"{P}/connected_accounts", initiated(config or await config_of(router), user, **more))
    assert status == 201, made
    return str(made["id"])


async def test_a_key_is_proved_and_the_account_is_active(router: Router) -> None:
    config = await config_of(router)
    status, made = await router.send("POST", f"{P}/connected_accounts", initiated(config, "ready", alias="work"))
    assert (status, made["status"], made["redirect_url"]) == (201, "ACTIVE", None)
    assert made["connectionData"]["val"]["status"] == "ACTIVE"
    status, account = await router.send("GET", f"{P}/connected_accounts/{made['id']}")
    assert (status, account["user_id"], account["alias"], account["status"]) == (200, "ready", "work", "ACTIVE")
    assert account["toolkit"] == {"slug": "desktime"}
    assert account["auth_config"]["id"] == config and account["auth_config"]["is_composio_managed"] is True
    assert account["state"]["val"]["api_key"] == account["state"]["val"]["generic_api_key"] == "sand..."
    assert account["created_at"].endswith("Z") and not account["is_disabled"]
    assert KEY not in json.dumps([made, account])
    status, answer = await router.send("POST", f"{P}/connected_accounts", initiated(config, "ready2", "canary-wrong-key-1"))
    assert status == 400 and "did not accept this key" in answer["error"]["message"]
    assert "canary-wrong-key-1" not in json.dumps(answer)
    _, listed = await router.send("GET", f"{P}/connected_accounts?user_ids=ready2")
    assert listed["items"] == []


async def test_settings_come_with_the_key(router: Router) -> None:
    config = await config_of(router, "clockify")
    key = "sandbox-clockify-key"
    state = {"authScheme": "API_KEY", "val": {"api_key": key, "plan": "free plan"}}
    body = {"auth_config": {"id": config}, "connection": {"user_id": "region", "state": state}}
    status, made = await router.send("POST", f"{P}/connected_accounts", body)
    assert (status, made["connectionData"]["val"]["plan"]) == (201, "free plan"), made
    for val, words in (({"api_key": key, "region": "MOON"}, "region is 'MOON'"), ({"api_key": key, "apikey": "canary-2"}, "apikey")):
        body["connection"] = {"user_id": "region", "state": {"authScheme": "API_KEY", "val": val}}
        status, answer = await router.send("POST", f"{P}/connected_accounts", body)
        assert status == 400 and words in answer["error"]["message"], answer
        assert "canary" not in json.dumps(answer)


@pytest.mark.parametrize("place", ["", "/link"])
async def test_without_a_key_a_link_waits(router: Router, place: str) -> None:
    config, user = await config_of(router), f"waits{place}"
    body: Any = {"auth_config_id": config, "user_id": user, "callback_url": "https://app.example/x", "alias": "home"}
    if not place:
        body = {"auth_config": {"id": config}, "connection": {k: v for k, v in body.items() if k != "auth_config_id"}}
    status, made = await router.send("POST", f"{P}/connected_accounts{place}", body)
    assert status == 201, made
    link = made["redirect_url"]
    if place:
        assert link.endswith(made["link_token"]) and made["expires_at"].endswith("Z")
        number = made["connected_account_id"]
    else:
        assert made["connectionData"]["val"] == {"status": "INITIATED", "redirectUrl": link, "redirect_url": link}
        number = made["id"]
    assert link.startswith(f"{router.origin}/link/")
    assert (await router.ask("GET", link.removeprefix(router.origin))).status == 200
    _, account = await router.send("GET", f"{P}/connected_accounts/{number}")
    assert (account["status"], account["alias"], account["user_id"]) == ("INITIATED", "home", user)


async def test_lists_are_strict(router: Router) -> None:
    """SDKs refuse to connect where the list has anything."""
    one, two = await config_of(router), await config_of(router)
    a, b = await account_of(router, "list-a", one), await account_of(router, "list-b", two)
    c = await account_of(router, "list-a", two)
    await router.send("PATCH", f"{P}/connected_accounts/{c}/status", {"enabled": False})

    async def found(query: str) -> list[str]:
        status, listed = await router.send("GET", f"{P}/connected_accounts?{query}")
        assert status == 200, listed
        assert listed["total_items"] >= len(listed["items"])
        return [item["id"] for item in listed["items"]]

    assert await found("user_ids=list-a") == [c, a]
    assert await found("user_ids=list-a&statuses=ACTIVE") == [a]
    assert await found("user_ids=list-a%2Clist-b&order_by=created_at&order_direction=asc") == [a, b, c]
    assert await found(f"user_ids=list-a&auth_config_ids={two}") == [c]
    assert await found(f"auth_config_ids={one}&toolkit_slugs=DeskTime") == [a]
    assert await found("user_ids=list-a&toolkit_slugs=clockify") == []
    assert await found(f"connected_account_ids={a},{b}&statuses=ACTIVE&limit=1") == [b]
    assert await found("user_ids=list-a&account_type=SHARED") == []
    assert await found("user_ids=LIST-A") == await found("user_ids=list") == await found("user_ids=list%25") == []
    assert await found(f"auth_config_ids={new_id('ac_')}") == []
    status, answer = await router.send("GET", f"{P}/connected_accounts?statuses=ACTIVE,ASLEEP")
    assert status == 400 and "INITIATED" in answer["error"]["message"]
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        _, listed = await router.send("GET", f"{P}/connected_accounts?user_ids=list-a,list-b&limit=2&cursor={cursor}")
        seen += [item["id"] for item in listed["items"]]
        cursor = listed["next_cursor"]
    assert seen == [c, b, a]


async def test_an_account_is_looked_after(router: Router) -> None:
    number = await account_of(router, "care")
    place = f"{P}/connected_accounts/{number}"
    call = f"{P}/tools/execute/DESKTIME_PING_REQUEST"
    assert (await router.send("PATCH", f"{place}/status", {"enabled": False})) == (200, {"success": True})
    assert (await router.send("GET", place))[1]["is_disabled"] is True
    assert (await router.send("POST", call, {"user_id": "care"}))[0] == 400
    assert (await router.send("PATCH", f"{place}/status", {"enabled": True})) == (200, {"success": True})
    assert (await router.send("POST", call, {"user_id": "care"}))[1]["successful"] is True
    assert (await router.send("PATCH", place, {"alias": "new name"})) == (200, {"success": True, "id": number, "status": "ACTIVE"})
    assert (await router.send("GET", place))[1]["alias"] == "new name"
    assert (await router.send("PATCH", place, {"alias": ""}))[0] == 200
    assert (await router.send("GET", place))[1]["alias"] is None
    for body in (None, {"redirect_url": "https://x.example", "validate_credentials": True}):
        assert (await router.send("POST", f"{place}/refresh", body))[1] == {"id": number, "status": "ACTIVE", "redirect_url": None}
    for method, path, body, words in (
        ("PATCH", place, {"alias": 5}, "alias is a number"),
        ("PATCH", place, {"alias": "x" * 500}, "alias"),
        ("PATCH", place, {"connection": {"state": {"authScheme": "API_KEY", "val": {"api_key": "canary"}}}}, "not changed here"),
        ("PATCH", f"{place}/status", {"enabled": "yes"}, "enabled is a text; true or false"),
        ("PATCH", f"{place}/status", {}, "enabled is missing"),
    ):
        status, answer = await router.send(method, path, body)
        assert status == 400 and words in answer["error"]["message"], answer
    status, revoked = await router.send("POST", f"{place}/revoke")
    assert (status, revoked) == (200, {"revoked_tokens": [], "connected_account": {"id": number, "status": "REVOKED"}})
    assert (await router.send("GET", place))[1]["state"]["val"] == {"status": "REVOKED"}
    assert (await router.send("POST", f"{place}/revoke"))[0] == 409
    assert (await router.send("PATCH", f"{place}/status", {"enabled": True}))[0] == 409
    assert (await router.send("DELETE", place))[1]["success"] is True
    assert (await router.send("GET", place))[0] == (await router.send("DELETE", place))[0] == 404


async def test_an_auth_config_of_the_router(router: Router) -> None:
    config = await config_of(router, type="use_composio_managed_auth", name="Time", restrict_to_following_tools=["desktime_ping_request"])
    place = f"{P}/auth_configs/{config}"
    status, one = await router.send("GET", place)
    assert (status, one["type"], one["name"], one["auth_scheme"]) == (200, "default", "Time", "API_KEY")
    assert (one["is_composio_managed"], one["status"], one["no_of_connections"]) == (True, "ENABLED", 0)
    assert one["tool_access_config"]["tools_available_for_execution"] == ["DESKTIME_PING_REQUEST"]
    await account_of(router, "config", config)
    for slug, done in (("DESKTIME_PING_REQUEST", True), ("DESKTIME_GET_ACCOUNT_DETAILS", False)):
        _, answer = await router.send("POST", f"{P}/tools/execute/{slug}", {"user_id": "config"})
        assert answer["successful"] is done and (done or "auth config" in answer["error"]), answer
    change: Any = {"type": "default", "name": "Any time", "tool_access_config": {"tools_available_for_execution": []}}
    assert (await router.send("PATCH", place, change))[1]["success"] is True
    one = (await router.send("GET", place))[1]
    assert (one["name"], one["restrict_to_following_tools"], one["no_of_connections"]) == ("Any time", [], 1)
    for path, enabled in (("DISABLED", "DISABLED"), ("enabled", "ENABLED"), ("DISABLED", "DISABLED")):
        assert (await router.send("PATCH", f"{place}/{path}"))[1]["success"] is True
        assert (await router.send("GET", place))[1]["status"] == enabled
    assert (await router.send("PATCH", f"{place}/ASLEEP"))[0] == 404
    assert (await router.send("POST", f"{P}/connected_accounts", initiated(config, "config2")))[0] == 403
    for query, there in (
        ("toolkit_slug=DeskTime", False),
        ("show_disabled=true&search=any+time", True),
        ("show_disabled=1&search=zzz", False),
    ):
        _, listed = await router.send("GET", f"{P}/auth_configs?{query}&is_composio_managed=true&limit=500")
        assert (config in [item["id"] for item in listed["items"]]) is there, query
    assert (await router.send("DELETE", place))[1]["success"] is True
    assert (await router.send("GET", place))[0] == 404
    assert (await router.send("GET", f"{P}/connected_accounts?user_ids=config"))[1]["items"] == []


async def test_an_operator_s_own_client(router: Router) -> None:
    """Its secret is told to nobody; the redirect URI is shown exactly as it is sent."""
    config = await config_of(router, "weather", type="use_custom_auth", authScheme="OAUTH2", credentials=OWN)
    status, one = await router.send("GET", f"{P}/auth_configs/{config}")
    assert (status, one["type"], one["is_composio_managed"], one["auth_scheme"]) == (200, "custom", False, "OAUTH2")
    credentials = one["credentials"]
    assert (credentials["client_id"], credentials["client_secret"], credentials["scopes"]) == ("my-client", "cana...", ["read", "write"])
    assert credentials["oauth_redirect_uri"] == f"{router.origin}/api/v3/toolkits/auth/callback"
    change: Any = {"type": "custom", "credentials": {"scopes": ["read"], "client_secret": "canary-second-secret"}}
    assert (await router.send("PATCH", f"{P}/auth_configs/{config}", change))[0] == 200
    _, one = await router.send("GET", f"{P}/auth_configs/{config}")
    assert (one["credentials"]["scopes"], one["credentials"]["client_id"]) == (["read"], "my-client")
    _, listed = await router.send("GET", f"{P}/auth_configs?is_composio_managed=false")
    assert config in [item["id"] for item in listed["items"]]
    assert "canary-" not in json.dumps([one, listed])
    status, made = await router.send("POST", f"{P}/connected_accounts/link", {"auth_config_id": config, "user_id": "oauth"})
    assert status == 201 and made["redirect_url"].startswith(f"{router.origin}/link/")


CUSTOM: Any = {"type": "use_custom_auth", "authScheme": "OAUTH2"}
ELSEWHERE: Any = OWN | {"oauth_redirect_uri": "https://elsewhere.example/cb", "client_idd": "canary"}
REFUSED: list[tuple[str, Any, str]] = [
    ("clokify", None, "Did you mean clockify"),
    ("weather", None, "is connected with OAuth2, and this router has no client of its own"),
    ("weather", {"type": "magic"}, "auth_config"),
    ("weather", {"type": "use_custom_auth"}, "auth_config.authScheme is missing"),
    ("weather", {"type": "use_custom_auth", "authScheme": "SAML"}, "cannot be connected with 'SAML'"),
    ("weather", {"type": "use_custom_auth", "auth_scheme": "API_KEY"}, "did you mean auth_config.authScheme?"),
    ("desktime", {"type": "use_composio_managed_auth", "restrict_to_following_tools": ["NO"]}, "no tool 'NO'"),
    ("weather", CUSTOM | {"credentials": {}}, "client_id"),
    ("weather", CUSTOM | {"credentials": ELSEWHERE}, "credentials.oauth_redirect_uri is not http"),
    ("weather", CUSTOM | {"credentials": ELSEWHERE}, "credentials.client_idd is not known here"),
    ("weather", CUSTOM | {"credentials": OWN, "proxy_config": {"proxy_url": "https://canary"}}, "proxy_config is not built here"),
]


@pytest.mark.parametrize(("toolkit", "wish", "words"), REFUSED)
async def test_configs_that_are_refused(router: Router, toolkit: str, wish: Any, words: str) -> None:
    body = {"toolkit": {"slug": toolkit}} | ({"auth_config": wish} if wish else {})
    status, answer = await router.send("POST", f"{P}/auth_configs", body)
    assert status == 400, answer
    assert words in answer["error"]["message"]
    assert "canary" not in json.dumps(answer)


async def test_foreign_ids_are_as_unknown_as_those_that_never_were(router: Router) -> None:
    other = await router.local.project("other")
    stranger = router._replace(key=(await router.local.keys.create(other.id))[1].open())
    config = await config_of(router)
    account = await account_of(router, "mine", config)
    asks: list[tuple[str, str, Any, str]] = [
        (method, f"connected_accounts/{{}}{rest}", body, account)
        for method, rest, body in (
            ("GET", "", None),
            ("PATCH", "", {"alias": "x"}),
            ("PATCH", "", {"alias": 5}),
            ("DELETE", "", None),
            ("PATCH", "/status", {"enabled": False}),
            ("POST", "/refresh", {}),
            ("POST", "/revoke", None),
        )
    ]
    asks += [
        (method, f"auth_configs/{{}}{rest}", body, config)
        for method, rest, body in (
            ("GET", "", None),
            ("PATCH", "", {"type": "default", "name": "x"}),
            ("PATCH", "", {}),
            ("DELETE", "", None),
            ("PATCH", "/DISABLED", None),
        )
    ]
    asks.append(("POST", "connected_accounts/link", {"auth_config_id": config, "user_id": "mine"}, config))
    asks.append(("POST", "connected_accounts", initiated(config, "mine"), config))
    asks.append(("GET", f"connected_accounts?connected_account_ids={account}&auth_config_ids={config}", None, config))
    for method, path, body, number in asks:
        never = new_id(number[:3])
        replies: list[tuple[int, bytes]] = []
        for one in (number, never):
            sent = None if body is None else json.dumps(body).replace(config, one if number == config else config).encode()
            headers = [("x-api-key", stranger.key), ("content-type", "application/json"), ("x-request-id", "same")]
            reply = await stranger.ask(
                method, f"{P}/{path.format(one).replace(config, one if number == config else config)}", sent, headers
            )
            replies.append((reply.status, reply.body.replace(one.encode(), b"THE ID")))
        assert replies[0] == replies[1], (method, path)
        assert replies[0][0] in (404, 200 if method == "GET" and "?" in path else 404), (method, path, replies)
    _, mine = await router.send("GET", f"{P}/connected_accounts/{account}")
    assert mine["status"] == "ACTIVE"


async def test_what_a_key_may_do(router: Router) -> None:
    project = await router.local.project()
    config = await config_of(router)
    account = await account_of(router, "scopes", config)
    allowed: dict[str, set[tuple[str, str]]] = {
        "execute": {("POST", "connected_accounts/link"), ("POST", f"connected_accounts/{account}/refresh")},
        "read": {("GET", "connected_accounts"), ("GET", f"auth_configs/{config}"), ("GET", f"connected_accounts/{account}")},
    }
    asks = (
        allowed["execute"]
        | allowed["read"]
        | {
            ("PATCH", f"connected_accounts/{account}"),
            ("DELETE", f"connected_accounts/{new_id('ca_')}"),
            ("POST", "auth_configs"),
            ("PATCH", f"auth_configs/{config}/ENABLED"),
        }
    )
    for scope in ("execute", "read", "admin"):
        key = (await router.local.keys.create(project.id, (scope,)))[1].open()
        for method, path in sorted(asks):
            status = (await router.ask(method, f"{P}/{path}", b"{}", [("x-api-key", key)])).status
            assert (status == 403) is (scope != "admin" and (method, path) not in allowed[scope]), (scope, method, path, status)


async def test_an_alias_names_an_account_in_a_call(router: Router) -> None:
    await account_of(router, "alias", alias="old")
    new = await account_of(router, "alias", alias="new")
    session = f"{SESSION}/{(await router.session('alias', multi_account={'enable': True})).split('/')[2]}"
    before = len(await router.entries(0))
    _, done = await router.send("POST", f"{session}/execute", {"tool_slug": "DESKTIME_PING_REQUEST", "account": "new"})
    assert done["result_type"] == "completed", done
    assert {entry.id: entry.account_id for entry in await router.entries(before + 1)}[done["log_id"]] == new


async def test_a_session_takes_no_more_accounts_than_it_says(router: Router) -> None:
    """Over REST and over MCP alike; who is switched off counts, who is deleted does not, and other sessions have limits of their own."""
    numbers = [await account_of(router, "many") for _ in range(2)]
    mcp = await router.session("many", multi_account={"enable": True, "max_accounts_per_toolkit": 2})
    link = f"{SESSION}/{mcp.split('/')[2]}/link"
    await router.send("PATCH", f"{P}/connected_accounts/{numbers[0]}/status", {"enabled": False})
    status, said = await router.send("POST", link, {"toolkit": "desktime"})
    assert (status, said["error"]["message"]) == (409, "2 desktime accounts are connected, and this session takes at most 2.")
    assert "multi_account.max_accounts_per_toolkit" in said["error"]["suggested_fix"]
    managed = (await router.call(mcp, "COMPOSIO_MANAGE_CONNECTIONS", toolkits=["desktime"], reinitiate_all=True))["data"]["results"][
        "desktime"
    ]
    assert managed["status"] == "failed" and "takes at most 2" in managed["error_message"]
    assert (await router.send("POST", link, {"toolkit": "clockify"}))[0] == 201
    await router.send("DELETE", f"{P}/connected_accounts/{numbers[0]}")
    assert (await router.send("POST", link, {"toolkit": "desktime"}))[0] == 201
    numbers += [await account_of(router, "many") for _ in range(4)]
    for more, given in (({"multi_account": {"enable": True}}, 409), ({"multi_account": {"enable": False}}, 201), ({}, 201)):
        other = f"{SESSION}/{(await router.session('many', **more)).split('/')[2]}/link"
        assert (await router.send("POST", other, {"toolkit": "desktime"}))[0] == given, more


async def test_tokens_with_a_key_that_is_not_known_are_refused(router: Router) -> None:
    """Before anything leaves. What providers give along with tokens is no fault."""
    config = await config_of(router, "weather", type="use_custom_auth", authScheme="OAUTH2", credentials=OWN)
    tokens = {"access_token": "canary-token-1", "acess_token": "canary-token-2", "id_token": "x"}
    for place, given in (("data", {"data": tokens}), ("state.val", {"state": {"authScheme": "OAUTH2", "val": tokens}})):
        body = {"auth_config": {"id": config}, "connection": {"user_id": "tom"} | given}
        status, answer = await router.send("POST", f"{P}/connected_accounts", body)
        assert status == 400 and "canary" not in json.dumps(answer)
        known = "known are access_token, expires_in, refresh_token, scope"
        assert f"connection.{place}.acess_token is not known here; {known}" in answer["error"]["message"]
        assert "id_token" not in answer["error"]["message"]


async def test_an_account_whose_secret_does_not_open_says_so(router: Router) -> None:
    local = router.local
    account = await local.store.accounts.get((await local.project()).id, await account_of(router, "shut"))
    assert account
    sealed = Vault.of(b"x" * 32).seal(b"{}", "connected_account/other")
    await local.store.accounts.move(account, "change", sealed=sealed)
    _, shown = await router.send("GET", f"{P}/connected_accounts/{account.id}")
    assert shown["status_reason"].startswith("DOES_NOT_OPEN: ") and "doctor" in shown["status_reason"]
    assert "api_key" not in shown["state"]["val"]
