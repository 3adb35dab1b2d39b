"""What all processes have counted, in the store."""

from __future__ import annotations

import pytest

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
