"""The primary is killed under load: nothing that was acknowledged as replicated is lost."""

from __future__ import annotations

import pytest

from tests.chaos.failovers import failovers

pytestmark = pytest.mark.e2e


@pytest.mark.timeout(200)
def test_a_failover_loses_nothing_that_is_replicated() -> None:
    """The short form of ``make chaos-sentinel``: one kill, no process ends, all goes on."""
    said: list[str] = []
    plan = iter(["kill primary"])
    outcome = failovers(2026, said.append, plan, workers=1, replicas=1, down_after_ms=500)
    assert outcome.problems == [], "\n".join(said)
    assert outcome.acknowledged >= 80
    (fault,) = outcome.faults
    assert fault.recovered_s > 0
    assert fault.delivered_s > 0
