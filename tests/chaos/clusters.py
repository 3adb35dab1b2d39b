"""``python -m tests.chaos.clusters [--seconds 120] [--seed N]``: a cluster under load.

Primaries are killed, stopped and cut off from the others, replicas and workers are killed, nodes
are started anew, and slots move with what is in them; see ``outages``.
"""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from http.client import HTTPException

from redis.crc import key_slot

from tests.chaos.callers import ALL_KINDS, REPLICATED
from tests.chaos.cluster_stack import ClusterStack
from tests.chaos.failover_judge import Fault, Outcome
from tests.chaos.outages import LEASE_S, Say, main, run
from tests.support.api_client import at
from tests.support.cluster_nodes import Node
from tests.support.receiver import Receiver
from tests.support.wait import wait_until

KILL, STOP, CUT_OFF = "kill primary", "stop primary", "cut off primary"
BY_KEY, AT_ONCE = "move slots key by key", "move slots at once"
KINDS = (KILL, STOP, CUT_OFF, BY_KEY, AT_ONCE, "restart node", "kill replica", "kill worker")

PATIENCE_S = 60.0
FAR_S = 86_400.0


class Hand:
    """Does the faults, one after the other, and waits until the cluster is whole again."""

    def __init__(self, stack: ClusterStack, receiver: Receiver, *, seed: int, say: Say) -> None:
        self._stack, self._cluster, self._receiver, self._say = stack, stack.cluster, receiver, say
        self._chance = random.Random(seed)
        self.faults: list[Fault] = []
        self.killed: set[str] = set()
        self._probes = self._make_probes()
        """For each partition an event of it, by which its shard is tried."""
        self._faults: Mapping[str, Callable[[Fault, int], None]] = {
            KILL: self._fail_primary,
            STOP: self._fail_primary,
            CUT_OFF: self._fail_primary,
            BY_KEY: self._move_slots,
            AT_ONCE: self._move_slots,
            "restart node": self._restart,
            "kill replica": self._kill_replica,
            "kill worker": self._kill_worker,
        }

    def one_fault(self, how: str) -> None:
        """Do it to what has some partition, measure, and undo it."""
        fault = Fault(how, time.time())
        self.faults.append(fault)
        self._faults[how](fault, self._chance.randrange(self._stack.partitions))
        fault.over_s = time.time()
        self._say(
            f"{how}: {fault.recovered_s:.2f} s, delivered after {fault.delivered_s:.2f} s, over "
            f"after {fault.over_s - fault.at_s:.2f} s"
        )

    def make_whole(self) -> None:
        """Wait until every node serves or follows."""
        self._cluster.up(PATIENCE_S)

    def _fail_primary(self, fault: Fault, partition: int) -> None:
        node = self._stack.node_of(partition)
        begun_s = time.monotonic()
        if fault.what == KILL:
            self._cluster.kill(node)
        elif fault.what == STOP:
            self._cluster.pause(node)
        else:
            self._cluster.cut_off(node)
        # (One that is cut off takes changes at first: those are lost that ask for no replica.)
        wait_until(lambda: self._has_lost(node, partition), "a replica takes over", PATIENCE_S)
        self._measure(fault, partition, begun_s)
        if fault.what == CUT_OFF:
            self._cluster.reconnect(node)
        elif fault.what == STOP:
            self._cluster.resume(node)
        else:
            self._cluster.restart(node, wait=False)

    def _has_lost(self, node: Node, partition: int) -> bool:
        slot = key_slot(b"{%d}" % partition)
        return any(
            view.primary and slot in view.slots
            for view in self._cluster.views()
            if view.node is not node
        )

    def _measure(self, fault: Fault, partition: int, begun_s: float) -> None:
        """How long it takes until a partition takes changes and has deliveries made again."""
        wait_until(lambda: self._is_writable(partition), "a change is taken again", PATIENCE_S)
        fault.recovered_s = time.monotonic() - begun_s
        path = self._probes[partition][1]
        seen = len(self._receiver.requests_to(path))
        wait_until(lambda: self._triggers(partition), "an event is triggered", PATIENCE_S)
        wait_until(
            lambda: len(self._receiver.requests_to(path)) > seen, "a delivery is made", PATIENCE_S
        )
        fault.delivered_s = time.monotonic() - begun_s

    def _move_slots(self, fault: Fault, partition: int) -> None:
        """Move a partition, and some more slots, to another primary and leave them there."""
        slot, source = key_slot(b"{%d}" % partition), self._stack.node_of(partition)
        to = self._chance.choice([one for one in self._cluster.primaries() if one is not source])
        last = min(slot + 3, 16_384)
        self._cluster.move_slots(range(slot, last), to, atomically=fault.what == AT_ONCE)
        self._measure(fault, partition, time.monotonic())

    def _restart(self, fault: Fault, partition: int) -> None:
        node = self._stack.node_of(partition)
        begun_s = time.monotonic()
        self._cluster.restart(node, wait=False)
        self._measure(fault, partition, begun_s)

    def _kill_replica(self, _fault: Fault, partition: int) -> None:
        (replica,) = self._cluster.replicas_of(self._stack.node_of(partition))
        self._cluster.kill(replica)
        time.sleep(self._chance.uniform(0.5, 2))
        self._cluster.restart(replica, wait=False)

    def _kill_worker(self, _fault: Fault, _partition: int) -> None:
        worker = self._chance.choice(self._stack.workers)
        self.killed.add(worker.name)
        worker.kill()
        time.sleep(self._chance.uniform(0, LEASE_S))
        worker.start()

    def _make_probes(self) -> dict[int, tuple[str, str]]:
        """An event of each partition, its id and path."""
        urls = (f"/probe-{number}" for number in itertools.count())
        paths: dict[str, str] = {}

        def make() -> str:
            path = next(urls)
            event_id: str = self._stack.api.create(self._receiver.url(path), ahead=FAR_S)["id"]
            paths[event_id] = path
            return event_id

        made = self._stack.one_of_each(make)
        return {partition: (event_id, paths[event_id]) for partition, event_id in made.items()}

    def _is_writable(self, partition: int) -> bool:
        """A change of an event of the partition that asks for nothing more than to be taken."""
        return self._answers("PATCH", f"/events/{self._probes[partition][0]}", 200)

    def _triggers(self, partition: int) -> bool:
        return self._answers("POST", f"/events/{self._probes[partition][0]}/trigger", 202)

    def _answers(self, method: str, path: str, status: int) -> bool:
        body = {"description": at(time.time())} if method == "PATCH" else {}
        try:
            return self._stack.api.call(method, path, body).status == status
        except (OSError, HTTPException):
            return False


def failing_cluster(
    seed: int,
    say: Say,
    plan: Iterator[str],
    *,
    workers: int = 2,
    callers: int = 4,
    asking: Mapping[str, str] = REPLICATED,
) -> Outcome:
    """Do the faults of a plan to a cluster of three primaries and three replicas, then judge."""
    stack = ClusterStack(workers=workers, LEASE=f"{LEASE_S:g}s", DURABILITY_REPLICAS="1")
    make_hand = partial(Hand, stack, seed=seed, say=say)
    return run(seed, say, plan, stack, make_hand, callers=callers, asking=asking, kinds=ALL_KINDS)


if __name__ == "__main__":
    main(__doc__, failing_cluster, KINDS, CUT_OFF)
