"""What processes say of their hosts: a clock that is off, few files left, a disk nearly full."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.domain.free_space import FreeSpace
from app.domain.process import DISK_RATIO, ProcessFacts
from app.metrics.catalogue import CLOCK_OFFSET, DISK_FREE, FILES_USED
from app.services.problems.problem import Check, Problem, ProblemCode, StatusFigures

MOST_OFFSET_S = 1.0
MOST_FILES = 0.8
MOST_NAMED = 3
"""How many processes or hosts a sentence names."""


def clock(figures: StatusFigures) -> Iterator[Problem]:
    """Answer a problem if the clock of a host is more than a second from the store's."""

    def offset(one: ProcessFacts) -> float:
        return one.gauges.get(CLOCK_OFFSET.name, 0.0)

    off = [one for one in figures.alive if abs(offset(one)) > MOST_OFFSET_S]
    if not off:
        return
    seconds = max(abs(offset(one)) for one in off)
    hosts = _named(sorted({one.host for one in off}))
    # Where all are off, it is more likely the store's.
    whose = "The clocks of all hosts are" if len(off) == len(figures.alive) else "A host's clock is"
    advice = (
        f"up to {seconds:.1f} s from the store's, by which everything goes: have a time service "
        "(NTP) set the clocks of all hosts, and of the store's."
    )
    yield Problem(ProblemCode.CLOCK, f"{whose} {advice}", f"{whose} {advice} It is so on {hosts}.")


def files(figures: StatusFigures) -> Iterator[Problem]:
    """Answer a problem if a process has more than four fifths of its files open."""
    full = [one for one in figures.alive if _files_used(one) > MOST_FILES]
    if full:
        per_cent = 100 * max(map(_files_used, full))
        yield _about(
            ProblemCode.FILES,
            f"A process has {per_cent:.0f} % of the files open that it may have",
            "raise its limit (LimitNOFILE, ulimit -n), or start more processes.",
            full,
        )


def disk(least: FreeSpace) -> Check:
    """Make the check of the data directory's disk; ``least`` is what has to be free."""

    def check(figures: StatusFigures) -> Iterator[Problem]:
        known = [one for one in figures.alive if DISK_FREE.name in one.gauges]
        full = [one for one in known if least.is_more_than(*_free(one))]
        if full:
            free, ratio = min(map(_free, full))
            yield _about(
                ProblemCode.DISK,
                f"The disk of the data directory has {free / 2**20:,.0f} MiB left "
                f"({100 * ratio:.1f} %)",
                "make room or give it a larger one, before the store can't write any more "
                "(QHRONOS_DISK_FREE says how much has to be free).",
                full,
            )

    return check


def _files_used(one: ProcessFacts) -> float:
    return one.gauges.get(FILES_USED.name, 0.0)


def _free(one: ProcessFacts) -> tuple[float, float]:
    return one.gauges[DISK_FREE.name], one.gauges.get(DISK_RATIO, 1.0)


def _about(code: ProblemCode, what: str, advice: str, processes: Sequence[ProcessFacts]) -> Problem:
    named = _named(sorted(one.place for one in processes))
    return Problem(code, f"{what}: {advice}", f"{what} ({named}): {advice}")


def _named(places: Sequence[str], most: int = MOST_NAMED) -> str:
    more = len(places) - most
    return ", ".join(places[:most]) + (f" and {more} more" if more > 0 else "")
