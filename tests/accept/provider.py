"""A certified OAuth2 provider (npm `oidc-provider`) on loopback, and a toolkit whose service it is: its own userinfo."""

import secrets
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.request import ProxyHandler, build_opener

from toolway.serve.local import Local
from toolway.store.records import AuthConfig

from .conftest import Node
from .server import free_port, until

CLIENT = "toolway"
TOOLKIT = {
    "toolkit.toml": """
slug  = "ledger"
title = "Ledger"
about = "Who one is, as a provider has it."
why-no-spec = "It is the provider's own."
[hosts]
api = "https://api.ledger.example"
[auth.oauth2]
scopes       = ["openid", "email", "offline_access"]
names-itself = true
[auth.check]
call  = "GET api /me"
label = "email"
""",
    "people.toml": """
[who_am_i]
slug  = "LEDGER_WHO_AM_I"
about = "Tell who the connected user is."
call  = "GET api /me"
asks  = ["who am I in the ledger", "my ledger account", "which ledger user is this"]
""",
}
_direct = build_opener(ProxyHandler({}))


class Provider(NamedTuple):
    """A provider that runs: its address and the secret of its one client; `folder` is the toolkit's."""

    origin: str
    secret: str
    folder: Path

    @property
    def settings(self) -> dict[str, str]:
        """What a router has to be told, so that it reaches the provider."""
        return {"toolkits": str(self.folder), "hosts": f"ledger.api={self.origin}"}

    @property
    def client(self) -> dict[str, str]:
        """What an operator puts into an auth config."""
        return {
            "client_id": CLIENT,
            "client_secret": self.secret,
            "authorize_url": f"{self.origin}/auth",
            "token_url": f"{self.origin}/token",
            "revoke_url": f"{self.origin}/token/revocation",
            "issuer": self.origin,
        }

    async def config(self, local: Local) -> AuthConfig:
        """An auth config of the default project."""
        return await local.custody.make_config((await local.project()).id, "ledger", "OAUTH2", self.client)


@contextmanager
def provider(node: Node, folder: Path, seconds: int = 3600) -> Generator[Provider]:
    """The provider, ready; its access tokens live so long. It rotates refresh tokens, and ends a grant whose used one comes again."""
    kit = folder / "ledger"
    kit.mkdir()
    for name, text in TOOLKIT.items():
        (kit / name).write_text(text)
    made = Provider(f"http://127.0.0.1:{(port := free_port())}", secrets.token_urlsafe(24), kit)
    log = folder / "provider.log"
    with node.running("provider.mjs", str(port), CLIENT, made.secret, str(seconds), log=log) as process:

        def ready() -> bool:
            assert process.poll() is None, log.read_text()
            try:
                return _direct.open(f"{made.origin}/.well-known/openid-configuration", timeout=5).status == 200
            except OSError:
                return False

        until("the provider is ready", ready)
        yield made
