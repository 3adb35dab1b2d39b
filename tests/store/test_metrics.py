"""What all processes have counted, in the store."""

from __future__ import annotations

import pytest

from app.metrics.exemplars import Exemplar
from app.store.metrics import KEPT_MS, MetricsStore
from app.store.scripts import Scripts
from tests.store.conftest import Stores


@pytest.fixture
def metrics(stores: Stores) -> MetricsStore:
    return MetricsStore(stores.client, Scripts(stores.client))


def test_counts_of_all_processes_are_added(metrics: MetricsStore) -> None:
    assert metrics.add("a", 1, {"calls": 1, "errors": 2})
    assert metrics.add("b", 1, {"calls": 10})
    assert metrics.add("a", 2, {"calls": 100})
    assert metrics.totals() == {"calls": 111, "errors": 2}


def test_an_addition_that_is_made_again_changes_nothing(metrics: MetricsStore) -> None:
    """Its answer may have been lost; so may those of earlier ones that come late."""
    for number in (1, 2):
        assert metrics.add("a", number, {"calls": 1})
    for number in (2, 1):
        assert not metrics.add("a", number, {"calls": 1})
    assert metrics.totals() == {"calls": 2}


def test_what_is_known_of_a_process_ends_and_its_counts_stay(
    metrics: MetricsStore, stores: Stores
) -> None:
    metrics.add("a", 1, {"calls": 1})
    assert 0 < stores.client.pttl(b"qh:{metrics}:from:a") <= KEPT_MS
    stores.client.delete(b"qh:{metrics}:from:a")
    assert metrics.totals() == {"calls": 1}


def test_the_newest_exemplar_of_a_bucket_takes_the_place_of_the_one_before(
    metrics: MetricsStore,
) -> None:
    metrics.note_exemplars({"a|1": Exemplar("a" * 32, 1, 5), "a|2": Exemplar("b" * 32, 2, 5)})
    metrics.note_exemplars({"a|1": Exemplar("c" * 32, 0, 9)})
    assert metrics.exemplars() == {
        "a|1": Exemplar("c" * 32, 0, 9),
        "a|2": Exemplar("b" * 32, 2, 5),
    }
    assert metrics.totals() == {}
