"""The state of the sandbox: typed records in tables, written to one JSON file if a file is given."""

import hashlib
import os
from datetime import date, datetime
from pathlib import Path
from typing import Literal

import msgspec

from toolway.errors import BadSetting


class Record(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What every record of the sandbox is."""


class Person(Record):
    """A Clockify user; with a `desk_id` also an employee of the DeskTime company. Without a zone of their own they have the company's."""

    id: str
    name: str
    email: str
    rate: int
    cost: int
    desk_id: int = 0
    team: str = ""
    team_id: int = 0
    status: str = "ACTIVE"
    zone: str | None = None


class Workspace(Record):
    """A Clockify workspace; members by id with their role (OWNER, WORKSPACE_ADMIN, PROJECT_MANAGER or MEMBER).

    `forced` names what a finished entry cannot be without (projects, tasks, tags, description). What began before `locked` cannot change.
    """

    id: str
    name: str
    members: dict[str, str]
    rate: int
    currency: str = "USD"
    plan: str = "PRO"
    forced: list[str] = []
    locked: datetime | None = None
    subdomain: str | None = None


class Client(Record):
    """Whom the work is done for."""

    id: str
    workspace: str
    name: str
    email: str | None = None
    address: str | None = None
    note: str | None = None
    cc_emails: list[str] = []
    currency: str = "USD"
    archived: bool = False


class Project(Record):
    """A Clockify project; rates in minor units."""

    id: str
    workspace: str
    name: str
    client: str | None = None
    color: str = "#03A9F4"
    billable: bool = True
    public: bool = True
    archived: bool = False
    note: str = ""
    rate: int | None = None
    cost: int | None = None
    estimate: str = "PT0S"
    members: list[str] = []
    member_rates: dict[str, int] = {}


class Task(Record):
    """A task of a Clockify project."""

    id: str
    project: str
    name: str
    status: str = "ACTIVE"
    estimate: str | None = None
    assignees: list[str] = []
    groups: list[str] = []
    billable: bool = True
    budget: int | None = None


class Tag(Record):
    """A label for time entries."""

    id: str
    workspace: str
    name: str
    archived: bool = False


class Group(Record):
    """Some members of a workspace under one name."""

    id: str
    workspace: str
    name: str
    members: list[str] = []
    managers: list[str] = []


class Entry(Record):
    """A time entry; without an end it is a running timer."""

    id: str
    workspace: str
    person: str
    start: datetime
    end: datetime | None = None
    description: str = ""
    project: str | None = None
    task: str | None = None
    tags: list[str] = []
    billable: bool = False
    type: str = "REGULAR"
    fields: dict[str, object] = {}


class CustomField(Record):
    """A field of a workspace's own that entries can have; `choices` only for a drop-down."""

    id: str
    workspace: str
    name: str
    kind: str = "TXT"
    choices: list[str] = []


class Holiday(Record):
    """Free days, the last one included; for everybody, or for some by id."""

    id: str
    workspace: str
    name: str
    start: date
    end: date
    yearly: bool = False
    everyone: bool = True
    people: list[str] = []
    groups: list[str] = []


class Assignment(Record):
    """Somebody is to work on a project, so many hours a day."""

    id: str
    workspace: str
    person: str
    project: str
    start: datetime
    end: datetime
    hours: float
    task: str | None = None
    note: str = ""
    billable: bool = True


class Template(Record):
    """A week to start from: pairs of project and task (or none), and copies of entries."""

    id: str
    workspace: str
    person: str
    name: str
    pairs: list[tuple[str, str | None]]
    entries: list[str] = []
    week: date | None = None


class Category(Record):
    """What an expense is for; with a unit it is counted (kilometres), `price` in minor units each."""

    id: str
    workspace: str
    name: str
    unit: str | None = None
    price: int | None = None
    archived: bool = False


class Expense(Record):
    """Money that somebody laid out, in minor units."""

    id: str
    workspace: str
    person: str
    category: str
    day: date
    amount: int
    quantity: float = 1
    project: str | None = None
    task: str | None = None
    billable: bool = True
    notes: str = ""
    file: str | None = None


class SharedReport(Record):
    """A report that is kept under a link; `filter` is the body of the report as it was given."""

    id: str
    workspace: str
    person: str
    name: str
    kind: str
    filter: dict[str, object]
    public: bool = False
    fixed: bool = False
    people: list[str] = []
    groups: list[str] = []


Act = Literal["created", "updated", "deleted"]


class Change(Record):
    """That something was made, changed or removed; of what was removed, how the vendor last showed it."""

    act: Act
    table: str
    id: str
    workspace: str
    at: datetime
    was: dict[str, object] = {}


class Webhook(Record):
    """A subscription to one event of a workspace."""

    id: str
    workspace: str
    person: str
    name: str
    url: str
    event: str
    source_type: str
    source: list[str]
    token: str
    enabled: bool = True
    addon: str | None = None


class Delivery(Record):
    """One delivery of a webhook, as its log tells."""

    id: str
    webhook: str
    status: int
    request: str
    response: str
    at: datetime


class Parcel(Record):
    """What a webhook is to be told, and how often that was tried."""

    id: str
    webhook: str
    event: str
    body: str
    tries: int = 0


class DeskProject(Record):
    """A DeskTime project with its tasks by id."""

    id: int
    name: str
    tasks: dict[int, str] = {}
    archived: bool = False


class Session(Record):
    """A stretch of work on a DeskTime project; without an end it goes on."""

    employee: int
    project: int
    task: int | None
    start: datetime
    end: datetime | None = None


class World(Record):
    """Everything that the sandbox knows."""

    owner: str
    company: str
    zone: str
    people: dict[str, Person] = {}
    workspaces: dict[str, Workspace] = {}
    clients: dict[str, Client] = {}
    projects: dict[str, Project] = {}
    tasks: dict[str, Task] = {}
    tags: dict[str, Tag] = {}
    groups: dict[str, Group] = {}
    entries: dict[str, Entry] = {}
    webhooks: dict[str, Webhook] = {}
    deliveries: list[Delivery] = []
    parcels: dict[str, Parcel] = {}
    custom_fields: dict[str, CustomField] = {}
    holidays: dict[str, Holiday] = {}
    assignments: dict[str, Assignment] = {}
    templates: dict[str, Template] = {}
    categories: dict[str, Category] = {}
    expenses: dict[str, Expense] = {}
    shared_reports: dict[str, SharedReport] = {}
    changes: list[Change] = []
    founded: datetime | None = None
    desk_projects: dict[int, DeskProject] = {}
    sessions: list[Session] = []
    made: int = 0

    def new_id(self) -> str:
        """A fresh 24-digit hexadecimal id, the same after the same history."""
        self.made += 1
        return hex_id("made", str(self.made))

    def new_number(self) -> int:
        """A fresh number for DeskTime."""
        self.made += 1
        return 900_000 + self.made

    def new_token(self) -> str:
        """A fresh secret for a webhook."""
        self.made += 1
        return hashlib.sha256(f"token {self.made}".encode()).hexdigest()


def hex_id(*words: str) -> str:
    """A 24-digit hexadecimal id made of words."""
    return hashlib.sha256(" ".join(words).encode()).hexdigest()[:24]


def load(path: Path) -> World | None:
    """The world kept in `path`, if there is one. Raises `BadSetting` when it cannot be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=World)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:  # what msgspec raises is a ValueError
        raise BadSetting(f"{path} is no state of a sandbox that can be read: {error}.", fix="Move it away, or name another file.") from None


def save(world: World, path: Path) -> None:
    """Write the world so that a reader sees the old file or the new one, never half of one. Raises `BadSetting` when it cannot be."""
    half = path.with_name(f"{path.name}.new")
    try:
        half.write_bytes(msgspec.json.encode(world))
        os.replace(half, path)
    except OSError as error:
        raise BadSetting(f"The state cannot be kept in {path}: {error.strerror}.", fix="Name a file in a folder that exists.") from None
