"""The big account in Europe, over HTTP: second pages, archived things, names that repeat, people around the world."""

from collections import Counter
from typing import Any

from toolway.sandbox.seed.extras import ADDON

from .served import Account
from .test_clockify_things import names, refused


def every(account: Account, path: str, **query: object) -> list[dict[str, Any]]:
    """All pages, by the header."""
    rows: list[dict[str, Any]] = []
    for page in range(1, 100):
        answer = account.call("GET", path, None, page=page, **query)
        rows += answer.body
        if answer.headers["last-page"] == "true":
            return rows
    raise AssertionError("there is no last page")


def test_lists_go_on_after_fifty(agency: Account) -> None:
    for path, count in (("clients", 64), ("projects", 64), ("tags", 55)):
        first = agency.call("GET", path)
        assert (len(first.body), first.headers["last-page"]) == (50, "false")
        rows = every(agency, path)
        assert len({row["id"] for row in rows}) == len(rows) == count
        assert rows == agency.call("GET", path, page_size=5000).body
    archived, active = (names(agency.call("GET", "clients", archived=word, page_size=100)) for word in ("true", "false"))
    assert (len(archived), len(active)) == (4, 60)


def test_one_name_under_many_clients(agency: Account) -> None:
    websites = agency.call("GET", "projects", name="Website", strict_name_search="true", page_size=100).body
    assert len(websites) == 32
    assert len({row["clientId"] for row in websites}) == 32
    client = websites[0]["clientId"]
    assert names(agency.call("GET", "projects", clients=client)) == ["Website"]
    refused(agency.call("POST", "projects", {"name": "website", "clientId": client}), "already exists")
    assert agency.call("POST", "projects", {"name": "Website"}).status == 201, "without a client it is another"


def test_two_people_with_one_name(agency: Account) -> None:
    rows = agency.call("POST", "users/info", {"name": "sam taylor"}).body
    assert [(row["name"], row["email"]) for row in rows] == [
        ("Sam Taylor", "s.taylor@example.com"),
        ("Sam Taylor", "sam.taylor@example.com"),
    ]
    assert len({row["id"] for row in rows}) == 2
    statuses = Counter(row["status"] for row in agency.call("POST", "users/info", {"status": "ALL"}).body)
    assert statuses == {"ACTIVE": 6, "PENDING": 1, "INACTIVE": 1}
    assert names(agency.call("POST", "users/info", {"status": "PENDING"})) == ["Otto Lind"]
    assert names(agency.call("POST", "users/info", {"accountStatuses": ["INACTIVE"]})) == ["Vera Holm"]
    zones = {row["settings"]["timeZone"] for row in agency.call("POST", "users/info", {}).body}
    assert zones >= {"Asia/Tokyo", "America/New_York", "Europe/Helsinki"}


def test_a_window_is_read_by_the_clock_of_the_account(agency: Account, studio: Account) -> None:
    for account, start in ((agency, "2026-11-16T22:15:00Z"), (studio, "2026-11-16T23:15:00Z")):
        made = account.call("POST", "time-entries", {"start": start, "end": start.replace(":15", ":30")}).body["id"]
        day = {"start": "2026-11-17T00:00:00Z", "end": "2026-11-17T00:59:59Z"}
        assert [row["id"] for row in account.call("GET", account.mine(), None, **day).body] == [made], "a quarter past midnight there"
        report: dict[str, Any] = {"dateRangeStart": day["start"], "dateRangeEnd": day["end"], "detailedFilter": {}}
        rows = account.report("POST", "reports/detailed", report).body["timeentries"]
        assert [row["_id"] for row in rows] == [made]
        assert rows[0]["timeInterval"]["start"].startswith("2026-11-17T00:15:00")
        assert account.report("POST", "reports/detailed", {**report, "timeZone": "Asia/Tokyo"}).body["timeentries"] == []


