"""Requests, replies and the table of routes: all that the two vendors share."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, TypeVar, cast, get_args, get_origin
from urllib.parse import parse_qs

import msgspec

from toolway.sandbox.limits import Limits
from toolway.sandbox.world import Person, World

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back: a value to be written as JSON, or nothing, or bytes as they are."""

    body: object = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict[str, str])

    def payload(self) -> bytes:
        """The bytes on the wire."""
        if self.body is None:
            return b""
        return self.body if isinstance(self.body, bytes) else msgspec.json.encode(self.body)


class Refusal(Exception):
    """The vendor says no, in the vendor's own shape."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        super().__init__(repr(reply.body))


class Unreadable(Exception):
    """A body or a query that is not what the operation takes."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request, with the world it acts on and the time it came."""

    world: World
    now: datetime
    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes
    places: dict[str, str] = field(default_factory=dict[str, str])
    who: str = ""
    """The id of the person whose key came with it."""
    limits: Limits = field(default_factory=Limits)
    heeded: set[str] = field(default_factory=set[str])
    """The names of the query that the operation knows."""
    unheeded: set[str] = field(default_factory=set[str])
    """The names of the body that it does not know; the vendor drops them silently."""

    @property
    def me(self) -> Person:
        """The person whose key came with it."""
        return self.world.people[self.who]

    @property
    def zone(self) -> str:
        """The time zone of that person's account."""
        return self.me.zone or self.world.zone

    def read(self, kind: type[T]) -> T:
        """The JSON body as `kind`."""
        try:
            found = msgspec.json.decode(self.body or b"{}", type=kind)
        except msgspec.DecodeError as error:  # its subclass ValidationError names the field
            raise Unreadable(str(error)) from error
        raw = msgspec.json.decode(self.body or b"{}")
        known = {entry.encode_name for entry in _fields(next(iter(get_args(kind)), kind))}
        for row in cast(list[dict[str, object]], raw if isinstance(raw, list) else [raw]):
            self.unheeded.update(row.keys() - known)
        return found

    def ask(self, kind: type[T]) -> T:
        """The query as `kind`: a list takes repeated and comma-separated values, all else its last value."""
        given: dict[str, object] = {}
        for entry in _fields(kind):
            self.heeded.add(entry.encode_name)
            values = self.query.get(entry.encode_name)
            if values is not None:
                plain = get_origin(entry.type) is not list
                given[entry.encode_name] = values[-1] if plain else [one for value in values for one in value.split(",") if one]
        try:
            return msgspec.convert(given, type=kind, strict=False)
        except msgspec.ValidationError as error:
            raise Unreadable(str(error)) from error


def _fields(kind: object) -> tuple[msgspec.structs.FieldInfo, ...]:
    """The fields of a struct."""
    return msgspec.structs.fields(cast(type[msgspec.Struct], kind))


Handler = Callable[[Call], Reply]


class Route(NamedTuple):
    """One operation: a method, a path with {places}, what answers, and whether the world is changed by it.

    `admin`: for owners and administrators only. `feature`: what the workspace's plan has to hold.
    """

    method: str
    path: str
    handler: Handler
    writes: bool = False
    admin: bool = False
    feature: str = ""


class Table:
    """Finds the route of a method and a path; a literal segment wins over a place."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes: dict[int, list[tuple[list[str], Route]]] = {}
        for route in routes:
            segments = route.path.split("/")
            self._routes.setdefault(len(segments), []).append((segments, route))
        for shelf in self._routes.values():
            shelf.sort(key=lambda row: [segment.startswith("{") for segment in row[0]])

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | set[str]:
        """The route and its places; or the methods that the path does take (none: no such path)."""
        segments = path.rstrip("/").split("/")
        allowed: set[str] = set()
        for template, route in self._routes.get(len(segments), []):
            if all(known == given or (known.startswith("{") and given) for known, given in zip(template, segments, strict=True)):
                if route.method == method:
                    pairs = zip(template, segments, strict=True)
                    return route, {known[1:-1]: given for known, given in pairs if known.startswith("{")}
                allowed.add(route.method)
        return allowed


def parse_query(raw: bytes) -> dict[str, list[str]]:
    """A query string as lists of values by name."""
    return parse_qs(raw.decode("utf-8", "replace"), keep_blank_values=True)
