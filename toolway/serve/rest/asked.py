"""What a route of the REST face is asked: by whom, at which address, with what."""

from typing import Any, TypeVar

from msgspec import Struct

from toolway.accounts.keys import Caller
from toolway.serve.rest import reading
from toolway.serve.wire import Scope, json_body

S = TypeVar("S", bound=Struct)


class Asked(Struct, frozen=True):
    """A request whose key was found good. `ids` are the parts of the path that the route leaves open, in their order."""

    scope: Scope
    caller: Caller
    origin: str
    ids: tuple[str, ...] = ()
    content: bytes = b""

    @property
    def project(self) -> str:
        """The id of the caller's project."""
        return self.caller.project_id

    def json(self) -> Any:
        """The body as JSON; an empty one is an empty object. Raises `BadRequest`."""
        return json_body(self.content) if self.content.strip() else {}

    def body(self, kind: type[S]) -> S:
        """The body as this shape. Raises `BadRequest` that names every fault."""
        return reading.body(kind, self.json())

    def query(self, kind: type[S]) -> S:
        """The query as this shape. Raises `BadRequest` that names every fault."""
        return reading.query(kind, self.scope.get("query_string", b""))
