"""Names to ids. The lists are handed in, as the pipeline hands in its own calls."""

import re
import time
from typing import Any

import pytest

from tests.calls.shop import builtin, kit, param, tool
from toolway.calls.nouns import Kept, Resolver, _bare  # pyright: ignore[reportPrivateUsage]
from toolway.calls.reply import Reply
from toolway.catalog.model import Json, Noun, Tool
from toolway.errors import BadArgument

W, P, T = "0" * 24, "1" * 24, "2" * 24


class Lists:
    """Answers look-ups from a table by the tool's name, and remembers what was asked. `more` names lists that go on."""

    def __init__(self, more: str = "", **replies: Any) -> None:
        self.replies, self.more = replies, more.split()
        self.asked: list[tuple[str, Json]] = []

    async def __call__(self, tool: Tool, arguments: Json) -> Reply:
        self.asked.append((tool.name, arguments))
        found = self.replies[tool.name]
        found = found(arguments) if callable(found) else found
        return Reply(found if isinstance(found, dict) else {tool.list_key: found}, {"page": 2} if tool.name in self.more else None)


def row(id: str | int, name: str, **more: Any) -> Json:
    return {"id": id, "name": name} | more


async def resolved(slug: str, lists: Lists, **arguments: Any) -> Json:
    found, its = builtin(slug)
    return await Resolver(found, its, "ca_1", lists, Kept()).resolve(arguments)


WORKSPACES = [row("w1", "Marketing"), row("w2", "Design Team"), row("w3", "Client Work"), row("w4", "Client Billing")]


@pytest.mark.parametrize(
    ("name", "id"),
    [
        ("Marketing", "w1"),
        (" marketing ", "w1"),
        ("market", "w1"),
        ("marketing workspace", "w1"),
        ("the Marketing workspace", "w1"),
        ("workspace Marketing", "w1"),
        ("The workspace marketing", "w1"),
        ("the design team", "w2"),
        ("Billing", "w4"),
        ("the   Design \t Team  workspace", "w2"),
    ],
)
async def test_people_name_things_in_these_ways(name: str, id: str) -> None:
    lists = Lists(get_all_my_workspaces=WORKSPACES)
    assert await resolved("CLOCKIFY_GET_TAGS", lists, workspaceId=name) == {"workspaceId": id}
    assert len(lists.asked) == 1


async def test_a_name_costs_no_more_than_its_length() -> None:
    lists = Lists(get_all_my_workspaces=WORKSPACES)
    with pytest.raises(BadArgument, match="workspaceId has 50001 characters; no id"):
        await resolved("CLOCKIFY_GET_TAGS", lists, workspaceId="the" + " " * 49_997 + "x")
    assert not lists.asked
    noun = Noun("workspace", "list")
    began = time.perf_counter()
    assert _bare(noun, "the" + " " * 200_000 + "x workspace" + " " * 200_000 + "y") == "x workspace y"
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("client", 'several workspaces fit "client": Client Work (id w3); Client Billing (id w4).'),
        ("Marketting", 'there is no workspace "Marketting". Nearest are: Marketing (id w1)'),
        ("our marketing place", "there is no workspace"),
        ("the workspace", "there is no workspace"),
        ("", "a name is needed"),
        ("  ", "a name is needed"),
    ],
)
async def test_what_is_not_plain_is_told(name: str, said: str) -> None:
    with pytest.raises(BadArgument) as raised:
        await resolved("CLOCKIFY_GET_TAGS", Lists(get_all_my_workspaces=WORKSPACES), workspaceId=name)
    assert said in raised.value.sentence and raised.value.message.startswith("CLOCKIFY_GET_TAGS: workspaceId")


async def test_an_article_or_a_part_that_fits_another_thing_is_no_single_match() -> None:
    lists = Lists(get_clients=[row("c1", "Acme"), row("c2", "The Acme Client Group")])
    with pytest.raises(BadArgument, match="several clients fit"):
        await resolved("CLOCKIFY_GET_CLIENT_BY_ID", lists, workspaceId=W, id="the Acme client")
    assert (await resolved("CLOCKIFY_GET_CLIENT_BY_ID", lists, workspaceId=W, id="acme"))["id"] == "c1"


