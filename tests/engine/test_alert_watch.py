"""What a look finds: each condition once when it begins, and once when it is over."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from app.domain import ids
from app.domain.access import MASTER
from app.domain.alerts import Alert, AlertType, Condition, Finding
from app.domain.event import Event, EventStatus
from app.domain.past import Past
from app.engine import alert_sources
from app.engine import alert_watch as module
from app.engine.alert_sources import BURNING_KEPT_MS, PROBLEMS_KEPT_MS, AlertSources
from app.engine.alert_watch import LASTS_MS, SETTLED_MS
from app.services.queries import EventChanges
from app.store.calls import Record
from app.store.past import Ending, PastStore
from app.wiring.alert_runner import COMPARED, alert_runner
from app.wiring.services import Services
from tests.support.clock import FakeClock
from tests.support.services import HOUR_MS

Create = Callable[..., Event]
ALERT = Alert("a1", "n", AlertType.SLACK, tuple(Condition), origin="https://a.example")


class Looker:
    """Looks as a process does, and keeps what it knows."""

    def __init__(self, sources: AlertSources, clock: FakeClock) -> None:
        self.sources, self.clock = sources, clock
        self.known: dict[str, int] = {}

    def __call__(self, *alerts: Alert) -> list[Finding]:
        self.clock.advance(SETTLED_MS + 100)
        change, found = module.look(
            self.sources, alerts or [ALERT], self.known, self.clock.now_ms()
        )
        self.known |= change.known
        for name in change.forgotten:
            self.known.pop(name, None)
        return found


@pytest.fixture
def look(services: Services, clock: FakeClock) -> Looker:
    runner = alert_runner(services.storage, lambda: services.identity)
    looker = Looker(runner._sources, clock)
    assert looker() == []
    return looker


@pytest.fixture
def attempt(services: Services, clock: FakeClock) -> Iterator[Callable[..., None]]:
    """Has all that is due attempted with this verdict; the successors are scheduled."""
    requests = itertools.count(1)

    def run(verdict: str, code: int = 500) -> None:
        now_ms = clock.now_ms()
        for partition in range(services.settings.partitions):
            claims = services.storage.work.claim(
                partition, b"w", next(requests), now_ms=now_ms, limit=999, lease_ms=30_000
            )
            services.successors.schedule(claims, now_ms)
            again = now_ms + 60_000 if verdict == "retrying" else None
            error = None if verdict == "completed" else f"the receiver answered {code}"
            records = [
                Record(one.occurrence_id, one.token, verdict, code, b"", error, again, b"[1]\n")
                for one in claims
            ]
            services.storage.work.record(records, now_ms)

    return run


@pytest.fixture
def every_hour(create: Create, clock: FakeClock) -> Event:
    return create(name="hourly", start_time=clock.ms + 50, schedule={"every": "1h"})


def kinds(found: list[Finding]) -> list[tuple[Condition, bool, str]]:
    return [(one.condition, one.is_over, one.name) for one in found]


def test_an_event_that_begins_to_fail_is_told_once_and_when_it_succeeds_again(
    look: Looker, every_hour: Event, attempt, clock: FakeClock
) -> None:
    clock.advance(100)
    attempt("retrying")
    (found,) = look()
    assert (found.condition, found.subject) == (Condition.FAILING, ids.to_text(every_hour.id))
    assert (found.detail, found.tags) == ("the receiver answered 500", ("red", "blue"))
    assert look() == []
    clock.advance(60_000)
    attempt("completed", 200)
    assert kinds(look()) == [(Condition.FAILING, True, "hourly")]
    assert look() == []
    clock.advance(HOUR_MS)
    attempt("retrying")
    assert kinds(look()) == [(Condition.FAILING, False, "hourly")]


def test_each_dead_letter_is_told_and_what_is_redelivered_makes_no_event_fail(
    look: Looker, every_hour: Event, attempt, clock: FakeClock, services: Services
) -> None:
    clock.advance(100)
    attempt("failed")
    found = look()
    assert kinds(found) == [
        (Condition.DEAD_LETTER, False, "hourly"),
        (Condition.FAILING, False, "hourly"),
    ]
    dead = found[0].occurrence_id
    clock.advance(HOUR_MS)
    attempt("completed", 200)
    assert kinds(look()) == [(Condition.FAILING, True, "hourly")]
    services.redeliveries.redeliver(dead, MASTER, fresh=False)
    assert look() == []
    attempt("failed")
    assert kinds(look()) == [(Condition.DEAD_LETTER, False, "hourly")]


def test_what_is_brought_back_from_the_archive_is_not_told_again(
    look: Looker, every_hour: Event, attempt, clock: FakeClock, services: Services
) -> None:
    clock.advance(100)
    attempt("failed")
    one = services.storage.occurrences.get(ids.from_text(look()[0].occurrence_id, version=8) or b"")
    past = PastStore(services.storage.client, services.storage.scripts)
    ending = Ending(one.completed_ms or 0, one.id)
    assert past.delete(ids.partition_of_occurrence(one.id), [ending]) == 1
    clock.advance(HOUR_MS)
    attempt("completed", 200)
    assert kinds(look()) == [(Condition.FAILING, True, "hourly")]
    assert past.add([Past(one, [])], clock.now_ms()) == 1
    assert look() == []


def test_one_time_events_are_told_and_forgotten(
    look: Looker, create: Create, attempt, clock: FakeClock
) -> None:
    for number in range(3):
        create(name=f"once {number}", start_time=clock.ms + 1)
    clock.advance(5)
    attempt("failed")
    assert sorted(one for _, _, one in kinds(look())) == sorted([f"once {n}" for n in range(3)] * 2)
    assert [name for name in look.known if name.startswith("failing")] == []
    assert look() == []


def test_more_than_one_look_reads_are_all_told_in_the_end(
    look: Looker, create: Create, attempt, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_shares", lambda _: (4, 3))
    names = [f"once {number}" for number in range(12)]
    for number, name in enumerate(names):
        create(name=name, start_time=clock.ms + 1 + number)
    for _ in range(12):
        clock.advance(1)
        attempt("failed")
    told: list[str] = []
    only = replace(ALERT, conditions=(Condition.DEAD_LETTER,))
    for _ in range(12):
        told += [one.name for one in look(only)]
    assert sorted(told) == sorted(names)


def test_a_breaker_is_told_when_it_opens_and_closes_to_whom_it_concerns(
    look: Looker, create: Create, services: Services, clock: FakeClock
) -> None:
    create()
    target, breakers = "https://example.com:443", services.storage.breakers
    alerts = [
        replace(
            ALERT, id=tag or "all", tags=(tag,) if tag else (), conditions=(Condition.BREAKER_OPEN,)
        )
        for tag in ("red", "green", "")
    ]
    look(*alerts)
    breakers.open(target, clock.now_ms(), first_ms=5_000, longest_ms=9_000, forget_ms=600_000)
    found = look(*alerts)
    assert {one.alert_id for one in found} == {"red", "all"}
    assert {(one.name, one.is_over) for one in found} == {(target, False)}
    assert [alert.id for alert in alerts if any(map(alert.wants, found))] == ["red", "all"]
    assert look(*alerts) == []
    breakers.close(target)
    assert [one.is_over for one in look(*alerts)] == [True, True]


def test_a_breaker_of_another_port_of_the_same_host_is_not_told(
    look: Looker, create: Create
) -> None:
    """It is another target, of events that perhaps only others may know of."""
    concerns = look.sources.concerns
    for number in range(COMPARED):
        create(name=f"e{number}", webhook="https://example.com/x")
        assert concerns("https://example.com:443", ("red",))
        assert not concerns("https://example.com:8443", ("red",))
        assert not concerns("http://example.com:443", ("red",))
    create(name="one more", webhook="https://example.com/x")
    assert concerns("https://example.com:8443", ("red",))  # more than it compares


def test_many_breakers_are_told_by_several_looks_and_asked_of_once_for_the_same_tags(
    look: Looker, create: Create, services: Services, clock: FakeClock
) -> None:
    """Else one who has many targets fail has a look take longer than the lease."""
    create()
    alerts = [
        replace(ALERT, id=one, tags=("red",), conditions=(Condition.BREAKER_OPEN,)) for one in "ab"
    ]
    asked: list[str] = []
    breakers = services.storage.breakers
    look.sources.concerns = lambda target, tags: not asked.append(target)
    look(*alerts)
    targets = [f"https://example.com:{port}" for port in range(1, module.BREAKERS + 3)]
    for one in targets:
        breakers.open(one, clock.now_ms(), first_ms=5_000, longest_ms=9_000, forget_ms=600_000)
    counts = [len(look(*alerts)) for _ in range(3)]
    assert (counts, sorted(asked)) == ([2 * module.BREAKERS, 4, 0], sorted(targets))
    for one in targets:
        breakers.close(one)
    assert [len(look(*alerts)) for _ in range(3)] == [2 * module.BREAKERS, 4, 0]


def test_a_series_that_has_ended_is_told_and_what_occurs_once_is_not(
    look: Looker, create: Create, attempt, clock: FakeClock, services: Services
) -> None:
    create(name="once", start_time=clock.ms + 50)
    create(name="two", start_time=clock.ms + 50, schedule={"every": "1h", "count": 2})
    gone = create(name="gone", start_time=clock.ms + 50, schedule={"every": "1h"})
    clock.advance(100)
    attempt("completed", 200)
    assert look() == []
    clock.advance(HOUR_MS)
    attempt("completed", 410)
    services.events.deactivate(gone.id)
    found = sorted(look(), key=lambda one: one.name)
    assert [(one.condition, one.name) for one in found] == [
        (Condition.SERIES_ENDED, "gone"),
        (Condition.SERIES_ENDED, "two"),
    ]
    assert found[0].detail == "its receiver answered 410 Gone"
    assert look() == []


def test_an_event_that_is_set_aside_is_told_with_its_reason(
    look: Looker, every_hour: Event, services: Services
) -> None:
    services.events.set_aside(every_hour.id, "its schedule can't be read")
    (found,) = look()
    assert (found.condition, found.name) == (Condition.SET_ASIDE, "hourly")
    assert found.detail.startswith("Set aside: its schedule can't be read.")
    assert look() == []


def test_lag_is_told_by_each_alerts_own_measure(
    look: Looker, create: Create, attempt, clock: FakeClock
) -> None:
    create(start_time=clock.ms + 1)
    quick = replace(ALERT, id="quick", conditions=(Condition.LAG,), lag_ms=5_000)
    slow = replace(quick, id="slow", lag_ms=HOUR_MS)
    assert look(quick, slow) == []
    clock.advance(8_000)
    (found,) = look(quick, slow)
    assert (found.alert_id, found.is_over) == ("quick", False)
    assert found.name.startswith("what is due waits for 1")
    assert look(quick, slow) == []
    attempt("completed", 200)
    assert [(one.alert_id, one.is_over) for one in look(quick, slow)] == [("quick", True)]


def test_a_problem_of_the_instance_is_told_once_it_has_lasted_and_when_it_is_over(
    look: Looker,
) -> None:
    """Those of a restart are not; each code is told by itself."""
    problems: dict[str, str] = {}
    look.sources.problems = problems.copy

    def told(advance_ms: int) -> list[tuple[str, str, bool]]:
        look.clock.advance(advance_ms)
        return [(one.name, one.detail, one.is_over) for one in look()]

    problems["no_worker"] = "Start one."
    assert told(PROBLEMS_KEPT_MS) == []
    problems.clear()
    assert told(PROBLEMS_KEPT_MS) == []
    problems |= {"no_worker": "Start one.", "disk": "Make room."}
    assert told(PROBLEMS_KEPT_MS) == []
    assert told(LASTS_MS - SETTLED_MS - 101) == []
    assert told(0) == [("no_worker", "Start one.", False), ("disk", "Make room.", False)]
    del problems["no_worker"]
    assert told(PROBLEMS_KEPT_MS) == [("no_worker", "", True)]
    assert told(HOUR_MS) == []
    look(replace(ALERT, conditions=(Condition.LAG,)))
    assert [name for name in look.known if name.startswith("problem")] == []


def test_nothing_is_told_of_what_was_before_the_first_alert(
    look: Looker, create: Create, attempt, clock: FakeClock
) -> None:
    create(start_time=clock.ms + 1)
    clock.advance(10)
    attempt("failed")
    look.known.clear()
    assert look() == []
    only = replace(ALERT, conditions=(Condition.LAG,))
    look(only)
    assert look.known == {}


def test_an_event_that_is_gone_is_forgotten(
    look: Looker, every_hour: Event, attempt, services: Services, clock: FakeClock
) -> None:
    clock.advance(100)
    attempt("retrying")
    assert len(look()) == 1
    services.events.delete(ids.to_text(every_hour.id), MASTER, None)
    assert look() == []
    assert [name for name in look.known if name.startswith("failing")] == []


def test_a_paused_event_stays_as_it_was(
    look: Looker, every_hour: Event, attempt, services: Services, clock: FakeClock
) -> None:
    clock.advance(100)
    attempt("retrying")
    assert len(look()) == 1
    changes = EventChanges({"status": EventStatus.PAUSED})
    services.events.update(ids.to_text(every_hour.id), changes, MASTER, None)
    assert look() == []


def test_failing_events_take_turns(look: Looker) -> None:
    many = [str(number) for number in range(250)]
    seen: set[Any] = set()
    for _ in range(3):
        turn = look.sources.next_checked(many)
        assert len(turn) == alert_sources.CHECKED
        seen |= set(turn)
    assert seen == set(many)
    assert look.sources.next_checked(many[:3]) == many[:3]


def test_an_error_budget_that_burns_is_told_to_alerts_of_its_tag(look: Looker) -> None:
    burning = {"red": "fast"}
    look.sources.burning = burning.copy
    look.clock.advance(BURNING_KEPT_MS + 1)
    alert = replace(ALERT, conditions=(Condition.SLO_BURN,))
    (found,) = look(alert)
    assert (found.condition, found.tags, found.detail) == (
        Condition.SLO_BURN, ("red",), "it burns fast"
    )  # fmt: skip
    assert replace(alert, tags=("red",)).wants(found)
    assert not replace(alert, tags=("blue",)).wants(found)
    burning.clear()
    look.clock.advance(BURNING_KEPT_MS + 1)
    assert kinds(look(alert)) == [(Condition.SLO_BURN, True, "red")]
    look(replace(ALERT, conditions=(Condition.LAG,)))
    assert [name for name in look.known if name.startswith("slo")] == []
