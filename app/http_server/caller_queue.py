"""Who is next when all threads are busy: callers take turns, however many requests each has sent.

In a plain queue a caller with 400 connections would have 400 times the share of one with one, and
every other would wait behind all of its requests. A caller is a token at an address. Nobody has
looked at the token yet, and anybody can make tokens up: so first addresses take turns, and within
an address its tokens.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager

_Turns = deque[asyncio.Future[None]]


class QueueFull(Exception):
    """Too many wait already: in all, of this address or of this caller."""


class _Address:
    """Those of one address that wait."""

    def __init__(self) -> None:
        self.waiting = 0
        self.queues: dict[Hashable, _Turns] = {}
        """By token; the first one's turn is next, and none is empty."""

    def queue(self, token: Hashable) -> _Turns:
        return self.queues.get(token) or _Turns()

    def pop(self) -> asyncio.Future[None]:
        """Remove the next; the others of its token are behind all others then."""
        token, queue = next(iter(self.queues.items()))
        turn = queue.popleft()
        self.waiting -= 1
        del self.queues[token]
        if queue:
            self.queues[token] = queue
        return turn


class CallerQueue:
    """So many places, and a queue for each caller; for one event loop."""

    def __init__(self, places: int, most_waiting: int) -> None:
        """An address may have half of ``most_waiting``, and a caller a quarter."""
        self._free = places
        self._most_waiting = most_waiting
        self._most_of_address = max(1, most_waiting // 2)
        self._most_of_one = max(1, most_waiting // 4)
        self._waiting = 0
        self._addresses: dict[Hashable, _Address] = {}
        """The first one's turn is next; for none nobody waits."""

    @asynccontextmanager
    async def place(self, address: Hashable, token: Hashable) -> AsyncIterator[None]:
        """Wait for a place, and have it; raises ``QueueFull``."""
        if self._free:
            self._free -= 1
        else:
            await self._wait(address, token)
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, address: Hashable, token: Hashable) -> None:
        others = self._addresses.get(address) or _Address()
        queue = others.queue(token)
        if (
            self._waiting >= self._most_waiting
            or others.waiting >= self._most_of_address
            or len(queue) >= self._most_of_one
        ):
            raise QueueFull
        turn = asyncio.get_running_loop().create_future()
        queue.append(turn)
        others.queues[token] = queue
        self._addresses[address] = others
        others.waiting += 1
        self._waiting += 1
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it had its turn, and can't use it
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        """Give a place to the next caller that still wants it."""
        while self._addresses:
            address, others = next(iter(self._addresses.items()))
            turn = others.pop()
            self._waiting -= 1
            del self._addresses[address]
            if others.waiting:
                self._addresses[address] = others  # behind all others
            if not turn.cancelled():
                turn.set_result(None)
                return
        self._free += 1
