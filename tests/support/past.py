"""Occurrences that have ended, one of each kind, in a store."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain import ids
from app.domain.event import Event
from app.store.calls import Record, Unattempted
from app.store.claims import Claim
from app.store.connection import StoreClient
from app.store.event_plans import Plan
from app.store.events import EventStore
from app.store.work import WorkStore
from tests.support.builders import an_event

LEASE_MS = 30_000


class PastMaker:
    """Makes events in the last partition, and has their occurrences end."""

    def __init__(self, client: StoreClient, events: EventStore, work: WorkStore) -> None:
        self.client, self.events, self.work = client, events, work
        self.partition = work.partitions - 1
        self._requests = 0

    def event(self, start_ms: int, tags: Sequence[str] = ("red",)) -> Event:
        """A one-time event that is due then."""
        event = an_event(
            partition=self.partition, created_ms=start_ms, start_ms=start_ms, tags=tuple(tags)
        )
        plan = Plan(scheduled_ms=start_ms, due_ms=start_ms)
        self.events.save(event, plan, None, start_ms)
        return self.events.get(event.id)

    def claim(self, now_ms: int, limit: int = 100) -> list[Claim]:
        self._requests += 1
        return self.work.claim(
            self.partition, b"w", self._requests, now_ms=now_ms, limit=limit, lease_ms=LEASE_MS
        )

    def completed(self, start_ms: int, count: int = 1, body: bytes = b"") -> list[bytes]:
        """Occurrences that their first attempt completed 5 ms later: in short form, together."""
        for _ in range(count):
            self.event(start_ms)
        claims: list[Claim] = []
        while len(claims) < count:
            claims += self.claim(start_ms, count - len(claims))
        line = b"1,%d000,1200,2000,3,4,5,6,200,0\n" % start_ms
        records = [
            Record(
                one.occurrence_id,
                one.token,
                "completed",
                200,
                body,
                None,
                None,
                line,
                started_ms=start_ms + 1,
            )
            for one in claims
        ]
        self.work.record(records, start_ms + 5)
        return [one.occurrence_id for one in claims]

    def failed(self, start_ms: int) -> bytes:
        """One that failed at its second attempt, a second after the first."""
        self.event(start_ms, ("red", "blue"))
        (claim,) = self.claim(start_ms, 1)
        first = b'1,%d000,1200,2000,,,,,503,0,"busy"\n' % start_ms
        again = start_ms + 1_000
        record = Record(
            claim.occurrence_id,
            claim.token,
            "retrying",
            503,
            b"",
            "busy",
            again,
            first,
            started_ms=start_ms + 1,
        )
        self.work.record([record], start_ms + 5)
        (claim,) = self.claim(again, 1)
        second = b'2,%d000,1200,2000,,7,,,,1,"gone \\"away\\""\n' % again
        end = Record(
            claim.occurrence_id,
            claim.token,
            "failed",
            None,
            b"\xc3\xa4",
            'gone "away"',
            None,
            second,
        )
        self.work.record([end], again + 5)
        return claim.occurrence_id

    def missed(self, start_ms: int, event: Event | None = None) -> bytes:
        """One that was never attempted; it ends at its scheduled time."""
        event = event or an_event(partition=self.partition, created_ms=start_ms)
        ended = Unattempted(event.id, start_ms, ("red",), "missed", "too late")
        assert self.work.record_unattempted([ended], start_ms) == 1
        return ids.occurrence_id(event.id, start_ms)
