"""Keys and their hosts, roles, plans, limits, forced fields and locks, over HTTP."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from .asking import Answer
from .served import REGIONAL, Account, Served
from .test_clockify_things import names, refused


def forbidden(answer: Answer) -> None:
    assert (answer.status, set(answer.body)) == (403, {"message", "code"}), answer


@pytest.mark.parametrize(
    ("key", "api", "reports"),
    [
        ("sandbox-clockify-key", "api", "reports"),
        ("sandbox-clockify-eu-key", *REGIONAL),
        ("sandbox-clockify-au-key", "apse2/api", "apse2/report"),
        ("sandbox-clockify-subdomain-key", "euc1/api", "northlight/report"),
    ],
)
def test_a_key_is_known_on_its_own_hosts_only(served: Served, key: str, api: str, reports: str) -> None:
    account = served.account(key, api, reports)
    assert account.me["activeWorkspace"]
    listed = account.report("GET", f"/workspaces/{account.me['activeWorkspace']}/shared-reports")
    assert set(listed.body) == {"reports", "count"}
    for host in {"api", "use2/api", "euc1/api", "apse2/api", "developer/api"} - {api}:
        lost = served.send("GET", f"/clockify/{host}/v1/user", headers={"X-Api-Key": key})
        assert (lost.status, lost.body["code"]) == (401, 4003), host
    assert served.send("GET", "/clockify/mars1/api/v1/user", headers={"X-Api-Key": key}).status == 404
    assert served.send("GET", f"/clockify/{reports}/v1/user", headers={"X-Api-Key": key}).status == 404, "each host has its own paths"


def test_an_add_on_asks_fifty_times_a_second(served: Served) -> None:
    token = {"X-Addon-Token": "sandbox-clockify-addon-token"}
    assert {served.send("GET", "/clockify/api/v1/user", headers=token).status for _ in range(50)} == {200}
    busy = served.send("GET", "/clockify/api/v1/user", headers=token)
    assert (busy.status, busy.body["message"]) == (429, "Too many requests")
    served.later(seconds=1)
    assert served.send("GET", "/clockify/api/v1/user", headers=token).status == 200


def test_a_free_workspace_takes_thirty_requests_an_hour(free: Account) -> None:
    home = free.me["activeWorkspace"]
    answers = [free.call("GET", f"/workspaces/{home}/tags").status for _ in range(31)]
    assert answers == [200] * 30 + [429]
    assert free.report("GET", f"/workspaces/{home}/shared-reports").status == 429, "the hosts count together"
    assert free.call("GET", "/user").status == 200, "what is not of the workspace is not counted"
    free.served.later(minutes=61)
    assert free.call("GET", f"/workspaces/{home}/tags").status == 200


def test_what_a_free_plan_has_not(free: Account) -> None:
    home = free.call("GET", f"/workspaces/{free.me['activeWorkspace']}").body
    assert home["featureSubscriptionType"] == "FREE"
    assert "SCHEDULING" not in home["features"]
    window = {"start": "2026-11-01T00:00:00Z", "end": "2026-11-30T00:00:00Z"}
    forbidden(free.call("GET", "scheduling/assignments/all", None, **window))
    forbidden(free.call("GET", "holidays"))
    forbidden(free.report("POST", "reports/expenses/detailed", {"dateRangeStart": "2026-11-01", "dateRangeEnd": "2026-11-02"}))
    mia = next(row["id"] for row in free.call("POST", "users/info", {}).body if row["name"] == "Mia Chen")
    forbidden(free.call("POST", f"user/{mia}/time-entries", {"start": "2026-11-18T01:00:00Z", "end": "2026-11-18T02:00:00Z"}))
    forbidden(free.call("PUT", free.mine(), []))
    hook = {"name": "Fourth", "url": "https://a.example.com", "webhookEvent": "NEW_TASK", "triggerSourceType": "WORKSPACE_ID"}
    forbidden(free.call("POST", "webhooks", {**hook, "triggerSource": []}))
    doomed = free.call("GET", "webhooks").body["webhooks"][0]["id"]
    assert free.call("DELETE", f"webhooks/{doomed}").status == 200
    assert free.call("POST", "webhooks", {**hook, "triggerSource": []}).status == 201


def test_a_free_report_is_a_month_long_and_an_ordinary_one_a_year(free: Account, agency: Account, strict: Account) -> None:
    def ask(account: Account, kind: str, days: int) -> Answer:
        start = datetime(2026, 11, 18) - timedelta(days=days)
        window: dict[str, Any] = {"dateRangeStart": start.isoformat(), "dateRangeEnd": "2026-11-18T00:00:00", "detailedFilter": {}}
        return account.report("POST", f"reports/{kind}", {**window, "summaryFilter": {"groups": ["USER"]}})

    for kind in ("detailed", "summary"):
        assert ask(free, kind, 31).status == 200
        refused(ask(free, kind, 32), "31 days")
        assert ask(agency, kind, 366).status == 200
        refused(ask(agency, kind, 367), "366 days")
        assert ask(strict, kind, 800).status == 200, "ENTERPRISE"


def test_a_member_may_not_administer(member: Account, studio: Account) -> None:
    assert studio.me["name"] == "Alice"
    assert member.me["name"] == "Chloe"
    assert names(member.call("GET", "/workspaces")) == ["Marketing"]
    tag, project = member.id_of("tags", "review"), member.id_of("projects", "Internal")
    task = member.id_of(f"projects/{project}/tasks", "Admin")
    alice = studio.me["id"]
    entry = {"start": "2026-11-18T09:00:00Z", "end": "2026-11-18T10:00:00Z"}
    theirs = studio.call("POST", "time-entries", entry).body["id"]
    attempts: tuple[tuple[str, str, Any], ...] = (
        ("POST", "clients", {"name": "Mine"}),
        ("POST", "projects", {"name": "Mine"}),
        ("PUT", f"tags/{tag}", {"name": "mine"}),
        ("PUT", f"projects/{project}/tasks/{task}", {"name": "mine"}),
        ("PATCH", f"projects/{project}/memberships", {"memberships": []}),
        ("PUT", "hourly-rate", {"amount": 1, "currency": "USD"}),
        ("POST", "user-groups", {"name": "Mine"}),
        ("GET", "webhooks", None),
        ("POST", f"user/{alice}/time-entries", entry),
        ("PUT", f"time-entries/{theirs}", entry),
        ("DELETE", f"time-entries/{theirs}", None),
        ("PATCH", f"user/{alice}/time-entries", {"end": "2026-11-18T10:00:00Z"}),
        ("POST", f"user/{alice}/time-entries/{theirs}/duplicate", None),
    )
    for method, path, body in attempts:
        forbidden(member.call(method, path, body))
    forbidden(member.call("DELETE", f"user/{alice}/time-entries", None, time_entry_ids=theirs))
    mine = member.call("POST", "time-entries", entry)
    assert (mine.status, mine.body["userId"]) == (201, member.me["id"])
    assert member.call("DELETE", f"time-entries/{mine.body['id']}").status == 204
    assert member.call("POST", "tags", {"name": "from a member"}).status == 201
    assert studio.call("GET", f"time-entries/{theirs}").status == 200, "nothing of it was done"


def test_forced_fields(strict: Account) -> None:
    settings = strict.call("GET", "/workspaces").body[0]["workspaceSettings"]
    assert {settings[name] for name in ("forceProjects", "forceTasks", "forceTags", "forceDescription")} == {True}
    project = strict.id_of("projects", "Polar night")
    whole: dict[str, Any] = {
        "start": "2026-11-18T09:00:00Z",
        "end": "2026-11-18T10:00:00Z",
        "projectId": project,
        "taskId": strict.id_of(f"projects/{project}/tasks", "Everything"),
        "tagIds": [strict.id_of("tags", "planning")],
        "description": "Aurora",
    }
    for name, word in {"projectId": "projects", "taskId": "tasks", "tagIds": "tags", "description": "description"}.items():
        less = {key: value for key, value in whole.items() if key not in (name, "taskId" if name == "projectId" else name)}
        refused(strict.call("POST", "time-entries", less), word)
    made = strict.call("POST", "time-entries", whole)
    assert made.status == 201
    refused(strict.call("PUT", f"time-entries/{made.body['id']}", {"start": whole["start"], "end": whole["end"]}), "Required")
    refused(strict.call("PUT", strict.mine(), [{"id": made.body["id"], "start": whole["start"], "end": whole["end"]}]), "Required")
    assert strict.call("GET", f"time-entries/{made.body['id']}").body["description"] == "Aurora"
    timer = strict.call("POST", "time-entries", {"start": "2026-11-18T13:00:00Z"})
    assert timer.status == 201, "a timer may run without them"
    refused(strict.call("PATCH", strict.mine(), {"end": "2026-11-18T13:30:00Z"}), "Required")
    rest = {key: value for key, value in whole.items() if key not in ("start", "end")}
    assert strict.call("PUT", f"time-entries/{timer.body['id']}", {**rest, "start": "2026-11-18T13:00:00Z"}).status == 200
    assert strict.call("PATCH", strict.mine(), {"end": "2026-11-18T13:30:00Z"}).status == 200


def test_the_locked_past(strict: Account) -> None:
    locked = strict.call("GET", "/workspaces").body[0]["workspaceSettings"]["lockTimeEntries"]
    assert locked == "2026-11-11T00:00:00Z"
    rows = strict.call("GET", strict.mine(), page_size=5000).body
    old, new = rows[-1], rows[0]
    assert (old["isLocked"], new["isLocked"]) == (True, False)
    assert old["timeInterval"]["start"] < locked < new["timeInterval"]["start"]
    fields = {name: new[name] for name in ("projectId", "taskId", "tagIds", "description", "billable")}
    span = {name: new["timeInterval"][name] for name in ("start", "end")}
    past = {"start": "2026-11-10T09:00:00Z", "end": "2026-11-10T10:00:00Z"}
    refused(strict.call("POST", "time-entries", {**fields, **past}), "locked")
    refused(strict.call("PUT", f"time-entries/{old['id']}", {**fields, **span}), "locked")
    refused(strict.call("PUT", f"time-entries/{new['id']}", {**fields, **past}), "locked")
    refused(strict.call("PUT", strict.mine(), [{**fields, **span, "id": new["id"]}, {**fields, **span, "id": old["id"]}]), "locked")
    refused(strict.call("DELETE", f"time-entries/{old['id']}"), "locked")
    refused(strict.call("DELETE", strict.mine(), None, time_entry_ids=f"{new['id']},{old['id']}"), "locked")
    refused(strict.call("POST", f"{strict.mine()}/{old['id']}/duplicate"), "locked")
    assert strict.call("GET", strict.mine(), page_size=5000).body == rows, "nothing of it was done"


def test_faults_hit_every_host(served: Served, agency: Account) -> None:
    busy = {"status": 429, "body": {"message": "Too many requests"}, "headers": {"Retry-After": "2"}}
    for prefix in ("/clockify/euc1/api", "/clockify/euc1/report"):
        home = agency.me["activeWorkspace"]
        assert served.send("POST", "/_sandbox/fault", {"path_prefix": prefix, **busy}).status == 204
        ask = agency.call if prefix.endswith("api") else agency.report
        path = f"/workspaces/{home}/{'holidays' if prefix.endswith('api') else 'shared-reports'}"
        first, second = ask("GET", path), ask("GET", path)
        assert (first.status, first.headers["retry-after"], second.status) == (429, "2", 200)
