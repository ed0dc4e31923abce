"""The company makes sense whenever it is made."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from toolway.sandbox.seed import make_world


def test_nobody_works_twice_at_once_or_in_the_future() -> None:
    for hours in range(0, 24 * 8, 17):
        now = datetime(2026, 11, 20, 1, tzinfo=UTC) + timedelta(hours=hours)
        world = make_world(now)
        assert world == make_world(now)
        assert [world.people[entry.person].name for entry in world.entries.values() if entry.end is None] == ["Ben"]
        assert len(world.deliveries) > 4
        spans = sorted((entry.person, entry.start, entry.end or now) for entry in world.entries.values())
        assert all(end <= now for _, _, end in spans)
        for (person, _, end), (other, start, _) in pairwise(spans):
            assert person != other or end <= start
