"""A day at the desk: made up out of a person's number and a date, so that every question about it gets the same answer."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

# what a program is taken for, its name, its kind and its weight
_APPS = (
    ("productive", "Code Editor", "app", 24),
    ("productive", "Drawing Board", "app", 22),
    ("productive", "Spreadsheet", "app", 10),
    ("productive", "Word Processor", "app", 9),
    ("productive", "docs.example.com", "website", 8),
    ("neutral", "Mail", "app", 7),
    ("neutral", "chat.example.com", "website", 6),
    ("neutral", "Calendar", "app", 3),
    ("unproductive", "video.example.com", "website", 5),
    ("unproductive", "news.example.com", "website", 4),
    ("unproductive", "shop.example.com", "website", 2),
)
ALWAYS_THERE = 12345
STARTS, ENDS = time(9, 0), time(17, 30)


@dataclass(frozen=True, slots=True)
class Use:
    """How long a program was used, in seconds."""

    kind: str
    name: str
    type: str
    duration: int


@dataclass(frozen=True, slots=True)
class DeskDay:
    """One day of one person; nobody came if `arrived` is None, and who is still there has not left."""

    arrived: datetime | None = None
    left: datetime | None = None
    at_work: int = 0
    offline: int = 0
    uses: tuple[Use, ...] = ()

    @property
    def desktime(self) -> int:
        """Seconds at the computer."""
        return sum(use.duration for use in self.uses)

    def spent(self, kind: str) -> int:
        """Seconds with programs of one kind."""
        return sum(use.duration for use in self.uses if use.kind == kind)


def desk_day(person: int, day: date, now: datetime, zone: ZoneInfo) -> DeskDay:
    """The day of a person as far as it has come by `now`."""
    chance = Random(f"desk {person} {day}")
    away = chance.random() < 0.06 and person != ALWAYS_THERE
    arrived = datetime.combine(day, time(8, 25), zone) + timedelta(seconds=chance.randrange(75 * 60))
    leaves = arrived + timedelta(seconds=chance.randrange(7 * 3600 + 1800, 9 * 3600))
    pause = chance.randrange(25 * 60, 60 * 60)
    weights = [(kind, name, type, weight * chance.uniform(0.5, 1.5)) for kind, name, type, weight in _APPS]
    if day.weekday() >= 5 or away or now < arrived:
        return DeskDay()
    over = now >= leaves
    at_work = int(((leaves if over else now) - arrived).total_seconds())
    offline = pause * at_work // int((leaves - arrived).total_seconds())
    whole = sum(weight for *_, weight in weights)
    uses = tuple(Use(kind, name, type, int((at_work - offline) * weight / whole)) for kind, name, type, weight in weights)
    return DeskDay(arrived, leaves if over else None, at_work, offline, tuple(use for use in uses if use.duration))


def shares(person: int, day: date, seconds: int, projects: list[tuple[int, int]]) -> list[tuple[int, int, int]]:
    """How the working time of a day went to up to three of the projects, in seconds."""
    if not projects or not seconds:
        return []
    chance = Random(f"projects {person} {day}")
    picked = chance.sample(projects, min(len(projects), chance.choice((1, 2, 3))))
    weights = [chance.uniform(1, 3) for _ in picked]
    return [(project, task, int(seconds * weight / sum(weights))) for (project, task), weight in zip(picked, weights, strict=True)]
