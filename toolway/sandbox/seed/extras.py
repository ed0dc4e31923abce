"""What else the studio has: holidays, schedules, templates, expenses, shared reports, fields of its own, an add-on."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from toolway.sandbox.world import (
    Assignment,
    Category,
    CustomField,
    DeskProject,
    Expense,
    Holiday,
    SharedReport,
    Template,
    Webhook,
    World,
    hex_id,
)

HOME = hex_id("workspace", "Marketing")
ADDON = hex_id("addon", "Invoice robot")

# category, unit, price of a unit in minor units
_CATEGORIES = (("Travel", None, None), ("Mileage", "km", 42), ("Meals", None, None), ("Fax", None, None))
# who, category, days ago, amount in minor units, quantity, project, billable, notes
_EXPENSES = (
    ("Alice", "Travel", 1, 12900, 1, "client website redesign", True, "Train to the workshop"),
    ("Ben", "Mileage", 2, 5040, 120, "Autumn campaign", True, "Drive to the printer"),
    ("Ben", "Meals", 3, 2350, 1, None, False, "Lunch with the team"),
    ("Chloe", "Travel", 6, 4400, 1, "Autumn campaign", True, ""),
    ("Elena", "Meals", 9, 1980, 1, "Bakery brand refresh", True, "Tasting"),
    ("Grace", "Travel", 15, 8800, 1, "Hotel booking landing page", True, "Site visit"),
    ("Hugo", "Mileage", 24, 1680, 40, "client website redesign", False, "Cables"),
)


def _person(name: str) -> str:
    return hex_id("person", name)


def _project(name: str) -> str:
    return hex_id("project", "Marketing", name)


def add(world: World, now: datetime) -> None:
    """Put it all into the world."""
    _fields(world)
    _days_off(world, now)
    _plans(world, now)
    _money(world, now)
    _reports(world, now)
    _addon(world)
    world.desk_projects[4999] = DeskProject(id=4999, name="Press catalogue 2025", tasks={49991: "Layout"}, archived=True)


def _fields(world: World) -> None:
    """Two custom fields, in no entry yet."""
    for name, kind, choices in (("Order number", "TXT", []), ("Kind of work", "DROPDOWN_SINGLE", ["Concept", "Making", "Care"])):
        field = CustomField(id=hex_id("field", name), workspace=HOME, name=name, kind=kind, choices=list[str](choices))
        world.custom_fields[field.id] = field


def _days_off(world: World, now: datetime) -> None:
    """Holidays of all, and one of two people only."""
    year = now.year
    moving = now.date() + timedelta(days=9)
    days = (
        Holiday(id="", workspace=HOME, name="New Year's Day", start=date(2020, 1, 1), end=date(2020, 1, 1), yearly=True),
        Holiday(id="", workspace=HOME, name="Christmas", start=date(2020, 12, 25), end=date(2020, 12, 26), yearly=True),
        Holiday(id="", workspace=HOME, name="Company summer day", start=date(year, 7, 3), end=date(year, 7, 3)),
        Holiday(
            id="", workspace=HOME, name="Moving desks", start=moving, end=moving, everyone=False, people=[_person("Ben"), _person("Chloe")]
        ),
    )
    for holiday in days:
        holiday.id = hex_id("holiday", holiday.name)
        world.holidays[holiday.id] = holiday


def _plans(world: World, now: datetime) -> None:
    """Who is to work on what this week and the next, and a week to start from."""
    zone = ZoneInfo(world.zone)
    today = now.astimezone(zone).date()
    monday = today - timedelta(days=today.weekday())
    jobs = (
        ("Alice", "client website redesign", "Visual design", 2.0),
        ("Ben", "Autumn campaign", "Copywriting", 6.0),
        ("Elena", "Bakery brand refresh", "Logo", 4.0),
        ("Grace", "client website redesign", "Front end", 7.5),
        ("Hugo", "Hotel booking landing page", None, 5.0),
    )
    for week in (0, 1):
        start = datetime.combine(monday + timedelta(days=7 * week), time(), zone)
        for name, project, task, hours in jobs:
            one = Assignment(
                id=hex_id("assignment", name, str(week)),
                workspace=HOME,
                person=_person(name),
                project=_project(project),
                task=hex_id("task", "Marketing", project, task) if task else None,
                start=start.astimezone(UTC),
                end=(start + timedelta(days=4, hours=23, minutes=59, seconds=59)).astimezone(UTC),
                hours=hours,
            )
            world.assignments[one.id] = one
    pairs = [("client website redesign", "Front end"), ("Internal", "Meetings"), ("Press catalogue 2025", "Layout")]
    known = [(_project(project), hex_id("task", "Marketing", project, task)) for project, task in pairs]
    template = Template(id=hex_id("template", "usual"), workspace=HOME, person=world.owner, name="The usual week", pairs=list(known))
    world.templates[template.id] = template


def _money(world: World, now: datetime) -> None:
    """Categories, one of them archived, and what was laid out in the last weeks."""
    for name, unit, price in _CATEGORIES:
        category = Category(id=hex_id("category", name), workspace=HOME, name=name, unit=unit, price=price, archived=name == "Fax")
        world.categories[category.id] = category
    for who, category, ago, amount, quantity, project, billable, notes in _EXPENSES:
        one = Expense(
            id=hex_id("expense", who, str(ago)),
            workspace=HOME,
            person=_person(who),
            category=hex_id("category", category),
            day=now.date() - timedelta(days=ago),
            amount=amount,
            quantity=float(quantity),
            project=_project(project) if project else None,
            billable=billable,
            notes=notes,
            file=hex_id("receipt", who, str(ago)) if category == "Travel" else None,
        )
        world.expenses[one.id] = one


def _reports(world: World, now: datetime) -> None:
    """One report for everybody with the link, whose window moves; one that two people see."""
    last = (now - timedelta(days=now.weekday() + 1)).date()
    window = {"dateRangeStart": f"{last - timedelta(days=6)}T00:00:00", "dateRangeEnd": f"{last}T23:59:59"}
    by_project: dict[str, object] = {**window, "dateRangeType": "LAST_WEEK", "summaryFilter": {"groups": ["PROJECT", "USER"]}}
    rows = (
        SharedReport(id="", workspace=HOME, person=world.owner, name="Time by project", kind="SUMMARY", filter=by_project, public=True),
        SharedReport(
            id="",
            workspace=HOME,
            person=_person("Ben"),
            name="Marketing's week",
            kind="WEEKLY",
            filter={**window, "weeklyFilter": {"group": "USER", "subgroup": "PROJECT"}},
            fixed=True,
            people=[world.owner, _person("Chloe")],
        ),
    )
    for one in rows:
        one.id = hex_id("shared", one.name)
        world.shared_reports[one.id] = one


def _addon(world: World) -> None:
    """An add-on of the design team listens to two events."""
    home = hex_id("workspace", "Design Team")
    for event in ("NEW_TIME_ENTRY", "TIME_ENTRY_UPDATED"):
        hook = Webhook(
            id=hex_id("webhook", "robot", event),
            workspace=home,
            person=world.owner,
            name="Invoice robot",
            url="https://robot.example.com/clockify",
            event=event,
            source_type="WORKSPACE_ID",
            source=[home],
            token="sandbox-" + hex_id("token", "robot", event),
            addon=ADDON,
        )
        world.webhooks[hook.id] = hook
