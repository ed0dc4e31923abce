"""Tools that fit what is asked and that this session, or every account of its user, keeps from agents: what may stand in, and what to tell.

A tool that reads never does what a write was asked for, nor one write what another was: only a tool of the same effect stands in. Pure.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from toolway.catalog.model import Card
from toolway.router import policy
from toolway.router.meta import MANAGE
from toolway.router.policy import Reach
from toolway.store.records import Session

NEAR: Final = 0.5
"""What a tool must score beside the best one to stand in for it."""
_MOST_TOLD: Final = 2


def stand_in(cards: Sequence[Card], reach: Reach) -> Card | None:
    """Of tools that fit, best first, the one to call: the best, or the next with its effect that may be called."""
    return next((card for card in cards if card in reach and card.effect == cards[0].effect), None)


def why(session: Session, reach: Reach, cards: Iterable[Card]) -> str:
    """Why these may not be called, and who can change that: sentences that name no tool by its slug. Empty where all may be called."""
    said: list[str] = []
    for card in cards:
        refusal = reach.refusal(card)
        if not policy.allowed(session, card):
            said.append(f"{card.title} fits, but this session does not allow it: whoever makes sessions can, in a new one.")
        elif refusal is not None:
            said.append(f"{card.title} fits, but {refusal.why}: {refusal.mend}.")
    return " ".join(list(dict.fromkeys(said))[:_MOST_TOLD])


def mends(session: Session, reach: Reach, cards: Iterable[Card]) -> list[str]:
    """What an agent can do so that the user allows more, as a step; none where a new link changes nothing."""
    refused = ((card.toolkit, reach.refusal(card)) for card in cards if policy.allowed(session, card))
    kits = ", ".join(dict.fromkeys(kit for kit, refusal in refused if refusal is not None and refusal.relink))
    if not kits:
        return []
    if not session.config["manage_connections"]["enabled"]:
        return [f"The user may allow more by connecting again: {kits}. Where the server runs that is: toolway connect TOOLKIT --user ID."]
    return [f"If the user wants to allow more: call {MANAGE} with reinitiate_all true for {kits}, show the link, then search again."]
