"""Words, terms, slips of the fingers, and languages."""

from hypothesis import given
from hypothesis import strategies as st

from toolway.catalog.postings import postings, unpack
from toolway.catalog.terms import fold, stem, terms, words
from toolway.catalog.tongues import ACTIONS, spoken, tongues
from toolway.catalog.typos import forms, likeliest, slipped

LETTERS = st.text("abcd", min_size=1, max_size=8)


def test_terms() -> None:
    assert terms("CLOCKIFY_GET_TAGS") == ["clockify", "tag"]
    assert terms("workspaceId, HTTPServer") == ["workspac", "id", "http", "server"]
    assert terms("ＡＢＣ Straße") == ["abc", "strass"]
    assert terms("搜索关键词") == ["搜索", "索关", "关键", "键词"]
    assert {stem(word) for word in ("plan", "plans", "planned", "planning")} == {"plan"}
    assert {stem(word) for word in ("create", "created", "creating", "creates", "creation")} == {"creat"}
    assert {stem(word) for word in ("entry", "entries")} == {"entry"}
    assert stem("status") == "status"


def test_scripts_stay_whole() -> None:
    assert words("परियोजना 프로젝트 Ünïcode") == ["परियोजना", "프로젝트", "unicode"]


@given(st.text(max_size=100))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(LETTERS, st.integers(0, 7), st.sampled_from("abcd"), st.sampled_from(["drop", "add", "other", "swap"]))
def test_one_slip_is_seen(word: str, at: int, letter: str, how: str) -> None:
    at = min(at, len(word) - 1)
    wrong = {
        "drop": word[:at] + word[at + 1 :],
        "add": word[:at] + letter + word[at:],
        "other": word[:at] + letter + word[at + 1 :],
        "swap": word[:at] + word[at : at + 2][::-1] + word[at + 2 :],
    }[how]
    assert slipped(wrong, word) and slipped(word, wrong)
    assert forms(wrong) & forms(word)


@given(LETTERS, LETTERS)
def test_two_slips_are_too_many(first: str, second: str) -> None:
    if abs(len(first) - len(second)) > 1 or sum((first.count(letter) != second.count(letter)) for letter in "abcd") > 2:
        assert not slipped(first, second)


def test_every_language_says_what_to_do() -> None:
    for name, tongue in tongues().items():
        meant = {meaning for meanings in tongue.meanings.values() for meaning in meanings}
        due = {"get", "list", "create", "delete", "update", "start", "stop", "report"}
        assert due <= meant, (name, due - meant)
    assert len(tongues()) >= 20
    assert "gone" not in ACTIONS


def test_the_language_is_recognised() -> None:
    for name, text in {
        "en": "list the projects of the workspace",
        "de": "zeig mir bitte alle Projekte",
        "fr": "montre moi tous les projets",
        "uk": "покажи мені всі проєкти",
        "ja": "プロジェクトを全部見せて",
        "zh": "列出所有项目",
    }.items():
        assert spoken(text, words(text), frozenset({"list", "project", "projects", "workspace", "the", "of"})).name == name


def test_what_is_no_tool_stands_aside_and_makes_no_word_less_rare() -> None:
    tools = {0: {"name": {"rain": 1}}, 1: {"name": {"snow": 1}}}
    alone = unpack(postings(tools, {})["rain"], 2)
    beside = postings(tools, {2: {"words": {"rain": 1, "hail": 1}}})
    rain, hail = unpack(beside["rain"], 2), unpack(beside["hail"], 2)
    assert (list(rain.numbers), rain.worth(0), alone.aside) == ([0], alone.worth(0), ())
    assert [number for number, _ in rain.aside] == [number for number, _ in hail.aside] == [2]
    assert not hail.numbers and hail.aside[0][1] > rain.aside[0][1]


def test_a_slip_is_mended_to_the_likeliest() -> None:
    assert likeliest("waht", ["want", "what"]) == "what"
    assert likeliest("tast", ["task", "fast", "test"]) == "task"
    assert likeliest("porject", ["project", "object"]) == "project"


@given(
    st.dictionaries(
        st.integers(0, 50), st.dictionaries(st.sampled_from(["name", "about", "asks"]), st.dictionaries(LETTERS, st.integers(1, 4)))
    )
)
def test_postings_hold_every_term(tools: dict[int, dict[str, dict[str, int]]]) -> None:
    tools = dict(sorted(tools.items()))
    lists = {term: unpack(blob, 51) for term, blob in postings(tools, {}).items()}
    for number, fields in tools.items():
        for term in {term for counts in fields.values() for term in counts}:
            assert 0 < lists[term].worth(number) <= lists[term].most
    for found in lists.values():
        assert list(found.numbers) == sorted(found.numbers)
        assert found.within([range(0, 10), range(10, 51)]) == found
        assert found.worth(99) == 0
