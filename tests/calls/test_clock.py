"""Moments, from what the agent wrote to what the service reads."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from tests.calls.shop import kit, param, tool
from toolway.calls import arguments, clock
from toolway.calls.nouns import Kept, Resolver
from toolway.calls.reply import Reply
from toolway.catalog.grammar import read
from toolway.catalog.model import Clock, Field, Json, Kind, Noun, Param, Tool, Toolkit
from toolway.errors import BadArgument

ME = structs.replace(tool("GET /me"), name="me")
HOMES = structs.replace(tool("GET /homes"), name="homes")
HOME = Noun("home", "homes", looks_like="h[0-9]", default=("me", "home"))
SPAN = Kind("object", fields=(read("start", "time!"), read("days", "wall[]"), read("timeZone", "text")), named="Span")
DO = tool(
    "POST /things/{home}",
    param("path", "home", "@home!"),
    param("body", "at", "time"),
    param("body", "from", "wall"),
    param("query", "to", "wall(Z)"),
    param("body", "all", "time[]"),
    param("body", "timeZone", "text"),
    param("body", "note", "text"),
    Param("body", Field("spans", SPAN, many=True), "spans"),
)
KIT = structs.replace(kit(DO, ME, HOMES, nouns=(HOME,)), clock=Clock(("me", "settings.zone"), "timeZone"))

zones = st.sampled_from(sorted(available_timezones() - {"localtime"})).map(ZoneInfo)


def in_milliseconds(moment: datetime, offset: timezone | None = None) -> datetime:
    """A moment as it can be sent, with this offset."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=offset)


raw = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29))  # away from both ends of the calendar, where a zone leads out of it
faces = st.builds(in_milliseconds, raw)
offsets = st.builds(timezone, st.builds(timedelta, seconds=st.integers(-23 * 3600, 23 * 3600)))
instants = st.builds(in_milliseconds, raw, offsets)


class Profile:
    """Answers the look-up of a profile with this zone, and counts how often it was asked."""

    def __init__(self, zone: Any = "Europe/Riga") -> None:
        self.zone, self.asked = zone, 0

    async def __call__(self, tool: Tool, given: Json) -> Reply:
        assert (tool.name, given) == ("me", {})
        self.asked += 1
        return Reply({"home": "h1", "settings": {"zone": self.zone}})


async def way(profile: Profile, what: Json, its: Toolkit = KIT, kept: Kept | None = None) -> tuple[Json, str]:
    """What is sent of these arguments, and the zone that was needed: the way of a call up to the merge."""
    resolver = Resolver(DO, its, "ca_1", profile, kept or Kept())
    return await clock.read(DO, its, await resolver.resolve(arguments.check(DO, its, what)), resolver.field)


async def sent(profile: Profile, **what: Any) -> tuple[Json, str]:
    """The same of a call that leaves nothing to be looked up but the zone. `since` stands for the argument `from`."""
    what = {name.replace("since", "from"): value for name, value in what.items()}
    made, zone = await way(profile, what | {"home": "h1"})
    return {name: value for name, value in made.items() if name != "home"}, zone


async def instant(written: str, zone: Any = "Europe/Riga") -> str:
    """How the service gets an instant that was written so."""
    return (await sent(Profile(zone), at=written))[0]["at"]


@given(instants)
async def test_an_instant_is_the_same_in_utc(moment: datetime) -> None:
    profile = Profile()
    made, used = await sent(profile, at=moment.isoformat())
    assert made["at"].endswith("Z")
    assert datetime.fromisoformat(made["at"]) == moment
    assert (profile.asked, used) == (0, "")


@given(faces, zones)
async def test_an_instant_without_an_offset_is_that_of_the_users_clock(face: datetime, zone: ZoneInfo) -> None:
    made, used = await sent(Profile(zone.key), at=face.isoformat())
    left = datetime.fromisoformat(made["at"])
    assert used == zone.key
    first, second = (face.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    assert left == first
    assert left.astimezone(zone).replace(tzinfo=None) == face or first > second  # what summer time skips no clock shows


@given(instants, zones)
async def test_a_wall_moment_with_an_offset_is_what_the_clock_shows_then(moment: datetime, zone: ZoneInfo) -> None:
    made, used = await sent(Profile(zone.key), since=moment.isoformat(), to=moment.isoformat())
    assert datetime.fromisoformat(made["from"]).tzinfo is None
    assert made["to"] == made["from"] + "Z"
    assert used == zone.key
    back = datetime.fromisoformat(made["from"]).replace(tzinfo=zone)
    assert moment.astimezone(UTC) in (back.astimezone(UTC), back.replace(fold=1).astimezone(UTC))


@given(faces)
async def test_a_face_stays_and_nothing_is_looked_up(face: datetime) -> None:
    profile = Profile()
    made, used = await sent(profile, since=face.isoformat(), to=face.isoformat())
    assert datetime.fromisoformat(made["from"]) == face
    assert made["to"] == made["from"] + "Z"
    assert (profile.asked, used) == (0, "")


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ("2026-01-31T09:00:00", "2026-01-31T07:00:00Z"),  # winter
        ("2026-07-31T09:00:00", "2026-07-31T06:00:00Z"),  # summer
        ("2026-07-31", "2026-07-30T21:00:00Z"),  # a day begins at midnight
        ("2026-03-29T03:30:00", "2026-03-29T01:30:00Z"),  # skipped: 04:30 of summer time
        ("2026-10-25T03:30:00", "2026-10-25T00:30:00Z"),  # twice: the first, still of summer time
        ("2026-10-25T03:30:00+02:00", "2026-10-25T01:30:00Z"),  # the second can be said
        ("2026-01-31T09:00:00.25", "2026-01-31T07:00:00.250Z"),
    ],
)
async def test_summer_and_winter_in_riga(written: str, left: str) -> None:
    assert await instant(written) == left


