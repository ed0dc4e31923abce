"""The meta tools: what they take, and what they answer."""

import json
import time
from typing import Any

from tests.serve.conftest import Fault, Router

PING: dict[str, Any] = {"tool_slug": "DESKTIME_PING_REQUEST", "arguments": {}}
REQUESTS = [
    "list all my workspaces",
    "log two hours on the Acme website",
    "create a client called Acme",
    "delete the tag old",
    "start a timer",
    "show me the detailed report for last week",
    "stop the running timer",
    "who worked yesterday",
    "list employees",
    "add a project",
    "archive a project",
    "rename a tag",
    "add a user to a group",
    "invite a colleague",
    "set a webhook for new time entries",
    "delete a webhook",
    "get my account",
    "how productive was Anna this week",
    "summary report by project",
    "weekly report",
    "update a time entry",
    "bulk edit entries",
    "find tasks of a project",
    "create a task",
    "assign a user to a project",
    "show desktime apps usage",
    "ping the service",
    "set hourly rate",
    "list tags",
    "get project by id",
]


async def search(router: Router, path: str, *use_cases: str) -> Any:
    answer = await router.call(path, "COMPOSIO_SEARCH_TOOLS", queries=[{"use_case": words} for words in use_cases])
    assert answer["successful"]
    return answer["data"]


async def test_a_search_answers_in_full(router: Router) -> None:
    await router.connect("desktime")
    data = await search(router, await router.session(), "create a client", "ping desktime")
    assert data["success"] is True
    for index, result in enumerate(data["results"], start=1):
        assert result["index"] == index
        assert result["use_case"]
        assert 1 <= len(result["primary_tool_slugs"] + result["related_tool_slugs"]) <= 6
        assert result["toolkits"]
        assert result["reasoning"]
        assert result["difficulty"]
    assert data["results"][0]["primary_tool_slugs"][0] == "CLOCKIFY_CREATE_CLIENT"
    best = data["tool_schemas"]["CLOCKIFY_CREATE_CLIENT"]
    assert best["hasFullSchema"]
    assert best["toolkit"] == "clockify"
    assert best["tool_slug"] == "CLOCKIFY_CREATE_CLIENT"
    assert best["description"]
    assert "name" in best["input_schema"]["properties"]
    assert {s for r in data["results"] for s in r["primary_tool_slugs"] + r["related_tool_slugs"]} == set(data["tool_schemas"])
    states = {state["toolkit"]: state for state in data["toolkit_connection_statuses"]}
    assert states["desktime"]["has_active_connection"]
    assert states["desktime"]["status_message"].startswith("Connected as")
    assert states["desktime"]["connection_details"]["connected_account_id"].startswith("ca_")
    assert not states["clockify"]["has_active_connection"]
    assert states["clockify"]["description"]
    assert "clockify" in data["next_steps_guidance"][0]
    assert "COMPOSIO_MANAGE_CONNECTIONS" in data["next_steps_guidance"][0]
    assert "desktime" not in data["next_steps_guidance"][0]
    assert set(data["session"]) == {"id", "generate_id", "instructions"}
    assert set(data["time_info"]) == {"current_time_utc", "current_time_utc_epoch_seconds", "message"}


async def test_a_schema_that_was_left_out_is_one_call_away(router: Router) -> None:
    path = await router.session()
    data = await search(router, path, "summary report by project")
    left_out = [schema for schema in data["tool_schemas"].values() if not schema["hasFullSchema"]]
    assert left_out
    for reference in left_out:
        assert reference["schemaRef"]["tool"] == "COMPOSIO_GET_TOOL_SCHEMAS"
        answer = await router.call(path, "COMPOSIO_GET_TOOL_SCHEMAS", **reference["schemaRef"]["args"])
        assert answer["data"]["tool_schemas"][reference["tool_slug"]]["input_schema"]["type"] == "object"


async def test_answers_stay_short(router: Router) -> None:
    path = await router.session()
    sizes: list[int] = []
    for words in REQUESTS:
        result = (await router.rpc(path, "tools/call", {"name": "COMPOSIO_SEARCH_TOOLS", "arguments": {"queries": [{"use_case": words}]}}))[
            "result"
        ]
        sizes.append(len(result["content"][0]["text"]))
    assert max(sizes) < 6000


async def test_odd_ways_to_ask(router: Router) -> None:
    path = await router.session()
    for arguments in ({"queries": ["create a client"]}, {"queries": "create a client"}, {"use_case": "create a client"}):
        answer = await router.call(path, "composio_search_tools", **arguments)
        assert answer["data"]["results"][0]["primary_tool_slugs"][0] == "CLOCKIFY_CREATE_CLIENT"
    odd: list[dict[str, Any]] = [{}, {"queries": []}, {"queries": [{}]}, {"queries": [5]}, {"queries": ["x"] * 21}]
    for arguments in odd:
        answer = await router.call(path, "COMPOSIO_SEARCH_TOOLS", **arguments)
        assert not answer["successful"]
        assert "queries" in answer["error"]
    nothing = await router.call(path, "COMPOSIO_SEARCH_TOOLS", queries=["xyzzy"], session={"id": "w" * 100})
    assert "No tool" in nothing["data"]["results"][0]["error"]
    assert nothing["data"]["session"]["id"] == "w" * 64


