"""What happened, as webhooks are told of it: each enabled one whose event and source it is gets a parcel. A parcel waits in the world
until it is delivered or given up, so that a restart does not lose it.

The events of clients, projects, tasks, tags, groups, assignments and time entries are played; a webhook of another event stays silent.
"""

from collections.abc import Iterable

import msgspec

from toolway.sandbox.clockify.changes import Document, Happening, show
from toolway.sandbox.wire import Call
from toolway.sandbox.world import Assignment, Entry, Parcel, Project, Tag, Task

_NAMES = {
    "CLIENTS": {"created": "NEW_CLIENT", "updated": "CLIENT_UPDATED", "deleted": "CLIENT_DELETED"},
    "PROJECTS": {"created": "NEW_PROJECT", "updated": "PROJECT_UPDATED", "deleted": "PROJECT_DELETED"},
    "TASKS": {"created": "NEW_TASK", "updated": "TASK_UPDATED", "deleted": "TASK_DELETED"},
    "TAGS": {"created": "NEW_TAG", "updated": "TAG_UPDATED", "deleted": "TAG_DELETED"},
    "USER_GROUPS": {"created": "USER_GROUP_CREATED", "updated": "USER_GROUP_UPDATED", "deleted": "USER_GROUP_DELETED"},
    "SCHEDULED_ASSIGNMENT": {"created": "ASSIGNMENT_CREATED", "updated": "ASSIGNMENT_UPDATED", "deleted": "ASSIGNMENT_DELETED"},
    "TIME_ENTRY": {"created": "NEW_TIME_ENTRY", "updated": "TIME_ENTRY_UPDATED", "deleted": "TIME_ENTRY_DELETED"},
}


def tell(call: Call, happened: Iterable[Happening]) -> None:
    """Put a parcel into the world for each webhook that one of these things is for."""
    hooks = [one for one in call.world.webhooks.values() if one.enabled]
    for one in happened:
        name, sources = _name(one), {"WORKSPACE_ID": {one.home}, "USER_ID": {call.who}, **_sources(one.now)}
        for hook in hooks:
            fits = not hook.source or sources.get(hook.source_type, set()) & set(hook.source)
            if hook.workspace == one.home and hook.event == name and fits:
                body = msgspec.json.encode(show(call.world, one.now)).decode()
                parcel = Parcel(id=call.world.new_id(), webhook=hook.id, event=name, body=body)
                call.world.parcels[parcel.id] = parcel


def _name(one: Happening) -> str:
    """The vendor's name of the event; a time entry without an end is a timer."""
    if isinstance(one.now, Entry) and one.act == "created" and one.now.end is None:
        return "NEW_TIMER_STARTED"
    if isinstance(one.was, Entry) and isinstance(one.now, Entry) and one.was.end is None and one.now.end is not None:
        return "TIMER_STOPPED"
    return _NAMES[one.table][one.act]


def _sources(one: Document) -> dict[str, set[str | None]]:
    """What a webhook can be narrowed down to, as far as it is in a document. Where nobody is named it is the one who did it."""
    match one:
        case Project():
            return {"PROJECT_ID": {one.id}}
        case Task():
            return {"PROJECT_ID": {one.project}, "TASK_ID": {one.id}}
        case Tag():
            return {"TAG_ID": {one.id}}
        case Entry():
            return {"USER_ID": {one.person}, "PROJECT_ID": {one.project}, "TASK_ID": {one.task}, "TAG_ID": {*one.tags}}
        case Assignment():
            return {"USER_ID": {one.person}, "PROJECT_ID": {one.project}, "TASK_ID": {one.task}, "ASSIGNMENT_ID": {one.id}}
        case _:
            return {}
