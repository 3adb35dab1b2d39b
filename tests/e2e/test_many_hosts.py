"""Workers on many hosts share the partitions out, whose clocks are wrong: they come, go and die."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from app.engine.share_keeper import LEASE_MS
from app.rq_queues import RqDrainQueue, queue
from tests.support.api_client import Api, at, seconds_of
from tests.support.clocks import HostClock
from tests.support.processes import Program
from tests.support.receiver import Receiver, Reply
from tests.support.stack import Stack
from tests.support.wait import crowding, wait_until

pytestmark = pytest.mark.e2e

MANY = 12
"""Enough that hardly a partition stays empty."""

OFFSETS_S = {"scheduler": 5.0, "upkeep": -5.0, "deliver": -5.0, "other": 5.0}
STEPS_S = {"scheduler": -5.0, "upkeep": 5.0, "deliver": 5.0, "other": -5.0}
"""By host: how far its clock is off at first, and what it is set to."""

SECONDS = 3
EARLY_S = 0.002
"""So far two readings of this machine's clock may be apart, the store's and that of a test."""


class WrongClocks(Stack):
    """A stack whose scheduler and workers are on hosts of their own."""

    def __init__(self) -> None:
        super().__init__(workers=2, PARTITIONS="4", DRAIN_LINGER="60s")
        self.clocks = {
            name: HostClock(self.directory, name, offset) for name, offset in OFFSETS_S.items()
        }

    def _running(self, program: Program | None, name: str, *argv: str) -> Program:
        role, _, number = name.partition("-")
        clock = self.clocks.get("other" if number and int(number) % 2 == 0 else role)
        if program is None and clock is not None:
            env = self.environ | clock.environ
            program = Program(name, argv, env, cwd=self.directory)
        return super()._running(program, name, *argv)


@pytest.fixture(scope="module")
def shared_stack() -> Iterator[WrongClocks]:
    with WrongClocks() as stack:
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


def test_nothing_is_early_late_or_sent_twice_where_clocks_differ_and_are_set(
    stack: WrongClocks, receiver: Receiver
) -> None:
    """All go by the store's clock. RQ's own use of the hosts' clocks breaks no job, either."""
    receiver.reply("/fails-once", Reply(500), Reply(200))
    start = round(time.time()) + 1.5
    api = stack.api
    for number in range(4):
        api.create(
            receiver.url(f"/{number}"),
            start_time=at(start + number / 7),
            schedule={"every": "1s", "count": SECONDS},
        )
    api.create(receiver.url("/fails-once"), start_time=at(start), retry={"delays": ["2s"]})
    wait_until(lambda: time.time() > start + SECONDS / 2, "half of them are sent")
    for name, clock in stack.clocks.items():
        clock.set(STEPS_S[name])
    requests = receiver.wait_for(4 * SECONDS + 2, 30)
    seen = Counter((one.webhook_id, one.json["attempt"]) for one in requests)
    assert set(seen.values()) == {1}
    late = {}
    for one in requests:
        wait_s = 2.0 if one.json["attempt"] == 2 else 0.0
        due = seconds_of(one.json["scheduled_at"]) + wait_s
        assert one.at_ns / 1e9 - due >= -EARLY_S
        late[one.webhook_id, wait_s] = one.at_ns / 1e9 - due
        assert abs(int(one.headers["webhook-timestamp"]) - one.at_ns / 1e9) < 2 * crowding()
    assert max(late.values()) < 1.0 * crowding()
    with stack.redis() as broker:
        failed = [queue(name, broker).failed_job_registry.count for name in ("deliver", "upkeep")]
        assert failed == [0, 0]
