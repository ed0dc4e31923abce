"""A service on loopback with an OAuth2 provider of its own, and an installation that reaches it."""

import asyncio
import itertools
import json
from base64 import b64decode, urlsafe_b64encode
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.net.wire import plain, served
from toolway.router.config import configure
from toolway.router.execute import Executor, Outcome
from toolway.serve.local import Local
from toolway.settings import read
from toolway.store.records import Account, AuthConfig, Session, new_id, now_ms
from toolway.watch import Watch

TOOLKIT = {
    "toolkit.toml": """
slug  = "acme"
title = "Acme"
about = "Anvils and who orders them."
why-no-spec = "Acme publishes none."
[hosts]
api = "https://api.acme.example"
[hosts.EU]
api = "https://eu.acme.example"
[account]
region = "(US | EU) = US -- Where you are."
[auth.api_key]
header = "X-Key"
also.X-App = "app_key -- The application's own key."
[auth.bearer_token]
header = "X-Token"
claims.api = "backendUrl"
[auth.basic]
[auth.no_auth]
[auth.oauth2]
scopes = ["anvils", "offline"]
[auth.s2s_oauth2]
[auth.check]
call  = "GET api /me"
label = "email"
""",
    "anvils.toml": """
[list_anvils]
slug = "ACME_LIST_ANVILS"
about = "List the anvils."
call = "GET api /anvils"
asks = ["which anvils are there", "show my anvils", "list anvils"]
[make_anvil]
slug = "ACME_MAKE_ANVIL"
about = "Order an anvil."
call = "POST api /anvils"
body.name = "text! -- Its name."
asks = ["order an anvil", "make an anvil", "new anvil"]
[drop_anvil]
slug = "ACME_DROP_ANVIL"
about = "Drop an anvil."
call = "DELETE api /anvils/{id}"
path.id = "text! -- Which one."
asks = ["drop an anvil", "delete an anvil", "remove anvil"]
""",
}
USER = "alice@example.com"
SECRET = "canary-client-secret-77"
BACK = "https://router.example/api/v3/toolkits/auth/callback"


