"""A folder as a toolkit, and every problem of it told at once."""

import os
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET, msgpack

from toolway.catalog.lint import lint
from toolway.catalog.model import Each, Fault, Field, Kind, Merge, Pages, Tool, Toolkit
from toolway.catalog.reader import read
from toolway.catalog.source import lines
from toolway.errors import BadFile

from .toolkits import MAIN, PING, WIDE, acme, write


@pytest.fixture
def wide(tmp_path: Path) -> Toolkit:
    return read(write(tmp_path / "acme", WIDE))


def problems(folder: Path) -> list[str]:
    with pytest.raises(BadFile) as caught:
        read(folder)
    assert str(len(caught.value.details)) in caught.value.message
    return list(caught.value.details)


def test_a_tool_says_little_and_the_rest_follows(tmp_path: Path) -> None:
    tool = read(acme(tmp_path)).tools["ping"]
    expected = Tool("ACME_PING", "acme", "ping", "Ping", "See whether Acme answers.", "GET", "api", "/ping", "read")
    assert (tool.slug, tool.title, tool.method, tool.host, tool.path, tool.effect) == (
        expected.slug,
        expected.title,
        expected.method,
        expected.host,
        expected.path,
        expected.effect,
    )
    assert tool.send == "none"
    assert tool.line == "tools.toml:2"
    assert tool.why_no_spec == "Acme publishes none."


def test_the_toolkit_is_read(wide: Toolkit) -> None:
    assert wide.nouns["tag"].within == ("workspaceId",)
    assert wide.nouns["workspace"].default == ("get_me", "activeWorkspace")
    assert wide.check is not None and wide.check.label == "email"
    assert wide.auth[0].mode == "API_KEY" and wide.auth[0].header == "X-Key"
    assert set(wide.tools) == {"get_workspaces", "get_me", "get_tags", "get_tag", "update_tag", "bulk", "report"}


def test_shared_path_lines_views_and_pages(wide: Toolkit) -> None:
    tool = wide.tools["get_tags"]
    assert [param.given for param in tool.params] == ["workspaceId", "name", "page", "page-size"]
    assert tool.pages == Pages("query.page", "query.page-size", 0, "header Last-Page")
    assert tool.view == ("id", "name")
    assert tool.list_key == "tags"


def test_what_a_merge_leaves_and_what_a_tool_says_of_refusals(tmp_path: Path) -> None:
    lines = 'body.x = "text"\nmerge = {from = "ping", x = false}\nfails = {404 = "No.", "400 501" = "First this."}'
    tool = read(acme(tmp_path, PING.replace("GET", "POST") + lines)).tools["ping"]
    assert tool.merge == Merge("ping", {}, ("x",))
    assert tool.fails == (Fault(404, "", "", "No."), Fault(400, "501", "", "First this."))


def test_a_merge_with_an_item_of_a_list(tmp_path: Path) -> None:
    put, item = PING.replace("GET", "PUT"), '\n[types.Item]\nkey = "text!"\nx = "text"'
    lines = 'path.id = "text!"\nbody.x = "text"\nmerge = {from = "ping", by = "id", x = "y"}'
    assert read(acme(tmp_path / "one", put.replace("/ping", "/ping/{id}") + lines)).tools["ping"].merge == Merge(
        "ping", {"x": "y"}, by="id"
    )
    lines = f'whole.all = "Item[]!"\neach = {{of = "whole.all", by = "key"}}\nmerge = {{from = "ping", x = "y"}}{item}'
    tool = read(acme(tmp_path / "all", put + lines)).tools["ping"]
    assert (tool.merge, tool.each) == (Merge("ping", {"x": "y"}, by="key"), Each("whole.all", "key"))


@pytest.mark.parametrize(
    "line", ['body.ids = "text[]"', 'body.ids = {schema = {type = "array"}}', 'body.ids = "Ids"\n[types.Ids]\nschema = {type = "array"}']
)
def test_what_is_named_at_once_is_a_list(tmp_path: Path, line: str) -> None:
    tool = read(acme(tmp_path, PING.replace("GET", "POST") + 'each = {of = "body.ids", by = "id"}\n' + line)).tools["ping"]
    assert tool.each == Each("body.ids", "id")


def test_merge_and_renames(wide: Toolkit) -> None:
    tool = wide.tools["update_tag"]
    assert tool.merge == Merge("get_tag", {"name": "label.name"})
    assert [(param.place, param.field.name, param.given) for param in tool.params] == [
        ("path", "workspaceId", "workspaceId"),
        ("path", "id", "id"),
        ("body", "name", "name"),
        ("body", "id", "number"),
    ]