async def test_the_zone_of_the_call_goes_before_that_of_the_profile() -> None:
    profile, moment = Profile("Asia/Tokyo"), "2026-01-31T23:00:00Z"
    made, used = await sent(profile, since=moment, at="2026-01-31T09:00:00", timeZone="Europe/Riga")
    assert (made["from"], made["at"], used) == ("2026-02-01T01:00:00", "2026-01-31T07:00:00Z", "Europe/Riga")
    assert profile.asked == 0
    made, used = await sent(profile, since=moment, timeZone=None)
    assert (made["from"], used) == ("2026-02-01T08:00:00", "Asia/Tokyo")


async def test_moments_in_lists_and_objects_with_one_look_up() -> None:
    profile = Profile()
    spans: list[Json] = [
        {"start": "2026-01-31T09:00:00", "days": ["2026-01-31T00:00:00Z", "2026-01-31"]},
        {"start": "2026-01-31T09:00:00", "days": ["2026-01-31T00:00:00Z"], "timeZone": "Asia/Tokyo"},
    ]
    made, used = await sent(profile, spans=spans, all=["2026-01-31T09:00:00", "2026-01-31T09:00:00+01:00"], note="2026-01-31")
    assert made["spans"] == [
        {"start": "2026-01-31T07:00:00Z", "days": ["2026-01-31T02:00:00", "2026-01-31T00:00:00"]},
        {"start": "2026-01-31T00:00:00Z", "days": ["2026-01-31T09:00:00"], "timeZone": "Asia/Tokyo"},
    ]
    assert made["all"] == ["2026-01-31T07:00:00Z", "2026-01-31T08:00:00Z"]
    assert made["note"] == "2026-01-31"
    assert sorted(used.split(", ")) == ["Asia/Tokyo", "Europe/Riga"]
    assert profile.asked == 1
    outer, _ = await sent(profile, spans=spans[:1], timeZone="America/New_York")
    assert outer["spans"][0]["start"] == "2026-01-31T14:00:00Z"


async def test_the_zone_is_kept_with_the_other_defaults_of_the_user() -> None:
    profile, kept = Profile(), Kept()
    for _ in range(3):
        made, used = await way(profile, {"at": "2026-01-31T09:00:00"}, kept=kept)
        assert (made, used) == ({"home": "h1", "at": "2026-01-31T07:00:00Z"}, "Europe/Riga")
    assert profile.asked == 1


@pytest.mark.parametrize("zone", ["Mars/Olympus", "Europe", "../etc/passwd", "/etc/localtime", "x" * 5000, "a\0b", " ", 5, {"id": "UTC"}])
async def test_an_unknown_zone_is_told(zone: Any) -> None:
    with pytest.raises(BadArgument, match="ACME_DO: by which clock at is meant is not known: there is no time zone") as caught:
        await instant("2026-01-31T09:00:00", zone)
    assert "with its offset, such as 2026-01-31T09:00:00+02:00" in caught.value.sentence
    assert len(caught.value.sentence) < 300
    assert await instant("2026-01-31T09:00:00+02:00", zone) == "2026-01-31T07:00:00Z"


@pytest.mark.parametrize("zone", [None, ""])
async def test_a_profile_without_a_zone_is_told(zone: Any) -> None:
    with pytest.raises(BadArgument, match=r"spans\[0\].start is meant is not known: Acme names no time zone") as caught:
        await sent(Profile(zone), spans=[{"start": "2026-01-31T09:00:00"}])
    assert "with its offset" in caught.value.sentence
    with pytest.raises(BadArgument, match="from is meant is not known") as caught:
        await sent(Profile(zone), since="2026-01-31T09:00:00Z")
    assert "without an offset" in caught.value.sentence
    assert await sent(Profile(zone), since="2026-01-31T09:00:00") == ({"from": "2026-01-31T09:00:00"}, "")


async def test_an_unknown_zone_of_the_call_is_told_where_it_is_needed() -> None:
    with pytest.raises(BadArgument, match='no time zone "Mars/Olympus"'):
        await sent(Profile(), since="2026-01-31T09:00:00Z", timeZone="Mars/Olympus")
    made, _ = await sent(Profile(), since="2026-01-31T09:00:00", timeZone="Mars/Olympus")
    assert made["from"] == "2026-01-31T09:00:00"


@pytest.mark.parametrize("written", ["0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00", "0001-01-01T00:00:00"])
async def test_a_moment_beyond_the_calendar_is_told(written: str) -> None:
    with pytest.raises(BadArgument, match=r"at is .* beyond what calendars have"):
        await instant(written)


async def test_without_a_clock_an_offset_stays_and_none_is_utc() -> None:
    profile = Profile()
    what = {"home": "h1", "at": "2026-01-31T09:00:00", "all": ["2026-01-31T09:00:00+02:00"], "from": "2026-01-31T09:00:00"}
    made, used = await way(profile, what, structs.replace(KIT, clock=None))
    assert made == what | {"at": "2026-01-31T09:00:00Z"}
    assert (profile.asked, used) == (0, "")


async def test_what_is_no_moment_stays() -> None:
    """A default may be a word of the service's own, and a null clears a field."""
    odd: Json = {"at": "now", "from": None, "spans": [{"start": "now"}, "x"], "all": [None]}
    assert await clock.read(DO, KIT, odd, Resolver(DO, KIT, "ca_1", Profile(), Kept()).field) == (odd, "")
