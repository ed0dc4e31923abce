"""Workspaces, people, clients, projects, tasks, tags and webhooks: made here, seen there, refused as the vendor refuses."""

import pytest

from .asking import Answer, Sandbox


def refused(answer: Answer, word: str = "") -> None:
    assert (answer.status, answer.body["code"]) == (400, 501), answer
    assert word.casefold() in answer.body["message"].casefold()


def names(answer: Answer) -> list[str]:
    assert answer.status == 200, answer
    return [row["name"] for row in answer.body]


def test_workspaces_and_roles(sandbox: Sandbox) -> None:
    assert names(sandbox.clockify("GET", "/workspaces")) == ["Marketing", "Design Team"]
    assert names(sandbox.clockify("GET", "/workspaces", roles="OWNER")) == ["Marketing", "Design Team"]
    assert names(sandbox.clockify("GET", "/workspaces", roles="WORKSPACE_ADMIN")) == []
    refused(sandbox.clockify("GET", "/workspaces", roles="KING"))
    refused(sandbox.clockify("GET", "/workspaces/000000000000000000000000/tags"))
    one = sandbox.clockify("GET", f"/workspaces/{sandbox.workspace}").body
    assert one["hourlyRate"] == {"amount": 7000, "currency": "USD"}
    assert len(one["id"]) == 24


def test_the_user_of_the_key(sandbox: Sandbox) -> None:
    me = sandbox.clockify("GET", "/user", include_memberships="true").body
    assert me["activeWorkspace"] == me["defaultWorkspace"] == sandbox.workspace
    assert me["settings"]["timeZone"] == "Europe/Berlin"
    assert me["memberships"]
    assert sandbox.clockify("GET", "/user").body["memberships"] == []


def test_users_page_in_the_body(sandbox: Sandbox) -> None:
    everyone = names(sandbox.clockify("POST", "users/info", {}))
    assert len(everyone) == 6
    first = sandbox.clockify("POST", "users/info", {"page": 1, "pageSize": 4})
    second = sandbox.clockify("POST", "users/info", {"page": 2, "pageSize": 4})
    assert names(first) + names(second) == everyone
    assert [one.headers["last-page"] for one in (first, second)] == ["false", "true"]
    assert names(sandbox.clockify("POST", "users/info", {"roles": ["OWNER"], "includeRoles": True})) == ["Alice"]
    assert names(sandbox.clockify("POST", "users/info", {"name": "ben"})) == ["Ben"]
    assert names(sandbox.clockify("POST", "users/info", {"sortColumn": "NAME", "sortOrder": "DESCENDING"})) == everyone[::-1]
    refused(sandbox.clockify("POST", "users/info", {"memberships": "SOME"}))
    assert names(sandbox.clockify("GET", "users")) == everyone


def test_a_client_from_first_to_last(sandbox: Sandbox) -> None:
    made = sandbox.clockify("POST", "clients", {"name": "New Bakery", "email": "hi@bakery.example.com"})
    assert made.status == 201
    path = f"clients/{made.body['id']}"
    assert "New Bakery" in names(sandbox.clockify("GET", "clients", name="bakery"))
    assert names(sandbox.clockify("GET", "clients", name="bakery", strict_name_search="true")) == []
    refused(sandbox.clockify("POST", "clients", {"name": "new bakery"}), "already exists")
    refused(sandbox.clockify("POST", "clients", {"name": "Old Mill Press"}), "already exists")
    refused(sandbox.clockify("POST", "clients", {"email": "a@example.com"}))
    refused(sandbox.clockify("POST", "clients", {"name": "X", "email": "no address"}))
    refused(sandbox.clockify("DELETE", path), "archived")
    full = {"name": "New Bakery", "ccEmails": ["a@example.com"], "note": "n"}
    assert sandbox.clockify("PUT", path, full).body["ccEmails"] == ["a@example.com"]
    wiped = sandbox.clockify("PUT", path, {"name": "New Bakery", "archived": True}).body
    assert (wiped["ccEmails"], wiped["note"], wiped["archived"]) == (None, None, True)
    assert "New Bakery" in names(sandbox.clockify("GET", "clients"))
    assert "New Bakery" not in names(sandbox.clockify("GET", "clients", archived="false"))
    assert sandbox.clockify("DELETE", path).body["id"] == made.body["id"]
    refused(sandbox.clockify("GET", path), "doesn't belong to Workspace")