def test_groups_and_their_managers(agency: Account) -> None:
    groups = agency.call("GET", "user-groups").body
    assert {row["name"]: len(row["userIds"]) for row in groups} == {"Makers": 2, "Nobody yet": 0, "Writers": 2}
    assert all(row["teamManagers"] == [] for row in groups)
    managed = agency.call("GET", "user-groups", includeTeamManagers="true").body
    assert [one["name"] for row in managed for one in row["teamManagers"]] == ["Mikael Sund"] * 3
    makers = groups[0]["id"]
    inside = agency.call("POST", "users/info", {"userGroups": [makers], "memberships": "USERGROUP"}).body
    assert sorted(row["name"] for row in inside) == ["Lucía Ramos", "Yuki Tanaka"]
    assert {one["targetId"] for row in inside for one in row["memberships"]} == {makers}
    project = agency.id_of("projects", "Website")
    changed = agency.call("PATCH", f"projects/{project}/memberships", {"memberships": [], "userGroups": {"ids": [makers]}}).body
    assert {row["userId"] for row in changed["memberships"]} == {row["id"] for row in inside}
    refused(agency.call("PATCH", f"projects/{project}/memberships", {"memberships": [], "userGroups": {"ids": ["f" * 24]}}), "User group")
    with_makers = agency.call("GET", "projects", userGroups=makers, page_size=100).body
    assert len(with_makers) == 64
    assert [row["id"] for row in agency.call("GET", "projects", userGroups=groups[2]["id"], contains_group="false").body] == [project]


def test_managers_in_an_order(agency: Account) -> None:
    yuki = agency.call("POST", "users/info", {"name": "Yuki"}).body[0]["id"]
    path = f"users/{yuki}/managers"
    assert names(agency.call("GET", path, sort_column="NAME")) == ["Ingrid Aalto", "Mikael Sund"]
    assert names(agency.call("GET", path, sort_column="NAME", sort_order="DESCENDING")) == ["Mikael Sund", "Ingrid Aalto"]
    first = agency.call("GET", path, sort_column="EMAIL", page_size=1)
    assert (names(first), first.headers["last-page"]) == (["Ingrid Aalto"], "false")
    refused(agency.call("GET", path, sort_column="SHOE_SIZE"))
    refused(agency.call("GET", f"users/{'f' * 24}/managers"), "User")


def test_what_is_written_as_custom_fields_is_read_as_their_values(agency: Account) -> None:
    rows = agency.call("GET", agency.mine(), page_size=5000).body
    field = next(value["customFieldId"] for row in rows for value in row["customFieldValues"])
    body = {"start": "2026-11-18T09:00:00Z", "end": "2026-11-18T10:00:00Z"}
    made = agency.call("POST", "time-entries", {**body, "customFields": [{"customFieldId": field, "value": 12.5}]}).body
    [value] = made["customFieldValues"]
    assert value == {"customFieldId": field, "timeEntryId": made["id"], "name": "Budget line", "type": "WORKSPACE", "value": 12.5}
    path = f"time-entries/{made['id']}"
    assert agency.call("GET", path).body["customFieldValues"] == [value]
    copy = agency.call("POST", f"{agency.mine()}/{made['id']}/duplicate").body
    assert [one["value"] for one in copy["customFieldValues"]] == [12.5]
    lost = agency.call("PUT", path, {**body, "customFieldValues": [{"customFieldId": field, "value": 1}]})
    assert (lost.status, lost.body["customFieldValues"]) == (200, []), "the key that is read is dropped when written"
    bulk = agency.call("PUT", agency.mine(), [{**body, "id": made["id"], "customFields": [{"customFieldId": field, "value": 3}]}]).body
    assert bulk[0]["customFieldValues"][0]["value"] == 3
    for wrong in ([{"customFieldId": field, "value": "much"}], [{"customFieldId": "f" * 24, "value": 1}], [{"value": 1}]):
        refused(agency.call("POST", "time-entries", {**body, "customFields": wrong}))
    refused(agency.call("POST", "time-entries", {**body, "customFields": [{"customFieldId": field, "sourceType": "MOON"}]}), "sourceType")
    refused(agency.call("POST", "time-entries", {**body, "customFields": [{"customFieldId": field}] * 51}))
    attribute = {"namespace": "crm", "name": "ticket", "value": "7"}
    assert agency.call("POST", "time-entries", {**body, "customAttributes": [attribute]}).status == 201
    refused(agency.call("POST", "time-entries", {**body, "customAttributes": [{**attribute, "value": ""}]}))
    refused(agency.call("POST", "time-entries", {**body, "customAttributes": [attribute] * 11}))


