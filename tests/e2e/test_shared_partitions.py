"""Workers that share the partitions out come, go, die and are suspended."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import pytest

from app.engine.share_keeper import LEASE_MS
from app.rq_queues import RqDrainQueue
from tests.support.api_client import Api
from tests.support.receiver import Receiver
from tests.support.stack import Stack
from tests.support.wait import crowding, wait_until

pytestmark = pytest.mark.e2e

MANY = 12
"""Enough that hardly a partition stays empty."""


@pytest.fixture(scope="module")
def shared_stack() -> Iterator[Stack]:
    with Stack(workers=2, PARTITIONS="4", DRAIN_LINGER="60s") as stack:
        yield stack


def test_workers_that_come_go_stop_and_die_share_the_partitions_anew(
    stack: Stack, api: Api, receiver: Receiver
) -> None:
    """Within two seconds, and no partition waits for longer than the lease of who had it."""
    took_s: dict[str, float] = {}
    with stack.redis() as client:
        drains = RqDrainQueue(client)

        def sharing() -> int:
            return int(client.zcard("qh:{shares}:places"))

        def both_drain() -> bool:
            if sharing() < 2 and not drains.waiting():
                drains.enqueue_drain()
            return sharing() == 2

        def share(number: int, what: str) -> None:
            began_s = time.monotonic()
            wait_until(lambda: sharing() == number, what)
            took_s[what] = time.monotonic() - began_s
            events = [api.create(receiver.url("/"), ahead=0.1) for _ in range(MANY)]
            sent = {event["id"] for event in events}
            wait_until(
                lambda: sent <= {one.json["event_id"] for one in receiver.requests},
                f"{what}: all partitions are served",
                timeout=LEASE_MS / 1000 + crowding(),
            )

        wait_until(both_drain, "both workers drain")
        worker = stack.workers[0]
        os.kill(worker.pid, signal.SIGSTOP)
        share(1, "suspended")
        os.kill(worker.pid, signal.SIGCONT)
        share(2, "goes on")
        worker.kill()
        share(1, "killed")
        joining = stack.add_worker()
        wait_until(stack._workers_listen, "another worker")
        drains.enqueue_drain()
        share(2, "joins")
        joining.stop()
        share(1, "has left")
    assert max(took_s.values()) <= 2 * crowding(), took_s
