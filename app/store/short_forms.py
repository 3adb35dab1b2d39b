r"""The short form of an occurrence: what is stored of most of them, until retention deletes it.

Most occurrences are their event's next, are claimed when that is due, and complete with their first
attempt. All that there is to say of one fits into a value of the hash ``fresh``:

    event's id (16 bytes) [when it was added, ms]                                it is scheduled
    event's id (16 bytes) claimed, ms "," began, ms "," lease token "\n" tags    it is under way
    event's id (16 bytes) took, ms "," waited, ms ",=" line "\n" tags "\t" body  it has completed

Its scheduled time is in its id. When it was added is left out if its event was created then. It
took so long from its scheduled time to its end, and waited as long until its attempt began; the
line is that of the attempt's log, without its beginning, which follows from the id, and the body
that of the answer. A tag has no control characters.

What has ended an hour ago has neither: its record is in a page, see ``pages``.

The scripts that claim and record write these forms. Whatever has more to say of an occurrence that
has not completed gives it a hash first (``give_hash``), and so does a record of another outcome, or
of an answer that was not simple (``short_end``). So it has either, and few scripts have to know
both. One that has completed keeps its form, and takes it then, if it had a hash for its flow or its
overlap policy.
"""

from __future__ import annotations

from collections.abc import Sequence

from app.domain import ids
from app.store import keys
from app.store.attempts import read_line
from app.store.connection import StoreClient
from app.store.fields import OccurrenceField
from app.store.page_reads import read_pages
from app.store.partitions import by_partition
from app.store.reading import Values, read_hashes, read_together
from app.store.whereabouts import find_occurrences

_EVENT = slice(16)
_REST = slice(16, None)
_COMPLETED = b"="
"""What stands in place of a lease token; none begins so."""


def fields_of(occurrence_id: bytes, short: bytes) -> dict[str, bytes]:
    """The fields that the hash of an occurrence in short form would have."""
    scheduled_ms = ids.scheduled_ms(occurrence_id)
    head, is_claimed, tags = short[_REST].partition(b"\n")
    fields: dict[str, bytes] = {
        OccurrenceField.EVENT: short[_EVENT],
        OccurrenceField.SCHEDULED: b"%d" % scheduled_ms,
    }
    if not is_claimed:
        return fields | ({OccurrenceField.CHANGED: head} if head else {})
    changed, started, token = head.split(b",", 2)
    fields |= {OccurrenceField.ATTEMPTS: b"1", OccurrenceField.SERIES: b"1"}
    if not token.startswith(_COMPLETED):
        return fields | {
            OccurrenceField.STATUS: b"dispatched",
            OccurrenceField.CHANGED: changed,
            OccurrenceField.STARTED: started,
            OccurrenceField.LEASE: token,
            OccurrenceField.TAGS: tags,
        }
    tags, _, body = tags.partition(b"\t")
    log = b"1,%d000,%s\n" % (scheduled_ms, token.removeprefix(_COMPLETED))
    code = read_line(log).status_code
    fields |= {
        OccurrenceField.STATUS: b"completed",
        OccurrenceField.STARTED: b"%d" % (scheduled_ms + int(started)),
        OccurrenceField.COMPLETED: b"%d" % (scheduled_ms + int(changed)),
        OccurrenceField.TAGS: tags,
        OccurrenceField.LOG: log,
    }
    if code is not None:
        fields[OccurrenceField.STATUS_CODE] = b"%d" % code
    return fields | ({OccurrenceField.RESPONSE_BODY: body} if body else {})


def short_forms(client: StoreClient, occurrence_ids: Sequence[bytes]) -> dict[bytes, bytes]:
    """The short forms of those occurrences that have one."""
    groups = by_partition(occurrence_ids, ids.partition_of_occurrence)
    asked = [("HMGET", keys.fresh(partition), *some) for partition, some in groups.items()]
    found: dict[bytes, bytes] = {}
    for some, values in zip(groups.values(), read_together(client, asked), strict=True):
        found |= {one: short for one, short in zip(some, values, strict=True) if short is not None}
    return found


def read_occurrences(
    client: StoreClient, occurrence_ids: Sequence[bytes], fields: Sequence[OccurrenceField]
) -> list[Values]:
    """The same fields of several occurrences, in order, whatever form they have.

    It takes a round trip, one more if an occurrence has no short form, and as many again if its
    record is in a page. What has moved takes two more, once. The first of ``fields`` is one that
    every hash has.
    """
    rows = _read(client, occurrence_ids, fields)
    if ids.moved_among():
        lost = [one for one, row in zip(occurrence_ids, rows, strict=True) if row[0] is None]
        if found := find_occurrences(client, lost):
            again = dict(zip(found, _read(client, found, fields), strict=True))
            pairs = zip(occurrence_ids, rows, strict=True)
            return [again.get(one, row) for one, row in pairs]
    return rows


def _read(
    client: StoreClient, occurrence_ids: Sequence[bytes], fields: Sequence[OccurrenceField]
) -> list[Values]:
    if not occurrence_ids:
        return []
    shorts = short_forms(client, occurrence_ids)
    others = [one for one in dict.fromkeys(occurrence_ids) if one not in shorts]
    hashes = read_hashes(client, map(keys.occurrence_of, others), fields)
    rows: dict[bytes, Values] = dict(zip(others, hashes, strict=True))
    if bare := [one for one, row in rows.items() if row[0] is None]:
        rows |= _read_moved(client, bare, fields)
    for one, short in shorts.items():
        stored = fields_of(one, short)
        rows[one] = [stored.get(field) for field in fields]
    return [rows[one] for one in occurrence_ids]


def _read_moved(
    client: StoreClient, occurrence_ids: Sequence[bytes], fields: Sequence[OccurrenceField]
) -> dict[bytes, Values]:
    """The fields of those whose record is in a page, or was moved since it was looked for.

    Nothing moves twice within the time of these few looks: it is packed an hour after its end.
    """
    rows: dict[bytes, Values] = {}
    for found in read_pages(client, occurrence_ids):
        texts = {one: fields_of(one, short) for one, short in found.shorts.items()}
        for one, record in found.records.items():
            if record.short is None:
                rows[one] = [record.hash.get(field.encode()) for field in fields]
            else:
                texts[one] = fields_of(one, record.short)
        for one, stored in texts.items():
            rows[one] = [stored.get(field) for field in fields]
    if left := [one for one in occurrence_ids if one not in rows]:
        hashes = read_hashes(client, map(keys.occurrence_of, left), fields)
        rows |= dict(zip(left, hashes, strict=True))
    return rows
