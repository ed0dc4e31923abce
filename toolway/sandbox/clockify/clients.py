"""Clients: `getClients`, `createClient`, `getClient`, `updateClient`, `deleteClient`."""

from typing import Annotated

import msgspec

from toolway.sandbox.clockify.house import (
    Email,
    PageNumber,
    PageSize,
    Row,
    SortOrder,
    client_of,
    currency_id,
    named,
    ordered,
    page,
    refuse,
    workspace_of,
)
from toolway.sandbox.wire import Call, Reply, Route
from toolway.sandbox.world import Client, Workspace, World

Name = Annotated[str, msgspec.Meta(max_length=100)]
Text = Annotated[str, msgspec.Meta(max_length=3000)]

_CURRENCIES = {currency_id(code): code for code in ("USD", "EUR", "GBP")}


class _Search(msgspec.Struct, rename="kebab"):
    name: str | None = None
    sort_column: str = "NAME"
    sort_order: SortOrder | None = None
    page: PageNumber = 1
    page_size: PageSize = 50
    archived: bool | None = None
    strict_name_search: bool = False


class _New(msgspec.Struct, rename="camel"):
    name: Name | None = None
    email: Email | None = None
    address: Text | None = None
    note: Text | None = None


class _Change(_New, rename="camel"):
    archived: bool = False
    cc_emails: list[Email] | None = None
    currency_id: str | None = None


class _Along(msgspec.Struct, rename="kebab"):
    archive_projects: bool = False
    mark_tasks_as_done: bool = False


def show(client: Client) -> Row:
    """A client (schema ClientDtoV1)."""
    return {
        "id": client.id,
        "name": client.name,
        "email": client.email,
        "workspaceId": client.workspace,
        "archived": client.archived,
        "address": client.address,
        "note": client.note,
        "currencyId": currency_id(client.currency),
        "ccEmails": client.cc_emails or None,
    }


def show_with_currency(client: Client) -> Row:
    """A client as it is read or created (schema ClientWithCurrencyDtoV1)."""
    return {**show(client), "currencyCode": client.currency}


def _free(world: World, workspace: Workspace, name: str, but: str = "") -> str:
    """The name, if no other client of the workspace has it, archived or not."""
    for other in world.clients.values():
        if other.workspace == workspace.id and other.id != but and other.name.casefold() == name.casefold():
            raise refuse(f"Client with name '{name}' already exists")
    return name


def _list(call: Call) -> Reply:
    asked, home = call.ask(_Search), workspace_of(call)
    rows = [one for one in call.world.clients.values() if one.workspace == home.id and asked.archived in (None, one.archived)]
    rows = named(rows, asked.name, asked.strict_name_search, lambda one: one.name)
    rows = ordered(rows, lambda one: one.id if asked.sort_column == "ID" else one.name, asked.sort_order)
    return page(rows, asked.page, asked.page_size, show_with_currency)


def _create(call: Call) -> Reply:
    home, given = workspace_of(call), call.read(_New)
    if not given.name or not given.name.strip():
        raise refuse("Client name has to be between 1 and 100 characters long")
    client = Client(
        id=call.world.new_id(),
        workspace=home.id,
        name=_free(call.world, home, given.name),
        email=given.email,
        address=given.address,
        note=given.note,
        currency=home.currency,
    )
    call.world.clients[client.id] = client
    return Reply(show_with_currency(client), 201)


def _get(call: Call) -> Reply:
    return Reply(show_with_currency(client_of(call.world, workspace_of(call), call.places["id"])))


def _update(call: Call) -> Reply:
    """What is not said is wiped, but for the name, which a client cannot be without."""
    home, given, along = workspace_of(call), call.read(_Change), call.ask(_Along)
    client = client_of(call.world, home, call.places["id"])
    if given.currency_id is not None and given.currency_id not in _CURRENCIES:
        raise refuse("Currency doesn't belong to Workspace")
    if given.name:
        client.name = _free(call.world, home, given.name, client.id)
    client.email, client.address, client.note = given.email, given.address, given.note
    client.cc_emails, client.archived = given.cc_emails or [], given.archived
    client.currency = _CURRENCIES[given.currency_id] if given.currency_id else home.currency
    if client.archived:
        _take_along(call.world, client, along)
    return Reply(show(client))


def _take_along(world: World, client: Client, along: _Along) -> None:
    """Archive the client's projects and finish their tasks, as far as asked."""
    for project in world.projects.values():
        if project.client == client.id:
            project.archived = project.archived or along.archive_projects
            for task in world.tasks.values():
                if along.mark_tasks_as_done and task.project == project.id:
                    task.status = "DONE"


def _delete(call: Call) -> Reply:
    client = client_of(call.world, workspace_of(call), call.places["id"])
    if not client.archived:
        raise refuse("Client is active: it has to be archived before it is deleted")
    del call.world.clients[client.id]
    for project in call.world.projects.values():
        if project.client == client.id:
            project.client = None
    return Reply(show(client))


ROUTES = (
    Route("GET", "/v1/workspaces/{workspaceId}/clients", _list),
    Route("POST", "/v1/workspaces/{workspaceId}/clients", _create, writes=True, admin=True),
    Route("GET", "/v1/workspaces/{workspaceId}/clients/{id}", _get),
    Route("PUT", "/v1/workspaces/{workspaceId}/clients/{id}", _update, writes=True, admin=True),
    Route("DELETE", "/v1/workspaces/{workspaceId}/clients/{id}", _delete, writes=True, admin=True),
)
