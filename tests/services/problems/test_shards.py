"""A shard that is away: its partitions are named to all, its node to admins."""

from __future__ import annotations

from app.services.problems.problem import ProblemCode, StatusFigures
from app.services.problems.shards import shards

FIGURES = StatusFigures(now_ms=0, lag_ms=0, queue_depth=0, workers=2)


def test_a_cluster_that_is_whole_is_no_problem() -> None:
    assert not list(shards(dict)(FIGURES))


def test_each_node_that_is_away_is_a_problem() -> None:
    away = {"10.0.0.1:6379": {3, 1}, "10.0.0.2:6379": {7}}
    first, second = shards(lambda: away)(FIGURES)
    assert first.code is second.code is ProblemCode.SHARD_AWAY
    assert "partitions 1, 3 with it" in first.message
    assert "10.0.0.1" not in first.message
    assert "10.0.0.1:6379" in first.told_to(admin=True)
    assert "partition 7 with it" in second.message


def test_of_many_partitions_some_are_named() -> None:
    (problem,) = shards(lambda: {"": range(12)})(FIGURES)
    assert "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more with it" in problem.told_to(admin=True)
