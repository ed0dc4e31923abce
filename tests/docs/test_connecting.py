"""docs/connecting.md as printed: an operator's own OAuth2 client, from the redirect address to an account that is connected."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.accounts.acme import SECRET, USER, Acme
from tests.serve.browsing import Browser
from tests.serve.conftest import serving

from .test_docs import ROOT, blocks

PAGE = (ROOT / "docs" / "connecting.md").read_text("utf-8")


async def test_a_client_of_ones_own(tmp_path: Path) -> None:
    async with Acme().serving() as acme, acme.house(tmp_path) as house, serving(house.local) as router:
        typed, make, link, look = blocks("sh", PAGE.replace("https://acme.example", acme.url))
        (redirect,) = blocks("text", PAGE.replace("https://router.example", router.origin))
        (tmp_path / "acme.secret").write_text(f"{SECRET}\n", "utf-8")
        own = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "COMPOSIO_API_KEY": router.key,
            "COMPOSIO_BASE_URL": router.origin,
            "no_proxy": "127.0.0.1",
        }
        own |= {"TOOLWAY_DATA": str(tmp_path / "data"), "TOOLWAY_TOOLKITS": str(tmp_path / "acme"), "TOOLWAY_HOSTS": f"acme.api={acme.url}"}

        async def run(block: str, **names: str) -> Any:
            given: Any = {"cwd": tmp_path, "env": own | names, "stdout": asyncio.subprocess.PIPE, "stderr": asyncio.subprocess.PIPE}
            started = await asyncio.create_subprocess_exec("bash", "-ec", block, **given)
            out, err = await started.communicate()
            assert started.returncode == 0, err.decode()
            return json.loads(out) if out.startswith(b"{") else out.decode()

        shown = (await run(typed, TOOLWAY_PUBLIC_URL=router.origin)).split()
        assert shown[-1] == redirect.strip()
        (kept,) = await house.local.store.auth_configs.list(house.project, "acme")
        assert (kept.id, kept.mode) == (shown[1], "OAUTH2") and (await house.local.custody.shown_config(kept))["client_secret"] == "cana..."
        made = (await run(make))["auth_config"]
        assert made["oauth_redirect_uri"] == redirect.strip()
        begun = await run(link, CONFIG=made["id"])
        browser, path = Browser(router), str(begun["redirect_url"]).removeprefix(router.origin)
        await browser.open(path)
        away = (await browser.send(path)).headers["location"]
        assert away.startswith(f"{acme.url}/authorize?") and parse_qs(urlsplit(away).query)["redirect_uri"] == [redirect.strip()]
        assert (await browser.open(f"{redirect.strip().removeprefix(router.origin)}?{urlencode(acme.consent(away))}")).status == 200
        account = await run(look, ACCOUNT=begun["connected_account_id"])
        assert (account["status"], account["auth_config"]["id"], account["user_id"]) == ("ACTIVE", made["id"], "you@example.com")
        assert (await house.account(account["id"])).label == USER
        assert SECRET not in json.dumps(account) and acme.asked[0]["authorization"].startswith("Basic ")
