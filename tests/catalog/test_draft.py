"""Folders drafted from a document: what they say is what the document says, and nothing of its prose."""

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings, strategies

from toolway.catalog import checked, reader
from toolway.catalog.draft import MOST, draft
from toolway.catalog.grammar import write
from toolway.catalog.lint import is_warning, lint
from toolway.catalog.model import Toolkit
from toolway.catalog.witness import Witness
from toolway.cli.toolkit import toolkit
from toolway.errors import BadFile

from .vendor import document

st: Any = strategies  # what is made here is JSON of any kind
PROSE = "Vendor prose"
CLOCKIFY = Path(__file__).parents[3] / "shared" / "clockify" / "openapi-2026-05-23.json"


def operation(id: str, *given: Any, body: Any = None, due: bool = True, **more: Any) -> Any:
    told: dict[str, Any] = {"operationId": id, "summary": PROSE, "description": PROSE, "parameters": list(given), **more}
    if body is not None:
        told["requestBody"] = {"required": due, "description": PROSE, "content": {"application/json": {"schema": body}}}
    return told | {"responses": {"200": {"description": PROSE}}}


def parameter(name: str, place: str = "query", required: bool = False, **schema: Any) -> Any:
    return {"name": name, "in": place, "required": required or place == "path", "description": PROSE, "schema": schema}


def vendor(paths: Any, schemas: Any = None, **more: Any) -> Any:
    told: Any = {"openapi": "3.0.3", "info": {"title": PROSE}, "servers": [{"url": "https://api.acme.example/v2"}], "paths": paths}
    return told | {"components": {"schemas": schemas or {}, **more.pop("components", {})}} | more


def drafted(tmp_path: Path, told: Any, *tags: str) -> Toolkit:
    """The toolkit as it is read again, without an error and without a slip."""
    witness = Witness(told)
    folder = tmp_path / "acme"
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for name, text in draft("acme", witness, tags).files.items():
        (folder / name).write_text(text, "utf-8")
        assert PROSE not in text
    assert [line for line in lint(folder) if not is_warning(line)] == []
    assert checked.against(folder, witness).slips == []
    return reader.read(folder)


def lines(kit: Toolkit, name: str) -> dict[str, str]:
    return {f"{param.place}.{param.field.name}": write(param.field) for param in kit.tools[name].params}


def test_a_clean_document(tmp_path: Path) -> None:
    kit = drafted(tmp_path, document())
    assert set(kit.tools) == {
        "list_tags", "create_tag", "replace_tags", "get_tag", "update_tag", "delete_tag", "get_me", "report"
    }  # fmt: skip
    assert kit.hosts == {"api": "https://api.acme.example/v1", "eu": "https://eu.reports.acme.example"}
    assert kit.check and (kit.check.path, kit.check.label) == ("/me", "email")
    told = lines(kit, "list_tags")
    assert told["path.spaceId"] == "text!"
    assert (told["query.name"], told["query.sort"], told["query.ids"], told["query.since"]) == (
        "text(..100)", "(NAME | DATE)", "text[]", "time"
    )  # fmt: skip
    assert told["header.X-Key"] == "text!"  # due in the document, and no securityScheme says that it is the key
    tool = kit.tools["delete_tag"]
    assert (tool.slug, tool.method, tool.path, tool.spec) == ("ACME_DELETE_TAG", "DELETE", "/spaces/{spaceId}/tags/{id}", "deleteTag")
    assert tool.about.startswith("Delete tags of spaces, by id. TODO")


def test_a_way_to_prove_oneself(tmp_path: Path) -> None:
    schemes: Any = {
        "old": {"type": "oauth2", "flows": {}},
        "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
        "token": {"type": "http", "scheme": "bearer"},
    }
    told = vendor(
        {"/a": {"get": operation("a", parameter("x-key", "header", True, type="string"))}}, components={"securitySchemes": schemes}
    )
    kit = drafted(tmp_path, told)
    assert [(auth.mode, auth.header) for auth in kit.auth] == [("API_KEY", "X-Key"), ("BEARER_TOKEN", "")]
    assert not kit.tools["a"].params
    assert "oauth2" in (tmp_path / "acme" / "toolkit.toml").read_text("utf-8")


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("/v3", {"api": "https://api.example.com/v3"}),
        ("https://api.acme.example/", {"api": "https://api.acme.example"}),
        ("https://{sub}.acme.example/{version}", {"api": "https://{sub}.acme.example/v1"}),
        ("https://{region}.acme.example", {"api": "https://us.acme.example"}),
    ],
)
def test_an_address(tmp_path: Path, url: str, hosts: dict[str, str]) -> None:
    variables = {"sub": {"default": "you"}, "version": {"default": "v1"}, "region": {"default": "us", "enum": ["eu", "us"]}}
    used = {name: told for name, told in variables.items() if f"{{{name}}}" in url}
    kit = drafted(tmp_path, vendor({"/a": {"get": operation("a")}}, servers=[{"url": url, "variables": used}]))
    assert kit.hosts == hosts
    assert [field.name for field in kit.account] == (["sub"] if "{sub}" in url else [])


