"""A redelivery job: how many may be redelivered next, when they are due, and when it ends."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.domain.access import MASTER
from app.domain.redelivery_job import (
    AHEAD_MS,
    CHUNK,
    IDLE_LOOK_MS,
    LOOK_MS,
    PROBE,
    SOON_MS,
    WATCHED,
    RedeliveryFilter,
    RedeliveryJob,
    RedeliveryRequest,
)

NOW = 1_000_000


def a_job(rate: str | None = None, stop_at: float | None = None, **values) -> RedeliveryJob:
    request = RedeliveryRequest(RedeliveryFilter(), rate=rate, stop_at=stop_at)
    return replace(RedeliveryJob(b"j" * 16, request, MASTER, NOW, NOW, 9), **values)


def some(count: int) -> list[bytes]:
    return [number.to_bytes(16, "big") for number in range(count)]


def test_without_a_rate_a_chunk_is_due_at_once():
    job = a_job()
    assert job.room(NOW) == CHUNK
    planned = job.plan(some(3), (5, b"x"), NOW)
    assert [due for _, due in planned.planned] == [NOW] * 3
    assert (planned.position, planned.is_read) == ((5, b"x"), False)
    assert planned.plan((), None, NOW).room(NOW) == 0


@pytest.mark.parametrize("rate", [None, "1000/s"])
def test_only_so_many_are_under_way_at_once(rate):
    """Who ends the job stops all the others; soon somebody looks whether there is room again."""
    full = a_job(rate).redelivered(some(WATCHED))
    assert (full.room(NOW), full.look_ms(NOW)) == (0, NOW + SOON_MS)
    assert full.counted(some(WATCHED - 7), 7, 0).room(NOW) == 7


@pytest.mark.parametrize(
    ("rate", "room", "step_ms"), [("1/s", 2, 1_000), ("10/s", 11, 100), ("30/h", 1, 120_000)]
)
def test_at_a_rate_what_is_due_soon_is_handed_on_at_its_distance(rate, room, step_ms):
    job = a_job(rate)
    assert job.room(NOW) == room
    job = job.plan(some(room), (0, b""), NOW)
    assert [due for _, due in job.planned] == [NOW + at * step_ms for at in range(room)]
    assert job.room(NOW) == 0
    following = NOW + room * step_ms
    assert job.room(following - AHEAD_MS - 1) == 0
    assert job.room(following - AHEAD_MS) == 1
    job = job.plan(some(1), (0, b""), following - AHEAD_MS)
    assert job.planned == ((some(1)[0], following),)


def test_what_fell_behind_its_rate_does_not_catch_up_at_once():
    job = a_job("1/s").plan(some(10), (0, b""), NOW)
    late = NOW + 3_600_000
    assert job.room(late) == 2
    assert [due for _, due in job.plan(some(2), (0, b""), late).planned] == [late, late + 1_000]


@pytest.mark.parametrize(
    ("rate", "watched", "look_ms"),
    [
        (None, 1, LOOK_MS),
        (None, 0, IDLE_LOOK_MS),
        ("10/s", 1, SOON_MS),
        ("1/s", 1, AHEAD_MS // 2),
        ("30/h", 1, LOOK_MS),
        ("30/h", 0, IDLE_LOOK_MS),
    ],
)
def test_who_waits_is_looked_at_in_time_for_its_rate_and_its_outcomes(rate, watched, look_ms):
    job = a_job(rate).plan(some(1), (0, b""), NOW).redelivered(some(watched))
    assert job.look_ms(NOW) == NOW + look_ms


def test_a_rate_that_does_not_divide_a_second_does_not_drift():
    job, dues = a_job("7/s"), []
    for _ in range(7):
        job = job.plan(some(10), (0, b""), NOW)
        dues += [due for _, due in job.planned]
    assert dues == [NOW + at * 1_000 // 7 for at in range(70)]


def test_a_brake_lets_few_go_until_it_can_be_judged():
    job = a_job(stop_at=0.5)
    assert job.room(NOW) == PROBE
    job = job.redelivered(some(PROBE - 1))
    assert job.room(NOW) == 1
    assert job.counted(some(PROBE - 1), 19, 0).room(NOW) == 1
    assert job.counted(some(PROBE - 2), 0, 1).room(NOW) == 1
    assert job.counted(some(PROBE - 19), 0, 19).room(NOW) == 0
    assert job.counted(some(PROBE - 1), 20, 0).room(NOW) == CHUNK
    assert job.counted(some(WATCHED), 20, 0).room(NOW) == 0


def test_only_the_newest_are_watched():
    job = a_job().redelivered(some(WATCHED)).redelivered([b"new"])
    assert len(job.watched) == WATCHED
    assert job.watched[-1] == b"new"
    assert job.watched[0] == some(2)[1]
    assert job.retried == WATCHED + 1


@pytest.mark.parametrize(
    ("completed", "failed", "status"),
    [(0, 19, "running"), (0, 20, "stopped"), (10, 10, "stopped"), (11, 10, "running")],
)
def test_a_brake_is_judged_from_twenty_on(completed, failed, status):
    job = a_job(stop_at=0.5).counted((), completed, failed).settled(NOW + 1)
    assert job.status == status
    if status == "stopped":
        assert job.ended_ms == NOW + 1
        assert job.reason == f"{failed} of {completed + failed} failed again"


def test_it_is_completed_when_nothing_is_left():
    job = a_job().plan(some(1), None, NOW)
    assert job.settled(NOW).is_running
    job = job.redelivered(some(1))
    assert job.settled(NOW).is_running
    job = job.counted((), 1, 0)
    ended = job.settled(NOW + 5)
    assert (ended.status, ended.ended_ms, ended.error_rate) == ("completed", NOW + 5, 0.0)
    assert a_job().error_rate is None


def test_what_failed_is_over_too_when_a_brake_is_judged():
    job = a_job(stop_at=0.9).redelivered(some(PROBE - 1))
    assert job.counted(some(PROBE - 10), 10, 9).room(NOW) == 1
    assert job.counted(some(PROBE - 1), 10, 10).room(NOW) == CHUNK


def test_what_was_handed_on_is_planned_no_more_and_an_ended_job_only_watches():
    job = a_job().plan(some(2), (0, b""), NOW).redelivered(some(1))
    assert (job.planned, job.watched, job.retried) == ((), tuple(some(1)), 1)
    ended = job.plan(some(2), (0, b""), NOW).ended("cancelled", NOW + 5, "why")
    assert (ended.planned, ended.watched) == ((), tuple(some(1)))
    assert (ended.status, ended.reason, ended.ended_ms) == ("cancelled", "why", NOW + 5)
    assert not ended.is_running


def test_a_pace_goes_on_from_the_moment_that_is_due():
    """One whose next slot is now is not behind."""
    job = a_job("1/s").plan(some(10), (0, b""), NOW)
    due_ms = NOW + 10_000
    job = job.plan(some(1), (0, b""), due_ms)
    assert (job.planned, job.paced_from_ms, job.paced) == (((some(1)[0], due_ms),), NOW, 11)
