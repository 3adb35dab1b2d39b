"""A store that is cut into partitions, and gets more."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from app.domain.ids import from_text, named_in_event
from app.store.fields import MetaField
from app.store.keys import META
from tests.support.api_client import Api
from tests.support.invariants import broken
from tests.support.ports import free_port
from tests.support.receiver import Receiver
from tests.support.stack import GUNICORN, WORKER, Stack
from tests.support.wait import wait_until

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def shared_stack() -> Iterator[Stack]:
    with Stack(workers=1, PARTITIONS="3") as stack:
        yield stack


@pytest.mark.parametrize("argv", [(*WORKER, "deliver"), GUNICORN], ids=["worker", "web"])
def test_another_number_on_the_same_store_is_refused(stack: Stack, argv: tuple[str, ...]) -> None:
    """Whatever is started with a number that the store never had says so and ends."""
    port = str(free_port())
    program = stack.program("other", *argv, PARTITIONS="2", PORT=port)
    program.start()
    try:
        assert program.wait() == 2
        assert f"QHRONOS_PARTITIONS={number_of(stack)}" in program.output
    finally:
        program.kill()


def test_there_are_more_while_all_runs(stack: Stack, api: Api, receiver: Receiver) -> None:
    """Events are created meanwhile. Lists merge over partitions, and every one is drained."""
    before = number_of(stack)
    wanted = before + 3
    command = stack.program("rebalance", *WORKER, "rebalance", "--partitions", str(wanted))
    command.start()
    made: list[str] = []
    try:
        while command.running:
            made.append(created(api, receiver))
            time.sleep(0.05)
        assert command.wait() == 0, command.output
    finally:
        command.kill()
    assert f"the store has {wanted} partitions" in command.output
    assert number_of(stack) == wanted

    def reaches_new_ones() -> bool:
        made.append(created(api, receiver))
        return {partition_of(one) for one in made} >= set(range(wanted))

    wait_until(reaches_new_ones, "events are in all partitions")
    listed, path = [], "/events?tags=grown&limit=50"
    while path:
        answer = api.call("GET", path)
        assert answer.headers["x-total-count"] == str(len(made))
        listed += [event["id"] for event in answer.json]
        path = answer.headers.get("link", "").partition("<")[2].partition(">")[0]
    assert listed == made[::-1]
    requests = receiver.wait_for(len(made), 30)
    assert {request.json["event_id"] for request in requests} == set(made)
    for event_id in made[-wanted:]:
        api.wait_for_status(event_id, "completed")
    with stack.redis() as client:
        assert not broken(client, wanted)


def created(api: Api, receiver: Receiver) -> str:
    """A new event; the client gives it an idempotency key."""
    return str(api.create(receiver.url("/"), tags=["grown"])["id"])


def partition_of(event_id: str) -> int:
    found = from_text(event_id, version=7)
    assert found is not None
    return named_in_event(found)


def number_of(stack: Stack) -> int:
    with stack.redis() as client:
        return int(client.hget(META, MetaField.PARTITIONS) or 0)  # type: ignore[arg-type]
