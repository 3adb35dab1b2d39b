"""A cluster loses a primary and has slots moved under load: nothing that was acknowledged is lost."""

from __future__ import annotations

import pytest

from tests.chaos.clusters import BY_KEY, KILL, failing_cluster

pytestmark = pytest.mark.e2e


@pytest.mark.timeout(200)
def test_a_cluster_loses_nothing_that_is_replicated() -> None:
    """The short form of ``make chaos-cluster``: a move and a kill, no process ends, all goes on."""
    said: list[str] = []
    outcome = failing_cluster(2026, said.append, iter([BY_KEY, KILL]), workers=1)
    assert outcome.problems == [], "\n".join(said)
    assert outcome.acknowledged >= 160
    moved, killed = outcome.faults
    assert moved.delivered_s > 0
    assert killed.recovered_s > 0
    assert killed.delivered_s > 0