def test_what_a_line_has_to_say(tmp_path: Path) -> None:
    node = {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Node"}, "id": {"type": "integer", "readOnly": True}}}
    body = {
        "type": "object",
        "required": ["level", "id", "why"],
        "properties": {
            "level": {"type": "integer", "enum": [1, 2, 3]},
            "id": {"type": "integer", "minimum": 1, "maximum": 9223372036854775807},
            "why": {"type": "string", "enum": ["a|b", "(c)", "d"]},
            "odd": {"type": "string", "enum": ["", "e"]},
            "tree": {"$ref": "#/components/schemas/Node"},
            "rows": {"type": "array", "items": {"type": "array", "items": {"type": "string"}}},
            "gone": {"type": "string", "deprecated": True},
            "userId": {"type": "string", "default": "me"},
            "when": {"type": "string", "format": "date"},
        },
    }
    query = (
        parameter("user_id", type="string"),
        parameter("filter[name]", type="string"),
        parameter("deep", type="object", properties={"a": {"type": "string"}}),
        parameter("X-Optional", "header", type="string"),
        parameter("Accept", "header", True, type="string"),
    )
    kit = drafted(tmp_path, vendor({"/users/{id}": {"put": operation("updateUser", *query, body=body)}}, {"Node": node}))
    told = lines(kit, "update_user")
    assert told == {
        "path.id": "text!",
        "query.user_id": "text",
        "query.filter[name]": "text",
        "body.level": "Level!",
        "body.id": "int!",
        "body.why": "Why!",
        "body.odd": "Odd",
        "body.tree": "Node",
        "body.rows": "any[]",
        "body.userId": "text",
        "body.when": "date",
    }
    names = [param.given for param in kit.tools["update_user"].params]
    assert names[:4] == ["id", "user_id", "filter_name", "level"] and "body_id" in names and "body_userId" in names


def test_a_choice_of_numbers_is_held_against_the_document(tmp_path: Path) -> None:
    told = vendor({"/a": {"get": operation("a", parameter("n", type="integer", enum=[1, 2]))}})
    drafted(tmp_path, told)
    told["paths"]["/a"]["get"]["parameters"][0]["schema"]["enum"] = [1, 3]
    slips = checked.against(tmp_path / "acme", Witness(told)).slips
    assert [slip.split(": ")[1].split(" (#")[0] for slip in slips] == [
        "choice 2 here, no such choice in the document",
        "no choice 3 here, choice 3 in the document",
    ]


def test_a_body_that_is_a_list_or_anything(tmp_path: Path) -> None:
    paths = {
        "/list": {"put": operation("list", body={"type": "array", "items": {"type": "string"}})},
        "/any": {"post": operation("any", body={"type": "object"}, due=False)},
        "/odd": {"post": operation("odd", body={"type": "object", "required": ["x"], "properties": {"x": {"type": "null"}, "y": {}}})},
        "/gone": {"post": operation("gone", body={"type": "object", "required": ["x"]})},
    }
    kit = drafted(tmp_path, vendor(paths))
    assert lines(kit, "odd") == {"whole.body": "any!"}  # a member that is due and that no line fits
    assert (lines(kit, "list"), lines(kit, "any"), lines(kit, "gone")) == (
        {"whole.body": "text[]!"}, {"whole.body": "any"}, {"whole.body": "any!"}
    )  # fmt: skip


def test_one_that_is_too_heavy_says_less(tmp_path: Path) -> None:
    wide = {f"member{n}": {"type": "object", "properties": {f"inner{m}": {"type": "string"} for m in range(30)}} for n in range(30)}
    query = [parameter(f"a_rather_long_name_of_a_parameter_{n}", type="string") for n in range(100)]
    paths = {"/a": {"post": operation("a", body={"type": "object", "properties": wide})}, "/b": {"get": operation("b", *query)}}
    kit = drafted(tmp_path, vendor(paths))
    assert set(lines(kit, "a").values()) == {"any"} and len(lines(kit, "a")) == 30
    assert 20 < len(lines(kit, "b")) < 100
    assert "optional parameters; with all of them" in (tmp_path / "acme" / "other.toml").read_text("utf-8")


def test_what_cannot_be_a_tool_is_told() -> None:
    twice = {path: {"get": operation("twice")} for path in ("/t1", "/t2")}
    paths = {
        "/fine": {"get": operation("fine"), "options": operation("options")},
        "/old": {"get": operation("old", deprecated=True)},
        "/cookie": {"get": operation("cookie", parameter("c", "cookie", True, type="string"))},
        "/x y": {"get": operation("space")},
        "/upload": {"post": operation("upload") | {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": {}}}}}},
        "/order": {"get": operation("systemPrompt")},
        "/hidden": {"get": operation("hid\u200bden")},
        **twice,
    }
    told = draft("acme", Witness(vendor(paths)))
    assert told.tools == 1
    said = "\n".join(told.left)
    for word in ("1 deprecated", "1 with a parameter that is due", "1 with a path", "neither JSON nor a form", "order", "neither GET"):
        assert word in said, word
    assert "3 with an operationId that stands twice" in said


def test_what_nobody_could_see_is_missing_is_told() -> None:
    upload = operation("upload")
    upload["requestBody"] = {"content": {"multipart/form-data": {"schema": {"type": "object"}}}}
    unnamed = {key: value for key, value in operation("x").items() if key != "operationId"}
    made = draft("acme", Witness(vendor({"/a": {"get": operation("getA"), "post": unnamed}, "/b": {"post": upload}})))
    assert made.tools == 1 and set(made.left) == {"1 without an operationId", "1 with a body that is neither JSON nor a form"}


def test_a_bounded_number() -> None:
    told = draft("acme", Witness(vendor({f"/p{n}": {"get": operation(f"op{n}")} for n in range(MOST + 5)})))
    assert told.tools == MOST
    assert told.left == (f"5 beyond the {MOST} that are drafted at once; --tags chooses",)


def test_nothing_in_it() -> None:
    with pytest.raises(BadFile, match="Nothing in the document can be a tool: 1 deprecated"):
        draft("acme", Witness(vendor({"/a": {"get": operation("a", deprecated=True)}})))


NAMES = st.sampled_from(["id", "Id", "a-b", "a_b", "a.b", "filter[x]", "$top", "naïve", "one-of", "schema", "x y", "", "types", "list"])
TYPES: list[Any] = ["string", "integer", "number", "boolean", "object", "array", "null", ["string", "null"], ["integer", "string"]]
PLAIN: Any = st.one_of(
    st.just({}),
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(
                ["string", "integer", "number", "boolean", "object", "array", "null", ["string", "null"], ["integer", "string"]]
            )
        },
        optional={
            "format": st.sampled_from(["date-time", "date", "email", "uri", "binary", "int64", "password"]),
            "enum": st.lists(st.sampled_from(["A", "b c", "", " x", "(y)", "a|b", 1, 2.5, True, None]), max_size=4),
            "minLength": st.integers(0, 5),
            "maxLength": st.integers(0, 10**19),
            "minimum": st.sampled_from([-1, 0, 0.5, 1e-17, -(2**70)]),
            "maximum": st.sampled_from([0, 1, 7.25, 2**63]),
            "default": st.sampled_from([1, "A", None, []]),
            "readOnly": st.booleans(),
            "deprecated": st.sampled_from([False, False, False, True]),
        },
    ),
    st.sampled_from([{"$ref": "#/components/schemas/Loop"}, {"$ref": "#/components/schemas/Thing"}]),
)


def within(inner: Any) -> Any:
    """Schemas that hold others."""
    members = {"type": st.just("object"), "properties": st.dictionaries(NAMES, inner, max_size=4)}
    return st.one_of(
        st.fixed_dictionaries({"type": st.just("array"), "items": inner}),
        st.fixed_dictionaries(members, optional={"required": st.lists(NAMES, max_size=2), "additionalProperties": st.booleans()}),
        st.fixed_dictionaries({"allOf": st.lists(inner, min_size=1, max_size=2)}),
        st.fixed_dictionaries({"oneOf": st.lists(inner, min_size=1, max_size=3)}),
    )


SCHEMAS: Any = st.recursive(PLAIN, within, max_leaves=8)
GIVEN: Any = st.fixed_dictionaries(
    {"name": NAMES, "in": st.sampled_from(["query", "query", "header", "path"]), "required": st.booleans(), "schema": SCHEMAS}
)


def known(one: Any) -> Any:
    """By what a parameter is known: of headers, case says nothing."""
    return one["in"], one["name"].lower()


MANY: Any = st.lists(GIVEN, max_size=4, unique_by=known)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    SCHEMAS,
    SCHEMAS,
    SCHEMAS,
    MANY,
    st.sampled_from(["post", "put", "delete", "get"]),
)
def test_whatever_a_document_says_a_draft_agrees(tmp_path: Path, body: Any, loop: Any, thing: Any, params: Any, method: str) -> None:
    """Each operation is left out, or drafted without an error and without a slip."""
    paths = {"/ok": {"get": operation("ok")}, "/things/{id}": {method: operation("odd", *params, body=body, due=method != "get")}}
    drafted(tmp_path, vendor(paths, {"Loop": {"properties": {"again": {"$ref": "#/components/schemas/Loop"}, "x": loop}}, "Thing": thing}))


