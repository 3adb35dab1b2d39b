"""What a schedule makes anybody compute is bounded; who needs more is refused, or set aside.

The bounds are counted in steps, so that these tests do not depend on how fast the machine is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.domain import ids
from app.domain.access import MASTER
from app.domain.action import webhook
from app.domain.budget import limited
from app.domain.event import Event, EventStatus
from app.domain.schedule import Schedule
from app.errors import InvalidInput
from app.metrics.catalogue import SET_ASIDE
from app.planning.limits import WRITING
from app.services.queries import EventChanges
from app.store import keys
from app.store.codec import DEFINITION_FIELDS, definition_to_doc
from app.wiring.engine import Engine
from app.wiring.services import Services
from tests.support.clock import NOW_MS, FakeClock
from tests.support.services import HOUR_MS

Create = Callable[..., Event]

EVERY_SECOND = {"every": "1s"}


def rule(text: str) -> dict[str, str]:
    return {"rrule": text}


def minutes_but(one: int) -> str:
    return ",".join(str(minute) for minute in range(60) if minute != one)


REFUSED: list[tuple[str, dict[str, Any]]] = [
    (
        "a hundred rules that meet in decades",
        {
            "rules": [
                rule("FREQ=SECONDLY;INTERVAL=86401;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO")
                for _ in range(100)
            ]
        },
    ),
    (
        "exclusions that take all away from a minute on",
        {
            **EVERY_SECOND,
            "exclude": [rule(f"FREQ=SECONDLY;BYMINUTE={minutes_but(n)}") for n in (0, 1)],
        },
    ),
    (
        "exclusions that leave one second of a day",
        {
            **EVERY_SECOND,
            "exclude": [
                rule(f"FREQ=SECONDLY;BYSECOND={minutes_but(7)}"),
                rule(f"FREQ=SECONDLY;BYMINUTE={minutes_but(7)};BYSECOND=7"),
                rule("FREQ=SECONDLY;BYHOUR=" + ",".join(map(str, range(23))) + ";BYSECOND=7"),
            ],
        },
    ),
    (
        "counts that have to be walked",
        {"rules": [rule("FREQ=MONTHLY;BYMONTHDAY=1;BYMINUTE=0;COUNT=99000") for _ in range(25)]},
    ),
    ("one count of that kind", rule("FREQ=MONTHLY;BYMONTHDAY=1;BYMINUTE=0;COUNT=99000")),
    (
        "rare hours, a hundred times",
        {"rules": [rule(f"FREQ=HOURLY;INTERVAL={n};BYYEARDAY=1;BYDAY=TH") for n in range(59, 159)]},
    ),
    (
        "a summer that is costly",
        {
            **EVERY_SECOND,
            "exclude": [
                rule(f"FREQ=SECONDLY;BYMONTH=6,7,8;BYMINUTE={minutes_but(n)}") for n in (0, 1)
            ],
        },
    ),
    (
        "positions far into the year",
        {
            "rules": [
                rule(f"FREQ=YEARLY;INTERVAL={n};BYDAY=MO,TU;BYHOUR=1,2,3;BYSETPOS=300;BYMONTH=2")
                for n in range(1, 101)
            ]
        },
    ),
]

ACCEPTED: list[tuple[str, dict[str, Any]]] = [
    (
        "January and December away, twenty times",
        {
            **EVERY_SECOND,
            "exclude": [rule("FREQ=SECONDLY;BYMONTH=1")] * 19 + [rule("FREQ=SECONDLY;BYMONTH=12")],
        },
    ),
    ("minutes of workdays", {"every": "1m", "exclude": [rule("FREQ=MINUTELY;BYDAY=SA,SU")]}),
    ("seconds of office hours", {**EVERY_SECOND, "exclude": [{"cron": "* * 0-8,18-23 * * *"}]}),
    (
        "a hundred different rules",
        {"rules": [{"cron": f"{n % 60} {n % 24} * * *"} for n in range(100)]},
    ),
    ("Monday, 29 February", rule("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO")),
    ("Friday the 13th", rule("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13")),
    (
        "a thousand more times",
        {
            "every": "1h",
            "include": [f"2027-01-01T{n // 60:02}:{n % 60:02}:00Z" for n in range(1000)],
        },
    ),
    ("a count of thousands", rule("FREQ=DAILY;BYHOUR=9,17;COUNT=5000")),
]


@pytest.mark.parametrize("schedule", [one for _, one in REFUSED], ids=[name for name, _ in REFUSED])
def test_what_costs_too_much_is_refused_when_it_is_written(
    services: Services, create: Create, schedule: dict[str, Any]
) -> None:
    """Within the budget of one schedule, and a bit for the refusal; nothing is stored."""
    with limited(WRITING + 1_000), pytest.raises(InvalidInput) as refused:
        create(schedule=schedule)
    assert next(iter(refused.value.fields)).startswith("schedule")
    given = {"name": "x", "start_time": NOW_MS, "schedule": schedule}
    given["action"] = webhook("https://example.com/")
    with limited(WRITING + 1_000), pytest.raises(InvalidInput):
        services.previews.of_draft(EventChanges(given), 3, None, None)
    for partition in range(services.settings.partitions):
        assert not services.storage.client.exists(keys.events(partition, EventStatus.ACTIVE))


@pytest.mark.parametrize(
    "schedule", [one for _, one in ACCEPTED], ids=[name for name, _ in ACCEPTED]
)
def test_what_people_write_is_accepted(
    services: Services, create: Create, schedule: dict[str, Any]
) -> None:
    event = create(schedule=schedule, timezone="Europe/Berlin")
    assert event.next_ms is not None
    text = ids.to_text(event.id)
    assert services.previews.of_event(text, MASTER, 20, None, None).occurrences


def test_density_is_judged_over_the_whole_schedule(create: Create, clock: FakeClock) -> None:
    """Inclusions count, also those beyond the first occurrences, and so do all rules together."""
    together = [f"2026-01-01T03:00:00.{n:03}Z" for n in range(1000)]
    begun = clock.now_ms() - 300_000 + 500
    for schedule in (
        {**EVERY_SECOND, "include": together},
        {"every": "1h", "include": together[:61]},
        {"rules": [{"every": "1s"}, {"cron": "0 3 1 6 *"}]},
    ):
        with pytest.raises(InvalidInput, match="within a minute"):
            create(start_time=begun, schedule=schedule)
    create(start_time=begun, schedule={"every": "1h", "include": together[:59]})


def stored_before(services: Services, event: Event, schedule: dict[str, Any]) -> None:
    """Give it a schedule that an earlier version accepted, and nothing that is scheduled."""
    partition = ids.partition_of_event(event.id)
    before = event.changed(schedule=Schedule(schedule))
    key = keys.event(partition, event.id)
    services.storage.client.hdel(key, "next", *DEFINITION_FIELDS)
    services.storage.client.hset(key, "doc", definition_to_doc(before.definition))


def note_of(services: Services, event: Event) -> str:
    """Why an event is paused."""
    found = services.events.get(ids.to_text(event.id), MASTER)
    assert found.status is EventStatus.PAUSED
    return (found.options.pause.note if found.options.pause else "") or ""


def test_a_stored_event_that_costs_too_much_is_set_aside_and_harms_no_other(
    services: Services, engine: Engine, create: Create
) -> None:
    """Others of the same run are repaired; the reason is there to read; it is counted."""
    schedules = (REFUSED[1][1], REFUSED[4][1], {"frequency": "never"}, {"every": "1h"})
    events = [create(schedule={"every": "1h"}) for _ in schedules]
    for event, schedule in zip(events, schedules, strict=True):
        stored_before(services, event, schedule)
    engine.upkeep.reconcile()
    costly, counted, unreadable, good = events
    assert "takes too many steps" in note_of(services, costly)
    assert "COUNT takes too long" in note_of(services, counted)
    assert "can't be read" in note_of(services, unreadable)
    assert services.events.get(ids.to_text(good.id), MASTER).next_ms == good.next_ms
    assert services.health.metrics()[SET_ASIDE] == {(): 3.0}


def ends_of(event: Event) -> tuple[int | None, ...] | None:
    assert event.schedule is not None
    return event.schedule.ends


def test_what_counts_come_to_is_found_once(services: Services, create: Create) -> None:
    """It is stored with the event, changed with its start, and kept when nothing of it changes."""
    schedule = rule("FREQ=DAILY;BYHOUR=9,17;COUNT=3")
    event = create(schedule=schedule, start_time=NOW_MS)
    text = ids.to_text(event.id)
    third_ms = NOW_MS + 33 * HOUR_MS
    assert ends_of(services.events.get(text, MASTER)) == (third_ms,)
    changes = EventChanges({"name": "another", "schedule": schedule})
    assert ends_of(services.events.update(text, changes, MASTER, None)) == (third_ms,)
    later = EventChanges({"start_time": NOW_MS + 240 * HOUR_MS})
    services.events.update(text, later, MASTER, None)
    stored = services.events.get(text, MASTER)
    assert ends_of(stored) == (third_ms + 240 * HOUR_MS,)
    with limited(200):
        assert services.planning.timetables.of(stored.id, stored.definition).next_after(NOW_MS)


def test_a_backfill_that_costs_too_much_is_refused(
    services: Services, create: Create, clock: FakeClock
) -> None:
    """An event of an earlier version may have a schedule that is refused today."""
    event = create(schedule={"every": "1h"})
    stored_before(services, event, REFUSED[1][1])
    clock.advance(24 * HOUR_MS)
    text, end_ms = ids.to_text(event.id), NOW_MS + 20 * HOUR_MS
    with limited(WRITING + 1_000), pytest.raises(InvalidInput, match="too many steps"):
        services.actions.backfill(text, MASTER, NOW_MS + HOUR_MS, end_ms, dry_run=True)