async def test_schemas_by_slug(router: Router) -> None:
    path = await router.session("alice", "clockify")
    slugs = ["clockify_get_tags", "CLOCKIFY_GET_TAGZ", "DESKTIME_PING_REQUEST", "DESKTIME_PING"]
    data = (await router.call(path, "COMPOSIO_GET_TOOL_SCHEMAS", tool_slugs=slugs))["data"]
    assert list(data["tool_schemas"]) == ["CLOCKIFY_GET_TAGS"]
    assert data["success"] is False
    assert data["not_found"] == slugs[1:]
    assert "CLOCKIFY_GET_TAGS" in data["suggestions"]["CLOCKIFY_GET_TAGZ"]
    assert all(slug.startswith("CLOCKIFY_") for near in data["suggestions"].values() for slug in near)


async def test_connections_in_both_forms(router: Router) -> None:
    account = await router.connect("desktime")
    path = await router.session()
    names: Any = ["Clockify", {"name": "desktime", "action": "list"}, {"name": "clokify"}, {"name": "desktime-2", "action": "remove"}]
    answer = await router.call(path, "COMPOSIO_MANAGE_CONNECTIONS", toolkits=names, session_id="task")
    data, results = answer["data"], answer["data"]["results"]
    link = results["clockify"]
    assert (link["status"], link["has_active_connection"], link["was_reinitiated"]) == ("initiated", False, False)
    assert link["redirect_url"].startswith(router.origin + "/link/")
    assert link["redirect_url"] in link["instruction"]
    assert link["connected_account_id"].startswith("ca_")
    assert link["auth_config_id"].startswith("ac_")
    assert link["created_at"] < link["expires_at"]
    active = results["desktime"]
    assert (active["status"], active["has_active_connection"], active["connected_account_id"]) == ("active", True, account)
    assert active["current_user_info"]["label"]
    assert active["created_at"]
    assert results["clokify"]["status"] == "failed"
    assert "clockify" in results["clokify"]["error_message"]
    assert data["summary"] == {"total_toolkits": 4, "active_connections": 1, "initiated_connections": 1, "failed_connections": 2}
    assert data["message"]
    assert data["session"]["id"] == "task"


async def test_a_connection_anew(router: Router) -> None:
    await router.connect("desktime")
    path = await router.session()
    answer = await router.call(path, "COMPOSIO_MANAGE_CONNECTIONS", toolkits=["desktime"], reinitiate_all=True)
    result = answer["data"]["results"]["desktime"]
    assert (result["status"], result["has_active_connection"], result["was_reinitiated"]) == ("initiated", True, True)
    listed = await router.call(path, "COMPOSIO_MANAGE_CONNECTIONS", toolkits=[{"name": "clockify", "action": "list"}])
    assert "redirect_url" not in listed["data"]["results"]["clockify"]
    odd: list[dict[str, Any]] = [{}, {"toolkits": []}, {"toolkits": [5]}, {"toolkits": [""]}, {"toolkits": ["x"] * 51}]
    for wrong in odd:
        assert not (await router.call(path, "COMPOSIO_MANAGE_CONNECTIONS", **wrong))["successful"]


async def test_fifty_at_once_in_their_order(router: Router, fault: Fault) -> None:
    """The first is the slowest, one in the middle fails, and the answers still stand in the order of the calls."""
    await router.connect("clockify")
    path = await router.session()
    workspace = (await router.execute(path, "CLOCKIFY_GET_ALL_MY_WORKSPACES"))["data"]["workspaces"][0]["id"]
    await fault("/clockify/api/v1/workspaces/", delay_seconds=1.5, times=5)
    calls: list[Any] = [{"tool_slug": "CLOCKIFY_GET_TAGS", "arguments": {"workspaceId": workspace, "page": n + 1}} for n in range(50)]
    calls[20] = {"tool_slug": "CLOCKIFY_NO_SUCH", "arguments": {}}
    calls[30] = "rubbish"
    calls[40] = {"tool_slug": "COMPOSIO_SEARCH_TOOLS", "arguments": {}}
    began = time.monotonic()
    answer = await router.call(path, "COMPOSIO_MULTI_EXECUTE_TOOL", tools=calls)
    assert time.monotonic() - began < 7  # one after the other the five slow ones alone would take longer
    data = answer["data"]
    assert [r["index"] for r in data["results"]] == list(range(50))
    assert [r["tool_slug"] for r in data["results"]] == [c["tool_slug"] if isinstance(c, dict) else "" for c in calls]
    assert [n for n, r in enumerate(data["results"]) if not r["response"]["successful"]] == [20, 30, 40]
    assert [n for n, r in enumerate(data["results"]) if r["error"]] == [20, 30, 40]
    assert data["results"][0]["response"]["data"]["tags"]
    assert all(r["response"]["data"]["tags"] == [] for n, r in enumerate(data["results"]) if n not in (0, 20, 30, 40))
    assert (data["total_count"], data["success_count"], data["error_count"]) == (50, 47, 3)
    assert not answer["successful"]
    assert answer["error"].startswith("3 out of 50 tools failed")
    assert "directly" in data["results"][40]["error"]


