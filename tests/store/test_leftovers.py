"""One look tells whether upkeep has anything to recover, of every kind, in any partition."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from app.store import keys
from app.store.audit_archive import HOT, SEGMENT
from app.store.connecting import connect
from app.store.connection import StoreClient
from app.store.leftovers import Leftovers
from app.store.open_intents import intents_in

NOW_MS = 1_800_000_000_000
CLAIMED_BEFORE_MS = NOW_MS - 5_000


@pytest.fixture
def client(store_url: str) -> Iterator[StoreClient]:
    with connect(store_url) as opened:
        yield opened


@pytest.fixture
def leftovers(client: StoreClient) -> Leftovers:
    return Leftovers(client, partitions=2)


def exist(leftovers: Leftovers) -> bool:
    return leftovers.exist(NOW_MS, CLAIMED_BEFORE_MS)


def test_an_empty_store_has_none(leftovers: Leftovers) -> None:
    assert not exist(leftovers)


@pytest.mark.parametrize(
    ("place", "until_ms"),
    [
        (keys.leases, NOW_MS),
        (keys.unacknowledged, NOW_MS),
        (keys.paused, NOW_MS),
        (keys.unscheduled, CLAIMED_BEFORE_MS),
    ],
)
def test_a_moment_that_has_come_is_one_in_the_last_partition_too(
    leftovers: Leftovers, client: StoreClient, place: Callable[[int], bytes], until_ms: int
) -> None:
    client.zadd(place(1), {"later": until_ms + 1})
    assert not exist(leftovers)
    client.zadd(place(1), {"now": until_ms})
    assert exist(leftovers)


@pytest.mark.parametrize("key", [keys.AUDIT_INTENTS, keys.CALENDARS_PENDING])
def test_what_is_under_way_may_have_been_left(
    leftovers: Leftovers, client: StoreClient, key: bytes
) -> None:
    place = intents_in(is_cluster=client.is_cluster)[-1] if key == keys.AUDIT_INTENTS else key
    client.hset(place.decode(), "one", "1")
    assert exist(leftovers)


def test_entries_of_the_audit_log_count_when_they_can_be_packed(
    leftovers: Leftovers, client: StoreClient
) -> None:
    pipe = client.pipeline()
    for _ in range(HOT + SEGMENT - 1):
        pipe.xadd(keys.AUDIT, {"e": "{}"})
    pipe.execute()
    assert not exist(leftovers)
    client.xadd(keys.AUDIT, {"e": "{}"})
    assert exist(leftovers)
