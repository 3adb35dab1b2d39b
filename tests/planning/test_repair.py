"""Upkeep plans what drains have left: the cheap ones first, and a bounded share in one run."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import pytest

from app.domain import ids
from app.domain.access import MASTER
from app.domain.budget import limited
from app.domain.event import Event
from app.planning import successors
from app.planning.limits import QUICK
from app.wiring.engine import Engine
from app.wiring.services import Services
from tests.support.clock import NOW_MS, FakeClock
from tests.support.services import FakeUpkeep

Create = Callable[..., Event]

REPAIRS = 20_000
"""In these tests: so that few events are many."""

WORST = {
    "every": "1s",
    "exclude": [{"rrule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO"}] * 20,
}


def without_successors(services: Services, clock: FakeClock) -> None:
    """All that are due are claimed, and no successor is scheduled."""
    now_ms = clock.advance(1_000)
    for partition in range(services.settings.partitions):
        services.storage.work.claim(
            partition, b"w", now_ms, now_ms=now_ms, limit=1_000, lease_ms=30_000
        )


def next_of(services: Services, event: Event) -> int | None:
    return services.events.get(ids.to_text(event.id), MASTER).next_ms


def test_others_do_not_wait_for_the_costly(
    services: Services,
    engine: Engine,
    create: Create,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Once upkeep knows what they cost; a run has a bound, and calls for the next."""
    monkeypatch.setattr(successors, "REPAIRS", REPAIRS)
    worst = [create(start_time=NOW_MS + 500, schedule=WORST) for _ in range(50)]
    without_successors(services, clock)
    upkeep = cast("FakeUpkeep", services.queues.upkeep)
    runs = 0
    while runs == 0 or upkeep.repairs:
        upkeep.repairs = 0
        clock.advance(1_000)
        with limited(1 << 40) as budget:
            before = budget.left
            engine.upkeep.repair()
            assert before - budget.left <= (REPAIRS + QUICK) * services.settings.partitions
        runs += 1
    assert runs > 1
    assert all(next_of(services, one) for one in worst)

    good = create(start_time=clock.ms + 500, schedule={"every": "1s"})
    without_successors(services, clock)
    assert next_of(services, good) is None
    engine.upkeep.repair()
    assert next_of(services, good) is not None
    assert None in [next_of(services, one) for one in worst]