async def test_fifty_one_are_too_many(router: Router) -> None:
    path = await router.session()
    result = (await router.rpc(path, "tools/call", {"name": "COMPOSIO_MULTI_EXECUTE_TOOL", "arguments": {"tools": [PING] * 51}}))["result"]
    assert result["isError"]
    assert "at most 50" in json.loads(result["content"][0]["text"])["error"]
    odd: list[dict[str, Any]] = [{}, {"tools": []}, {"tools": "x"}, {"tools": {}}]
    for wrong in odd:
        assert "tools is missing" in (await router.call(path, "COMPOSIO_MULTI_EXECUTE_TOOL", **wrong))["error"]


async def test_a_slug_without_end_is_not_said_again(router: Router) -> None:
    path = await router.session()
    answer = await router.call(path, "COMPOSIO_MULTI_EXECUTE_TOOL", tools=[{"tool_slug": "X" * 50_000, "arguments": {}}])
    assert answer["data"]["error_count"] == 1
    assert len(json.dumps(answer)) < 2_000


async def test_arguments_may_come_as_text_and_slugs_in_any_case(router: Router) -> None:
    await router.connect("clockify")
    path = await router.session("alice", "CLOCKIFY")
    item = {"tool_slug": "clockify_get_tags", "arguments": '{"page": 1}'}
    answer = await router.call(path, "Composio_Multi_Execute_Tool", tools=[item])
    assert answer["successful"], answer


async def test_pins_and_choices_of_accounts(router: Router) -> None:
    old = await router.connect("desktime")
    new = await router.connect("desktime")
    path = await router.session("alice")
    assert (await router.execute(path, "DESKTIME_PING_REQUEST"))["successful"]
    pinned = await router.session("alice", connected_accounts={"DeskTime": old})
    assert (await router.execute(pinned, "DESKTIME_PING_REQUEST"))["successful"]
    assert [entry.account_id for entry in await router.entries(2)] == [old, new]
    careful = await router.session("alice", multi_account={"enable": True})
    refused = await router.execute(careful, "DESKTIME_PING_REQUEST")
    assert "several desktime accounts" in refused["error"]
    answer = await router.call(careful, "COMPOSIO_MULTI_EXECUTE_TOOL", tools=[PING | {"account": new}])
    assert answer["successful"]
    state = (await router.call(path, "COMPOSIO_MANAGE_CONNECTIONS", toolkits=["desktime"]))["data"]["results"]["desktime"]
    assert [(a["id"], a["is_default"]) for a in state["accounts"]] == [(new, True), (old, False)]


async def test_a_plan_can_be_followed_as_it_stands(router: Router, fault: Fault) -> None:
    """Each step names a tool and its arguments; where an earlier one gives the id, it stands under `id` in what that answered."""
    await router.connect("clockify")
    path = await router.session()
    data = await search(
        router, path, 'create a client called "Quux & Sons"', "show me this entry in full", "stop my timer at 2026-11-20T17:30:00"
    )
    ((made,), steps, (stop,)) = (result["recommended_plan_steps"] for result in data["results"])
    assert stop == 'Call CLOCKIFY_STOP_USER_TIMER with {"end":"2026-11-20T17:30:00"}.'
    slug, arguments = step(made)
    answer = await router.execute(path, slug, **arguments)
    assert answer["successful"] and answer["data"]["name"] == "Quux & Sons"
    (first, given), (second, taken) = map(step, steps)
    entry = (await router.execute(path, first, **given))["data"]["timeEntries"][0]
    assert taken == {"id": "<id from step 1>"}
    answer = await router.execute(path, second, id=entry["id"])
    assert answer["successful"] and answer["data"]["timeInterval"] == entry["timeInterval"]


def step(said: str) -> tuple[str, dict[str, Any]]:
    """A step's slug and arguments."""
    slug, _, rest = said.partition("Call ")[2].partition(" with ")
    return slug.split(".")[0], json.loads(rest[: rest.rindex("}") + 1]) if rest else {}
