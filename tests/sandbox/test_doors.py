"""Who may come in, what an unknown path says, and what the control path does."""

from pathlib import Path

import msgspec
import pytest

from toolway.sandbox.clockify.operations import API, REPORTS

from .asking import CLOCKIFY, DESKTIME, KEY, Sandbox


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, 1000),
        ({"Authorization": "Bearer sandbox-clockify-key"}, 1000),
        ({**KEY, "X-Addon-Token": "x"}, 1000),
        ({"X-Api-Key": "another"}, 4003),
        ({"X-Addon-Token": "x"}, 4017),
    ],
)
def test_clockify_wants_one_known_key(sandbox: Sandbox, headers: dict[str, str], code: int) -> None:
    answer = sandbox.send("GET", CLOCKIFY + "/user", headers=headers)
    assert (answer.status, answer.body["code"]) == (401, code)
    assert set(answer.body) == {"message", "code"}


def test_desktime_wants_its_key(sandbox: Sandbox) -> None:
    for answer in (sandbox.send("GET", DESKTIME + "/ping"), sandbox.send("GET", DESKTIME + "/ping", apiKey="another")):
        assert answer.status == 401
        assert answer.body == {"error": {"code": 401, "description": "API Key is invalid"}}
    assert "pong" in sandbox.desktime("/ping").body


def test_paths_unknown_known_and_not_played(sandbox: Sandbox) -> None:
    unknown = sandbox.clockify("GET", "scheduling/assignments")
    assert (unknown.status, unknown.body["code"]) == (404, 3000)
    wrong = sandbox.clockify("GET", "webhooks/1/logs")
    assert (wrong.status, wrong.headers["allow"], wrong.body["code"]) == (405, "POST", 3000)
    stub = sandbox.clockify("POST", "invoices")
    assert (stub.status, stub.body["code"], stub.headers["x-sandbox"]) == (400, 501, "not-played")
    assert "does not play this yet: POST /" in stub.body["message"]
    assert sandbox.desktime("/nothing").status == 404
    assert sandbox.desktime("/create-project").status == 405
    assert sandbox.send("GET", "/elsewhere").status == 404


def test_what_is_silently_dropped_is_told_in_a_header(sandbox: Sandbox) -> None:
    assert "x-sandbox-ignored" not in sandbox.clockify("GET", "tags", name="review", page_size=5).headers
    assert sandbox.clockify("GET", "tags", pageSize=5, name="review").headers["x-sandbox-ignored"] == "?pageSize"
    entry = {"start": "2026-11-18T09:00:00Z", "end": "2026-11-18T10:00:00Z", "customFieldValues": "", "Projectid": "x"}
    made = sandbox.clockify("POST", "time-entries", entry)
    assert (made.status, made.headers["x-sandbox-ignored"]) == (201, "Projectid, customFieldValues")
    bulk = sandbox.clockify("PUT", f"user/{sandbox.me}/time-entries", [{"id": made.body["id"], "notes": "x\r\ny: ä"}])
    assert bulk.headers["x-sandbox-ignored"] == "notes"
    assert sandbox.clockify("GET", "tags", **{"a\nb ä": 1}).headers["x-sandbox-ignored"] == "?a\\nb \\xe4"
    assert "x-sandbox-ignored" not in sandbox.clockify("POST", "invoices", {"a": 1}, b=2).headers


def test_every_documented_operation_is_answered(sandbox: Sandbox) -> None:
    for base, known in (("/clockify/api", API), ("/clockify/reports", REPORTS)):
        for line in known.strip().split("\n"):
            method, path = line.split(" ")
            answer = sandbox.send(method, base + path.replace("{workspaceId}", sandbox.workspace), headers=KEY)
            assert answer.status not in (404, 405), line


