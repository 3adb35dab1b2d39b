"""Nobody delivers, schedules or does upkeep: no such process is alive, or it stands still.

Whether a process is alive is judged by the age of what it has last said, by the store's clock, when
somebody asks. So the answer is right while nothing but the API is alive.
"""

from __future__ import annotations

from collections.abc import Iterator

from app.domain.process import DELIVER, SCHEDULER, SILENT, UP, UPKEEP
from app.services.problems.problem import Problem, ProblemCode, StatusFigures

START_S = 30.0
"""How long after its start an instance may have no process of a role: they do not begin together.
One that was there since then and died is missed at once."""

STILL_S = 60.0
"""For how long the loop of a scheduler may stand still; it goes round every five seconds."""

RUN_S = 300.0
"""How long after its last run a kind of upkeep may run again; each comes once a minute or more."""

RUNS = ("recover", "reconcile", "retain")
"""The kinds of upkeep, as ``app.rq_queues`` calls them."""


def no_worker(figures: StatusFigures) -> Iterator[Problem]:
    """Answer a problem if no delivery worker is alive."""
    if _is_missing(DELIVER, figures):
        yield Problem(
            ProblemCode.NO_WORKER,
            "No delivery worker is alive, and nothing is delivered: start one with 'python "
            "worker.py deliver', or see in the log of the last one why it has ended.",
        )


def no_scheduler(figures: StatusFigures) -> Iterator[Problem]:
    """Answer a problem if no scheduler is alive, or if the loops of all of them stand still."""
    if _is_missing(SCHEDULER, figures):
        yield Problem(
            ProblemCode.NO_SCHEDULER,
            "No scheduler is alive, and nobody calls the workers when something is due: start one "
            "with 'python worker.py scheduler', or see in the log of the last one why it has "
            "ended.",
        )
        return
    still_s = min((one.gauges.get(SILENT, 0.0) for one in figures.of(SCHEDULER)), default=0.0)
    if still_s > STILL_S:
        yield Problem(
            ProblemCode.NO_SCHEDULER,
            f"The scheduler is alive and has done nothing for {still_s:.0f} s: restart it, and "
            "see in its log what it waits for.",
        )


def no_upkeep(figures: StatusFigures) -> Iterator[Problem]:
    """Answer a problem if no upkeep worker is alive, or if a kind of upkeep has not run of late."""
    if _is_missing(UPKEEP, figures):
        yield Problem(
            ProblemCode.NO_UPKEEP,
            "No upkeep worker is alive, so nothing of dead workers is recovered and nothing old is "
            "deleted: start one with 'python worker.py upkeep', or see in the log of the last one "
            "why it has ended.",
        )
        return
    # (One of an earlier version does not say for how long it is there, and notes no runs.)
    there_s = max((one.gauges.get(UP, 0.0) for one in figures.of(UPKEEP)), default=0.0)
    ages = {
        name: min((figures.now_ms - figures.watched.runs.get(name, 0)) / 1000, there_s)
        for name in RUNS
    }
    late = [name for name, age_s in ages.items() if age_s > RUN_S]
    if late:
        yield Problem(
            ProblemCode.NO_UPKEEP,
            f"The upkeep job '{late[0]}' has not ended well for {ages[late[0]] / 60:.0f} min: see "
            "in the log of the upkeep worker what holds it up, and that of the scheduler.",
        )


def _is_missing(role: str, figures: StatusFigures) -> bool:
    if figures.of(role) or not figures.are_processes_known:
        return False
    return figures.up_s > START_S or role in figures.died
