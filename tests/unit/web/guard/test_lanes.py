"""A lane lets a few in, some wait, and the rest are turned away."""

from __future__ import annotations

import asyncio

from clipseek.web.guard.lanes import Lane, Width


def test_a_few_at_once_some_wait_the_rest_are_turned_away() -> None:
    async def run() -> tuple[list[bool], int]:
        lane, inside, most = Lane(Width(2, 3, 5.0)), 0, 0

        async def ask() -> bool:
            nonlocal inside, most
            if not await lane.enter():
                return False
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.01)
            inside -= 1
            lane.leave()
            return True

        return await asyncio.gather(*(ask() for _ in range(9))), most

    answers, most = asyncio.run(run())
    assert (answers, most) == ([True] * 5 + [False] * 4, 2)


def test_nobody_waits_longer_than_said() -> None:
    async def run() -> list[bool]:
        lane = Lane(Width(1, 3, 0.02))
        first = await lane.enter()
        second = await lane.enter()
        lane.leave()
        return [first, second, await lane.enter()]

    assert asyncio.run(run()) == [True, False, True]