@pytest.mark.skipif(not CLOCKIFY.exists(), reason="the vendor's document lies outside of the repository")
def test_the_whole_of_a_real_document(tmp_path: Path) -> None:
    from toolway.catalog.draft import tags

    told = json.loads(CLOCKIFY.read_bytes())
    names = tags(Witness(told))
    tools = [len(drafted(tmp_path, told, *names[start : start + 5]).tools) for start in range(0, len(names), 5)]
    assert sum(tools) > 140


def new(folder: Path, *words: str) -> Result:
    runner, work = CliRunner(), folder / f"work{len(list(folder.iterdir()))}"
    work.mkdir()
    with contextlib.chdir(work):
        Path("doc.json").write_text(json.dumps(vendor({"/a": {"get": operation("a", tags=["Tags"])}})), "utf-8")
        Path("bare.json").write_text("{}", "utf-8")
        Path("half.json").write_text("{", "utf-8")
        Path("doc.yaml").write_text("openapi: 3.0.0\n", "utf-8")
        Path("old.json").write_text('{"swagger": "2.0"}', "utf-8")
        Path("there").mkdir()
        result = runner.invoke(toolkit, ["new", *words])
        left = sorted(path.name for path in Path().iterdir())
        if result.exit_code:
            assert left == ["bare.json", "doc.json", "doc.yaml", "half.json", "old.json", "there"] and not list(Path("there").iterdir())
        else:
            errors = [line for line in lint(Path(words[0])) if not is_warning(line)]
            assert errors == []
    return result


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("acme", "--spec", "none.json"), "none.json cannot be read: No such file"),
        (("acme", "--spec", "half.json"), "half.json is not JSON"),
        (("acme", "--spec", "doc.yaml"), "doc.yaml names no operation"),
        (("acme", "--spec", "old.json"), "old.json is Swagger 2.0; OpenAPI 3 is expected."),
        (("acme", "--spec", "bare.json"), "bare.json is no OpenAPI 3 document"),
        (("acme", "--spec", "doc.json", "--tags", "Tgas"), "The document has no tag 'Tgas'; did you mean tags? Its tags are: Tags."),
        (("acme", "--tags", "Tags"), "--spec is missing"),
        (("there",), "there/ is there already; nothing was written."),
        (("there", "--spec", "doc.json"), "there/ is there already; nothing was written."),
        (("Acme",), "'Acme' is no slug."),
        (("../acme",), "'../acme' is no slug."),
        (("a" * 41, "--spec", "doc.json"), "is no slug."),
    ],
)
def test_what_cannot_be_used(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    result = new(tmp_path, *words)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())


def test_the_command(tmp_path: Path) -> None:
    for words in (("acme",), ("acme", "--spec", "doc.json"), ("acme", "--spec", "doc.json", "--tags", "tags")):
        result = new(tmp_path, *words)
        assert result.exit_code == 0, result.stderr
        assert result.stdout.splitlines()[0] == "acme/toolkit.toml"
        assert "1 tool drafted." in result.stderr
