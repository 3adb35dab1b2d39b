"""Kill, stop and restart everything while every kind of write call is made."""

from __future__ import annotations

import pytest

from tests.chaos.faults import planned
from tests.chaos.run import LEASE_S, Load, chaos

pytestmark = pytest.mark.e2e

SEED = 2026
FAULTS_S = 18.0
"""With what it takes to start, and to come to rest afterwards: about 38 s."""


@pytest.mark.timeout(400)
def test_nothing_is_lost() -> None:
    """The short form of ``make chaos``; every write call of the API is made."""
    said: list[str] = []
    verdict = chaos(SEED, FAULTS_S, said.append, Load(clients=12, series=3))
    assert verdict.problems == [], "\n".join(said)
    assert verdict.required > 200
    assert verdict.watched > 50
    assert verdict.deliveries + verdict.unheard >= verdict.statuses["completed"] > 200


def test_the_seed_alone_decides_what_goes_wrong() -> None:
    """A run that broke something can be repeated."""
    faults = planned(SEED, 600, LEASE_S)
    assert faults == planned(SEED, 600, LEASE_S)
    assert faults != planned(SEED + 1, 600, LEASE_S)
    assert {fault.how for fault in faults} == {"kill", "stop", "term"}
    assert len({fault.target for fault in faults}) == 6
    assert any(fault.how == "stop" and fault.for_s > LEASE_S for fault in faults)
