"""Recurring events: second by second, paused, changed, deleted, damaged and repaired."""

from __future__ import annotations

import math
import time

import pytest

from app.domain.ids import from_text
from app.setting_variables import load_settings
from app.store import keys
from app.wiring.engine import build_engine
from tests.support.api_client import Api, at, seconds_of
from tests.support.invariants import broken
from tests.support.receiver import Received, Receiver
from tests.support.stack import Stack
from tests.support.wait import wait_until

pytestmark = pytest.mark.e2e

EVERY_SECOND = {"every": "1s"}


def scheduled_s(request: Received) -> float:
    return seconds_of(request.json["scheduled_at"])


def wait_for_more(receiver: Receiver, path: str, more: int = 2) -> None:
    """Wait for further deliveries: time passes for every series alike."""
    receiver.wait_for(len(receiver.requests_to(path)) + more, 30, path)


@pytest.mark.parametrize(
    "schedule",
    [EVERY_SECOND, {"rrule": "FREQ=SECONDLY;COUNT=3"}],
    ids=["every", "rrule"],
)
def test_a_series_comes_second_by_second(api: Api, receiver: Receiver, schedule) -> None:
    """Consecutive seconds, none early, none twice, and never more than one is scheduled."""
    start = math.ceil(time.time()) + 1
    event = api.create(receiver.url("/"), start_time=at(start), schedule=schedule)

    def waiting() -> int:
        listed = [one["status"] for one in api.occurrences(event["id"])]
        assert listed.count("scheduled") <= 1
        return len(receiver.requests)

    wait_until(lambda: waiting() >= 3, "three deliveries come")
    requests = receiver.requests[:3]
    assert [scheduled_s(one) for one in requests] == [start + n for n in range(3)]
    assert all(one.at_ns / 1e9 >= scheduled_s(one) for one in requests)
    assert len({one.webhook_id for one in requests}) == 3
    assert [one.json["attempt"] for one in requests] == [1] * 3
    ended = "COUNT" in str(schedule)
    wait_until(
        lambda: api.event(event["id"])["status"] == ("inactive" if ended else "active"),
        "a series that is exhausted is inactive, any other goes on",
    )


def test_a_paused_series_is_silent_and_goes_on_with_what_is_next(
    api: Api, receiver: Receiver
) -> None:
    """Nothing is scheduled while an event is paused, and nothing of it is made up for."""
    api.create(receiver.url("/other"), schedule=EVERY_SECOND)
    event = api.create(receiver.url("/"), schedule=EVERY_SECOND)
    receiver.wait_for(1, 30, "/")
    paused = api.update(event["id"], status="paused")
    paused_s = seconds_of(paused["updated_at"])
    assert paused["next_occurrence_at"] is None
    assert "scheduled" not in [one["status"] for one in api.occurrences(event["id"])]
    wait_for_more(receiver, "/other")
    resumed = api.update(event["id"], status="active")
    resumed_s = seconds_of(resumed["updated_at"])
    assert seconds_of(resumed["next_occurrence_at"]) > resumed_s
    wait_for_more(receiver, "/", 1)
    times = [scheduled_s(request) for request in receiver.requests_to("/")]
    assert not [one for one in times if paused_s < one <= resumed_s]
    assert len(times) == len(set(times))


def test_a_deleted_series_stops(api: Api, receiver: Receiver) -> None:
    """After a delete nothing is delivered any more; what was recorded stays readable."""
    api.create(receiver.url("/other"), schedule=EVERY_SECOND)
    event = api.create(receiver.url("/"), schedule=EVERY_SECOND)
    receiver.wait_for(1, 30, "/")
    following = wait_until(
        lambda: api.event(event["id"])["next_occurrence_at"], "the next one is scheduled"
    )
    api.client.events.delete(event["id"])
    deleted_s = time.time()
    assert api.call("GET", f"/events/{event['id']}").status == 404
    wait_for_more(receiver, "/other")
    assert all(scheduled_s(request) <= deleted_s for request in receiver.requests_to("/"))
    recorded = api.get(f"/occurrences?event_id={event['id']}")["data"]
    statuses = {one["scheduled_at"]: one["status"] for one in recorded}
    assert set(statuses.values()) <= {"completed", "cancelled"}
    assert "completed" in statuses.values()
    assert following in statuses


def test_a_new_time_replaces_what_was_scheduled(api: Api, receiver: Receiver) -> None:
    """A change of time counts at once: the old time passes, the new one fires."""
    event = api.create(receiver.url("/"), ahead=3_600)
    soon = at(time.time() + 0.5)
    changed = api.update(event["id"], start_time=soon)
    assert changed["next_occurrence_at"] == soon
    (request,) = receiver.wait_for(1, 30)
    assert request.json["scheduled_at"] == soon
    occurrence = api.wait_for_status(event["id"], "completed")
    assert occurrence["scheduled_at"] == soon


def test_what_was_scheduled_for_the_old_time_never_fires(api: Api, receiver: Receiver) -> None:
    """Postponed before its time, an event is silent at the old one."""
    event = api.create(receiver.url("/"), ahead=1.5)
    later = at(time.time() + 3_600)
    assert api.update(event["id"], start_time=later)["next_occurrence_at"] == later
    api.create(receiver.url("/other"), ahead=1.7)
    receiver.wait_for(1, 30, "/other")
    assert not receiver.requests_to("/")
    assert api.only_occurrence(event["id"])["scheduled_at"] == later


@pytest.mark.parametrize("lost", ["next and due", "due"])
def test_reconciliation_mends_a_series_that_lost_its_next_occurrence(
    stack: Stack, api: Api, receiver: Receiver, lost: str
) -> None:
    """Whatever took the entry away: an active event always gets a next occurrence again."""
    event = api.create(receiver.url("/"), ahead=3_600, schedule={"every": "1h"})
    engine = build_engine(load_settings(stack.environ))
    with stack.redis() as client, engine.services.storage.client:
        scheduled = api.only_occurrence(event["id"])
        occurrence = from_text(scheduled["id"], version=8)
        assert occurrence
        due = keys.due_of(from_text(event["id"], version=7) or b"")
        assert client.zrem(due, occurrence) == 1
        if lost == "next and due":
            client.hdel(keys.event(0, from_text(event["id"], version=7) or b""), "next")
            client.zrem(keys.occurrences(0, "scheduled"), occurrence)
            client.hdel(keys.fresh(0), occurrence)
        assert broken(client)

        engine.upkeep.reconcile()
        assert not broken(client)
        assert client.zscore(due, occurrence) is not None
    assert api.only_occurrence(event["id"]) | {"timestamp": None} == scheduled | {"timestamp": None}
