"""What discovery saves: an answer stands in place of a list of all tools of the session, which an agent would read otherwise."""

from collections import OrderedDict
from typing import Final

from msgspec import Struct

from toolway.catalog.index import Catalogue
from toolway.router import excerpt, listing, policy
from toolway.store.records import Session
from toolway.watch import Watch, log

CHARACTERS_A_TOKEN: Final = 4
"""An estimate: what models make of JSON and English."""
_SESSIONS: Final = 1024


class _Held(Struct):
    """What the list of a session's tools would take, and what its answers saved so far, in characters."""

    listed: int
    saved: int = 0


class Savings:
    """Counts for each session what its answers saved; the sessions used last are remembered."""

    def __init__(self, catalogue: Catalogue, watch: Watch) -> None:
        self._catalogue = catalogue
        self._watch = watch
        self._sessions: OrderedDict[tuple[str, int], _Held] = OrderedDict()

    def count(self, session: Session, queries: int, characters: int) -> None:
        """Note an answer of so many characters, in the numbers and in the log."""
        place = (session.id, session.version)
        held = self._sessions.pop(place, None) or _Held(self._listed(session))
        self._sessions[place] = held
        if len(self._sessions) > _SESSIONS:
            self._sessions.popitem(last=False)
        saved = max(held.listed - characters, 0)
        held.saved += saved
        self._watch.meters.saved(saved, saved // CHARACTERS_A_TOKEN)
        log().info(
            "search",
            session=session.id,
            queries=queries,
            characters=characters,
            saved_characters=saved,
            saved_tokens=saved // CHARACTERS_A_TOKEN,
            session_saved_characters=held.saved,
            session_saved_tokens=held.saved // CHARACTERS_A_TOKEN,
        )

    def _listed(self, session: Session) -> int:
        if policy.narrowed(session):
            return excerpt.size(listing.card_tools(policy.cards(session, self._catalogue)))
        return self._catalogue.weight(policy.toolkits(session, self._catalogue))