async def test_a_person_is_known_by_the_address_that_tells_namesakes_apart() -> None:
    people = [row("u1", "Sam Taylor", email="sam@x.example"), row("u2", "Sam Taylor", email="s.taylor@x.example")]
    lists = Lists(filter_workspace_users=[*people, *(row(f"v{n}", "Sam Taylor", email=f"{n}@x.example") for n in range(5))])
    for slug in ("CLOCKIFY_GET_MEMBER_PROFILE", "CLOCKIFY_REMOVE_USER_FROM_GROUP"):
        given = {"userGroupId": T} if "GROUP" in slug else {}
        assert (await resolved(slug, lists, workspaceId=W, userId="S.Taylor@x.example", **given))["userId"] == "u2"
    with pytest.raises(BadArgument, match=r"several users fit .*; and 2 more\."):
        await resolved("CLOCKIFY_GET_MEMBER_PROFILE", lists, workspaceId=W, userId="Sam Taylor")


async def test_what_destroys_takes_an_exact_name_only() -> None:
    lists = Lists(get_tags=[row("t1", "urgent"), row("t2", "Meeting"), row("t3", "meeting")])
    assert (await resolved("CLOCKIFY_DELETE_TAG", lists, workspaceId=W, id="Urgent"))["id"] == "t1"
    for name in ("urg", "the urgent tag", "urgent tag", "meeting"):
        with pytest.raises(BadArgument):
            await resolved("CLOCKIFY_DELETE_TAG", lists, workspaceId=W, id=name)


async def test_an_entry_is_named_by_its_description_and_told_apart_by_its_beginning() -> None:
    times = {"start": "2026-11-20T09:00:00Z"}
    entries = [
        {"id": f"e{n}", "description": said, "timeInterval": times} for n, said in enumerate([None, "", "Stand-up", "Review", "Review"])
    ]
    lists = Lists(get_time_entries=entries, get_currently_logged_in_user_info={"id": P, "activeWorkspace": W})
    assert (await resolved("CLOCKIFY_DELETE_TIME_ENTRY", lists, id="stand-up"))["id"] == "e2"
    assert lists.asked[-1] == ("get_time_entries", {"workspaceId": W, "userId": P, "page-size": 1000})
    with pytest.raises(BadArgument, match=r"several entries fit.* Review \(2026-11-20T09:00:00Z, id e3\); Review \(.* id e4\)"):
        await resolved("CLOCKIFY_DELETE_TIME_ENTRY", lists, id="Review")
    with pytest.raises(BadArgument) as raised:
        await resolved("CLOCKIFY_UPDATE_TIME_ENTRY", lists, id="Reviw")
    assert re.search(r"Nearest are: Review .* id e3\); Review .* id e4", raised.value.sentence)
    with pytest.raises(BadArgument):
        await resolved("CLOCKIFY_GET_TIME_ENTRY", lists, id="None")


@pytest.mark.parametrize("slug", ["CLOCKIFY_GET_TAG", "CLOCKIFY_DELETE_TAG"])
async def test_an_id_is_an_id_whatever_it_looks_like(slug: str) -> None:
    lists = Lists(more="get_tags", get_tags=[row("t1", "t2"), row("t2", "urgent"), row("t20", "Meeting")])
    assert (await resolved(slug, lists, workspaceId=W, id="t2"))["id"] == "t2"
    assert len(lists.asked) == 1


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("Des", "the one that comes near is Design Team (id w2)"),
        ("the market workspace", "no workspace"),
        ("client", "several workspaces fit"),
    ],
)
async def test_what_changes_something_takes_a_whole_name_only(name: str, near: str) -> None:
    lists = Lists(get_all_my_workspaces=WORKSPACES)
    with pytest.raises(BadArgument) as raised:
        await resolved("CLOCKIFY_CREATE_CLIENT", lists, workspaceId=name, name="x")
    assert near in raised.value.sentence
    for whole in ("design team", "the Design Team workspace"):
        assert (await resolved("CLOCKIFY_CREATE_CLIENT", lists, workspaceId=whole, name="x"))["workspaceId"] == "w2"
    lists = Lists(get_tags=[row("t1", "urgent")])
    with pytest.raises(BadArgument, match="comes near is urgent"):
        await resolved("CLOCKIFY_UPDATE_TAG", lists, workspaceId=W, id="urg", name="x")


