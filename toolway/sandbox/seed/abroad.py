"""Three more accounts, each behind a key and a host of its own: a big agency, a free workspace, a strict one with a subdomain."""

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from itertools import product
from random import Random
from zoneinfo import ZoneInfo

from toolway.sandbox.world import Client, CustomField, Entry, Group, Person, Project, Tag, Task, Webhook, Workspace, World, hex_id

AGENCY, FREE, STRICT = "Aalto & Partners", "Reef Tours", "Northlight"

# e-mail address before the @, name, role, zone, status; two people have one name
_AGENCY = (
    ("ingrid", "Ingrid Aalto", "OWNER", "Europe/Helsinki", "ACTIVE"),
    ("mikael", "Mikael Sund", "WORKSPACE_ADMIN", "Europe/Helsinki", "ACTIVE"),
    ("sam.taylor", "Sam Taylor", "MEMBER", "Europe/London", "ACTIVE"),
    ("s.taylor", "Sam Taylor", "MEMBER", "America/New_York", "ACTIVE"),
    ("lucia", "Lucía Ramos", "PROJECT_MANAGER", "Europe/Madrid", "ACTIVE"),
    ("yuki", "Yuki Tanaka", "MEMBER", "Asia/Tokyo", "ACTIVE"),
    ("otto", "Otto Lind", "MEMBER", "Europe/Stockholm", "PENDING"),
    ("vera", "Vera Holm", "MEMBER", "Europe/Stockholm", "INACTIVE"),
)
_FIRST = ("Amber", "Birch", "Cedar", "Dune", "Ember", "Fjord", "Granite", "Heron")
_SECOND = ("Airways", "Books", "Clinic", "Dairy", "Energy", "Foods", "Garage", "Hotels")
_LANGUAGES = ("de", "en", "es", "fi", "fr", "it", "ja", "nl", "no", "pl", "sv")
_PHASES = ("brief", "draft", "check", "fix", "launch")
_DAYS = 10


def add(world: World, now: datetime) -> None:
    """Put all three into the world."""
    _agency(world, now)
    _free(world, now)
    _strict(world, now)


def _person(world: World, mail: str, name: str, zone: str, status: str = "ACTIVE") -> str:
    """Somebody who is in no DeskTime company; the second of a name is known by the address."""
    id = hex_id("person", name)
    if id in world.people:
        id = hex_id("person", name, mail)
    person = Person(id=id, name=name, email=f"{mail}@example.com", rate=9000, cost=4500, zone=zone, status=status)
    world.people[id] = person
    return id


def _home(world: World, name: str, members: dict[str, str], plan: str) -> Workspace:
    home = Workspace(id=hex_id("workspace", name), name=name, members=members, rate=6000, currency="EUR", plan=plan)
    world.workspaces[home.id] = home
    return home


def _client(world: World, home: Workspace, name: str, archived: bool = False) -> str:
    client = Client(id=hex_id("client", home.name, name), workspace=home.id, name=name, archived=archived, currency=home.currency)
    world.clients[client.id] = client
    return client.id


def _project(world: World, home: Workspace, name: str, client: str | None, archived: bool = False) -> Project:
    """A project with one task, open to all."""
    id = hex_id("project", home.name, name, client or "")
    project = Project(id=id, workspace=home.id, name=name, client=client, archived=archived, members=list(home.members))
    world.projects[id] = project
    task = Task(id=hex_id("task", id), project=id, name="Everything", status="DONE" if archived else "ACTIVE")
    world.tasks[task.id] = task
    return project


def _tags(world: World, home: Workspace, names: Iterable[str]) -> list[str]:
    for name in names:
        tag = Tag(id=hex_id("tag", home.name, name), workspace=home.id, name=name)
        world.tags[tag.id] = tag
    return [tag.id for tag in world.tags.values() if tag.workspace == home.id]


