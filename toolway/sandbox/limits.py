"""How many requests came lately, so that a vendor can say that they were too many."""

from collections import deque
from datetime import datetime, timedelta


class Limits:
    """Requests of the recent past under names that the vendors choose. It is not part of the world: a restart forgets it."""

    def __init__(self) -> None:
        self._came: dict[str, deque[datetime]] = {}

    def too_many(self, name: str, now: datetime, most: int, window: timedelta) -> bool:
        """Count one more request; whether there are now more than `most` within `window`. A refused one does not count."""
        came = self._came.setdefault(name, deque())
        while came and came[0] <= now - window:
            came.popleft()
        if len(came) >= most:
            return True
        came.append(now)
        return False
