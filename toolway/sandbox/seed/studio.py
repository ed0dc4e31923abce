"""A small studio, the same eight people in both services. What it shows is relied on: more of it belongs into the other rooms."""

from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from toolway.sandbox.world import (
    Client,
    Delivery,
    DeskProject,
    Entry,
    Person,
    Project,
    Tag,
    Task,
    Webhook,
    Workspace,
    World,
    hex_id,
)

ZONE = "Europe/Berlin"
WEEKS = 4

# name, team, team id, what the client pays and what the person costs an hour in minor units
_PEOPLE = (
    ("Alice", "Management", 71, 12000, 6500),
    ("Ben", "Marketing", 72, 8000, 4200),
    ("Chloe", "Marketing", 72, 7500, 4000),
    ("David", "Design", 73, 9000, 4800),
    ("Elena", "Design", 73, 9500, 5000),
    ("Farid", "Design", 73, 8500, 4500),
    ("Grace", "Development", 74, 10000, 5500),
    ("Hugo", "Development", 74, 9800, 5200),
)
_MARKETING, _DESIGN = "Marketing", "Design Team"
_MEMBERS = {
    _MARKETING: {"Alice": "OWNER", "Ben": "WORKSPACE_ADMIN", "Chloe": "MEMBER", "Elena": "MEMBER", "Grace": "MEMBER", "Hugo": "MEMBER"},
    _DESIGN: {"Alice": "OWNER", "David": "WORKSPACE_ADMIN", "Elena": "MEMBER", "Farid": "MEMBER"},
}
_CLIENTS = {_MARKETING: ("Acme", "Bluebird Bakery", "Harbour Hotels", "Old Mill Press"), _DESIGN: ("Acme", "Green Garden")}
_GONE_CLIENT = "Old Mill Press"

# workspace, project, client, colour, hourly rate, tasks; an archived project has no rate of its own
_PROJECTS = (
    (_MARKETING, "client website redesign", "Acme", "#E91E63", 11000, ("Discovery", "Wireframes", "Visual design", "Front end", "Launch")),
    (_MARKETING, "Autumn campaign", "Acme", "#FF9800", None, ("Planning", "Copywriting", "Newsletter", "Reporting")),
    (_MARKETING, "Bakery brand refresh", "Bluebird Bakery", "#8BC34A", 9000, ("Logo", "Packaging")),
    (_MARKETING, "Hotel booking landing page", "Harbour Hotels", "#03A9F4", None, ("Copywriting", "Front end", "A/B test")),
    (_MARKETING, "Internal", None, "#9E9E9E", None, ("Meetings", "Admin")),
    (_MARKETING, "Press catalogue 2025", "Old Mill Press", "#795548", None, ("Layout",)),
    (_DESIGN, "Design system", None, "#673AB7", None, ("Components", "Documentation")),
    (_DESIGN, "Acme icon set", "Acme", "#F44336", 8800, ("Sketches", "Export")),
    (_DESIGN, "Garden catalogue", "Green Garden", "#4CAF50", None, ("Layout", "Photography")),
)
_ARCHIVED = {"Press catalogue 2025"}
_NOT_BILLED = {"Internal", "Design system"}
_TAGS = {_MARKETING: ("billable", "meeting", "research", "review", "urgent", "2025"), _DESIGN: ("feedback", "handover", "review")}
_GONE_TAG = "2025"
_WORDS = ("Prepare", "Draft", "Review", "Finish", "Discuss", "Test", "Refine")


def make_studio(now: datetime) -> World:
    """The studio as of `now`; the same day gives the same."""
    people = {
        hex_id("person", name): Person(
            id=hex_id("person", name),
            desk_id=12341 + place,
            name=name,
            email=f"{name.lower()}@example.com",
            team=team,
            team_id=team_id,
            rate=rate,
            cost=cost,
        )
        for place, (name, team, team_id, rate, cost) in enumerate(_PEOPLE)
    }
    world = World(owner=hex_id("person", "Alice"), company="Example Studio", zone=ZONE, people=people)
    for name, members in _MEMBERS.items():
        roles = {hex_id("person", person): role for person, role in members.items()}
        workspace = Workspace(id=hex_id("workspace", name), name=name, members=roles, rate=7000)
        world.workspaces[workspace.id] = workspace
        _fill(world, workspace)
    _work(world, now)
    _listen(world, now)
    for place, (_, name, _, _, _, tasks) in enumerate(row for row in _PROJECTS if row[1] not in _ARCHIVED):
        number = 5001 + place
        world.desk_projects[number] = DeskProject(id=number, name=name, tasks={number * 10 + at: task for at, task in enumerate(tasks, 1)})
    return world


