from collections.abc import AsyncIterator
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolway.errors import Conflict
from toolway.store.records import Account, AuthConfig, Project
from toolway.store.shelves import Store
from toolway.store.states import EVENTS, STATES, TABLE, Event, State, after

WITH_SECRETS = {"ACTIVE", "INACTIVE", "EXPIRED"}
ENDS = {"FAILED", "REVOKED"}


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    async with await Store.open(url) as opened:
        await opened.projects.add(Project("pr_1", "one", 1))
        await opened.auth_configs.add(AuthConfig("ac_1", "pr_1", "acme", "API_KEY", "n", True, 1, 1))
        yield opened


def account(state: str) -> Account:
    return Account("ca_1", "pr_1", "alice", "acme", "ac_1", state, "", "", "", {}, "", 1, 1)


@given(st.sampled_from(STATES), st.lists(st.sampled_from(EVENTS), max_size=30))
def test_whatever_happens_an_account_goes_the_ways_of_the_table(begun: State, events: list[Event]) -> None:
    state: str = begun
    for event in events:
        before = state
        try:
            state = after(state, event)
        except Conflict:
            assert (before, event) not in TABLE
            continue
        assert state in get_args(State)
        if before in ENDS:
            assert state == before  # an end is an end
        if state == "ACTIVE" and before not in WITH_SECRETS:
            assert event == "connect"  # nobody becomes connected without a proved credential
        if before in WITH_SECRETS:
            assert state in WITH_SECRETS | {"REVOKED"} or (before, event, state) == ("EXPIRED", "ask", "INITIATED")


def test_what_is_switched_off_is_switched_on_by_that_alone() -> None:
    assert {event for event in EVENTS if TABLE.get(("INACTIVE", event)) == "ACTIVE"} == {"enable"}


def test_every_state_is_reached_and_left_unless_it_is_an_end() -> None:
    moves = [(state, to) for (state, _), to in TABLE.items() if state != to]
    assert {to for _, to in moves} == set(STATES) - {"INITIALIZING"}
    assert {state for state, _ in moves} == set(STATES) - ENDS


@pytest.mark.parametrize("state", STATES)
async def test_the_store_moves_an_account_as_the_table_says_and_no_other_way(store: Store, state: State) -> None:
    await store.accounts.add(account(state))
    for event in EVENTS:
        kept = await store.accounts.get("pr_1", "ca_1")
        assert kept and kept.status == state
        if (state, event) not in TABLE:
            with pytest.raises(Conflict, match=f"that is {state} cannot do this: {event}"):
                await store.accounts.move(kept, event)
            assert await store.accounts.get("pr_1", "ca_1") == kept
            continue
        moved = await store.accounts.move(kept, event, label=event)
        assert (moved.status, moved.label) == (TABLE[state, event], event) and await store.accounts.get("pr_1", "ca_1") == moved
        with pytest.raises(Conflict):  # from what was read before
            await store.accounts.move(kept, event)
        await store.accounts.delete(moved)
        await store.accounts.add(account(state))


async def test_an_event_that_nobody_knows_moves_nothing(store: Store) -> None:
    await store.accounts.add(account("ACTIVE"))
    strange: Any = "explode"
    with pytest.raises(Conflict):
        await store.accounts.move(account("ACTIVE"), strange)
