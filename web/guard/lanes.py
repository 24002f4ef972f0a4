"""How many requests are worked on at once: a few, a bounded number wait a bounded time, and the rest are told to come again."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass


@dataclass(frozen=True)
class Width:
    """``active`` requests at once; ``waiting`` more wait for at most ``seconds``."""

    active: int
    waiting: int
    seconds: float


class Lane:
    """One kind of work, in the order of arrival."""

    def __init__(self, width: Width) -> None:
        self.width = width
        self.refused = 0
        self._free = asyncio.Semaphore(width.active)
        self._waiting = 0

    async def enter(self) -> bool:
        """Take a place; False where none came free in time. Each True wants one ``leave``."""
        if not self._free.locked():
            await self._free.acquire()
            return True
        if self._waiting >= self.width.waiting:
            self.refused += 1
            return False
        self._waiting += 1
        try:
            await asyncio.wait_for(self._free.acquire(), self.width.seconds)
            return True
        except asyncio.TimeoutError:
            self.refused += 1
            return False
        finally:
            self._waiting -= 1

    def leave(self) -> None:
        """Give the place to the next."""
        self._free.release()


class Upload:
    """The bytes of all request bodies that are held at once."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.held = 0

    def take(self, size: int) -> bool:
        """Count ``size`` more bytes; False where that is too many."""
        self.held += size
        return self.held <= self.most

    def release(self, size: int) -> None:
        """Let go of bytes that were taken."""
        self.held -= size
