"""A store that is cut into partitions, and gets more."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator

import pytest
import redis

from app.domain.event import EventStatus
from app.domain.ids import from_text, named_in_event
from app.domain.times import to_rfc3339
from app.store import keys
from app.store.keys import META
from app.store.meta_field import MetaField
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
    """Events are created and delivered meanwhile, and those of before are spread over all.

    Lists merge over partitions, and every one is drained.
    """
    before = number_of(stack)
    wanted = before + 3
    made = [created(api, receiver, 3600) for _ in range(20)]
    series = created(api, receiver, schedule={"every": "1s"})
    command = stack.program("rebalance", *WORKER, "rebalance", "--partitions", str(wanted))
    command.start()
    try:
        while command.running:
            made.append(created(api, receiver))
            time.sleep(0.05)
        assert command.wait() == 0, command.output
    finally:
        command.kill()
    assert f"The store has {wanted} partitions" in command.output
    assert "Done." in command.output
    assert number_of(stack) == wanted

    def reaches_new_ones() -> bool:
        made.append(created(api, receiver))
        return {partition_of(one) for one in made} >= set(range(wanted))

    wait_until(reaches_new_ones, "events are in all partitions")
    assert api.call("POST", f"/events/{series}/pause").status == 200
    listed, path = [], "/events?tags=grown&limit=50"
    while path:
        answer = api.call("GET", path)
        assert answer.headers["x-total-count"] == str(len(made) + 1)
        listed += [event["id"] for event in answer.json]
        path = answer.headers.get("link", "").partition("<")[2].partition(">")[0]
    assert sorted(listed) == sorted([*made, series])
    with stack.redis() as client:
        assert moved_in(client, before, wanted)
    for one in made[:20]:
        api.update(one, start_time=at(0.5))
    wait_until(lambda: {one.json["event_id"] for one in receiver.requests} >= set(made), "all came")
    came = Counter(one.json["event_id"] for one in receiver.requests)
    assert {one: came[one] for one in made} == dict.fromkeys(made, 1)
    ids_of_series = [
        one.headers["webhook-id"] for one in receiver.requests if one.json["event_id"] == series
    ]
    assert len(ids_of_series) == len(set(ids_of_series)) > 5
    for event_id in made[:20] + made[-wanted:]:
        api.wait_for_status(event_id, "completed")
    with stack.redis() as client:
        assert not broken(client, wanted)


def created(api: Api, receiver: Receiver, seconds: float = 0, **given: object) -> str:
    """A new event, due in some seconds; the client gives it an idempotency key."""
    moment = {"start_time": at(seconds)} if seconds else {}
    return str(api.create(receiver.url("/"), tags=["grown"], **moment, **given)["id"])


def at(seconds: float) -> str:
    return to_rfc3339(time.time_ns() // 1_000_000 + round(seconds * 1000))


def moved_in(client: redis.Redis, before: int, wanted: int) -> list[bytes]:
    """Events that are elsewhere than where they were made."""
    return [
        one
        for partition in range(before, wanted)
        for status in EventStatus
        for one in client.zrange(keys.events(partition, status), 0, -1)
        if named_in_event(one) != partition
    ]


def partition_of(event_id: str) -> int:
    found = from_text(event_id, version=7)
    assert found is not None
    return named_in_event(found)


def number_of(stack: Stack) -> int:
    with stack.redis() as client:
        return int(client.hget(META, MetaField.PARTITIONS) or 0)  # type: ignore[arg-type]
