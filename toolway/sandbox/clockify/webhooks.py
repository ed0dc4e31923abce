"""Webhooks, for owners and administrators.

`getWebhooks`, `getAddonWebhooks`, `createWebhook`, `getWebhook`, `updateWebhook`, `deleteWebhook`, `generateNewToken`, `getLogsForWebhook`.
"""

from datetime import timedelta
from typing import Annotated, Literal

import msgspec

from toolway.sandbox.clockify.house import (
    Instant,
    PageSize,
    Row,
    forbidden,
    foreign,
    owned,
    person_of,
    project_of,
    refuse,
    stamp,
    tag_of,
    webhook_of,
    workspace_of,
)
from toolway.sandbox.clockify.plans import webhooks_left
from toolway.sandbox.wire import Call, Reply, Route
from toolway.sandbox.world import Delivery, Webhook

SourceType = Literal["PROJECT_ID", "USER_ID", "TAG_ID", "TASK_ID", "WORKSPACE_ID", "ASSIGNMENT_ID", "EXPENSE_ID"]
Event = Literal[
    "NEW_PROJECT",
    "PROJECT_UPDATED",
    "PROJECT_DELETED",
    "NEW_TASK",
    "TASK_UPDATED",
    "TASK_DELETED",
    "NEW_CLIENT",
    "CLIENT_UPDATED",
    "CLIENT_DELETED",
    "NEW_TAG",
    "TAG_UPDATED",
    "TAG_DELETED",
    "NEW_TIMER_STARTED",
    "TIMER_STOPPED",
    "NEW_TIME_ENTRY",
    "TIME_ENTRY_UPDATED",
    "TIME_ENTRY_DELETED",
    "TIME_ENTRY_SPLIT",
    "TIME_ENTRY_RESTORED",
    "USER_JOINED_WORKSPACE",
    "USER_DELETED_FROM_WORKSPACE",
    "USER_DEACTIVATED_ON_WORKSPACE",
    "USER_ACTIVATED_ON_WORKSPACE",
    "USER_EMAIL_CHANGED",
    "USER_UPDATED",
    "USERS_INVITED_TO_WORKSPACE",
    "LIMITED_USERS_ADDED_TO_WORKSPACE",
    "USER_GROUP_CREATED",
    "USER_GROUP_UPDATED",
    "USER_GROUP_DELETED",
    "NEW_INVOICE",
    "INVOICE_UPDATED",
    "NEW_APPROVAL_REQUEST",
    "APPROVAL_REQUEST_STATUS_UPDATED",
    "TIME_OFF_REQUESTED",
    "TIME_OFF_REQUEST_UPDATED",
    "TIME_OFF_REQUEST_APPROVED",
    "TIME_OFF_REQUEST_REJECTED",
    "TIME_OFF_REQUEST_STARTED",
    "TIME_OFF_REQUEST_WITHDRAWN",
    "BALANCE_UPDATED",
    "ASSIGNMENT_CREATED",
    "ASSIGNMENT_UPDATED",
    "ASSIGNMENT_DELETED",
    "ASSIGNMENT_PUBLISHED",
    "EXPENSE_CREATED",
    "EXPENSE_UPDATED",
    "EXPENSE_DELETED",
    "EXPENSE_RESTORED",
    "COST_RATE_UPDATED",
    "BILLABLE_RATE_UPDATED",
]


class _Search(msgspec.Struct):
    type: Literal["USER_CREATED", "SYSTEM", "ADDON"] | None = None


class _Given(msgspec.Struct, rename="camel"):
    """The body of a create and of an update; a name is due although the document does not mark it so."""

    name: Annotated[str, msgspec.Meta(min_length=2, max_length=30)]
    url: Annotated[str, msgspec.Meta(min_length=1, pattern=r"^https?://[^\s/]+")]
    webhook_event: Event
    trigger_source_type: SourceType
    trigger_source: list[str]


class _Pages(msgspec.Struct):
    """The log counts its pages from 0 and calls a page's size `size`."""

    page: Annotated[int, msgspec.Meta(ge=0)] = 0
    size: PageSize = 50


class _Logs(msgspec.Struct, rename="camel"):
    since: Instant | None = msgspec.field(default=None, name="from")
    to: Instant | None = None
    sort_by_newest: bool = False
    status: Literal["ALL", "SUCCEEDED", "FAILED"] = "ALL"


def show(hook: Webhook) -> Row:
    """A webhook (schema WebhookDtoV1)."""
    return {
        "id": hook.id,
        "name": hook.name,
        "url": hook.url,
        "webhookEvent": hook.event,
        "triggerSourceType": hook.source_type,
        "triggerSource": hook.source,
        "authToken": hook.token,
        "enabled": hook.enabled,
        "deliveryEnabled": True,
        "planEnabled": True,
        "userId": hook.person,
        "workspaceId": hook.workspace,
    }


