"""A vote beside the words: what it may change, and what not."""

from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolway.catalog.dense import Dense
from toolway.catalog.index import BUILTIN, Catalogue
from toolway.catalog.search import Found, fused, search
from toolway.errors import BadSetting

numbers = st.lists(st.integers(0, 60), unique=True, max_size=50)


@given(numbers, numbers)
def test_everything_that_either_has_is_ranked_once(words: list[int], voted: list[int]) -> None:
    assert sorted(fused(words, voted)) == sorted({*words, *voted})


@given(numbers)
def test_who_agrees_changes_nothing(words: list[int]) -> None:
    assert fused(words, words) == words
    assert fused(words, []) == words
    assert fused([], words) == words


@given(numbers, numbers)
def test_where_both_agree_on_two_they_stand_so(words: list[int], voted: list[int]) -> None:
    found = fused(words, voted)
    both = [number for number in words if number in voted]
    for first, second in pairwise(both):
        if voted.index(first) < voted.index(second):
            assert found.index(first) < found.index(second)


def test_it_counts_less_than_the_words() -> None:
    words = list(range(50))
    assert fused(words, words[::-1])[0] == 0
    assert fused(words, [9])[:4] == [0, 1, 9, 2]
    assert fused(words, [60]).index(60) == 26


class Voter:
    """Votes for these tools, and remembers what it was asked."""

    def __init__(self, catalogue: Catalogue, *slugs: str) -> None:
        named = catalogue.names(range(len(catalogue.kinds)))
        self._numbers = {slug: number for number, (slug, _) in named.items()}
        self._slugs = slugs
        self.asked: list[tuple[str, Sequence[range] | None]] = []

    def __call__(self, words: str, spans: Sequence[range] | None) -> Iterator[int]:
        self.asked.append((words, spans))
        return (self._numbers[slug] for slug in self._slugs)


@pytest.fixture
def catalogue() -> Catalogue:
    return Catalogue([BUILTIN])


def slugs(found: Found) -> list[str]:
    return [hit.slug for hit in found.hits]


def test_it_brings_in_what_the_words_do_not_have(catalogue: Catalogue) -> None:
    words = search(catalogue, "that is it for the day", limit=100)
    assert words.fits
    assert "DESKTIME_PING_REQUEST" not in slugs(words)
    catalogue.vote = voter = Voter(catalogue, "DESKTIME_PING_REQUEST")
    found = search(catalogue, "that is it for the day", limit=100)
    assert set(slugs(found)) == {*slugs(words), "DESKTIME_PING_REQUEST"}
    assert [hit.score for hit in found.hits if hit.slug == "DESKTIME_PING_REQUEST"] == [0]
    assert voter.asked == [("that is it for the day", None)]
    assert len(search(catalogue, "that is it for the day", limit=2).hits) == 2


def test_it_is_told_what_it_may_name(catalogue: Catalogue) -> None:
    catalogue.vote = voter = Voter(catalogue)
    search(catalogue, "list my projects", ["desktime"])
    assert voter.asked == [("list my projects", catalogue.spans(["desktime"]))]


def test_it_brings_in_no_deletion_unasked(catalogue: Catalogue) -> None:
    catalogue.vote = Voter(catalogue, "CLOCKIFY_DELETE_CLIENT", "CLOCKIFY_DELETE_TAG")
    assert not [slug for slug in slugs(search(catalogue, "show the clients", limit=100)) if "_DELETE_" in slug]
    assert "CLOCKIFY_DELETE_TAG" in slugs(search(catalogue, "delete the client", limit=100))


@pytest.mark.parametrize("query", ["lege einen neuen Kunden an", "останови таймер", "order a pizza with extra cheese", "", "?!"])
def test_it_is_not_asked_in_other_languages_nor_where_nothing_fits(catalogue: Catalogue, query: str) -> None:
    before = search(catalogue, query)
    catalogue.vote = voter = Voter(catalogue, "CLOCKIFY_STOP_USER_TIMER")
    assert search(catalogue, query) == before
    assert not voter.asked


@pytest.mark.skipif(find_spec("onnxruntime") is not None, reason="the extra dense is installed")
def test_without_the_extra_it_says_how_to_get_it() -> None:
    with pytest.raises(BadSetting, match="is not installed"):
        Dense(Catalogue([]))
