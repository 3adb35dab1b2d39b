"""Pages: where the records of occurrences go that ended an hour ago.

A record of its own, a hash or a short form, costs the store some hundred bytes; compressed with
those of its neighbours it costs some tens. So upkeep moves the records of what has ended into
pages of about a hundred, see ``page_codec``. The indexes go on listing these occurrences; of the
indexes that retention reads, ``ended`` and ``endings``, a page has one entry for all in
``page-ends``.

The pages of a partition are leaves as those of a B+ tree: each has what lies between its own name,
an id, and that of the next. So an id leads to its page by one look at ``pages``. What is packed
late goes into the page where it belongs, which is cut if it grows too large.

Every change of a page is one script, which is given what was read of the page and changes nothing
if that is not so any more; then it is tried again. A record is always in one place. Whoever changes
an ended occurrence has it moved back first (``unpack``): then it is as it was before.

The scripts that schedule can't read pages. They find what is in one by its entry in the index of
its status (``is_packed``), and only look for what is older than what may be packed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import cast

from app.domain import ids
from app.errors import StoreUnavailable
from app.store import keys, page_keys
from app.store.connection import StoreClient
from app.store.ended_slices import EndedSlice, ended_slice
from app.store.fields import OccurrenceField
from app.store.page_codec import Packed, encode
from app.store.page_reads import RecordPage, read_pages_of
from app.store.page_records import (
    PAGE_RECORDS,
    ended_of,
    fields_of_packed,
    first_end,
    may_be_packed,
    part_size,
    size_of,
    written,
)
from app.store.partitions import by_partition, in_slices
from app.store.reading import oldest_before
from app.store.scripts import Argument, Scripts
from app.store.short_forms import read_occurrences, short_forms

AT_ONCE = 512
"""How many records are read in one step."""

KEPT_IN_INDEX = 32
"""So many of its entries an index keeps itself when the others go into leaves."""

TRIES = 20
"""How often a page is read that others change at the same time."""

YOUNG_MS = 30 * 60_000
"""Nothing is packed so soon after its scheduled time; the same is in ``is_packed``."""

_SKIPPED_FIELDS = (OccurrenceField.EVENT, OccurrenceField.STATUS)


_COMPLETED = OccurrenceField.COMPLETED.encode()


class PageStore:
    """Packs and unpacks records, and deletes those of pages. Each call is safe to repeat."""

    def __init__(self, client: StoreClient, scripts: Scripts) -> None:
        self._client = client
        self._scripts = scripts

    def ended(self, partition: int, after_ms: int, before_ms: int, limit: int) -> EndedSlice:
        """What ended after one moment and before another and has its own record."""
        return ended_slice(self._client, partition, (after_ms, before_ms), limit)

    def trim(self, partition: int, groups: Sequence[bytes]) -> None:
        """Take entries out of ``endings`` that tell of nothing any more."""
        if groups:
            args = [keys.prefix(partition), *groups]
            self._scripts("trim_endings", [keys.endings(partition)], args)

    def pack(self, partition: int, occurrence_ids: Iterable[bytes], before_ms: int) -> int:
        """Move the records of occurrences into pages; returns how many were moved.

        Those that have not ended before a moment, or are scheduled for later than it, stay.
        """
        ordered, packed = sorted(set(occurrence_ids)), 0
        for at in range(0, len(ordered), AT_ONCE):
            found = self._records(partition, ordered[at : at + AT_ONCE])
            records = sorted(one for one in found if may_be_packed(one, before_ms))
            while records:
                count, is_done = self._pack_some(partition, records)
                packed += count if is_done else 0
                records = records[count:]
        return packed

    def unpack(self, occurrence_ids: Sequence[bytes]) -> int:
        """Move records out of their pages; returns how many were moved."""
        moved = 0
        for partition, some in by_partition(occurrence_ids, ids.partition_of_occurrence).items():
            wanted = list(dict.fromkeys(some))
            for _ in range(TRIES):
                found = read_pages_of(self._scripts, partition, wanted)
                if not found.records:
                    break
                for page in found.pages:
                    moved += self._unpack(partition, page, found.records)
            else:
                raise StoreUnavailable("pages of records go on being changed; try again")
        return moved

    def unpack_skipped(self, occurrence_ids: Iterable[bytes], now_ms: int) -> None:
        """Move out of pages what may give way to an occurrence that is to be scheduled.

        A record that one was skipped does; see ``make_way``. Of young ones nothing is read.
        """
        if old := [one for one in occurrence_ids if ids.scheduled_ms(one) < now_ms - YOUNG_MS]:
            rows = read_occurrences(self._client, old, _SKIPPED_FIELDS)
            skipped = [one for one, (_, word) in zip(old, rows, strict=True) if word == b"skipped"]
            if skipped:
                self.unpack(skipped)

    def by_end(self, partition: int) -> Iterator[tuple[int, RecordPage]]:
        """All pages, each with when the first of it ended (ms UTC), by that moment."""
        start = 0
        while True:
            rows = self._client.zrange(
                page_keys.page_ends(partition), start, start + AT_ONCE - 1, withscores=True
            )
            for name, first_ms in cast("list[tuple[bytes, float]]", rows):
                for page in self._named(partition, name):
                    yield int(first_ms), page
            if len(rows) < AT_ONCE:
                return
            start += AT_ONCE

    def delete_ended(self, partition: int, before_ms: int, limit: int) -> int:
        """Delete packed occurrences that ended before a moment, with their index entries.

        Fewer than ``limit``: none is left. It may delete some more, as a page goes at once.
        """
        deleted = 0
        while deleted < limit:
            names = oldest_before(self._client, page_keys.page_ends(partition), before_ms, 1)
            if not names:
                break
            for page in self._named(partition, names[0]):
                gone = {one.id for one in page.records if ended_of(one) < before_ms}
                deleted += self._delete(partition, page, gone)
        return deleted

    def delete(self, partition: int, ended_ms: Mapping[bytes, int]) -> int:
        """Delete packed occurrences that ended at these moments; returns how many these were.

        What others change at the same time is left.
        """
        deleted = 0
        for page in read_pages_of(self._scripts, partition, list(ended_ms)).pages:
            gone = {one.id for one in page.records if ended_ms.get(one.id) == ended_of(one)}
            deleted += self._delete(partition, page, gone) if gone else 0
        return deleted

    def _named(self, partition: int, name: bytes) -> list[RecordPage]:
        """The page of a name, unless it is gone."""
        found = read_pages_of(self._scripts, partition, [name])
        return [page for page in found.pages if page.name == name]

    def _unpack(self, partition: int, page: RecordPage, wanted: Collection[bytes]) -> int:
        """Move some records out of one page; 0 if there are none, or others have changed it."""
        args: list[Argument] = []
        chosen = [one for one in page.records if one.id in wanted]
        for one in chosen:
            ended_ms = ended_of(one)
            for field, value in (one.hash or {b"": one.short or b""}).items():
                args += [one.id, ended_ms, field, value]
        left = [one for one in page.records if one.id not in wanted]
        if chosen and self._change("unpack_occurrences", partition, page, left, args):
            return len(chosen)
        return 0

    def _delete(self, partition: int, page: RecordPage, gone: Collection[bytes]) -> int:
        """Delete some of one page; 0 if others have changed it."""
        args: list[Argument] = []
        for one in page.records:
            if one.id in gone:
                fields = fields_of_packed(one)
                tags = fields.get(OccurrenceField.TAGS, b"")
                event, status = fields[OccurrenceField.EVENT], fields[OccurrenceField.STATUS]
                args += [one.id, event, status, tags]
        left = [one for one in page.records if one.id not in gone]
        return len(gone) if self._change("delete_packed", partition, page, left, args) else 0

    def _records(self, partition: int, wanted: Sequence[bytes]) -> Iterator[Packed]:
        """The records of those that have one of their own, and ended when they say.

        For retention, one that was brought back from the archive ended when it was brought back.
        """
        shorts = short_forms(self._client, wanted)
        yield from (Packed(one, short, {}) for one, short in shorts.items())
        others = [one for one in wanted if one not in shorts]
        if not others:
            return
        rows = self._client.read_each("HGETALL", map(keys.occurrence_of, others))
        ends = self._client.zmscore(keys.ended(partition), cast("list[str]", others))
        for one, values, end in zip(others, rows, ends, strict=True):
            found = Packed(one, None, _pairs(values))
            if end is not None and found.hash.get(_COMPLETED) == b"%d" % end:
                yield found

    def _pack_some(self, partition: int, records: Sequence[Packed]) -> tuple[int, bool]:
        """Move the first records, those of one page; how many, and whether that was done."""
        first = records[0].id
        index = page_keys.pages(partition)
        found = read_pages_of(self._scripts, partition, [first])
        after = cast(
            "list[bytes]", self._client.zrangebylex(index, b"(" + first, "+", start=0, num=1)
        )
        following = after[0] if after else b""
        page = found.pages[0] if found.pages else RecordPage(b"", b"", [])
        some = [one for one in records[:PAGE_RECORDS] if not following or one.id < following]
        known = {one.id for one in page.records}
        fresh = [one for one in some if one.id not in known]
        every = sorted([*page.records, *fresh])
        args: list[Argument] = [keys.prefix(partition), page.name, _digest(page.raw), following]
        args.append(KEPT_IN_INDEX)
        for part in in_slices(every, part_size(every, is_last=not following), size_of):
            is_first = part[0] is every[0]
            name = page.name if is_first and page.name else part[0].id
            args += ["page", name, first_end(part), encode(part)]
        for one in fresh:
            if one.short is None:
                args += ["hash", one.id, "", written(one.hash)]
            else:
                args += ["short", one.id, "", one.short]
        if not fresh:
            return len(some), False
        done = self._scripts("pack_occurrences", self._places(partition), args)
        return len(some), bool(done)

    def _change(
        self,
        script: str,
        partition: int,
        page: RecordPage,
        left: Sequence[Packed],
        rest: list[Argument],
    ) -> bool:
        """Have a script change a page, of which so many records are left."""
        args: list[Argument] = [keys.prefix(partition), page.name, _digest(page.raw)]
        args += [first_end(left), encode(left)] if left else [0, b""]
        return bool(self._scripts(script, self._places(partition), [*args, *rest]))

    @staticmethod
    def _places(partition: int) -> list[bytes]:
        places = (page_keys.pages, page_keys.page_ends, page_keys.packed)
        return [place(partition) for place in places]


def _pairs(values: Sequence[bytes]) -> dict[bytes, bytes]:
    return dict(zip(values[::2], values[1::2], strict=True))


def _digest(raw: bytes) -> str:
    return hashlib.sha1(raw, usedforsecurity=False).hexdigest()
