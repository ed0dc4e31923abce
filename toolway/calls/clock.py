"""Moments as people mean them: between what the agent wrote and what the service reads.

An instant (`time`) leaves as UTC; without an offset it is what the user's clock shows. A `wall` leaves as the face of a clock, and one
with an offset is first turned to the face that the user's clock shows then. Where a toolkit has no [clock] an instant keeps its offset,
or gets that of UTC.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from toolway.calls.arguments import iso, shown
from toolway.calls.unseen import clean
from toolway.catalog.model import Field, Json, Kind, Tool, Toolkit
from toolway.errors import BadArgument

Profile = Callable[[tuple[str, str]], Awaitable[Any]]
"""Gives a field of a read tool's reply, such as the zone in the user's profile."""

_OFFSETS = "Write every moment with its offset, such as 2026-01-31T09:00:00+02:00."
_FACES = "Write every moment as the clock on the wall shows it, without an offset."


async def read(tool: Tool, kit: Toolkit, given: Json, profile: Profile) -> tuple[Json, str]:
    """The arguments with every moment as the service reads it, and the time zone that was needed, if one was.

    `profile` is asked only where a zone is needed that the call does not name. Raises `BadArgument` where none is known.
    """
    hands = _Hands(tool, kit, profile)
    made = await hands.members({p.given: p.field for p in tool.params}, given, None, "")
    return made, ", ".join(hands.used)


class _Hands:
    """One walk through the arguments. `used` are the zones that were needed."""

    def __init__(self, tool: Tool, kit: Toolkit, profile: Profile) -> None:
        self.used: dict[str, None] = {}
        self._tool = tool
        self._kit = kit
        self._profile = profile

    async def members(self, fields: Mapping[str, Field], given: Json, named: str | None, path: str) -> Json:
        """The members of one object. The zone that is named beside a moment holds, else that of the objects around."""
        if self._kit.clock and self._kit.clock.given:
            named = given.get(self._kit.clock.given) or named
        done = dict(given)
        for name, field in fields.items():
            if field.kind.word in ("time", "wall", "object") and name in given:
                done[name] = await self._value(field.kind, given[name], named, f"{path}.{name}" if path else name)
        return done

    async def _value(self, kind: Kind, value: Any, named: str | None, path: str) -> Any:
        if isinstance(value, list):
            return [await self._value(kind, item, named, f"{path}[{i}]") for i, item in enumerate(cast("list[Any]", value))]
        if isinstance(value, dict) and kind.word == "object":
            return await self.members({f.name: f for f in kind.fields}, cast("Json", value), named, path)
        if not isinstance(value, str) or kind.word == "object":
            return cast("Any", value)
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return value  # a default in the service's own words
        try:
            return await self._moment(kind, moment, named, path)
        except OverflowError:
            fix = "Give a moment in the years 1 to 9999."
            raise BadArgument(f"{self._tool.slug}: {path} is {shown(value)}, beyond what calendars have.", fix=fix) from None

    async def _moment(self, kind: Kind, moment: datetime, named: str | None, path: str) -> str:
        if kind.word == "wall":
            face = moment if moment.tzinfo is None else moment.astimezone(await self._zone(named, path, _FACES))
            return iso(face.replace(tzinfo=None)) + kind.mark
        if self._kit.clock is None:
            return iso(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=await self._zone(named, path, _OFFSETS))
        return iso(moment.astimezone(UTC))

    async def _zone(self, named: str | None, path: str, fix: str) -> ZoneInfo:
        told = f"{self._tool.slug}: by which clock {path} is meant is not known:"
        clock = self._kit.clock
        name: Any = named or (clock and await self._profile(clock.zone))
        if not name:
            raise BadArgument(f"{told} {self._kit.title} names no time zone of the user.", fix=fix)
        try:
            zone = ZoneInfo(name)
        except (KeyError, ValueError, OSError, TypeError):  # no such zone; no name of one; a folder of them, or too long; no text
            raise BadArgument(f"{told} there is no time zone {_said(name)}.", fix=fix) from None
        self.used[zone.key] = None
        return zone


def _said(name: Any) -> str:
    return shown(clean(name) if isinstance(name, str) else name)
