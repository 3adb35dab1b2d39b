"""What is left of an event's hash when the event is changed."""

from __future__ import annotations

import pytest

from app.domain.action import webhook
from app.domain.event import EncryptedHeaders, Event, EventStatus
from app.domain.options import NO_OPTIONS, EventOptions
from app.store import keys
from app.store.event_plans import KEEP, NOTHING, Plan, Saved
from app.store.events import EventStore
from app.store.fields import EventField
from app.store.scripts import Scripts
from app.store.terms import EventTerms
from tests.store.conftest import Stores
from tests.support.builders import DAILY, an_event
from tests.support.clock import NOW_MS

OF_THE_SERIES = {EventField.RUNNING: b"running", EventField.QUEUED: b"queued"}
OF_MOVES = {EventField.CAME_FROM: b"0"}
FOR_GOOD = {EventField.KEY, EventField.CAME_FROM}
NEVER_THERE = {EventField.MOVED}
"""What has it has nothing else."""

REACHED = {EventField.NEXT, EventField.LAST, EventField.PLAN, EventField.FOLLOWING}


def full(stores: Stores) -> Event:
    """An event that has every field, as stored."""
    options = {
        "overlap": "skip",
        "calendars": ["h"],
        "pause": {"until_ms": 1_893_456_000_000},
        "flow": {"key": "f"},
        "flow_space": "",
        "key": "k",
    }
    event = an_event(
        partition=stores.partitions - 1,
        name="e",
        schedule=DAILY,
        options=options,
        action=webhook("https://a.example"),
        metadata_json='{"n":"%s"}' % ("x" * 200),
        hmac_secret=b"secret",
        headers=EncryptedHeaders(("X-Key",), b"headers"),
        updated_ms=NOW_MS + 3_600_000,  # however many events this process has made
    )
    plan = Plan(scheduled_ms=event.start_ms, due_ms=event.start_ms)
    declaring = EventStore(
        stores.client, Scripts(stores.client), stores.partitions, EventTerms(("n",))
    )
    assert declaring.save(event, plan, None, NOW_MS) is Saved.DONE
    key = keys.event_of(event.id)
    reached = {EventField.LAST: b"1", EventField.FOLLOWING: b"1"}
    stores.client.hset(key, mapping={**OF_THE_SERIES, **OF_MOVES, **reached})
    assert set(stored(stores, event)) == set(EventField) - NEVER_THERE, (
        "its definition has four pieces"
    )
    return stores.events.get(event.id)


def bare(event: Event) -> Event:
    """The same event with nothing that it may be without."""
    return event.changed(
        version=2,
        updated_ms=event.created_ms,
        tags=(),
        metadata_json="{}",
        hmac_secret=None,
        headers=None,
        options=NO_OPTIONS,
        schedule=None,
        status=EventStatus.ACTIVE,
    )


def stored(stores: Stores, event: Event) -> dict[str, bytes]:
    fields = stores.client.hgetall(keys.event_of(event.id))
    return {name.decode(): value for name, value in fields.items()}


@pytest.mark.parametrize(("plan", "reached"), [(KEEP, REACHED), (NOTHING, set())])
def test_an_event_loses_what_it_is_not_given_and_keeps_what_its_series_has_reached(
    stores: Stores, plan: Plan, reached: set[EventField]
) -> None:
    """A field that the scripts write stays; a field that the caller writes is as he gives it."""
    before = full(stores)
    old = stored(stores, before)
    assert stores.events.save(bare(before), plan, before, NOW_MS + 9) is Saved.DONE
    new = stored(stores, before)
    given = {EventField.DEFINITION, EventField.VERSION, EventField.STATUS, EventField.REQUEST}
    assert set(new) == given | reached | FOR_GOOD | set(OF_THE_SERIES)
    kept = FOR_GOOD | set(OF_THE_SERIES) | (reached if plan is KEEP else set())
    assert {name: new[name] for name in kept} == {name: old[name] for name in kept}


def test_a_series_that_has_ended_does_not_go_on_with_a_change_that_keeps_it(
    stores: Stores,
) -> None:
    """Only a new plan begins a series anew."""
    before = full(stores)
    stores.client.hdel(keys.event_of(before.id), EventField.RECURRING)
    changed = before.changed(version=2, options=EventOptions({"overlap": "skip"}))
    assert stores.events.save(changed, KEEP, before, NOW_MS + 9) is Saved.DONE
    assert EventField.RECURRING not in stored(stores, before)
