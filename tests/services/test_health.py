"""Health, status and metrics: the numbers that an operator watches.

Tests ``app.store.figures`` and ``app.wiring.health``, too.
"""

from __future__ import annotations

import pytest

from app import __version__
from app.domain.process import ProcessFacts
from app.errors import StoreUnavailable
from app.metrics import catalogue
from app.wiring.services import Services
from tests.support.clock import NOW_MS, FakeClock
from tests.support.services import HOUR_MS


def test_an_idle_service_has_no_backlog_and_no_lag(services: Services) -> None:
    for number in range(2):
        worker = ProcessFacts("deliver", "host", number).to_json()
        services.storage.processes.announce(f"w{number}", worker, NOW_MS + 1)
    status = services.health.status()
    assert (status["status"], status["store"]) == ("degraded", "ok")
    assert (status["queue_depth"], status["lag_ms"]) == (0, 0)
    assert (status["workers"], status["version"]) == (2, __version__)
    # The store of these tests keeps nothing on disk.
    assert [problem["code"] for problem in status["problems"]] == ["store_not_durable"]


def test_what_is_due_is_the_backlog_and_its_age_is_the_lag(
    services: Services, create, clock: FakeClock
) -> None:
    create()
    assert services.health.status()["lag_ms"] == 0
    clock.advance(HOUR_MS + 1_500)
    status = services.health.status()
    assert (status["queue_depth"], status["lag_ms"]) == (1, 1_500)


def test_metrics_have_seconds_and_count_by_status(
    services: Services, create, clock: FakeClock
) -> None:
    create()
    services.storage.coordination.drain_alive("d", NOW_MS + 2 * HOUR_MS)
    clock.advance(HOUR_MS + 1_500)
    metrics = services.health.metrics()
    assert metrics[catalogue.LAG] == {(): 1.5}
    assert metrics[catalogue.OCCURRENCES["scheduled"]] == metrics[catalogue.EVENTS] == {(): 1.0}
    assert metrics[catalogue.DRAINS] == {(): 1.0}
    assert {type(value) for found in metrics.values() for value in found.values()} == {float}


def test_what_processes_say_of_themselves_is_put_together_by_role(services: Services) -> None:
    """It is added up, but for how full the fullest is; who falls silent is not in it any more."""
    for number, ratio in enumerate((0.5, 0.25)):
        said = {"open_files": 10.0, "open_files_ratio": ratio, "of_another_version": 1.0}
        facts = ProcessFacts("deliver", "host", number, gauges=said)
        services.storage.processes.announce(f"w{number}", facts.to_json(), NOW_MS + 1)
    services.storage.processes.announce("old", ProcessFacts("web", "h", 9).to_json(), NOW_MS - 1)
    metrics = services.health.metrics()
    assert metrics[catalogue.PROCESSES] == {("deliver",): 2.0}
    assert metrics[catalogue.FILES] == {("deliver",): 20.0}
    assert metrics[catalogue.FILES_USED] == {("deliver",): 0.5}


def test_open_breakers_are_listed_until_they_end(services: Services, clock: FakeClock) -> None:
    services.storage.breakers.open(
        "https://example.com:443", NOW_MS, first_ms=500, longest_ms=500, forget_ms=1_000
    )
    assert services.health.breakers() == {"https://example.com:443": NOW_MS + 500}
    assert services.health.metrics()[catalogue.BREAKERS] == {(): 1.0}
    clock.advance(501)
    assert services.health.breakers() == {}


def test_a_store_that_takes_no_writes_is_not_healthy(services: Services, monkeypatch) -> None:
    services.health.check()

    def full() -> None:
        raise StoreUnavailable

    monkeypatch.setattr(services.storage.probe, "check_writable", full)
    with pytest.raises(StoreUnavailable):
        services.health.check()