async def test_ids_are_never_looked_up() -> None:
    lists = Lists()
    given = {"workspaceId": W, "projectId": P, "tagIds": [T, T], "description": "x"}
    assert await resolved("CLOCKIFY_CREATE_TIME_ENTRY", lists, **given) == given
    assert not lists.asked


async def test_what_lies_within_is_looked_up_after_what_it_lies_in() -> None:
    lists = Lists(
        get_all_my_workspaces=WORKSPACES, get_projects=[row("p1", "Site")], get_tasks=[row("k1", "Build")], get_tags=[row("t1", "a")]
    )
    given = {"tagIds": ["a"], "taskId": "build", "projectId": "site", "workspaceId": "marketing"}
    made = await resolved("CLOCKIFY_CREATE_TIME_ENTRY", lists, **given)
    assert made == {"tagIds": ["t1"], "taskId": "k1", "projectId": "p1", "workspaceId": "w1"}
    assert ("get_tasks", {"workspaceId": "w1", "projectId": "p1"}) in lists.asked
    with pytest.raises(BadArgument, match="to find its task, projectId is needed"):
        await resolved("CLOCKIFY_CREATE_TIME_ENTRY", lists, workspaceId=W, taskId="build")


async def test_what_lies_within_something_that_the_tool_does_not_take_is_sought_in_the_default_one() -> None:
    lists = Lists(get_currently_logged_in_user_info={"activeWorkspace": W}, get_shared_reports=[row("r1", "Acme weekly")])
    assert await resolved("CLOCKIFY_GET_SHARED_REPORT", lists, id="acme weekly") == {"id": "r1"}
    assert ("get_shared_reports", {"workspaceId": W}) in lists.asked
    lists = Lists(get_currently_logged_in_user_info={"activeWorkspace": None})
    with pytest.raises(BadArgument, match="Clockify names no default"):
        await resolved("CLOCKIFY_GET_SHARED_REPORT", lists, id="acme weekly")


async def test_within_a_list_the_sibling_is_meant() -> None:
    def tasks_of(asked: Json) -> list[Json]:
        return [row("k1" if asked["projectId"] == "p1" else "k2", "Build")]

    lists = Lists(get_projects=[row("p1", "Site"), row("p2", "App")], get_tasks=tasks_of)
    entries = [{"id": "e1", "taskId": "build", "projectId": "Site"}, {"id": "e2", "projectId": "App", "taskId": "build"}]
    made = await resolved("CLOCKIFY_UPDATE_TIME_ENTRIES", lists, workspaceId=W, userId=P, entries=entries)
    assert [entry["taskId"] for entry in made["entries"]] == ["k1", "k2"]
    assert entries[0]["projectId"] == "Site"  # what was given is left as it was
    with pytest.raises(BadArgument, match=r"entries\[0\]\.taskId .* projectId is needed"):
        await resolved("CLOCKIFY_UPDATE_TIME_ENTRIES", lists, workspaceId=W, userId=P, entries=[{"id": "e", "taskId": "build"}])


async def test_order_holds_through_any_depth_and_a_circle_ends() -> None:
    nouns = (Noun("a", "do", within=("b",)), Noun("b", "do", within=("c",)), Noun("c", "do", within=("a",)))
    found = tool("GET /x", param("query", "a", "@a"), param("query", "b", "@b"), param("query", "c", "@c"))
    its = kit(found, nouns=nouns)
    lists = Lists(do=[row("1", "x"), row("2", "y"), row("3", "z")])
    made = await Resolver(found, its, "ca_1", lists, Kept()).resolve({"a": "x", "b": "y", "c": "z"})
    assert set(made.values()) == {"1", "2", "3"}


