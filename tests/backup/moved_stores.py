"""A store whose events have moved twice, with what ended of them left behind; and what it has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from app.domain import ids
from app.domain.access import MASTER
from app.domain.action import webhook
from app.domain.attempt import Attempt
from app.domain.event import Event
from app.domain.occurrence import Occurrence
from app.domain.outcome import Outcome, Timings
from app.engine.attempts import record_of
from app.services.moving import MovingService
from app.services.queries import EventChanges, OccurrenceQuery
from app.store import keys
from app.store.calls import Record
from app.store.claims import Claim
from app.store.connection import StoreClient
from app.store.growth import GrowthStore
from app.store.moves import MoveStore
from app.store.pages import PageStore
from app.wiring.services import Services
from tests.backup.test_restoring import events_by_id, services_of
from tests.support.clock import NOW_MS, FakeClock

HOUR_MS = 3_600_000
FIRST, SECOND, THIRD = 2, 6, 12
"""How many partitions it has had, one after another."""

SERIES, SINGLE = 40, 8
"""How many events go on, and how many have ended before any moved. That of so many none has moved
twice is as good as impossible."""

LOG = b"1,%d000,1200,2,3,4,5,6,200,0\n"


@dataclass
class Content:
    """All that users see of a store."""

    events: dict[bytes, Event]
    history: dict[bytes, dict[bytes, Occurrence]]
    """Of each event, what it lists."""

    attempts: dict[bytes, Sequence[Attempt]]
    """Of the first occurrence of each event."""


@dataclass
class MovedStore:
    """A store, and whoever works with it. Its ids go by it from ``look`` on."""

    services: Services
    clock: FakeClock
    claims: int = field(default=0)

    @property
    def client(self) -> StoreClient:
        return self.services.storage.client

    @property
    def growth(self) -> GrowthStore:
        return GrowthStore(self.client, self.services.storage.scripts)

    @property
    def moves(self) -> MoveStore:
        return MoveStore(self.client, self.services.storage.scripts)

    @property
    def partitions(self) -> int:
        return self.growth.numbers().for_new

    def look(self) -> None:
        """Know of no event where it is, as a process that was just started."""
        ids.keep_to()
        self.growth.numbers().keep()

    def raise_to(self, wanted: int) -> None:
        """Have more partitions, without moving anything."""
        former = self.partitions
        assert self.growth.begin(wanted)
        assert self.growth.end(wanted)
        until_ms = self.clock.now_ms() + 1
        self.client.hset(keys.META.decode(), "moving", f"{former} {wanted} {until_ms}")
        self.services.storage.agreement.follow(self.growth.numbers())

    def move(self) -> None:
        """Move all that can be moved."""
        self.growth.may_move()
        run = MovingService(self.growth, self.moves, self.clock, frozenset, lambda _: None)
        assert run.run()

    def attempt(self) -> set[bytes]:
        """An hour later, have all that is due succeed, and schedule what follows; whose it was."""
        self.clock.advance(HOUR_MS)
        work = self.services.storage.work
        found: list[Claim] = []
        for partition in range(self.partitions):
            self.claims += 1
            found += work.claim(
                partition,
                b"w",
                self.claims,
                now_ms=self.clock.ms,
                limit=1000,
                lease_ms=30_000,
            )
        done = [self._attempted(one, number) for number, one in enumerate(found)]
        assert work.record(done, self.clock.ms) == len(found)
        for partition in range(self.partitions):
            self.services.successors.repair(partition, self.clock.ms, self.clock.ms, 1000)
        return {one.event_id for one in found}

    def _attempted(self, claim: Claim, number: int) -> Record:
        """Two of three have a short form from then on, the others a hash."""
        if number % 3 == 0:
            log = LOG % (self.clock.ms - 5)
            word = "completed"
            return Record(claim.occurrence_id, claim.token, word, 200, b"yes", None, None, log)
        at_us = self.clock.ms * 1000
        outcome = Outcome(
            Timings(claim.scheduled_ms * 1000, at_us, at_us + 2_500, at_us + 2_400), 200, b"yes"
        )
        record, _ = record_of(claim, outcome, self.clock.ms, 0.0)
        return record

    def pack(self) -> None:
        """Put all that has ended into pages, and into leaves."""
        pages = PageStore(self.client, self.services.storage.scripts)
        for partition in range(self.partitions):
            ended = pages.ended(partition, 0, self.clock.ms + 1, 1000)
            pages.pack(partition, ended.occurrences, self.clock.ms + 1)
            pages.trim(partition, ended.groups)

    def content(self) -> Content:
        """All that there is, each occurrence both listed and read by its id."""
        self.look()
        events = events_by_id(self.services)
        occurrences = self.services.occurrences
        history, attempts = {}, {}
        for one in events:
            query = OccurrenceQuery(event_id=ids.to_text(one), limit=100)
            history[one] = {found.id: found for found in occurrences.list(query, MASTER).items}
        listed = {one: found for its in history.values() for one, found in its.items()}
        self.look()
        assert self.services.storage.occurrences.get_many([*listed]) == [*listed.values()]
        self.look()
        for its in history.values():
            first = min(its)
            attempts[first] = occurrences.attempts(ids.to_text(first), MASTER)
        return Content(events, history, attempts)

    def homes(self) -> dict[bytes, int]:
        """Where each event is."""
        return {
            one: partition
            for partition in range(self.partitions)
            for status in ("active", "paused", "inactive")
            for one in self.client.zrange(keys.events(partition, status), 0, -1)
        }

    def of_events(self) -> set[tuple[int, bytes]]:
        """The partitions that have something of events, or lead to them."""
        found = set()
        for partition in range(self.partitions):
            before = keys.prefix(partition) + b"event:"
            for key in self.client.scan_iter(match=b"qh:{%d}:event:*" % partition, count=10_000):
                if len(key) == len(before) + 16:
                    found.add((partition, key[len(before) :]))
        return found


def moved_store(url: str, clock: FakeClock) -> MovedStore:
    """Series of which each has one that ended in every place where it was, and some more events."""
    store = MovedStore(services_of(url, FIRST, clock), clock)
    store.services.storage.agreement.migrate()
    store.services.storage.agreement.agree()
    for number in range(SERIES + SINGLE):
        given = {
            "name": f"event {number % 7}",
            "start_time": NOW_MS + 60_000 + number,
            "action": webhook(f"https://host{number % 5}.example/hook"),
            "tags": (f"tag{number % 3}",),
        }
        given |= {"schedule": {"frequency": "hourly"}} if number < SERIES else {}
        given |= {"key": f"key-{number}"} if number % 10 == 0 else {}
        store.services.events.create(EventChanges(given), MASTER)
    assert len(store.attempt()) == SERIES + SINGLE
    store.pack()
    for number in (SECOND, THIRD):
        store.raise_to(number)
        store.move()
        assert len(store.attempt()) == SERIES
    return store
