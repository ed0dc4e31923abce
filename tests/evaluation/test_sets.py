"""The own set is as it says, other files are judged or refused in a sentence, and tools of others come in whole."""

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation import foreign
from evaluation.sets import EDGE, KITS, OWN, BadSet, Document, Request, judged, own_documents
from toolway.catalog.index import Catalogue

KINDS = {"direct": 50, "language": 45, "paraphrase": 40, "several": 25, "typo": 20, "none": 20}
SHARED = Path(__file__).parents[3] / "shared" / "discovery"


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    return own_documents()


@pytest.fixture(scope="module")
def requests(documents: list[Document]) -> list[Request]:
    return judged(OWN, documents)


def test_the_amounts(requests: list[Request]) -> None:
    assert Counter(request.kind for request in requests) == KINDS
    languages = Counter(request.lang for request in requests if request.kind == "language")
    assert len(languages) == 15
    assert set(languages.values()) == {3}
    assert len({request.query for request in requests}) == len(requests) == 200


def test_what_serves_each(requests: list[Request], documents: list[Document]) -> None:
    slugs = {document.id for document in documents}
    for request in requests:
        assert request.query == request.query.strip() != ""
        assert {slug for group in request.groups for slug in group} <= slugs
        assert (request.kind == "none") == (not request.groups)
        assert request.kind != "several" or len(request.groups) >= 2
        assert request.kind != "language" or request.lang != "en"


def test_names_and_slugs_agree(documents: list[Document]) -> None:
    names = {document.name: document.id for document in documents}
    for line in map(json.loads, OWN.read_text("utf-8").splitlines()):
        assert [names[name] for name in line["relevant"]] == line["slugs"]
        assert {name for group in line["groups"] for name in group} == set(line["relevant"])


def test_the_development_set_is_judged_too(documents: list[Document]) -> None:
    if not (SHARED / "dev.jsonl").exists():
        pytest.skip(f"{SHARED} is not there")
    assert len(judged(SHARED / "dev.jsonl", documents)) == 40


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "asked.jsonl:1: not JSON"),
        ("[]", "is expected"),
        ("{}", "relevant"),
        ('{"query": "x", "relevant": ["Make Coffee"]}', "'make coffee' is neither"),
        ('{"query": "x", "relevant": [7]}', "is expected"),
    ],
)
def test_a_file_that_cannot_be_judged(line: str, said: str, documents: list[Document], tmp_path: Path) -> None:
    (tmp_path / "asked.jsonl").write_text(line, "utf-8")
    with pytest.raises(BadSet, match=said):
        judged(tmp_path / "asked.jsonl", documents)


def test_tools_of_others_come_in_whole(tmp_path: Path) -> None:
    odd = [
        Document(
            "1",
            "Chemistry/Forensic",
            "analyzeEvidence",
            'of a "scene"\nin \x00 two lines',
            (("a.b", "-- x = 1 -- y"), ("a.b", ""), ("", "z")),
        ),
        Document("2", "Chemistry/Forensic", "analyze_evidence", "", ()),
        Document("3", "", "必应搜索", "搜索", (("查询", "关键词"),)),
        Document("4", "Clockify", "types", "A tool.", (("x" * 90, "long"),)),
        Document("5", "clockify", "y" * 200, "A tool.", ()),
        Document("6", "Clockify ", "y" * 201, "A tool.", ()),
    ]
    ids = foreign.write(tmp_path, odd, foreign.Names(KITS))
    catalogue = Catalogue([tmp_path])
    assert catalogue.broken == {}
    assert {ids[card.slug] for card in catalogue.cards()} == set("123456")
    assert catalogue.card("CHEMISTRY_FORENSIC_ANALYZE_EVIDENCE").title == "analyzeEvidence"


@given(st.lists(st.text(max_size=80), max_size=8))
def test_plain_names_stay_apart(texts: list[str]) -> None:
    names = foreign.Names(["taken"])
    found = [names.plain(text, 20, "kit") for text in ["taken", *texts]]
    assert len({*found, "taken"}) == len(found) + 1
    assert all(name.isascii() and name == name.lower() and len(name) <= 20 and name[0].isalpha() for name in found)


def test_the_edge_set(documents: list[Document]) -> None:
    near = judged(EDGE, documents)
    assert (len(near), sum(not request.groups for request in near)) == (160, 80)
    assert len({request.query for request in near}) == 160
    for half in (near[::2], near[1::2]):
        assert sum(not request.groups for request in half) == 40