def test_a_body_that_is_a_list(wide: Toolkit) -> None:
    (_, entries) = wide.tools["bulk"].params
    assert entries.place == "whole" and entries.field.many and entries.field.required
    assert entries.field.kind.named == "BulkEntry"
    assert [field.name for field in entries.field.kind.fields] == ["id", "tagIds", "rate"]
    rate = entries.field.kind.fields[2]
    assert rate.required, "one of its members is due"
    assert wide.tools["bulk"].send == "json"


def test_dotted_lines_stand_together(wide: Toolkit) -> None:
    tool = wide.tools["report"]
    outer = tool.param("detailedFilter")
    assert outer is not None and outer.place == "body" and not outer.field.required
    assert outer.field.default == {"page": 1, "options": {"totals": "ALL"}}
    assert [field.name for field in outer.field.kind.fields] == ["page", "options"]
    assert tool.fixed == {"body": {"exportType": "JSON", "detailedFilter": {"sort": "DATE"}}}
    assert tool.effect == "read" and tool.title == "Detailed Report"


def test_json_schema_where_a_line_is_not_enough(wide: Toolkit) -> None:
    tool = wide.tools["report"]
    value, raw = tool.param("value"), tool.param("raw")
    assert value is not None and raw is not None
    assert value.field == Field(
        "value", Kind("schema", schema={"type": ["string", "null"], "description": "Any value."}), about="Any value."
    )
    assert raw.field.many and raw.field.kind == Kind("schema", schema={"type": "object"}, named="Raw")


def test_fifty_choices_are_one_type(tmp_path: Path) -> None:
    events = [f"EVENT_{number}" for number in range(51)]
    tools = PING.replace("GET", "POST") + 'body.event = "Event!"\n[types.Event]\none-of = ' + str(events).replace("'", '"')
    (param,) = read(acme(tmp_path, tools)).tools["ping"].params
    assert param.field.kind == Kind("choice", choices=tuple(events), named="Event")
    assert param.field.default is UNSET


def test_a_toolkit_survives_the_index(wide: Toolkit) -> None:
    assert msgpack.decode(msgpack.encode(wide), type=Toolkit) == wide


def test_regions_and_labels(tmp_path: Path) -> None:
    main = (
        '\n[hosts.EU]\napi = "https://{subdomain}.acme.example/v1"\n[account]\nsubdomain = "label"\nregion = "(US | EU) = US -- Where."\n'
    )
    kit = read(acme(tmp_path, main=main))
    assert kit.regions == {"EU": {"api": "https://{subdomain}.acme.example/v1"}}
    assert [field.name for field in kit.account] == ["subdomain", "region"]


def test_limits_faults_and_words(tmp_path: Path) -> None:
    main = """
[[limits.rate]]
most = 30
per = "hour"
when = "free plan"
[errors]
"400 501" = {means = "not found", say = "No such thing."}
"404" = {means = "not found"}
[words]
timesheet = ["time entry", "report"]
"""
    kit = read(acme(tmp_path, main=main))
    assert kit.rates[0].most == 30 and kit.rates[0].when == "free plan"
    assert [(fault.status, fault.code) for fault in kit.faults] == [(400, "501"), (404, "")]
    assert kit.words == {"timesheet": ("time entry", "report")}


def test_types_that_name_each_other(tmp_path: Path) -> None:
    tools = PING.replace("GET", "POST") + 'body.a = "Outer"\n[types.Outer]\nin = "Inner[]"\n[types.Inner]\nx = "int"\n'
    (param,) = read(acme(tmp_path, tools)).tools["ping"].params
    assert param.field.kind.fields[0].kind.fields[0].kind.word == "int"


def test_triggers_and_cases_are_no_tools(tmp_path: Path) -> None:
    folder = acme(tmp_path)
    write(folder, {"triggers.toml": "[x]\ny = 1\n"})
    write(folder / "cases", {"ping.toml": "[x]\ny = 1\n"})
    assert set(read(folder).tools) == {"ping"}


