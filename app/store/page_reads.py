"""Reading pages: which has the record of an occurrence, and what that says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from app.domain import ids
from app.store import keys, page_keys
from app.store.connection import StoreClient
from app.store.page_codec import Packed, decode
from app.store.partitions import by_partition
from app.store.scripts import ScriptCall, Scripts


class RecordPage(NamedTuple):
    """A page as it was read."""

    name: bytes
    """The least id that belongs to it."""

    raw: bytes
    records: list[Packed]


class PagedReads(NamedTuple):
    """What pages and short forms say of some occurrences of one partition, at one moment."""

    shorts: dict[bytes, bytes]
    records: dict[bytes, Packed]
    pages: list[RecordPage]
    """Those in which something may be, also if it is not."""


def read_pages(client: StoreClient, occurrence_ids: Sequence[bytes]) -> list[PagedReads]:
    """Look for occurrences in pages, in one round trip; what is answered is by partition."""
    groups = by_partition(dict.fromkeys(occurrence_ids), ids.partition_of_occurrence)
    calls = [_call(partition, some) for partition, some in groups.items()]
    answers = Scripts(client).read("read_pages", calls)
    return [_paged(some, found) for some, found in zip(groups.values(), answers, strict=True)]


def read_pages_of(scripts: Scripts, partition: int, wanted: list[bytes]) -> PagedReads:
    """Look for different occurrences of one partition."""
    return _paged(wanted, scripts("read_pages", *_call(partition, wanted)))


def read_pages_of_each(
    scripts: Scripts, partitions: Sequence[int], wanted: list[bytes]
) -> list[PagedReads]:
    """Look for different occurrences in each of several partitions, in one round trip."""
    answers = scripts.read("read_pages", [_call(one, wanted) for one in partitions])
    return [_paged(wanted, found) for found in answers]


def _call(partition: int, wanted: Sequence[bytes]) -> ScriptCall:
    return [page_keys.pages(partition), page_keys.packed(partition), keys.fresh(partition)], wanted


def _paged(wanted: list[bytes], found: Any) -> PagedReads:
    head, rest = found[: 2 * len(wanted) : 2], found[2 * len(wanted) :]
    shorts = {one: short for one, short in zip(wanted, head, strict=True) if short is not None}
    pages = [
        RecordPage(name, raw, decode(raw)) for name, raw in zip(rest[::2], rest[1::2], strict=True)
    ]
    looked_for = frozenset(wanted)
    records = {one.id: one for page in pages for one in page.records if one.id in looked_for}
    return PagedReads(shorts, records, pages)
