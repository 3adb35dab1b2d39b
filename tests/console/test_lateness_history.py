"""The history of lateness: each minute that is over is noted, once, and gaps stay gaps."""

from __future__ import annotations

from app.domain.access import MASTER
from app.services.lateness_history import AT_ONCE, SETTLED_MS
from app.services.overview_parts import LatenessStep, lateness_by_step
from app.store.figures import MINUTE_MS
from app.store.lateness import LatenessLog, MinuteOfLateness
from app.wiring.views import lateness_history
from tests.console.test_overview import OK, run


def test_a_minute_is_noted_when_it_is_over(client, clock, attempt, services):
    clock.advance(MINUTE_MS - clock.ms % MINUTE_MS)
    history = lateness_history(services.storage)
    assert sum(history.note() for _ in range(4)) == 0  # an hour, in parts
    run(client, clock, attempt, OK, "a")
    clock.advance(MINUTE_MS - 1)
    assert history.note() == 0
    clock.advance(SETTLED_MS + 1)
    assert history.note() == 1
    assert (history.note(), lateness_history(services.storage).note()) == (0, 0)
    log = LatenessLog(services.storage.client, services.settings.partitions)
    (noted,) = log.since(0)
    assert noted.size == 1
    hour = services.overview.minutes(MASTER)
    steps = services.overview.lateness_of(hour, MASTER)
    assert [one for one in steps if one.p99 is not None] == [LatenessStep(noted.p50, noted.p99)]
    day = services.overview.day(MASTER)
    assert day is not None
    assert day.total("completed") == 1


def test_what_nobody_noted_is_caught_up_in_parts_and_not_for_ever(client, clock, attempt, services):
    for _ in range(AT_ONCE + 2):
        run(client, clock, attempt, OK, "a")
    clock.advance(2 * MINUTE_MS)
    history = lateness_history(services.storage)
    looked = [history.note() for _ in range(5)]
    assert sum(looked) == AT_ONCE + 2
    assert looked[-1] == 0


def test_of_several_minutes_the_middle_median_and_the_worst_p99_are_told():
    noted = [MinuteOfLateness(at * MINUTE_MS, at, 10 * at, 0, 1) for at in (1, 2, 9, 11)]
    assert lateness_by_step(noted, 0, 2, 10 * MINUTE_MS) == [
        LatenessStep(2, 90),
        LatenessStep(11, 110),
    ]
    assert lateness_by_step([], 0, 1, MINUTE_MS) == [LatenessStep()]