class Acme:
    """Gives a refresh token with each code and each refreshing, and refuses one that was used. `asked` are the token requests.

    `nobody` is let in while that is true; who is let in is `who`. `say` answers the next token requests in place of the provider; `hold`
    keeps its answers back until it is set.
    """

    def __init__(self) -> None:
        self.url = ""
        self.life = 3600
        self.access: set[str] = set()
        self.refresh: set[str] = set()
        self.codes: dict[str, tuple[str, str]] = {}
        self.asked: list[dict[str, str]] = []
        self.revoked: list[str] = []
        self.calls: list[str] = []
        self.say: list[tuple[str, Any]] = []
        self.hold: asyncio.Event | None = None
        self.nobody = False
        self.who = USER
        self.came = asyncio.Event()
        self._number = itertools.count(1)
        self._heard: list[bytes] = []

    def grant(self) -> dict[str, Any]:
        number = next(self._number)
        access, fresh = f"canary-access-{number}", f"canary-refresh-{number}"
        self.access.add(access)
        self.refresh.add(fresh)
        return {"access_token": access, "refresh_token": fresh, "expires_in": self.life, "token_type": "Bearer", "scope": "anvils offline"}

    def consent(self, url: str) -> dict[str, str]:
        """A person says yes at the address that they were sent to; gives what their browser brings back."""
        asked = dict(parse_qsl(urlsplit(url).query))
        code = f"canary-code-{next(self._number)}"
        self.codes[code] = (asked["code_challenge"], asked["redirect_uri"])
        return {"code": code, "state": asked["state"]}

    async def _answer(self, number: int, writer: asyncio.StreamWriter) -> None:
        head, _, body = self._heard[-1].partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        method, path, _ = lines[0].split(" ")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
        status, content = await self._told(method, path, headers, body)
        writer.write(plain(content if isinstance(content, bytes) else json.dumps(content).encode(), status))

    async def _told(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[str, Any]:
        if path == "/revoke":
            self.revoked.append(dict(parse_qsl(body.decode()))["token"])
            return "200 OK", {}
        if path == "/token":
            self.asked.append(dict(parse_qsl(body.decode())) | {"authorization": headers.get("authorization", "")})
            self.came.set()
            if self.hold is not None:
                await self.hold.wait()
            return self.say.pop(0) if self.say else self._tokens(self.asked[-1])
        self.calls.append(f"{method} {path}")
        if not self._known(headers):
            return "401 Unauthorized", {"message": "who are you?"}
        return "200 OK", {"email": self.who, "id": "a1", "items": []}

    def _known(self, headers: dict[str, str]) -> bool:
        word, _, secret = headers.get("authorization", "").partition(" ")
        if word == "Basic":
            return b64decode(secret) == b"alice:canary-pass-word"
        if self.nobody:
            return False
        return secret in self.access or headers.get("x-key") == "canary-key-0123" or "x-token" in headers

    def _tokens(self, asked: dict[str, str]) -> tuple[str, Any]:
        match asked["grant_type"]:
            case "refresh_token" if asked["refresh_token"] in self.refresh:
                self.refresh.remove(asked["refresh_token"])
                return "200 OK", self.grant()
            case "authorization_code" if asked["code"] in self.codes:
                challenge, redirect_uri = self.codes.pop(asked["code"])
                made = urlsafe_b64encode(sha256(asked["code_verifier"].encode()).digest()).rstrip(b"=").decode()
                if made == challenge and redirect_uri == asked["redirect_uri"]:
                    return "200 OK", self.grant()
            case "client_credentials":
                return "200 OK", {name: value for name, value in self.grant().items() if name != "refresh_token"}
            case _:
                pass
        return "400 Bad Request", {"error": "invalid_grant", "error_description": "<b>grant</b> revoked"}

    @asynccontextmanager
    async def serving(self) -> AsyncGenerator["Acme"]:
        async with served(self._answer) as server:
            self.url, self._heard = server.url, server.heard
            yield self

    @asynccontextmanager
    async def house(self, folder: Path, database: str = "", watch: Watch | None = None, **more: str) -> AsyncGenerator["House"]:
        """An installation that reaches this service."""
        kit = folder / "acme"
        kit.mkdir(parents=True, exist_ok=True)
        for name, text in TOOLKIT.items():
            (kit / name).write_text(text)
        flags = {"data": str(folder / "data"), "toolkits": str(kit), "hosts": f"acme.api={self.url}", "database": database} | more
        async with await Local.open(read(flags, {}), watch) as local:
            yield House(local, self, (await local.project()).id)


class House:
    """An installation, and what tests do with it."""

    def __init__(self, local: Local, acme: Acme, project: str) -> None:
        self.local, self.acme, self.project = local, acme, project
        self.executor = Executor(local.store, local.catalogue, local.keeper, local.runner)

    async def client(self, **more: str) -> AuthConfig:
        """An auth config with the operator's own client."""
        given = {"client_id": "us", "client_secret": SECRET, "authorize_url": f"{self.acme.url}/authorize"}
        given |= {"token_url": f"{self.acme.url}/token", "revoke_url": f"{self.acme.url}/revoke"} | more
        return await self.local.custody.make_config(self.project, "acme", "OAUTH2", given)

    async def connected(self, user: str = "alice") -> Account:
        """An account of a user, connected by OAuth2."""
        configs = await self.local.store.auth_configs.list(self.project, "acme")
        config = next((one for one in configs if one.mode == "OAUTH2"), None) or await self.client()
        given = {name: str(value) for name, value in self.acme.grant().items()}
        return await self.local.connector.direct(self.project, user, "acme", given, {}, mode="OAUTH2", auth_config=config.id)

    async def expire(self, account: Account, left_ms: int = -1000) -> Account:
        """Its access token expires so many milliseconds from now; it was made an hour ago."""
        found = await self.local.store.accounts.get(self.project, account.id)
        assert found
        at = now_ms()
        moved = await self.local.store.accounts.move(found, "change", expires_at=at + left_ms, refreshed_at=at - 3_600_000)
        await self.local.store.freshness.fresh()
        return moved

    async def account(self, id: str) -> Account:
        found = await self.local.store.accounts.get(self.project, id)
        assert found
        return found

    def session(self, user: str = "alice", **more: Any) -> Session:
        made = configure({"user_id": user, "toolkits": {"enable": ["acme"]}} | more, self.local.catalogue)
        return Session(new_id("trs_"), self.project, user, made, 1, 1, 1)

    async def execute(self, slug: str, user: str = "alice", **arguments: Any) -> Outcome:
        await self.local.store.freshness.fresh()
        return await self.executor.execute(self.session(user), slug, arguments)

    async def used(self, at_least: int) -> list[str]:
        """The accounts of the calls in the log, latest first, once it holds so many; the writer commits every 50 ms."""
        async with asyncio.timeout(5):
            while True:
                found = await self.local.store.log.recent(self.project, 100)
                if len(found) >= at_least and all(entry.state != "sent" for entry in found):
                    return [entry.account_id for entry in found]
                await asyncio.sleep(0.01)
