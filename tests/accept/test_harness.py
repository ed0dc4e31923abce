"""The harness can tell right from wrong: each part is shown something bad and has to say so."""

from pathlib import Path
from typing import Any

import pytest

from .guide import complete_code
from .models import anthropic_messages, openai_responses
from .models.errand import CONNECT, EXECUTE, SEARCH, Errand, script, words
from .models.mind import Call, Lost, Message, Mind, Offer, Talk
from .models.offers import faults
from .models.openai_chat import understand
from .models.provider import Refused
from .person import Page

TEXT = {"type": "string"}


@pytest.mark.parametrize(
    ("name", "schema", "says"),
    [
        ("a tool", {"type": "object", "properties": {}}, "the name"),
        ("a" * 65, {"type": "object", "properties": {}}, "the name"),
        ("a", {"properties": {}}, "type is None"),
        ("a", {"type": "object"}, "no properties"),
        ("a", {"type": "object", "properties": {}, "anyOf": []}, "anyOf at the root"),
        ("a", {"type": "object", "properties": {}, "required": ["x"]}, "'x' is no property"),
        ("a", {"type": "object", "properties": {"x": {"type": "array", "items": {"$ref": "#/$defs/X"}}}}, "a.x.items: $ref"),
        ("a", {"type": "object", "properties": {"x": {"anyOf": [TEXT, {"type": "array"}]}}}, "a.x.anyOf: an array without items"),
    ],
)
def test_a_provider_refuses(name: str, schema: object, says: str) -> None:
    assert says in "; ".join(faults(name, schema))


def test_a_provider_takes_a_plain_schema() -> None:
    assert faults("A_tool-1", {"type": "object", "properties": {"x": {"type": "array", "items": TEXT}}, "required": ["x"]}) == []


def test_a_call_must_be_answered() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "a", "arguments": "{}"}}
    asked: list[dict[str, Any]] = [{"role": "user", "content": "go"}, {"role": "assistant", "content": None, "tool_calls": [call]}]
    answered = [*asked, {"role": "tool", "tool_call_id": "c1", "content": "{}"}]
    assert understand({"stream": True, "messages": answered}).answers("a") == [{}]
    for wrong in (asked, [*asked, {"role": "user", "content": "?"}], [*answered, answered[-1]]):
        with pytest.raises(Refused):
            understand({"stream": True, "messages": wrong})


def test_a_hosted_call_comes_with_its_answer() -> None:
    tool: dict[str, Any] = {"name": "a", "input_schema": {"type": "object", "properties": {}}}
    listed: dict[str, Any] = {"type": "mcp_list_tools", "server_label": "s", "tools": [tool]}
    call: dict[str, Any] = {"type": "mcp_call", "id": "m1", "name": "a", "arguments": "{}", "output": '{"x": 1}', "error": None}
    failed = call | {"output": None, "error": {"type": "mcp_tool_execution_error", "content": [{"type": "text", "text": "no"}]}}
    asked: dict[str, Any] = {"role": "user", "content": "go"}
    heard = openai_responses.understand({}, [asked, listed, call, failed | {"id": "m2"}])
    assert [offer.name for offer in heard.offers] == ["a"]
    assert heard.since.answers("a") == [{"x": 1}, {"successful": False, "error": "no", "data": {}}]
    wrong: list[dict[str, Any]] = [{"type": "computer_call"}, listed | {"tools": [tool | {"input_schema": {"type": "object"}}]}]
    for item in wrong:
        with pytest.raises(Refused):
            openai_responses.understand({}, [asked, item])


def test_a_claude_speaks_in_blocks() -> None:
    tool: dict[str, Any] = {"name": "mcp__router__a", "input_schema": {"type": "object", "properties": {}}}
    words = [{"type": "text", "text": "<system-reminder>\nbe brief"}, {"type": "text", "text": "go"}]
    use: dict[str, Any] = {"type": "tool_use", "id": "t1", "name": "mcp__router__a", "input": {}}
    told = {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "{}"}]}
    said: list[dict[str, Any]] = [{"role": "user", "content": words}, {"role": "assistant", "content": [use]}]
    body: dict[str, Any] = {"stream": True, "tools": [tool, tool | {"name": "mcp__router__b", "defer_loading": True}]}
    heard = anthropic_messages.understand({**body, "messages": [*said, {"role": "user", "content": [told]}]})
    assert [offer.name for offer in heard.offers] == ["a"]
    assert heard.request == "go"
    assert heard.since.answers("a") == [{}]
    for wrong in (said, [*said, {"role": "user", "content": "?"}]):
        with pytest.raises(Refused):
            anthropic_messages.understand({**body, "messages": wrong})


