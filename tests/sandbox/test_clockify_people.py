"""Groups, memberships and rates."""

from .asking import Sandbox
from .test_clockify_things import names, refused


def test_a_group_from_first_to_last(sandbox: Sandbox) -> None:
    made = sandbox.clockify("POST", "user-groups", {"name": "Copy desk"})
    assert made.status == 201
    path, ben = f"user-groups/{made.body['id']}", sandbox.person("Ben")
    refused(sandbox.clockify("POST", "user-groups", {"name": "copy desk"}), "already exists")
    for _ in range(2):
        assert sandbox.clockify("POST", path + "/users", {"userId": ben}).body["userIds"] == [ben]
    assert names(sandbox.clockify("POST", "users/info", {"userGroups": [made.body["id"]]})) == ["Ben"]
    assert sandbox.clockify("GET", path).status == 405
    assert sandbox.clockify("PUT", path, {"name": "Words"}).body["name"] == "Words"
    assert names(sandbox.clockify("GET", "user-groups", name="word")) == ["Words"]
    assert sandbox.clockify("DELETE", f"{path}/users/{ben}").body["userIds"] == []
    refused(sandbox.clockify("DELETE", f"{path}/users/{ben}"))
    assert sandbox.clockify("DELETE", path).status == 200
    refused(sandbox.clockify("DELETE", path))


def test_the_nearest_rate_counts(sandbox: Sandbox) -> None:
    project = sandbox.id_of("projects", "Autumn campaign")
    body = {"start": "2026-11-18T09:00:00Z", "end": "2026-11-18T10:00:00Z", "projectId": project}
    path = f"time-entries/{sandbox.clockify('POST', 'time-entries', body).body['id']}"

    def rate() -> object:
        return sandbox.clockify("GET", path).body["hourlyRate"]["amount"]

    assert rate() == 12000
    assert sandbox.clockify("PUT", f"users/{sandbox.me}/hourly-rate", {"amount": 12345}).status == 200
    assert rate() == 12345
    sandbox.clockify("PUT", f"projects/{project}", {"hourlyRate": {"amount": 7700}})
    assert rate() == 7700
    sandbox.clockify("PUT", f"projects/{project}/users/{sandbox.me}/hourly-rate", {"amount": 8800})
    assert rate() == 8800
    refused(sandbox.clockify("PUT", "hourly-rate", {"amount": -1, "currency": "USD"}))
    refused(sandbox.clockify("PUT", "hourly-rate", {"amount": 1}))
    refused(sandbox.clockify("PUT", "hourly-rate", {"amount": 1, "currency": "USD", "since": "today"}))
    assert sandbox.clockify("PUT", "hourly-rate", {"amount": 9100, "currency": "EUR"}).body["hourlyRate"] == {
        "amount": 9100,
        "currency": "EUR",
    }
    assert sandbox.clockify("GET", "hourly-rate").status == 405


def test_memberships_are_replaced_whole(sandbox: Sandbox) -> None:
    path = f"projects/{sandbox.id_of('projects', 'Internal')}"
    ben = sandbox.person("Ben")
    assert len(sandbox.clockify("GET", path).body["memberships"]) == 6
    changed = sandbox.clockify("PATCH", path + "/memberships", {"memberships": [{"userId": ben}]}).body
    assert [row["userId"] for row in changed["memberships"]] == [ben]
    refused(sandbox.clockify("PATCH", path + "/memberships", {}))


def test_profiles_and_managers(sandbox: Sandbox) -> None:
    ben = sandbox.person("Ben")
    assert sandbox.clockify("GET", f"member-profile/{ben}").body["email"] == "ben@example.com"
    assert names(sandbox.clockify("GET", f"users/{ben}/managers")) == ["Alice"]
    made = sandbox.clockify("POST", "/workspaces", {"name": "Side project"})
    assert made.status == 201
    assert names(sandbox.clockify("GET", "/workspaces"))[-1] == "Side project"
    refused(sandbox.clockify("POST", "/workspaces", {"name": ""}))
