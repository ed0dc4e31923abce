"""What every Clockify room uses: refusals, pages, owned things, times and money as that vendor writes them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal, Protocol, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from toolway.sandbox.wire import Call, Refusal, Reply
from toolway.sandbox.world import Client, Entry, Person, Project, Tag, Task, Webhook, Workspace, World, hex_id

Row = dict[str, object]
T = TypeVar("T")


class HasHome(Protocol):
    """A record of a workspace."""

    workspace: str


Owned = TypeVar("Owned", bound=HasHome)

Instant = Annotated[datetime, msgspec.Meta(tz=True)]
Email = Annotated[str, msgspec.Meta(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
Amount = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
Since = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?Z?$")]
"""From when a rate counts. It is read and no more: a rate here has no history."""
PageNumber = Annotated[int, msgspec.Meta(ge=1)]
PageSize = Annotated[int, msgspec.Meta(ge=1, le=5000)]
SortOrder = Literal["ASCENDING", "DESCENDING"]
MemberStatus = Literal["PENDING", "ACTIVE", "DECLINED", "INACTIVE", "ALL"]


def refuse(message: str, code: int = 501, status: int = 400) -> Refusal:
    """An error as this vendor writes it: {message, code}."""
    return Refusal(Reply({"message": message, "code": code}, status))


def failure(status: int) -> Row:
    """The body of a fault of the service itself, in the shape of its refusals."""
    return {"message": "Too many requests" if status == 429 else "Something went wrong", "code": status}


def foreign(what: str) -> Refusal:
    """The answer for an id that is unknown, deleted or of another workspace."""
    return refuse(f"{what} doesn't belong to Workspace")


def forbidden(message: str = "Access Denied") -> Refusal:
    """The answer to what a role or a plan does not allow; its code is not documented, so it is that of the status."""
    return refuse(message, 403, 403)


def absent(name: str) -> Refusal:
    """The answer when a value of the query is missing that cannot be left out."""
    return refuse(f"Required parameter '{name}' is not present", 3000)


def page(rows: Sequence[T], number: int, size: int, show: Callable[[T], Row]) -> Reply:
    """One page of rows, and whether it is the last one."""
    begin = (number - 1) * size
    last = begin + size >= len(rows)
    return Reply([show(row) for row in rows[begin : begin + size]], headers={"Last-Page": "true" if last else "false"})


def named(rows: Sequence[T], name: str | None, strict: bool, of: Callable[[T], str]) -> list[T]:
    """The rows whose name holds `name`, whatever the case; with `strict`, the rows of exactly that name."""
    if not name:
        return list(rows)
    return [row for row in rows if (of(row) == name if strict else name.casefold() in of(row).casefold())]


def ordered(rows: Sequence[T], key: Callable[[T], str], order: SortOrder | None) -> list[T]:
    """The rows sorted, whatever the case."""
    return sorted(rows, key=lambda row: key(row).casefold(), reverse=order == "DESCENDING")


def workspace_of(call: Call) -> Workspace:
    """The workspace that the path names, if the owner of the key is in it."""
    found = call.world.workspaces.get(call.places["workspaceId"])
    if found is None or call.who not in found.members:
        raise refuse("Workspace doesn't exist or you are not a member of it")
    return found


def is_admin(call: Call, workspace: Workspace) -> bool:
    """Whether the one who asks owns or administers the workspace."""
    return workspace.members.get(call.who) in ("OWNER", "WORKSPACE_ADMIN")


def check_admin(call: Call, workspace: Workspace) -> None:
    """Refuse everybody who does not own or administer the workspace."""
    if not is_admin(call, workspace):
        raise forbidden()


def owned(table: Mapping[str, Owned], workspace: Workspace, id: str, what: str) -> Owned:
    """The record of that id, if it is of this workspace."""
    found = table.get(id)
    if found is None or found.workspace != workspace.id:
        raise foreign(what)
    return found


def person_of(call: Call, workspace: Workspace, id: str) -> Person:
    """A member of a workspace."""
    if id not in workspace.members:
        raise foreign("User")
    return call.world.people[id]


def client_of(world: World, workspace: Workspace, id: str) -> Client:
    """A client of a workspace."""
    return owned(world.clients, workspace, id, "Client")


def project_of(world: World, workspace: Workspace, id: str) -> Project:
    """A project of a workspace."""
    return owned(world.projects, workspace, id, "Project")


def task_of(world: World, project: Project, id: str) -> Task:
    """A task of a project."""
    found = world.tasks.get(id)
    if found is None or found.project != project.id:
        raise refuse("Task doesn't belong to Project")
    return found


def tag_of(world: World, workspace: Workspace, id: str) -> Tag:
    """A tag of a workspace."""
    return owned(world.tags, workspace, id, "Tag")


def entry_of(world: World, workspace: Workspace, id: str) -> Entry:
    """A time entry of a workspace."""
    return owned(world.entries, workspace, id, "Time entry")


def webhook_of(world: World, workspace: Workspace, id: str) -> Webhook:
    """A webhook of a workspace."""
    return owned(world.webhooks, workspace, id, "Webhook")


def stamp(moment: datetime) -> str:
    """A moment as yyyy-MM-ddThh:mm:ssZ."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def wall(text: str, zone: str) -> datetime:
    """The moment when a clock on the wall of `zone` shows what `text` says; an offset in the text is not heeded."""
    try:
        shown = datetime.fromisoformat(text.strip().replace("Z", "+00:00").replace(" ", "+"))
    except ValueError:
        raise refuse(f"Date '{text}' is not of the form yyyy-MM-ddThh:mm:ssZ") from None
    return shown.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def period(length: timedelta) -> str:
    """A length of time as ISO 8601 has it: PT1H30M."""
    seconds = max(0, int(length.total_seconds()))
    parts = ((seconds // 3600, "H"), (seconds % 3600 // 60, "M"), (seconds % 60, "S"))
    return "PT" + ("".join(f"{count}{unit}" for count, unit in parts if count) or "0S")


def money(amount: int | None, currency: str) -> Row | None:
    """A rate in minor units."""
    return None if amount is None else {"amount": amount, "currency": currency}


def currency_id(code: str) -> str:
    """The id of a currency."""
    return hex_id("currency", code)


def membership(person: str, target: str, kind: str, rate: Row | None = None) -> Row:
    """That somebody belongs to something (schema MembershipDtoV1)."""
    return {
        "userId": person,
        "targetId": target,
        "membershipType": kind,
        "membershipStatus": "ACTIVE",
        "hourlyRate": rate,
        "costRate": None,
    }


def entries_cost(world: World, entry: Entry) -> tuple[int, int]:
    """What an hour of this entry earns and costs: the person's rate on the project, the project's rate, the person's own."""
    project = world.projects.get(entry.project) if entry.project else None
    person = world.people[entry.person]
    earned = project.rate if project and project.rate is not None else person.rate
    earned = project.member_rates.get(person.id, earned) if project else earned
    return earned, project.cost if project and project.cost is not None else person.cost
