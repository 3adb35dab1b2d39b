"""What the next occurrence of each series has cost, as far as one process remembers."""

from __future__ import annotations

from collections import OrderedDict

REMEMBERED = 20_000
"""How many series are remembered; those that were planned last."""

RELIABLE_MS = 30_000
"""How long a cost says what the next one will be: then it is tried again."""


class Costs:
    """Steps by event, those of its last plan; see ``app.domain.budget``."""

    def __init__(self) -> None:
        self._steps: OrderedDict[bytes, tuple[int, int]] = OrderedDict()

    def learn(self, event_id: bytes, steps: int, now_ms: int) -> None:
        """Remember what it has cost now, or that so many steps were not enough."""
        self._steps[event_id] = (steps, now_ms)
        self._steps.move_to_end(event_id)
        if len(self._steps) > REMEMBERED:
            self._steps.popitem(last=False)

    def of(self, event_id: bytes, now_ms: int, otherwise: int) -> int:
        """What it has cost of late; ``otherwise`` if that is not known."""
        steps, learned_ms = self._steps.get(event_id, (otherwise, now_ms))
        return steps if now_ms - learned_ms < RELIABLE_MS else otherwise
