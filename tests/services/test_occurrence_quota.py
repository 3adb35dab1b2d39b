"""How often the events of one tenant may occur together.

Tests ``app.store.rates`` and ``app.wiring.quotas``, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.config import Settings
from app.domain.access import MASTER, Access
from app.domain.action import webhook
from app.domain.event import Event, EventStatus
from app.domain.ids import lane_of_event, to_text
from app.errors import Conflict, Forbidden, InvalidInput
from app.services.occurrence_quota import BEING_WRITTEN_MS, MINUTES
from app.services.queries import EventChanges
from app.store.connecting import connect
from app.store.rates import BATCH, Counted, rates_of
from app.wiring.doubles import Doubles
from app.wiring.services import Services, build_services
from tests.support.clock import NOW_MS, FakeClock

ZOE = Access("Zoë", "write", frozenset({"red"}))
BOB = Access("Bob", "admin")
GIVEN = {
    "name": "an event",
    "start_time": NOW_MS + 3_600_000,
    "action": webhook("https://example.com/hook"),
    "tags": ("red",),
}
EVERY_SECOND = {"every": "1s"}
EVERY_MINUTE = {"every": "1m"}
MOST = 120
"""Occurrences a minute: two events may come every second."""

Create = Callable[..., Event]


@pytest.fixture
def services(store_url: str, clock: FakeClock) -> Iterator[Services]:
    with connect(store_url) as store:
        yield build_services(
            Settings(jwt_secret="j" * 32, signing_secret="s" * 32, max_occurrences_per_sub=MOST),
            Doubles(store=store, clock=clock),
        )


@pytest.fixture
def create(services: Services) -> Create:
    def made(schedule: Any = EVERY_SECOND, access: Access = ZOE, **fields: Any) -> Event:
        fields = {**GIVEN, "schedule": schedule, **fields}
        return services.events.create(EventChanges(fields), access)

    return made


@pytest.fixture
def change(services: Services) -> Callable[..., Event]:
    def changed(event: Event, access: Access = ZOE, **fields: Any) -> Event:
        return services.events.update(to_text(event.id), EventChanges(fields), access, None)

    return changed


def total(services: Services, access: Access = ZOE) -> int:
    """Occurrences a day; it is the sum of what each event has."""
    lane = services.crypto.lanes.of(access.subject)
    stored: Any = services.storage.client.hgetall(rates_of(lane))
    entries = [int(text.split(b":")[0]) for name, text in stored.items() if name != b"all"]
    assert sum(entries) == services.storage.rates.total(lane)
    return sum(entries)


def test_a_tenant_has_so_many_occurrences_a_minute(services: Services, create: Create) -> None:
    """Each tenant for itself; one-time events do not count, nor do those of the operator."""
    for _ in range(2):
        create()
    said = "may have 120 occurrences a minute together, and would have 180: make this one rarer"
    with pytest.raises(Forbidden, match=said):
        create()
    with pytest.raises(Forbidden, match="would have 121"):
        create({"cron": "0 9 * * *"})
    create(None)
    create(access=BOB)
    for _ in range(9):
        create(access=MASTER)
    assert total(services) == MOST * MINUTES
    assert total(services, MASTER) == 0


def test_what_is_rare_counts_for_little(services: Services, create: Create) -> None:
    """Ten thousand events of once a day are seven occurrences a minute."""
    create({"cron": "0 9 * * *"})
    create({"frequency": "monthly", "by_day": ["-1FR"]})
    create({"rrule": "FREQ=DAILY;COUNT=1"})
    assert total(services) == 1 + 1
    for _ in range(100):
        create(EVERY_MINUTE)
    assert total(services) == 2 + 100 * MINUTES


def test_deleting_ending_and_making_rarer_give_back_what_was_taken(
    services: Services, create: Create, change: Callable[..., Event]
) -> None:
    one, two = create(), create()
    services.events.delete(to_text(one.id), ZOE, None)
    three = create()
    services.events.end(to_text(two.id), "over", ZOE)
    four = create()
    change(three, schedule=EVERY_MINUTE)
    assert total(services) == 61 * MINUTES
    change(four, schedule=None, start_time=NOW_MS + 7_200_000)
    assert total(services) == MINUTES
    change(three, status=EventStatus.INACTIVE)
    assert total(services) == 0


def test_an_edit_is_judged_like_a_new_event_unless_it_makes_it_no_denser(
    services: Services, create: Create, change: Callable[..., Event]
) -> None:
    """A refused one changes nothing. The operator may do more, and it counts all the same."""
    create()
    event = create(EVERY_MINUTE)
    change(event, schedule={"every": "2s"})
    change(event, name="another")
    create({"every": "2s"})
    with pytest.raises(Forbidden, match="would have 150"):
        change(event, schedule=EVERY_SECOND)
    assert services.events.get(to_text(event.id), ZOE).version == 3
    assert total(services) == MOST * MINUTES
    change(event, MASTER, schedule=EVERY_SECOND)
    assert total(services) == 150 * MINUTES
    change(event, schedule={"every": "1s", "count": 1_000})


@pytest.mark.parametrize("wrong", [{"schedule": {"cron": "nonsense"}}, {"calendars": ("unknown",)}])
def test_what_is_refused_counts_as_before(
    services: Services, create: Create, change: Callable[..., Event], wrong: dict[str, Any]
) -> None:
    event = create(EVERY_MINUTE)
    for _ in range(5):
        with pytest.raises(InvalidInput):
            change(event, **{"schedule": EVERY_SECOND, **wrong})
    assert total(services) == MINUTES


def test_a_write_that_fails_counts_as_before(
    services: Services,
    create: Create,
    change: Callable[..., Event],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    event = create(EVERY_MINUTE)

    def fail(*_: Any, **__: Any) -> Any:
        raise Conflict("busy")

    monkeypatch.setattr(type(services.events.planner), "replace", fail)
    with pytest.raises(Conflict):
        change(event, schedule=EVERY_SECOND)
    assert total(services) == MINUTES


def test_a_change_that_fails_takes_back_no_count_but_its_own(
    services: Services,
    create: Create,
    change: Callable[..., Event],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another one is counted and written between its count and its failure."""
    event = create(EVERY_MINUTE)
    replace = type(services.events.planner).replace

    def fail(*_: Any, **__: Any) -> Any:
        monkeypatch.setattr(type(services.events.planner), "replace", replace)
        change(event, schedule={"every": "2s"})
        raise Conflict("busy")

    monkeypatch.setattr(type(services.events.planner), "replace", fail)
    with pytest.raises(Conflict):
        change(event, schedule=EVERY_SECOND)
    assert total(services) == 30 * MINUTES


