"""Lateness objectives, by the figures of deliveries."""

from __future__ import annotations

import pytest

from app.domain.access import MASTER, Access
from app.domain.slo import DAY_MS
from app.errors import Conflict, Forbidden, NotFound
from app.services import slos as module
from app.services.slos import GOOD_MS, SloService
from app.store.slos import SloStore
from app.store.stats_keys import counted
from app.wiring.services import Services
from tests.support.clock import NOW_MS, FakeClock

OF_RED = Access("me", "read_write", frozenset({"red"}))


@pytest.fixture
def slos(services: Services) -> SloService:
    return services.figures.slos


def count(services: Services, minutes_ago: int, tags: str, letters: str, often: int) -> None:
    field = f"{NOW_MS // 60_000 - minutes_ago}\t{tags}\t{letters}"
    services.storage.client.hincrby(counted(0), field, often)
    services.figures.roll_ups.add()


def test_what_began_within_the_bound_was_in_time(services: Services, slos: SloService) -> None:
    """What was missed was late, and what a tag does not have is not counted."""
    count(services, 0, "red\nblue", "t\t2jacompleted", 90)
    count(services, 0, "red", "t\t2kacompleted", 4)
    count(services, 90, "red", "\t---missed", 1)
    count(services, 40 * 60, "red", "t\tAaaretrying", 5)
    count(services, 40 * 60, "red", "t\t2-acompleted", 7)
    count(services, 0, "blue", "t\t2tacompleted", 50)
    slos.put("red", 1_000, 0.9, 30 * DAY_MS, MASTER)
    found = slos.compliance("red", MASTER)
    assert (found.window.total, found.window.late) == (100, 5)
    assert found.rates["1h"].total == 94
    assert found.rates["6h"].total == 95
    assert found.rates["3d"].total == 100
    assert found.burn_rates["3d"] == pytest.approx(0.5)
    slos.put("red", 1_000, 0.9, DAY_MS, MASTER)
    assert slos.compliance("red", MASTER).window.total == 95


def test_an_objective_is_changed_listed_and_deleted(slos: SloService, clock: FakeClock) -> None:
    _, is_new = slos.put("red", 1_000, 0.9, DAY_MS, MASTER)
    assert is_new
    clock.advance(5)
    second, is_new = slos.put("red", 2_000, 0.99, DAY_MS, MASTER)
    assert (is_new, second.created_ms, second.updated_ms) == (False, NOW_MS, NOW_MS + 5)
    assert [one.slo for one in slos.list(MASTER)] == [second]
    slos.delete("red", MASTER)
    with pytest.raises(NotFound):
        slos.get("red", MASTER)
    with pytest.raises(NotFound):
        slos.delete("red", MASTER)


def test_a_token_has_the_objectives_of_its_tags(slos: SloService) -> None:
    slos.put("blue", 1_000, 0.9, DAY_MS, MASTER)
    slos.put("red", 1_000, 0.9, DAY_MS, OF_RED)
    assert [one.slo.tag for one in slos.list(OF_RED)] == ["red"]
    with pytest.raises(Forbidden):
        slos.put("blue", 1_000, 0.9, DAY_MS, OF_RED)
    for call in (slos.get, slos.compliance, slos.delete):
        with pytest.raises(NotFound):
            call("blue", OF_RED)
    assert slos.get("blue", MASTER)


def test_their_number_is_bounded(slos: SloService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_SLOS", 1)
    slos.put("red", 1_000, 0.9, DAY_MS, MASTER)
    with pytest.raises(Conflict):
        slos.put("blue", 1_000, 0.9, DAY_MS, MASTER)
    assert not slos.put("red", 2_000, 0.9, DAY_MS, MASTER)[1]
    assert SloStore(slos.stats.store._client).count() == 1


def test_what_was_read_is_answered_again_for_a_while(
    services: Services, slos: SloService, clock: FakeClock
) -> None:
    slos.put("red", 1_000, 0.9, DAY_MS, MASTER)
    assert slos.compliance("red", MASTER).window.total == 0
    count(services, 0, "red", "t\t2aacompleted", 3)
    assert slos.compliance("red", MASTER).window.total == 0
    clock.advance(GOOD_MS)
    assert slos.compliance("red", MASTER).window.total == 3


def test_what_burns_is_told_by_tag(services: Services, slos: SloService) -> None:
    count(services, 1, "red", "t\t2uacompleted", 10)
    count(services, 1, "blue", "t\t2aacompleted", 10)
    slos.put("red", 1_000, 0.99, 30 * DAY_MS, MASTER)
    slos.put("blue", 1_000, 0.99, 30 * DAY_MS, MASTER)
    assert slos.burning() == {"red": "fast"}
