"""What a request says for certain of a tool's arguments, and what it does not."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolway.calls.arguments import check
from toolway.catalog.index import BUILTIN, Catalogue
from toolway.catalog.model import Json
from toolway.errors import BadArgument
from toolway.router import known

CATALOGUE = Catalogue([BUILTIN])
TOOLS = [CATALOGUE.tool(card.slug) for card in CATALOGUE.cards()]


def filled(slug: str, words: str, fields: Any = None) -> Json:
    tool = CATALOGUE.tool(slug)
    return known.arguments(tool, CATALOGUE.toolkit(tool.toolkit), known.read(words, fields))


@pytest.mark.parametrize(
    ("slug", "words", "arguments"),
    [
        ("CLOCKIFY_DELETE_TAG", 'kill the tag "misc", nobody uses it', {"id": "misc"}),
        ("CLOCKIFY_DELETE_TAG", "delete the 'old' tag", {"id": "old"}),
        ("CLOCKIFY_DELETE_CLIENT", "delete client Wayne Enterprises from Clockify", {"id": "Wayne Enterprises"}),
        ("CLOCKIFY_DELETE_CLIENT", "delete the customer „Müller & Söhne“", {"id": "Müller & Söhne"}),
        ("CLOCKIFY_CREATE_CLIENT", 'a client called "Acme", mail office@acme.example', {"name": "Acme", "email": "office@acme.example"}),
        ("CLOCKIFY_UPDATE_USER_GROUP", 'rename the group "Interns 2025" to "Juniors"', {"id": "Interns 2025", "name": "Juniors"}),
        ("CLOCKIFY_UPDATE_PROJECT", "rename project Acme to Acme Relaunch", {"projectId": "Acme", "name": "Acme Relaunch"}),
        ("CLOCKIFY_UPDATE_TIME_ENTRY", 'rename the entry "Kickoff" to "Workshop"', {"id": "Kickoff", "description": "Workshop"}),
        ("CLOCKIFY_UPDATE_CLIENT", "archive customer Acme", {"id": "Acme", "archived": True}),
        ("DESKTIME_GET_EMPLOYEE_APPS", "which apps did Elena use yesterday", {"id": "Elena"}),
        ("DESKTIME_GET_EMPLOYEE", "get idle time of Elena on 2026-11-27", {"id": "Elena", "date": "2026-11-27"}),
        ("DESKTIME_GET_EMPLOYEE", "what is Elena Kim working on right now", {"id": "Elena Kim"}),
        ("DESKTIME_GET_EMPLOYEE", "when did I come in today", {}),
        ("DESKTIME_GET_EMPLOYEE", "is DeskTime running", {}),
        ("DESKTIME_GET_EMPLOYEE", "Today's figures", {}),
        ("CLOCKIFY_GET_TIME_ENTRIES", "which of Tom's entries are on the Acme project", {"userId": "Tom", "project": "Acme"}),
        ("CLOCKIFY_GET_CLIENT_BY_ID", "what is Acme's billing address", {"id": "Acme"}),
        ("CLOCKIFY_GET_TASKS", "list the to-dos of Alpha", {"projectId": "Alpha"}),
        ("CLOCKIFY_FILTER_WORKSPACE_USERS", "which e-mail does Tom have", {}),
        ("CLOCKIFY_DELETE_TAG", "delete the tag urgent", {"id": "urgent"}),
        ("CLOCKIFY_DELETE_TAG", "please delete tag urgent.", {"id": "urgent"}),
        ("CLOCKIFY_GET_TIME_ENTRIES", "show the entries of project website", {"project": "website"}),
        ("DESKTIME_GET_EMPLOYEE", "how productive was Elena on 2026-11-27?", {"id": "Elena", "date": "2026-11-27"}),
        ("CLOCKIFY_UPDATE_CLIENT", "change the email of client Acme to a@b.example", {"id": "Acme", "email": "a@b.example"}),
        (
            "CLOCKIFY_UPDATE_TASK",
            "change the status of task QA of project Lynx to done",
            {"projectId": "Lynx", "taskId": "QA", "status": "DONE"},
        ),
        ("CLOCKIFY_DELETE_TAG", "tag urgent", {"id": "urgent"}),
        ("CLOCKIFY_DELETE_TAG", "and tag urgent", {"id": "urgent"}),
        ("CLOCKIFY_DELETE_PROJECT", "archive the project legacy and then delete it", {"projectId": "legacy"}),
        ("CLOCKIFY_UPDATE_TAG", "archive the tag review", {"id": "review", "archived": True}),
        ("CLOCKIFY_DELETE_CLIENT", "lösche den Kunden Initech", {"id": "Initech"}),
        ("CLOCKIFY_DELETE_CLIENT", "supprime le client Initech", {"id": "Initech"}),
        ("CLOCKIFY_DELETE_PROJECT", "usuń projekt Testowy", {"projectId": "Testowy"}),
        (
            "CLOCKIFY_CREATE_TIME_ENTRY",
            "start on project Bakery brand refresh with tag meeting",
            {"projectId": "Bakery brand refresh", "tagIds": ["meeting"]},
        ),
        ("CLOCKIFY_UPDATE_CLIENT", "unarchive client Old Mill Press", {"id": "Old Mill Press", "archived": False}),
        ("CLOCKIFY_UPDATE_TIME_ENTRY", "change the description of the entry 'A' to 'B'", {"id": "A", "description": "B"}),
        ("CLOCKIFY_UPDATE_TIME_ENTRY", "change the description of 'A' to 'B c'", {"id": "A", "description": "B c"}),
        ("CLOCKIFY_UPDATE_TIME_ENTRY", "clear the description of 'A'", {"id": "A", "description": None}),
        ("CLOCKIFY_UPDATE_CLIENT", 'set the note of client Acme to "Pays late"', {"id": "Acme", "note": "Pays late"}),
        ("CLOCKIFY_UPDATE_CLIENT", "set the note of client Acme to whatever fits", {"id": "Acme"}),
        ("CLOCKIFY_FILTER_WORKSPACE_USERS", "who is on the Design team", {"userGroups": ["Design"]}),
        ("CLOCKIFY_UPDATE_TAG", "rename the tag urgent to important", {"id": "urgent", "name": "important"}),
        ("CLOCKIFY_UPDATE_TAG", 'rename "urgent" to Important', {"id": "urgent", "name": "Important"}),
        ("CLOCKIFY_CREATE_CLIENT", "lege einen Kunden namens Müller GmbH an", {"name": "Müller GmbH"}),
        ("CLOCKIFY_CREATE_CLIENT", "crée un client nommé Dupont", {"name": "Dupont"}),
        ("CLOCKIFY_CREATE_TASK", 'add "QA" as a task under project Website Relaunch', {"projectId": "Website Relaunch", "name": "QA"}),
        (
            "CLOCKIFY_CREATE_CLIENT",
            "add the client Northwind to the marketing workspace",
            {"workspaceId": "marketing", "name": "Northwind"},
        ),
        ("CLOCKIFY_GET_CLIENTS", "the clients in our Acme Holding workspace, please", {"workspaceId": "Acme Holding"}),
        ("CLOCKIFY_DELETE_TAG", 'delete the tag "x" in Design Team workspace', {"workspaceId": "Design Team", "id": "x"}),
        ("CLOCKIFY_GET_CLIENTS", "all clients in the whole workspace", {}),
        ("CLOCKIFY_GET_CLIENTS", "the clients in the other workspace", {}),
        ("CLOCKIFY_GET_CLIENTS", "which clients did the marketing workspace members add", {}),
        ("CLOCKIFY_GET_TASKS", "the tasks of the archived project", {}),
        ("CLOCKIFY_UPDATE_PROJECT", "archive the project Legacy", {"projectId": "Legacy", "archived": True}),
        ("CLOCKIFY_UPDATE_PROJECT", "bring the archived project Legacy back", {}),
        ("CLOCKIFY_GET_CLIENTS", "archived clients too", {}),
        ("CLOCKIFY_GET_TASKS", "which tasks has the project Titan?", {"projectId": "Titan"}),
        ("CLOCKIFY_CREATE_TIME_ENTRY", "record 45 minutes on project Lynx this morning", {"projectId": "Lynx"}),
        ("DESKTIME_START_PROJECT_TASK", "start project Beta, task Review", {"project": "Beta", "task": "Review"}),
        ("DESKTIME_CREATE_PROJECT_WITH_TASK", "create a new one named Gamma", {"project": "Gamma"}),
        ("DESKTIME_GET_EMPLOYEE_APPS", "apps of employee 12345 on 2026-11-20", {"id": "12345", "date": "2026-11-20"}),
        (
            "CLOCKIFY_GENERATE_DETAILED_REPORT",
            "detailed report from 2026-11-01 to 2026-11-07",
            {"dateRangeStart": "2026-11-01T00:00:00", "dateRangeEnd": "2026-11-07T23:59:59.999"},
        ),
        ("CLOCKIFY_GET_TIME_ENTRIES", "my entries of 2026-11-20", {"start": "2026-11-20T00:00:00", "end": "2026-11-20T23:59:59"}),
        (
            "CLOCKIFY_CREATE_TIME_ENTRY",
            "2026-11-20T09:00 to 2026-11-20T10:30:00Z is not one clock; 2026-11-20",
            {},
        ),
        (
            "CLOCKIFY_CREATE_TIME_ENTRY",
            "log 2026-11-20T09:00:00 to 2026-11-20T10:30:00",
            {"start": "2026-11-20T09:00:00", "end": "2026-11-20T10:30:00"},
        ),
        (
            "CLOCKIFY_CREATE_TIME_ENTRY",
            "log 2026-11-26 09:00 to 11:30 on project 'Bakery'",
            {"start": "2026-11-26T09:00:00", "end": "2026-11-26T11:30:00", "projectId": "Bakery"},
        ),
        (
            "CLOCKIFY_CREATE_USER_TIME_ENTRY",
            "log 09:00-11:30 on project Internal on 2026-11-25",
            {"start": "2026-11-25T09:00:00", "end": "2026-11-25T11:30:00", "projectId": "Internal"},
        ),
    ],
)
def test_what_is_certain(slug: str, words: str, arguments: Json) -> None:
    assert filled(slug, words) == arguments


@pytest.mark.parametrize(
    ("slug", "words"),
    [
        ("CLOCKIFY_CREATE_TIME_ENTRY", "log two hours on the Acme website yesterday"),
        ("CLOCKIFY_CREATE_TIME_ENTRY", "log work on 2026-11-20"),  # on that day, but when?
        ("CLOCKIFY_CREATE_TIME_ENTRY", "9 to 11 on project Website redesign"),  # where does the name end?
        ("DESKTIME_GET_EMPLOYEE", "when did Elena and Tom come in"),
        ("DESKTIME_GET_EMPLOYEE_APPS", "how long was Slack open on Tom's computer"),
        ("CLOCKIFY_GET_TIME_ENTRIES", "Tom's hours"),  # a person, or a project
        ("CLOCKIFY_DELETE_USER_TIME_ENTRIES", "delete what Tom did"),
        ("CLOCKIFY_DELETE_TAG", "delete the tag immediately"),
        ("CLOCKIFY_DELETE_TAG", "delete the tag soon, please"),
        ("CLOCKIFY_DELETE_TAG", "delete the tag that"),
        ("CLOCKIFY_DELETE_TAG", "delete the tag old"),
        ("CLOCKIFY_DELETE_TAG", "delete the tag urgent and misc"),
        ("CLOCKIFY_DELETE_TAG", "delete the tag urgent and the tag misc"),
        ("CLOCKIFY_DELETE_CLIENT", "lösche den Kunden Projekt"),
        ("CLOCKIFY_GET_PROJECT", "show the project status"),
        ("CLOCKIFY_GET_PROJECT", "open project Bakery brand refresh as of now"),
        ("CLOCKIFY_CREATE_TIME_ENTRY", "log time on the project kickoff"),
        ("CLOCKIFY_CREATE_TIME_ENTRY", "log 1h for project meeting"),
        ("CLOCKIFY_UPDATE_TAG", "change the tag colour"),
        ("CLOCKIFY_GET_WEBHOOK_LOGS", "what did the hook send last"),
        ("CLOCKIFY_UPDATE_USER_GROUP", "the squad goes by another name"),
        ("CLOCKIFY_ADD_USER_TO_GROUP", "the new colleague belongs to the sales group"),
        ("CLOCKIFY_UPDATE_WEBHOOK", "let the hook fire on stopped timers instead"),
        ("CLOCKIFY_GET_PROJECT", "show project Research and Development"),
        ("CLOCKIFY_GET_PROJECT", "open project Anna's things"),
        ("CLOCKIFY_GET_PROJECT", "the project in Clockify for Acme"),
        ("CLOCKIFY_UPDATE_TAG", "rename it to something shorter"),
        ("CLOCKIFY_UPDATE_TAG", "rename the tag that we use to mark mails"),
        ("CLOCKIFY_UPDATE_TAG", "rename urgent to really very important"),
        ("CLOCKIFY_DELETE_TAG", 'delete the tags "a" and "b"'),  # two, and one call takes one
        ("CLOCKIFY_GENERATE_DETAILED_REPORT", "everything since 2026-11-01"),
        ("CLOCKIFY_GENERATE_DETAILED_REPORT", "from 2026-13-01 to 2026-13-07"),
        ("CLOCKIFY_GENERATE_DETAILED_REPORT", "between 2026-11-09 and 2026-11-02"),
        ("DESKTIME_GET_EMPLOYEE_APPS", "compare 2026-11-19 with 2026-11-20"),
        ("CLOCKIFY_CREATE_TASK", "estimate 6h"),  # a text, and no name
        ("CLOCKIFY_CREATE_CLIENT", "copy a@acme.example and b@acme.example"),
    ],
)
def test_what_is_left_to_the_agent(slug: str, words: str) -> None:
    assert filled(slug, words) == {}


@pytest.mark.parametrize(
    ("slug", "fields", "arguments"),
    [
        ("CLOCKIFY_CREATE_TASK", "project: Acme, name: QA", {"projectId": "Acme", "name": "QA"}),
        ("CLOCKIFY_CREATE_TASK", "project name:Acme, task_name:QA, with care", {"projectId": "Acme", "name": "QA, with care"}),
        ("CLOCKIFY_CREATE_TASK", '{"project_id": "Acme", "NAME": "QA", "more": {"name": "no"}}', {"projectId": "Acme", "name": "QA"}),
        ("CLOCKIFY_CREATE_TASK", {"projectId": "Acme", "name": ["no"]}, {"projectId": "Acme"}),
        (
            "CLOCKIFY_CREATE_TIME_ENTRY",
            "start:2026-11-20T09:00:00, end:2026-11-20T10:00:00; billable:true, tags:travel|late, type:regular",
            {
                "start": "2026-11-20T09:00:00",
                "end": "2026-11-20T10:00:00",
                "tagIds": ["travel", "late"],
                "billable": True,
                "type": "REGULAR",
            },
        ),
        ("CLOCKIFY_UPDATE_USER_HOURLY_RATE", "user:Anna, amount:8000, since:soon", {"userId": "Anna", "amount": 8000}),
        ("CLOCKIFY_UPDATE_USER_HOURLY_RATE", "amount:a lot", {}),
    ],
)
def test_known_fields(slug: str, fields: Any, arguments: Json) -> None:
    assert filled(slug, "", fields) == arguments


@pytest.mark.parametrize(
    "fields",
    [
        "name:" + "x" * 100_000,
        "name:a\x00b",
        "name:\u202eb",
        "name:\ud800",
        "[" * 50_000,
        "{" * 2000,
        '{"name": ' * 300,
        {"a": {"b": []}},
        7,
    ],
)
def test_hostile_fields_are_passed_over(fields: Any) -> None:
    assert filled("CLOCKIFY_CREATE_CLIENT", "", fields) == {}
    assert isinstance(fields, int) or known.read("", fields).cut or known.read("", fields).fields == {}


def test_what_it_means_stands_around_it() -> None:
    tool = CATALOGUE.tool("CLOCKIFY_DELETE_PROJECT")
    whole = 'archive project Nimbus and "x", then delete it'
    kit = CATALOGUE.toolkit("clockify")
    assert known.arguments(tool, kit, known.Known("then delete it", around=whole)) == {"projectId": "Nimbus"}
    assert known.arguments(tool, kit, known.Known("then delete the others", around=whole)) == {}
    assert known.arguments(tool, kit, known.Known("delete it", around='tidy "x" up, then delete it')) == {}


def test_what_stands_first_stays() -> None:
    assert filled("CLOCKIFY_DELETE_TAG", 'delete the tag "old"', "tag:older") == {"id": "older"}


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)
SPEECH = """project Acme "Acme" the tag of called client Titan, user 12 on 2026-11-20 2026-02-30 2026-11-20T09:00 ' “ x@y.zz https://a.b/c
rename to and"""
speech = st.lists(
    st.sampled_from([*SPEECH.split(), "\x00", "«", "»", "\u202e", ""]) | st.text(max_size=20),
    max_size=25,
).map(" ".join)


@given(st.sampled_from(TOOLS), speech, anything | speech | st.dictionaries(st.text(max_size=8), st.text(max_size=8)))
def test_whatever_comes_the_arguments_are_such_as_the_call_takes(tool: Any, words: str, fields: Any) -> None:
    kit = CATALOGUE.toolkit(tool.toolkit)
    made = known.arguments(tool, kit, known.read(words, fields))
    assert list(made) == [param.given for param in tool.params if param.given in made]
    try:
        assert check(tool, kit, made) == made
        faults: Sequence[str] = ()
    except BadArgument as error:
        faults = error.details
    assert set(faults) <= {
        f"{param.given} is missing" for param in tool.params
    }  # what is due may still be missing; nothing that is there is wrong
