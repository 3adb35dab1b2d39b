"""Sealed secrets where they lie: read in batches, claimed as they are, replaced once."""

from __future__ import annotations

import pytest

from app.domain import ids
from app.domain.alerts import Alert, AlertType
from app.domain.event import EncryptedHeaders
from app.store import keys
from app.store.alerts import AlertStore
from app.store.encrypted_secrets import (
    EncryptedSecret,
    EncryptedSecrets,
    headers_of,
    owner_of_alert,
)
from app.store.event_plans import Plan, Saved
from app.store.fields import EventField
from app.store.scripts import Scripts
from tests.store.conftest import Stores
from tests.support.builders import an_event
from tests.support.clock import NOW_MS


@pytest.fixture
def event(stores: Stores):
    """One in the last partition, with both kinds of secrets."""
    made = an_event(
        partition=stores.partitions - 1,
        hmac_secret=b"old secret",
        headers=EncryptedHeaders(("Authorization", "X-Team"), b"old headers"),
    )
    plan = Plan(scheduled_ms=made.start_ms, due_ms=made.start_ms)
    assert stores.events.save(made, plan, None, NOW_MS) is Saved.DONE
    return made


def test_headers_are_stored_and_claimed_as_they_were_encrypted(stores: Stores, event) -> None:
    """Their names beside them; an event without any has neither."""
    assert stores.events.get(event.id).headers == event.headers
    (claimed,) = stores.work.claim(
        stores.partitions - 1, b"w", 1, now_ms=event.start_ms, limit=9, lease_ms=30_000
    )
    assert (claimed.secret, claimed.headers) == (b"old secret", b"old headers")
    plain = an_event()
    stores.events.save(plain, Plan(), None, NOW_MS)
    assert stores.events.get(plain.id).headers is None
    key = keys.event(ids.partition_of_event(plain.id), plain.id)
    assert not stores.client.hexists(key, EventField.HEADERS)


def test_a_repeated_replacement_changes_nothing(stores: Stores, event) -> None:
    """Nor one of a value that has changed meanwhile; version and occurrence stay."""
    secrets = EncryptedSecrets(stores.client, Scripts(stores.client), stores.lists)
    (found,) = secrets.batches()
    assert found == [
        EncryptedSecret(event.id, EventField.SECRET, b"old secret"),
        EncryptedSecret(event.id, EventField.HEADERS, b"old headers"),
    ]
    assert [one.owner for one in found] == [event.id, headers_of(event.id)]
    before = stores.events.get(event.id)
    renewed = [(one, b"new " + one.field.encode()) for one in found]
    assert secrets.replace(renewed) == 2
    after = stores.events.get(event.id)
    assert (after.hmac_secret, after.headers and after.headers.encrypted) == (
        b"new sec",
        b"new hdr",
    )
    assert (after.version, after.next_ms) == (before.version, before.next_ms)
    assert secrets.replace(renewed) == 0
    assert stores.events.get(event.id) == after


def test_where_alerts_go_is_replaced_too(stores: Stores) -> None:
    """Else a change of the key would leave them behind."""
    alerts = AlertStore(stores.client)
    alerts.put(Alert("a1", "n", AlertType.SLACK, (), sealed=b"old destination"))
    alerts.put(Alert("a2", "n", AlertType.MAIL, ()))
    secrets = EncryptedSecrets(stores.client, Scripts(stores.client), stores.lists)
    (found,) = secrets.batches()
    assert [one.name for one in found] == ["the alert a1"]
    assert found[0].owner == owner_of_alert("a1")
    assert secrets.replace([(found[0], b"new destination")]) == 1
    assert secrets.replace([(found[0], b"newer")]) == 0
    assert alerts.sealed() == {"a1": b"new destination"}
