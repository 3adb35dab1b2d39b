"""Calendars: what is stored, who may, and how a change reaches the events that name one.

Tests ``app.store.calendars``, too.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.domain.access import MASTER, Access
from app.domain.ids import to_text
from app.errors import Conflict, Forbidden, InvalidInput, NotFound, StoreUnavailable
from app.services import calendars as module
from app.services.queries import EventChanges
from app.store import keys
from tests.support.clock import NOW_MS

DAY_MS = 86_400_000
READER = Access("reader", "read", frozenset({"red"}))
WRITER = Access("writer", "read_write", frozenset({"red"}))
NEW_YEAR = {"dates": ["2026-01-02"]}


@pytest.fixture
def queue(services):
    return services.queues.upkeep


@pytest.fixture
def calendars(services):
    return services.calendars


@pytest.fixture
def daily(services, calendars, create):
    """Makes events every day at 00:00 that pause on the days of a calendar."""

    def make(*names, **given):
        return create(
            start_time=NOW_MS + DAY_MS,
            schedule={"frequency": "daily"},
            calendars=list(names),
            **given,
        )

    return make


def next_of(services, event):
    return services.storage.events.get(event.id).next_ms


def test_a_calendar_is_created_read_replaced_listed_and_deleted(calendars, clock):
    view, is_new = calendars.put("closed", NEW_YEAR, MASTER)
    assert (is_new, view.events, view.updated_ms) == (True, 0, NOW_MS)
    clock.advance(5)
    view, is_new = calendars.put("closed", {"weekdays": ["SU"]}, MASTER)
    assert not is_new
    assert calendars.get("closed", MASTER) == view
    assert view.definition == {"weekdays": ["SU"]}
    assert view.updated_ms == NOW_MS + 5
    calendars.put("a", {}, MASTER)
    assert [one.name for one in calendars.list(MASTER)] == ["a", "closed"]
    calendars.delete("closed", MASTER)
    with pytest.raises(NotFound):
        calendars.get("closed", MASTER)
    with pytest.raises(NotFound):
        calendars.delete("closed", MASTER)


def test_a_calendar_whose_rules_cost_too_much_is_refused_and_not_stored(calendars):
    """All its rules together, read and followed through a year, have one budget."""
    daily = {"rrule": "FREQ=DAILY"}
    calendars.put("closed", {"rules": [daily] * 5}, MASTER)
    half = {**daily, "exclude": [{"rrule": "FREQ=DAILY;BYMONTH=1,2,3,4,5,6"}]}
    long = {**daily, "days": 366, "from": "9998-01-01"}
    for rules in ([daily] * 50, [long] * 20, [half] * 100):
        with pytest.raises(InvalidInput) as caught:
            calendars.put("closed", {"rules": rules}, MASTER)
        assert caught.value.message == (
            "rules: take too long to follow; use fewer, or such as match less often"
        )
    assert len(calendars.get("closed", MASTER).definition["rules"]) == 5
    yearly = [
        {"rrule": f"FREQ=YEARLY;BYMONTH={n % 12 + 1};BYMONTHDAY={n % 28 + 1}"} for n in range(200)
    ]
    calendars.put("closed", {"rules": yearly}, MASTER)


def test_upkeep_replans_the_rest_if_the_first_events_cost_much(
    services, calendars, daily, queue, clock, monkeypatch
):
    """Whoever puts a calendar waits for a bounded amount of planning, and no event is left out."""
    calendars.put("closed", {}, MASTER)
    events = []
    for _ in range(25):
        clock.advance(1)
        events.append(daily("closed"))
    monkeypatch.setattr(module, "REPLAN_STEPS", 1)
    calendars.put("closed", NEW_YEAR, MASTER)
    skipped = [next_of(services, event) == NOW_MS + 2 * DAY_MS for event in events]
    assert 0 < sum(skipped) <= module.BATCH_IN_REQUEST
    assert queue.names == ["closed"]
    assert calendars.replan("closed") == 25 - sum(skipped)
    assert all(next_of(services, event) == NOW_MS + 2 * DAY_MS for event in events)


def test_who_reads_needs_no_scope_and_who_writes_must_be_admin(calendars):
    calendars.put("closed", NEW_YEAR, MASTER)
    assert calendars.get("closed", READER).events is None
    assert [one.events for one in calendars.list(READER)] == [None]
    for write in (
        lambda: calendars.put("closed", NEW_YEAR, WRITER),
        lambda: calendars.delete("closed", WRITER),
    ):
        with pytest.raises(Forbidden):
            write()


@pytest.mark.parametrize("name", ["", "A", "a b", "a/b", "a:b", "ä", "a" * 65, "a\n"])
def test_a_wrong_name_is_refused_and_names_nothing(calendars, name):
    with pytest.raises(InvalidInput):
        calendars.put(name, {}, MASTER)
    with pytest.raises(NotFound):
        calendars.get(name, MASTER)


def test_a_wrong_definition_is_refused_and_nothing_is_stored(calendars):
    with pytest.raises(InvalidInput):
        calendars.put("closed", {"dates": ["never"]}, MASTER)
    assert calendars.list(MASTER) == []


def test_there_is_a_most(calendars, monkeypatch):
    """But the last one can still be replaced."""
    monkeypatch.setattr(module, "MAX_CALENDARS", 1)
    calendars.put("a", {}, MASTER)
    calendars.put("a", NEW_YEAR, MASTER)
    with pytest.raises(Conflict):
        calendars.put("b", {}, MASTER)


def test_a_calendar_that_an_event_names_stays(services, calendars, daily):
    calendars.put("closed", NEW_YEAR, MASTER)
    event = daily("closed")
    with pytest.raises(Conflict, match="1 events name"):
        calendars.delete("closed", MASTER)
    assert calendars.get("closed", MASTER).events == 1
    services.events.delete(to_text(event.id), MASTER, None)
    calendars.delete("closed", MASTER)


def test_the_book_knows_calendars_and_notices_changes(services, calendars):
    book = services.planning.calendar_cache
    assert book.named([]) == ()
    with pytest.raises(InvalidInput) as refused:
        book.named(["closed"])
    assert list(refused.value.fields) == ["calendars"]
    assert book.known(["closed"]) == ()
    calendars.put("closed", NEW_YEAR, MASTER)
    calendars.put("a", {}, MASTER)
    assert [one.name for one in book.named(["closed", "a"])] == ["closed", "a"]
    assert [one.name for one in book.known(["b", "a"])] == ["a"]
    before = book.named(["closed"])
    assert book.named(["closed"])[0] is before[0]
    calendars.put("closed", {}, MASTER)
    assert book.named(["closed"])[0] is not before[0]
    calendars.delete("closed", MASTER)
    assert book.known(["closed"]) == ()


def test_a_change_moves_what_is_scheduled_at_once(services, calendars, daily, queue):
    """For a few events the answer to the change comes after it; nothing is left to do."""
    calendars.put("closed", {}, MASTER)
    calendars.put("other", {}, MASTER)
    event, other, free = daily("closed"), daily("other"), daily()
    assert next_of(services, event) == NOW_MS + DAY_MS
    calendars.put("closed", NEW_YEAR, MASTER)
    assert next_of(services, event) == NOW_MS + 2 * DAY_MS
    assert next_of(services, other) == next_of(services, free) == NOW_MS + DAY_MS
    calendars.put("closed", {}, MASTER)
    assert next_of(services, event) == NOW_MS + DAY_MS
    assert queue.names == []
    assert services.storage.calendars.pending() == []


def test_a_change_for_many_events_is_left_to_a_worker(
    services, calendars, daily, queue, monkeypatch
):
    """Which goes through all of them in batches."""
    monkeypatch.setattr(module, "REPLAN_AT_ONCE", 5)
    monkeypatch.setattr(module, "BATCH", 4)
    calendars.put("closed", {}, MASTER)
    events = [daily("closed") for _ in range(11)]
    calendars.put("closed", NEW_YEAR, MASTER)
    assert queue.names == ["closed"]
    assert {next_of(services, event) for event in events} == {NOW_MS + DAY_MS}
    assert calendars.replan("closed") >= 11
    assert {next_of(services, event) for event in events} == {NOW_MS + 2 * DAY_MS}
    assert queue.names == ["closed"]
    assert services.storage.calendars.pending() == []


def test_a_job_works_for_a_bounded_time_and_calls_for_the_next(
    services, calendars, daily, queue, clock, monkeypatch
):
    """The next one goes on where it stopped, so other upkeep has its turn."""
    monkeypatch.setattr(module, "REPLAN_AT_ONCE", 0)
    monkeypatch.setattr(module, "BATCH", 1)
    calendars.put("closed", {}, MASTER)
    events = []
    for _ in range(3):
        events.append(daily("closed"))
        clock.advance(1)
    calendars.put("closed", NEW_YEAR, MASTER)
    moved = []

    def replan(event_id):
        moved.append(event_id)
        clock.advance(3_000)

    calendars = replace(calendars, replan_event=replan)
    looked, calls = 0, 0
    while services.storage.calendars.pending():
        looked += calendars.replan("closed")
        calls += 1
    assert looked == 3
    assert sorted(moved) == sorted(event.id for event in events)
    assert calls > 1
    assert queue.names == ["closed"] * calls


def test_with_rq_away_the_change_is_not_lost(
    services, engine, calendars, daily, queue, clock, monkeypatch
):
    """Upkeep finishes what nobody has worked on for a while, and leaves alone what is new."""
    monkeypatch.setattr(module, "REPLAN_AT_ONCE", 0)
    calendars.put("closed", {}, MASTER)
    event = daily("closed")
    queue.away = True
    calendars.put("closed", NEW_YEAR, MASTER)
    engine.upkeep.recover()
    assert next_of(services, event) == NOW_MS + DAY_MS
    clock.advance(module.ABANDONED_AFTER_MS)
    engine.upkeep.recover()
    assert next_of(services, event) == NOW_MS + 2 * DAY_MS
    assert services.storage.calendars.pending() == []


def test_a_change_during_the_work_is_worked_off_too(services, calendars, daily, monkeypatch):
    """The end of the first change's work does not settle the second."""
    monkeypatch.setattr(module, "REPLAN_AT_ONCE", 0)
    calendars.put("closed", {}, MASTER)
    event = daily("closed")
    calendars.put("closed", NEW_YEAR, MASTER)
    (first,) = services.storage.calendars.pending()
    calendars.put("closed", {"dates": ["2026-01-02", "2026-01-03"]}, MASTER)
    services.storage.calendars.settle(first)
    calendars.replan("closed")
    assert next_of(services, event) == NOW_MS + 3 * DAY_MS


