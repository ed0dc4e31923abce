"""Webhooks are delivered to a program on this machine, and their log tells of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from toolway.sandbox.postman import address

from .receiver import Receiver, until
from .served import Account, Served


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


def hook(account: Account, event: str, url: str, source: str = "WORKSPACE_ID", *ids: str) -> dict[str, Any]:
    body = {
        "name": event[:30].lower(),
        "url": url,
        "webhookEvent": event,
        "triggerSourceType": source,
        "triggerSource": ids or [account.me["activeWorkspace"]],
    }
    made = account.call("POST", "webhooks", body)
    assert made.status == 201, made
    return made.body


def log(account: Account, made: dict[str, Any]) -> list[dict[str, Any]]:
    return account.call("POST", f"webhooks/{made['id']}/logs", {}).body


def ok(account: Account, method: str, path: str, body: object = None) -> Any:
    answer = account.call(method, path, body)
    assert answer.status in (200, 201, 204), answer
    return answer.body


THINGS = [("TAG", "tags", "PUT"), ("CLIENT", "clients", "PUT"), ("PROJECT", "projects", "PUT")]


@pytest.mark.parametrize(("thing", "path", "change"), THINGS)
def test_what_is_made_changed_and_removed_is_told(agency: Account, receiver: Receiver, thing: str, path: str, change: str) -> None:
    hooks = [hook(agency, event, receiver.url) for event in (f"NEW_{thing}", f"{thing}_UPDATED", f"{thing}_DELETED")]
    made = ok(agency, "POST", path, {"name": "First name"})
    ok(agency, change, f"{path}/{made['id']}", {"name": "Second name", "archived": True})
    ok(agency, "DELETE", f"{path}/{made['id']}")
    until(lambda: all(log(agency, one) for one in hooks))
    came = {one.event: one for one in receiver.came}
    assert set(came) == {one["webhookEvent"] for one in hooks}
    for one in hooks:
        seen = came[one["webhookEvent"]]
        assert seen.path == "/hook"
        assert seen.headers["clockify-signature"] == one["authToken"]
        assert seen.headers["content-type"] == "application/json"
        assert (seen.body["id"], seen.body["name"]) == (made["id"], "First name" if one is hooks[0] else "Second name")
        [line] = log(agency, one)
        assert (line["statusCode"], line["responseBody"], line["webhookId"]) == (200, "seen", one["id"])
        assert msgspec.json.decode(line["requestBody"]) == seen.body


def test_tasks_and_groups(agency: Account, receiver: Receiver) -> None:
    events = ["NEW_TASK", "TASK_UPDATED", "TASK_DELETED", "USER_GROUP_CREATED", "USER_GROUP_UPDATED", "USER_GROUP_DELETED"]
    for event in events:
        hook(agency, event, receiver.url)
    path = f"projects/{ok(agency, 'POST', 'projects', {'name': 'Told of'})['id']}/tasks"
    task = ok(agency, "POST", path, {"name": "Begin"})["id"]
    ok(agency, "PUT", f"{path}/{task}", {"name": "Begin", "status": "DONE"})
    ok(agency, "DELETE", f"{path}/{task}")
    group = ok(agency, "POST", "user-groups", {"name": "Watchers"})["id"]
    ok(agency, "POST", f"user-groups/{group}/users", {"userId": agency.me["id"]})
    ok(agency, "DELETE", f"user-groups/{group}/users/{agency.me['id']}")
    ok(agency, "DELETE", f"user-groups/{group}")
    until(lambda: len(receiver.came) == 7)
    assert sorted({one.event for one in receiver.came}) == sorted(events)
    changed = [one.body["userIds"] for one in receiver.came if one.event == "USER_GROUP_UPDATED"]
    assert sorted(changed) == [[], [agency.me["id"]]]


def test_timers_and_entries(studio: Account, receiver: Receiver) -> None:
    for event in ("NEW_TIMER_STARTED", "TIMER_STOPPED", "NEW_TIME_ENTRY", "TIME_ENTRY_UPDATED", "TIME_ENTRY_DELETED"):
        hook(studio, event, receiver.url)
    timer = ok(studio, "POST", "time-entries", {"start": "2026-11-18T13:00:00Z", "description": "timer"})["id"]
    ok(studio, "PATCH", studio.mine(), {"end": "2026-11-18T13:30:00Z"})
    whole = {"start": "2026-11-18T09:00:00Z", "end": "2026-11-18T10:00:00Z", "description": "whole"}
    entry = ok(studio, "POST", "time-entries", whole)["id"]
    ok(studio, "PUT", f"time-entries/{entry}", whole | {"description": "changed"})
    ok(studio, "DELETE", f"time-entries/{entry}")
    until(lambda: len(receiver.came) >= 5)
    told = {one.event: (one.body["id"], one.body["description"]) for one in receiver.came}
    assert told.pop("NEW_TIMER_STARTED") == told.pop("TIMER_STOPPED") == (timer, "timer")
    assert told.pop("NEW_TIME_ENTRY") == (entry, "whole")
    assert told == {"TIME_ENTRY_UPDATED": (entry, "changed"), "TIME_ENTRY_DELETED": (entry, "changed")}


def test_a_webhook_is_told_of_its_sources_only(agency: Account, receiver: Receiver) -> None:
    wanted = ok(agency, "POST", "projects", {"name": "Wanted"})["id"]
    other = ok(agency, "POST", "projects", {"name": "Other"})["id"]
    narrow = hook(agency, "NEW_TASK", receiver.url, "PROJECT_ID", wanted)
    for project in (other, wanted):
        ok(agency, "POST", f"projects/{project}/tasks", {"name": "Once"})
    until(lambda: log(agency, narrow))
    assert [one.body["projectId"] for one in receiver.came] == [wanted]
    ok(agency, "DELETE", f"webhooks/{narrow['id']}")
    ok(agency, "POST", f"projects/{wanted}/tasks", {"name": "Nobody is told"})
    last = hook(agency, "NEW_TAG", receiver.url)
    ok(agency, "POST", "tags", {"name": "the end"})
    until(lambda: log(agency, last))
    assert len(receiver.came) == 2


def test_a_refused_write_is_not_told(agency: Account, receiver: Receiver) -> None:
    told = hook(agency, "NEW_TAG", receiver.url)
    for name in ("twice", "twice", "last"):
        agency.call("POST", "tags", {"name": name})
    until(lambda: len(log(agency, told)) == 2)
    assert sorted(one.body["name"] for one in receiver.came) == ["last", "twice"]


def test_it_is_tried_again_and_given_up(agency: Account) -> None:
    with Receiver(503, 301) as receiver:
        told = hook(agency, "NEW_TAG", receiver.url)
        ok(agency, "POST", "tags", {"name": "tried"})
        until(lambda: len(log(agency, told)) == 3)
        assert sorted(line["statusCode"] for line in log(agency, told)) == [200, 301, 503]
        assert [one.body["name"] for one in receiver.came] == ["tried"] * 3
    gone = hook(agency, "NEW_CLIENT", receiver.url)
    ok(agency, "POST", "clients", {"name": "nobody listens"})
    until(lambda: len(log(agency, gone)) == 3)
    assert {(line["statusCode"], "could not be reached" in line["responseBody"]) for line in log(agency, gone)} == {(0, True)}
    failed = agency.call("POST", f"webhooks/{gone['id']}/logs", {"status": "FAILED"}).body
    assert len(failed) == 3


def test_nobody_waits_for_a_receiver(agency: Account) -> None:
    """While it holds its answers the vendor answers, and another webhook is served."""
    with Receiver(held=True) as slow, Receiver() as quick:
        waiting, served = hook(agency, "NEW_TAG", slow.url), hook(agency, "NEW_CLIENT", quick.url)
        ok(agency, "POST", "tags", {"name": "held"})
        until(lambda: slow.came)
        ok(agency, "POST", "clients", {"name": "not held"})
        until(lambda: log(agency, served))
        assert not log(agency, waiting)
        slow.free.set()
        until(lambda: log(agency, waiting))
        assert len(slow.came) == 1


@pytest.mark.parametrize("url", ["https://hooks.example.com/x", "http://10.0.0.1/", "http://[fe80::1]/", "http://127.0.0.1.example.com/"])
def test_it_sends_to_this_machine_only(agency: Account, url: str) -> None:
    told = hook(agency, "NEW_TAG", url)
    ok(agency, "POST", "tags", {"name": "told to nobody"})
    [line] = log(agency, told)
    assert (line["statusCode"], "loopback addresses only" in line["responseBody"]) == (0, True)


@pytest.mark.parametrize(
    ("url", "where"),
    [
        ("http://127.0.0.1:80/x", ("127.0.0.1", 80)),
        ("http://localhost:8000", ("127.0.0.1", 8000)),
        ("https://[::1]/x", ("::1", 443)),
        ("http://user@127.9.9.9/", ("127.9.9.9", 80)),
        ("http://127.0.0.1@example.com/", None),
        ("http://127.0.0.1\\@example.com/", None),
        ("http://example.com#@127.0.0.1/", None),
        ("http://2130706433/", None),
        ("http://0.0.0.0/", None),
        ("http://[::ffff:127.0.0.1]/", None),
        ("http://[::1/", None),
        ("http://127.0.0.1:99999/", None),
        ("http://localhost.example.com/", None),
        ("http://169.254.169.254/", None),
    ],
)
def test_which_addresses_are_of_this_machine(url: str, where: tuple[str, int] | None) -> None:
    assert address(url) == where


def test_what_was_not_delivered_is_delivered_after_a_restart(tmp_path: Path) -> None:
    with Receiver(held=True) as receiver:
        with Served(tmp_path / "world.json") as first:
            agency = first.account("sandbox-clockify-eu-key", "euc1/api", "euc1/report")
            told = hook(agency, "NEW_TAG", receiver.url)
            ok(agency, "POST", "tags", {"name": "late"})
            until(lambda: receiver.came)
        receiver.free.set()
        with Served(tmp_path / "world.json") as second:
            again = second.account("sandbox-clockify-eu-key", "euc1/api", "euc1/report")
            until(lambda: log(again, told))
            assert [line["statusCode"] for line in log(again, told)] == [200]
    assert [one.body["name"] for one in receiver.came] == ["late", "late"], "at least once"
