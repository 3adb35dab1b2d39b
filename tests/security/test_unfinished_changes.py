"""A change that did not come to its end is in the audit log, as one of unknown outcome."""

from __future__ import annotations

import logging
from contextlib import suppress

import pytest

from app.domain.access import MASTER
from app.errors import StoreUnavailable
from app.services.audit import OPEN_MS
from app.store.open_intents import intents_in
from app.wiring.engine import Engine
from tests.security.conftest import NOW_MS


def entries(client):
    return client.get("/audit").json


def test_a_change_stands_though_its_entry_comes_later(process, admin, event, monkeypatch, caplog):
    """The event is changed, the service's own log tells, and upkeep adds an entry of what is known."""

    made = admin.post("/events", json=event).json
    before = entries(admin)

    def fail(*_given):
        raise StoreUnavailable

    with monkeypatch.context() as patched:
        patched.setattr(process.services.audit.log, "append", fail)
        with caplog.at_level(logging.ERROR):
            answer = admin.put(
                f"/events/{made['id']}", json={"name": "b"}, headers={"X-Request-Id": "r-1"}
            )
    assert answer.status_code == 200
    (record,) = caplog.records
    assert "not in the audit log yet" in record.message
    assert (record.action, record.object) == ("event.update", answer.json["id"])
    upkeep = Engine(process.services).upkeep
    process.clock.ms += OPEN_MS
    upkeep.recover()
    assert entries(admin) == before
    process.clock.ms += 1
    upkeep.recover()
    entry = entries(admin)[0]
    assert (entry["action"], entry["object"]) == ("event.update", answer.json["id"])
    assert (entry["outcome"], entry["after"], entry["request"]) == ("unknown", None, "r-1")
    assert entry["at"] == "2030-01-01T00:00:00Z"
    upkeep.recover()
    assert len(entries(admin)) == 2


@pytest.mark.parametrize("error", [StoreUnavailable, MemoryError, KeyboardInterrupt])
def test_what_ends_in_the_middle_of_a_change_has_an_entry(process, admin, event, error):
    """The store goes away, or the process: whether the event is gone, nobody knows."""
    made = admin.post("/events", json=event).json
    scripts = process.services.storage.events._scripts

    def ends(*call):
        scripts(*call)
        raise error

    process.services.storage.events._scripts = ends
    with suppress(KeyboardInterrupt):
        assert admin.delete(f"/events/{made['id']}").status_code >= 500
    process.clock.ms += OPEN_MS + 1
    assert process.services.audit.settle() == 1
    entry = entries(admin)[0]
    assert (entry["action"], entry["object"]) == ("event.delete", made["id"])
    assert (entry["outcome"], entry["before"]) == ("unknown", made)


@pytest.mark.parametrize("intent", ["", "1 []", "1 {", "soon {}", f"{NOW_MS - OPEN_MS - 1} 7"])
def test_an_intent_that_is_none_of_ours_is_an_entry_too(process, admin, intent):
    """It keeps upkeep from nothing."""
    client = process.services.storage.client
    client.hset(intents_in(is_cluster=client.is_cluster)[0].decode(), "x", intent)
    assert process.services.audit.settle() == 1
    assert entries(admin)[0]["outcome"] == "unknown"
    assert process.services.audit.settle() == 0


def test_one_of_many_that_is_refused_leaves_what_the_others_were(process, admin, event):
    """The first event has a new secret; the second was deleted meanwhile."""
    made = [admin.post("/events", json=event).json["id"] for _ in range(2)]
    events = process.services.events
    rotate, rotated = events.rotate_secret, []

    def once(event_id, *given):
        rotated.append(event_id)
        if len(rotated) == 2:
            events.delete(event_id, MASTER, None)
        rotate(event_id, *given)

    object.__setattr__(process.services.rotations, "events", _Changed(events, once))
    assert admin.post("/events/rotate-secret?tags=red").status_code == 404
    assert set(rotated) == set(made)
    process.clock.ms += OPEN_MS + 1
    process.services.audit.settle()
    newest = entries(admin)[0]
    assert (newest["action"], newest["outcome"]) == ("event.rotate-secret", "unknown")


class _Changed:
    """Something with another ``rotate_secret``."""

    def __init__(self, inner, rotate_secret):
        self._inner = inner
        self.rotate_secret = rotate_secret

    def __getattr__(self, name):
        return getattr(self._inner, name)
