"""What a tool does, as one of the actions that a request may ask for, and how well the two agree."""

from typing import Final

from toolway.catalog.model import Tool
from toolway.catalog.terms import stem, words
from toolway.catalog.tongues import ACTIONS, READING, tongues

NOTHING: Final = len(ACTIONS)
"""The kind of a tool whose name tells no action."""

ASKED: Final = 32
"""Added to the kind of a tool that says how people ask for it."""

LACK: Final = 64
"""Added to the kind of what is no tool, but what people ask for in vain."""

DELETE: Final = ACTIONS.index("delete")

_BY_EFFECT: Final = {"create": "create", "update": "update", "destroy": "update"}
_NEAR: Final = {
    "get": {"get": 1.0, "list": 0.6, "find": 0.6, "report": 0.5},
    "list": {"list": 1.0, "find": 0.8, "get": 0.6, "report": 0.6},
    "find": {"find": 1.0, "list": 0.8, "get": 0.7, "report": 0.4},
    "report": {"report": 1.0, "list": 0.5, "get": 0.4, "find": 0.4},
    "create": {"create": 1.0, "log": 0.8, "start": 0.5, "add": 0.6, "copy": 0.6},
    "log": {"log": 1.0, "create": 0.9, "start": 0.7, "copy": 0.4},
    "start": {"start": 1.0, "log": 0.8, "create": 0.7},
    "copy": {"copy": 1.0, "create": 0.5},
    "share": {"share": 1.0, "create": 0.7, "update": 0.5},
    "add": {"add": 1.0, "create": 0.7, "update": 0.7, "log": 0.5},
    "update": {"update": 1.0, "stop": 0.3, "add": 0.4},
    "stop": {"stop": 1.0, "update": 0.3},
    "delete": {"delete": 1.0, "update": 0.2},
}
_AGAINST: Final = -0.4

AGREEMENT: Final = tuple(
    tuple(0.0 if kind == NOTHING else _NEAR[asked].get((*ACTIONS, "")[kind], _AGAINST) for kind in range(NOTHING + 1)) for asked in ACTIONS
)
"""How well an action that is asked for (first) agrees with the kind of a tool (second): 1 the same, below 0 another."""


def kind_of(tool: Tool) -> int:
    """What a tool does: the number of an action, or NOTHING. The name tells it, as far as the effect does not say otherwise."""
    kind = kind_of_words(words(tool.title))
    if tool.effect == "destroy" and (tool.method == "DELETE" or kind == DELETE):
        return DELETE
    if tool.effect != "read" and (kind == NOTHING or ACTIONS[kind] in READING):
        return ACTIONS.index(_BY_EFFECT[tool.effect])
    return kind


def kind_of_words(name: list[str]) -> int:
    """What a name such as "get tags" says to do."""
    every = tongues()["en"].meanings
    for word in name:
        action = next((meaning for meaning in every.get(stem(word), ()) if meaning in ACTIONS), None)
        if action == "get" and ((name[-1].endswith("s") and not name[-1].endswith("ss")) or "all" in name):
            action = "list"
        if action:
            return ACTIONS.index(action)
    return NOTHING
