"""Clocks, files and disks of hosts: what processes say of them is judged, and hosts are for admins."""

from __future__ import annotations

import pytest

from app.domain.free_space import FreeSpace
from app.domain.process import DISK_RATIO, ProcessFacts
from app.metrics.catalogue import CLOCK_OFFSET, DISK_FREE, FILES_USED
from app.services.problems.hosts import clock, disk, files
from app.services.problems.problem import Problem, StatusFigures

GIB = 2**30
LEAST = FreeSpace(0.05, GIB)


def figures(*gauges: dict[str, float]) -> StatusFigures:
    alive = tuple(ProcessFacts("web", f"h{n}", n, gauges=each) for n, each in enumerate(gauges))
    return StatusFigures(now_ms=0, lag_ms=0, queue_depth=0, workers=1, alive=alive)


def told(found: list[Problem]) -> tuple[str, str]:
    """What everybody is told, and admins; empty if nothing is wrong."""
    for one in found:
        assert "h0" not in one.message
        assert "h1" not in one.message
    return (found[0].message, found[0].told_to(admin=True)) if found else ("", "")


@pytest.mark.parametrize(
    ("offsets", "says", "hosts"),
    [
        ((), "", ""),
        ((0.0, 0.0), "", ""),
        ((1.0, -1.0), "", ""),
        ((0.0, 1.001), "A host's clock is up to 1.0 s", "on h1."),
        ((0.0, -3_600.0), "A host's clock is up to 3600.0 s", "on h1."),
        ((5.0, 5.2), "The clocks of all hosts are up to 5.2 s", "on h0, h1."),
        ((None, 0.0), "", ""),  # an earlier version does not say
    ],
)
def test_a_clock_may_be_off_by_a_second(
    offsets: tuple[float | None, ...], says: str, hosts: str
) -> None:
    said = [{} if one is None else {CLOCK_OFFSET.name: one} for one in offsets]
    message, for_admins = told(list(clock(figures(*said))))
    assert message.startswith(says)
    assert bool(message) == bool(says)
    assert for_admins.endswith(hosts)


@pytest.mark.parametrize(
    ("used", "says"), [((), ""), ((0.2, 0.8), ""), ((0.2, 0.93), "A process has 93 % of the files")]
)
def test_a_process_needs_files_to_open(used: tuple[float, ...], says: str) -> None:
    message, for_admins = told(list(files(figures(*({FILES_USED.name: one} for one in used)))))
    assert message.startswith(says)
    assert bool(message) == bool(says)
    assert ("(web on h1 (pid 1))" in for_admins) == bool(says)


@pytest.mark.parametrize(
    ("least", "free", "ratio", "is_told"),
    [
        (LEAST, 2 * GIB, 0.06, False),
        (LEAST, GIB - 1, 0.5, True),
        (LEAST, 90 * GIB, 0.049, True),
        (FreeSpace(size=GIB), 90 * GIB, 0.01, False),
        (FreeSpace(ratio=0.05), 1, 0.05, False),
        (FreeSpace(), 0, 0.0, False),
    ],
)
def test_a_disk_needs_room(least: FreeSpace, free: float, ratio: float, is_told: bool) -> None:
    """A part of it, and bytes; a process that has no data directory says nothing of it."""
    said = {DISK_FREE.name: free, DISK_RATIO: ratio}
    message, _ = told(list(disk(least)(figures({}, said))))
    assert bool(message) == is_told
    assert not message or f"{free / 2**20:,.0f} MiB left ({100 * ratio:.1f} %)" in message
