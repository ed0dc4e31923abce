"""A session's configuration out of a request: what is too much."""

from pathlib import Path
from typing import Any

import pytest

from toolway.catalog.index import BUILTIN, Catalogue
from toolway.catalog.model import Json
from toolway.errors import BadRequest
from toolway.router.config import configure

MANY = [f"ca_{n}" for n in range(201)]


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    return Catalogue([BUILTIN], Path(tmp_path_factory.mktemp("catalogue")) / "catalogue.db")


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({"toolkits": {"enable": MANY}}, "toolkits.enable"),
        ({"preload": {"tools": MANY}}, "preload.tools"),
        ({"tools": {"clockify": MANY}}, "tools.clockify.enable"),
        ({"tags": {"disable": MANY}}, "tags.disable"),
        ({"connected_accounts": {"clockify": MANY}}, "connected_accounts.clockify"),
        ({"connected_accounts": dict.fromkeys(MANY, "ca_1")}, "connected_accounts"),
        ({"auth_configs": dict.fromkeys(MANY, "ac_1")}, "auth_configs"),
        ({"tools": {name: ["CLOCKIFY_GET_TAGS"] for name in MANY}}, "tools"),
    ],
)
def test_lists_that_are_too_long(catalogue: Catalogue, more: Json, place: str) -> None:
    with pytest.raises(BadRequest, match=f"^{place} holds 201 entries; at most 200 are taken"):
        configure({"user_id": "u"} | more, catalogue)


@pytest.mark.parametrize("given", [1, 11, 0, -3, 2.5, True, "5", [], 10**400])
def test_how_many_accounts_is_a_number_from_2_to_10(catalogue: Catalogue, given: Any) -> None:
    for enable in (True, False):
        with pytest.raises(BadRequest, match=r"^multi_account.max_accounts_per_toolkit is .{,50}; a whole number from 2 to 10"):
            configure({"user_id": "u", "multi_account": {"enable": enable, "max_accounts_per_toolkit": given}}, catalogue)


def test_how_many_accounts_is_told_where_there_may_be_several(catalogue: Catalogue) -> None:
    for given, most in (({"enable": True}, 5), ({"enable": True, "max_accounts_per_toolkit": 10}, 10), ({"enable": False}, None)):
        assert configure({"user_id": "u", "multi_account": given}, catalogue)["multi_account"].get("max_accounts_per_toolkit") == most


def test_each_once(catalogue: Catalogue) -> None:
    given: dict[str, Any] = {
        "user_id": "u",
        "toolkits": {"enable": ["clockify", "Clockify"] * 200},
        "tools": {"clockify": ["CLOCKIFY_GET_TAGS", "clockify_get_tags"] * 200},
        "tags": ["readOnlyHint"] * 300,
        "connected_accounts": {"clockify": ["ca_1"] * 300},
    }
    made = configure(given, catalogue)
    assert made["toolkits"] == {"enabled": ["clockify"]}
    assert made["tools"] == {"clockify": {"enable": ["CLOCKIFY_GET_TAGS"]}}
    assert made["tags"]["enabled"] == ["readOnlyHint"]
    assert made["connected_accounts"] == {"clockify": ["ca_1"]}


@pytest.mark.parametrize("where", ["", "toolkits", "tags", "tools"])
def test_a_dozen_faults_are_told(catalogue: Catalogue, where: str) -> None:
    faulty: Json = dict.fromkeys(MANY[:100], 1)
    inner = {"clockify": faulty} if where == "tools" else faulty
    with pytest.raises(BadRequest) as caught:
        configure({"user_id": "u"} | ({where: inner} if where else faulty), catalogue)
    assert len(caught.value.details) == 12
    assert len(caught.value.message) < 4000
