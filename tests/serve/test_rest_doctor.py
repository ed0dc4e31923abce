"""The doctor over REST."""

from tests.serve.conftest import Router


async def test_a_projects_connections(router: Router) -> None:
    await router.connect("desktime")
    status, told = await router.send("GET", "/api/v3.1/doctor?user_id=alice&toolkit=desktime")
    assert status == 200
    (one,) = told["items"]
    assert told["wrong"] == 0
    assert one["status"] == "ACTIVE"
    assert "sandbox-desktime-key" not in str(told)
    assert (await router.send("GET", "/api/v3/doctor?user_id=nobody&prove=false"))[1] == {"items": [], "wrong": 0}
    status, told = await router.send("GET", "/api/v3.1/doctor?toolkit=desktim")
    assert status == 404
    assert "desktime" in str(told)


async def test_a_sessions_connections(router: Router) -> None:
    await router.connect("desktime")
    path = "/api/v3.1" + (await router.session("alice", "desktime")).removesuffix("/mcp").replace("tool_router/", "tool_router/session/")
    status, told = await router.send("GET", f"{path}/doctor")
    assert status == 200
    assert [one["toolkit"] for one in told["items"]] == ["desktime"]
    status, _ = await router.send("GET", "/api/v3.1/tool_router/session/trs_nobody/doctor")
    assert status == 404