def test_a_foreign_id_is_refused(sandbox: Sandbox) -> None:
    other = sandbox.clockify("GET", "/workspaces").body[1]["id"]
    mine = sandbox.id_of("clients", "Bluebird Bakery")
    refused(sandbox.clockify("GET", f"/workspaces/{other}/clients/{mine}"), "doesn't belong to Workspace")


def test_archiving_a_client_takes_its_projects_along(sandbox: Sandbox) -> None:
    client, project = sandbox.id_of("clients", "Acme"), sandbox.id_of("projects", "client website redesign")
    sandbox.clockify("PUT", f"clients/{client}", {"name": "Acme", "archived": True}, archive_projects="true", mark_tasks_as_done="true")
    assert sandbox.clockify("GET", f"projects/{project}").body["archived"] is True
    assert sandbox.clockify("GET", f"projects/{project}/tasks", is_active="true").body == []


def test_projects_list_and_filters(sandbox: Sandbox) -> None:
    both = names(sandbox.clockify("GET", "projects"))
    assert "client website redesign" in both
    assert "Press catalogue 2025" in both, "without `archived` both come"
    assert names(sandbox.clockify("GET", "projects", archived="true")) == ["Press catalogue 2025"]
    assert names(sandbox.clockify("GET", "projects", name="website redesign")) == ["client website redesign"]
    assert names(sandbox.clockify("GET", "projects", name="website", strict_name_search="true")) == []
    acme = sandbox.id_of("clients", "Acme")
    with_acme = names(sandbox.clockify("GET", "projects", clients=acme))
    without = names(sandbox.clockify("GET", "projects", clients=acme, contains_client="false"))
    assert sorted(with_acme + without) == sorted(both)
    assert names(sandbox.clockify("GET", "projects", billable="false")) == ["Internal"]
    refused(sandbox.clockify("GET", "projects", page_size=0))
    refused(sandbox.clockify("GET", "projects", page_size=5001))
    refused(sandbox.clockify("GET", "projects", archived="maybe"))
    pages = [sandbox.clockify("GET", "projects", page=page, page_size=4) for page in (1, 2, 3)]
    assert [len(one.body) for one in pages] == [4, 2, 0]
    assert [one.headers["last-page"] for one in pages] == ["false", "true", "true"]


def test_a_project_from_first_to_last(sandbox: Sandbox) -> None:
    body = {
        "name": "Spring campaign",
        "clientId": sandbox.id_of("clients", "Acme"),
        "color": "#00AAff",
        "billable": True,
        "isPublic": True,
        "hourlyRate": {"amount": 9900},
        "tasks": [{"name": "Plan"}],
    }
    made = sandbox.clockify("POST", "projects", body)
    assert made.status == 201
    path = f"projects/{made.body['id']}"
    assert (made.body["hourlyRate"]["amount"], made.body["clientName"], made.body["public"]) == (9900, "Acme", True)
    assert names(sandbox.clockify("GET", path + "/tasks")) == ["Plan"]
    refused(sandbox.clockify("POST", "projects", body), "already exists")
    for wrong in ({"name": "A"}, {"name": "AB", "color": "red"}, {"name": "AB", "clientId": "f" * 24}, {}):
        refused(sandbox.clockify("POST", "projects", wrong))
    changed = sandbox.clockify("PUT", path, {"name": "Summer campaign", "archived": False}).body
    assert (changed["billable"], changed["public"], changed["hourlyRate"]["amount"]) == (False, False, 9900)
    refused(sandbox.clockify("DELETE", path), "archived")
    sandbox.clockify("PUT", path, {"archived": True})
    assert sandbox.clockify("DELETE", path).status == 200
    refused(sandbox.clockify("GET", path))


def test_a_refused_project_leaves_nothing_behind(sandbox: Sandbox) -> None:
    before = names(sandbox.clockify("GET", "projects"))
    refused(sandbox.clockify("POST", "projects", {"name": "Half", "tasks": [{"name": "ok"}, {"name": "x", "assigneeIds": ["nobody"]}]}))
    assert names(sandbox.clockify("GET", "projects")) == before


