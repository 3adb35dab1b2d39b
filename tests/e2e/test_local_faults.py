"""What a worker's own host lacks: nobody is charged for it, and it is told."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.processes import Program
from tests.support.receiver import Receiver
from tests.support.stack import Stack
from tests.support.wait import wait_until

pytestmark = pytest.mark.e2e


@contextmanager
def no_more_files(program: Program) -> Iterator[None]:
    """Let a program that runs open no more files than it has open."""
    used = {int(file.name) for file in Path(f"/proc/{program.pid}/fd").iterdir()}
    free = next(number for number in range(len(used) + 1) if number not in used)
    soft, hard = resource.prlimit(program.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(program.pid, resource.RLIMIT_NOFILE, (free, hard))
    try:
        yield
    finally:
        resource.prlimit(program.pid, resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.timeout(60)
def test_a_worker_without_files_puts_deliveries_off_and_charges_no_event(
    receiver: Receiver, other_receiver: Receiver
) -> None:
    # The drain outlasts the test: another one could open no connection to the store.
    with Stack(workers=1, DRAIN_LINGER="60s") as stack:
        api = stack.api
        api.create(receiver.url("/kept"), schedule={"every": "1s"})
        receiver.wait_for(2, 30, "/kept")  # by a drain that goes on, on a connection that is kept
        with no_more_files(stack.workers[0]):
            event = api.create(other_receiver.url("/"), retry={"attempts": 1})
            (told,) = wait_until(
                lambda: [
                    one for one in api.get("/status")["problems"] if one["code"] == "local_fault"
                ],
                "the status tells of it",
            )
            assert "ulimit -n" in told["message"]
            # (While it is tried again, its attempt is under way, and counted as such.)
            (waiting,) = wait_until(
                lambda: [one for one in api.occurrences(event["id"]) if not one["attempt_count"]],
                "it was handed back",
            )
            assert waiting["deferral_reason"] == "this host has too many files open"
            assert other_receiver.requests == []
        api.wait_for_status(event["id"], "completed")
        (occurrence,) = api.occurrences(event["id"])
        assert occurrence["attempt_count"] == 1
        assert len(other_receiver.requests) == 1
        assert stack.workers[0].running
