"""Who is next when all threads are busy: callers take turns, however many requests each has sent.

In a plain queue a caller with 400 connections would have 400 times the share of one with one, and
every other would wait behind all of its requests.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager


class QueueFull(Exception):
    """Too many wait already, in all or of this caller."""


class CallerQueue:
    """So many places, and a queue for each caller; for one event loop."""

    def __init__(self, places: int, most_waiting: int) -> None:
        """A caller may have a quarter of ``most_waiting``."""
        self._free = places
        self._most_waiting = most_waiting
        self._most_of_one = max(1, most_waiting // 4)
        self._waiting = 0
        self._queues: dict[Hashable, deque[asyncio.Future[None]]] = {}
        """The first one's turn is next; none is empty."""

    @asynccontextmanager
    async def place(self, caller: Hashable) -> AsyncIterator[None]:
        """Wait for a place, and have it; raises ``QueueFull``."""
        if self._free:
            self._free -= 1
        else:
            await self._wait(caller)
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, caller: Hashable) -> None:
        queue = self._queues.get(caller)
        if self._waiting >= self._most_waiting or (queue and len(queue) >= self._most_of_one):
            raise QueueFull
        turn = asyncio.get_running_loop().create_future()
        if queue is None:
            queue = self._queues[caller] = deque()
        queue.append(turn)
        self._waiting += 1
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it had its turn, and can't use it
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        """Give a place to the next caller that still wants it."""
        while self._queues:
            caller, queue = next(iter(self._queues.items()))
            turn = queue.popleft()
            self._waiting -= 1
            del self._queues[caller]
            if queue:
                self._queues[caller] = queue  # behind all others
            if not turn.cancelled():
                turn.set_result(None)
                return
        self._free += 1
