"""How much of requests one process holds before its threads have them, in all connections together.

A connection may send 100 headers of 8 KiB, and there may be thousands of connections. When all of
them hold too much, the one that holds most gives way: that is nobody who asks as others do.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

Holder = TypeVar("Holder", bound=Hashable)


class HeldHeads(Generic[Holder]):
    """Bytes by who holds them, at most so many in all."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._total = 0
        self._held: dict[Holder, int] = {}

    def hold(self, holder: Holder, size: int) -> Holder | None:
        """Note how much one holds now; returns who has to give way, if it is too much in all."""
        self._total += size - self._held.pop(holder, 0)
        if size:
            self._held[holder] = size
        if self._total <= self._most:
            return None
        return max(self._held, key=self._held.__getitem__)
