"""Every tool's operation is played, and its reply is what the vendor's document says, as far as the document lies beside the repository."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from toolway.sandbox.seed.extras import ADDON

from .asking import Answer, Sandbox

SHARED = Path(__file__).parents[3] / "shared"
MAP, DOCUMENT = SHARED / "reference" / "upstream-map.json", SHARED / "clockify" / "openapi-2026-05-23.json"
needs_document = pytest.mark.skipif(not (MAP.exists() and DOCUMENT.exists()), reason="the vendor's document is not beside the repository")

# The document has these under another name than the wire (the wire's are `_id` and `timeentries`), or the wire has them only elsewhere.
RENAMED = {"get_id", "id", "timeEntries"}
LISTS = {"workingDays", "adminOnlyPages"}
"""Lists of words that the document has as one word."""
UNTOLD = {
    "ProjectDtoImplV1": {"estimateReset", "isPublic", "isTemplate"},
    "WorkspaceSettingsDtoV1": {"entityCreationPermissions", "onlyAdminsCanChangeBillableStatus"},
    "TimeEntrySummaryReportDto": {"chart"},
    "GroupOneDto": {"children", "clientName", "days"},
    "ExpenseReportDtoV1": {"exportFields", "reportName", "time"},
}

Schema = dict[str, Any]


def document() -> Schema:
    return msgspec.json.decode(DOCUMENT.read_bytes())


def resolve(spec: Schema, schema: Schema) -> tuple[str, Schema]:
    name = schema.get("$ref", "").rpartition("/")[2]
    return name, spec["components"]["schemas"][name] if name else schema


def complaints(spec: Schema, schema: Schema, value: object, at: str) -> Iterator[str]:
    """Where a reply is not what the schema says; null is fine everywhere, as it is on the wire."""
    name, schema = resolve(spec, schema)
    kinds: dict[str, type | tuple[type, ...]] = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list}
    kind = schema.get("type")
    if value is None or kind is None:
        return
    if kind == "string" and at.rpartition(".")[2] in LISTS:
        kind = "array"
    if kind in kinds and not isinstance(value, kinds[kind]):
        yield f"{at}: {value!r} is no {kind}"
    elif kind == "array" and "items" in schema:
        for place, one in enumerate(cast(list[object], value)[:3]):
            yield from complaints(spec, schema["items"], one, f"{at}[{place}]")
    elif "enum" in schema and isinstance(value, str) and value not in schema["enum"]:
        yield f"{at}: {value!r} is not one of {schema['enum']}"
    elif kind == "object" and isinstance(value, dict):
        row = cast(dict[str, object], value)
        if name.endswith("FilterV1"):
            return  # shown as it was given
        for key, inner in schema.get("properties", {}).items():
            if key in row:
                yield from complaints(spec, inner, row[key], f"{at}.{key}")
            elif key not in UNTOLD.get(name, set()) | RENAMED:
                yield f"{at}.{key} is missing ({name})"


def operations() -> list[tuple[str, str]]:
    """Method and path of every Clockify tool, without the host's part."""
    rows = msgspec.json.decode(MAP.read_bytes(), type=list[dict[str, Any]])
    return [(row["method"], re.sub(r"^(/api)?/v1", "/v1", row["path"])) for row in rows if row["toolkit"] == "clockify"]


NEWER = [("GET", "/v1/workspaces/{workspaceId}/templates/{templateId}"), ("PATCH", "/v1/workspaces/{workspaceId}/templates/{templateId}")]


@needs_document
def test_no_tool_meets_a_stub(sandbox: Sandbox) -> None:
    found = operations()
    assert len(found) == 73
    for method, path in [*found, *NEWER]:
        base = "/clockify/reports" if "/reports/" in path or "shared-reports" in path else "/clockify/api"
        whole = base + path.replace("{workspaceId}", sandbox.workspace)
        answer = sandbox.send(method, whole, None, {"X-Api-Key": "sandbox-clockify-key"})
        assert "x-sandbox" not in answer.headers, (method, path)
        assert answer.status not in (404, 405), (method, path)


def id_in(answer: Answer) -> str:
    assert answer.status in (200, 201), answer
    rows: Any = answer.body if answer.raw.startswith(b"[") else [answer.body]
    return rows[0]["id"]


