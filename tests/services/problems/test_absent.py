"""No worker, no scheduler, no upkeep: judged by who has spoken of late, and what has run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pytest

from app.domain.process import SILENT, UP, ProcessFacts
from app.services.problems.absent import RUNS, START_S, no_scheduler, no_upkeep, no_worker
from app.services.problems.problem import Problem, ProblemCode, StatusFigures
from app.store.watch import Watched
from tests.support.clock import NOW_MS

CHECKS: Mapping[str, Callable[[StatusFigures], Iterator[Problem]]] = {
    "deliver": no_worker,
    "scheduler": no_scheduler,
    "upkeep": no_upkeep,
}
CODES = dict(zip(CHECKS, ("no_worker", "no_scheduler", "no_upkeep"), strict=True))


def process(role: str, **gauges: float) -> ProcessFacts:
    return ProcessFacts(role, "host", 1, gauges=gauges)


def seen(
    *alive: ProcessFacts,
    up_s: float = 3_600,
    died: frozenset[str] = frozenset(),
    runs: Mapping[str, int] | None = None,
) -> StatusFigures:
    return StatusFigures(
        now_ms=NOW_MS,
        lag_ms=0,
        queue_depth=0,
        workers=0,
        alive=alive,
        died=died,
        up_s=up_s,
        watched=Watched(dict(runs or {})),
    )


@pytest.mark.parametrize("role", CHECKS)
@pytest.mark.parametrize(
    ("there", "up_s", "has_died", "is_told"),
    [
        (True, 3_600, False, False),
        (True, 3_600, True, False),  # another one is alive
        (False, 3_600, False, True),
        (False, 1, False, False),  # the instance begins
        (False, START_S, False, False),
        (False, START_S + 1, False, True),
        (False, 1, True, True),  # it had begun, and was killed
    ],
)
def test_a_role_that_nobody_has_is_told_once_the_instance_has_begun(
    role: str, there: bool, up_s: float, has_died: bool, is_told: bool
) -> None:
    alive = [process("web"), *([process(role)] if there else [])]
    died = frozenset({role} if has_died else ())
    found = list(CHECKS[role](seen(*alive, up_s=up_s, died=died)))
    assert [one.code.value for one in found] == ([CODES[role]] if is_told else [])
    assert all("start one with 'python worker.py" in one.message for one in found)


@pytest.mark.parametrize(
    ("still_s", "is_told"), [((2.0,), False), ((61.0,), True), ((61.0, 1.0), False), ((), False)]
)
def test_a_scheduler_that_is_alive_and_stands_still_is_none(
    still_s: tuple[float, ...], is_told: bool
) -> None:
    """Unless another one goes on; one of an earlier version says nothing of that."""
    alive = [process("scheduler", **{SILENT: one}) for one in still_s] or [process("scheduler")]
    found = list(no_scheduler(seen(*alive)))
    assert [one.code for one in found] == [ProblemCode.NO_SCHEDULER] * is_told
    assert all("61 s: restart it" in one.message for one in found)


@pytest.mark.parametrize(
    ("ages_s", "there_s", "told"),
    [
        ((20, 30, 60), 3_600, ""),
        ((20, 30, 301), 3_600, "'retain'"),
        ((700, 30, 60), 3_600, "'recover' has not ended well for 12 min"),
        ((90_000, 90_000, 90_000), 20, ""),  # the instance was off for a day
        ((None, None, None), 20, ""),
        ((None, None, None), 400, "'recover' has not ended well for 7 min"),
        ((None, None, None), 0, ""),  # an earlier version notes no runs, and no age
    ],
)
def test_upkeep_that_does_not_run_is_told_by_the_job(
    ages_s: tuple[int | None, ...], there_s: float, told: str
) -> None:
    runs = {
        name: NOW_MS - age_s * 1_000
        for name, age_s in zip(RUNS, ages_s, strict=True)
        if age_s is not None
    }
    found = list(no_upkeep(seen(process("upkeep", **{UP: there_s}), runs=runs)))
    assert bool(found) == bool(told)
    assert all(told in one.message for one in found)
