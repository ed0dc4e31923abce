"""COMPOSIO_WAIT_FOR_CONNECTIONS: by choice of the session, until the user is done or 20 seconds are over."""

import asyncio
from typing import Any

import pytest

from tests.serve.conftest import Router
from toolway.catalog.model import Json
from toolway.router.asking import Asking
from toolway.router.connections import Connections
from toolway.router.standing import Standing
from toolway.store.records import Session

WAIT = "COMPOSIO_WAIT_FOR_CONNECTIONS"
ON: Any = {"manage_connections": {"enable_wait_for_connections": True}}


async def test_only_by_choice(router: Router) -> None:
    plain, path = await router.session(), await router.session("alice", **ON)
    assert WAIT not in str(await router.rpc(plain, "tools/list"))
    assert WAIT in [tool["name"] for tool in (await router.rpc(path, "tools/list"))["result"]["tools"]]
    refused = await router.rpc(plain, "tools/call", {"name": WAIT, "arguments": {"toolkits": ["desktime"]}})
    assert refused["error"]["code"] == -32602


async def test_until_the_user_is_done(router: Router) -> None:
    path = await router.session("alice", **ON)
    await router.call(path, "COMPOSIO_MANAGE_CONNECTIONS", toolkits=["desktime", "clockify"])
    any_one = asyncio.create_task(router.call(path, WAIT, toolkits=["desktime", "clockify"]))
    every = asyncio.create_task(router.call(path, WAIT, toolkits=["desktime", "CLOCKIFY"], mode="all"))
    await router.connect("desktime")
    async with asyncio.timeout(5):
        results = (await any_one)["data"]["results"]
    assert {name: one["status"] for name, one in results.items()} == {"desktime": "ACTIVE", "clockify": "INITIATED"}
    assert results["desktime"]["current_user_info"]
    assert not every.done()
    await router.connect("clockify")
    async with asyncio.timeout(5):
        results = (await every)["data"]["results"]
    assert {one["status"] for one in results.values()} == {"ACTIVE"}
    assert all(one["connected_account_id"].startswith("ca_") for one in results.values())


async def test_connected_between_two_looks(router: Router) -> None:
    """A look reads twice; what is connected between the two has not failed."""
    path = await router.session("alice", "desktime", **ON)
    await router.call(path, "COMPOSIO_MANAGE_CONNECTIONS", toolkits=["desktime"])
    local, begun = router.local, list[str]()

    class Meanwhile(Standing):
        async def state(self, session: Session, toolkit: str, *, short: bool = False) -> Json:
            state = await super().state(session, toolkit, short=short)
            if not begun:
                begun.append(await router.connect(toolkit))
            return state

    session = await local.store.sessions.get((await local.project()).id, path.split("/")[2])
    assert session is not None
    connections = Connections(
        local.store, local.catalogue, Meanwhile(local.store, local.catalogue, local.keeper), local.connector, local.doctor
    )
    answer = await connections.wait(session, Asking(router.origin), {"toolkits": ["desktime"]})
    assert answer["results"]["desktime"]["status"] == "ACTIVE"


async def test_nothing_to_wait_for(router: Router) -> None:
    path = await router.session("alice", "desktime", **ON)
    results = (await router.call(path, WAIT, toolkits=["desktime", "clockify", "nothing"], mode="all"))["data"]["results"]
    assert {name: one["status"] for name, one in results.items()} == dict.fromkeys(("desktime", "clockify", "nothing"), "NOT_FOUND")
    assert "does not use clockify" in results["clockify"]["error_message"]


@pytest.mark.parametrize("arguments", [{}, {"toolkits": []}, {"toolkits": [5]}, {"toolkits": ["desktime"], "mode": "some"}])
async def test_bad_input(router: Router, arguments: Any) -> None:
    answer = await router.call(await router.session("alice", **ON), WAIT, **arguments)
    assert not answer["successful"]
    assert "toolkits" in answer["error"] or "any or all" in answer["error"]


async def test_looks_only_where_something_changed(router: Router) -> None:
    """Many may wait at once, each for many toolkits: who names one twice, or waits where nothing happens, costs the database nothing."""
    looked: list[str] = []

    class Looking(Standing):
        async def state(self, session: Session, toolkit: str, *, short: bool = False) -> Json:
            looked.append(toolkit)
            return await super().state(session, toolkit, short=short)

    path = await router.session("alice", **ON)
    made = await router.call(path, "COMPOSIO_MANAGE_CONNECTIONS", toolkits=["desktime"] * 3 + ["DeskTime"])
    assert made["data"]["summary"]["initiated_connections"] == 1
    local = router.local
    project = (await local.project()).id
    assert (await local.store.accounts.latest(project, "alice", "desktime")) is not None
    session = await local.store.sessions.get(project, path.split("/")[2])
    assert session is not None
    standing = Looking(local.store, local.catalogue, local.keeper)
    connections = Connections(local.store, local.catalogue, standing, local.connector, local.doctor, wait_seconds=1.6)
    await connections.wait(session, Asking(router.origin), {"toolkits": ["desktime"] * 25 + ["DeskTime"] * 25})
    assert len(looked) == 2  # at the beginning and at the end


async def test_not_for_ever(router: Router) -> None:
    path = await router.session("alice", **ON)
    await router.call(path, "COMPOSIO_MANAGE_CONNECTIONS", toolkits=["desktime"])
    local, told = router.local, list[float]()
    session = await local.store.sessions.get((await local.project()).id, path.split("/")[2])
    assert session is not None
    connections = Connections(local.store, local.catalogue, local.standing, local.connector, local.doctor, wait_seconds=0.6)
    asking = Asking(router.origin, progress=lambda done, total, message: told.append(done))
    answer = await connections.wait(session, asking, {"toolkits": ["desktime"]})
    assert answer["results"]["desktime"]["status"] == "INITIATED"
    assert "call this again" in answer["message"]
    assert told
