"""The work in the store: what is due, who holds it, what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from app.domain import ids
from app.domain.partition_count import Count, PartitionsNow
from app.store import keys
from app.store.calls import (
    BATCH,
    Advanced,
    Call,
    Deferral,
    Record,
    Successor,
    Unattempted,
    claim_call,
    lease_token,
    read_advanced,
    record_call,
    release_call,
    successor_calls,
    unattempted_calls,
)
from app.store.claims import Claim, note_claimed, read_claim_answer
from app.store.connection import StoreClient
from app.store.left_out import partitions_there
from app.store.moved_claims import complete_claims
from app.store.pages import PageStore
from app.store.partitions import by_partition
from app.store.scripts import Argument, Scripts
from app.store.watch import WatchStore


@dataclass(frozen=True, slots=True)
class Heads:
    """A partition's earliest: due time, lease deadline, acknowledgement, flow; ms or ``None``."""

    due_ms: int | None
    lease_ms: int | None
    ack_ms: int | None
    flow_ms: int | None


NO_HEADS = Heads(None, None, None, None)
"""Of a partition of which nothing is known."""


def _partition_of_occurrence(one: Record | Deferral) -> int:
    return ids.partition_of_occurrence(one.occurrence_id)


class WorkStore:
    """Claims, successors, records and leases, each a bounded script on one partition."""

    partitions = PartitionsNow()

    def __init__(self, client: StoreClient, scripts: Scripts, partitions: Count) -> None:
        self._client = client
        self._scripts = scripts
        self._watch = WatchStore(client)
        self.partitions = partitions
        self.pages = PageStore(client, scripts)

    def claim(
        self, partition: int, worker: bytes, request: int, *, now_ms: int, limit: int, lease_ms: int
    ) -> list[Claim]:
        """Take what is due under a lease; ``request`` must rise by one with each new claim.

        Repeating a call with the same ``request`` answers the same occurrences.
        """
        call = claim_call(partition, worker, request, now_ms=now_ms, limit=limit, lease_ms=lease_ms)
        answer = self._run(call)
        note_claimed(partition, answer[0] if answer else ())
        claims = read_claim_answer(answer, lease_token(worker, request), now_ms).claims
        return self.complete(claims)

    def complete(self, claims: list[Claim]) -> list[Claim]:
        """Fill in the events of claims that were made elsewhere than where their event has moved.

        What is left there are callbacks: whoever moves an event waits for all else. Nothing is read
        where nothing has moved.
        """
        if ids.moved_among():
            complete_claims(self._client, claims)
        return claims

    def schedule_successors(self, successors: Iterable[Successor], now_ms: int) -> Advanced:
        """Schedule what follows. Harmless when repeated."""
        scheduled = 0
        passed: list[bytes] = []
        for call in successor_calls(successors, now_ms):
            advanced = read_advanced(self._run(call))
            scheduled += advanced.scheduled
            passed += advanced.passed
        return Advanced(scheduled, passed)

    def record_unattempted(self, occurrences: Iterable[Unattempted], now_ms: int) -> int:
        """Record occurrences that end without an attempt; returns how many were new."""
        return sum(int(self._run(call)) for call in unattempted_calls(occurrences, now_ms))

    def record(self, records: Iterable[Record], now_ms: int) -> int:
        """Write outcomes; returns how many counted (a lost lease does not)."""
        return sum(
            sum(self._run(record_call(p, some, now_ms)))
            for p, some in by_partition(records, _partition_of_occurrence).items()
        )

    def renew(self, leases: Iterable[tuple[bytes, bytes]], deadline_ms: int) -> int:
        """Move the deadline of leases, (occurrence, token); returns how many are still held."""
        renewed = 0
        grouped = by_partition(leases, lambda lease: ids.partition_of_occurrence(lease[0]))
        for p, some in grouped.items():
            args: list[Argument] = [keys.prefix(p), deadline_ms]
            for occurrence_id, token in some:
                args += [occurrence_id, token]
            renewed += int(self._scripts("renew_leases", [keys.leases(p)], args))
        return renewed

    def release(self, deferrals: Iterable[Deferral], now_ms: int) -> int:
        """Return claims that were never sent; returns how many were still held."""
        return sum(
            sum(self._run(release_call(p, some, now_ms)))
            for p, some in by_partition(deferrals, _partition_of_occurrence).items()
        )

    def reclaim_expired(self, partition: int, now_ms: int, limit: int = BATCH) -> int:
        """Make due again what a dead worker held; fewer than ``limit`` means none is left.

        That it has died is noted.
        """
        count = int(self._run(release_call(partition, (), now_ms, limit))[-1])
        if count:
            self._watch.drain_failed(now_ms)
        return count

    def restore(self, partition: int, lost: Sequence[bytes], now_ms: int) -> int:
        """Put open occurrences that lost their place back; returns how many there were."""
        args: list[Argument] = [keys.prefix(partition), now_ms, *lost]
        places = (keys.leases, keys.unacknowledged)
        return int(
            self._scripts("restore_occurrences", [place(partition) for place in places], args)
        )

    def delete_ended(self, partition: int, before_ms: int, limit: int) -> int:
        """Delete occurrences that ended before a moment; fewer than ``limit``: none is left.

        It may delete some more, as those that ended together go together.
        """
        args: list[Argument] = [keys.prefix(partition), before_ms, limit]
        places = [keys.ended(partition), keys.endings(partition)]
        deleted = int(self._scripts("delete_ended", places, args))
        return deleted + self.pages.delete_ended(partition, before_ms, limit - deleted)

    def _run(self, call: Call) -> Any:
        return self._scripts(call.script, call.keys, call.args)

    def heads(self, partitions: Iterable[int] | None = None) -> list[Heads]:
        """For each of these partitions, or for every one, what will be due or expire first."""
        places = (keys.lanes, keys.leases, keys.unacknowledged, keys.flowing)
        count = self.partitions
        there = partitions_there(count) if partitions is None else [*partitions]
        found = [place(partition) for partition in there for place in places]
        heads = self._client.read_each("ZRANGE", found, 0, 0, "WITHSCORES")
        moments = [int(head[1]) if head else None for head in heads]
        size = len(places)
        read = [Heads(*moments[at : at + size]) for at in range(0, len(moments), size)]
        if partitions is not None or len(read) == count:
            return read
        known = dict(zip(there, read, strict=True))
        return [known.get(one, NO_HEADS) for one in range(count)]

    def backlog(self, now_ms: int) -> int:
        """How many occurrences are due and wait to be claimed."""
        pipe = self._client.pipeline(transaction=False)
        there = partitions_there(self.partitions)
        for partition in there:
            pipe.zrangebyscore(keys.lanes(partition), "-inf", now_ms)
        for partition, lanes in zip(there, pipe.execute(), strict=True):
            for lane in lanes:
                pipe.zcount(keys.due(partition, int(lane)), "-inf", now_ms)
        return sum(pipe.execute())

    def leased(self) -> int:
        """How many occurrences are held under a lease."""
        pipe = self._client.pipeline(transaction=False)
        for partition in partitions_there(self.partitions):
            pipe.zcard(keys.leases(partition))
        return sum(pipe.execute())

    def unscheduled(self, partition: int, before_ms: int, limit: int) -> dict[bytes, int]:
        """Events whose occurrence was claimed before a moment and that still have no successor.

        Each with the moment since when, ms UTC, the oldest first.
        """
        key = keys.unscheduled(partition)
        rows = self._client.zrangebyscore(
            key, "-inf", before_ms, start=0, num=limit, withscores=True
        )
        found = {event_id: int(at) for event_id, at in cast("list[tuple[bytes, float]]", rows)}
        ids.found_in(partition, found)
        return found
