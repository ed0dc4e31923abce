"""Plans: what comes first, what is needed, what to beware of; and what never happens."""

import json
import re
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolway.catalog.index import BUILTIN, Catalogue
from toolway.catalog.model import Field, Kind, Noun, Param, Rate, Tool, Toolkit
from toolway.router import known, plan
from toolway.router.pitfalls import pitfalls

from .test_known import speech

CATALOGUE = Catalogue([BUILTIN])
TOOLS = [CATALOGUE.tool(card.slug) for card in CATALOGUE.cards()]
SLUGS = {tool.slug for tool in TOOLS}


def intent(slug: str, words: str = "", fields: str = "") -> plan.Intent:
    tool = CATALOGUE.tool(slug)
    return plan.Intent(tool, CATALOGUE.toolkit(tool.toolkit), known.read(words, fields))


def planned(*intents: plan.Intent, without: Iterable[str] = ()) -> plan.Plan:
    return plan.plan(intents, lambda tool: tool.slug not in set(without))


def beware(*intents: plan.Intent, without: Iterable[str] = (), plans: Iterable[str] = ()) -> list[str]:
    def may(tool: Tool) -> bool:
        return tool.slug not in set(without)

    return pitfalls(plan.plan(intents, may), [one.kit for one in intents], may, plans)


def test_where_a_name_does_the_plan_is_one_step() -> None:
    made = planned(intent("CLOCKIFY_DELETE_TAG", 'kill the tag "misc"'))
    assert plan.told(made) == ['Call CLOCKIFY_DELETE_TAG with {"id":"misc"}.']
    assert made.difficulty == "easy"


def test_what_is_done_to_a_name_is_done_to_the_one_thing_that_is_left() -> None:
    made = planned(intent("CLOCKIFY_ADD_USER_TO_GROUP", "add Ben to the Design group"))
    assert made.steps[0].arguments == {"userGroupId": "Design", "userId": "Ben"}
    made = planned(intent("CLOCKIFY_ADD_USER_TO_GROUP", "add Ben to it"))
    assert made.steps[0].arguments == {}
    both = "add Ben to group QA and rename it to Brand"
    made = planned(intent("CLOCKIFY_UPDATE_USER_GROUP")._replace(known=known.Known("rename it to Brand", around=both)))
    assert made.steps[0].arguments == {"id": "QA", "name": "Brand"}


def test_what_is_missing_is_said_with_the_tool_that_lists_it() -> None:
    made = planned(intent("CLOCKIFY_CREATE_TASK", "add a task"))
    assert plan.told(made) == ["Call CLOCKIFY_CREATE_TASK. Still to give: projectId (name or id, CLOCKIFY_GET_PROJECTS lists them); name."]
    assert [tool.slug for tool in made.prerequisites] == ["CLOCKIFY_GET_PROJECTS"]
    assert "projectId, name" in plan.guidance(made)
    assert made.difficulty == "medium"


