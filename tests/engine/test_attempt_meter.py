"""What is counted of an attempt: its result, how late it was, and where its time went."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.domain.action import CANARY, Action
from app.domain.outcome import Outcome, Timings
from app.engine.attempt_meter import AttemptMeter
from app.metrics.registry import Registry
from tests.support.builders import a_claim

DUE_US = 1_000_000_000


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
def meter(registry: Registry) -> AttemptMeter:
    return AttemptMeter(registry)


def sums(registry: Registry) -> dict[str, int]:
    """What was measured, in microseconds, by family and labels."""
    return {
        field.removesuffix("|sum"): total
        for field, total in registry.totals().items()
        if field.endswith("|sum")
    }


def test_on_a_new_connection_every_phase_is_measured(
    meter: AttemptMeter, registry: Registry
) -> None:
    """The wait begins when the connection is there, and ends with the first byte."""
    timings = Timings(DUE_US, DUE_US + 7, DUE_US + 1_000, DUE_US + 900, 100, 200, 300)
    meter.note(a_claim(1), Outcome(timings, 204))
    assert sums(registry) == {
        "lateness_seconds": 7,
        "receiver_seconds|dns": 100,
        "receiver_seconds|connect": 200,
        "receiver_seconds|tls": 300,
        "receiver_seconds|wait": 900 - 7 - 600,
        "receiver_seconds|read": 100,
    }
    assert registry.totals()["attempts|webhook|ok|2xx"] == 1


def test_on_a_connection_that_was_kept_there_are_two_phases(
    meter: AttemptMeter, registry: Registry
) -> None:
    meter.note(a_claim(1), Outcome(Timings(DUE_US, DUE_US, DUE_US + 50, DUE_US + 40), 200))
    phases = {field for field in sums(registry) if field.startswith("receiver")}
    assert phases == {"receiver_seconds|wait", "receiver_seconds|read"}


@pytest.mark.parametrize(
    ("outcome", "field"),
    [
        (Outcome(Timings(0, 0, 0, 0), 503, error="status"), "attempts|webhook|status|5xx"),
        (Outcome(Timings(0, 0, 0), error="timeout"), "attempts|webhook|timeout|none"),
    ],
)
def test_a_failure_is_counted_by_its_word_and_the_class_of_its_status(
    meter: AttemptMeter, registry: Registry, outcome: Outcome, field: str
) -> None:
    meter.note(a_claim(1), outcome)
    assert registry.totals()[field] == 1


def test_only_the_first_attempt_tells_how_late_an_occurrence_was(
    meter: AttemptMeter, registry: Registry
) -> None:
    meter.note(a_claim(1, attempt=2), Outcome(Timings(DUE_US, DUE_US + 9, DUE_US + 10)))
    assert "lateness_seconds" not in sums(registry)


def test_a_canary_is_counted_by_its_kind_and_not_among_the_late(
    meter: AttemptMeter, registry: Registry
) -> None:
    claim = a_claim(1)
    assert claim.definition is not None
    canary = claim.definition._replace(action=Action(CANARY, {"url": "http://a"}))
    meter.note(replace(claim, definition=canary), Outcome(Timings(DUE_US, DUE_US + 7, DUE_US), 204))
    assert registry.totals()["attempts|canary|ok|2xx"] == 1
    assert "lateness_seconds" not in sums(registry)
