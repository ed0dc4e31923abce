"""Finding tools by words."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toolway.catalog.index import BUILTIN, Catalogue
from toolway.catalog.search import Found, search
from toolway.catalog.terms import stem, terms
from toolway.errors import UnknownToolkit

from .toolkits import WIDE, write


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    folder = tmp_path_factory.mktemp("kits")
    return Catalogue([write(folder / "acme", WIDE), BUILTIN], folder / "index.db")


@pytest.mark.parametrize(
    ("query", "slug"),
    [
        ("rename the tag urgent", "ACME_UPDATE_TAG"),
        ("ACME_GET_TAGS", "ACME_GET_TAGS"),
        ("who am I at acme", "ACME_GET_ME"),
        ("which labels does Acme have", "ACME_GET_TAGS"),
        ("log two hours on the Acme site", "CLOCKIFY_CREATE_TIME_ENTRY"),
        ("ping DeskTime", "DESKTIME_PING_REQUEST"),
    ],
)
def test_what_is_asked_is_found(catalogue: Catalogue, query: str, slug: str) -> None:
    assert slug in [hit.slug for hit in search(catalogue, query).hits[:3]]


def test_hits_are_ranked_and_limited(catalogue: Catalogue) -> None:
    hits = search(catalogue, "list the tags of a workspace", limit=4).hits
    assert len(hits) == 4
    assert hits[0].score > 0
    assert search(catalogue, "tags", limit=0).hits == []
    assert search(catalogue, "tags", limit=-1).hits == []
    assert len({hit.slug for hit in search(catalogue, "tags", limit=10**6).hits}) <= len(catalogue.cards())


def test_toolkits_narrow_it(catalogue: Catalogue) -> None:
    assert {hit.toolkit for hit in search(catalogue, "list projects", ["DeskTime"]).hits} == {"desktime"}
    assert search(catalogue, "list projects", []).hits == []
    with pytest.raises(UnknownToolkit):
        search(catalogue, "list projects", ["nope"])


def test_the_compiled_file_ranks_as_the_fresh_one(catalogue: Catalogue, tmp_path: Path) -> None:
    folder = write(tmp_path / "acme", WIDE)
    first, second = Catalogue([folder, BUILTIN], tmp_path / "index.db"), Catalogue([folder, BUILTIN], tmp_path / "index.db")
    for query in ("show all tags", "report of last week", "who am I"):
        assert search(first, query) == search(second, query) == search(catalogue, query)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=200))
def test_any_query_is_answered(catalogue: Catalogue, query: str) -> None:
    assert search(catalogue, query) == search(catalogue, query)


@pytest.mark.parametrize(
    "query", ["", " ", "the of and", "\0\ud800", "log " * 50_000, " ".join(f"w{n}" for n in range(9_999)), "記録", "' OR 1=1"]
)
def test_odd_queries_are_answered(catalogue: Catalogue, query: str) -> None:
    assert isinstance(search(catalogue, query), Found)


def test_terms() -> None:
    assert terms("CLOCKIFY_GET_TAGS") == ["clockify", "tag"]
    assert terms("workspaceId, HTTPServer") == ["workspac", "id", "http", "server"]
    assert terms("ＡＢＣ Straße") == ["abc", "strass"]
    assert {stem(word) for word in ("plan", "plans", "planned", "planning")} == {"plan"}
    assert {stem(word) for word in ("create", "created", "creating", "creates")} == {"creat"}
    assert {stem(word) for word in ("entry", "entries")} == {"entry"}
    assert stem("status") == "status"


@pytest.mark.parametrize(
    ("query", "parts"),
    [
        ("show brand new clients and delete the tag old", ["show brand new clients", "and delete the tag old"]),
        ('stop my DeskTime task and log 2 hours for "Acme Site"', ["stop my DeskTime task", 'and log 2 hours for "Acme Site"']),
        ('create the group "QA, Riga", then add Anna to it', ['create the group "QA, Riga",', "then add Anna to it"]),
    ],
)
def test_the_parts_of_a_request_are_told_as_they_were_written(catalogue: Catalogue, query: str, parts: list[str]) -> None:
    assert [part.text for part in search(catalogue, query).parts] == parts
