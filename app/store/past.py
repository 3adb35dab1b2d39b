"""What has ended, oldest first: read for the archive, deleted one by one, brought back from there.

Retention without an archive deletes by age alone, see ``WorkStore.delete_ended``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from heapq import heappop, heappush, merge
from itertools import takewhile
from typing import Any, NamedTuple

from app.domain import ids
from app.domain.occurrence import ENDED
from app.domain.past import Past
from app.store import codec, keys
from app.store.attempts import write_line
from app.store.calls import BATCH
from app.store.connection import StoreClient
from app.store.fields import OccurrenceField
from app.store.leaves import leaf_sizes, read_oldest
from app.store.page_records import ended_of
from app.store.pages import PageStore
from app.store.partitions import by_partition
from app.store.scripts import Argument, ScriptCall, Scripts
from app.store.whereabouts import find_occurrences

_ID_BYTES = 16


class Ending(NamedTuple):
    """When an occurrence ended (ms), as the indexes of what has ended say, and its id."""

    at_ms: int
    occurrence_id: bytes


class PastStore:
    """Reads and deletes what has ended. Every call raises ``StoreUnavailable``."""

    def __init__(self, client: StoreClient, scripts: Scripts) -> None:
        self._client = client
        self._scripts = scripts
        self._pages = PageStore(client, scripts)

    def oldest(self, partition: int, before_ms: int) -> Iterator[Ending]:
        """What ended before a moment, the oldest first, read a few hundred at a time.

        Some of it may have been redelivered or deleted meanwhile.
        """
        found = merge(
            self._walk(keys.ended(partition)),
            self._walk(keys.endings(partition)),
            self._in_pages(partition),
            key=_when,
        )
        for one in takewhile(lambda one: one.at_ms < before_ms, found):
            ids.found_in(partition, [one.occurrence_id])
            yield one

    def delete(self, partition: int, endings: Sequence[Ending]) -> int:
        """Delete what is still as it ended then; returns how many these were."""
        deleted = 0
        places = [keys.ended(partition), keys.endings(partition)]
        for start in range(0, len(endings), BATCH):
            some = endings[start : start + BATCH]
            deleted += self._pages.delete(partition, {one: at_ms for at_ms, one in some})
            args: list[Argument] = [keys.prefix(partition)]
            for at_ms, occurrence_id in some:
                args += [occurrence_id, at_ms]
            deleted += int(self._scripts("delete_archived", places, args))
        return deleted

    def beyond(
        self, partition: int, event_ids: Sequence[bytes], kept: int, most: int
    ) -> list[bytes]:
        """What events list beyond their newest ``kept``, by scheduled time.

        That is what was claimed or has ended, ``most`` of each event at most, its oldest.
        """
        lists = [keys.event_occurrences(partition, one) for one in event_ids]
        counts = self._client.read_each("ZCARD", lists)
        packed = leaf_sizes(self._client, partition, lists)
        pipe = self._client.pipeline(transaction=False)
        found: list[list[bytes]] = []
        for name, count, more in zip(lists, counts, packed, strict=True):
            beyond = min(count + more - kept, most)
            if beyond > 0 and more:
                found.append(read_oldest(self._scripts, name, beyond))
            elif beyond > 0:
                pipe.zrange(name, 0, beyond - 1)
        found += pipe.execute()
        beyond_kept = [one for some in found for one in some]
        ids.found_in(partition, beyond_kept)
        return beyond_kept

    def not_brought_back(self, partition: int, endings: Sequence[Ending]) -> list[Ending]:
        """Those that retention has listed since they ended, and not since they were brought back.

        For what has no entry of its own there, being packed or in short form, it is the same.
        """
        if not endings:
            return []
        named: Any = [one.occurrence_id for one in endings]
        moments = self._client.zmscore(keys.ended(partition), named)
        pairs = zip(endings, moments, strict=True)
        return [one for one, at_ms in pairs if at_ms is None or int(at_ms) == one.at_ms]

    def add(self, past: Iterable[Past], now_ms: int) -> int:
        """Add occurrences that ended long ago; returns how many were not there.

        Retention counts from now. Raises ``ValueError`` for one that has not ended.
        """
        added, past = 0, list(past)
        # (What has moved since need not be where its id says.)
        elsewhere = {*find_occurrences(self._client, [one.occurrence.id for one in past])}
        past = [one for one in past if one.occurrence.id not in elsewhere]
        grouped = by_partition(past, lambda one: ids.partition_of_occurrence(one.occurrence.id))
        for partition, some in grouped.items():
            calls = [_add_call(partition, one, now_ms) for one in some]
            added += sum(map(int, self._scripts.each("add_ended", calls)))
        return added

    def _walk(self, key: bytes) -> Iterator[Ending]:
        start = 0
        while True:
            rows: Any = self._client.zrange(key, start, start + BATCH - 1, withscores=True)
            for member, score in rows:
                for at in range(0, len(member), _ID_BYTES):
                    yield Ending(int(score), member[at : at + _ID_BYTES])
            if len(rows) < BATCH:
                return
            start += BATCH

    def _in_pages(self, partition: int) -> Iterator[Ending]:
        """What is packed. Some of a page may have ended after some of the next one's."""
        read: list[Ending] = []
        for first_ms, page in self._pages.by_end(partition):
            while read and read[0].at_ms <= first_ms:
                yield heappop(read)
            for one in page.records:
                heappush(read, Ending(ended_of(one), one.id))
        yield from sorted(read)


def _when(one: Ending) -> int:
    return one.at_ms


def _add_call(partition: int, past: Past, now_ms: int) -> ScriptCall:
    one = past.occurrence
    if one.status not in ENDED:
        raise ValueError(f"{ids.to_text(one.id)} has not ended: it is {one.status}")
    tags = codec.join_tags(one.tags)
    args: list[Argument] = [keys.prefix(partition), now_ms, one.id, one.event_id]
    args += [one.scheduled_ms, one.status.value, tags, "" if one.callback_of else "1"]
    row = codec.OccurrenceRow(
        event=one.event_id,
        scheduled=b"%d" % one.scheduled_ms,
        status=one.status.value.encode(),
        attempts=b"%d" % one.attempt_count if one.attempt_count else None,
        changed=_number(one.changed_ms),
        status_code=_number(one.status_code),
        response_body=one.response_body.encode() if one.response_body else None,
        error=one.error_message.encode() if one.error_message else None,
        started=_number(one.started_ms),
        completed=_number(one.completed_ms),
        next_attempt=None,
        planned=_number(one.planned_ms) if one.planned_ms != one.scheduled_ms else None,
        deferrals=None,
        deferral_reason=None,
        ack_deadline=None,
        callback=one.callback_of + past.report if one.callback_of else None,
        tags=tags,
    )
    for field, value in zip(codec.OCCURRENCE_FIELDS, row, strict=True):
        if value is not None:
            args += [field, value]
    if past.attempts:
        args += [OccurrenceField.LOG, b"".join(map(write_line, past.attempts))]
    return [keys.ended(partition)], args


def _number(value: int | None) -> bytes | None:
    return None if value is None else b"%d" % value
