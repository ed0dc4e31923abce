"""What every DeskTime room uses: refusals, whom a call is about and which day."""

from datetime import date, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from toolway.sandbox.wire import Call, Refusal, Reply
from toolway.sandbox.world import Person, World

Row = dict[str, object]
T = TypeVar("T")


def refuse(code: int, description: str) -> Refusal:
    """An error as this vendor writes it."""
    return Refusal(Reply({"error": {"code": code, "description": description}}, code))


def failure(status: int) -> Row:
    """The body of a fault of the service itself, in the shape of its refusals."""
    return {"error": {"code": status, "description": "Too many requests" if status == 429 else "Something went wrong"}}


def not_yours() -> Refusal:
    """What an employee's key is told of the company: an error that is a word, on status 200.

    Clients of the real service were seen to look for such errors; when it sends them nobody has written down.
    """
    return Refusal(Reply({"error": "Access denied"}))


def one(call: Call, name: str) -> str:
    """A value of the query, or an empty one."""
    return call.query.get(name, [""])[-1].strip()


def needed(call: Call, name: str) -> str:
    """A value of the query that cannot be left out."""
    value = one(call, name)
    if not value:
        raise refuse(400, f"Parameter {name} is required")
    return value


def local(world: World, moment: datetime) -> datetime:
    """A moment by the company's clock."""
    return moment.astimezone(ZoneInfo(world.zone))


def day_of(call: Call) -> date:
    """The day that is asked for: `date`, or today by the company's clock."""
    text = one(call, "date")
    try:
        return date.fromisoformat(text) if text else local(call.world, call.now).date()
    except ValueError:
        raise refuse(400, "Date has to be of the form YYYY-MM-DD") from None


def person_of(call: Call) -> Person:
    """Whom the call is about: `id`, or the owner of the key. The owner of the company may ask about everybody, others about themselves."""
    text = one(call, "id")
    if not text:
        return call.me
    for person in employees(call.world):
        if str(person.desk_id) == text:
            if call.who not in (person.id, call.world.owner):
                raise not_yours()
            return person
    raise refuse(404, "Employee not found")


def employees(world: World) -> list[Person]:
    """The people of the company."""
    return [person for person in world.people.values() if person.desk_id]


def or_list(rows: dict[str, T]) -> object:
    """A map as this vendor writes it: an empty one is an empty list."""
    return rows or []