WRONG = [
    ('body.billable = "txt"', "body.billable: 'txt' is no type"),
    ('body.tag = "@tga"', "body.tag: no [nouns.tga]"),
    ('body.event = "Evnt"', "body.event: no [types.Evnt]"),
    ("body.x = 5", "body.x: a line is expected"),
    ("body.x = {}", "body.x: a line is expected"),
    ('abuot = "x"', "abuot: unknown key; did you mean about?"),
    ('effect = "reed"', "did you mean read?"),
    ('path.id = "text!"', "path.id: call has no {id}"),
    ('query.a.b = "text"', "query.a: an object cannot stand in the query"),
    ('view = "nope"', "view: no 'nope' in [views]"),
    ('view = ["a..b"]', "no dotted name"),
    ("view = []", "a list of dotted names"),
    ('pages = {page = "query.page"}', "pages.page: no parameter stands at 'query.page'"),
    ('pages = {page = "query.page", mor = "short"}', "pages.mor: unknown key; did you mean more?"),
    ('query.page = "int"\npages = {page = "query.page"}', "size is expected"),
    ('span = {from = "query.a"}', "to is missing"),
    ('span = {from = "query.a", to = "query.b"}', "span.from: no time, wall or date stands at 'query.a'"),
    ('query.a = "text"\nquery.b = "date[]"\nspan = {from = "query.a", to = "query.b"}', "span.to: no time, wall or date stands at"),
    ('query.a = "time"\nquery.b = "date"\nspan = {from = "query.a", to = "query.b"}', "both of one type are expected"),
    ('query.a = "date"\nquery.b = "date"\nspan = {from = "query.a", to = "query.b", days = "7"}', "how many days"),
    ('query.a = "date"\nquery.b = "date"\nspan = {from = "query.a", to = "query.b", days = "8..7"}', "how many days"),
    ('query.a = "date"\nquery.b = "date"\nspan = {from = "query.a", to = "query.b", when = "free"}', "days is missing"),
    ('query.a = "date"\nquery.b = "date"\nspan = {from = "query.a", to = "query.b", day = "..7"}', "span.day: unknown key"),
    ('merge = {from = "ping", nam = "x"}', "merge.nam: no body.nam is written"),
    ('merge = {from = "ping", nam = false}', "merge.nam: no body.nam is written"),
    ('body.nam = "text"\nmerge = {from = "ping", nam = true}', "merge.nam: text is expected"),
    ('body.x = "text"\nmerge = {from = "ping", by = "id"}', "merge.by: the field that tells the item is expected, one that is given too"),
    ('whole.x = "text[]"\nmerge = {from = "ping"}', "the body is a list: each is expected"),
    (
        'query.y = "text[]"\nwhole.x = "text[]"\neach = {of = "query.y", by = "id"}\nmerge = {from = "ping"}',
        "the body is a list: each is expected",
    ),
    ('whole.x = "text[]"\neach = {of = "whole.x", by = "id"}\nmerge = {from = "ping", by = "id"}', "merge.by: no body.by is written"),
    ('query.ids = "text"\neach = {of = "query.ids", by = "id"}', "each.of: no list stands at 'query.ids'"),
    ('query.ids = "text[]"\neach = {of = "query.idz", by = "id"}', "each.of: no list stands at 'query.idz'; did you mean"),
    ('query.ids = "text[]"\neach = {of = "query.ids"}', "ping each: by is missing"),
    ('query.ids = "text[]"\neach = {of = "query.ids", by = "id", x = 1}', "each.x: unknown key"),
    ('body.x = {schema = {type = "object"}}\neach = {of = "body.x", by = "id"}', "each.of: no list stands at"),
    ('fails = {"4xx" = "x"}', "fails.4xx: a status, and"),
    ("fails = {404 = 5}", "fails.404: text is expected"),
    ('fails = {404 = " "}', "fails.404: it is empty"),
    ('as.x = "y"', "as.x: no parameter 'x' to rename"),
    ('body.x = "text"\nquery.x = "text"', "both given as 'x'"),
    ('body.x = "text"\nquery.x = "text"\nas.x = "y"', "as.body.x is expected"),
    ("fixed.body.x = 2020-01-01", "write them as text"),
    ("fixed.body.x = nan", "finite"),
    ('body.x = "text"\nfixed.body.x = "a"', "it stands as a parameter too"),
    ('whole.a = "text[]"\nbody.b = "text"', "the body itself"),
    ('body.x = {schema = {"$ref" = "#/x"}}', "$ref is not taken"),
    ('body.x = {schema = {"$schema" = "http://127.0.0.1:9/x"}}', "$schema is not taken"),
    ('body.x = {schema = {items = {"$id" = "http://127.0.0.1:9/x"}}}', "$id is not taken"),
    ('body.x = {schema = {type = "txt"}}', "not a JSON Schema"),
    ('body.x = {schema = {pattern = "("}}', "not a JSON Schema"),
    ('retire = "soon"', "a date and the slug"),
    ('send = "none"\nbody.x = "text"', "has a body"),
    ('asks = "one"', "a list of texts"),
    ('title = " "', "it is empty"),
    ("spec = 5", "text is expected"),
]


