"""A shard of the cluster that is the store is away, and what it has waits for it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

from app.services.problems.problem import Check, Problem, ProblemCode, StatusFigures

MOST_NAMED = 10
"""How many partitions the sentence names."""


def shards(away: Callable[[], Mapping[str, Collection[int]]]) -> Check:
    """Make the check; ``away`` answers the nodes that are away, and the partitions of each."""

    def check(_figures: StatusFigures) -> Iterator[Problem]:
        for node, partitions in sorted(away().items()):
            said = (
                f"does not answer or takes no writes, and {_numbers(sorted(partitions))} with it: "
                "start it again, or have a replica take its place; what it has is not delivered "
                "until then, and all else goes on."
            )
            yield Problem(
                ProblemCode.SHARD_AWAY,
                f"A shard of the store {said}",
                f"The node {node} of the store {said}" if node else "",
            )

    return check


def _numbers(partitions: list[int]) -> str:
    named = ", ".join(map(str, partitions[:MOST_NAMED]))
    more = len(partitions) - MOST_NAMED
    word = "partition" if len(partitions) == 1 else "partitions"
    return f"{word} {named}" + (f" and {more} more" if more > 0 else "")
