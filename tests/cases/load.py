"""Reads the cases. What a case says, and how it is to be compared, stands in README.md."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec

HERE = Path(__file__).parent
LIST = "(body)"
"""In `given`: the argument that is the whole body, where the body is a list. Its name is the tool's own."""

HOSTS = {
    "clockify": {"api": "https://api.clockify.me/api", "reports": "https://reports.api.clockify.me"},
    "desktime": {"api": "https://desktime.com/api"},
}
Means = Literal["not found", "refused", "exists", "locked", "not allowed", "plan", "limited", "key", "gone", "unknown"]


class Strict(msgspec.Struct, forbid_unknown_fields=True):
    """A table of a case; a key that it does not know is an error."""


class Request(Strict):
    call: str
    query: dict[str, list[str]] = {}
    body: str | None = None
    may: str | None = None

    @property
    def method(self) -> str:
        return self.call.split(" ")[0]

    @property
    def host(self) -> str:
        return self.call.split(" ")[1]

    @property
    def path(self) -> str:
        return self.call.split(" ")[2]

    def url(self, toolkit: str) -> str:
        """The whole address, without the query: however a tool divides host and path, this is what leaves."""
        return HOSTS[toolkit][self.host] + self.path

    @property
    def content(self) -> Any:
        """The body as a value; None if there is none."""
        return None if self.body is None else json.loads(self.body)

    @property
    def allowed(self) -> dict[str, Any]:
        """Further members that the body may have."""
        return {} if self.may is None else json.loads(self.may)


class Reply(Strict):
    status: int
    headers: dict[str, str] = {}
    body: str | None = None

    @property
    def content(self) -> Any:
        """The body as a value; None if it is empty."""
        return None if self.body is None else json.loads(self.body)


class Read(Strict):
    request: Request
    reply: Reply


class Failure(Strict):
    means: Means
    words: list[str]
    never: list[str] = []


class Case(Strict):
    tool: str
    about: str
    given: str
    reply: Reply
    request: Request | None = None
    result: list[dict[str, Any]] | None = None
    error: Failure | None = None
    before: list[Read] = []

    @property
    def toolkit(self) -> str:
        return self.tool.split("_")[0].lower()

    @property
    def arguments(self) -> dict[str, Any]:
        """What the agent gives."""
        return json.loads(self.given)


class File(Strict):
    case: list[Case]


def slugs() -> list[str]:
    """All tools that there are, by their slugs."""
    return (HERE / "slugs.txt").read_text("utf-8").split()


def files() -> list[Path]:
    return sorted(HERE.glob("*/*.toml"))


def read(path: Path) -> list[Case]:
    """The cases of one file. Raises msgspec.ValidationError that names the key which is wrong."""
    return msgspec.toml.decode(path.read_bytes(), type=File).case


def cases() -> Iterator[tuple[str, Case]]:
    """Every case under a name for it: `clockify/tags.toml 3: CLOCKIFY_GET_TAGS: a tag`."""
    for path in files():
        for number, case in enumerate(read(path), 1):
            yield f"{path.relative_to(HERE).as_posix()} {number}: {case.tool}: {case.about}", case
