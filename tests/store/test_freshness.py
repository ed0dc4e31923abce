import asyncio

import pytest

from toolway.store.freshness import Cached, Freshness


class World:
    """A counter as the database keeps it, a clock, and how often each was looked at."""

    def __init__(self) -> None:
        self.value = 1
        self.now = 100.0
        self.looks = 0
        self.forgotten = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.freshness = Freshness(self.read, clock=lambda: self.now)
        self.freshness.on_change(self.forget)

    async def read(self) -> int:
        self.looks += 1
        value = self.value
        await self.gate.wait()
        if value < 0:
            raise OSError("gone")
        return value

    def forget(self) -> None:
        self.forgotten += 1


async def test_it_looks_at_most_every_200_ms() -> None:
    world = World()
    for _ in range(100):
        await world.freshness.fresh()
    assert world.looks == 1
    world.now += 0.199
    await world.freshness.fresh()
    assert world.looks == 1
    world.now += 0.002
    await world.freshness.fresh()
    assert world.looks == 2


async def test_a_change_makes_everybody_forget_once() -> None:
    world = World()
    await world.freshness.fresh()
    assert world.forgotten == 1, "what was remembered before the first look may be old"
    world.now += 1
    await world.freshness.fresh()
    assert world.forgotten == 1
    world.value += 1
    await world.freshness.fresh()
    assert world.forgotten == 1
    world.now += 1
    await world.freshness.fresh()
    assert world.forgotten == 2


async def test_many_at_once_share_one_look() -> None:
    world = World()
    world.gate.clear()
    tasks = [asyncio.create_task(world.freshness.fresh()) for _ in range(50)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    tasks[0].cancel()  # whoever began the look may go away
    world.gate.set()
    told = await asyncio.gather(*tasks, return_exceptions=True)
    assert world.looks == 1 and told[1:] == [None] * 49


async def test_a_slow_look_is_not_repeated_for_ever() -> None:
    world = World()
    world.gate.clear()
    task = asyncio.create_task(world.freshness.fresh())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    world.now += 5
    world.gate.set()
    await asyncio.wait_for(task, 5)
    assert world.looks == 1
    await world.freshness.fresh()
    assert world.looks == 2


async def test_our_own_change_is_looked_at_at_once_even_during_a_look() -> None:
    world = World()
    world.gate.clear()
    early = asyncio.create_task(world.freshness.fresh())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    world.value += 1
    world.freshness.due()
    late = asyncio.create_task(world.freshness.fresh())
    await asyncio.sleep(0)
    world.gate.set()
    await asyncio.gather(early, late)
    assert world.looks == 2 and world.forgotten == 2


async def test_a_look_that_fails_is_told_and_tried_again() -> None:
    world = World()
    world.value = -1
    with pytest.raises(OSError):
        await world.freshness.fresh()
    world.value = 7
    await world.freshness.fresh()
    assert world.looks == 2


class Shelf:
    def __init__(self) -> None:
        self.kept: dict[str, str] = {"a": "one", "b": "two", "c": "three"}
        self.loads: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.cached = Cached(self.load, most=2)

    async def load(self, key: str) -> str | None:
        self.loads.append(key)
        found = self.kept.get(key)
        await self.gate.wait()
        return found


async def test_what_was_loaded_is_remembered_up_to_a_bound() -> None:
    shelf = Shelf()
    for key in "aabbab":
        await shelf.cached.get(key)
    assert shelf.loads == ["a", "b"]
    assert await shelf.cached.get("c") == "three" and len(shelf.cached) == 2
    await shelf.cached.get("b")
    assert shelf.loads == ["a", "b", "c"]
    await shelf.cached.get("a")  # the one used longest ago went
    assert shelf.loads == ["a", "b", "c", "a"]


async def test_what_is_not_there_is_asked_for_each_time() -> None:
    shelf = Shelf()
    assert [await shelf.cached.get("x") for _ in range(3)] == [None] * 3
    assert shelf.loads == ["x"] * 3 and len(shelf.cached) == 0


async def test_many_share_one_load_and_one_of_them_may_go_away() -> None:
    shelf = Shelf()
    shelf.gate.clear()
    tasks = [asyncio.create_task(shelf.cached.get("a")) for _ in range(20)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    tasks[0].cancel()
    shelf.gate.set()
    told = await asyncio.gather(*tasks, return_exceptions=True)
    assert shelf.loads == ["a"] and told[1:] == ["one"] * 19


async def test_what_was_read_before_a_change_is_not_remembered_after_it() -> None:
    shelf = Shelf()
    shelf.gate.clear()
    early = asyncio.create_task(shelf.cached.get("a"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    shelf.kept["a"] = "changed"
    shelf.cached.forget()
    late = asyncio.create_task(shelf.cached.get("a"))
    await asyncio.sleep(0)
    shelf.gate.set()
    assert await asyncio.gather(early, late) == ["one", "changed"]
    assert await shelf.cached.get("a") == "changed" and shelf.loads == ["a", "a"]
