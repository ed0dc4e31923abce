import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from toolway.store.records import BASE62, Account, ApiKey, AuthConfig, Session, from_row, new_id, random_text, to_row

texts = st.text(max_size=30)


@given(st.sampled_from(["ca_", "log_", "trs_"]))
def test_an_id_is_its_prefix_and_22_letters_and_digits(prefix: str) -> None:
    made = new_id(prefix)
    assert made.startswith(prefix) and len(made) == len(prefix) + 22
    assert set(made.removeprefix(prefix)) <= set(BASE62)


def test_ids_have_128_bits_and_do_not_repeat() -> None:
    assert len(BASE62) == len(set(BASE62)) == 62 and 62**22 > 2**128
    assert len({new_id("") for _ in range(20_000)}) == 20_000


def test_every_letter_comes_at_every_place() -> None:
    made = [random_text(4) for _ in range(4_000)]
    for place in range(4):
        assert {text[place] for text in made} == set(BASE62)


@given(texts, st.lists(texts, max_size=3), st.none() | st.integers(0, 2**53))
def test_a_key_is_the_same_after_a_row(text: str, scopes: list[str], expires: int | None) -> None:
    key = ApiKey("key_1", "pr_1", text, text, tuple(scopes), 1, expires)
    assert from_row(ApiKey, to_row(key)) == key


@given(st.dictionaries(texts, texts, max_size=3), st.booleans())
def test_tables_and_truths_are_the_same_after_a_row(settings: dict[str, str], enabled: bool) -> None:
    account = Account("ca_1", "pr_1", "u", "clockify", "ac_1", "ACTIVE", "", "", "", settings, "", 1, 2)
    config = AuthConfig("ac_1", "pr_1", "clockify", "api_key", "n", enabled, 1, 2)
    assert from_row(Account, to_row(account)) == account
    assert from_row(AuthConfig, to_row(config)) == config
    assert to_row(config)["enabled"] in (0, 1) and not isinstance(to_row(config)["enabled"], bool)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(texts, json_values, max_size=4))
def test_a_sessions_config_is_the_same_after_a_row(config: dict[str, Any]) -> None:
    session = Session("trs_1", "pr_1", "u", config, 3, 1, 2)
    assert json.loads(to_row(session)["config"]) == config
    assert from_row(Session, to_row(session)) == session