def _delivered(one: Delivery) -> Row:
    """One line of the log (schema WebhookLogDtoV1)."""
    return {
        "id": one.id,
        "webhookId": one.webhook,
        "webhookEventStatusId": one.id[::-1],
        "statusCode": one.status,
        "requestBody": one.request,
        "responseBody": one.response,
        "respondedAt": stamp(one.at),
    }


def _read(call: Call) -> _Given:
    """What is given, if the event exists and the sources are of this workspace."""
    home, given = workspace_of(call), call.read(_Given)
    for source in given.trigger_source:
        match given.trigger_source_type:
            case "WORKSPACE_ID" if source != home.id:
                raise refuse("Trigger source doesn't belong to Workspace")
            case "PROJECT_ID":
                project_of(call.world, home, source)
            case "USER_ID":
                person_of(call, home, source)
            case "TAG_ID":
                tag_of(call.world, home, source)
            case "TASK_ID" if source in call.world.tasks:
                project_of(call.world, home, call.world.tasks[source].project)
            case "TASK_ID":
                raise foreign("Task")
            case "ASSIGNMENT_ID":
                owned(call.world.assignments, home, source, "Assignment")
            case "EXPENSE_ID":
                owned(call.world.expenses, home, source, "Expense")
            case _:
                pass
    return given


def _list(call: Call) -> Reply:
    asked, home = call.ask(_Search), workspace_of(call)
    hooks = [one for one in call.world.webhooks.values() if one.workspace == home.id]
    shown = [one for one in hooks if asked.type in (None, "ADDON" if one.addon else "USER_CREATED")]
    return Reply({"workspaceWebhookCount": len(hooks), "webhooks": [show(one) for one in shown]})


def _of_addon(call: Call) -> Reply:
    """`getAddonWebhooks`: an add-on that is not installed in the workspace is refused."""
    home = workspace_of(call)
    hooks = [one for one in call.world.webhooks.values() if one.workspace == home.id]
    shown = [show(one) for one in hooks if one.addon == call.places["addonId"]]
    if not shown:
        raise foreign("Addon")
    return Reply({"workspaceWebhookCount": len(hooks), "webhooks": shown})


def _create(call: Call) -> Reply:
    """How many there can be is a matter of the plan; those of add-ons do not count."""
    home, given = workspace_of(call), _read(call)
    known = [one for one in call.world.webhooks.values() if one.workspace == home.id and one.addon is None]
    if not webhooks_left(home, sum(one.person == call.who for one in known), len(known)):
        raise forbidden("Number of webhooks is limited on your current plan")
    hook = Webhook(
        id=call.world.new_id(),
        workspace=home.id,
        person=call.who,
        name=given.name,
        url=given.url,
        event=given.webhook_event,
        source_type=given.trigger_source_type,
        source=given.trigger_source,
        token=call.world.new_token(),
    )
    call.world.webhooks[hook.id] = hook
    return Reply(show(hook), 201)


def _find(call: Call) -> Webhook:
    return webhook_of(call.world, workspace_of(call), call.places["webhookId"])


def _get(call: Call) -> Reply:
    return Reply(show(_find(call)))


def _update(call: Call) -> Reply:
    hook, given = _find(call), _read(call)
    hook.name, hook.url, hook.event = given.name, given.url, given.webhook_event
    hook.source_type, hook.source = given.trigger_source_type, given.trigger_source
    return Reply(show(hook))


def _renew(call: Call) -> Reply:
    hook = _find(call)
    hook.token = call.world.new_token()
    return Reply(show(hook))


def _delete(call: Call) -> Reply:
    del call.world.webhooks[_find(call).id]
    return Reply()


def _logs(call: Call) -> Reply:
    """Deliveries of the last seven days: older ones are not kept."""
    hook, pages, asked = _find(call), call.ask(_Pages), call.read(_Logs)
    rows = [one for one in call.world.deliveries if one.webhook == hook.id and one.at > call.now - timedelta(days=7)]
    rows = [one for one in rows if (asked.since is None or one.at >= asked.since) and (asked.to is None or one.at <= asked.to)]
    rows = [one for one in rows if asked.status == "ALL" or (200 <= one.status < 400) == (asked.status == "SUCCEEDED")]
    rows.sort(key=lambda one: one.at, reverse=asked.sort_by_newest)
    begin = pages.page * pages.size
    return Reply([_delivered(one) for one in rows[begin : begin + pages.size]])


_PATH = "/v1/workspaces/{workspaceId}/webhooks"
ROUTES = (
    Route("GET", "/v1/workspaces/{workspaceId}/addons/{addonId}/webhooks", _of_addon, admin=True),
    Route("GET", _PATH, _list, admin=True),
    Route("POST", _PATH, _create, writes=True, admin=True),
    Route("GET", _PATH + "/{webhookId}", _get, admin=True),
    Route("PUT", _PATH + "/{webhookId}", _update, writes=True, admin=True),
    Route("DELETE", _PATH + "/{webhookId}", _delete, writes=True, admin=True),
    Route("POST", _PATH + "/{webhookId}/logs", _logs, admin=True),
    Route("PATCH", _PATH + "/{webhookId}/token", _renew, writes=True, admin=True),
)