def test_one_event_that_can_not_be_planned_does_not_delay_the_others(services, calendars, daily):
    calendars.put("closed", {}, MASTER)
    bad, good = daily("closed"), daily("closed")
    planned = services.events.replan

    def replan(event_id):
        if event_id == bad.id:
            raise InvalidInput
        planned(event_id)

    calendars = replace(calendars, replan_event=replan)
    calendars.put("closed", NEW_YEAR, MASTER)
    assert next_of(services, good) == NOW_MS + 2 * DAY_MS
    assert services.storage.calendars.pending() == []


def test_while_the_store_is_away_the_change_stays_noted(services, calendars, daily):
    calendars.put("closed", {}, MASTER)
    daily("closed")

    def away(_event_id):
        raise StoreUnavailable

    with pytest.raises(StoreUnavailable):
        replace(calendars, replan_event=away).put("closed", NEW_YEAR, MASTER)
    assert len(services.storage.calendars.pending()) == 1


def test_the_index_follows_the_events(services, calendars, daily):
    """An event that names another calendar, or none, is no longer told of the first."""
    calendars.put("a", {}, MASTER)
    calendars.put("b", {}, MASTER)
    event = daily("a", "b")
    assert services.storage.calendars.users(["a", "b"]) == [1, 1]
    name = to_text(event.id)
    services.events.update(name, EventChanges({"calendars": ["b"]}), MASTER, None)
    assert services.storage.calendars.users(["a", "b"]) == [0, 1]
    services.events.update(name, EventChanges({"calendars": None}), MASTER, None)
    assert services.storage.calendars.users(["a", "b"]) == [0, 0]


def test_the_keys_of_calendars_share_a_slot():
    """They are written in one transaction, which a cluster has only within a slot."""
    for key in (keys.CALENDARS, keys.CALENDARS_VERSION, keys.CALENDARS_PENDING):
        assert key.startswith(b"qh:{calendars}")