@pytest.mark.parametrize(
    ("slug", "words", "missing"),
    [
        ("CLOCKIFY_CREATE_CLIENT", "create client Northwind in Design Team", ["workspaceId"]),
        ("CLOCKIFY_CREATE_CLIENT", 'create client "Northwind" in "Design Team"', ["workspaceId"]),
        ("CLOCKIFY_CREATE_CLIENT", "create client Northwind in the other workspace", ["workspaceId"]),
        ("CLOCKIFY_CREATE_CLIENT", "create client Northwind in the Sales workspace, not in the Design workspace", ["workspaceId"]),
        ("CLOCKIFY_GET_TIME_ENTRIES", "my entries of the tax project", ["project"]),
        ("CLOCKIFY_CREATE_TIME_ENTRY", "log two hours in Lynx", ["start", "end", "workspaceId or projectId or taskId"]),
        ("CLOCKIFY_CREATE_TIME_ENTRY", "log 2h on Acme", ["start", "end", "projectId or taskId"]),
        ("CLOCKIFY_CREATE_TIME_ENTRY", "start a timer on Monday", ["start", "end"]),
        ("CLOCKIFY_CREATE_TIME_ENTRY", "start a timer on project Lynx", []),
        ("CLOCKIFY_CREATE_TIME_ENTRY", "log 09:00 until 10:00 yesterday on project Lynx", ["start", "end"]),
        ("CLOCKIFY_CREATE_TIME_ENTRY", "log work on project Lynx today at 9am", ["start", "end"]),
        ("CLOCKIFY_CREATE_TIME_ENTRY", "log work on 2026-11-20", ["start", "end"]),
        ("CLOCKIFY_CREATE_TIME_ENTRY", "start a timer 'call at 9:30'", []),
        ("CLOCKIFY_UPDATE_TIME_ENTRY", "move my entry 'Daily' of 2026-11-20 to project Lynx", []),
        ("DESKTIME_GET_EMPLOYEE", "when did Elena and Tom come in", ["id"]),
        ("DESKTIME_GET_EMPLOYEE", "when did Elena come in", []),
        ("CLOCKIFY_GET_TIME_ENTRIES", "Tom's hours", ["userId or project"]),
        ("CLOCKIFY_GET_TIME_ENTRIES", "show me Friday's hours", []),
        ("CLOCKIFY_CREATE_USER_TIME_ENTRY", "log 2h for Ben yesterday", ["start", "end", "userId or projectId or taskId"]),
        ("CLOCKIFY_UPDATE_PROJECT_USER_HOURLY_RATE", "set Ben's hourly rate on project Rebrand to 80 euros", ["amount", "userId"]),
        ("CLOCKIFY_ADD_USER_TO_GROUP", "add Anna to the design group", ["userGroupId", "userId"]),
        ("CLOCKIFY_ADD_USER_TO_GROUP", "add me to group QA", []),
        ("CLOCKIFY_CREATE_TIME_ENTRY", "I worked on project Lynx this morning", ["start", "end"]),
        ("CLOCKIFY_GET_TIME_ENTRIES", "what did I do yesterday", ["start", "end"]),
        ("CLOCKIFY_GET_TIME_ENTRIES", "what did I do on 2026-11-26", []),
        ("DESKTIME_GET_EMPLOYEE_APPS", "which apps did Elena use yesterday", ["date"]),
        ("CLOCKIFY_GET_TIME_ENTRIES", "what are Elena and Ben doing", ["userId or project"]),
        ("CLOCKIFY_GET_TIME_ENTRIES", "my hours of this week", ["start", "end"]),
        ("CLOCKIFY_CREATE_TIME_ENTRY", "log work on project Lynx, 26 November", ["start", "end"]),
        ("CLOCKIFY_CREATE_TIME_ENTRY", "log work on project Lynx, 26.11.2026", ["start", "end"]),
        ("DESKTIME_GET_EMPLOYEE_APPS", "which apps did Elena use today", []),
        ("CLOCKIFY_CREATE_TIME_ENTRY", "start on the project kickoff", ["projectId"]),
        ("CLOCKIFY_CREATE_TIME_ENTRY", "start a timer with the tag meeting", ["tagIds"]),
        ("DESKTIME_GET_EMPLOYEE_APPS", "which apps did Elena use this morning", []),
        ("CLOCKIFY_UPDATE_TIME_ENTRY", "correct the entry 'Daily'", ["what is to change"]),
        ("CLOCKIFY_UPDATE_TIME_ENTRY", "change the description of the entry 'Daily'", ["what is to change"]),
        ("CLOCKIFY_UPDATE_TIME_ENTRY", "clear the description of 'Daily'", []),
        ("CLOCKIFY_UPDATE_PROJECT", "change the client of project Lynx to Acme", ["what is to change"]),
        ("CLOCKIFY_UPDATE_PROJECT", "bring the archived project Legacy back", ["projectId", "what is to change"]),
        ("CLOCKIFY_UPDATE_CLIENT", "unarchive client Old Mill Press", []),
        ("CLOCKIFY_UPDATE_USER_HOURLY_RATE", "set the rate of user Ben", ["amount"]),
        ("DESKTIME_STOP_PROJECT_TASK", "stop project Lynx", []),
        ("CLOCKIFY_UPDATE_TIME_ENTRY", "the entry 'Daily' began at 9:30", ["start or end"]),
        ("CLOCKIFY_GENERATE_WEEKLY_REPORT", "how long did I work on 2026-11-26", ["dateRangeStart", "dateRangeEnd", "weeklyFilter"]),
        ("CLOCKIFY_GENERATE_WEEKLY_REPORT", "the week from 2026-11-23 to 2026-11-29", ["weeklyFilter"]),
        ("CLOCKIFY_CREATE_TIME_ENTRY", "trage 2 Stunden auf das Projekt ein", ["start", "end"]),
        ("CLOCKIFY_CREATE_CLIENT", "add a client", ["name"]),
        ("CLOCKIFY_UPDATE_PROJECT", "rename the project Legacy", ["name"]),
        ("CLOCKIFY_UPDATE_PROJECT", "archive the project Legacy", []),
        ("CLOCKIFY_ADD_USER_TO_GROUP", "add Ben and Eva to the Design Team group", ["userId"]),
        ("CLOCKIFY_STOP_USER_TIMER", "stop Ben's timer", ["end", "userId"]),
        ("CLOCKIFY_DELETE_USER_GROUP", "delete Group Design", ["id"]),
        ("CLOCKIFY_CREATE_CLIENT", "create client Northwind in my workspace", []),
        ("CLOCKIFY_CREATE_CLIENT", "create client Northwind in Clockify", []),
        ("CLOCKIFY_CREATE_TIME_ENTRY", "log work in May on project Lynx", []),
    ],
)
def test_what_a_request_speaks_of_is_never_left_out_unsaid(slug: str, words: str, missing: list[str]) -> None:
    made = planned(intent(slug, words))
    assert [need.argument for need in made.steps[-1].needs] == missing
    assert made.difficulty == ("medium" if missing else "easy")