def talk(*answers: tuple[str, str]) -> Talk:
    """A conversation in which each named tool was called and gave its answer."""
    said = [Message("user", "Add Acme to it.")]
    for number, (name, text) in enumerate(answers):
        said += [Message("assistant", "", (Call(name, {}, str(number)),)), Message("tool", text, (), str(number))]
    return Talk(tuple(said), tuple(Offer(name, "", {}) for name in (SEARCH, CONNECT, EXECUTE)))


FOUND = """{"successful": true, "data": {"results": [{"primary_tool_slugs": ["OTHER", "ADD_CLIENT"]}],
 "tool_schemas": {"ADD_CLIENT": {"input_schema": {"type": "object", "properties": {"name": {}}, "required": ["name"]}}},
 "toolkit_connection_statuses": [{"toolkit": "clock", "has_active_connection": %s}], "session": {"id": "word"}}}"""


def test_an_errand_takes_its_way_from_the_answers() -> None:
    opened: list[str] = []
    mind = Mind({"add": script(Errand("add a client", "clock", "ADD_.*", {"name": words("add (.+?) to")}), opened.append)})
    search = mind.play(talk())
    assert isinstance(search, list)
    assert search[0].name == SEARCH
    assert mind.play(talk((SEARCH, FOUND % "false"))) == [Call(CONNECT, {"toolkits": ["clock"], "session_id": "word"}, "call_0002")]
    item = {"tool_slug": "ADD_CLIENT", "arguments": {"name": "Acme"}}
    expected = {"tools": [item], "sync_response_to_workbench": False, "session_id": "word"}
    assert mind.play(talk((SEARCH, FOUND % "true"))) == [Call(EXECUTE, expected, "call_0003")]
    assert opened == []
    link = '{"successful": true, "data": {"results": {"clock": {"redirect_url": "http://x/link/1"}}}}'
    assert mind.play(talk((SEARCH, FOUND % "false"), (CONNECT, link))) == [Call(EXECUTE, expected, "call_0004")]
    assert opened == ["http://x/link/1"]
    done = '{"successful": true, "data": {"results": [{"response": {"successful": %s, "data": {"id": "7", "name": "Acme"}}}]}}'
    assert "Acme, 7" in str(mind.play(talk((SEARCH, FOUND % "true"), (EXECUTE, done % "true"))))
    assert "It did not work" in str(mind.play(talk((SEARCH, FOUND % "true"), (EXECUTE, done % "false"))))
    with pytest.raises(Lost, match="the search failed"):
        mind.play(talk((SEARCH, "Internal error")))


def test_a_page_is_read_as_a_browser_reads_it() -> None:
    page = Page(
        "http://h/link/1?x=1",
        """<script>connected</script><p>Connect it</p><form method="post" action="/done"><input type=hidden name=csrf value=z>
        <input name=api_key type=password><input type=checkbox name=may value=read checked>
        <input type=checkbox name=may value=change checked><input type=checkbox name=may value=no>
        <select name=region><option value=EU>EU<option value=US selected>US</select><button name=go value=1>Connect</button></form>""",
    )
    (form,) = page.forms
    assert (form.action, form.method, form.typed) == ("http://h/done", "POST", {"api_key"})
    form.fill({"api_key": "k"})
    assert form.fields == [("csrf", "z"), ("api_key", "k"), ("may", "read"), ("may", "change"), ("region", "US"), ("go", "1")]
    assert "connected" not in page.text


def test_the_code_block_is_taken_whole(tmp_path: Path) -> None:
    guide = tmp_path / "guide.txt"
    for last in ("asyncio.run(main())", "    asyncio.run(chat_with_it())"):
        guide.write_text(f"import asyncio\n\nComplete Code\n\npython\nimport asyncio\nx = 1\n{last}\n\nConclusion\n")
        assert complete_code(guide) == f"import asyncio\nx = 1\n{last}\n"
