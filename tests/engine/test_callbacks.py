"""Who is told of an end, and what becomes of the telling."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain import ids
from app.domain.access import MASTER
from app.domain.event import EventStatus
from app.domain.occurrence import OccurrenceStatus
from app.domain.outcome import Outcome, Timings
from app.engine.attempts import record_of, unsendable
from app.services.queries import EventChanges, OccurrenceQuery, TagFilter
from tests.support.clock import NOW_MS
from tests.support.invariants import broken
from tests.support.services import HOUR_MS

NOWHERE = Timings(0, 0, 0)
OK = Outcome(NOWHERE, 200)
GONE = Outcome(NOWHERE, 410, error="status", error_message="the receiver answered 410")
BROKEN = Outcome(NOWHERE, 500, error="status", error_message="the receiver answered 500")
ACCEPTED = Outcome(NOWHERE, 202, ack_required=True)
BOTH = {"on_failure": "https://example.com/sad", "on_success": "https://example.com/glad"}
ONE_TRY = {"attempts": 1}


@pytest.fixture
def fire(services, create, clock):
    """Makes an event and claims its occurrence."""

    def make(**options: Any):
        event = create(**options)
        clock.ms = NOW_MS + HOUR_MS
        (claimed,) = claim(services, clock)
        return event, claimed

    return make


def claim(services, clock):
    clock.ms += 1
    return [
        one
        for partition in range(services.settings.partitions)
        for one in services.storage.work.claim(
            partition, b"w", clock.ms, now_ms=clock.ms, limit=9, lease_ms=HOUR_MS
        )
    ]


def end(services, clock, claimed, outcome) -> bool:
    """Record an outcome; returns whether the event's receiver is gone."""
    record, gone = record_of(claimed, outcome, clock.ms, 0.5)
    assert services.storage.work.record([record], clock.ms) == 1
    assert broken(services.storage.client, services.settings.partitions) == []
    return gone


@pytest.mark.parametrize(
    ("outcome", "options", "told"),
    [
        (OK, BOTH, "glad"),
        (OK, {"on_failure": BOTH["on_failure"]}, None),
        (OK, {}, None),
        (BROKEN, {**BOTH, "retry": ONE_TRY}, "sad"),
        (BROKEN, {"on_success": BOTH["on_success"], "retry": ONE_TRY}, None),
        (BROKEN, BOTH, None),  # it is tried again
        (GONE, BOTH, "sad"),
        (ACCEPTED, BOTH, None),  # it waits
    ],
)
def test_who_is_told(services, clock, fire, outcome, options, told) -> None:
    _, claimed = fire(**options)
    end(services, clock, claimed, outcome)
    urls = [one.action.target for one in claim(services, clock)]
    assert urls == ([f"https://example.com/{told}"] if told else [])


@pytest.mark.parametrize(("verb", "told"), [("ack", "glad"), ("nack", "sad"), ("late", "sad")])
def test_what_a_receiver_says_afterwards_is_told_too(services, clock, fire, verb, told) -> None:
    event, claimed = fire(**BOTH, retry=ONE_TRY)
    end(services, clock, claimed, ACCEPTED)
    name = ids.to_text(claimed.occurrence_id)
    token = services.crypto.ack_tokens.of(claimed.occurrence_id, 1)
    if verb == "ack":
        services.acknowledgements.ack(name, token)
    elif verb == "nack":
        services.acknowledgements.nack(name, token, "no", retry=True)
    else:
        clock.advance(HOUR_MS)
        services.acknowledgements.overdue(ids.partition_of_event(event.id), clock.ms)
    (callback,) = claim(services, clock)
    assert callback.action.target == f"https://example.com/{told}"


@pytest.mark.parametrize("outcome", [OK, GONE, ACCEPTED])
def test_nobody_is_told_of_a_callback(services, clock, fire, outcome) -> None:
    """And its receiver being gone is nothing to the event."""
    event, claimed = fire(**BOTH, schedule={"every": "1d"})
    end(services, clock, claimed, OK)
    (callback,) = claim(services, clock)
    assert end(services, clock, callback, outcome) is False
    if outcome is ACCEPTED:
        token = services.crypto.ack_tokens.of(callback.occurrence_id, 1)
        services.acknowledgements.ack(ids.to_text(callback.occurrence_id), token)
    assert claim(services, clock) == []
    assert services.events.get(ids.to_text(event.id), MASTER).status is EventStatus.ACTIVE


def test_one_that_died_with_its_workers_is_told_of(services, clock, fire) -> None:
    _, claimed = fire(**BOTH)
    claimed.deaths = 3
    record = unsendable(claimed, clock.ms)
    assert record is not None
    services.storage.work.record([record], clock.ms)
    (callback,) = claim(services, clock)
    assert callback.callback is not None
    assert callback.callback.attempt_count == 0
    assert callback.callback.error_message == "3 workers died while delivering it"


@pytest.mark.parametrize("change", ["deleted", "cleared"])
def test_one_that_nobody_wants_any_more_is_cancelled(services, clock, fire, change) -> None:
    event, claimed = fire(**BOTH)
    end(services, clock, claimed, OK)
    name = ids.to_text(event.id)
    if change == "deleted":
        services.events.delete(name, MASTER, None)
    else:
        services.events.update(name, EventChanges({"on_success": None}), MASTER, None)
    (callback,) = claim(services, clock)
    record = unsendable(callback, clock.ms)
    assert record is not None
    services.storage.work.record([record], clock.ms)
    ended = services.occurrences.get(ids.to_text(callback.occurrence_id), MASTER)
    assert (ended.status, ended.attempt_count) == (OccurrenceStatus.CANCELLED, 0)
    assert broken(services.storage.client, services.settings.partitions) == []


def test_it_is_never_missed(services, clock, fire) -> None:
    """The misfire policy is about the event's own times."""
    _, claimed = fire(**BOTH, misfire={"policy": "skip", "grace": "1s"})
    end(services, clock, claimed, OK)
    clock.advance(HOUR_MS)
    (callback,) = claim(services, clock)
    assert unsendable(callback, clock.ms) is None


def test_where_it_is_listed(services, clock, fire) -> None:
    """Among occurrences by tag and status; not among its event's, and in no calendar."""
    event, claimed = fire(**BOTH)
    end(services, clock, claimed, OK)
    red = TagFilter(("red",))
    listed = services.occurrences.list(OccurrenceQuery(tags=red), MASTER).items
    assert [one.callback_of for one in listed] == [claimed.occurrence_id, None]
    scheduled = services.occurrences.list(OccurrenceQuery(status="scheduled"), MASTER)
    assert [one.callback_of for one in scheduled.items] == [claimed.occurrence_id]
    name = ids.to_text(event.id)
    (own,) = services.occurrences.of_event(name, MASTER, 10, None).items
    assert own.id == claimed.occurrence_id
    clock.advance(1)
    assert len(services.feed.contents(services.feed.read(red, MASTER)).happenings) == 1
