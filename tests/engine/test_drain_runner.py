"""DrainRunner: a drain runs on between two jobs, and is closed when no job follows."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import cast

import pytest

from app.engine.drain import Drain
from app.engine.drain_runner import BETWEEN_JOBS_MS, DrainRunner
from tests.support.clock import NOW_MS, FakeClock
from tests.support.wait import wait_until

JOB_MS = 15_000


class FakeDrain:
    """Runs between jobs until it is taken over, or until the test says that no work is left."""

    def __init__(self, error: Exception | None = None) -> None:
        self.calls: list[tuple[str, int]] = []
        self.done = threading.Event()
        self._error = error

    def run(self, end_ms: int, stop: threading.Event) -> int:
        self.calls.append(("run", end_ms))
        if self._error:
            raise self._error
        return len(self.calls)

    def run_between_jobs(
        self, until_ms: int, taken_over: threading.Event, stop: threading.Event
    ) -> bool:
        self.calls.append(("between jobs", until_ms))
        while not (self.done.is_set() or stop.is_set() or taken_over.wait(0.001)):
            pass
        return taken_over.is_set()

    def close(self, stop: threading.Event) -> None:
        self.calls.append(("close", 0))

    @property
    def closed(self) -> bool:
        return ("close", 0) in self.calls


class Made(list[FakeDrain]):
    error: Exception | None = None

    def make(self) -> Drain:
        self.append(FakeDrain(self.error))
        return cast("Drain", self[-1])


@pytest.fixture
def made() -> Made:
    return Made()


@pytest.fixture
def stop() -> threading.Event:
    return threading.Event()


@pytest.fixture
def runner(made: Made, stop: threading.Event) -> Iterator[DrainRunner]:
    runner = DrainRunner(made.make, FakeClock(), JOB_MS)
    yield runner
    stop.set()
    runner.close()


def test_the_next_job_takes_the_drain_over(
    runner: DrainRunner, made: Made, stop: threading.Event
) -> None:
    end_ms, until_ms = NOW_MS + JOB_MS, NOW_MS + BETWEEN_JOBS_MS
    assert [runner.run(stop), runner.run(stop)] == [1, 3]
    assert len(made) == 1
    assert made[0].calls[:3] == [("run", end_ms), ("between jobs", until_ms), ("run", end_ms)]
    assert not made[0].closed


def test_without_a_next_job_the_drain_ends_and_a_later_job_gets_another(
    runner: DrainRunner, made: Made, stop: threading.Event
) -> None:
    runner.run(stop)
    made[0].done.set()
    wait_until(lambda: made[0].closed, "the drain was closed")
    runner.run(stop)
    assert len(made) == 2
    assert [name for name, _ in made[0].calls] == ["run", "between jobs", "close"]


def test_told_to_stop_it_waits_until_the_drain_has_ended(
    runner: DrainRunner, made: Made, stop: threading.Event
) -> None:
    runner.run(stop)
    stop.set()
    runner.close()
    assert made[0].closed


def test_a_job_that_fails_closes_its_drain(
    runner: DrainRunner, made: Made, stop: threading.Event
) -> None:
    made.error = ValueError("as expected")
    with pytest.raises(ValueError, match="as expected"):
        runner.run(stop)
    assert made[0].closed
    made.error = None
    assert runner.run(stop) == 1


def test_what_failed_between_two_jobs_is_the_next_ones_failure_once(
    runner: DrainRunner, made: Made, stop: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> bool:
        raise ValueError("in between")

    with monkeypatch.context() as patched:
        patched.setattr(FakeDrain, "run_between_jobs", fail)
        runner.run(stop)
        with pytest.raises(ValueError, match="in between"):
            runner.run(stop)
    assert made[0].closed
    assert runner.run(stop) == 1
