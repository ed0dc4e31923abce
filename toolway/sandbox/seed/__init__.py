"""What the sandbox starts with: a small studio with the keys that everybody knows, and three other accounts with theirs."""

from datetime import datetime, timedelta

from toolway.sandbox.seed import abroad, extras, studio
from toolway.sandbox.world import World


def make_world(now: datetime) -> World:
    """The world as of `now`; the same day gives the same world."""
    world = studio.make_studio(now)
    world.founded = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=90)
    extras.add(world, now)
    abroad.add(world, now)
    return world
