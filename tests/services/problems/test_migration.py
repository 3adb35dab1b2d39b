"""A store that nobody brings to this version's form is told of; one that is under way is not."""

from __future__ import annotations

import pytest

from app.services.problems.migration import migration
from app.services.problems.problem import ProblemCode, StatusFigures
from app.store.watch import Watched
from tests.support.clock import NOW_MS

NEWEST = 8


@pytest.mark.parametrize(
    ("schema", "moved_s", "up_s", "is_told"),
    [
        (NEWEST, None, 3_600, False),
        (NEWEST + 1, None, 3_600, False),  # of a later version: another one sees to it
        (None, None, 3_600, False),  # nobody has used it yet
        (7, 2, 3_600, False),
        (7, 181, 3_600, True),
        (7, None, 3_600, True),
        (7, None, 60, False),
        (0, 90_000, 60, False),  # the instance was off for a day
    ],
)
def test_a_migration_stands_still_after_three_minutes(
    schema: int | None, moved_s: int | None, up_s: float, is_told: bool
) -> None:
    moved_ms = 0 if moved_s is None else NOW_MS - 1_000 * moved_s
    figures = StatusFigures(
        now_ms=NOW_MS,
        lag_ms=0,
        queue_depth=0,
        workers=1,
        up_s=up_s,
        watched=Watched(schema=schema, migrated_ms=moved_ms),
    )
    found = list(migration(NEWEST)(figures))
    assert [one.code for one in found] == [ProblemCode.MIGRATION] * is_told
