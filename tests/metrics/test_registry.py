"""The registry: what a process counts, and how it is kept. Tests ``app.metrics.family``, too."""

from __future__ import annotations

import threading

from app.metrics.family import Family, counter, seconds, sizes
from app.metrics.registry import Registry

CALLS = counter("calls", "Calls.", "kind")
TOOK = seconds("took", "What they took.", "kind", bounds=(0.001, 0.01))
BATCHES = sizes("batch_size", "Their number.", bounds=(1, 2))


def test_a_number_is_kept_under_its_family_and_its_labels() -> None:
    registry = Registry()
    registry.tally(CALLS)["a",] += 2
    assert registry.totals() == {"calls|a": 2}


def test_a_value_is_in_the_first_bucket_whose_bound_it_does_not_exceed() -> None:
    """Prometheus counts a value that equals a bound below it."""
    registry = Registry()
    for value in (0, 1_000, 1_001, 10_001):
        registry.buckets(TOOK, "a").add(value)
    assert registry.totals() == {
        "took_seconds|a|1000": 2,
        "took_seconds|a|10000": 1,
        "took_seconds|a|inf": 1,
        "took_seconds|a|sum": 12_002,
    }


def test_a_clock_that_was_set_back_takes_nothing_off_a_sum() -> None:
    registry = Registry()
    registry.buckets(BATCHES).add(-5)
    assert registry.totals() == {"batch_size|1": 1}


def test_no_thread_undoes_what_another_one_counts() -> None:
    registry = Registry()

    def observe() -> None:
        for _ in range(2_000):
            registry.observe(TOOK, 1, "a")

    threads = [threading.Thread(target=observe) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert registry.totals() == {"took_seconds|a|1000": 8_000, "took_seconds|a|sum": 8_000}


def test_families_of_one_name_are_not_the_same() -> None:
    """They are looked up for every delivery: by what they are, not by what is in them."""
    assert Family("a", "counter", "A.") != Family("a", "counter", "A.")