def test_each_of_a_bulk_has_its_row(agency: Account) -> None:
    rows = agency.call("GET", agency.mine(), page_size=3).body
    changes = [{"id": row["id"], "start": row["timeInterval"]["start"], "description": f"Change {at}"} for at, row in enumerate(rows[:2])]
    changes = [{**one, "end": row["timeInterval"]["end"]} for one, row in zip(changes, rows, strict=False)]
    changed = agency.call("PUT", agency.mine(), changes[::-1]).body
    assert [(row["id"], row["description"]) for row in changed] == [(rows[1]["id"], "Change 1"), (rows[0]["id"], "Change 0")]
    assert all(row["projectId"] is None and row["tagIds"] is None and row["customFieldValues"] == [] for row in changed)
    full = agency.call("PUT", agency.mine(), changes, hydrated="true").body
    assert [row["user"]["name"] for row in full] == ["Ingrid Aalto"] * 2
    refused(agency.call("PUT", agency.mine(), []))
    gone = agency.call("DELETE", agency.mine(), None, time_entry_ids=[rows[0]["id"], rows[1]["id"]])
    assert [row["id"] for row in gone.body] == [rows[0]["id"], rows[1]["id"]], "repeated keys do as well as commas"
    refused(agency.call("DELETE", agency.mine(), None, time_entry_ids=f"{rows[2]['id']},{rows[0]['id']}"), "Time entry")
    assert agency.call("GET", f"time-entries/{rows[2]['id']}").status == 200, "all of them or none"


def test_an_entry_to_copy_from_has_to_be_there(agency: Account) -> None:
    body = {"start": "2026-11-18T09:00:00Z", "end": "2026-11-18T10:00:00Z"}
    known = agency.call("GET", agency.mine(), page_size=1).body[0]["id"]
    assert agency.call("POST", agency.mine(), body, from_entry=known).status == 201
    refused(agency.call("POST", agency.mine(), body, from_entry="f" * 24), "Time entry")


def test_the_webhooks_of_an_add_on(studio: Account, agency: Account) -> None:
    design = studio.call("GET", "/workspaces").body[1]["id"]
    hooks = studio.call("GET", f"/workspaces/{design}/webhooks", type="ADDON").body["webhooks"]
    assert sorted(one["webhookEvent"] for one in hooks) == ["NEW_TIME_ENTRY", "TIME_ENTRY_UPDATED"]
    assert studio.call("GET", f"/workspaces/{design}/webhooks", type="USER_CREATED").body["webhooks"] == []
    assert studio.call("GET", f"/workspaces/{design}/webhooks").body["webhooks"] == hooks
    addon = ADDON
    answer = studio.call("GET", f"/workspaces/{design}/addons/{addon}/webhooks")
    assert answer.body == {"workspaceWebhookCount": 2, "webhooks": hooks}
    refused(studio.call("GET", f"addons/{addon}/webhooks"), "Addon")
    refused(agency.call("GET", f"/workspaces/{design}/addons/{addon}/webhooks"), "Workspace")