async def test_a_default_fills_only_what_is_due() -> None:
    lists = Lists(get_currently_logged_in_user_info={"id": "me", "activeWorkspace": "w9"})
    assert await resolved("CLOCKIFY_STOP_USER_TIMER", lists, end="e") == {"end": "e", "workspaceId": "w9", "userId": "me"}
    assert await resolved("CLOCKIFY_GET_PROJECTS", lists) == {"workspaceId": "w9"}
    with pytest.raises(BadArgument, match="workspaceId is missing, and Clockify names no default"):
        await resolved("CLOCKIFY_GET_TAGS", Lists(get_currently_logged_in_user_info={}))


async def test_a_list_that_lies_deeper() -> None:
    days = {
        "2026-11-20": {"7": row(7, "Anna Ek", group="A"), "8": row(8, "Bo")},
        "2026-11-21": {"7": row(7, "Anna Ek"), "9": row(9, "Bo", group="B")},
    }
    lists = Lists(get_all_company_employees={"employees": days, "__request_time": 1})
    assert await resolved("DESKTIME_GET_EMPLOYEE", lists, id="anna ek") == {"id": "7"}
    with pytest.raises(BadArgument, match=r"several employees fit \"bo\": Bo \(id 8\); Bo \(B, id 9\)"):
        await resolved("DESKTIME_GET_EMPLOYEE", lists, id="bo")
    empties: list[Json] = [{"employees": []}, {"employees": {"2026-11-20": []}}, {}]
    for empty in empties:
        with pytest.raises(BadArgument, match="no employee") as raised:
            await resolved("DESKTIME_GET_EMPLOYEE", Lists(get_all_company_employees=empty), id="anna")
        assert "lists none at all" in raised.value.sentence


async def test_a_long_list_is_narrowed_by_the_service() -> None:
    def projects(asked: Json) -> list[Json]:
        return [row("p1", "Website")] if asked.get("name") == "site" else [row(str(n), f"Other {n}") for n in range(50)]

    lists = Lists("get_projects", get_projects=projects)
    with pytest.raises(BadArgument, match=r"more than one project may fit .* Only the first 1 projects were looked at"):
        await resolved("CLOCKIFY_GET_PROJECT", lists, workspaceId=W, projectId="site")
    assert [asked.get("name") for _, asked in lists.asked] == [None, "site", "site"]  # the second page brings nothing new
    exact = Lists("get_projects", get_projects=[row("p1", "Website")])
    assert (await resolved("CLOCKIFY_GET_PROJECT", exact, workspaceId=W, projectId="the website project"))["projectId"] == "p1"
    assert exact.asked[1][1]["name"] == "website"
    with pytest.raises(BadArgument, match="Only the first 50 projects"):
        await resolved("CLOCKIFY_GET_PROJECT", lists, workspaceId=W, projectId="nothing such")


async def test_what_destroys_takes_no_name_from_a_list_that_goes_on() -> None:
    lists = Lists("get_tags", get_tags=[row("t1", "urgent")])
    with pytest.raises(BadArgument, match="may fit"):
        await resolved("CLOCKIFY_DELETE_TAG", lists, workspaceId=W, id="urgent")


class Leaves(Lists):
    """Lists tags by fifties, those only whose name holds what was asked for, and reports likewise."""

    def __init__(self, *names: str) -> None:
        super().__init__()
        self.names = names

    async def __call__(self, tool: Tool, arguments: Json) -> Reply:
        self.asked.append((tool.name, arguments))
        page = arguments.get("page", 1)
        rows = [row(f"t{n}", name) for n, name in enumerate(self.names) if arguments.get("name", "") in name]
        return Reply({tool.list_key: rows[page * 50 - 50 : page * 50]}, {"page": page + 1} if len(rows) > page * 50 else None)


