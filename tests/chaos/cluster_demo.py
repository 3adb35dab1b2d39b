"""``python -m tests.chaos.cluster_demo``: Qhronos on a cluster, to hurt by hand.

Three primaries and three replicas on ports of this host, and all of Qhronos on them. Each shard has
an event that fires every second: a line a second says how late its webhook was. Whoever kills a
node sees one of them stop and go on. Ctrl-C ends all.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from signal import SIGINT, SIGTERM, signal
from types import FrameType

from tests.chaos.cluster_stack import ClusterStack
from tests.support.api_client import at, seconds_of
from tests.support.cluster_nodes import Node
from tests.support.receiver import Received, Receiver

AGAIN_S = 10.0
"""So long after it has ended a node is started again."""

LATE_S = 0.7
"""How long after a second its line is written."""


class Demo:
    """What is shown of a cluster that somebody hurts."""

    def __init__(self, stack: ClusterStack, receiver: Receiver) -> None:
        self._stack, self._cluster, self._receiver = stack, stack.cluster, receiver
        self._events = self._make_events()
        self._roles: dict[int, str] = {}
        self._gone_s: dict[int, float] = {}
        self._seen = 0

    def introduce(self) -> None:
        """Say what there is and what one may do to it."""
        say(f"\nQhronos answers on http://127.0.0.1:{self._stack.port} and stores in")
        say(f"  QHRONOS_REDIS_URL={self._cluster.url}\n")
        for node in self._cluster.nodes:
            self._roles[node.port] = self._role(node)
            say(f"  {node.address}  pid {node.program.pid:>7}  {self._roles[node.port]}")
        victim = self._cluster.primaries()[0].program.pid
        say(
            f"\nIn another terminal: kill -9 {victim} kills a primary, kill -STOP {victim} freezes"
            f" it and kill -CONT {victim} lets it go on.\nIts replica takes over within some "
            "seconds; meanwhile the webhooks of that shard wait, and those of the others do not."
            f"\nA node that was killed is started again after {AGAIN_S:g} s. Ctrl-C ends all."
            "\n\nHow late the webhooks of each shard were:\n"
        )

    def one_second(self) -> None:
        """Write the line of the second that has just been, and what has become of the nodes."""
        due_s = int(time.time() - LATE_S)
        for node in self._cluster.nodes:
            self._look_at(node)
        came = list(self._arrivals())
        line = "   ".join(
            f"{path[1:]}: " + (", ".join(late for at, late in came if at == path) or "nothing")
            for path in self._events
        )
        say(f"{time.strftime('%H:%M:%S', time.localtime(due_s))}   {line}")

    def _arrivals(self) -> Iterator[tuple[str, str]]:
        requests = self._receiver.requests
        new, self._seen = requests[self._seen :], len(requests)
        for one in new:
            yield one.path, f"{_late_ms(one)} ms"

    def _look_at(self, node: Node) -> None:
        role = self._role(node)
        if role != self._roles.get(node.port):
            self._roles[node.port] = role
            say(f"          {node.address} (pid {node.program.pid}): {role}")
        if node.program.running:
            self._gone_s.pop(node.port, None)
        elif time.monotonic() - self._gone_s.setdefault(node.port, time.monotonic()) > AGAIN_S:
            self._cluster.restart(node, wait=False)

    def _role(self, node: Node) -> str:
        if not node.program.running:
            return "has ended"
        with suppress(Exception):  # whatever becomes of a node that is being hurt
            role, *_ = node.ask("ROLE")
            return "primary" if role == "master" else "replica"
        return "does not answer"

    def _make_events(self) -> list[str]:
        """One for each shard, all due at each full second; their paths."""
        api = self._stack.api
        shards: dict[str, str] = {}
        made = self._stack.one_of_each(
            lambda: str(api.create(self._receiver.url(), ahead=86_400)["id"])
        )
        for partition, event_id in made.items():
            shards.setdefault(self._stack.node_of(partition).address, event_id)
        paths = []
        for number, event_id in enumerate(shards.values(), 1):
            paths.append(f"/shard-{number}")
            webhook = self._receiver.url(paths[-1])
            start = at(time.time())
            api.update(
                event_id, webhook=webhook, start_time=start, schedule={"cron": "* * * * * *"}
            )
        return paths


def _late_ms(one: Received) -> int:
    return round(one.at_ns / 1e6 - seconds_of(one.json["scheduled_at"]) * 1_000)


def say(text: str) -> None:
    """Write a line at once."""
    print(text, flush=True)


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> None:
    """Run until somebody ends it."""
    signal(SIGTERM, _stop)
    signal(SIGINT, _stop)
    say("Three primaries and three replicas start, and Qhronos on them: some ten seconds.")
    with suppress(KeyboardInterrupt), ClusterStack(workers=1) as stack, Receiver() as receiver:
        demo = Demo(stack, receiver)
        demo.introduce()
        while True:
            time.sleep(1 - (time.time() - LATE_S) % 1)
            demo.one_second()
    say("All has ended.")


if __name__ == "__main__":
    main()
