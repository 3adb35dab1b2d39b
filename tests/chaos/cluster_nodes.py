"""Chaos of a cluster: the faults of every other run, each done to the nodes of the store, too."""

from __future__ import annotations

from functools import partial

from tests.chaos.cluster_stack import ClusterStack
from tests.chaos.faults import Hand
from tests.support.processes import Program

PARTITIONS = 6
OF_STORE = 5
"""There are six nodes to hurt, and each of them is only a part of the store."""

on_a_cluster = partial(
    ClusterStack, PARTITIONS=str(PARTITIONS), DURABILITY="replicated", DURABILITY_REPLICAS="1"
)
"""Every change asks for what outlives a failover."""


class NodesHand(Hand):
    """Hurts one node of the store where it would hurt the store."""

    may_lose = True

    def stores(self) -> list[Program]:
        """All nodes, whatever they are now."""
        assert isinstance(self.stack, ClusterStack)
        return [node.program for node in self.stack.cluster.nodes]

    def start_store(self, program: Program) -> None:
        """Start that node; it learns from the others what it is now."""
        program.start()
