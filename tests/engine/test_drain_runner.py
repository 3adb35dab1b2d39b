"""DrainRunner: a drain runs on between two jobs, and is closed when no job follows."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import nullcontext
from typing import cast

import pytest

from app.engine.drain import Drain
from app.engine.drain_runner import BETWEEN_JOBS_MS, HAND_OVER_MS, LOOK_MS, DrainRunner
from app.errors import BrokerUnavailable, StoreUnavailable
from tests.support.clock import NOW_MS, FakeClock
from tests.support.wait import wait_until

JOB_MS = 15_000


class FakeDrain:
    """Runs between jobs until it is taken over, or until the test says that no work is left."""

    def __init__(self, error: Exception | None = None) -> None:
        self.calls: list[tuple[str, int]] = []
        self.done = threading.Event()
        self._error = error
        self.fails_between = False
        self.clock: FakeClock | None = None

    def run(self, end_ms: int, stop: threading.Event) -> int:
        self.calls.append(("run", end_ms))
        if self._error:
            raise self._error
        return len(self.calls)

    def run_between_jobs(
        self, until_ms: int, taken_over: threading.Event, stop: threading.Event, _uncalled: object
    ) -> bool:
        self.calls.append(("between jobs", until_ms))
        if self.fails_between:
            raise ValueError("in between")
        while not (self.done.is_set() or stop.is_set() or taken_over.wait(0.001)):
            pass
        return taken_over.is_set()

    def sign_off(self) -> None:
        self.calls.append(("sign off", 0))

    def run_until(self, until_ms: int) -> None:
        self.calls.append(("run until", until_ms))
        if self.clock:
            self.clock.advance(until_ms - self.clock.now_ms())

    def close(self, stop: threading.Event) -> None:
        self.calls.append(("close", 0))

    @property
    def closed(self) -> bool:
        return ("close", 0) in self.calls


class Made(list[FakeDrain]):
    error: Exception | None = None
    fails_between = False
    clock: FakeClock | None = None

    def make(self) -> Drain:
        self.append(FakeDrain(self.error))
        self[-1].fails_between, self[-1].clock = self.fails_between, self.clock
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


def test_each_drain_that_fails_is_told_unless_the_store_is_away_or_all_is_to_stop(
    made: Made, stop: threading.Event
) -> None:
    failures: list[None] = []
    runner = DrainRunner(made.make, FakeClock(), JOB_MS, on_failure=lambda: failures.append(None))
    for made.error in (ValueError("one"), StoreUnavailable(), ValueError("two"), None):
        with nullcontext() if made.error is None else pytest.raises(type(made.error)):
            runner.run(stop)
    assert len(failures) == 2
    stop.set()
    runner.close()


def test_a_store_that_is_away_hides_no_error_of_a_drain(made: Made, stop: threading.Event) -> None:
    def away() -> None:
        raise StoreUnavailable

    made.error = ValueError("as expected")
    runner = DrainRunner(made.make, FakeClock(), JOB_MS, on_failure=away)
    with pytest.raises(ValueError, match="as expected"):
        runner.run(stop)
    runner.close()


def names(drain: FakeDrain) -> list[str]:
    return [name for name, _ in drain.calls]


def test_uncalled_a_drain_runs_until_a_job_takes_it_over(
    runner: DrainRunner, made: Made, stop: threading.Event
) -> None:
    """While the broker is away; asking again and again begins no second one."""
    for _ in range(3):
        runner.run_uncalled(stop)
    wait_until(lambda: made and names(made[0]) == ["between jobs"], "it delivers")
    runner.run(stop)
    assert len(made) == 1
    assert names(made[0])[:2] == ["between jobs", "run"]


def test_uncalled_another_begins_when_one_has_failed(
    runner: DrainRunner, made: Made, stop: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody else would notice: no job comes that could raise the error."""
    made.fails_between = True
    runner.run_uncalled(stop)
    wait_until(lambda: made and made[0].closed, "it has failed")
    made.fails_between = False
    wait_until(lambda: (runner.run_uncalled(stop), len(made) == 2)[1], "another one begins")
    assert "in between" in caplog.text


def test_uncalled_nothing_begins_once_told_to_stop(
    runner: DrainRunner, made: Made, stop: threading.Event
) -> None:
    stop.set()
    runner.run_uncalled(stop)
    assert not made


class OtherWorker:
    """Begins after it was looked for a few times, if there is one."""

    def __init__(self, *, there: bool = True, begins_after: int = 3, away: bool = False) -> None:
        self.there, self.begins_after, self.away = there, begins_after, away
        self.called = 0

    def call(self) -> bool:
        if self.away:
            raise BrokerUnavailable
        self.called += 1
        return self.there

    def has_begun(self) -> bool:
        self.begins_after -= 1
        return self.begins_after < 0


@pytest.mark.parametrize(
    ("other", "goes_on"),
    [
        (OtherWorker(), 3),
        (OtherWorker(begins_after=0), 0),
        (OtherWorker(there=False), 0),
        (OtherWorker(away=True), 0),
    ],
    ids=["one begins soon", "one is at work", "there is none", "the broker is away"],
)
def test_told_to_stop_it_delivers_until_another_one_has_begun(
    made: Made, stop: threading.Event, other: OtherWorker, goes_on: int
) -> None:
    runner = DrainRunner(made.make, FakeClock(), JOB_MS, relief=other)
    runner.run(stop)
    stop.set()
    runner.close()
    assert names(made[0])[2:] == ["sign off", *["run until"] * goes_on, "close"]
    assert other.called == (not other.away)


def test_it_does_not_wait_for_another_one_for_ever(made: Made, stop: threading.Event) -> None:
    clock = FakeClock()
    other = OtherWorker(begins_after=10**9)
    runner = DrainRunner(made.make, clock, JOB_MS, relief=other)
    made.clock = clock
    runner.run(stop)
    stop.set()
    runner.close()
    assert names(made[0]).count("run until") == HAND_OVER_MS // LOOK_MS