class Asker:
    """Asks for one good reply of each operation, in an order in which they can follow one another."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.home = sandbox.workspace
        self.replies: dict[tuple[str, str], Answer] = {}

    def __call__(self, method: str, path: str, body: object = None, **query: object) -> Answer:
        """Ask; ids are put into the path as {name:id}, and the reply is kept under the path with the names alone."""
        reports = re.search(r"(^|/)(shared-)?reports\b", path)
        whole = path if path.startswith("/") else "/workspaces/{workspaceId:" + self.home + "}/" + path
        base = "/clockify/reports/v1" if reports else "/clockify/api/v1"
        real = re.sub(r"\{\w+:([^}]*)\}", r"\1", whole)
        answer = self.sandbox.send(method, base + real, body, {"X-Api-Key": "sandbox-clockify-key"}, **query)
        assert answer.status in (200, 201, 204), (method, real, answer)
        assert "x-sandbox-ignored" not in answer.headers, (method, real, answer)
        self.replies[method, "/v1" + re.sub(r"\{(\w+):[^}]*\}", r"{\1}", whole)] = answer
        return answer


def ask_all(ask: Asker) -> None:
    """Every operation of every tool, once or more."""
    me = ask("GET", "/user", include_memberships="true").body["id"]
    home = "/workspaces/{workspaceId:" + ask.home + "}"
    ask("GET", "/workspaces")
    ask("POST", "/workspaces", {"name": "One more"})
    ask("GET", home)
    day = {"start": "2026-11-18T09:00:00Z", "end": "2026-11-18T10:00:00Z"}
    client = "clients/{id:" + id_in(ask("POST", "clients", {"name": "A client", "email": "a@example.com"})) + "}"
    ask("GET", "clients")
    ask("GET", client)
    project = "projects/{projectId:" + id_in(ask("POST", "projects", {"name": "A project", "hourlyRate": {"amount": 100}})) + "}"
    project_id = project.split(":")[1].rstrip("}")
    ask("GET", "projects")
    ask("GET", project, hydrated="true")
    task = project + "/tasks/{taskId:" + id_in(ask("POST", project + "/tasks", {"name": "A task"})) + "}"
    ask("GET", project + "/tasks")
    ask("GET", task)
    ask("PATCH", project + "/memberships", {"memberships": [{"userId": me}]})
    ask("PUT", project + "/users/{userId:" + me + "}/hourly-rate", {"amount": 200})
    ask("PUT", "users/{userId:" + me + "}/hourly-rate", {"amount": 200, "since": "2026-01-01T00:00:00Z"})
    ask("PUT", "hourly-rate", {"amount": 200, "currency": "USD"})
    ask("POST", "users/info", {"memberships": "ALL"})
    ask("GET", "users/{userId:" + me + "}/managers")
    ask("GET", "member-profile/{userId:" + me + "}")
    tag = "tags/{id:" + id_in(ask("GET", "tags")) + "}"
    ask("GET", tag)
    ask("PUT", tag, {"name": "Renamed"})
    group = id_in(ask("POST", "user-groups", {"name": "A group"}))
    ask("POST", "user-groups/{userGroupId:" + group + "}/users", {"userId": me})
    ask("GET", "user-groups", includeTeamManagers="true")
    ask("DELETE", "user-groups/{userGroupId:" + group + "}/users/{userId:" + me + "}")
    ask("PUT", "user-groups/{id:" + group + "}", {"name": "Another"})
    ask("DELETE", "user-groups/{id:" + group + "}")
    entry = id_in(ask("POST", "time-entries", {**day, "projectId": project_id, "billable": True}))
    mine = "user/{userId:" + me + "}/time-entries"
    other = id_in(ask("POST", mine, day))
    ask("GET", mine, hydrated="true")
    ask("GET", "time-entries/{id:" + entry + "}", hydrated="true")
    ask("PUT", "time-entries/{id:" + entry + "}", {**day, "projectId": project_id})
    ask("PUT", mine, [{**day, "id": entry, "projectId": project_id}])
    ask("POST", mine + "/{id:" + entry + "}/duplicate")
    ask("POST", "time-entries", {"start": day["start"]})
    ask("GET", "time-entries/status/in-progress")
    ask("PATCH", mine, {"end": day["end"]})
    ask("DELETE", mine, None, time_entry_ids=other)
    _rest(ask, client, project, task, tag, entry)


def _rest(ask: Asker, client: str, project: str, task: str, tag: str, entry: str) -> None:
    window = {"start": "2026-11-01T00:00:00Z", "end": "2026-11-30T00:00:00Z"}
    hook = {"name": "A hook", "url": "https://a.example.com", "webhookEvent": "NEW_TAG", "triggerSourceType": "WORKSPACE_ID"}
    made = "webhooks/{webhookId:" + id_in(ask("POST", "webhooks", {**hook, "triggerSource": [ask.home]})) + "}"
    ask("GET", "webhooks")
    ask("GET", made)
    ask("PUT", made, {**hook, "triggerSource": []})
    ask("PATCH", made + "/token")
    seeded = ask("GET", "webhooks").body["webhooks"][0]["id"]
    ask("POST", "webhooks/{webhookId:" + seeded + "}/logs", {})
    ask("DELETE", made)
    design = ask("GET", "/workspaces").body[1]["id"]
    ask("GET", "/workspaces/{workspaceId:" + design + "}/addons/{addonId:" + ADDON + "}/webhooks")
    ask("GET", "holidays")
    me = ask("GET", "/user").body["id"]
    ask("GET", "holidays/in-period", None, assigned_to=me, **{**window, "end": "2026-12-31T00:00:00Z"})
    ask("GET", "scheduling/assignments/all", None, **window)
    project_id = project.split(":")[1].rstrip("}")
    pairs = {"name": "A week", "projectsAndTasks": [{"projectId": project_id}], "timeEntryIds": [entry]}
    template = "templates/{templateId:" + id_in(ask("POST", "templates", [pairs])) + "}"
    ask("GET", "templates")
    ask("GET", template)
    ask("PATCH", template, {"name": "Another week"})
    ask("DELETE", template)
    week = {"dateRangeStart": "2026-11-09T00:00:00", "dateRangeEnd": "2026-11-15T23:59:59"}
    summary = {**week, "summaryFilter": {"groups": ["PROJECT", "USER"]}}
    ask("POST", "reports/detailed", {**week, "detailedFilter": {}})
    ask("POST", "reports/summary", summary)
    ask("POST", "reports/weekly", {**week, "weeklyFilter": {"group": "USER", "subgroup": "PROJECT"}})
    ask("POST", "reports/expenses/detailed", {"dateRangeStart": "2026-10-20T00:00:00", "dateRangeEnd": "2026-11-18T00:00:00"})
    shared = id_in(ask("POST", "shared-reports", {"name": "Shared", "type": "SUMMARY", "filter": summary, "visibleToUsers": [me]}))
    ask("GET", "shared-reports")
    ask("GET", "/shared-reports/{id:" + shared + "}")
    ask("PUT", "shared-reports/{id:" + shared + "}", {"name": "Still shared"})
    ask("DELETE", "shared-reports/{id:" + shared + "}")
    ask("DELETE", "time-entries/{id:" + entry + "}")
    ask("PUT", task, {"name": "A task", "status": "DONE"})
    ask("DELETE", task)
    ask("PUT", project, {"archived": True})
    ask("DELETE", project)
    ask("PUT", client, {"name": "A client", "archived": True})
    ask("DELETE", client)
    ask("DELETE", tag)
    ask.sandbox.later(minutes=2)
    for act in ("created", "updated", "deleted"):
        ask("GET", f"entities/{act}", None, type="TAGS,CLIENTS,TIME_ENTRY")


@needs_document
def test_replies_are_what_the_document_says(sandbox: Sandbox) -> None:
    spec, ask = document(), Asker(sandbox)
    ask_all(ask)
    assert not set(operations()) - set(ask.replies), "an operation was not asked"
    wrong: list[str] = []
    for (method, path), answer in ask.replies.items():
        replies = spec["paths"][path][method.lower()]["responses"]
        if str(answer.status) not in replies:
            wrong.append(f"{method} {path}: status {answer.status}, not {list(replies)}")
            continue
        contents: dict[str, Schema] = replies[str(answer.status)].get("content", {})
        content = next(iter(contents.values()), Schema())
        if "schema" in content and "/entities/" not in path:
            wrong += [f"{method} {path} {one}" for one in complaints(spec, content["schema"], answer.body, "$")]
    assert not wrong, "\n".join(wrong)


def spoiled(spec: Schema, schema: Schema) -> Iterator[object]:
    """Values that the schema forbids."""
    _, schema = resolve(spec, schema)
    match schema.get("type"):
        case "boolean":
            yield "maybe"
        case "integer" | "number":
            yield "many"
            if "minimum" in schema:
                yield schema["minimum"] - 1
        case "array":
            yield from ([one] for one in spoiled(spec, schema.get("items", {})))
        case "string" if "enum" in schema:
            yield "NO_SUCH_WORD"
        case "string":
            if "maxLength" in schema:
                yield "x" * (schema["maxLength"] + 1)
            if schema.get("minLength", 0) > 0:
                yield "x" * (schema["minLength"] - 1)
            if schema.get("format") in ("email", "date-time", "date"):
                yield "x"
        case _:
            pass


class Doubter(Asker):
    """Before each good request it sends bad ones, and keeps those that were not refused."""

    def __init__(self, sandbox: Sandbox, spec: Schema) -> None:
        super().__init__(sandbox)
        self.spec = spec
        self.tried = 0
        self.taken: set[str] = set()

    def __call__(self, method: str, path: str, body: object = None, **query: object) -> Answer:
        whole = path if path.startswith("/") else "/workspaces/{workspaceId:" + self.home + "}/" + path
        host = "/clockify/reports/v1" if re.search(r"(^|/)(shared-)?reports\b", path) else "/clockify/api/v1"
        real = host + re.sub(r"\{\w+:([^}]*)\}", r"\1", whole)
        name = method + " /v1" + re.sub(r"\{(\w+):[^}]*\}", r"{\1}", whole)
        operation = self.spec["paths"][name.partition(" ")[2]][method.lower()]
        given = {key.replace("_", "-"): value for key, value in query.items()}
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "query":
                bads = [{parameter["name"]: bad} for bad in spoiled(self.spec, parameter["schema"])]
                for bad in bads:
                    self.send(f"{name} ?{parameter['name']}", method, real, body, {**given, **bad})
                if parameter.get("required"):
                    less = {key: value for key, value in given.items() if key != parameter["name"]}
                    self.send(f"{name} ?{parameter['name']} left out", method, real, body, less)
        contents: dict[str, Schema] = operation.get("requestBody", {}).get("content", {})
        for content in contents.values():
            for key, bad in self.bodies(content["schema"], body):
                self.send(f"{name} {key}", method, real, bad, given)
        return super().__call__(method, path, body, **query)

    def bodies(self, schema: Schema, body: object) -> Iterator[tuple[str, object]]:
        """Bodies with one thing wrong, and what it is."""
        _, schema = resolve(self.spec, schema)
        if schema.get("type") == "array" and isinstance(body, list):
            rows = cast(list[object], body)
            yield from ((f"[].{key}", [bad, *rows[1:]]) for key, bad in self.bodies(schema["items"], rows[0]))
            return
        row = cast(dict[str, object], body or {})
        for key, inner in schema.get("properties", {}).items():
            yield from ((f"{key}={bad!r:.30}", {**row, key: bad}) for bad in spoiled(self.spec, inner))
            if key in row and resolve(self.spec, inner)[1].get("type") == "object":
                yield from ((f"{key}.{deep}", {**row, key: bad}) for deep, bad in self.bodies(inner, row[key]))
        for key in schema.get("required", []):
            yield f"{key} left out", {name: value for name, value in row.items() if name != key}

    def send(self, what: str, method: str, path: str, body: object, query: dict[str, object]) -> None:
        self.tried += 1
        answer = self.sandbox.send(method, path, body, {"X-Api-Key": "sandbox-clockify-key"}, **query)
        assert answer.status < 500, (what, answer)
        if answer.status != 400:
            self.taken.add(what)


@needs_document
def test_what_the_document_forbids_is_refused(sandbox: Sandbox) -> None:
    doubter = Doubter(sandbox, document())
    ask_all(doubter)
    assert doubter.tried > 300
    assert doubter.taken == set(), "\n".join(sorted(doubter.taken))
