"""Projects, which this vendor knows by name: `/projects`, `/create-project`, `/start-project`, `/stop-project`.

A start is a GET that writes: it makes what is missing and ends what the person was at.
"""

from toolway.sandbox.desktime.house import Row, needed, one, refuse
from toolway.sandbox.wire import Call, Reply, Route
from toolway.sandbox.world import DeskProject, Session, World


def _show(project: DeskProject) -> Row:
    """A project with its tasks."""
    return {
        "id": project.id,
        "name": project.name,
        "tasks": [{"id": id, "name": name} for id, name in project.tasks.items()],
    }


def _find(world: World, name: str) -> DeskProject | None:
    """The project of that name, whatever the case."""
    return next((known for known in world.desk_projects.values() if known.name.casefold() == name.casefold()), None)


def _find_task(project: DeskProject, name: str) -> int | None:
    """The number of the task of that name."""
    return next((id for id, known in project.tasks.items() if known.casefold() == name.casefold()), None)


def _ensure(world: World, name: str, task: str) -> tuple[DeskProject, int | None]:
    """The project and the task, made if they are missing."""
    project = _find(world, name)
    if project is None:
        project = DeskProject(id=world.new_number(), name=name)
        world.desk_projects[project.id] = project
    if not task:
        return project, None
    number = _find_task(project, task)
    if number is None:
        number = world.new_number()
        project.tasks[number] = task
    return project, number


def _list(call: Call) -> Reply:
    """Those that are not archived. An archived one keeps its name."""
    return Reply({"projects": [_show(project) for project in call.world.desk_projects.values() if not project.archived]})


def _create(call: Call) -> Reply:
    """The names stand in the query although this is a POST; a name that is taken is refused."""
    name, task = needed(call, "project"), one(call, "task")
    if _find(call.world, name) is not None:
        raise refuse(400, "Project already exists")
    return Reply({"project": _show(_ensure(call.world, name, task)[0])})


def _end(call: Call) -> None:
    """End what the owner of the key is at."""
    for session in call.world.sessions:
        if session.employee == call.me.desk_id and session.end is None:
            session.end = max(call.now, session.start)


def _start(call: Call) -> Reply:
    project, task = _ensure(call.world, needed(call, "project"), one(call, "task"))
    _end(call)
    call.world.sessions.append(Session(employee=call.me.desk_id, project=project.id, task=task, start=call.now))
    return Reply({"started": True})


def _stop(call: Call) -> Reply:
    """Stops the named project if the person is at it; a second stop changes nothing."""
    project = _find(call.world, needed(call, "project"))
    if project is None:
        raise refuse(404, "Project not found")
    task = one(call, "task")
    for session in call.world.sessions:
        mine = session.employee == call.me.desk_id and session.end is None and session.project == project.id
        if mine and (not task or session.task == _find_task(project, task)):
            session.end = max(call.now, session.start)
    return Reply({"stopped": True})


ROUTES = (
    Route("GET", "/projects", _list),
    Route("POST", "/create-project", _create, writes=True),
    Route("GET", "/start-project", _start, writes=True),
    Route("GET", "/stop-project", _stop, writes=True),
)