def test_an_id_that_nothing_names_is_looked_up_first() -> None:
    made = planned(intent("CLOCKIFY_DELETE_TIME_ENTRY", "delete my entry of 2026-11-20"))
    assert plan.told(made) == [
        '1. Call CLOCKIFY_GET_TIME_ENTRIES with {"start":"2026-11-20T00:00:00","end":"2026-11-20T23:59:59"}.',
        '2. Call CLOCKIFY_DELETE_TIME_ENTRY with {"id":"<id from step 1>"}.',
    ]


def test_what_a_thing_is_to_become_is_not_what_it_is_found_by() -> None:
    made = planned(intent("CLOCKIFY_UPDATE_TIME_ENTRY", "move my entry of 2026-11-20 to project Lynx"))
    assert [step.arguments for step in made.steps] == [
        {"start": "2026-11-20T00:00:00", "end": "2026-11-20T23:59:59"},
        {"id": "<id from step 1>", "projectId": "Lynx"},
    ]
    gone = planned(intent("CLOCKIFY_DELETE_TIME_ENTRY", "delete my entry on project Lynx"))
    assert gone.steps[0].arguments == {"project": "Lynx"}


def test_what_is_replaced_is_looked_at_before() -> None:
    wanted = intent("CLOCKIFY_UPDATE_PROJECT_MEMBERSHIPS", "add Anna to project Lynx")
    made = planned(wanted)
    assert [step.tool.slug for step in made.steps] == ["CLOCKIFY_GET_PROJECT", "CLOCKIFY_UPDATE_PROJECT_MEMBERSHIPS"]
    assert [step.arguments for step in made.steps] == [{"projectId": "Lynx"}] * 2
    assert "What it replaces may be gone" in plan.guidance(made)
    assert len(planned(wanted, without=["CLOCKIFY_GET_PROJECT"]).steps) == 1


