"""A tenant whose call meets a change of tags in between: what it may do is judged as it is done."""

from __future__ import annotations

from contextvars import Context
from typing import Any

import pytest

from app.store.calls import Record
from app.store.open_intents import intents_in
from tests.security.conftest import NOW_MS, SECOND_MS
from tests.support.invariants import snapshot

RECURRING = {"start_time": "2029-12-01T00:00:00Z", "schedule": {"frequency": "daily"}}
PAST = {"from": "2029-12-30T00:00:00Z", "to": "2029-12-31T00:00:00Z"}
CALLS: dict[str, tuple[str, str, Any]] = {
    "change": ("PUT", "", {"name": "mine"}),
    "delete": ("DELETE", "", None),
    "trigger": ("POST", "/trigger", None),
    "pause": ("POST", "/pause", None),
    "backfill": ("POST", "/backfill", PAST),
    "rotate": ("POST", "/rotate-secret", None),
}


class Meanwhile:
    """Runs scripts, and something else before the first one of those that are named."""

    def __init__(self, store: Any, act: Any) -> None:
        self._scripts = store._scripts
        self._act = act
        store._scripts = self

    def __call__(self, name: str, *args: Any) -> Any:
        act, self._act = self._act, None
        if act is not None:
            Context().run(act)  # another process knows nothing of this request
        return self._scripts(name, *args)


@pytest.mark.parametrize(("tags", "status"), [(["red", "blue"], 403), (["blue"], 404)])
@pytest.mark.parametrize("call", CALLS)
def test_an_event_that_leaves_the_scope_meanwhile_stays_as_it_is(start, event, call, tags, status):
    ours, theirs = start(), start()
    tenant = theirs.client(ours.mint(scope=["red"]))
    # With a secret: which key encrypts is noted before anything is encrypted with it.
    body = {**event, **RECURRING, "hmac_secret": "a secret of the event's"}
    path = f"/events/{ours.client().post('/events', json=body).json['id']}"
    tenant.get("/events")
    after: list[Any] = []

    def leave() -> None:
        assert ours.client().put(path, json={"tags": tags}).status_code == 200
        found = snapshot(ours.services.storage.client)
        for key in intents_in(is_cluster=ours.services.storage.client.is_cluster):
            found.pop(key, None)  # what is about to be changed; nothing of it stays
        after.append(found)

    Meanwhile(theirs.services.storage.events, leave)
    method, rest, body = CALLS[call]
    assert tenant.open(f"{path}{rest}", method=method, json=body).status_code == status
    assert [snapshot(ours.services.storage.client)] == after


@pytest.mark.parametrize("tags", [["red", "blue"], ["blue"]])
def test_a_dead_letter_whose_event_leaves_the_scope_meanwhile_stays_dead(start, event, tags):
    ours, theirs = start(), start()
    tenant = theirs.client(ours.mint(scope=["red"]))
    now = {**event, "start_time": "2030-01-01T00:00:00Z"}
    path = f"/events/{ours.client().post('/events', json=now).json['id']}"
    ours.clock.ms = theirs.clock.ms = NOW_MS + SECOND_MS
    (one,) = ours.services.storage.work.claim(0, b"w", 1, now_ms=NOW_MS, limit=9, lease_ms=30_000)
    failed = Record(one.occurrence_id, one.token, "failed", 500, b"", "no", None, b"")
    ours.services.storage.work.record([failed], NOW_MS)
    (dead,) = tenant.get(f"{path}/occurrences").json
    Meanwhile(
        theirs.services.redeliveries.store, lambda: ours.client().put(path, json={"tags": tags})
    )
    assert tenant.post(f"/occurrences/{dead['id']}/retry").status_code == 409
    (dead,) = ours.client().get(f"{path}/occurrences").json
    assert dead["status"] == "failed"
    assert ours.client().post(f"/occurrences/{dead['id']}/retry").status_code == 202
