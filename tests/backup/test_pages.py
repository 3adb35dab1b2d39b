"""Records of all pages are found in the pages of fewer partitions."""

from __future__ import annotations

from itertools import pairwise

import pytest
import redis

from app.backup.folding import NAMES_AT_ONCE
from app.backup.pages import unite_pages
from app.domain import ids
from app.store import page_keys
from app.store.connecting import connect
from app.store.connection import StoreClient
from app.store.page_codec import Packed, decode, encode
from app.store.page_reads import read_pages
from app.store.page_records import PAGE_RECORDS, ended_of, first_end
from tests.support.clock import NOW_MS


def a_record(partition: int, number: int) -> Packed:
    event = ids.EventIds().make(NOW_MS * 1000, partition)
    at = NOW_MS + number
    fields = {b"e": event, b"at": b"%d" % at, b"st": b"failed", b"c": b"%d" % (at + 7)}
    return Packed(ids.occurrence_id(event, at), None, fields)


@pytest.mark.parametrize("left", [1, 2])
def test_records_of_two_partitions_are_read_as_those_of_one(
    left: int, store_url: str, target: StoreClient
) -> None:
    made: list[Packed] = []
    with connect(store_url) as source:
        for partition in range(3):
            records = [a_record(partition, 3 * number) for number in range(3 * NAMES_AT_ONCE)]
            for at in range(0, len(records), 2):
                part = records[at : at + 2]
                name = part[0].id
                source.hset(page_keys.packed(partition).decode(), name, encode(part))
                source.zadd(page_keys.pages(partition), {name: 0})
                source.zadd(page_keys.page_ends(partition), {name: first_end(part)})
            made += records
        unite_pages(source, target, left, 3, lambda: None)
    ids.keep_to(left, 3)
    _hold_together(target, left)
    for one in made:
        (found,) = read_pages(target, [one.id])
        assert found.records[one.id] == one


def _hold_together(target: redis.Redis, partitions: int) -> None:
    for partition in range(partitions):
        names = target.zrange(page_keys.pages(partition), 0, -1)
        pages = {
            name: decode(raw) for name, raw in target.hgetall(page_keys.packed(partition)).items()
        }
        assert sorted(pages) == names
        for name, following in pairwise([*names, b"\xff" * 17]):
            assert name <= pages[name][0].id <= pages[name][-1].id < following
            assert len(pages[name]) <= PAGE_RECORDS
            first = target.zscore(page_keys.page_ends(partition), name)
            assert first == min(map(ended_of, pages[name]))
