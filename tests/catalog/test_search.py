"""Finding tools by words."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from toolway.catalog.index import BUILTIN, Catalogue
from toolway.catalog.search import Found, search
from toolway.errors import UnknownToolkit

from .toolkits import WIDE, write


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    folder = tmp_path_factory.mktemp("kits")
    return Catalogue([write(folder / "acme", WIDE), BUILTIN], folder / "index.db")


def slugs(found: Found) -> list[str]:
    return [hit.slug for hit in found.hits]


@pytest.mark.parametrize(
    ("query", "slug"),
    [
        ("rename the tag urgent", "ACME_UPDATE_TAG"),
        ("ACME_GET_TAGS", "ACME_GET_TAGS"),
        ("who am I at acme", "ACME_GET_ME"),
        ("which labels does Acme have", "ACME_GET_TAGS"),
        ("log two hours on the Acme site", "CLOCKIFY_CREATE_TIME_ENTRY"),
        ("ping DeskTime", "DESKTIME_PING_REQUEST"),
        ("halt the stopwatch", "CLOCKIFY_STOP_USER_TIMER"),
        ("whom does she report to", "CLOCKIFY_FIND_USER_TEAM_MANAGER"),
        ("把“音乐节”的项目列出来", "CLOCKIFY_GET_PROJECTS"),
        ("「天気アプリ」というプロジェクトを作成して", "CLOCKIFY_CREATE_NEW_PROJECT"),
    ],
)
def test_what_is_asked_is_found(catalogue: Catalogue, query: str, slug: str) -> None:
    assert slug in slugs(search(catalogue, query))[:3]


@pytest.mark.parametrize(
    "query", ["bring back the entry I deleted this morning", "restore the project that was deleted", "who removed my tag"]
)
def test_what_was_deleted_is_not_to_be_deleted(catalogue: Catalogue, query: str) -> None:
    assert not [slug for slug in slugs(search(catalogue, query, ["clockify"])) if "DELETE_" in slug]
    assert slugs(search(catalogue, "the tag should be removed", ["clockify"]))[0] == "CLOCKIFY_DELETE_TAG"


@pytest.mark.parametrize(
    ("query", "slug"),
    [
        ("Add the client Northwind to the marketing workspace", "CLOCKIFY_CREATE_CLIENT"),
        ("archive the flight simulator project", "CLOCKIFY_UPDATE_PROJECT"),
        ("list the tasks of the weather app project", "CLOCKIFY_GET_TASKS"),
    ],
)
def test_what_stands_before_the_word_for_a_thing_is_its_name(catalogue: Catalogue, query: str, slug: str) -> None:
    found = search(catalogue, query, ["clockify", "desktime"], connected=["clockify", "desktime"])
    assert (found.fits, slugs(found)[0]) == (True, slug)


@pytest.mark.parametrize(
    ("query", "slug"),
    [
        ("create a client Northwind in Design Team", "CLOCKIFY_CREATE_CLIENT"),
        ("add the client Northwind to the Design Team workspace", "CLOCKIFY_CREATE_CLIENT"),
        ("what tags does the Weekly Report Project have", "CLOCKIFY_GET_TAGS"),
        ("add Ben to the Design Team group", "CLOCKIFY_ADD_USER_TO_GROUP"),
    ],
)
def test_names_of_several_words_say_little(catalogue: Catalogue, query: str, slug: str) -> None:
    assert slug in slugs(search(catalogue, query, ["clockify"]))[:2]


def test_what_is_asked_elsewhere_is_asked_here_where_a_toolkit_is_called_so(tmp_path: Path) -> None:
    wide = {name: text.replace("ACME", "WEATHER").replace("acme", "weather").replace("Acme", "Weather") for name, text in WIDE.items()}
    catalogue = Catalogue([write(tmp_path / "weather", wide), BUILTIN])
    assert search(catalogue, "weather").fits
    assert search(catalogue, "list the weather tags").fits
    elsewhere = search(catalogue, "weather", ["clockify"])
    assert (elsewhere.fits, elsewhere.nearest) == (False, "weather")
    assert not search(catalogue, "send an email to Bob").fits


@pytest.mark.parametrize(
    ("query", "reads"),
    [
        ("how much did we bill in March", True),
        ("Wie viele Stunden hat Ben gestern gearbeitet?", True),
        ("Combien d'heures Ben a travaillé hier ?", True),
        ("which clients did we add last week", True),
        ("how do I create a client", False),
        ("can you create a client?", False),
    ],
)
def test_a_question_finds_what_reads(catalogue: Catalogue, query: str, reads: bool) -> None:
    assert (catalogue.card(slugs(search(catalogue, query))[0]).effect == "read") == reads


@pytest.mark.parametrize(
    ("query", "slug"),
    [
        ("creaet a cleint in clokify", "CLOCKIFY_CREATE_CLIENT"),
        ("lsit the webhoks", "CLOCKIFY_GET_ALL_WEBHOOKS"),
        ("delte this porject", "CLOCKIFY_DELETE_PROJECT"),
    ],
)
def test_slips_are_mended(catalogue: Catalogue, query: str, slug: str) -> None:
    assert slug in slugs(search(catalogue, query))[:3]


@pytest.mark.parametrize(
    ("query", "slug"),
    [
        ("lege einen neuen Kunden an", "CLOCKIFY_CREATE_CLIENT"),
        ("supprime cette étiquette", "CLOCKIFY_DELETE_TAG"),
        ("muestra todos los proyectos de Clockify", "CLOCKIFY_GET_PROJECTS"),
        ("elenca i gruppi di utenti", "CLOCKIFY_GET_USER_GROUPS"),
        ("cria uma nova tarefa", "CLOCKIFY_CREATE_TASK"),
        ("verwijder de klant", "CLOCKIFY_DELETE_CLIENT"),
        ("utwórz nowy projekt", "CLOCKIFY_CREATE_NEW_PROJECT"),
        ("zastav časovač", "CLOCKIFY_STOP_USER_TIMER"),
        ("skapa en ny kund", "CLOCKIFY_CREATE_CLIENT"),
        ("opret en ny opgave", "CLOCKIFY_CREATE_TASK"),
        ("slett prosjektet", "CLOCKIFY_DELETE_PROJECT"),
        ("poista asiakas", "CLOCKIFY_DELETE_CLIENT"),
        ("yeni bir müşteri oluştur", "CLOCKIFY_CREATE_CLIENT"),
        ("останови таймер", "CLOCKIFY_STOP_USER_TIMER"),
        ("створи новий проєкт", "CLOCKIFY_CREATE_NEW_PROJECT"),
        ("新しいクライアントを作成して", "CLOCKIFY_CREATE_CLIENT"),
        ("停止计时器", "CLOCKIFY_STOP_USER_TIMER"),
        ("새 프로젝트를 만들어 줘", "CLOCKIFY_CREATE_NEW_PROJECT"),
        ("أنشئ مشروع جديد", "CLOCKIFY_CREATE_NEW_PROJECT"),
        ("नया ग्राहक बनाओ", "CLOCKIFY_CREATE_CLIENT"),
    ],
)
def test_many_languages_are_understood(catalogue: Catalogue, query: str, slug: str) -> None:
    assert slug in slugs(search(catalogue, query, ["clockify"]))[:3]


def test_several_wishes_are_all_found(catalogue: Catalogue) -> None:
    found = search(catalogue, "create a client Hooli, then list the webhooks and stop my timer", ["clockify"])
    assert {"CLOCKIFY_CREATE_CLIENT", "CLOCKIFY_GET_ALL_WEBHOOKS", "CLOCKIFY_STOP_USER_TIMER"} <= set(slugs(found)[:5])
    assert [part.slugs[0] for part in found.parts] == ["CLOCKIFY_CREATE_CLIENT", "CLOCKIFY_GET_ALL_WEBHOOKS", "CLOCKIFY_STOP_USER_TIMER"]
    assert len(search(catalogue, ", then ".join(["delete a tag"] * 30)).parts) <= 5
    found = search(catalogue, "stop my timer and log two hours on Acme", ["clockify"])
    assert [part.slugs[0] for part in found.parts] == ["CLOCKIFY_STOP_USER_TIMER", "CLOCKIFY_CREATE_TIME_ENTRY"]


@pytest.mark.parametrize(
    "query",
    [
        "order a pizza for the office",
        "will it snow tomorrow",
        "approve the timesheet",
        "send the invoice to the client",
        "post the photo on LinkedIn and tag the team",  # most words are of another kind of service
        "take the project out of GitHub",
        "the of and",
        "zxqv",
    ],
)
def test_what_nothing_serves_is_said(catalogue: Catalogue, query: str) -> None:
    found = search(catalogue, query, ["clockify", "desktime"])
    assert (found.fits, found.nearest) == (False, "")


@pytest.mark.parametrize(
    ("query", "slug"),
    [
        ("log two hours on Acme", "CLOCKIFY_CREATE_TIME_ENTRY"),
        ("clock in", "CLOCKIFY_CREATE_TIME_ENTRY"),
        ("clock out", "CLOCKIFY_STOP_USER_TIMER"),
        ("start working on Hotel booking landing page", "CLOCKIFY_CREATE_TIME_ENTRY"),
        ("log 3 hours on invoice template design", "CLOCKIFY_CREATE_TIME_ENTRY"),
        ("show my timesheet", "CLOCKIFY_GET_TIME_ENTRIES"),
        ("dump all my time entries", "CLOCKIFY_GET_TIME_ENTRIES"),
        ("what did I do yesterday", "CLOCKIFY_GET_TIME_ENTRIES"),
        ("show Anna's hours", "CLOCKIFY_GET_TIME_ENTRIES"),
        ("export hours per project", "CLOCKIFY_GENERATE_SUMMARY_REPORT"),
        ("how much have I left", "CLOCKIFY_GET_PROJECT"),
        ("add Anna to project Nimbus", "CLOCKIFY_UPDATE_PROJECT_MEMBERSHIPS"),
        ("find user Anna", "CLOCKIFY_FILTER_WORKSPACE_USERS"),
        ("new client Globex", "CLOCKIFY_CREATE_CLIENT"),
        ("undo my last entry", "CLOCKIFY_DELETE_TIME_ENTRY"),
        ("who is online", "DESKTIME_GET_ALL_COMPANY_EMPLOYEES"),
        ("is Anna at work", "DESKTIME_GET_EMPLOYEE"),
    ],
)
def test_what_people_say_is_found(catalogue: Catalogue, query: str, slug: str) -> None:
    kits = ["clockify", "desktime"]
    found = search(catalogue, query, kits, connected=kits)
    assert found.fits
    assert slug in slugs(found)[:2]


@pytest.mark.parametrize(
    ("query", "bare"),
    [
        ("delete everything", "delete"),
        ("get rid of it all", "delete"),
        ("supprime tout", "delete"),
        ("lösche alles", "delete"),
        ("usuń wszystko", "delete"),
        ("すべて削除して", "delete"),
        ("rename", "update"),
        ("unarchive Nimbus", "update"),
        ("show the trash", ""),
        ("delete the report", ""),
    ],
)
def test_what_is_done_to_nothing_is_told(catalogue: Catalogue, query: str, bare: str) -> None:
    found = search(catalogue, query, ["clockify", "desktime"])
    assert (found.fits, found.bare) == (not bare, bare)


@pytest.mark.parametrize(
    ("query", "lack"),
    [
        ("create a tag", ("clockify", "create a tag")),
        ("invite anna@x.example to the team", ("clockify", "invite somebody to the team")),
        ("desktime screenshots", ("desktime", "screenshots of a screen")),
        ("will it snow tomorrow", None),
    ],
)
def test_what_a_toolkit_leaves_out_is_told(catalogue: Catalogue, query: str, lack: tuple[str, str] | None) -> None:
    found = search(catalogue, query, ["clockify", "desktime"])
    assert (found.fits, found.lack) == (False, lack)


@pytest.mark.parametrize("query", ["archive the project Nimbus", "rename project Nimbus to Cumulus", "list clients"])
def test_what_one_toolkit_leaves_out_another_may_do(catalogue: Catalogue, query: str) -> None:
    both = search(catalogue, query, ["clockify", "desktime"], connected=["clockify", "desktime"])
    assert both.fits and both.hits[0].toolkit == "clockify"
    assert search(catalogue, query, ["desktime"])[1:3] == (False, "clockify")


@pytest.mark.parametrize("query", ["turn on the lights", "put on some jazz", "book a seat on the train"])
def test_only_what_time_is_spent_on_is_a_name(catalogue: Catalogue, query: str) -> None:
    assert not search(catalogue, query, ["clockify", "desktime"]).fits


def test_the_nearest_toolkit_outside_is_named(catalogue: Catalogue) -> None:
    assert search(catalogue, "which websites and programs did she use", ["desktime"]).fits
    assert search(catalogue, "who was late at DeskTime", ["clockify"])[1:3] == (False, "desktime")
    assert search(catalogue, "list the webhooks", ["desktime"])[1:3] == (False, "clockify")


def test_connected_toolkits_come_first(catalogue: Catalogue) -> None:
    assert slugs(search(catalogue, "list the tags", connected=["acme"]))[0] == "ACME_GET_TAGS"
    assert slugs(search(catalogue, "list the tags", connected=["clockify"]))[0] == "CLOCKIFY_GET_TAGS"
    assert "CLOCKIFY_GET_TAGS" in slugs(search(catalogue, "list the tags", connected=["acme"]))


def test_hits_are_limited(catalogue: Catalogue) -> None:
    hits = search(catalogue, "list the tags of a workspace", limit=4).hits
    assert len(hits) == 4
    assert min(hit.score for hit in hits) > 0
    assert search(catalogue, "tags", limit=0).hits == []
    assert search(catalogue, "tags", limit=-1).hits == []
    many = slugs(search(catalogue, "tags", limit=10**6))
    assert len(set(many)) == len(many) <= len(catalogue.cards())


def test_toolkits_narrow_it(catalogue: Catalogue) -> None:
    assert {hit.toolkit for hit in search(catalogue, "list projects", ["DeskTime"]).hits} == {"desktime"}
    assert search(catalogue, "list projects", []).hits == []
    with pytest.raises(UnknownToolkit):
        search(catalogue, "list projects", ["nope"])


DELETES = ("_DELETE_", "_REMOVE_")


def test_no_deletion_is_offered_unasked(catalogue: Catalogue) -> None:
    """Whatever else is asked of the things that can be deleted."""
    every = catalogue.cards()
    things = {card.title.split(" ", 1)[1] for card in every if any(word in card.slug for word in DELETES)}
    assert len(things) >= 8
    for doing in ("show", "create", "rename", "list every", "copy", "share", "log", "start"):
        for thing in things:
            offered = slugs(search(catalogue, f"{doing} {thing}", limit=100))
            assert offered and not [slug for slug in offered if any(word in slug for word in DELETES)], (doing, thing)
    for card in every:
        if not any(word in card.slug for word in DELETES):
            offered = slugs(search(catalogue, card.title, limit=100))
            assert not [slug for slug in offered if any(word in slug for word in DELETES)], card.title
    assert "CLOCKIFY_DELETE_TAG" in slugs(search(catalogue, "get rid of the tag"))


def test_the_compiled_file_ranks_as_the_fresh_one(catalogue: Catalogue, tmp_path: Path) -> None:
    folder = write(tmp_path / "acme", WIDE)
    first, second = Catalogue([folder, BUILTIN], tmp_path / "index.db"), Catalogue([folder, BUILTIN], tmp_path / "index.db")
    for query in ("show all tags", "report of last week", "who am I"):
        assert search(first, query) == search(second, query) == search(catalogue, query)


def test_toolkits_in_memory_rank_as_those_of_folders(catalogue: Catalogue) -> None:
    held = Catalogue.holding([catalogue.toolkit(card.slug) for card in catalogue.toolkits()])
    for query in ("show all tags", "report of last week", "approve a timesheet", "stop the timer and delete a client"):
        assert search(held, query) == search(catalogue, query)


WORDS = st.sampled_from(
    [
        "delete",
        "list",
        "create",
        "the",
        "and",
        "then",
        ",",
        ".",
        "timer",
        "tags",
        "client",
        "'x'",
        "🕒",
        "عميل",
        "記録",
        "записи",
        "프로젝트",
        "Kunden",
        "lösche",
        "Clockify",
        "\u202e",
        "12:30",
    ]
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.text(max_size=200), st.lists(WORDS, max_size=40).map(" ".join)), st.sampled_from([None, ["desktime"], []]))
@example("\0\ud800", None)
def test_any_request_is_answered_alike_each_time(catalogue: Catalogue, query: str, toolkits: list[str] | None) -> None:
    found = search(catalogue, query, toolkits)
    assert found == search(catalogue, query, toolkits)
    assert found.hits or not found.fits
    assert len(set(slugs(found))) == len(found.hits)
    assert {hit.toolkit for hit in found.hits} <= set(toolkits if toolkits is not None else ("acme", "clockify", "desktime"))


@pytest.mark.parametrize(
    "query",
    ["", " ", "the of and", "log " * 25_000, "é" * 100_000, " ".join(f"w{n}" for n in range(9_999)), "' OR 1=1", "🕒" * 5_000, "\u202eسجل"],
    ids=lambda query: query[:8].encode("unicode_escape").decode(),
)
def test_odd_requests_are_answered(catalogue: Catalogue, query: str) -> None:
    assert isinstance(search(catalogue, query), Found)


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


def test_a_connected_toolkit_is_no_filter(catalogue: Catalogue) -> None:
    assert slugs(search(catalogue, "create a client", connected=["desktime"]))[0] == "CLOCKIFY_CREATE_CLIENT"
    assert slugs(search(catalogue, "which apps did she use", connected=["acme", "clockify"]))[0].startswith("DESKTIME_")