async def test_pages_are_followed_to_the_end_or_to_a_bound() -> None:
    names = [f"urgent {n}" for n in range(120)]
    lists = Leaves(*names, "urgent", *(f"other {n}" for n in range(500)))
    assert (await resolved("CLOCKIFY_DELETE_TAG", lists, workspaceId=W, id="urgent"))["id"] == "t120"
    assert [(a.get("name"), a.get("page", 1)) for _, a in lists.asked] == [(None, 1), ("urgent", 1), ("urgent", 2), ("urgent", 3)]
    with pytest.raises(BadArgument, match="several tags fit"):
        await resolved("CLOCKIFY_DELETE_TAG", Leaves(*names, "urgent", "urgent"), workspaceId=W, id="urgent")
    endless = Leaves(*(f"urgent {n}" for n in range(400)), "urgent")
    with pytest.raises(BadArgument, match="Only the first 250 tags were looked at"):
        await resolved("CLOCKIFY_DELETE_TAG", endless, workspaceId=W, id="urgent")
    assert len(endless.asked) == 6


async def test_pages_are_followed_where_the_service_narrows_nothing() -> None:
    lists = Leaves(*(f"r {n}" for n in range(180)), "Acme weekly")
    assert (await resolved("CLOCKIFY_DELETE_SHARED_REPORT", lists, workspaceId=W, id="acme weekly"))["id"] == "t180"
    assert len(lists.asked) == 4
    with pytest.raises(BadArgument, match="Only the first 250 reports were looked at"):
        await resolved("CLOCKIFY_GET_SHARED_REPORT", Leaves(*(f"r {n}" for n in range(300)), "x"), workspaceId=W, id="x")


async def test_who_the_user_is_outlives_a_write_that_is_not_about_it() -> None:
    kept, lists = Kept(), Lists(get_currently_logged_in_user_info={"activeWorkspace": W})
    found, its = builtin("CLOCKIFY_GET_TAGS")

    async def asked(after_a_write_to: str) -> int:
        kept.forget("ca_1", after_a_write_to)
        assert (await Resolver(found, its, "ca_1", lists, kept).resolve({}))["workspaceId"] == W
        return len(lists.asked)

    assert [await asked(""), await asked("/v1/workspaces/{workspaceId}/tags"), await asked("/v1/user/photo")] == [1, 1, 2]


async def test_lists_are_kept_for_a_minute_an_account() -> None:
    now = [0.0]
    kept, lists = Kept(lambda: now[0]), Lists(get_tags=[row("t1", "a"), row("t2", "b")])
    found, its = builtin("CLOCKIFY_CREATE_TIME_ENTRY")

    async def ask(account: str) -> int:
        await Resolver(found, its, account, lists, kept).resolve({"workspaceId": W, "tagIds": ["a", "b"]})
        return len(lists.asked)

    assert [await ask("ca_1"), await ask("ca_1"), await ask("ca_2")] == [1, 1, 2]
    kept.forget("ca_1", "/v1/workspaces")
    assert [await ask("ca_2"), await ask("ca_1")] == [2, 3]
    now[0] = 61
    assert await ask("ca_1") == 4


async def test_what_destroys_is_not_looked_up_in_what_was_kept() -> None:
    """Another process, or the person, may have renamed things since."""
    lists, kept = Lists(get_tags=[row("t1", "Old")], get_all_my_workspaces=[row("w1", "Acme")]), Kept()
    (deletes, its), (updates, _) = builtin("CLOCKIFY_DELETE_TAG"), builtin("CLOCKIFY_UPDATE_TAG")
    given = {"workspaceId": W, "id": "Old"}
    assert (await Resolver(updates, its, "ca_1", lists, kept).resolve(given))["id"] == "t1"
    lists.replies["get_tags"] = [row("t1", "New"), row("t2", "Old")]
    assert (await Resolver(deletes, its, "ca_1", lists, kept).resolve(given))["id"] == "t2"