def _work(world: World, home: Workspace, now: datetime, people: list[str], days: int) -> None:
    """Three entries on each of the last working days of everybody, by each one's own clock."""
    projects = [one for one in world.projects.values() if one.workspace == home.id and not one.archived]
    tags = [one.id for one in world.tags.values() if one.workspace == home.id]
    for person in people:
        zone = ZoneInfo(world.people[person].zone or world.zone)
        for back in range(days, -1, -1):
            day = now.astimezone(zone).date() - timedelta(days=back)
            chance = Random(f"{home.id} {person} {day}")
            for hour in (9, 11, 14):
                begin = datetime.combine(day, time(hour), zone).astimezone(UTC)
                project, end = chance.choice(projects), begin + timedelta(minutes=chance.choice((60, 75, 90, 105)))
                if day.weekday() < 5 and end < now - timedelta(hours=1):
                    entry = Entry(
                        id=hex_id("entry", home.id, person, str(day), str(hour)),
                        workspace=home.id,
                        person=person,
                        start=begin,
                        end=end,
                        description=f"Work on {project.name}",
                        project=project.id,
                        task=hex_id("task", project.id),
                        tags=[chance.choice(tags)],
                        billable=True,
                    )
                    world.entries[entry.id] = entry


def _agency(world: World, now: datetime) -> None:
    """More than one page of clients, projects and tags; archived ones; one name under many clients; a field that entries have."""
    members = {_person(world, mail, name, zone, status): role for mail, name, role, zone, status in _AGENCY}
    home = _home(world, AGENCY, members, "PRO")
    for place, (first, second) in enumerate(product(_FIRST, _SECOND)):
        client = _client(world, home, f"{first} {second}", archived=place % 16 == 15)
        _project(world, home, "Website" if place % 2 else f"{first} {second} brand book", client, archived=place % 16 == 15)
    _tags(world, home, (f"{language} {phase}" for language, phase in product(_LANGUAGES, _PHASES)))
    people = list(members)
    for name, inside in (("Writers", people[2:4]), ("Makers", people[4:6]), ("Nobody yet", list[str]())):
        group = Group(id=hex_id("group", AGENCY, name), workspace=home.id, name=name, members=inside, managers=people[1:2])
        world.groups[group.id] = group
    _work(world, home, now, people[:6], _DAYS)
    field = CustomField(id=hex_id("field", AGENCY), workspace=home.id, name="Budget line", kind="NUMBER")
    world.custom_fields[field.id] = field
    for place, entry in enumerate(one for one in world.entries.values() if one.workspace == home.id):
        if place % 5 == 0:
            entry.fields = {field.id: 4000 + place % 3}


def _free(world: World, now: datetime) -> None:
    """A workspace on the free plan: thirty requests an hour, a month of reports, no room for a fourth webhook."""
    jack = _person(world, "jack", "Jack Murray", "Australia/Sydney")
    home = _home(world, FREE, {jack: "OWNER", _person(world, "mia", "Mia Chen", "Australia/Perth"): "MEMBER"}, "FREE")
    _project(world, home, "Season opening", _client(world, home, "Coral Bay Lodge"))
    _tags(world, home, ("boat", "shore"))
    _work(world, home, now, [jack], 45)
    for event in ("NEW_PROJECT", "NEW_CLIENT", "NEW_TAG"):
        hook = Webhook(
            id=hex_id("webhook", FREE, event),
            workspace=home.id,
            person=jack,
            name=event.capitalize().replace("_", " "),
            url="https://hooks.example.com/reef",
            event=event,
            source_type="WORKSPACE_ID",
            source=[home.id],
            token="sandbox-" + hex_id("token", FREE, event),
        )
        world.webhooks[hook.id] = hook


def _strict(world: World, now: datetime) -> None:
    """A workspace that forces every field and locks what is older than a week."""
    nora = _person(world, "nora", "Nora Winter", "Europe/Oslo")
    home = _home(world, STRICT, {nora: "OWNER"}, "ENTERPRISE")
    home.forced, home.subdomain = ["projects", "tasks", "tags", "description"], "northlight"
    home.locked = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=7)
    _project(world, home, "Polar night", _client(world, home, "City of Tromsø"))
    _tags(world, home, ("planning", "field work"))
    _work(world, home, now, [nora], 14)
