"""Counts of processes that come and go: each is in the totals once, and no total ever falls."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from app.domain.process import DISK_RATIO
from app.errors import StoreUnavailable
from app.metrics.catalogue import DISK_FREE, FILES, FILES_USED, OUTCOMES
from app.metrics.registry import Registry
from app.services.metrics import CountService
from app.store.metrics import MetricsStore
from app.wiring.services import Services


class Store:
    """Adds as the script ``add_metrics`` does; ``fault`` is what happens to the next request."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.numbers: dict[str, int] = {}
        self.fault = ""

    def add(self, source: str, number: int, counts: dict[str, int]) -> bool:
        """See ``MetricsStore``."""
        fault, self.fault = self.fault, ""
        if fault == "request lost":
            raise StoreUnavailable
        is_new = number > self.numbers.get(source, 0)
        if is_new:
            self.numbers[source] = number
            self.counts.update(counts)
        if fault == "answer lost":
            raise StoreUnavailable
        return is_new

    def totals(self) -> dict[str, int]:
        """See ``MetricsStore``."""
        return dict(self.counts)


class Process:
    """A process that counts; ``sure`` and ``most``: what of it the store has at least, at most."""

    def __init__(self, store: Store) -> None:
        self.counts = CountService(Registry(), cast("Any", store))
        self.done = self.sure = self.most = 0

    def count(self) -> None:
        """Count an outcome."""
        self.counts.registry.tally(OUTCOMES)["completed",] += 1
        self.done += 1

    def push(self) -> None:
        """Push what is new."""
        if self.most == self.sure:
            self.most = self.done
        try:
            self.counts.push()
        except StoreUnavailable:
            return
        self.sure = self.most


STEPS = ["count", "count", "push", "push, request lost", "push, answer lost", "kill"]


@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from(STEPS)), max_size=60))
def test_every_count_is_added_once_whatever_happens(steps: list[tuple[int, str]]) -> None:
    """What a killed process had not pushed is all that may be missing; nothing is there twice."""
    store, killed, before = Store(), [], 0
    processes = [Process(store) for _ in range(3)]
    for at, step in steps:
        what, _, store.fault = step.partition(", ")
        if what == "count":
            processes[at].count()
        elif what == "push":
            processes[at].push()
        else:
            killed.append(processes[at])
            processes[at] = Process(store)
        store.fault = ""
        total = store.counts["outcomes|completed"]
        assert total >= before, "a total has fallen"
        before = total
    for process in processes:
        process.counts.leave()
    total = store.counts["outcomes|completed"] - sum(one.done for one in processes)
    assert sum(one.sure for one in killed) <= total <= sum(one.most for one in killed)


def test_two_processes_give_the_same_answer(services: Services) -> None:
    """Whoever is asked has pushed what it counts itself, and reads what all have pushed."""
    store = MetricsStore(services.storage.client, services.storage.scripts)
    first, second = (CountService(Registry(), store) for _ in range(2))
    first.registry.tally(OUTCOMES)["failed",] += 1
    second.registry.tally(OUTCOMES)["failed",] += 2
    second.push()
    assert first.totals() == second.totals()
    assert first.totals().counters[OUTCOMES]["failed",] == 3


def test_what_is_counted_is_shown_also_while_the_store_takes_no_writes(services: Services) -> None:
    """A store that is full is read, and gets later what it did not take."""
    store = MetricsStore(services.storage.client, services.storage.scripts)
    other, own = (CountService(Registry(), store) for _ in range(2))
    other.registry.tally(OUTCOMES)["failed",] += 1
    other.push()
    own.registry.tally(OUTCOMES)["failed",] += 2

    def full(*_: object) -> bool:
        raise StoreUnavailable

    own._store = cast("Any", SimpleNamespace(add=full, totals=store.totals))
    assert own.totals().counters[OUTCOMES]["failed",] == 1
    own._store = store
    assert own.totals().counters[OUTCOMES]["failed",] == 3


def test_nothing_is_pushed_when_there_is_nothing_new() -> None:
    store = Store()
    process = Process(store)
    process.count()
    for _ in range(3):
        process.push()
    assert list(store.numbers.values()) == [1]


def test_a_process_says_how_many_files_it_has_open(services: Services) -> None:
    services.counts.registry.gauges["requests_in_flight"] = lambda: 3
    said = services.counts.gauges()
    assert said["requests_in_flight"] == 3.0
    assert said[FILES.name] >= 3
    assert 0 < said[FILES_USED.name] < 1


def test_the_disk_of_the_data_directory_is_measured_if_there_is_one(
    services: Services, tmp_path: Path
) -> None:
    def measured(directory: Path | None) -> dict[str, float]:
        store = MetricsStore(services.storage.client, services.storage.scripts)
        return CountService(Registry(), store, data_dir=directory).gauges()

    found = measured(tmp_path)
    assert found[DISK_FREE.name] > 0
    assert 0 < found[DISK_RATIO] <= 1
    for none in (None, tmp_path / "none"):
        assert DISK_FREE.name not in measured(none)
