"""What goes wrong in a call: each failure is a result with a sentence, and each leaves a row in the log."""

from pathlib import Path
from typing import Any

import pytest

from tests.serve.conftest import Fault, Router, running

TAGS = "/clockify/api/v1/workspaces/"


@pytest.mark.parametrize(
    ("slug", "arguments", "words"),
    [
        ("CLOCKIFY_GET_TAGZ", {}, ["There is no tool 'CLOCKIFY_GET_TAGZ'", "CLOCKIFY_GET_TAGS"]),
        ("X" * 10_000, {}, ["There is no tool"]),
        ("CLOCKIFY_GÉT", {}, ["There is no tool"]),
        ("CLOCKIFY_CREATE_NEW_PROJECT", {}, ["name is missing"]),
        ("CLOCKIFY_CREATE_CLIENT", {"nam": "Acme"}, ["nam", "mean name"]),
        ("CLOCKIFY_CREATE_CLIENT", {"name": {"a": 1}}, ["name is ", "a text is expected"]),
        ("CLOCKIFY_GET_TAGS", {"page": "many"}, ['page is "many"', "a whole number is expected"]),
        ("CLOCKIFY_GET_TAGS", {"workspaceId": "No Such Place"}, ["there is no workspace", "Nearest are"]),
        ("CLOCKIFY_DELETE_TAG", {"id": "../../user"}, ["there is no tag"]),
    ],
)
async def test_bad_input(router: Router, slug: str, arguments: dict[str, Any], words: list[str]) -> None:
    await router.connect("clockify")
    path = await router.session()
    answer = await router.execute(path, slug, **arguments)
    assert not answer["successful"]
    for word in words:
        assert word in answer["error"]
    [entry] = await router.entries(1)
    assert entry.id == answer["log_id"]
    assert entry.state == "failed"
    assert entry.error in ("unknown_tool", "bad_argument")


async def test_arguments_that_are_no_object(router: Router) -> None:
    path = await router.session()
    item = {"tool_slug": "CLOCKIFY_GET_TAGS", "arguments": [1]}
    answer = await router.call(path, "COMPOSIO_MULTI_EXECUTE_TOOL", tools=[item])
    assert "arguments is no object" in answer["error"]


async def test_not_connected(router: Router) -> None:
    """Every call that waits for the same account gets the same fresh link."""
    path = await router.session()
    items: list[dict[str, Any]] = [
        {"tool_slug": slug, "arguments": {}} for slug in ("CLOCKIFY_GET_TAGS", "CLOCKIFY_GET_CLIENTS", "DESKTIME_PING_REQUEST")
    ]
    answer = await router.call(path, "COMPOSIO_MULTI_EXECUTE_TOOL", tools=items)
    responses = [result["response"] for result in answer["data"]["results"]]
    links = [response["data"]["redirect_url"] for response in responses]
    assert links[0] == links[1] != links[2]
    assert (await router.ask("GET", links[0].removeprefix(router.origin))).status == 200
    for response, kit in zip(responses, ("clockify", "clockify", "desktime"), strict=True):
        assert f"No active connected account found for toolkit: {kit}" in response["error"]
        assert response["data"]["redirect_url"] in response["error"]
        assert response["data"]["connected_account_id"].startswith("ca_")
    assert {entry.error for entry in await router.entries(3)} == {"not_connected"}
    closed = await router.session("alice", manage_connections={"enable": False})
    refused = await router.execute(closed, "CLOCKIFY_GET_TAGS")
    assert refused["data"] == {}
    assert "Ask the user to connect clockify" in refused["error"]


async def test_a_chosen_auth_config_that_is_none(router: Router) -> None:
    path = await router.session("alice", auth_configs={"clockify": "ac_none"})
    answer = await router.execute(path, "CLOCKIFY_GET_TAGS")
    assert "There is no auth config 'ac_none'" in answer["error"]
    made = (await router.call(path, "COMPOSIO_MANAGE_CONNECTIONS", toolkits=["clockify"]))["data"]["results"]["clockify"]
    assert (made["status"], "ac_none" in made["error_message"]) == ("failed", True)


