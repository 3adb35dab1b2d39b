"""What a record says that is in a page, or may go into one, and how large pages become."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.domain import ids
from app.store.fields import OccurrenceField
from app.store.page_codec import Packed
from app.store.short_forms import fields_of

PAGE_RECORDS = 128
PAGE_BYTES = 64_000
"""How large a page becomes before it is compressed, at most, unless one record is larger."""

ENDED = frozenset({b"completed", b"failed", b"missed", b"skipped", b"cancelled"})


def fields_of_packed(one: Packed) -> Mapping[str, bytes]:
    """The fields of a record by their stored names, whatever form it has."""
    if one.short is not None:
        return fields_of(one.id, one.short)
    return {name.decode(errors="replace"): value for name, value in one.hash.items()}


def ended_of(one: Packed) -> int:
    """When a packed occurrence ended, ms UTC."""
    return int(fields_of_packed(one)[OccurrenceField.COMPLETED])


def may_be_packed(one: Packed, before_ms: int) -> bool:
    """Whether it has ended for long; no short form but that of a completed one says when."""
    fields = fields_of_packed(one)
    ended = fields.get(OccurrenceField.COMPLETED)
    if ended is None or fields.get(OccurrenceField.STATUS) not in ENDED:
        return False
    return int(ended) < before_ms and ids.scheduled_ms(one.id) < before_ms


def first_end(records: Sequence[Packed]) -> int:
    """When the first of some occurrences ended, ms UTC."""
    return min(map(ended_of, records))


def written(fields: Mapping[bytes, bytes]) -> bytes:
    """A hash as ``pack_occurrences`` compares it, in the order in which the store has it."""
    return b"".join(name + value for name, value in fields.items())


def part_size(records: Sequence[Packed], *, is_last: bool) -> int:
    """How large each page of these records is to be: full ones where others will follow.

    Elsewhere they are about equal. So there is room for what comes late.
    """
    if is_last:
        return PAGE_BYTES
    size = sum(map(size_of, records))
    return -(-size // -(-size // PAGE_BYTES))


def size_of(one: Packed) -> int:
    """What a record counts in a page that is as large as it may be with ``PAGE_BYTES``."""
    size = len(one.short) if one.short is not None else len(written(one.hash))
    return max(size, PAGE_BYTES // PAGE_RECORDS)
