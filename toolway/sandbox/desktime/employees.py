"""The company and its people: `/company`, `/employees`, `/employee` and its three parts."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from toolway.sandbox.desktime.days import ENDS, STARTS, DeskDay, desk_day, shares
from toolway.sandbox.desktime.house import Row, day_of, employees, local, not_yours, one, or_list, person_of, refuse
from toolway.sandbox.wire import Call, Reply, Route
from toolway.sandbox.world import Person, Session, World

_MADE_LATER = 900_000


def _company(call: Call) -> Reply:
    return Reply(
        {
            "name": call.world.company,
            "work_starts": STARTS.isoformat(),
            "work_ends": ENDS.isoformat(),
            "work_duration": 8 * 3600,
            "working_days": [1, 2, 3, 4, 5],
            "work_start_tracking": "00:00:00",
            "work_stop_tracking": "23:59:59",
            "timezone_identifier": call.world.zone,
        }
    )


def _seen(call: Call, person: Person, day: date) -> DeskDay:
    """A person's day as far as it has come."""
    return desk_day(person.desk_id, day, call.now, ZoneInfo(call.world.zone))


def _stats(call: Call, person: Person, day: date) -> Row:
    """What every answer about one day of one person holds; times are seconds, shares are percent."""
    seen, zone = _seen(call, person, day), ZoneInfo(call.world.zone)
    starts, ends = datetime.combine(day, STARTS, zone), datetime.combine(day, ENDS, zone)
    until = seen.left or (call.now if seen.arrived else None)
    productive, desktime = seen.spent("productive"), seen.desktime
    return {
        "id": person.desk_id,
        "name": person.name,
        "email": person.email,
        "groupId": person.team_id,
        "group": person.team,
        "profileUrl": f"{person.name.lower()}-{person.desk_id}",
        "isOnline": bool(seen.arrived and not seen.left),
        "arrived": _clock(call.world, seen.arrived),
        "left": _clock(call.world, seen.left),
        "late": bool(seen.arrived and seen.arrived > starts),
        "onlineTime": seen.at_work - seen.offline,
        "offlineTime": seen.offline,
        "desktimeTime": desktime,
        "atWorkTime": seen.at_work,
        "afterWorkTime": max(0, int((until - ends).total_seconds())) if until else 0,
        "beforeWorkTime": max(0, int((starts - seen.arrived).total_seconds())) if seen.arrived else 0,
        "productiveTime": productive,
        "productivity": round(100 * productive / desktime, 2) if desktime else 0,
        "efficiency": round(100 * productive / (8 * 3600), 2),
        "work_starts": STARTS.isoformat(),
        "work_ends": ENDS.isoformat(),
    }


def _clock(world: World, moment: datetime | None) -> str | bool:
    """A moment by the company's clock, or false."""
    return local(world, moment).strftime("%Y-%m-%d %H:%M:%S") if moment else False


def _apps(call: Call, person: Person, day: date) -> object:
    """The programs of a day under what they are taken for."""
    found: dict[str, list[Row]] = {}
    for use in _seen(call, person, day).uses:
        found.setdefault(use.kind, []).append({"app": use.name, "name": use.name, "type": use.type, "duration": use.duration})
    return or_list(found)


def _spent(call: Call, session: Session, day: date) -> int:
    """The seconds of a session that fall on a day."""
    begin = datetime.combine(day, time(), ZoneInfo(call.world.zone))
    span = min(session.end or call.now, begin + timedelta(days=1)) - max(session.start, begin)
    return max(0, int(span.total_seconds()))


def _project(world: World, project: int, task: int | None, duration: int) -> Row:
    """A line about time on a project."""
    known = world.desk_projects[project]
    return {
        "project_id": project,
        "project_title": known.name,
        "task_id": task,
        "task_title": known.tasks.get(task) if task else None,
        "duration": duration,
    }


def _projects(call: Call, person: Person, day: date) -> list[Row]:
    """The projects of a day: the made-up ones, and those that were started here."""
    world = call.world
    there = [
        (known.id, task) for known in world.desk_projects.values() if known.id < _MADE_LATER and not known.archived for task in known.tasks
    ]
    made_up = shares(person.desk_id, day, int(_seen(call, person, day).spent("productive") * 0.9), there)
    sums: dict[tuple[int, int | None], int] = {(project, task): duration for project, task, duration in made_up}
    for session in world.sessions:
        if session.employee == person.desk_id and (seconds := _spent(call, session, day)):
            key = (session.project, session.task)
            sums[key] = sums.get(key, 0) + seconds
    return [_project(world, project, task, duration) for (project, task), duration in sums.items()]


def _active(call: Call, person: Person) -> list[Row]:
    """The project that a person is at now."""
    now = [session for session in call.world.sessions if session.employee == person.desk_id and session.end is None]
    return [_project(call.world, at.project, at.task, int((call.now - at.start).total_seconds())) for at in now]


def _employees(call: Call) -> Reply:
    """Everybody, under the day and their number; a month goes from its first day to the one asked for."""
    day, period = day_of(call), one(call, "period") or "day"
    if period not in ("day", "month"):
        raise refuse(400, "Period has to be day or month")
    days = [day.replace(day=at) for at in range(1, day.day + 1)] if period == "month" else [day]
    if call.who != call.world.owner:
        raise not_yours()
    people = employees(call.world)
    return Reply({"employees": {str(at): {str(person.desk_id): _stats(call, person, at) for person in people} for at in days}})


def _employee(call: Call) -> Reply:
    person, day = person_of(call), day_of(call)
    own: Row = {
        "timezone": call.world.zone,
        "notes": list[str](),
        "activeProject": _active(call, person),
        "projects": _projects(call, person, day),
        "apps": _apps(call, person, day),
    }
    return Reply({**_stats(call, person, day), **own})


def _with_projects(call: Call) -> Reply:
    person, day = person_of(call), day_of(call)
    return Reply({**_stats(call, person, day), "activeProject": _active(call, person), "projects": _projects(call, person, day)})


def _with_apps(call: Call) -> Reply:
    person, day = person_of(call), day_of(call)
    return Reply({**_stats(call, person, day), "apps": _apps(call, person, day)})


def _basic(call: Call) -> Reply:
    person, day = person_of(call), day_of(call)
    return Reply({**_stats(call, person, day), "activeProject": _active(call, person)})


ROUTES = (
    Route("GET", "/company", _company),
    Route("GET", "/employees", _employees),
    Route("GET", "/employee", _employee),
    Route("GET", "/employee/projects", _with_projects),
    Route("GET", "/employee/apps", _with_apps),
    Route("GET", "/employee/basic", _basic),
)
