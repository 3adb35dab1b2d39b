"""Metrics of real processes, which end in every way; the API has two processes itself."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator

import pytest

from tests.support.receiver import Receiver
from tests.support.stack import Stack
from tests.support.wait import wait_until

pytestmark = pytest.mark.e2e

SAMPLE = re.compile(r"^([a-z_]+(?:\{[^}]*\})?) ([0-9.e+]+)$", re.MULTILINE)
COMPLETED = 'qhronos_outcomes_total{outcome="completed"}'
SENT = 'qhronos_attempts_total{action="webhook",result="ok",status="2xx"}'
BATCH = 12


@pytest.fixture
def stack() -> Iterator[Stack]:
    """One whose processes have counted nothing yet."""
    with Stack(workers=2, WEB_WORKERS="2") as stack:
        yield stack


def scrape(stack: Stack) -> dict[str, float]:
    answer = stack.api.call("GET", "/metrics")
    assert answer.status == 200
    return {name: float(value) for name, value in SAMPLE.findall(answer.body.decode())}


def deliver(stack: Stack, receiver: Receiver, before: int) -> None:
    """Have a batch delivered, until it is recorded."""
    for _ in range(BATCH):
        stack.api.create(receiver.url("/"))
    done = before + BATCH
    wait_until(lambda: scrape(stack)["qhronos_occurrences_completed"] == done, "all is recorded")


def test_no_counter_falls_or_counts_twice_when_processes_end(
    stack: Stack, receiver: Receiver
) -> None:
    """Not after a stop, which loses nothing, and not after a kill, nor with another API process."""
    deliver(stack, receiver, 0)
    wait_until(lambda: scrape(stack)[COMPLETED] == BATCH, "every worker has said what it counted")
    stack.workers[0].kill()
    deliver(stack, receiver, BATCH)
    stack.workers[1].stop()
    seen = [scrape(stack) for _ in range(6)]
    assert {one[COMPLETED] for one in seen} == {one[SENT] for one in seen} == {2 * BATCH}
    assert {one["qhronos_lateness_seconds_count"] for one in seen} == {2 * BATCH}
    route = 'qhronos_api_request_seconds_count{method="POST",route="/events",status="2xx"}'
    wait_until(lambda: scrape(stack)[route] == 2 * BATCH, "both API processes have said it")
    with socket.create_connection(("127.0.0.1", stack.port)) as connection:
        connection.sendall(b"no request\r\n\r\n")
        assert connection.recv(12) == b"HTTP/1.1 400"
    refused = 'qhronos_api_refused_total{reason="malformed",status="400"}'
    wait_until(lambda: scrape(stack).get(refused) == 1, "what the server refuses is counted")
