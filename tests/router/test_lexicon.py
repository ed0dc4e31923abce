"""Which words are words, and which may be names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolway.catalog.index import BUILTIN, Catalogue
from toolway.router import lexicon, mentions

KIT = Catalogue([BUILTIN]).toolkit("clockify")


@pytest.mark.parametrize("word", ["urgent", "review", "meeting", "legacy", "initech", "brand", "refresh"])
def test_what_may_be_a_name(word: str) -> None:
    assert not lexicon.is_word(word, KIT)


@pytest.mark.parametrize("word", ["please", "now", "bitte", "tomorrow", "immediately", "archived", "budget", "status", "project", "client"])
def test_what_says_something_itself(word: str) -> None:
    assert lexicon.is_word(word, KIT)


@pytest.mark.parametrize(
    ("said", "things"),
    [
        ("lösche den Kunden Initech", {"Kunden": "client", "kunden": "client"}),
        ("supprime le client Initech", {"client": "client"}),
        ("delete the client Initech", {}),
        ("show the entries of project website", {}),
        ("", {}),
    ],
)
def test_words_for_things_in_other_languages(said: str, things: dict[str, str]) -> None:
    found, tongue = lexicon.foreign(said, KIT, mentions.vocabulary(KIT))
    assert found == things
    assert (tongue is not None) == bool(things)


@given(st.text(max_size=60))
def test_a_word_for_a_thing_means_one_of_the_toolkit(said: str) -> None:
    found, tongue = lexicon.foreign(said, KIT, mentions.vocabulary(KIT))
    assert set(found.values()) <= KIT.nouns.keys()
    assert tongue is None or tongue.name != "en"