def _fill(world: World, workspace: Workspace) -> None:
    """Clients, projects, tasks and tags of one workspace."""
    for name in _CLIENTS[workspace.name]:
        client = Client(
            id=hex_id("client", workspace.name, name),
            workspace=workspace.id,
            name=name,
            email=f"office@{name.lower().replace(' ', '-')}.example.com",
            archived=name == _GONE_CLIENT,
        )
        client.cc_emails = [f"accounts@{name.lower().replace(' ', '-')}.example.com"] if name == "Acme" else []
        world.clients[client.id] = client
    for home, name, client_name, color, rate, tasks in _PROJECTS:
        if home != workspace.name:
            continue
        project = Project(
            id=hex_id("project", home, name),
            workspace=workspace.id,
            name=name,
            client=hex_id("client", home, client_name) if client_name else None,
            color=color,
            billable=name not in _NOT_BILLED,
            archived=name in _ARCHIVED,
            rate=rate,
            members=list(workspace.members),
        )
        world.projects[project.id] = project
        for task in tasks:
            record = Task(id=hex_id("task", home, name, task), project=project.id, name=task, billable=project.billable)
            record.status = "DONE" if project.archived or task == "Discovery" else "ACTIVE"
            world.tasks[record.id] = record
    for name in _TAGS[workspace.name]:
        tag = Tag(id=hex_id("tag", workspace.name, name), workspace=workspace.id, name=name, archived=name == _GONE_TAG)
        world.tags[tag.id] = tag


def _work(world: World, now: datetime) -> None:
    """Time entries on the working days of the last weeks, and one timer that runs now."""
    zone = ZoneInfo(world.zone)
    today = now.astimezone(zone).date()
    for back in range(WEEKS * 7, -1, -1):
        day = today - timedelta(days=back)
        if day.weekday() >= 5:
            continue
        for person in world.people.values():
            _day(world, person, day, now, zone)
    ben = next(person for person in world.people.values() if person.name == "Ben")
    marketing = hex_id("workspace", _MARKETING)
    running = Entry(
        id=hex_id("running", ben.id),
        workspace=marketing,
        person=ben.id,
        start=(now - timedelta(minutes=47)).replace(microsecond=0),
        description="Draft newsletter copy",
        project=hex_id("project", _MARKETING, "Autumn campaign"),
        task=hex_id("task", _MARKETING, "Autumn campaign", "Copywriting"),
        tags=[],
        billable=True,
    )
    world.entries[running.id] = running


def _day(world: World, person: Person, day: date, now: datetime, zone: ZoneInfo) -> None:
    """One working day of one person, cut at `now`."""
    chance = Random(f"{person.id} {day}")
    homes = [workspace for workspace in world.workspaces.values() if person.id in workspace.members]
    begin = datetime.combine(day, time(8, 30), zone) + timedelta(minutes=chance.choice((0, 15, 30, 45)))
    for part in range(chance.choice((3, 4, 4, 5))):
        home = chance.choice(homes)
        projects = [project for project in world.projects.values() if project.workspace == home.id and not project.archived]
        project = chance.choice(projects)
        task = chance.choice([task for task in world.tasks.values() if task.project == project.id])
        tags = [tag.id for tag in world.tags.values() if tag.workspace == home.id and not tag.archived and chance.random() < 0.2]
        end = begin + timedelta(minutes=chance.choice((45, 60, 75, 90, 105, 120)))
        text = f"{chance.choice(_WORDS)} {task.name.lower()}"
        if end < now - timedelta(hours=1):
            entry = Entry(
                id=hex_id("entry", person.id, str(day), str(part)),
                workspace=home.id,
                person=person.id,
                start=begin.astimezone(ZoneInfo("UTC")),
                end=end.astimezone(ZoneInfo("UTC")),
                description=text,
                project=project.id,
                task=task.id,
                tags=tags,
                billable=project.billable,
            )
            world.entries[entry.id] = entry
        begin = end + timedelta(minutes=chance.choice((0, 15, 30)))


def _listen(world: World, now: datetime) -> None:
    """One webhook with a week of deliveries, one of them refused."""
    hook = Webhook(
        id=hex_id("webhook", "chat"),
        workspace=hex_id("workspace", _MARKETING),
        person=world.owner,
        name="Chat room",
        url="https://hooks.example.com/clockify",
        event="NEW_TIME_ENTRY",
        source_type="WORKSPACE_ID",
        source=[hex_id("workspace", _MARKETING)],
        token="sandbox-" + hex_id("token", "chat"),
    )
    world.webhooks[hook.id] = hook
    made = sorted((entry for entry in world.entries.values() if entry.end and entry.workspace == hook.workspace), key=lambda one: one.start)
    recent = [entry for entry in made if entry.end and entry.end > now - timedelta(days=7)]
    for place, entry in enumerate(recent[-12:]):
        failed = place == 3
        world.deliveries.append(
            Delivery(
                id=hex_id("delivery", entry.id),
                webhook=hook.id,
                status=503 if failed else 200,
                request=f'{{"id":"{entry.id}","description":"{entry.description}"}}',
                response="unavailable" if failed else "ok",
                at=(entry.end or now) + timedelta(seconds=2),
            )
        )