@pytest.mark.parametrize(
    ("what", "state", "words"),
    [
        ({"garbage": True, "times": 3}, "refused", ["is no JSON"]),
        ({"status": 500, "body": {"message": "boom"}, "times": 3}, "refused", ["(500", "boom", "fault of its own"]),
        ({"status": 302, "headers": {"location": "http://127.0.0.1:1/"}}, "refused", ["302"]),
        ({"huge": 100 << 20}, "failed", ["more than 10 MiB", "smaller page"]),
        ({"status": 401, "body": {"message": "no"}}, "refused", ["Clockify refused (401)", "without connecting anew"]),
        ({"status": 429, "times": 3, "headers": {"retry-after": "99"}}, "refused", ["(429)", "Free again in 2 minutes"]),
    ],
)
async def test_what_a_service_does_wrong(router: Router, fault: Fault, what: dict[str, Any], state: str, words: list[str]) -> None:
    await router.connect("clockify")
    path = await router.session()
    await router.execute(path, "CLOCKIFY_GET_TAGS")  # the default workspace is known from here on
    await fault(TAGS, **what)
    answer = await router.execute(path, "CLOCKIFY_GET_TAGS")
    assert not answer["successful"]
    for word in words:
        assert word in answer["error"]
    assert "Traceback" not in answer["error"]
    entry = (await router.entries(2))[0]
    assert (entry.state, entry.tool) == (state, "CLOCKIFY_GET_TAGS")


async def test_a_key_that_is_dead_gets_a_link(router: Router, fault: Fault) -> None:
    await router.connect("clockify")
    path = await router.session()
    await router.execute(path, "CLOCKIFY_GET_TAGS")
    await fault("/clockify/api/v1/", status=401, body={"message": "no"}, times=2)
    answer = await router.execute(path, "CLOCKIFY_GET_TAGS")
    for word in ("Clockify refused (401)", "key is not accepted", "/link/"):
        assert word in answer["error"]


async def test_a_change_says_what_it_changed(router: Router) -> None:
    await router.connect("clockify")
    path = await router.session()
    answer = await router.execute(path, "CLOCKIFY_UPDATE_TAG", id="urgent", name="Urgent again")
    assert answer["changed"] == {"name": ["urgent", "Urgent again"]}
    assert "changed" not in await router.execute(path, "CLOCKIFY_GET_TAGS")


async def test_of_several_changes_those_without_an_answer_are_told_by_id(router: Router, fault: Fault) -> None:
    await router.connect("clockify")
    path = await router.session()
    entries = (await router.execute(path, "CLOCKIFY_GET_TIME_ENTRIES"))["data"]["timeEntries"][:3]
    first, second, third = (entry["id"] for entry in entries)
    asked = [{"id": id, "description": "Corrected"} for id in (first, second, third)]
    body = [{"id": third}, {"id": first}, {"id": third}]
    await fault("/clockify/api/v1/", method="PUT", status=200, body=body, after=True)
    answer = await router.execute(path, "CLOCKIFY_UPDATE_TIME_ENTRIES", entries=asked)
    assert answer["items"] == {"confirmed": 2, "unconfirmed": [second], "twice": [third]}
    assert answer["changed"].keys() == {first, third}
    assert answer["changed"][first] == {"description": [entries[0]["description"], "Corrected"]}
    again = await router.execute(path, "CLOCKIFY_UPDATE_TIME_ENTRIES", entries=asked)
    assert again["successful"] and again["items"] == {"confirmed": 3}