def test_whose_things_are_looked_up_is_whose_things_are_taken() -> None:
    made = planned(intent("CLOCKIFY_DELETE_USER_TIME_ENTRIES", "delete the test entries of user Emil"))
    assert [step.arguments for step in made.steps] == [{"userId": "Emil"}, {"userId": "Emil", "time-entry-ids": ["<id from step 1>"]}]
    unsaid = planned(intent("CLOCKIFY_DELETE_USER_TIME_ENTRIES", "delete the test entries"))
    assert [[need.argument for need in step.needs] for step in unsaid.steps] == [["userId"], ["userId"]]


def test_the_members_of_a_list_of_objects_count_too() -> None:
    made = planned(intent("CLOCKIFY_UPDATE_TIME_ENTRIES"))
    assert made.steps[1].arguments == {"entries": [{"id": "<id from step 1>"}]}


def test_several_things_in_their_order() -> None:
    made = planned(intent("CLOCKIFY_CREATE_USER_GROUP", 'create the group "QA"'), intent("CLOCKIFY_ADD_USER_TO_GROUP", "put Anna in it"))
    assert [step.tool.slug for step in made.steps] == ["CLOCKIFY_CREATE_USER_GROUP", "CLOCKIFY_ADD_USER_TO_GROUP"]
    assert "step 1 makes one" in plan.told(made)[1]
    assert planned(intent("CLOCKIFY_GET_TAGS"), intent("CLOCKIFY_GET_TAGS")).steps == planned(intent("CLOCKIFY_GET_TAGS")).steps


def test_what_may_not_be_called_is_no_step_and_no_advice() -> None:
    made = planned(intent("CLOCKIFY_DELETE_TIME_ENTRY"), without=["CLOCKIFY_GET_TIME_ENTRIES"])
    assert plan.told(made) == ["Call CLOCKIFY_DELETE_TIME_ENTRY. Still to give: id (name or id)."]
    assert planned(intent("CLOCKIFY_GET_TAGS"), without=["CLOCKIFY_GET_TAGS"]) == plan.Plan(())
    (said, *_) = beware(intent("CLOCKIFY_DELETE_PROJECT"), without=["CLOCKIFY_UPDATE_PROJECT"])
    assert "Update Project (not in this session)" in said


@pytest.mark.parametrize(
    ("slug", "said"),
    [
        ("CLOCKIFY_DELETE_PROJECT", "archived true first"),
        ("CLOCKIFY_DELETE_TASK", "status DONE first"),
        ("CLOCKIFY_GENERATE_WEEKLY_REPORT", "exactly seven days"),
        ("CLOCKIFY_GET_TAGS", "30 calls an hour"),
        ("CLOCKIFY_CREATE_TIME_ENTRY", "Moments without an offset"),
        ("DESKTIME_GET_EMPLOYEE", "one person's day is DESKTIME_GET_EMPLOYEE"),
        ("DESKTIME_START_PROJECT_TASK", "never given by id"),
        ("DESKTIME_GET_ALL_COMPANY_EMPLOYEES", "or false when there is none"),
    ],
)
def test_what_to_beware_of(slug: str, said: str) -> None:
    assert any(said in text for text in beware(intent(slug)))


def test_only_what_touches_the_tool_is_said() -> None:
    ping = beware(intent("DESKTIME_PING_REQUEST"))
    assert not any("arrived" in text or "Projects" in text for text in ping)
    paid = beware(intent("CLOCKIFY_GET_TAGS"), plans=["paid plan"])
    assert not any("30 calls" in text for text in paid)
    assert any("30 calls" in text for text in beware(intent("CLOCKIFY_GET_TAGS"), plans=["free plan"]))


