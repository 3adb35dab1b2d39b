"""What history takes is told about right, whatever form it has."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.store.connection import StoreClient
from app.store.history_size import HistorySize, HistorySizes
from app.store.past import PastStore
from app.store.scripts import Scripts
from tests.store.conftest import Stores, open_stores
from tests.support.clock import NOW_MS
from tests.support.past import PastMaker

LATER_MS = NOW_MS + 86_400_000
COUNT = 1_500


def packed(maker: PastMaker, at_ms: int) -> None:
    some = maker.completed(at_ms, 100)
    assert maker.work.pages.pack(maker.partition, some, LATER_MS) == 100


KINDS: dict[str, Callable[[PastMaker, int], object]] = {
    "short": lambda maker, at_ms: maker.completed(at_ms, 100),
    "answers": lambda maker, at_ms: maker.completed(at_ms, 100, b"an answer " * 30),
    "packed": packed,
    "hashes": lambda maker, at_ms: [maker.missed(at_ms + number) for number in range(100)],
}


def taken(client: StoreClient) -> int:
    """What all keys take. (The server's own figure moves with what it does beside.)"""
    pipe = client.pipeline(transaction=False)
    for key in client.scan_iter(count=10_000):
        pipe.memory_usage(key, samples=0)
    return sum(pipe.execute())


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_what_the_store_gets_back_when_it_is_deleted(store_url: str, kind: str) -> None:
    """To a quarter."""
    stores = open_stores(store_url, 1)
    past = PastStore(stores.client, Scripts(stores.client))
    sizes = HistorySizes(stores.client, past, stores.occurrences)
    maker = PastMaker(stores.client, stores.events, stores.work)
    KINDS[kind](maker, NOW_MS - 100)
    past.delete(0, list(past.oldest(0, LATER_MS)))  # the store knows all scripts from now on
    assert sizes.of(0, LATER_MS) == HistorySize(0, 0)
    for at_ms in range(NOW_MS, NOW_MS + COUNT, 100):
        KINDS[kind](maker, at_ms)
    count, size = sizes.of(0, LATER_MS)
    before = taken(stores.client)
    assert count == past.delete(0, list(past.oldest(0, LATER_MS))) == COUNT
    assert size == pytest.approx(before - taken(stores.client), rel=0.25)
    assert sizes.of(0, LATER_MS) == HistorySize(0, 0)
    stores.client.close()


def test_what_is_under_way_is_no_history(stores: Stores) -> None:
    """Its short form is stored beside those of what has ended."""
    past = PastStore(stores.client, Scripts(stores.client))
    sizes = HistorySizes(stores.client, past, stores.occurrences)
    maker = PastMaker(stores.client, stores.events, stores.work)
    maker.completed(NOW_MS, 50)
    count, before = sizes.of(maker.partition, LATER_MS)
    for number in range(50):
        maker.event(NOW_MS + 3_600_000 + number)
    assert sizes.of(maker.partition, LATER_MS).occurrences == count
    assert sizes.of(maker.partition, LATER_MS).bytes == pytest.approx(before, rel=0.3)
