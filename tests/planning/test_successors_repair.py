"""How lost successors are repaired within bounds, and what is set aside; see ``successors``.

The stores and timetables are stand-ins: each rule is seen alone, without a server.
"""

from __future__ import annotations

from typing import Any, cast

import pytest

from app.domain import ids
from app.domain.event import Event, EventStatus
from app.domain.timetable import Skipped
from app.errors import InvalidInput, StoreUnavailable
from app.planning.limits import RECONCILED, REPAIR, SUCCESSOR, SUCCESSORS
from app.planning.next_occurrence import TOO_LATE
from app.planning.successors import ASK_EVERY_MS, MAX_STEPS, MOST_LOOKED_AT, Successors
from app.store.calls import Successor, Unattempted
from tests.support.builders import DAILY, a_claim, a_definition, an_event
from tests.support.clock import NOW_MS
from tests.support.planning import DAY_MS, SPREAD_MS, Daily, Events, Outside, Timetables, Writes

SERIES: dict[str, Any] = {
    "recurring": True,
    "scheduled_ms": NOW_MS,
    "definition": a_definition(schedule=DAILY),
}


class Repair:
    """``Successors`` with everything around it replaced."""

    def __init__(self) -> None:
        self.events, self.timetables, self.outside = Events(), Timetables(), Outside()
        self.writes = Writes(self.events)
        self.successors = Successors(
            cast("Any", self.writes),
            cast("Any", self.events),
            cast("Any", self.timetables),
            self.outside.set_aside,
            self.outside.call,
        )

    def add(
        self, *, cost: int = 0, last_ms: int | None = NOW_MS, claimed: bool = True, **fields: Any
    ) -> Event:
        """A series that was claimed last at ``NOW_MS`` and has no successor."""
        event = an_event(**{"start_ms": NOW_MS, "schedule": DAILY, **fields})
        self.events.add(event, last_ms if claimed else None)
        self.timetables.costs[event.id] = cost
        return event

    def reconcile(self, *events: Event) -> None:
        self.successors.reconcile([each.id for each in events], NOW_MS)


@pytest.fixture
def repair() -> Repair:
    return Repair()


def in_days(event: Event, days: int, before: int) -> Successor:
    """The successor on that day of an occurrence of another day."""
    next_ms = NOW_MS + days * DAY_MS
    return Successor(event.id, b"plan", NOW_MS + before * DAY_MS, next_ms, next_ms + SPREAD_MS)


def test_what_the_store_finds_without_a_successor_gets_one(repair: Repair) -> None:
    """The answer counts all that were found, also those that need nothing."""
    event, paused = repair.add(), repair.add(status=EventStatus.PAUSED)
    repair.writes.lost = [paused.id, event.id]
    assert repair.successors.repair(3, NOW_MS - 5, NOW_MS + 1, 10) == 2
    assert repair.writes.asked == [(3, NOW_MS - 5, MOST_LOOKED_AT)]
    assert repair.writes.calls == [("schedule_successors", [in_days(event, 1, 0)], NOW_MS + 1)]
    assert repair.timetables.read == [(event.id, event.definition)]


def test_a_series_that_was_never_claimed_begins_in_the_future(repair: Repair) -> None:
    """It follows its start; with nothing claimed nothing is missed."""
    event = repair.add(claimed=False)
    now_ms = NOW_MS + 3 * DAY_MS + 1
    assert repair.successors.reconcile([event.id], now_ms) == 1
    assert repair.writes.calls == [("schedule_successors", [in_days(event, 4, 0)], now_ms)]


def test_only_an_active_series_that_has_nothing_scheduled_is_planned(repair: Repair) -> None:
    """Others are passed over, and those after them are not."""
    gone = an_event(schedule=DAILY)
    others = [
        gone,
        repair.add(status=EventStatus.PAUSED),
        repair.add(status=EventStatus.INACTIVE),
        repair.add(schedule=None),
        repair.add(next_ms=NOW_MS + DAY_MS),
    ]
    repair.reconcile(*others)
    assert repair.writes.calls == []
    event = repair.add()
    repair.reconcile(*others, event)
    assert repair.writes.planned == [(event.id, NOW_MS + DAY_MS)]
    assert repair.events.reads == 2


