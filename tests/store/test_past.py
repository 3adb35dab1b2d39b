"""What has ended: listed oldest first, deleted as it was listed, brought back."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import pytest

from app.domain import ids
from app.domain.occurrence import OccurrenceStatus
from app.store import keys
from app.store.calls import BATCH
from app.store.past import Ending, PastStore
from app.store.redeliveries import RedeliveryStore
from app.store.scripts import Scripts
from tests.store.conftest import Stores
from tests.support.clock import NOW_MS
from tests.support.invariants import broken, snapshot
from tests.support.past import PastMaker

DAY_MS = 86_400_000


@pytest.fixture
def past(stores: Stores) -> PastStore:
    return PastStore(stores.client, Scripts(stores.client))


@pytest.fixture
def maker(stores: Stores) -> PastMaker:
    return PastMaker(stores.client, stores.events, stores.work)


def listed(past: PastStore, maker: PastMaker, before_ms: int) -> list[Ending]:
    return list(past.oldest(maker.partition, before_ms))


def test_all_that_ended_before_a_moment_is_listed_oldest_first(
    past: PastStore, maker: PastMaker
) -> None:
    """Whatever form it has."""
    (third,) = maker.completed(NOW_MS + 3_000)
    first = maker.missed(NOW_MS)
    second = maker.failed(NOW_MS + 500)
    maker.completed(NOW_MS + 9_000)
    assert listed(past, maker, NOW_MS + 9_005) == [
        Ending(NOW_MS, first),
        Ending(NOW_MS + 1_505, second),
        Ending(NOW_MS + 3_005, third),
    ]
    assert listed(past, maker, NOW_MS) == []


def test_more_than_one_look_finds_is_listed(past: PastStore, maker: PastMaker) -> None:
    client, key = maker.client, keys.ended(maker.partition)
    client.zadd(key, {number.to_bytes(16, "big"): number for number in range(2 * BATCH + 1)})
    found = list(islice(past.oldest(maker.partition, NOW_MS), 10_000))
    client.delete(key)
    assert [one.at_ms for one in found] == list(range(2 * BATCH + 1))


def test_nothing_is_left_of_what_is_deleted(past: PastStore, maker: PastMaker) -> None:
    """And the rest of what ended together stays as it is."""
    some = maker.completed(NOW_MS, 3, b"an answer")
    others = [maker.failed(NOW_MS), maker.missed(NOW_MS)]
    endings = listed(past, maker, NOW_MS + DAY_MS)
    gone = [one for one in endings if one.occurrence_id != some[1]]
    assert past.delete(maker.partition, gone) == 4
    assert past.delete(maker.partition, gone) == 0
    assert broken(maker.client, maker.work.partitions) == []
    assert {one.occurrence_id for one in listed(past, maker, NOW_MS + DAY_MS)} >= {some[1]}
    assert past.delete(maker.partition, endings) == 1
    assert listed(past, maker, NOW_MS + DAY_MS) == []
    left = [name for name in snapshot(maker.client) for one in (*some, *others) if one in name]
    assert left == []
    assert not maker.client.exists(keys.endings(maker.partition), keys.fresh(maker.partition))


def test_what_was_redelivered_after_it_was_listed_stays(past: PastStore, maker: PastMaker) -> None:
    """With all that it had."""
    failed = maker.failed(NOW_MS)
    before = listed(past, maker, NOW_MS + DAY_MS)
    redeliveries = RedeliveryStore(maker.client, Scripts(maker.client))
    redeliveries.redeliver([(failed, NOW_MS + DAY_MS)], "job", NOW_MS + DAY_MS)
    assert past.delete(maker.partition, before) == 0
    assert maker.client.exists(keys.occurrence_of(failed))
    assert broken(maker.client, maker.work.partitions) == []


def test_what_is_brought_back_is_as_it_was(
    stores: Stores, past: PastStore, maker: PastMaker
) -> None:
    """It is found by all lists, and retention counts from then."""
    some = [*maker.completed(NOW_MS, 2, b"an answer"), maker.failed(NOW_MS), maker.missed(NOW_MS)]
    kept = [one for one in stores.occurrences.past(some) if one]
    lists = [
        key
        for key in snapshot(stores.client)
        if b"occurrences" in key and not key.startswith(b"qh:{%d}:event:" % maker.partition)
    ]
    before = {key: snapshot(stores.client)[key] for key in lists}
    past.delete(maker.partition, listed(past, maker, NOW_MS + DAY_MS))
    assert stores.occurrences.get_many(some) == [None] * 4
    assert past.add(kept, NOW_MS + DAY_MS) == 4
    assert past.add(kept, NOW_MS + 2 * DAY_MS) == 0
    assert stores.occurrences.past(some) == kept
    assert {key: snapshot(stores.client).get(key) for key in lists} == before
    assert broken(stores.client, stores.partitions) == []
    assert listed(past, maker, NOW_MS + DAY_MS) == []
    # Packed, it would be as old as it says.
    assert stores.work.pages.pack(maker.partition, some, NOW_MS + 9 * DAY_MS) == 0
    assert stores.work.delete_ended(maker.partition, NOW_MS + DAY_MS, 100) == 0
    assert len(listed(past, maker, NOW_MS + DAY_MS + 1)) == 4


def test_what_has_not_ended_is_not_brought_back(
    stores: Stores, past: PastStore, maker: PastMaker
) -> None:
    (kept,) = filter(None, stores.occurrences.past([maker.missed(NOW_MS)]))
    open_ = replace(kept.occurrence, status=OccurrenceStatus.RETRYING)
    with pytest.raises(ValueError, match="has not ended"):
        past.add([kept._replace(occurrence=open_)], NOW_MS)


def test_a_callback_is_brought_back_with_what_it_tells(
    stores: Stores, past: PastStore, maker: PastMaker
) -> None:
    """A redelivery of it needs that. Its event does not list it."""
    (kept,) = filter(None, stores.occurrences.past([maker.missed(NOW_MS)]))
    about, event_id = kept.occurrence.id, kept.occurrence.event_id
    one = replace(kept.occurrence, id=ids.callback_id(event_id, about, "failed"), callback_of=about)
    told = kept._replace(occurrence=one, report=b"failed\n1\n2\n1\n500\nno")
    assert past.add([told], NOW_MS) == 1
    assert stores.occurrences.past([one.id]) == [told]
    assert stores.client.zcard(keys.event_occurrences(maker.partition, event_id)) == 1
