"""What a verb of a request does not mean: refused, done before, done to a part of a thing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolway.catalog.index import BUILTIN, Catalogue
from toolway.catalog.search import Found, search


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    return Catalogue([BUILTIN], tmp_path_factory.mktemp("meant") / "index.db")


def found(catalogue: Catalogue, query: str) -> Found:
    return search(catalogue, query, ["clockify"], limit=100)


def slugs(answer: Found) -> list[str]:
    return [hit.slug.removeprefix("CLOCKIFY_") for hit in answer.hits]


def deletions(answer: Found) -> list[str]:
    return [slug for slug in slugs(answer) if slug.startswith(("DELETE_", "REMOVE_"))]


REFUSED = [
    ("do not delete the project Internal", "GET_PROJECTS"),
    ("don't delete the project Internal", "GET_PROJECTS"),
    ("don\u2019t delete or archive the project Internal", "GET_PROJECTS"),
    ("never remove a client", "GET_CLIENTS"),
    ("never delete projects; list the archived ones", "GET_PROJECTS"),
    ("I don't want to remove the client Acme, only rename it to Acme GmbH", "UPDATE_CLIENT"),
    ("instead of deleting client Acme, archive it", "UPDATE_CLIENT"),
    ("rename the client Acme to Beta rather than deleting it", "UPDATE_CLIENT"),
    ("archive the project Internal without deleting its tasks", "UPDATE_PROJECT"),
    ("before I delete anything, show me all archived clients", "GET_CLIENTS"),
    ("before deleting the client Acme show me its projects", "GET_PROJECTS"),
    ("should I delete the project Internal?", "GET_PROJECTS"),
    ("what happens if I delete the project Internal?", "GET_PROJECTS"),
    ("don't log anything, just stop the timer", "STOP_USER_TIMER"),
    ("don't create a new project, use Internal for a new task Photos", "CREATE_TASK"),
]


@pytest.mark.parametrize(("query", "first"), REFUSED)
def test_what_is_refused_is_no_wish(catalogue: Catalogue, query: str, first: str) -> None:
    answer = found(catalogue, query)
    assert (slugs(answer)[0], deletions(answer)) == (first, [])


@pytest.mark.parametrize(
    "query",
    [
        "lösche das Projekt Internal nicht",
        "no borres el proyecto Internal",
        "ne supprime pas le projet Internal",
        "non eliminare il progetto Internal",
        "não apague o projeto Internal",
        "verwijder het project Internal niet",
        "nie usuń projektu Internal",
        "ta inte bort projektet Internal",
        "slet ikke projektet Internal",
        "не удаляй проект Internal",
        "不要删除项目 Internal",
        "プロジェクト Internal を削除しないで",
        "Internal 프로젝트를 삭제하지 마세요",
        "प्रोजेक्ट Internal मत हटाओ",
    ],
)
def test_what_is_refused_in_another_language_is_no_wish_either(catalogue: Catalogue, query: str) -> None:
    answer = found(catalogue, query)
    assert any("PROJECT" in slug for slug in slugs(answer)[:2])
    assert deletions(answer) == []


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("don't forget to delete the tag urgent", "DELETE_TAG"),
        ("the tag urgent is not needed any more", "DELETE_TAG"),
        ("delete the entries that are not billable", "DELETE_TIME_ENTRY"),
        ("don't rename the tag urgent but delete it", "DELETE_TAG"),
        ("the tag urgent is not used, delete it", "DELETE_TAG"),
        ("lösche das Projekt Internal", "DELETE_PROJECT"),
    ],
)
def test_what_is_wanted_beside_a_negation_stays_a_wish(catalogue: Catalogue, query: str, first: str) -> None:
    assert slugs(found(catalogue, query))[0] == first


def test_a_clause_that_only_refuses_is_no_part_of_its_own(catalogue: Catalogue) -> None:
    parts = found(catalogue, "never delete projects; list the archived clients and stop the timer").parts
    assert [part.slugs[0].removeprefix("CLOCKIFY_") for part in parts] == ["GET_CLIENTS", "STOP_USER_TIMER"]


@given(
    refusal=st.sampled_from(
        ["don't {0}", "do not {0}", "never {0}", "please do not ever {0}", "I do not want to {0}", "there is no need to {0}"]
    ),
    verb=st.sampled_from(["delete", "remove", "erase", "drop", "wipe", "get rid of", "throw away"]),
    thing=st.sampled_from(["project", "client", "tag", "task", "time entry", "webhook", "user group", "template"]),
    rest=st.sampled_from(["", ", show all tags", ", just stop the timer", "; rename it to X", " but archive it"]),
)
@settings(max_examples=60, deadline=None)
def test_no_refusal_offers_a_deletion(catalogue: Catalogue, refusal: str, verb: str, thing: str, rest: str) -> None:
    query = refusal.format(f"{verb} the {thing} Internal") + rest
    assert deletions(found(catalogue, query)) == []
    assert deletions(found(catalogue, f"{verb} the {thing} Internal{rest}"))
