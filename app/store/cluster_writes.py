"""Which nodes of a cluster are written to, for who has to know where his writes are."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Sequence
from typing import Any, Protocol

from app.store.audit_intents import READING
from app.store.nodes import Node


class Follower(Protocol):
    """Who wants to know it."""

    def wrote(self, node: Node) -> None:
        """Learn that some thread of this process is about to write to a node."""


class Writes:
    """Tells followers of every node that this process is about to write to."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.followers: tuple[weakref.ref[Follower], ...] = ()
        """None: there is nobody to tell."""

    def follow(self, follower: Follower) -> None:
        """Tell one from now on, for as long as he is there."""
        with self._lock:
            self.followers = (*self._alive(), weakref.ref(follower))

    def leave(self, follower: Follower) -> None:
        """Tell one no more."""
        with self._lock:
            self.followers = tuple(one for one in self._alive() if one() is not follower)

    def note(self, node: Node, command: Sequence[Any]) -> None:
        """Say that a command is about to be sent to a node."""
        if self.followers and command[0] not in READING:
            for one in self.followers:
                if (follower := one()) is not None:
                    follower.wrote(node)

    def _alive(self) -> list[weakref.ref[Follower]]:
        return [one for one in self.followers if one() is not None]