@pytest.mark.parametrize(("line", "told"), WRONG)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, line: str, told: str) -> None:
    tools = PING.replace("GET", "POST").replace('asks  = ["is Acme up", "does Acme answer", "check Acme"]\n', "") + line
    found = problems(acme(tmp_path, tools))
    assert all(line.startswith("acme/tools.toml:") and " ping" in line for line in found)
    assert any(told in line for line in found), found


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("GET api /ping", "GET web /ping", "no host 'web'"),
        ("GET api /ping", "GTE api /ping", "method GTE is not known"),
        ("GET api /ping", "GET api", "METHOD host"),
        ("GET api /ping", "GET api /a/../b", "not plain"),
        ("GET api /ping", "GET api /a?b=c", "not plain"),
        ("GET api /ping", "GET api /a/{id}", "no parameter fills {id}"),
        ("ACME_PING", "PING", "ACME_ is expected"),
        ("ACME_PING", "acme_ping", "capital letters"),
        ("ACME_PING", "ACME_" + "X" * 60, "1 to 64"),
        ("[ping]", "[Ping]", "small letters"),
        ("about = ", "abuot = ", "about is missing"),
    ],
)
def test_a_wrong_head_is_told(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert any(told in line for line in problems(acme(tmp_path, PING.replace(old, new))))


@pytest.mark.parametrize(
    ("main", "told"),
    [
        ("[limts]\n", "limts: unknown key; did you mean limits?"),
        ('[auth.apikey]\nheader = "x"\n', "did you mean api_key?"),
        ('[nouns.tag]\nlist = "get_tags"\nlooks-like = "("\n', "not a regular expression"),
        ('[nouns.tag]\nlist = "get_tags"\nlooks-like = "(a+)+"\n', "no groups"),
        ('[nouns.tag]\nlist = "get_tags"\nlooks-like = "a?a?a?"\n', "at most two"),
        ("[nouns.tag]\n", "list is missing"),
        ('[hosts.EU]\nwww = "https://x.example"\n', "no such host"),
        ('[hosts.EU]\napi = "ftp://x.example"\n', "an address such as"),
        ('[hosts.EU]\napi = "https://{sub}.x.example"\n', "{sub} is no label"),
        ('[account]\nsub = "label"\n[hosts.EU]\napi = "https://{sub}/v1"\n', "{label} only"),
        ('[[limits.rate]]\nmost = 0\nper = "week"\n', "from 1"),
        ('[errors]\n"4xx" = {means = "x"}\n', "a status"),
        ('[types.rate]\nx = "int"\n', "capital letter"),
        ('[types.A]\nb = "B"\n[types.B]\na = "A"\n', "holds itself"),
        ("[types.A]\nschema = {a = {definitions = {}}}\n", "definitions is not taken"),
        ("[types.A]\n", "are expected"),
        ('[path]\nid = "txt!"\n', "is no type"),
        ("[clock]\n", "clock: zone is missing"),
        ('[clock]\nzone = "get_me"\n', 'clock.zone: a tool and a field of its reply are expected, such as "get_user settings.timeZone"'),
        ("[views]\ntag = 5\n", "a list of dotted names"),
    ],
)
def test_a_wrong_main_file_is_told(tmp_path: Path, main: str, told: str) -> None:
    found = problems(acme(tmp_path, main=main))
    assert any(line.startswith("acme/toolkit.toml:") and told in line for line in found), found


@pytest.mark.parametrize(
    "pattern", ["[0-9a-f]{24}", "[A-Z][A-Z0-9]+-[0-9]+", "[0-9a-f]{8}-[0-9a-f]{4}|[0-9]+", "id_[]a-z]{2,9}", "x?[^]]+"]
)
def test_what_ids_look_like(tmp_path: Path, pattern: str) -> None:
    main = f"[nouns.tag]\nlist = 'get_tags'\nlooks-like = '{pattern}'\n"
    assert read(acme(tmp_path, main=main)).nouns["tag"].looks_like == pattern


def test_all_problems_come_together_with_their_lines(tmp_path: Path) -> None:
    tools = (
        PING.replace('"GET api /ping"', '"""\nGET"""') + PING.replace("ACME_PING", "ACME_B").replace("[ping]", "[b]") + 'body.x = "txt"\n'
    )
    found = problems(acme(tmp_path, tools, "speling = 1\n"))
    places = [line.split(": ")[0] for line in found]
    assert "acme/tools.toml:5 ping call" in places
    assert "acme/tools.toml:14 b body.x" in places
    assert any(place.startswith("acme/toolkit.toml:") and place.endswith("speling") for place in places)


def test_types_that_explode_are_refused(tmp_path: Path) -> None:
    types = "".join(f"[types.T{n}]\n" + "".join(f'f{m} = "T{n + 1}"\n' for m in range(30)) for n in range(6)) + '[types.T6]\nx = "int"\n'
    assert any("more than" in line for line in problems(acme(tmp_path, main=types)))
    chain = "".join(f'[types.T{n}]\nx = "T{n + 1}"\n' for n in range(400)) + '[types.T400]\nx = "int"\n'
    assert any("too deeply" in line for line in problems(acme(tmp_path / "chain", main=chain)))


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe",
        b"x = [" + b"[" * 5000,
        b"a." * 2000 + b"a = 1",
        b"x = " + b"9" * 5000,
        b"x = 2020-13-45",
        b"[a]\n[a]\n",
        b"\0",
        b"x = {a = {" * 900,
    ],
)
def test_a_file_that_is_no_toml_is_a_problem(tmp_path: Path, content: bytes) -> None:
    folder = acme(tmp_path)
    (folder / "tools.toml").write_bytes(content)
    assert any("acme/tools.toml:" in line for line in problems(folder))


