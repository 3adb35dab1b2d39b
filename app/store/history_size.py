"""How much of the store's memory history takes, about: read in a few commands, whatever is stored.

What is stored for many occurrences together is measured. What each has for itself, a hash and its
places in the lists of its event and its tags, is reckoned from a few of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, NamedTuple, cast

from app.domain.occurrence import ENDED, OccurrenceStatus
from app.domain.past import Past
from app.store import keys
from app.store.connection import StoreClient
from app.store.leaves import LEAF_ENTRY, leaf_sizes
from app.store.occurrences import OccurrenceStore
from app.store.past import PastStore

SAMPLES = 16
"""How many occurrences, and how many members of a hash, stand for all of them."""

_ENDED = sorted(ENDED)
_OPEN = sorted(frozenset(OccurrenceStatus) - ENDED)


class HistorySize(NamedTuple):
    """How many occurrences have ended and are still there, and about how many bytes they take."""

    occurrences: int
    bytes: int


class HistorySizes:
    """Measures; every call raises ``StoreUnavailable``."""

    def __init__(self, client: StoreClient, past: PastStore, occurrences: OccurrenceStore) -> None:
        self._client = client
        self._past = past
        self._occurrences = occurrences

    def of(self, partition: int, now_ms: int) -> HistorySize:
        """How much the history of one partition takes."""
        lists = [keys.occurrences(partition, status) for status in _ENDED]
        opens = [keys.occurrences(partition, status) for status in _OPEN]
        ended = keys.ended(partition)
        hashes, *counts = self._client.read_each("ZCARD", [ended, *lists, *opens])
        packed = sum(leaf_sizes(self._client, partition, lists))
        count, open_ = sum(counts[: len(lists)]) + packed, sum(counts[len(lists) :])
        if not count:
            return HistorySize(0, 0)
        listed = self._bytes(lists) + LEAF_ENTRY * packed
        oldest = islice(self._past.oldest(partition, now_ms), SAMPLES)
        found = self._occurrences.past([one.occurrence_id for one in oldest])
        sample = [one for one in found if one is not None]
        own: float = self._hash_bytes(partition, ended) * hashes
        own += self._listed_by_events(partition, sample) * count
        tags = sum(len(one.occurrence.tags) for one in sample) / max(len(sample), 1)
        together = [ended, keys.endings(partition), *_of_pages(partition)]
        shared = self._bytes(together) + self._short_bytes(partition, open_)
        return HistorySize(count, round(listed * (1 + tags) + own + shared))

    def _short_bytes(self, partition: int, open_: int) -> float:
        """What short forms of those that have ended take: those that are open are beside them."""
        fresh = keys.fresh(partition)
        (shorts,) = self._client.read_each("HLEN", [fresh])
        return self._bytes([fresh]) * max(0, int(shorts) - open_) / max(int(shorts), 1)

    def _hash_bytes(self, partition: int, ended: bytes) -> float:
        """What one of those that have a hash takes for that."""
        some = cast("list[bytes]", self._client.zrange(ended, 0, SAMPLES - 1))
        return self._bytes([keys.occurrence(partition, one) for one in some]) / max(len(some), 1)

    def _listed_by_events(self, partition: int, sample: Sequence[Past]) -> float:
        """What one takes in the list of its event; those of one-time events are in none."""
        events = {one.occurrence.event_id for one in sample}
        lists = [keys.event_occurrences(partition, one) for one in events]
        entries = self._client.read_each("ZCARD", lists)
        packed = leaf_sizes(self._client, partition, lists)
        sizes = self._sizes(lists)
        each = [
            (size + LEAF_ENTRY * more) / max(count + more, 1)
            for size, count, more in zip(sizes, entries, packed, strict=True)
        ]
        return float(sum(each)) / max(len(each), 1)

    def _bytes(self, names: Iterable[bytes]) -> int:
        return sum(self._sizes(names))

    def _sizes(self, names: Iterable[bytes]) -> list[int]:
        pipe = self._client.pipeline(transaction=False)
        for name in names:
            pipe.memory_usage(cast("Any", name), samples=SAMPLES)
        return [size or 0 for size in pipe.execute()]


def _of_pages(partition: int) -> list[bytes]:
    return [keys.prefix(partition) + name for name in (b"pages", b"page-ends", b"packed")]
