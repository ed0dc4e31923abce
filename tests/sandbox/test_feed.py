"""The change feed, over HTTP: what was made, changed and removed in a window."""

from typing import Any

from .asking import Answer
from .served import Account, Served
from .test_clockify_things import refused

NOW = {"start": "2026-11-18T14:30:00Z", "end": "2026-11-18T23:00:00Z"}
"""From 14:30 to 23:00 by the clock in Berlin, where it is 15:00 when the tests begin."""


def ids(answer: Answer) -> list[str]:
    assert answer.status == 200, answer
    rows: list[dict[str, Any]] = [*answer.body["response"]] if "response" in answer.body else answer.body
    return [row["document"]["id"] for row in rows]


def feed(account: Account, act: str, *types: str, **query: object) -> Answer:
    return account.call("GET", f"entities/{act}", None, type=",".join(types), **query)


def test_making_changing_and_removing_are_told_apart(served: Served, studio: Account) -> None:
    old = studio.id_of("tags", "meeting")
    made = studio.call("POST", "tags", {"name": "new one"}).body["id"]
    assert ids(feed(studio, "created", "TAGS", **NOW)) == [made]
    studio.call("PUT", f"tags/{made}", {"name": "newer one"})
    studio.call("PUT", f"tags/{old}", {"name": "meetings"})
    assert ids(feed(studio, "created", "TAGS", **NOW)) == [made]
    assert ids(feed(studio, "updated", "TAGS", **NOW)) == [old], "what was made in the window was not changed in it"
    assert feed(studio, "updated", "TAGS", **NOW).body[0]["document"]["name"] == "meetings"
    assert studio.call("DELETE", f"tags/{made}").status == studio.call("DELETE", f"tags/{old}").status == 200
    assert ids(feed(studio, "deleted", "TAGS", **NOW)) == [], "a deletion shows after a minute"
    served.later(minutes=1)
    gone = feed(studio, "deleted", "TAGS", **NOW)
    assert ids(gone) == [old], "what began and ended in the window happened nowhere"
    assert gone.body["response"][0]["document"] == {
        "id": old,
        "name": "meetings",
        "workspaceId": studio.me["activeWorkspace"],
        "archived": False,
    }
    assert ids(feed(studio, "created", "TAGS", **NOW)) == ids(feed(studio, "updated", "TAGS", **NOW)) == []


def test_a_removal_takes_along_what_hung_on_it(served: Served, studio: Account) -> None:
    project = studio.id_of("projects", "Press catalogue 2025")
    studio.call("DELETE", f"projects/{project}")
    served.later(minutes=2)
    gone = feed(studio, "deleted", "PROJECTS", "TASKS", **NOW).body["response"]
    assert sorted((row["documentType"], row["document"]["name"]) for row in gone) == [
        ("PROJECTS", "Press catalogue 2025"),
        ("TASKS", "Layout"),
    ]
    assert all(row["documentCode"] == row["documentType"] and row["deletedAt"] for row in gone)


def test_a_refused_write_is_no_change(studio: Account) -> None:
    refused(studio.call("POST", "tags", {"name": "meeting"}))
    refused(studio.call("DELETE", f"clients/{studio.id_of('clients', 'Acme')}"))
    for act in ("created", "updated"):
        assert ids(feed(studio, act, "TAGS", "CLIENTS", **NOW)) == []


def test_pages_begin_at_0(agency: Account) -> None:
    def page(number: int, limit: int) -> list[str]:
        return ids(feed(agency, "created", "TIME_ENTRY", page=number, limit=limit))

    first = page(0, 50)
    assert len(first) == 50
    assert ids(feed(agency, "created", "TIME_ENTRY")) == first, "these are the defaults"
    found: list[str] = []
    for number in range(20):
        found += page(number, 20)
    whole = page(0, 5000)
    assert found == whole
    assert len(set(whole)) > 100
    everyone: list[dict[str, Any]] = agency.call("POST", "users/info", {}).body
    listed: list[str] = []
    for person in everyone:
        rows = agency.call("GET", f"user/{person['id']}/time-entries", page_size=5000).body
        listed += [row["id"] for row in rows]
    assert sorted(whole) == sorted(listed)
    refused(feed(agency, "created", "TIME_ENTRY", page=-1))
    refused(feed(agency, "created", "TIME_ENTRY", limit=0))


def test_the_window(agency: Account, studio: Account) -> None:
    def days(**query: str) -> set[str]:
        return {row["createdAt"][:10] for row in feed(agency, "created", "TIME_ENTRY", limit=5000, **query).body}

    assert max(days()) == "2026-11-18"
    assert days(start="2026-11-12T00:00:00Z", end="2026-11-12T23:59:59Z") <= {"2026-11-11", "2026-11-12"}, "by the clock of the account"
    assert days(end="2026-11-10T00:00:00Z") == {day for day in days() if day < "2026-11-10"}
    assert days(start="2026-11-13T00:00:00Z") == {day for day in days() if day >= "2026-11-13"}, "thirty days from there"
    assert days(end="2026-10-01T00:00:00Z") == set()
    assert ids(feed(agency, "created", "CLIENTS")) == [], "the clients are older than thirty days"
    assert len(ids(feed(agency, "created", "CLIENTS", start="2026-08-01T00:00:00Z", end="2026-11-18T00:00:00Z", limit=5000))) == 64
    refused(feed(agency, "created", "CLIENTS", start="2026-11-18T00:00:00Z", end="2026-11-17T00:00:00Z"), "after")
    assert studio.call("GET", "entities/created").body["code"] == 3000, "type is due"
    refused(feed(studio, "created", "CLIENTS", "PLANETS"), "PLANETS")


def test_an_entry_is_also_its_rates_and_its_values(agency: Account) -> None:
    rows = feed(agency, "created", "TIME_ENTRY_RATE", "TIME_ENTRY_CUSTOM_FIELD_VALUE", limit=5000).body
    kinds = {kind: [row for row in rows if row["documentType"] == kind] for kind in {row["documentType"] for row in rows}}
    entries = set(ids(feed(agency, "created", "TIME_ENTRY", limit=5000)))
    assert {row["document"]["timeEntryId"] for row in kinds["TIME_ENTRY_RATE"]} == entries
    assert all(row["document"]["hourlyRate"]["amount"] for row in kinds["TIME_ENTRY_RATE"])
    values = kinds["TIME_ENTRY_CUSTOM_FIELD_VALUE"]
    assert 0 < len(values) < len(entries)
    assert {row["document"]["value"] for row in values} == {4000, 4001, 4002}
    assert len({row["id"] for row in rows}) == len(rows)


def test_scheduled_work_is_in_the_feed(studio: Account) -> None:
    rows = feed(studio, "created", "SCHEDULED_ASSIGNMENT", start="2026-08-01T00:00:00Z", end="2026-11-18T00:00:00Z").body
    assert {row["document"]["userName"] for row in rows} >= {"Alice", "Ben"}
