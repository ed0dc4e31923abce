"""The gate: how a key may come, and under which addresses the server may be reached. What it refuses: `tests/security`."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.serve.conftest import Router, create, running
from toolway.errors import BadSetting
from toolway.serve.gate import Crowd, Crowded, Gate

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def router(tmp_path_factory: pytest.TempPathFactory, sandbox: str) -> AsyncGenerator[Router]:
    """One router for all of them: none changes what another sees."""
    async with running(tmp_path_factory.mktemp("router"), sandbox=sandbox) as started:
        yield started


async def test_a_key_may_come_as_bearer(router: Router) -> None:
    assert (await create(router, ("authorization", f"Bearer {router.key}"))).status == 201
    assert (await create(router, ("x-api-key", f"  {router.key}\t"))).status == 201


async def test_one_key_has_so_many_calls_under_way() -> None:
    crowd = Crowd(most=2)
    crowd.enter("key_1")
    crowd.enter("key_1")
    with pytest.raises(Crowded, match="2 calls of this key"):
        crowd.enter("key_1")
    crowd.enter("key_2")
    crowd.leave("key_1")
    crowd.enter("key_1")


@pytest.mark.parametrize("url", ["https://[::1", "https://a:99999", "https://a:b", "ftp://a", "https://a/b", "https://"])
async def test_origins_that_are_none(url: str) -> None:
    with pytest.raises(BadSetting, match="no origin"):
        Gate(url)


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
