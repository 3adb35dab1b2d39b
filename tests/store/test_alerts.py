"""Alerts in the store: read as they were written, and gone with all that belongs to them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.domain.alert_groups import AlertGroup, Sends
from app.domain.alerts import Alert, AlertType, Condition, Finding
from app.store.alert_watch import AlertWatchStore, Change
from app.store.alerts import AlertStore
from tests.store.conftest import Stores

ALERT = Alert(
    "a1",
    "größe",
    AlertType.WEBHOOK,
    (Condition.FAILING, Condition.LAG),
    ("red",),
    (),
    "https://chat.example",
    has_secret=True,
    per_hour=3,
    lag_ms=5_000,
    created_ms=1,
    updated_ms=2,
    sealed=b"\x01\xff\n",
)


@pytest.fixture
def alerts(stores: Stores) -> AlertStore:
    return AlertStore(stores.client)


def test_one_is_read_as_it_was_written(alerts: AlertStore) -> None:
    older = replace(ALERT, id="a0", created_ms=0, sealed=None)
    alerts.put(ALERT)
    alerts.put(older)
    assert (alerts.get("a1"), alerts.get("none")) == (ALERT, None)
    assert (alerts.all(), alerts.count()) == ([older, ALERT], 2)
    assert "ff" not in repr(alerts.get("a1"))
    alerts.put(replace(ALERT, sealed=None))
    assert alerts.sealed() == {}


def test_with_one_goes_what_it_has_to_tell(alerts: AlertStore, stores: Stores) -> None:
    alerts.put(ALERT)
    watch = AlertWatchStore(stores.client)
    assert watch.lead(b"me")
    group = AlertGroup("k", 1).add([Finding(Condition.LAG, 1)])
    assert watch.commit(b"me", Change(), {"a1": group})
    alerts.put_sends("a1", Sends((5,), 1, 5, 9, "no"))
    assert alerts.groups() == {"a1": group}
    assert alerts.sends_of("a1") == alerts.all_sends()["a1"] == Sends((5,), 1, 5, 9, "no")
    assert (alerts.delete("a1"), alerts.delete("a1")) == (True, False)
    assert (alerts.groups(), alerts.all_sends(), alerts.all()) == ({}, {}, [])
    alerts.put_sends("a1", Sends((7,)))
    assert alerts.all_sends() == {}


def test_another_form_of_a_secret_takes_its_place_only_if_it_is_still_there(
    alerts: AlertStore,
) -> None:
    alerts.put(ALERT)
    assert not alerts.reseal("a1", b"other", b"new")
    assert alerts.reseal("a1", b"\x01\xff\n", b"new")
    assert alerts.sealed() == {"a1": b"new"}