async def test_of_several_deletions_is_told_which_the_service_confirmed(router: Router, fault: Fault) -> None:
    await router.connect("clockify")
    path = await router.session()
    ids = [entry["id"] for entry in (await router.execute(path, "CLOCKIFY_GET_TIME_ENTRIES"))["data"]["timeEntries"][:4]]
    mine = {"userId": (await router.execute(path, "CLOCKIFY_GET_CURRENTLY_LOGGED_IN_USER_INFO"))["data"]["id"]}

    async def delete(*ids: str) -> Any:
        return await router.execute(path, "CLOCKIFY_DELETE_USER_TIME_ENTRIES", **mine, **{"time-entry-ids": list(ids)})

    again = await delete(ids[0], ids[0])
    assert not again["successful"] and "holds 2 items" in again["error"]
    await fault("/clockify/api/v1/", method="DELETE", status=200, body=[{"id": ids[1]}], after=True)
    answer = await delete(*ids[:2])
    assert answer["items"] == {"confirmed": 1, "unconfirmed": [ids[0]]} and "look before you repeat" in answer["note"]
    rest = await delete(*ids[2:])
    assert rest["items"] == {"confirmed": 2} and [entry["id"] for entry in rest["data"]["timeEntries"]] == ids[2:]


async def test_a_call_says_that_it_waited_for_its_turn(router: Router) -> None:
    await router.connect("desktime")
    path = await router.session()
    calls: list[Any] = [{"tool_slug": "DESKTIME_PING_REQUEST", "arguments": {}} for _ in range(2)]
    answer = await router.call(path, "COMPOSIO_MULTI_EXECUTE_TOOL", tools=calls)
    waited = [result["response"].get("waited", 0) for result in answer["data"]["results"]]
    assert max(waited) > 0.3


async def test_a_slow_answer_is_waited_for(router: Router, fault: Fault) -> None:
    await router.connect("clockify")
    path = await router.session()
    await fault(TAGS, delay_seconds=0.6)
    assert (await router.execute(path, "CLOCKIFY_GET_TAGS"))["successful"]
    assert (await router.entries(1))[0].ms >= 600


async def test_a_service_that_is_down(router: Router, tmp_path: Path) -> None:
    """Connected while it was up; then nobody listens there."""
    await router.connect("desktime")
    data = router.local.settings.data
    async with running(data, sandbox="http://127.0.0.1:9") as other:
        answer = await other.execute(await other.session(), "DESKTIME_PING_REQUEST")
        assert "could not be reached; nothing was changed" in answer["error"]
        assert (await other.entries(1))[0].error == "unreachable"


@pytest.mark.parametrize(
    "lost",
    [
        {"garbage": True},
        {"status": 502},
        {"huge": 20 << 20},
    ],
)
async def test_a_write_whose_answer_is_lost(router: Router, fault: Fault, lost: dict[str, Any]) -> None:
    """It was done, and nobody was told: the log and the agent say so, and it is not repeated."""
    await router.connect("clockify")
    path = await router.session()
    await router.execute(path, "CLOCKIFY_GET_TAGS")
    await fault(TAGS, method="POST", after=True, **lost)
    answer = await router.execute(path, "CLOCKIFY_CREATE_CLIENT", name="Once Only")
    assert not answer["successful"]
    assert "Whether it was done is not known: look before you repeat it." in answer["error"]
    clients = (await router.execute(path, "CLOCKIFY_GET_CLIENTS", name="Once Only"))["data"]
    assert [c["name"] for c in next(iter(clients.values()))] == ["Once Only"]
    entry = (await router.entries(3))[1]
    assert (entry.tool, entry.state) == ("CLOCKIFY_CREATE_CLIENT", "unknown")


async def test_a_write_that_was_refused_is_no_riddle(router: Router, fault: Fault) -> None:
    await router.connect("clockify")
    path = await router.session()
    await router.execute(path, "CLOCKIFY_GET_TAGS")
    await fault(TAGS, method="POST", status=400, body={"message": "taken", "code": 501})
    answer = await router.execute(path, "CLOCKIFY_CREATE_CLIENT", name="Acme")
    assert "taken" in answer["error"]
    assert "not known" not in answer["error"]
    assert (await router.entries(2))[0].state == "refused"
