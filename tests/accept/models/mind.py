"""A scripted mind: it reads the conversation and says what to do next. It knows no wire, and nothing but the messages.

A `Script` is a list of turns. A turn looks at the `Talk` so far and makes a move (calls to make, or the final words),
or gives None when it has nothing to do; the first turn with a move has the floor. A mind therefore keeps no state of
its own, and the same script plays over any wire, however that wire orders or repeats its requests.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

Json = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """A tool that the model asks for."""

    name: str
    arguments: Json
    id: str = ""


@dataclass(frozen=True)
class Message:
    """One thing said. `calls` on an assistant's message; `answers` (the id of a call) on a tool's."""

    role: Literal["system", "user", "assistant", "tool"]
    text: str = ""
    calls: tuple[Call, ...] = ()
    answers: str = ""


@dataclass(frozen=True)
class Offer:
    """A tool that the client offers to the model."""

    name: str
    description: str
    schema: Json


@dataclass(frozen=True)
class Talk:
    """A conversation: what was said, and which tools may be called."""

    messages: tuple[Message, ...]
    offers: tuple[Offer, ...] = ()

    @property
    def request(self) -> str:
        """What the user asked last."""
        return next((m.text for m in reversed(self.messages) if m.role == "user"), "")

    @property
    def since(self) -> "Talk":
        """What was said after the user's last words."""
        last = max((i for i, m in enumerate(self.messages) if m.role == "user"), default=-1)
        return Talk(self.messages[last + 1 :], self.offers)

    def answers(self, name: str) -> list[Json]:
        """The answers that the tool of this name gave, oldest first."""
        ids = {call.id for message in self.messages for call in message.calls if call.name == name}
        return [read(m.text) for m in self.messages if m.role == "tool" and m.answers in ids]

    def records(self) -> Iterator[Json]:
        """Every JSON object in every tool's answer, the newest answer first."""
        for message in reversed(self.messages):
            if message.role == "tool":
                yield from objects(read(message.text))


Move = str | list[Call]
Turn = Callable[[Talk], Move | None]
Script = Sequence[Turn]


class Lost(Exception):
    """The script has come to a place where no turn knows what to do, or a message lacks what a turn needs."""


@dataclass
class Mind:
    """Plays scripts. `scripts` maps a pattern that the user's request matches to the script that serves it."""

    scripts: dict[str, Script]
    calls: int = field(default=0)

    def play(self, talk: Talk) -> Move:
        """The next move."""
        script = next((s for pattern, s in self.scripts.items() if re.search(pattern, talk.request, re.I)), None)
        if script is None:
            raise Lost(f"no script for the request {talk.request!r}")
        for turn in script:
            move = turn(talk)
            if isinstance(move, list):
                return [self._named(call, talk) for call in move]
            if move:
                return move
        raise Lost(f"no turn has a move; the last message was {talk.messages[-1]}")

    def _named(self, call: Call, talk: Talk) -> Call:
        if call.name not in {offer.name for offer in talk.offers}:
            raise Lost(f"{call.name} is not among the tools on offer: {[offer.name for offer in talk.offers]}")
        self.calls += 1
        return Call(call.name, call.arguments, f"call_{self.calls:04d}")


def read(text: str) -> Json:
    """A tool's answer as JSON. What is not a JSON object is kept as an unsuccessful answer."""
    try:
        value: object = json.loads(text)
    except ValueError:
        value = None
    return cast(Json, value) if isinstance(value, dict) else {"successful": False, "error": text, "data": {}}


def objects(value: object) -> Iterator[Json]:
    """Every JSON object within a value, outermost first."""
    if isinstance(value, dict):
        found = cast(Json, value)
        yield found
        for inner in found.values():
            yield from objects(inner)
    elif isinstance(value, list):
        for inner in cast(list[object], value):
            yield from objects(inner)