def test_what_a_task_is_after_an_update(agency: Account) -> None:
    project = agency.id_of("projects", "Website")
    path, me, makers = f"projects/{project}/tasks", agency.me["id"], agency.id_of("user-groups", "Makers")
    made = agency.call("POST", path, {"name": "Draw", "assigneeIds": [me], "userGroupIds": [makers], "budgetEstimate": 100}).body
    assert (made["assigneeIds"], made["userGroupIds"], made["billable"], made["budgetEstimate"]) == ([me], [makers], True, 100)
    bare = agency.call("PUT", f"{path}/{made['id']}", {"name": "Draw"}).body
    assert (bare["assigneeIds"], bare["userGroupIds"], bare["billable"], bare["budgetEstimate"]) == ([], [], False, None)
    free = agency.call("POST", path, {"name": "Paint", "assigneeIds": [me]}, contains_assignee="false").body
    assert free["assigneeIds"] == []
    refused(agency.call("POST", path, {"name": "Print", "userGroupIds": ["f" * 24]}), "User group")
    refused(agency.call("PUT", f"{path}/{made['id']}", {"name": "Paint"}), "already exists")
    refused(agency.call("PUT", f"{path}/{made['id']}", {"name": "Print", "assigneeIds": [me], "userGroupIds": ["f" * 24]}), "User group")
    assert agency.call("GET", f"{path}/{made['id']}").body == bare, "a refused update changes nothing"


def test_projects_by_the_status_of_their_people(agency: Account) -> None:
    [otto] = agency.call("POST", "users/info", {"name": "Otto"}).body
    lone = agency.call("POST", "projects", {"name": "Lone"}).body["id"]
    found = agency.call("GET", "projects", user_status="PENDING", page_size=100).body
    assert len(found) == 64
    assert lone not in [row["id"] for row in found]
    agency.call("PATCH", f"projects/{lone}/memberships", {"memberships": [{"userId": otto["id"]}]})
    assert lone in [row["id"] for row in agency.call("GET", "projects", user_status="PENDING", page_size=100).body]


def test_owners_count_as_administrators_among_users_only(agency: Account) -> None:
    assert names(agency.call("POST", "users/info", {"roles": ["WORKSPACE_ADMIN"]})) == ["Ingrid Aalto", "Mikael Sund"]
    assert names(agency.call("POST", "users/info", {"roles": ["OWNER"]})) == ["Ingrid Aalto"]
    assert names(agency.call("GET", "/workspaces", roles="WORKSPACE_ADMIN")) == []


def test_what_a_webhook_listens_to_has_to_be_there(studio: Account) -> None:
    window = {"start": "2026-11-16T00:00:00Z", "end": "2026-11-22T00:00:00Z"}
    project = studio.id_of("projects", "Internal")
    expenses = {"dateRangeStart": "2026-11-01T00:00:00", "dateRangeEnd": "2026-11-18T00:00:00"}
    known = {
        "PROJECT_ID": project,
        "USER_ID": studio.me["id"],
        "TAG_ID": studio.id_of("tags", "review"),
        "TASK_ID": studio.id_of(f"projects/{project}/tasks", "Admin"),
        "WORKSPACE_ID": studio.me["activeWorkspace"],
        "ASSIGNMENT_ID": studio.call("GET", "scheduling/assignments/all", None, **window).body[0]["id"],
        "EXPENSE_ID": studio.report("POST", "reports/expenses/detailed", expenses).body["expenses"][0]["id"],
    }
    for kind, id in known.items():
        body = {"name": kind, "url": "https://a.example.com", "webhookEvent": "NEW_TAG", "triggerSourceType": kind}
        assert studio.call("POST", "webhooks", {**body, "triggerSource": [id]}).status == 201, kind
        refused(studio.call("POST", "webhooks", {**body, "triggerSource": [id, "f" * 24]}))


def test_deliveries_are_kept_for_a_week(studio: Account) -> None:
    path = f"webhooks/{studio.call('GET', 'webhooks').body['webhooks'][0]['id']}/logs"
    every = studio.call("POST", path, {}).body
    studio.served.later(days=6, hours=21)
    fewer = studio.call("POST", path, {}).body
    assert every[-len(fewer) :] == fewer
    assert 0 < len(fewer) < len(every)
    studio.served.later(hours=2)
    assert studio.call("POST", path, {}).body == []
