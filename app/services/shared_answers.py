"""Answers that are shared for a moment by all who ask the same.

They are for pages that many people keep open.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from app.clock import Clock
from app.errors import QhronosError
from app.store.left_out import left_out

Answer = TypeVar("Answer")

MOST = 64
"""How many answers each process keeps."""


@dataclass(slots=True)
class _Slot:
    lock: threading.Lock = field(default_factory=threading.Lock)
    tries: int = 0
    error: QhronosError | None = None
    made_ms: int | None = None
    answer: Any = None


class SharedAnswers:
    """Keeps each answer for ``good_ms``; one thread makes it, and others wait for that.

    Whoever asks must have been let in before, and the question must say whose answer it is.
    """

    def __init__(self, clock: Clock, good_ms: int) -> None:
        self._clock = clock
        self._good_ms = good_ms
        self._lock = threading.Lock()
        self._slots: OrderedDict[Hashable, _Slot] = OrderedDict()

    def of(self, question: Hashable, make: Callable[[], Answer]) -> Answer:
        """Return the answer to a question, made at most ``good_ms`` ago; raises what that does."""
        with self._lock:
            # What does without a shard that is away is no answer for who does not.
            key = (question, left_out())
            slot = self._slots.setdefault(key, _Slot())
            self._slots.move_to_end(key)
            if len(self._slots) > MOST:
                self._slots.popitem(last=False)
            tries = slot.tries
        with slot.lock:
            # While the store is away, all who wait learn so at once, and not one after the other.
            if slot.error is not None and slot.tries != tries:
                raise slot.error
            now_ms = self._clock.now_ms()
            # A clock that was set back must not keep an answer for longer.
            if slot.made_ms is None or not 0 <= now_ms - slot.made_ms < self._good_ms:
                self._make(slot, make)
                slot.made_ms = now_ms
            answer: Answer = slot.answer
        return answer

    @staticmethod
    def _make(slot: _Slot, make: Callable[[], Answer]) -> None:
        slot.tries, slot.error = slot.tries + 1, None
        try:
            slot.answer = make()
        except QhronosError as error:
            slot.error = error
            raise
