"""What leaves of several partitions list is in leaves of fewer, in order, and counted."""

from __future__ import annotations

import pytest

from app.backup.leaves import unite_leaves
from app.backup.pages import unite_pages
from app.domain import ids
from app.store import keys
from app.store.calls import Unattempted
from app.store.connecting import connect
from app.store.connection import StoreClient
from app.store.leaves import LEAF_IDS, count_entries, leaf_sizes, read_oldest
from app.store.scripts import Scripts
from app.store.work import WorkStore
from tests.support.builders import an_event
from tests.support.clock import NOW_MS

COUNT = LEAF_IDS // 2 + 100


@pytest.mark.parametrize("left", [1, 2])
def test_leaves_of_several_partitions_become_those_of_fewer(
    left: int, store_url: str, target: StoreClient
) -> None:
    made: list[bytes] = []
    with connect(store_url) as source:
        work = WorkStore(source, Scripts(source), 3)
        for partition in range(3):
            event = an_event(partition=partition)
            notes = [
                Unattempted(event.id, NOW_MS - 3 * at - partition, ("red",), "missed", "no")
                for at in range(COUNT)
            ]
            work.record_unattempted(notes, NOW_MS)
            some = [ids.occurrence_id(event.id, one.scheduled_ms) for one in notes]
            assert work.pages.pack(partition, some, NOW_MS + 1) == COUNT
            kept = source.zrange(keys.occurrences(partition, "missed"), 0, -1)
            made += set(some) - set(kept)
        unite_pages(source, target, left, 3, lambda: None)
        unite_leaves(source, target, left, 3, lambda: None)
    ids.keep_to(left)
    for partition in range(left):
        index = keys.occurrences(partition, "missed")
        here = sorted(one for one in made if ids.partition_of_occurrence(one) == partition)
        assert read_oldest(Scripts(target), index, len(made)) == here
        assert leaf_sizes(target, partition, [index]) == [len(here)]
    tagged = [lambda partition: keys.tag_occurrences(partition, "red")]
    counts = count_entries(Scripts(target), left, tagged, [("-inf", "+inf"), (0, NOW_MS + 1)])
    assert counts == [[len(made)]] * 2
