"""A store that is cut into four partitions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.api_client import Api
from tests.support.invariants import broken
from tests.support.ports import free_port
from tests.support.receiver import Receiver
from tests.support.stack import GUNICORN, WORKER, Stack

pytestmark = pytest.mark.e2e

MANY = 24
"""Enough that no partition stays empty."""


@pytest.fixture(scope="module")
def shared_stack() -> Iterator[Stack]:
    with Stack(workers=1, PARTITIONS="4") as stack:
        yield stack


def test_events_of_all_partitions_are_listed_and_delivered(
    stack: Stack, api: Api, receiver: Receiver
) -> None:
    """Lists merge over partitions, page by page, and every partition is drained."""
    events = [api.create(receiver.url("/"), tags=["cut"], ahead=0.5) for _ in range(MANY)]
    ids = [event["id"] for event in events]
    listed, path = [], "/events?tags=cut&limit=7"
    while path:
        answer = api.call("GET", path)
        assert answer.headers["x-total-count"] == str(MANY)
        listed += [event["id"] for event in answer.json]
        path = answer.headers.get("link", "").partition("<")[2].partition(">")[0]
    assert listed == ids[::-1]
    requests = receiver.wait_for(MANY, 30)
    assert {request.json["event_id"] for request in requests} == set(ids)
    for event_id in ids:
        api.wait_for_status(event_id, "completed")
    with stack.redis() as client:
        used = {key.split(b"}")[0] for key in client.scan_iter(match="qh:{*}:events:*")}
        assert len(used) == 4
        assert not broken(client, 4)


@pytest.mark.parametrize("argv", [(*WORKER, "deliver"), GUNICORN], ids=["worker", "web"])
def test_another_number_on_the_same_store_is_refused(stack: Stack, argv: tuple[str, ...]) -> None:
    """The number can't change: whatever is started with another one says so and ends."""
    port = str(free_port())
    program = stack.program("other", *argv, PARTITIONS="2", PORT=port)
    program.start()
    try:
        assert program.wait() == 2
        assert "QHRONOS_PARTITIONS=4" in program.output
    finally:
        program.kill()
