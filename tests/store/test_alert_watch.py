"""Who looks for alerts: one at a time, and what it finds is written whole or not at all."""

from __future__ import annotations

import pytest

from app.domain.alert_groups import AlertGroup, Sends
from app.domain.alerts import Condition, Finding
from app.errors import StoreUnavailable
from app.store.alert_keys import LEADER
from app.store.alert_watch import AlertWatchStore, Change
from app.store.alerts import AlertStore
from app.store.connecting import connect
from tests.store.conftest import Stores
from tests.support.ports import free_port

GROUP = AlertGroup("k", 1).add([Finding(Condition.DEAD_LETTER, 1, "e")])


@pytest.fixture
def watch(stores: Stores) -> AlertWatchStore:
    return AlertWatchStore(stores.client)


def test_one_leads_until_it_leaves_or_its_lease_ends(watch, stores: Stores) -> None:
    assert watch.lead(b"first")
    assert watch.lead(b"first")
    assert not watch.lead(b"second")
    watch.leave(b"second")
    assert not watch.lead(b"second")
    watch.leave(b"first")
    assert watch.lead(b"second")
    assert 0 < stores.client.pttl(LEADER) <= 30_000


def test_what_is_found_is_written_with_what_is_known(watch, stores: Stores) -> None:
    assert watch.lead(b"me")
    assert watch.commit(b"me", Change({"ended:0": 5, "breaker:x": 6}), {"a": GROUP})
    assert watch.commit(b"me", Change({"ended:0": 7}, ["breaker:x"]), {})
    assert watch.known() == {"ended:0": 7}
    assert watch.read_until(2) == {0: 7}
    assert watch.note(b"me", {"a": Sends((1,))}, ["a"])
    alerts = AlertStore(stores.client)
    assert (alerts.groups(), alerts.all_sends()) == ({}, {"a": Sends((1,))})
    watch.clear()
    assert not watch.is_known()


def test_whoever_leads_no_more_writes_nothing(watch) -> None:
    """A process that was held up: another has looked since, and may have told the same."""
    assert watch.lead(b"other")
    assert not watch.commit(b"me", Change({"ended:0": 5}), {"a": GROUP})
    assert not watch.note(b"me", {"a": Sends((1,))}, ["a"])
    assert watch.known() == {}


def test_a_store_that_is_away_is_named_so() -> None:
    client = connect(f"redis://127.0.0.1:{free_port()}/0", retries=0)
    with pytest.raises(StoreUnavailable):
        AlertWatchStore(client).commit(b"me", Change(), {})
    client.close()