def test_a_task_from_first_to_last(sandbox: Sandbox) -> None:
    base = f"projects/{sandbox.id_of('projects', 'client website redesign')}/tasks"
    made = sandbox.clockify("POST", base, {"name": "Copy", "estimate": "PT2H30M", "assigneeIds": [sandbox.me]})
    assert (made.status, made.body["status"], made.body["assigneeIds"]) == (201, "ACTIVE", [sandbox.me])
    for wrong in ({"name": "copy"}, {"name": ""}, {}, {"name": "A", "estimate": "2h"}, {"name": "A", "status": "OPEN"}):
        refused(sandbox.clockify("POST", base, wrong))
    path = f"{base}/{made.body['id']}"
    refused(sandbox.clockify("DELETE", path))
    assert sandbox.clockify("PUT", path, {"name": "Copy", "status": "DONE"}).body["assigneeIds"] == []
    assert "Copy" in names(sandbox.clockify("GET", base, is_active="false"))
    assert sandbox.clockify("DELETE", path).status == 200
    refused(sandbox.clockify("GET", path))


def test_a_tag_from_first_to_last(sandbox: Sandbox) -> None:
    made = sandbox.clockify("POST", "tags", {"name": "night work"})
    path = f"tags/{made.body['id']}"
    assert sandbox.clockify("GET", path).body == made.body
    refused(sandbox.clockify("POST", "tags", {"name": "Night Work"}), "already exists")
    refused(sandbox.clockify("POST", "tags", {"name": "n" * 101}))
    assert sandbox.clockify("PUT", path, {"name": "night", "archived": True}).body["archived"] is True
    assert names(sandbox.clockify("GET", "tags", archived="true")) == ["2025", "night"]
    assert sandbox.clockify("PUT", path, {"name": "night"}).body["archived"] is False, "not saying so brings it back"
    assert "night" not in names(sandbox.clockify("GET", "tags", excluded_ids=made.body["id"]))
    assert sandbox.clockify("DELETE", path).status == 200
    refused(sandbox.clockify("DELETE", path))


def test_a_webhook_from_first_to_last(sandbox: Sandbox) -> None:
    body = {
        "name": "New time",
        "url": "https://hooks.example.com/x",
        "webhookEvent": "NEW_TIME_ENTRY",
        "triggerSourceType": "WORKSPACE_ID",
        "triggerSource": [sandbox.workspace],
    }
    made = sandbox.clockify("POST", "webhooks", body)
    assert (made.status, made.body["enabled"], len(made.body["authToken"]) > 20) == (201, True, True)
    path = f"webhooks/{made.body['id']}"
    for field, wrong in {"name": "x", "url": "hooks", "webhookEvent": "LUNCH", "triggerSourceType": "X", "triggerSource": ["f"]}.items():
        refused(sandbox.clockify("POST", "webhooks", {**body, field: wrong}))
        refused(sandbox.clockify("POST", "webhooks", {key: value for key, value in body.items() if key != field}))
    listed = sandbox.clockify("GET", "webhooks").body
    assert (listed["workspaceWebhookCount"], names_of := [one["name"] for one in listed["webhooks"]]) == (2, names_of)
    assert names_of == ["Chat room", "New time"]
    renewed = sandbox.clockify("PATCH", path + "/token").body
    assert renewed["authToken"] != made.body["authToken"]
    assert sandbox.clockify("PUT", path, {**body, "name": "Other"}).body["name"] == "Other"
    gone = sandbox.clockify("DELETE", path)
    assert (gone.status, gone.raw) == (200, b"")
    refused(sandbox.clockify("GET", path))


@pytest.mark.parametrize("size", [1, 5, 50])
def test_webhook_logs_start_at_page_0(sandbox: Sandbox, size: int) -> None:
    path = f"webhooks/{sandbox.clockify('GET', 'webhooks').body['webhooks'][0]['id']}/logs"
    every = sandbox.clockify("POST", path).body
    assert len(every) > 3
    rows = [row for page in range(len(every)) for row in sandbox.clockify("POST", path, {}, page=page, size=size).body]
    assert rows == every
    failed = sandbox.clockify("POST", path, {"status": "FAILED"}).body
    good = sandbox.clockify("POST", path, {"status": "SUCCEEDED", "sortByNewest": True}).body
    assert len(failed) == 1
    assert len(good) == len(every) - 1
    assert good[0]["respondedAt"] > good[-1]["respondedAt"]
    assert sandbox.clockify("POST", path, {"from": "2030-01-01T00:00:00Z"}).body == []