def test_what_never_ends_is_not_read(tmp_path: Path) -> None:
    folder = acme(tmp_path)
    os.mkfifo(folder / "pipe.toml")
    (folder / "zero.toml").symlink_to("/dev/zero")
    assert problems(folder) == ["acme/pipe.toml:1: no plain file", "acme/zero.toml:1: no plain file"]


def test_a_folder_without_a_toolkit_is_a_problem(tmp_path: Path) -> None:
    assert "cannot be opened" in problems(tmp_path)[0]


def test_lines_of_keys() -> None:
    text = '# head\n[a]\nb = """\n[no]\nx = 1\n"""\nc.d = [ # ]\n  "]", \'[\',\n]\n["q.r".s]\nt = {u = 1,\n v = 2}\n[[e.f]]\ng = 1\n'
    assert lines(text) == {
        ("a",): 2,
        ("a", "b"): 3,
        ("a", "c"): 7,
        ("a", "c", "d"): 7,
        ("q.r", "s"): 10,
        ("q.r", "s", "t"): 11,
        ("e", "f"): 13,
        ("e", "f", "g"): 14,
    }


FILES = {name: text.encode() for name, text in WIDE.items()}
snippets = [
    b'"',
    b"[[x]]",
    b"= 5",
    b"= []",
    b"= {}",
    b'= "text"',
    b"\n",
    b"[types.X]\n",
    b"schema",
    b"= true",
    b"= 1979-05-27",
    b'"""',
    b"..",
    b"{",
]
cuts = st.tuples(st.sampled_from(sorted(FILES)), st.floats(0, 1), st.integers(0, 40), st.binary(max_size=8) | st.sampled_from(snippets))


@settings(max_examples=150, deadline=None)
@given(st.lists(cuts, min_size=1, max_size=4))
def test_no_bytes_make_a_traceback(changes: list[tuple[str, float, int, bytes]]) -> None:
    files = dict(FILES)
    for name, where, length, put in changes:
        at = int(where * len(files[name]))
        files[name] = files[name][:at] + put + files[name][at + length :]
    with TemporaryDirectory() as place:
        for name, content in files.items():
            (Path(place) / name).write_bytes(content)
        with suppress(BadFile):
            assert read(Path(place)).tools
        assert all(isinstance(line, str) for line in lint(Path(place)))


def test_the_shipped_toolkits_read_and_lint() -> None:
    from toolway.catalog.index import BUILTIN, toolkit_folders
    from toolway.catalog.lint import is_warning

    for folder in toolkit_folders([BUILTIN]):
        assert [line for line in lint(folder) if not is_warning(line)] == []


def test_main_is_what_the_other_tests_build_on(tmp_path: Path) -> None:
    assert lint(write(tmp_path / "acme", {"toolkit.toml": MAIN, "tools.toml": PING})) == []


def test_a_bearer_token_goes_where_bearer_tokens_go(tmp_path: Path) -> None:
    main = MAIN.replace('[auth.api_key]\nheader = "X-Key"', "[auth.bearer_token]")
    (auth,) = read(write(tmp_path / "acme", {"toolkit.toml": main, "ping.toml": PING})).auth
    assert (auth.mode, auth.bearer, auth.header) == ("BEARER_TOKEN", True, "")


def test_what_nothing_serves_is_refused(tmp_path: Path) -> None:
    for key, value in (("via", "upload"), ("send", "multipart")):
        with pytest.raises(BadFile) as told:
            read(write(tmp_path / key / "acme", {"toolkit.toml": MAIN, "ping.toml": PING + f'{key} = "{value}"\n'}))
        assert any(key in line for line in told.value.details)
