"""The number of partitions rises in two steps, and never falls."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.domain import ids
from app.errors import ConfigError
from app.store import keys
from app.store.connecting import connect
from app.store.connection import StoreClient
from app.store.growth import GrowthStore, PartitionNumbers
from app.store.meta_field import MetaField
from app.store.scripts import Scripts

META = keys.META.decode()


@pytest.fixture
def client(store_url: str) -> Iterator[StoreClient]:
    with connect(store_url) as client:
        client.hset(META, MetaField.PARTITIONS, "2")
        yield client
    ids.keep_to()


@pytest.fixture
def growth(client: StoreClient) -> GrowthStore:
    return GrowthStore(client, Scripts(client))


def test_first_all_are_looked_into_then_they_take_new_events(growth: GrowthStore) -> None:
    assert growth.numbers() == PartitionNumbers(2, 2)
    for _ in range(2):  # a repeated call changes nothing
        assert growth.begin(5)
        assert growth.numbers() == PartitionNumbers(2, 5, named=2)
    for _ in range(2):
        assert growth.end(5)
        assert growth.numbers() == PartitionNumbers(5, 5, named=2, former=frozenset({2}))


def test_it_rises_again_and_names_go_by_the_first_number(growth: GrowthStore) -> None:
    for number in (3, 8):
        assert growth.begin(number)
        assert growth.end(number)
    assert growth.numbers() == PartitionNumbers(8, 8, named=2, former=frozenset({2, 3}))


def test_it_never_falls_and_nothing_ends_that_was_not_begun(growth: GrowthStore) -> None:
    assert not growth.end(4)
    assert growth.begin(4)
    assert not growth.begin(3)
    assert not growth.end(3)
    assert growth.begin(6)  # somebody wants even more
    assert not growth.end(4)
    assert growth.end(6)
    assert growth.begin(5)  # there are as many, and more
    assert growth.numbers().for_new == 6


@pytest.mark.parametrize("field", [MetaField.PARTITIONS, MetaField.FOLDED])
def test_a_store_that_is_unused_or_was_made_smaller_stays_as_it_is(
    client: StoreClient, growth: GrowthStore, field: MetaField
) -> None:
    if field is MetaField.FOLDED:
        client.hset(META, field, "4")
    else:
        client.delete(META)
    assert not growth.begin(8)
    assert growth.numbers().looked_into in (0, 2)


def test_a_process_begins_with_a_number_that_the_store_has_or_had() -> None:
    numbers = PartitionNumbers(4, 8, named=2, former=frozenset({2, 3}))
    for given in (2, 3, 4, 8):
        numbers.require(given)
    with pytest.raises(ConfigError, match="there can't be fewer"):
        numbers.require(1)
    with pytest.raises(ConfigError, match="qhronos rebalance --partitions 16"):
        numbers.require(16)