def test_what_is_passed_over_is_recorded_before_a_repaired_series_goes_on(repair: Repair) -> None:
    event = repair.add(tags=("red",), options={"misfire": {"grace": "1h"}})
    skipped_ms = NOW_MS + DAY_MS + 5
    repair.timetables.timetable = Daily([Skipped(skipped_ms, "a holiday")])
    now_ms = NOW_MS + 2 * DAY_MS - 1
    repair.successors.reconcile([event.id], now_ms)
    assert repair.writes.calls == [
        (
            "ended",
            [
                Unattempted(event.id, NOW_MS + DAY_MS, ("red",), "missed", TOO_LATE),
                Unattempted(event.id, skipped_ms, ("red",), "skipped", "a holiday"),
            ],
            now_ms,
        ),
        ("schedule_successors", [in_days(event, 2, 0)], now_ms),
    ]


def test_what_calendars_take_away_from_several_series_is_recorded_together(repair: Repair) -> None:
    """By a drain and by a repair alike."""
    repair.timetables.timetable = Daily([Skipped(NOW_MS + 5, "a holiday")])
    events = [repair.add(tags=("red",)) for _ in range(2)]
    claims = [a_claim(n, event_id=one.id, tags=one.tags, **SERIES) for n, one in enumerate(events)]
    repair.successors.schedule(claims, NOW_MS)
    repair.reconcile(*events)
    notes = [Unattempted(one.id, NOW_MS + 5, ("red",), "skipped", "a holiday") for one in events]
    assert repair.writes.calls[::2] == [("ended", notes, NOW_MS)] * 2
    assert len(repair.writes.planned) == 4


def test_occurrences_that_exist_are_passed_over_one_by_one(repair: Repair) -> None:
    """Each round takes those that go on; the others are done."""
    event, other = repair.add(), repair.add()
    repair.writes.made = {(event.id, NOW_MS + days * DAY_MS) for days in (1, 2)}
    repair.reconcile(event, other)
    assert [given for _, given, _ in repair.writes.calls] == [
        [in_days(event, 1, 0), in_days(other, 1, 0)],
        [in_days(event, 2, 1)],
        [in_days(event, 3, 2)],
    ]
    assert repair.events.reads == 3
    assert repair.outside.aside == []


@pytest.mark.parametrize(("existing", "calls"), [(MAX_STEPS, 0), (MAX_STEPS + 1, 1)])
def test_a_drain_passes_over_so_many_and_leaves_the_rest_to_upkeep(
    repair: Repair, existing: int, calls: int
) -> None:
    """The first is passed over by the drain itself; a repair has so many steps, the last succeeds."""
    event = repair.add()
    repair.writes.made = {(event.id, NOW_MS + day * DAY_MS) for day in range(1, existing + 1)}
    repair.successors.schedule([a_claim(event_id=event.id, **SERIES)], NOW_MS)
    assert len(repair.writes.calls) == MAX_STEPS + 1
    assert repair.outside.calls == calls
    assert {now_ms for _, _, now_ms in repair.writes.calls} == {NOW_MS}


@pytest.mark.parametrize(("cost", "planned", "calls"), [(SUCCESSOR, 2, 0), (SUCCESSOR + 1, 1, 1)])
def test_what_costs_a_drain_too_much_to_pass_over_is_left_and_not_set_aside(
    repair: Repair, cost: int, planned: int, calls: int
) -> None:
    """The claim itself costs nothing here, only what follows the occurrence that exists."""
    event = repair.add()
    claim = a_claim(event_id=event.id, **SERIES)
    repair.writes.made = {(event.id, NOW_MS + DAY_MS)}
    repair.timetables.again = cost
    repair.successors.schedule([claim], NOW_MS)
    assert len(repair.writes.planned) == planned
    assert repair.outside.calls == calls
    assert repair.outside.aside == []


def test_a_claim_that_was_left_calls_for_repair_though_others_are_complete(repair: Repair) -> None:
    """Another claim passes over what exists and is done."""
    event, costly = repair.add(), repair.add(cost=SUCCESSOR + 1)
    repair.writes.made = {(event.id, NOW_MS + DAY_MS)}
    claims = [a_claim(n, event_id=each.id, **SERIES) for n, each in enumerate((costly, event))]
    repair.successors.schedule(claims, NOW_MS)
    assert repair.writes.planned == [(event.id, NOW_MS + day * DAY_MS) for day in (1, 2)]
    assert repair.outside.calls == 1


