"""Templates of a week, over HTTP."""

import pytest

from .served import Account
from .test_clockify_things import names, refused


def test_a_template_from_first_to_last(studio: Account) -> None:
    project = studio.id_of("projects", "Autumn campaign")
    task = studio.id_of(f"projects/{project}/tasks", "Newsletter")
    entry = studio.call("POST", "time-entries", {"start": "2026-11-18T09:00:00Z", "end": "2026-11-18T10:00:00Z", "projectId": project}).body
    body = [
        {"name": "Campaign week", "projectsAndTasks": [{"projectId": project, "taskId": task}, {"projectId": project}]},
        {"name": "Copy", "projectsAndTasks": [], "timeEntryIds": [entry["id"]], "weekStart": "2026-11-16"},
    ]
    made = studio.call("POST", "templates", body)
    assert made.status == 200, "not 201, says the document"
    first, second = made.body
    assert first["projectsAndTasks"] == [{"projectId": project, "taskId": task}, {"projectId": project, "taskId": None}]
    assert (first["userId"], first["workspaceId"], first["weekStart"]) == (studio.me["id"], studio.me["activeWorkspace"], None)
    assert ([one["id"] for one in second["entries"]], second["weekStart"]) == ([entry["id"]], "2026-11-16")
    path = f"templates/{first['id']}"
    assert names(studio.call("GET", "templates")) == ["Campaign week", "Copy", "The usual week"]
    assert names(studio.call("GET", "templates", name="week", page=2, page_size=1)) == ["The usual week"]
    assert studio.call("GET", path).body == {key: first[key] for key in ("id", "name", "userId", "workspaceId")}
    renamed = studio.call("PATCH", path, {"name": "Launch week"})
    assert (renamed.body["name"], renamed.body["projectsAndTasks"]) == ("Launch week", first["projectsAndTasks"])
    refused(studio.call("PATCH", path, {"name": ""}))
    refused(studio.call("PATCH", path, {}))
    gone = studio.call("DELETE", path)
    assert (gone.status, gone.body["name"]) == (200, "Launch week")
    for method in ("GET", "DELETE"):
        refused(studio.call(method, path), "Template")


def test_hydrated_and_cleansed(studio: Account) -> None:
    [one] = studio.call("GET", "templates", hydrated="true").body
    assert [pair["project"]["name"] for pair in one["projectsAndTasks"]] == ["client website redesign", "Internal", "Press catalogue 2025"]
    path = f"templates/{one['id']}"
    assert studio.call("GET", path, hydrated="true").body == one
    clean = studio.call("GET", path, hydrated="true", cleansed="true").body["projectsAndTasks"]
    assert [pair["task"]["name"] for pair in clean] == ["Front end", "Meetings"], "the archived project is left out"


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "Not a list", "projectsAndTasks": []},
        [{"name": "No pairs"}],
        [{"name": "", "projectsAndTasks": []}],
        [{"name": "Good", "projectsAndTasks": []}, {"name": "Lost", "projectsAndTasks": [{"projectId": "f" * 24}]}],
        [{"name": "Lost", "projectsAndTasks": [], "timeEntryIds": ["f" * 24]}],
        [{"name": "When", "projectsAndTasks": [], "weekStart": "Monday"}],
    ],
)
def test_a_wrong_one_spoils_all(studio: Account, wrong: object) -> None:
    refused(studio.call("POST", "templates", wrong))
    assert names(studio.call("GET", "templates")) == ["The usual week"]
