r"""The short form of an occurrence: what is stored of it until its first attempt is recorded.

Most occurrences are their event's next, are claimed when that is due, and end with one attempt.
Until then all that there is to say of one fits into a value of the hash ``fresh``:

    event's id (16 bytes) [when it was added, ms]                              it is scheduled
    event's id (16 bytes) claimed, ms "," began, ms "," lease token "\n" tags  it is under way

Its scheduled time is in its id. When it was added is left out if its event was created then. The
script that records its first attempt writes its hash. Whatever else has more to say of it gives it
one first (``give_hash``). So it has either, and no script but those that claim and record has to
know both.
"""

from __future__ import annotations

from collections.abc import Sequence

from app.domain import ids
from app.store import keys
from app.store.connection import StoreClient
from app.store.fields import OccurrenceField
from app.store.partitions import by_partition
from app.store.reading import Values, read_hashes

_EVENT = slice(16)
_REST = slice(16, None)


def fields_of(occurrence_id: bytes, short: bytes) -> dict[str, bytes]:
    """The fields that the hash of an occurrence in short form would have."""
    head, is_claimed, tags = short[_REST].partition(b"\n")
    fields: dict[str, bytes] = {
        OccurrenceField.EVENT: short[_EVENT],
        OccurrenceField.SCHEDULED: b"%d" % ids.scheduled_ms(occurrence_id),
    }
    if not is_claimed:
        return fields | ({OccurrenceField.CHANGED: head} if head else {})
    changed, started, token = head.split(b",", 2)
    return fields | {
        OccurrenceField.STATUS: b"dispatched",
        OccurrenceField.ATTEMPTS: b"1",
        OccurrenceField.CHANGED: changed,
        OccurrenceField.STARTED: started,
        OccurrenceField.LEASE: token,
        OccurrenceField.TAGS: tags,
        OccurrenceField.SERIES: b"1",
    }


def short_forms(client: StoreClient, occurrence_ids: Sequence[bytes]) -> dict[bytes, bytes]:
    """The short forms of those occurrences that have one."""
    found: dict[bytes, bytes] = {}
    for partition, some in by_partition(occurrence_ids, ids.partition_of_occurrence).items():
        values = client.direct("HMGET", keys.fresh(partition), *some)
        found |= {one: short for one, short in zip(some, values, strict=True) if short is not None}
    return found


def read_occurrences(
    client: StoreClient, occurrence_ids: Sequence[bytes], fields: Sequence[OccurrenceField]
) -> list[Values]:
    """The same fields of several occurrences, in order, whatever form they have.

    The first of ``fields`` is one that every hash has. It takes a round trip, and one more for each
    partition if an occurrence has no hash.
    """
    hashes = [keys.occurrence_of(one) for one in occurrence_ids]
    rows = read_hashes(client, hashes, fields)
    bare = [at for at, row in enumerate(rows) if row[0] is None]
    if not bare:
        return rows
    shorts = short_forms(client, [occurrence_ids[at] for at in bare])
    # One that has no short form any more may have got its hash between the two looks.
    again = [at for at in bare if occurrence_ids[at] not in shorts]
    for at, row in zip(
        again, read_hashes(client, [hashes[at] for at in again], fields), strict=True
    ):
        rows[at] = row
    for at in bare:
        if short := shorts.get(occurrence_ids[at]):
            stored = fields_of(occurrence_ids[at], short)
            rows[at] = [stored.get(field) for field in fields]
    return rows
