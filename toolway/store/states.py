"""The states of a connected account, in one table. The store asks it at every change, so that no other way exists.

    INITIALIZING ─ask─► INITIATED ─connect─► ACTIVE ◄─enable── INACTIVE
                            │                │  ▲  ──disable─►
                        fail, expire     expire renew
                            ▼                ▼  │
                     FAILED, EXPIRED       EXPIRED        what holds a credential may be revoked: REVOKED

An account that is EXPIRED may wait for its person again (`ask`), so that whoever pinned it finds it connected anew. `change` leaves a
state as it is: another alias, another label. `renew` brings a fresh access token, and so does bring an account back whose refreshing was
refused before.
"""

from collections.abc import Mapping
from typing import Literal, get_args

from toolway.errors import Conflict

State = Literal["INITIALIZING", "INITIATED", "ACTIVE", "INACTIVE", "EXPIRED", "FAILED", "REVOKED"]
Event = Literal["ask", "connect", "fail", "expire", "renew", "disable", "enable", "revoke", "change"]
TOO_LATE = "INITIATION_TIMEOUT"
"""The reason of an attempt to connect that was not finished in time."""
REPLACED = "SUPERSEDED"
"""The reason of one whose link a newer one took the place of."""
STATES: tuple[State, ...] = get_args(State)
EVENTS: tuple[Event, ...] = get_args(Event)

TABLE: Mapping[tuple[str, Event], State] = {
    ("INITIALIZING", "ask"): "INITIATED",
    ("INITIALIZING", "connect"): "ACTIVE",
    ("INITIALIZING", "fail"): "FAILED",
    ("INITIALIZING", "expire"): "EXPIRED",
    ("INITIATED", "ask"): "INITIATED",
    ("INITIATED", "connect"): "ACTIVE",
    ("INITIATED", "fail"): "FAILED",
    ("INITIATED", "expire"): "EXPIRED",
    ("ACTIVE", "renew"): "ACTIVE",
    ("ACTIVE", "expire"): "EXPIRED",
    ("ACTIVE", "disable"): "INACTIVE",
    ("ACTIVE", "revoke"): "REVOKED",
    ("INACTIVE", "renew"): "INACTIVE",  # what was rotated while somebody switched the account off is kept all the same
    ("INACTIVE", "expire"): "EXPIRED",
    ("INACTIVE", "enable"): "ACTIVE",
    ("INACTIVE", "revoke"): "REVOKED",
    ("EXPIRED", "ask"): "INITIATED",
    ("EXPIRED", "renew"): "ACTIVE",
    ("EXPIRED", "revoke"): "REVOKED",
    **{(state, "change"): state for state in STATES},
}


def after(state: str, event: Event) -> State:
    """The state that an event leads to. Raises `Conflict` where there is no such way."""
    to = TABLE.get((state, event))
    if to is None:
        raise Conflict(f"A connected account that is {state} cannot do this: {event}.", fix="Connect it again.")
    return to