def test_a_fault_hits_any_operation(sandbox: Sandbox) -> None:
    for base, known in (("/clockify/api", API), ("/clockify/reports", REPORTS)):
        for line in known.strip().split("\n"):
            method, path = line.split(" ")
            fault = {"path_prefix": base + path, "method": method, "status": 503, "headers": {"Retry-After": "3"}}
            assert sandbox.send("POST", "/_sandbox/fault", fault).status == 204
            hit, after = sandbox.send(method, base + path, headers=KEY), sandbox.send(method, base + path, headers=KEY)
            assert (hit.status, hit.headers["retry-after"]) == (503, "3"), line
            assert after.status != 503, line


def test_a_file_of_an_older_sandbox_is_read(tmp_path: Path) -> None:
    file = tmp_path / "world.json"
    Sandbox(file).clockify("POST", "tags", {"name": "kept"})
    world = msgspec.json.decode(file.read_bytes())
    names = ["custom_fields", "holidays", "assignments", "templates", "categories", "expenses", "shared_reports", "changes", "founded"]
    old = {name: value for name, value in world.items() if name not in names}
    old["people"] = {id: {key: one[key] for key in one if key != "zone"} for id, one in world["people"].items() if "desk_id" in one}
    old["workspaces"] = {
        id: {key: one[key] for key in ("id", "name", "members", "rate")}
        for id, one in world["workspaces"].items()
        if set(one["members"]) <= set(old["people"])
    }
    file.write_bytes(msgspec.json.encode(old))
    sandbox = Sandbox(file)
    assert sandbox.id_of("tags", "kept")
    assert sandbox.clockify("GET", "holidays").body == []
    assert sandbox.clockify("GET", "entities/created", None, type="CLIENTS", start="2026-11-01T00:00:00Z").body == []
    assert sandbox.send("GET", "/clockify/euc1/api/v1/user", headers={"X-Api-Key": "sandbox-clockify-eu-key"}).status == 401
    assert len(sandbox.desktime("/employees").body["employees"]["2026-11-18"]) == 8


def test_the_state_is_kept_over_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "world.json"
    first = Sandbox(file)
    made = first.clockify("POST", "tags", {"name": "kept"}).body
    assert Sandbox(file).clockify("GET", f"tags/{made['id']}").body == made
    assert [one.name for one in tmp_path.iterdir()] == ["world.json"]
    assert Sandbox().clockify("GET", f"tags/{made['id']}").status == 400


def test_reset_starts_over(sandbox: Sandbox) -> None:
    before = sandbox.clockify("GET", "tags").body
    made = sandbox.clockify("POST", "tags", {"name": "short-lived"}).body
    assert sandbox.send("POST", "/_sandbox/reset").status == 204
    assert sandbox.clockify("GET", "tags").body == before
    assert sandbox.clockify("POST", "tags", {"name": "other"}).body["id"] == made["id"], "ids repeat with history"


def test_faults(sandbox: Sandbox) -> None:
    def fault(**what: object) -> None:
        assert sandbox.send("POST", "/_sandbox/fault", {"path_prefix": "/clockify/", **what}).status == 204

    fault(status=429, body={"message": "Too many requests"}, headers={"Retry-After": "1"}, times=2)
    for _ in range(2):
        busy = sandbox.clockify("GET", "/user")
        assert (busy.status, busy.headers["retry-after"], busy.body) == (429, "1", {"message": "Too many requests"})
    assert sandbox.clockify("GET", "/user").status == 200
    fault(garbage=True)
    with pytest.raises(msgspec.DecodeError):
        _ = sandbox.clockify("GET", "/user").body
    fault(huge=1_000_000)
    assert len(sandbox.clockify("GET", "/user").raw) >= 1_000_000
    fault(delay_seconds=0.001)
    assert sandbox.clockify("GET", "/user").status == 200
    home = sandbox.workspace
    fault(status=502, method="POST", after=True)
    assert sandbox.send("POST", f"{CLOCKIFY}/workspaces/{home}/tags", {"name": "done all the same"}, KEY).status == 502
    assert sandbox.id_of("tags", "done all the same")
    assert sandbox.send("POST", "/_sandbox/fault", {"status": 1}).status == 400
    assert sandbox.send("GET", "/_sandbox/fault").status == 404
