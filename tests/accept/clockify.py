"""The three requests of the Clockify guides: what the model does about them, and what must be true afterwards."""

from collections.abc import Callable
from typing import Any, cast

from .models.errand import Errand, known_id, script, words
from .models.mind import Mind
from .server import Server

LIST = "List all my active workspaces."
ADD = "Add a new client called Northwind Traders to the Marketing workspace."
SHOW = "Show all users on the Design Team workspace."

Json = dict[str, Any]


def scripts(person: Callable[[str], None] | None) -> Mind:
    """The model's part."""
    workspace = words(r"(?:to|on) the (.+?) workspace")
    errands = {
        "active workspaces": Errand("list all workspaces of the user", "clockify", r"CLOCKIFY_GET_ALL_MY_WORKSPACES"),
        "add a new client": Errand(
            "add a new client to a workspace",
            "clockify",
            r"CLOCKIFY_CREATE_CLIENT",
            {"workspaceId": workspace, "name": words(r"client called (.+?) to")},
        ),
        "show all users": Errand(
            "show all users of a workspace",
            "clockify",
            r"CLOCKIFY_FILTER_WORKSPACE_USERS",
            {"workspaceId": known_id(workspace)},
            ("name", "email"),
        ),
    }
    return Mind({request: script(errand, person) for request, errand in errands.items()})


def workspaces(router: Server) -> dict[str, str]:
    """The true workspaces, name to id."""
    return {w["name"]: w["id"] for w in cast(list[Json], router.clockify("/workspaces"))}


def check_workspaces(router: Server, answer: str) -> None:
    """Every workspace is told, by name and id."""
    true = workspaces(router)
    assert {"Marketing", "Design Team"} <= set(true)
    for name, identity in true.items():
        assert name in answer
        assert identity in answer


def check_client(router: Server, answer: str) -> None:
    """The new client stands in Marketing, once, and the answer tells of it."""
    clients = cast(list[Json], router.clockify(f"/workspaces/{workspaces(router)['Marketing']}/clients?page-size=500"))
    made = [client for client in clients if client["name"] == "Northwind Traders"]
    assert len(made) == 1
    assert "Northwind Traders" in answer
    assert made[0]["id"] in answer


def check_users(router: Server, answer: str) -> None:
    """Every user of the Design Team is named, and nobody else."""
    users = cast(list[Json], router.clockify(f"/workspaces/{workspaces(router)['Design Team']}/users?page-size=500"))
    assert users
    for user in users:
        assert user["email"] in answer
    assert answer.count("@") == len(users)
