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
    ("make sure nobody deletes the project Internal", "UPDATE_PROJECT"),
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
        "archiviere das Projekt Internal, ohne es zu löschen",
        "archiva el proyecto Internal en lugar de eliminar el proyecto",
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
        ("lösche alle Einträge ohne Projekt", "DELETE_USER_TIME_ENTRIES"),
        ("no olvides borrar la etiqueta urgente", "DELETE_TAG"),
        ("vergiss nicht das Projekt Internal zu löschen", "DELETE_PROJECT"),
        ("borra las entradas no facturables", "DELETE_USER_TIME_ENTRIES"),
        ("crea un proyecto Fotos sin cliente", "CREATE_NEW_PROJECT"),
        ("ändere das Projekt Internal auf nicht abrechenbar", "UPDATE_PROJECT"),
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


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("remove Ben from project Internal", "UPDATE_PROJECT_MEMBERSHIPS"),
        ("remove Ben and Ana from the project Internal", "UPDATE_PROJECT_MEMBERSHIPS"),
        ("remove the client from project Internal", "UPDATE_CLIENT"),
        ("drop the tag review from the entry 'Draft copywriting'", "UPDATE_TIME_ENTRY"),
        ("delete the tag review from yesterday's entry", "UPDATE_TIME_ENTRY"),
        ("remove Ben from the user group Designers", "REMOVE_USER_FROM_GROUP"),
        ("kick Ben out of the group Designers", "REMOVE_USER_FROM_GROUP"),
        ("remove the description of entry 'Review logo'", "UPDATE_TIME_ENTRY"),
        ("clear the note of client Acme", "UPDATE_CLIENT"),
        ("delete the email address of client Acme", "UPDATE_CLIENT"),
        ("remove Ben's hourly rate", "UPDATE_USER_HOURLY_RATE"),
    ],
)
def test_what_is_taken_from_a_thing_or_is_a_part_of_it_deletes_no_thing(catalogue: Catalogue, query: str, first: str) -> None:
    answer = found(catalogue, query)
    assert slugs(answer)[0] == first
    assert [slug for slug in deletions(answer) if "_FROM_" not in slug] == []


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("delete the entry from yesterday", "DELETE_TIME_ENTRY"),
        ("remove the client Acme from Clockify", "DELETE_CLIENT"),
        ("remove the client Acme from the workspace", "DELETE_CLIENT"),
        ("delete the task Photos from project Internal", "DELETE_TASK"),
        ("delete all time entries from project Internal", "DELETE_USER_TIME_ENTRIES"),
        ("remove the colour tag", "DELETE_TAG"),
        ("remove the tag urgent, please", "DELETE_TAG"),
    ],
)
def test_a_thing_from_a_time_or_a_place_is_deleted(catalogue: Catalogue, query: str, first: str) -> None:
    assert slugs(found(catalogue, query))[0] == first


@pytest.mark.parametrize(
    "query",
    [
        "list deleted time entries of yesterday",
        "get deleted projects",
        "show recently deleted projects",
        "restore the deleted project",
        "what was deleted yesterday",
        "which clients were removed",
        "I deleted the project Internal by accident, bring it back",
        "which projects have been deleted this month",
        "what did Ben delete yesterday",
        "list the removed tags",
    ],
)
def test_deleted_says_which_and_not_what_to_do(catalogue: Catalogue, query: str) -> None:
    answer = found(catalogue, query)
    assert "GET_DELETED_ENTITIES" in slugs(answer)[:2]
    assert deletions(answer) == []


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("I want the tag urgent deleted", "DELETE_TAG"),
        ("make sure the tag urgent is deleted", "DELETE_TAG"),
        ("the tag urgent has to be removed", "DELETE_TAG"),
        ("please have the client Acme removed", "DELETE_CLIENT"),
        ("shred the project Internal", "DELETE_PROJECT"),
        ("get rid of the webhook for deleted entries", "DELETE_WEBHOOK"),
    ],
)
def test_what_is_to_be_deleted_is_a_wish(catalogue: Catalogue, query: str, first: str) -> None:
    assert slugs(found(catalogue, query))[0] == first


@pytest.mark.parametrize(("query", "fits"), [("empty the trash", True), ("wipe the workspace", False), ("delete my account", False)])
def test_nothing_smaller_is_deleted_in_place_of_the_whole(catalogue: Catalogue, query: str, *, fits: bool) -> None:
    answer = found(catalogue, query)
    assert (answer.fits, deletions(answer)) == (fits, [])


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("I made a mistake in yesterday's entry", "UPDATE_TIME_ENTRY"),
        ("fix the typo in my last entry", "UPDATE_TIME_ENTRY"),
        ("make the project Internal billable and set its colour to red", "UPDATE_PROJECT"),
        ("make a project Photos", "CREATE_NEW_PROJECT"),
        ("who is in the user group Designers", "GET_USER_GROUPS"),
        ("list the projects", "GET_PROJECTS"),
        ("lista los proyectos", "GET_PROJECTS"),
    ],
)
def test_small_words_tell_what_is_to_be_done(catalogue: Catalogue, query: str, first: str) -> None:
    answer = found(catalogue, query)
    assert (slugs(answer)[0], deletions(answer)[:3]) == (first, [])
    assert not [slug for part in answer.parts for slug in part.slugs[:1] if slug.startswith("CLOCKIFY_CREATE") and "a project" not in query]
