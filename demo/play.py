"""The requests as data: the guides' words, the call that a model would make of them, and how the answer reads as a table."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

Json = dict[str, Any]

USER = "you@example.com"
TOOLKITS = ("clockify", "desktime")
CLIENT = "Northwind"
_DAY = timedelta(days=1)
_SATURDAY = 5


class Call(NamedTuple):
    """The arguments of a call, and what is to be said about them."""

    arguments: Json
    note: str = ""


class Table(NamedTuple):
    """An answer's data as rows, and how many of them are worth showing."""

    heads: tuple[str, ...]
    rows: list[tuple[str, ...]]
    most: int = 8


@dataclass(frozen=True)
class Request:
    """A request of a person.

    `call` chooses the arguments; it is given today's date, which the answer of a search tells. `again` may choose others after an
    answer that holds nothing.
    """

    words: str
    tool: str
    call: Callable[[date], Call]
    table: Callable[[Json], Table]
    again: Callable[[date, Json], Call | None] = lambda today, data: None

    @property
    def toolkit(self) -> str:
        """The toolkit that the tool belongs to."""
        return self.tool.partition("_")[0].lower()


def working_day_before(day: date) -> date:
    """The last working day before a day."""
    day -= _DAY
    while day.weekday() >= _SATURDAY:
        day -= _DAY
    return day


def _with(**arguments: Any) -> Callable[[date], Call]:
    return lambda today: Call(arguments)


def _yesterday(today: date) -> Call:
    yesterday, asked = today - _DAY, working_day_before(today)
    note = "" if asked == yesterday else f"Yesterday was a {yesterday:%A}, when nobody works here: {asked:%A}, {asked} is asked."
    return Call({"id": "12345", "date": f"{asked}"}, note)


def _last_working_day(today: date, data: Json) -> Call | None:
    if any(person["arrived"] for person in _employees(data)):
        return None
    asked = working_day_before(today)
    return Call({"date": f"{asked}"}, f"Nobody has come in yet on {today:%A}, {today}: {asked:%A}, {asked} is asked.")


def _employees(data: Json) -> list[Json]:
    return [person for day in data["employees"].values() for person in day.values()]


def _listed(key: str, **columns: str) -> Callable[[Json], Table]:
    """A table of the list under a key; the columns are heads and the names of fields."""
    heads = tuple(columns)
    return lambda data: Table(heads, [tuple(str(row[name]) for name in columns.values()) for row in data[key]])


def _client(data: Json) -> Table:
    return Table(("client", "id"), [(data["name"], data["id"])])


def _projects(data: Json) -> Table:
    found: Iterable[Json] = data["projects"]
    return Table(("project", "tasks"), [(row["name"], ", ".join(task["name"] for task in row["tasks"])) for row in found], most=5)


def _tracked(data: Json) -> Table:
    people = sorted(_employees(data), key=lambda row: -int(row["desktimeTime"]))
    rows = [(row["name"], row["group"], clock(row["desktimeTime"]), f"{row['productivity']:.0f} %") for row in people]
    return Table(("employee", "team", "tracked", "productive"), rows)


def _started(data: Json) -> Table:
    return Table(("started",), [("yes" if data["started"] else "no",)])


def _apps(data: Json) -> Table:
    kinds: Mapping[str, Mapping[str, Json] | list[Json]] = data["apps"] or {}
    found = [(kind, row) for kind, rows in kinds.items() for row in (rows.values() if isinstance(rows, Mapping) else rows)]
    found.sort(key=lambda pair: -int(pair[1]["duration"]))
    return Table(("app", "taken for", "time"), [(row["name"], kind, clock(row["duration"])) for kind, row in found], most=5)


def clock(seconds: int) -> str:
    """Seconds as hours and minutes."""
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours}:{minutes:02} h"


REQUESTS = (
    Request(
        "List my workspaces",
        "CLOCKIFY_GET_ALL_MY_WORKSPACES",
        _with(),
        _listed("workspaces", workspace="name", id="id"),
    ),
    Request(
        f"Add the client {CLIENT} to the marketing workspace",
        "CLOCKIFY_CREATE_CLIENT",
        _with(workspaceId="marketing", name=CLIENT),
        _client,
    ),
    Request(
        "Show the users of the design team workspace",
        "CLOCKIFY_FILTER_WORKSPACE_USERS",
        _with(workspaceId="design team"),
        _listed("users", user="name", email="email", status="status"),
    ),
    Request("List active projects with their tasks", "DESKTIME_GET_PROJECTS_LIST", _with(), _projects),
    Request(
        "Today's tracked time per employee",
        "DESKTIME_GET_ALL_COMPANY_EMPLOYEES",
        lambda today: Call({"date": f"{today}"}),
        _tracked,
        _last_working_day,
    ),
    Request(
        "Start timing 'client website redesign'",
        "DESKTIME_START_PROJECT_TASK",
        _with(project="client website redesign"),
        _started,
    ),
    Request("Apps of employee 12345 yesterday", "DESKTIME_GET_EMPLOYEE_PROJECTS_AND_APPS", _yesterday, _apps),
)
