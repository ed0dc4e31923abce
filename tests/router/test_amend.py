"""Changing a session: what was said before stays, and what a configuration says can be said again."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from toolway.catalog.index import BUILTIN, Catalogue
from toolway.router.amend import amend, as_asked
from toolway.router.config import TAGS, configure
from toolway.store.records import Session

CATALOGUE = Catalogue([BUILTIN])
KITS = st.sampled_from([card.slug for card in CATALOGUE.toolkits()])
SLUGS = st.sampled_from([card.slug for card in CATALOGUE.cards()])
FLAG = st.booleans()
NAMED = st.lists(st.sampled_from(TAGS), unique=True)


def some(**fields: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


TAGGED = some(enable=NAMED, disable=NAMED)
RULE = some(enable=st.lists(SLUGS, max_size=3), tags=TAGGED) | some(disable=st.lists(SLUGS, max_size=3))
BLOCKS: dict[str, st.SearchStrategy[Any]] = {
    "toolkits": st.lists(KITS, max_size=2).map(lambda kits: {"enable": kits}) | st.lists(KITS).map(lambda kits: {"disable": kits}),
    "tools": st.dictionaries(KITS, RULE),
    "tags": TAGGED,
    "auth_configs": st.dictionaries(KITS, st.just("ac_1")),
    "connected_accounts": st.dictionaries(KITS, st.just(["ca_1"])),
    "manage_connections": some(enable=FLAG, callback_url=st.just("https://app.example/a"), enable_wait_for_connections=FLAG),
    "workbench": some(enable=FLAG, enable_tool_execution=FLAG, enable_proxy_execution=FLAG, sandbox_size=st.just("large")),
    "multi_account": st.just({"enable": True}) | st.just({"enable": True, "require_explicit_selection": False}),
    "preload": st.lists(SLUGS, max_size=3).map(lambda slugs: {"tools": slugs}) | st.just({"tools": "all"}),
    "search": some(enable=FLAG),
    "execute": some(enable_multi_execute=FLAG),
}
BODIES = st.fixed_dictionaries({"user_id": st.just("alice")}, optional=BLOCKS)
REPLACED = ("toolkits", "tools", "tags", "auth_configs", "connected_accounts")


def session(body: Any) -> Session:
    return Session("trs_1", "pr_1", "alice", configure(body, CATALOGUE), 1, 0, 0)


@given(BODIES)
def test_a_configuration_can_be_asked_for_again(body: Any) -> None:
    config = configure(body, CATALOGUE)
    assert configure(as_asked(config), CATALOGUE) == config
    assert amend(session(body), {}, CATALOGUE) == config


@given(BODIES, st.data())
def test_what_is_not_named_stays_and_null_takes_back(body: Any, data: st.DataObject) -> None:
    before = session(body)
    name = data.draw(st.sampled_from(sorted(BLOCKS)))
    value = data.draw(st.none() | BLOCKS[name].filter(lambda _: name != "preload"))
    after = amend(before, {name: value}, CATALOGUE)
    assert {k: v for k, v in after.items() if k != name} == {k: v for k, v in before.config.items() if k != name}
    if value is None:
        assert after[name] == session({"user_id": "alice"}).config[name]
    elif name in REPLACED:
        assert after[name] == session({"user_id": "alice", name: value}).config[name]


def test_merged_and_replaced() -> None:
    before = session({"user_id": "alice", "workbench": {"sandbox_size": "large"}, "multi_account": {"enable": True}})
    assert amend(before, {"workbench": {"enable": False}}, CATALOGUE)["workbench"]["sandbox_size"] == "large"
    off = amend(before, {"multi_account": {"enable": False}}, CATALOGUE)["multi_account"]
    assert off == {"enable": False, "require_explicit_selection": False}