def test_all_claims_of_a_drain_have_one_budget(repair: Repair) -> None:
    """Those that it does not reach are left to upkeep."""
    each = SUCCESSORS // 4
    events = [repair.add(cost=each) for _ in range(5)]
    claims = [a_claim(n, event_id=one.id, **SERIES) for n, one in enumerate(events)]
    repair.successors.schedule(claims, NOW_MS)
    assert [one for one, _ in repair.writes.planned] == [one.id for one in events[:4]]
    assert repair.outside.calls == 1


@pytest.mark.parametrize(("later_ms", "calls"), [(ASK_EVERY_MS - 1, 1), (ASK_EVERY_MS, 2)])
def test_repair_is_called_for_once_in_a_while(repair: Repair, later_ms: int, calls: int) -> None:
    claim = a_claim(event_id=repair.add(cost=SUCCESSOR + 1).id, **SERIES)
    repair.successors.schedule([claim], NOW_MS)
    repair.successors.schedule([claim], NOW_MS + later_ms)
    assert repair.outside.calls == calls


def test_who_ends_within_that_time_calls_before(repair: Repair) -> None:
    """Upkeep's job: what it left would wait for the next round of the periodic upkeep."""
    repair.writes.lost = [repair.add().id for _ in range(2)]
    for _ in range(2):
        repair.successors.repair(0, NOW_MS, NOW_MS, 1)
    assert repair.outside.calls == 1
    for _ in range(2):
        repair.successors.call_if_owed(NOW_MS)
    assert repair.outside.calls == 2


def test_a_drain_goes_on_though_repair_can_not_be_called_for(
    repair: Repair, caplog: pytest.LogCaptureFixture
) -> None:
    """The periodic upkeep comes by anyway, so it is only logged."""
    repair.outside.away = StoreUnavailable()
    repair.successors.schedule([a_claim(event_id=repair.add(cost=9999).id, **SERIES)], NOW_MS)
    (logged,) = caplog.records
    assert logged.levelname == "WARNING"
    assert logged.message == ("RQ is away; the periodic upkeep schedules what this drain has left")


@pytest.mark.parametrize(
    ("cost", "error", "reason"),
    [
        (REPAIR + 1, None, "its schedule takes too many steps to compute"),
        (
            0,
            InvalidInput.field("schedule.frequency", "is unknown"),
            "its schedule can't be read: schedule.frequency: is unknown",
        ),
        (0, ZeroDivisionError(), "its next occurrence can't be computed"),
    ],
    ids=["too costly", "unreadable", "a fault"],
)
def test_an_event_that_can_not_be_planned_is_set_aside_and_stops_no_other(
    repair: Repair,
    caplog: pytest.LogCaptureFixture,
    cost: int,
    error: Exception | None,
    reason: str,
) -> None:
    """With its reason; only a fault of ours is logged, with its traceback and the event."""
    bad, good = repair.add(cost=cost), repair.add(cost=REPAIR)
    repair.timetables.errors = {bad.id: error} if error else {}
    repair.reconcile(bad, good)
    assert repair.outside.aside == [(bad.id, reason)]
    assert repair.writes.planned == [(good.id, NOW_MS + DAY_MS)]
    is_fault = isinstance(error, ZeroDivisionError)
    assert [
        (one.message, one.levelname, vars(one)["event"], one.exc_info is not None)
        for one in caplog.records
    ] == [("an event can't be planned", "ERROR", ids.to_text(bad.id), True)] * is_fault


def test_a_store_that_is_away_is_no_fault_of_the_event(repair: Repair) -> None:
    """Calendars are read from it; the caller tries again."""
    event = repair.add()
    repair.timetables.errors = {event.id: StoreUnavailable()}
    with pytest.raises(StoreUnavailable):
        repair.reconcile(event)
    assert repair.outside.aside == []


def test_what_the_budget_of_a_run_does_not_reach_is_left_to_the_next(repair: Repair) -> None:
    """An event is begun only while all that it may cost is there, so none is set aside for it."""
    full = (RECONCILED - REPAIR) // REPAIR
    rest = RECONCILED - REPAIR - full * REPAIR
    events = [repair.add(cost=cost) for cost in [REPAIR] * full + [rest, REPAIR, 0, 0]]
    repair.writes.made = {(events[0].id, NOW_MS + DAY_MS)}
    repair.reconcile(*events)
    assert [one for one, _ in repair.writes.planned] == [one.id for one in events[:-2]]
    assert repair.outside.aside == []
    assert repair.events.reads == 1
