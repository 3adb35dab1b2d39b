"""How often the events of each lane occur, each of them and together.

The sum is kept by the script that changes what it is the sum of, so it does not drift from it. An
entry may outlive its event until somebody looks. The key is in the form of ``keys``::

    qh:rates:<lane>                   hash    event → '<occurrences a day>:<counted since, ms>';
                                              beside these, see ``fields``
"""

from __future__ import annotations

from typing import NamedTuple, cast

from app.store.connection import StoreClient
from app.store.fields import RateField
from app.store.scripts import Argument, Scripts

BATCH = 256


def rates_of(lane: int) -> bytes:
    """How often the events of a lane occur."""
    return b"qh:rates:%d" % lane


class Counted(NamedTuple):
    """Whether it is counted, what was counted before, and the sum; occurrences a day."""

    done: bool
    before: int
    total: int


class Rates:
    """Occurrences a day, of events by lane."""

    def __init__(self, client: StoreClient, scripts: Scripts) -> None:
        self._client = client
        self._scripts = scripts
        self._cursors: dict[int, int] = {}
        """How far this process has looked through a lane."""

    def count(self, lane: int, event_id: bytes, rate: int, now_ms: int, most: int = 0) -> Counted:
        """Count an event, unless all of its lane would occur more than ``most`` times; 0: any.

        A rate of 0 forgets the event.
        """
        args: list[Argument] = [event_id, rate, now_ms, most]
        done, before, total = self._scripts("count_rate", [rates_of(lane)], args)
        return Counted(bool(done), int(before), int(total))

    def some(self, lane: int, before_ms: int) -> list[bytes]:
        """Some of the events that were counted before a moment; the others in later calls."""
        answer = self._client.hscan(rates_of(lane), self._cursors.get(lane, 0), count=BATCH)
        cursor, found = cast("tuple[int, dict[bytes, bytes]]", answer)
        self._cursors[lane] = cursor
        total = RateField.TOTAL.encode()
        return [
            one
            for one, text in found.items()
            if one != total and int(text.partition(b":")[2]) < before_ms
        ]

    def total(self, lane: int) -> int:
        """How often all events of a lane occur in a day."""
        total = self._client.hget(rates_of(lane).decode(), RateField.TOTAL)
        return int(cast("bytes | None", total) or 0)
