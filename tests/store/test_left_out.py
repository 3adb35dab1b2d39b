"""Reads that leave partitions out, and reads of many partitions in one round trip."""

from __future__ import annotations

from functools import partial

import pytest

from app.metrics.registry import Registry
from app.store import keys
from app.store.index_reads import IndexReads
from app.store.indexes import IndexReader, Total
from app.store.left_out import leaving_out, left_out, partitions_there
from app.store.scripts import Scripts
from app.store.selections import IndexClause, Selection
from tests.store.conftest import Stores

TAG = partial(keys.tag_events, tag="t")
SELECTION = Selection(any_of=(TAG,))


def id_in(partition: int, number: int) -> bytes:
    """The id of an event in a partition."""
    place = (0x8000 | partition << 2).to_bytes(2, "big")
    return b"%06d\x70\x00%b%06d" % (number, place, number)


@pytest.fixture
def filled(stores: Stores) -> Stores:
    """Eight events, the next always in another partition."""
    for number in range(8):
        partition = number % stores.partitions
        stores.client.zadd(TAG(partition), {id_in(partition, number): number})
    return stores


def numbers(stores: Stores) -> list[int]:
    return [score for score, _ in stores.lists.walk(SELECTION)]


def test_a_list_is_in_order_without_what_it_leaves_out(filled: Stores) -> None:
    with leaving_out({1, 3}):
        found, total = numbers(filled), filled.lists.total(SELECTION)
    if filled.partitions == 1:
        assert found == list(range(7, -1, -1)), "what has one partition leaves none out"
    else:
        assert found == [6, 4, 2, 0]
        assert total == Total(4)
    assert numbers(filled) == list(range(7, -1, -1)), "it is whole again"


def test_what_is_left_out_is_so_in_its_context_alone() -> None:
    with leaving_out({2}):
        assert left_out() == {2}
        assert list(partitions_there(4)) == [0, 1, 3]
    assert not left_out()
    assert list(partitions_there(4)) == [0, 1, 2, 3]


@pytest.mark.parametrize("forgotten", [False, True])
def test_all_partitions_are_read_in_one_round_trip(filled: Stores, *, forgotten: bool) -> None:
    """Also if the store has forgotten the script, which then is sent again."""
    registry = Registry()
    reads = IndexReads(filled.client, Scripts(filled.client, registry), filled.partitions)
    reads.sizes([IndexClause((TAG,))], "-inf", "+inf")
    if forgotten:
        filled.client.script_flush()
    before = trips(registry)
    assert reads.sizes([IndexClause((TAG,))], "-inf", "+inf") == [8]
    more = filled.partitions if forgotten and filled.partitions > 1 else 0
    assert trips(registry) == before + 1 + more


def trips(registry: Registry) -> int:
    """How many round trips of scripts there were."""
    fields = registry.totals().items()
    return sum(n for name, n in fields if name.startswith("store_") and not name.endswith("|sum"))


def test_entries_of_a_partition_that_is_left_out_fit_nothing(filled: Stores) -> None:
    reader = IndexReader(filled.client, Scripts(filled.client), 4)
    entries = [(number, id_in(number % filled.partitions, number)) for number in range(8)]
    with leaving_out({0}):
        found = reader.fitting(entries, IndexClause((TAG,)))
    assert [score for score, _ in found] == [n for n in range(8) if n % filled.partitions]
