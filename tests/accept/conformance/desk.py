"""The tools that the conformance suite calls by name, each behaving as the suite asks for."""

import asyncio
from typing import Any, cast

from toolway.catalog.model import Json
from toolway.errors import UnknownTool
from toolway.router.asking import Answer, Asking, Question
from toolway.store.records import Session

_PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
_WAV = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA="
_PAUSE_SECONDS = 0.05


def _text(text: str) -> Json:
    return {"type": "text", "text": text}


def _resource(uri: str, kind: str, text: str) -> Json:
    return {"type": "resource", "resource": {"uri": uri, "mimeType": kind, "text": text}}


_IMAGE: Json = {"type": "image", "data": _PNG, "mimeType": "image/png"}
_PLAIN: dict[str, list[Json]] = {
    # The first tool is also called with no arguments by those scenarios that need any tool at all.
    "test_simple_text": [_text("This is a simple text response for testing.")],
    "test_image_content": [_IMAGE],
    "test_audio_content": [{"type": "audio", "data": _WAV, "mimeType": "audio/wav"}],
    "test_embedded_resource": [_resource("test://embedded-resource", "text/plain", "This is an embedded resource content.")],
    "test_multiple_content_types": [
        _text("Multiple content types test:"),
        _IMAGE,
        _resource("test://mixed-content-resource", "application/json", '{"test":"data","value":123}'),
    ],
    "test_logging_tool": [_text("This tool logs nothing.")],
    "json_schema_2020_12_tool": [_text("ok")],
}


def _form(message: str, **properties: str) -> Json:
    """A question for a form: its fields and their types."""
    schema: Json = {
        "type": "object",
        "properties": {name: {"type": kind} for name, kind in properties.items()},
        "required": list(properties),
    }
    return {"method": "elicitation/create", "params": {"mode": "form", "message": message, "requestedSchema": schema}}


def _sample(prompt: str) -> Json:
    messages = [{"role": "user", "content": _text(prompt)}]
    return {"method": "sampling/createMessage", "params": {"messages": messages, "maxTokens": 100}}


_ROOTS: Json = {"method": "roots/list", "params": {}}
_NAME = _form("What is your name?", name="string")
_CONFIRM = {"confirm": _form("Please confirm", ok="boolean")}
_ROUNDS: dict[str, list[Json]] = {
    # tool -> what it asks for, round after round
    "test_input_required_result_elicitation": [{"user_name": _NAME}],
    "test_input_required_result_sampling": [{"capital_question": _sample("What is the capital of France?")}],
    "test_input_required_result_list_roots": [{"client_roots": _ROOTS}],
    "test_input_required_result_request_state": [_CONFIRM],
    "test_input_required_result_tampered_state": [_CONFIRM],
    "test_input_required_result_multiple_inputs": [
        {"user_name": _NAME, "greeting": _sample("Generate a greeting"), "client_roots": _ROOTS},
    ],
    "test_input_required_result_multi_round": [
        {"step1": _form("Step 1: What is your name?", name="string")},
        {"step2": _form("Step 2: What is your favorite color?", color="string")},
    ],
    "test_input_required_result_capabilities": [{"user_name": _NAME, "greeting": _sample("Generate a greeting")}],
    "test_streaming_elicitation": [{"user_name": _NAME}],
    "test_missing_capability": [{"greeting": _sample("Generate a greeting")}],
}
_GIVEN = {"elicitation/create": "action", "sampling/createMessage": "content", "roots/list": "roots"}
_WITH_2020_12: Json = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {"$anchor": "addressDef", "type": "object", "properties": {"street": {"type": "string"}, "city": {"type": "string"}}}
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}
_SCHEMAS = {"json_schema_2020_12_tool": _WITH_2020_12}
_PROGRESS, _FAILS = "test_tool_with_progress", "test_error_handling"
_NAMES = [*_PLAIN, _PROGRESS, _FAILS, *_ROUNDS]


class SuiteDesk:
    """Answers the suite's tools."""

    async def withheld(self, session: Session) -> frozenset[str]:
        """None."""
        return frozenset()

    def list_tools(self, session: Session, withheld: frozenset[str]) -> list[Json]:
        """All of them, whatever the session."""
        none: Json = {"type": "object", "properties": {}}
        return [{"name": name, "description": "A tool of the suite.", "inputSchema": _SCHEMAS.get(name, none)} for name in _NAMES]

    async def call(self, session: Session, asking: Asking, name: str, arguments: Json) -> Answer:
        """What the suite expects of the tool. Raises `UnknownTool`."""
        if name in _PLAIN:
            return Answer({}, blocks=_PLAIN[name])
        if name in _ROUNDS:
            return _round(asking, _ROUNDS[name])
        if name == _PROGRESS:
            for step in (0, 50, 100):
                asking.tell(step, 100)
                await asyncio.sleep(_PAUSE_SECONDS)
            return Answer({}, blocks=[_text("Done in three steps.")])
        if name == _FAILS:
            return Answer({}, is_error=True, blocks=[_text("This tool intentionally returns an error for testing")])
        raise UnknownTool(name)


def _round(asking: Asking, rounds: list[Json]) -> Answer:
    """The next question; the answer when all were answered. The state holds how many rounds are over."""
    over = int((asking.state or {}).get("over", 0))
    if over < len(rounds) and all(_answered(question, asking.responses.get(key)) for key, question in rounds[over].items()):
        over += 1
    if over == len(rounds):
        return Answer({}, blocks=[_text("state-ok" if asking.state else "ok"), _text(str(asking.responses))])
    return Answer({}, question=Question(rounds[over], {"over": over}))


def _answered(question: Json, response: Any) -> bool:
    return isinstance(response, dict) and _GIVEN[question["method"]] in cast("Json", response)
