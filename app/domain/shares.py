"""Shares that fill up again: how much of something bounded each of many may use in a while."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

Owner = TypeVar("Owner", bound=Hashable)

REMEMBERED = 1_000
"""Beyond so many owners those whose share is full are forgotten."""


class Shares(Generic[Owner]):
    """A token bucket for each owner: ``most`` at once, and so much ``a_second`` in the long run."""

    def __init__(self, most: float, a_second: float) -> None:
        self._most = most
        self._a_second = a_second
        self._used: dict[Owner, tuple[float, float]] = {}
        """How much an owner has used of its share, and when that was so."""

    def left(self, owner: Owner, now_s: float) -> float:
        """What is left of a share; below 0 while a debt is paid off."""
        return self._most - self._used_of(owner, now_s)

    def take(self, owner: Owner, amount: float, now_s: float) -> None:
        """Take from a share, more than is left if need be."""
        if len(self._used) > REMEMBERED:
            self._used = {
                one: used for one, used in self._used.items() if self._used_of(one, now_s)
            }
        self._used[owner] = (self._used_of(owner, now_s) + amount, now_s)

    def give_back(self, owner: Owner, amount: float, now_s: float) -> None:
        """Put back what was not used after all."""
        self._used[owner] = (max(self._used_of(owner, now_s) - amount, 0.0), now_s)

    def _used_of(self, owner: Owner, now_s: float) -> float:
        used, since_s = self._used.get(owner, (0.0, now_s))
        return max(used - max(now_s - since_s, 0.0) * self._a_second, 0.0)
