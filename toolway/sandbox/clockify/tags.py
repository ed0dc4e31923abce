"""Tags: `getTags`, `createNewTag`, `getTag`, `updateTag`, `deleteTag`."""

from typing import Annotated, Literal

import msgspec

from toolway.sandbox.clockify.house import PageNumber, PageSize, Row, SortOrder, named, ordered, page, refuse, tag_of, workspace_of
from toolway.sandbox.wire import Call, Reply, Route
from toolway.sandbox.world import Tag, Workspace, World

Name = Annotated[str, msgspec.Meta(max_length=100)]


class _Search(msgspec.Struct, rename="kebab"):
    name: str | None = None
    strict_name_search: bool = False
    excluded_ids: list[str] = []
    sort_column: Literal["ID", "NAME"] | None = None
    sort_order: SortOrder | None = None
    page: PageNumber = 1
    page_size: PageSize = 50
    archived: bool | None = None


class _New(msgspec.Struct):
    name: Name | None = None


class _Change(_New):
    archived: bool = False


def show(tag: Tag) -> Row:
    """A tag (schema TagDtoV1)."""
    return {"id": tag.id, "name": tag.name, "workspaceId": tag.workspace, "archived": tag.archived}


def _free(world: World, workspace: Workspace, name: str, but: str = "") -> str:
    """The name, if no other tag of the workspace has it."""
    for other in world.tags.values():
        if other.workspace == workspace.id and other.id != but and other.name.casefold() == name.casefold():
            raise refuse(f"Tag with name '{name}' already exists")
    return name


def _list(call: Call) -> Reply:
    asked, home = call.ask(_Search), workspace_of(call)
    rows = [one for one in call.world.tags.values() if one.workspace == home.id and asked.archived in (None, one.archived)]
    rows = named([one for one in rows if one.id not in asked.excluded_ids], asked.name, asked.strict_name_search, lambda one: one.name)
    rows = ordered(rows, lambda one: one.id if asked.sort_column == "ID" else one.name, asked.sort_order)
    return page(rows, asked.page, asked.page_size, show)


def _create(call: Call) -> Reply:
    home, given = workspace_of(call), call.read(_New)
    if not given.name or not given.name.strip():
        raise refuse("Tag name has to be between 1 and 100 characters long")
    tag = Tag(id=call.world.new_id(), workspace=home.id, name=_free(call.world, home, given.name))
    call.world.tags[tag.id] = tag
    return Reply(show(tag), 201)


def _get(call: Call) -> Reply:
    return Reply(show(tag_of(call.world, workspace_of(call), call.places["id"])))


def _update(call: Call) -> Reply:
    """Not saying `archived` brings the tag back."""
    home, given = workspace_of(call), call.read(_Change)
    tag = tag_of(call.world, home, call.places["id"])
    if given.name:
        tag.name = _free(call.world, home, given.name, tag.id)
    tag.archived = given.archived
    return Reply(show(tag))


def _delete(call: Call) -> Reply:
    tag = tag_of(call.world, workspace_of(call), call.places["id"])
    del call.world.tags[tag.id]
    for entry in call.world.entries.values():
        entry.tags = [id for id in entry.tags if id != tag.id]
    return Reply(show(tag))


ROUTES = (
    Route("GET", "/v1/workspaces/{workspaceId}/tags", _list),
    Route("POST", "/v1/workspaces/{workspaceId}/tags", _create, writes=True),
    Route("GET", "/v1/workspaces/{workspaceId}/tags/{id}", _get),
    Route("PUT", "/v1/workspaces/{workspaceId}/tags/{id}", _update, writes=True, admin=True),
    Route("DELETE", "/v1/workspaces/{workspaceId}/tags/{id}", _delete, writes=True, admin=True),
)
