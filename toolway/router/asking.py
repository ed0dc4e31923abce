"""What passes between the MCP endpoint and the desk besides a tool's name and arguments: questions to the user, and progress."""

from collections.abc import Callable
from typing import NamedTuple

from msgspec import Struct

from toolway.catalog.model import Json

OPENS_LINKS = "elicitation.url"
"""The client shows its user a link when it is asked to."""

Progress = Callable[[float, float | None, str], None]


class Asking(Struct, frozen=True):
    """What comes with a call.

    `origin` is the address that the client used; `abilities` are the kinds of questions that it can answer (`elicitation.url`,
    `elicitation.form`, `sampling`, `roots`); `responses` are its answers to the questions of the call before, by their keys, and `state`
    is what the desk gave along with those questions. `progress` is there when the client wants to hear how far a call is. With `full`
    results come with every field, whatever an agent would be shown.
    """

    origin: str
    abilities: frozenset[str] = frozenset()
    responses: Json = {}
    state: Json | None = None
    progress: Progress | None = None
    full: bool = False

    def tell(self, done: float, total: float | None = None, message: str = "") -> None:
        """Tell how far the call is; `done` grows with every word."""
        if self.progress is not None:
            self.progress(done, total, message)


class Question(NamedTuple):
    """What the client has to answer before a call can be made: `requests` by key, each with `method` and `params` as MCP has them, and
    `state`, which comes back with the answers.
    """

    requests: Json
    state: Json


class Answer(NamedTuple):
    """What a listed tool answered: `successful`, `data` and `error`, and whether the call itself failed; in place of that one text,
    `blocks` of content; or a `question`.

    Calls that failed inside COMPOSIO_MULTI_EXECUTE_TOOL, or that wait for a connection, are told in the content only: the agent goes on.
    """

    content: Json
    is_error: bool = False
    blocks: list[Json] | None = None
    question: Question | None = None
