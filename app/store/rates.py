"""How often the events of each lane occur, each of them and together.

The sum is kept by the script that changes what it is the sum of, so it does not drift from it. An
entry may outlive its event until somebody looks. The key is in the form of ``keys``::

    qh:rates:<lane>                   hash    event → '<occurrences a day>:<counted since, ms>:
                                              <stamp>'; beside these, see ``fields``

The stamp is another one for each count. Changes of one event may race, and all but one fail. So a
change that is about to be written never lowers what is counted, and it corrects that afterwards
only while its own entry stands there. An event may be counted for too much, until it is changed the
next time; it is never counted for less than it occurs.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from app.store.connection import StoreClient
from app.store.fields import RateField
from app.store.scripts import Argument, ScriptCall, Scripts

BATCH = 256


def rates_of(lane: int) -> bytes:
    """How often the events of a lane occur."""
    return b"qh:rates:%d" % lane


class Counted(NamedTuple):
    """Whether an event is counted, its entry now and before, the sum, and what was wanted.

    Rates are occurrences a day.
    """

    done: bool
    entry: bytes
    stood: bytes
    total: int
    rate: int

    @property
    def before(self) -> int:
        """What was counted before."""
        return _split(self.stood)[0]


class Rates:
    """Occurrences a day, of events by lane."""

    def __init__(self, client: StoreClient, scripts: Scripts) -> None:
        self._client = client
        self._scripts = scripts
        self._cursors: dict[int, int] = {}
        """How far this process has looked through a lane."""

    def count(
        self, lane: int, event_id: bytes, rate: int, now_ms: int, most: int = 0, *, is_ahead: bool
    ) -> Counted:
        """Count an event, unless all of its lane would occur more than ``most`` times; 0: any.

        ``is_ahead``: it is not written yet, so what was counted is not lowered. A rate of 0 forgets
        the event otherwise.
        """
        args = _counting(event_id, rate, now_ms, most, is_ahead=is_ahead)
        return _counted(self._scripts("count_rate", [rates_of(lane)], args), rate)

    def count_new(
        self, lane: int, wanted: Sequence[tuple[bytes, int]], now_ms: int, most: int
    ) -> list[Counted]:
        """Count new events, each with its rate, as ``count`` does, in one round trip."""
        calls: list[ScriptCall] = [
            ([rates_of(lane)], _counting(event_id, rate, now_ms, most, is_ahead=True))
            for event_id, rate in wanted
        ]
        replies = self._scripts.each("count_rate", calls)
        return [_counted(reply, rate) for reply, (_, rate) in zip(replies, wanted, strict=True)]

    def settle(self, lane: int, event_id: bytes, counted: Counted) -> None:
        """Lower a count to what was wanted, now that this is written."""
        self._replace(lane, event_id, counted, (counted.rate, _split(counted.entry)[1]))

    def take_back(self, lane: int, event_id: bytes, counted: Counted) -> None:
        """Count an event as before: what was wanted is not written."""
        self._replace(lane, event_id, counted, _split(counted.stood))

    def _replace(
        self, lane: int, event_id: bytes, counted: Counted, entry: tuple[int, bytes]
    ) -> None:
        """Count an event so, unless somebody else has counted it since."""
        args: list[Argument] = [event_id, *entry, 0, counted.entry, 0]
        self._scripts("count_rate", [rates_of(lane)], args)

    def some(self, lane: int, before_ms: int) -> list[bytes]:
        """Some of the events that were counted before a moment; the others in later calls."""
        answer = self._client.hscan(rates_of(lane), self._cursors.get(lane, 0), count=BATCH)
        cursor, found = cast("tuple[int, dict[bytes, bytes]]", answer)
        self._cursors[lane] = cursor
        total = RateField.TOTAL.encode()
        return [
            one
            for one, text in found.items()
            if one != total and int(text.split(b":")[1]) < before_ms
        ]

    def total(self, lane: int) -> int:
        """How often all events of a lane occur in a day."""
        total = self._client.hget(rates_of(lane).decode(), RateField.TOTAL)
        return int(cast("bytes | None", total) or 0)


def _counting(
    event_id: bytes, rate: int, now_ms: int, most: int, *, is_ahead: bool
) -> list[Argument]:
    rest = b":%d:%s" % (now_ms, secrets.token_hex(4).encode())
    return [event_id, rate, rest, most, "", int(is_ahead)]


def _counted(reply: Sequence[Any], rate: int) -> Counted:
    done, entry, stood, total = reply
    return Counted(bool(done), entry, stood, int(total), rate)


def _split(entry: bytes) -> tuple[int, bytes]:
    """The rate of an entry, and what follows it."""
    rate, colon, rest = entry.partition(b":")
    return int(rate or 0), colon + rest