def test_a_limit_without_a_note_is_said_all_the_same() -> None:
    tool = Tool("ACME_LIST", "acme", "list", "List", "List.", "GET", "api", "/things", "read")
    kit = Toolkit("acme", "Acme", "", {}, rates=(Rate(100, "day"), Rate(5, "second")), tools={"list": tool})
    one = plan.Intent(tool, kit, known.read(""))
    assert pitfalls(plan.plan([one], lambda _: True), [kit], lambda _: True) == [
        "Acme takes 100 calls in a day: ask for no more than is needed."
    ]


def circle(*names: str) -> Toolkit:
    """A toolkit whose lists each want an id of the next, and the last one of the first."""
    tools: dict[str, Tool] = {}
    for name, other in zip(names, (*names[1:], names[0]), strict=True):
        wanted = Param("query", Field(f"{other}Id", Kind("text"), required=True), f"{other}Id")
        tools[f"list_{name}"] = Tool(
            f"X_LIST_{name.upper()}", "x", f"list_{name}", name, "", "GET", "api", f"/{name}s", "read", params=(wanted,)
        )
    return Toolkit("x", "X", "", {}, tools=tools)


@pytest.mark.parametrize("names", [("alpha",), ("alpha", "beta"), ("alpha", "beta", "gamma", "delta", "epsilon")])
def test_a_circle_ends(names: tuple[str, ...]) -> None:
    kit = circle(*names)
    made = plan.plan([plan.Intent(kit.tools["list_alpha"], kit, known.read(""))], lambda _: True)
    slugs = [step.tool.slug for step in made.steps]
    assert len(slugs) == len(set(slugs)) <= 4
    assert slugs[-1] == "X_LIST_ALPHA"
    assert made.steps[0].needs


def test_a_noun_within_itself_is_asked_for() -> None:
    noun = Noun("thing", list="list_things")
    wanted = Param("query", Field("thingId", Kind("noun", noun="thing"), required=True), "thingId")
    tool = Tool("X_LIST", "x", "list_things", "List", "", "GET", "api", "/things", "read", params=(wanted,))
    made = plan.plan(
        [plan.Intent(tool, Toolkit("x", "X", "", {}, nouns={"thing": noun}, tools={"list_things": tool}), known.read(""))], lambda _: True
    )
    assert plan.told(made) == ["Call X_LIST. Still to give: thingId (name or id)."]


@given(
    st.lists(st.tuples(st.sampled_from(TOOLS), speech), min_size=1, max_size=5),
    st.sets(st.sampled_from(sorted(SLUGS)), max_size=60),
    st.text(max_size=200),
)
def test_a_plan_keeps_its_promises(wanted: list[tuple[Tool, str]], without: set[str], fields: str) -> None:
    intents = [intent(tool.slug, words, fields) for tool, words in wanted]
    made = planned(*intents, without=without)
    said = "\n".join([*plan.told(made), plan.guidance(made), *beware(*intents, without=without)])
    assert not without & set(
        re.findall(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b", said) if not any(s in w for s in without for _, w in wanted) else ()
    )
    assert not without & {tool.slug for tool in (*made.prerequisites, *(step.tool for step in made.steps))}
    assert len(made.steps) <= plan.MOST_STEPS
    for number, step in enumerate(made.steps, start=1):
        assert set(step.arguments) <= {param.given for param in step.tool.params}
        taken = {int(found) for found in re.findall(r"<id from step (\d+)>", json.dumps(step.arguments))}
        assert all(0 < source < number for source in taken)
        assert all(need.step < number for need in step.needs)
        assert all(made.steps[source - 1].tool.effect == "read" for source in taken)
    steps = [(step.tool.slug, json.dumps(step.arguments)) for step in made.steps]
    assert len(steps) == len(set(steps))
    assert all(tool.slug in {s for s, _ in steps} for tool, _ in wanted if tool.slug not in without) or len(steps) == plan.MOST_STEPS