@given(st.data())
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_changes_that_race_never_leave_an_event_counted_for_less_than_it_occurs(
    services: Services, data: st.DataObject
) -> None:
    """Each is counted ahead, then written or not; versions let one of those at work be written."""
    services.storage.client.flushdb()
    rates, one = services.storage.rates, b"%016d" % 1
    written, version = 3, 0
    rates.count(5, one, written, NOW_MS, is_ahead=False)
    wanted = data.draw(st.lists(st.integers(1, 9), min_size=1, max_size=6))
    steps = data.draw(st.permutations([n for n in range(len(wanted)) for _ in "12"]))
    at_work: dict[int, tuple[int, Counted]] = {}
    for number in steps:
        if number not in at_work:
            counted = rates.count(5, one, wanted[number], NOW_MS, is_ahead=True)
            at_work[number] = (version, counted)
            continue
        its_version, counted = at_work[number]
        if its_version == version and data.draw(st.booleans()):
            written, version = wanted[number], version + 1
            rates.settle(5, one, counted)
        else:
            rates.take_back(5, one, counted)
        assert rates.total(5) >= written
    alone = rates.count(5, one, 2, NOW_MS, is_ahead=True)
    rates.settle(5, one, alone)
    assert rates.total(5) == 2


def test_events_that_have_ended_or_vanished_make_room_when_it_is_needed(
    services: Services, create: Create, clock: FakeClock
) -> None:
    """Also those whose creation was cut short, and whoever deleted them."""
    ended, gone = create(), create()
    services.events.deactivate(ended.id)
    services.storage.events.delete(gone, any_version=True, now_ms=NOW_MS, passed_ms=[])
    with pytest.raises(Forbidden):
        create()  # they may be being written
    clock.advance(BEING_WRITTEN_MS + 1)
    later = clock.ms + 3_600_000
    for _ in range(2):
        create(start_time=later)
    assert total(services) == MOST * MINUTES
    with pytest.raises(Forbidden):
        create(start_time=later)


def test_all_of_many_events_are_looked_at_some_in_each_request(
    services: Services, create: Create, clock: FakeClock
) -> None:
    """However many there are, a refused request looks at a few hundred."""
    lane = lane_of_event(create(EVERY_MINUTE).id)
    rates = services.storage.rates
    for number in range(5 * BATCH):
        rates.count(lane, b"%016d" % number, 1, NOW_MS, is_ahead=False)
    seen: set[bytes] = set()
    looks = 0
    while len(seen) < 5 * BATCH + 1:
        some = rates.some(lane, NOW_MS + 1)
        assert len(some) <= 2 * BATCH
        seen |= {*some}
        looks += 1
    assert looks <= 10


RATES = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 90)), max_size=40)


@given(RATES)
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_sum_is_that_of_the_parts_whatever_is_counted(
    services: Services, counts: list[tuple[int, int]]
) -> None:
    """And never more than allowed, unless it was before."""
    services.storage.client.flushdb()
    kept: dict[int, int] = {}
    for number, rate in counts:
        counted = services.storage.rates.count(
            5, b"%016d" % number, rate, NOW_MS, 200, is_ahead=False
        )
        others = sum(kept.values()) - kept.get(number, 0)
        assert counted.before == kept.get(number, 0)
        assert counted.done == (others + rate <= 200 or rate <= counted.before)
        if counted.done:
            kept[number] = rate
        again = services.storage.rates.count(
            5, b"%016d" % number, kept.get(number, 0), NOW_MS, 200, is_ahead=False
        )
        assert (again.done, again.before) == (True, kept.get(number, 0))
        assert again.total == sum(kept.values())
        assert services.storage.rates.total(5) == sum(kept.values())
