"""What a worker's host lacks is told for two minutes, with what to do about it."""

from __future__ import annotations

import pytest

from app.domain.outcome import LOCAL_FAULTS
from app.metrics.catalogue import PUT_OFF, PUT_OFF_BY_FAULT
from app.services.problems.local_faults import RECENT_MS, LocalFaultsCheck
from app.services.problems.problem import ProblemCode, StatusFigures
from app.wiring.services import Services
from tests.support.clock import NOW_MS


def figures(now_ms: int) -> StatusFigures:
    return StatusFigures(now_ms=now_ms, lag_ms=0, queue_depth=0, workers=1)


@pytest.mark.parametrize("fault", LOCAL_FAULTS)
def test_each_fault_is_a_problem_for_a_while(services: Services, fault: str) -> None:
    store = services.storage.local_faults
    check = LocalFaultsCheck(store)
    assert not list(check(figures(NOW_MS)))
    store.count({fault: 3}, NOW_MS)
    (problem,) = check(figures(NOW_MS + RECENT_MS))
    assert problem.code == ProblemCode.LOCAL_FAULT
    assert problem.message.startswith("The host of a worker")
    assert problem.message.endswith(".")
    assert not list(check(figures(NOW_MS + RECENT_MS + 1)))
    metrics = services.health.metrics()
    assert metrics[PUT_OFF] == {(): 3.0}
    assert metrics[PUT_OFF_BY_FAULT][fault,] == sum(metrics[PUT_OFF_BY_FAULT].values()) == 3.0


def test_a_fault_of_a_later_version_is_passed_over(services: Services) -> None:
    services.storage.local_faults.count({"gravity": 1}, NOW_MS)
    assert not list(LocalFaultsCheck(services.storage.local_faults)(figures(NOW_MS)))
