"""A store that is full, read-only, stuck or loading pauses the work, and nothing else."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from app.runtime.embedded import free_port
from tests.support.api_client import Api, at
from tests.support.invariants import broken
from tests.support.receiver import Receiver, Reply
from tests.support.stack import Stack
from tests.support.wait import wait_until

pytestmark = pytest.mark.e2e

LEASE_S = 2.0
PADDING = 12_000
"""Commands for a store to load. It looks up from them once in a thousand, to say that it is loading
and nothing else."""

MOST_LINES_A_SECOND = 15
"""What all processes together may write about a fault; it lasts longer on a busy machine."""


@pytest.fixture(scope="module")
def shared_stack() -> Iterator[Stack]:
    with Stack(workers=2, LEASE=f"{LEASE_S:g}s", DELIVERY_TIMEOUT="10s") as stack:
        yield stack


@contextmanager
def full(stack: Stack) -> Iterator[None]:
    with stack.redis() as client:
        client.config_set("maxmemory", 1)
        try:
            yield
        finally:
            client.config_set("maxmemory", 0)


@contextmanager
def read_only(stack: Stack) -> Iterator[None]:
    """A replica whose primary is gone, as after a failover."""
    with stack.redis() as client:
        client.replicaof("127.0.0.1", str(free_port()))
        try:
            yield
        finally:
            client.replicaof("NO", "ONE")


@contextmanager
def unable_to_save(stack: Stack) -> Iterator[None]:
    """Its disk is full: no snapshot can be written, and no more writes are taken."""
    with stack.redis() as client:
        where = Path(client.config_get("dir")["dir"]) / "dump.rdb"
        where.mkdir(exist_ok=True)
        client.config_set("save", "3600 1000000")
        client.bgsave()
        wait_until(
            lambda: client.info("persistence")["rdb_last_bgsave_status"] == "err", "it fails"
        )
        try:
            yield
        finally:
            client.config_set("save", "")


@contextmanager
def stuck(stack: Stack) -> Iterator[None]:
    stack.store.program.signal(signal.SIGSTOP)
    try:
        yield
    finally:
        stack.store.program.signal(signal.SIGCONT)


@contextmanager
def paused(stack: Stack) -> Iterator[None]:
    with stack.redis() as client:
        client.client_pause(int(LEASE_S * 1000) + 2_000)  # no client can end it before
        yield


Fault = Callable[[Stack], AbstractContextManager[None]]
REFUSING = [full, read_only, unable_to_save]
SILENT = [stuck, paused]


def assert_unavailable(api: Api, method: str, path: str, body: object = None) -> None:
    answer = api.call(method, path, body)
    assert answer.status == 503, answer
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.json["error"]


def problems(api: Api, status: int) -> list[str]:
    """What the status says is wrong, and with which status of its own."""
    answer = api.call("GET", "/status")
    assert answer.status == status, answer
    return [one["code"] for one in answer.json["problems"]]


@pytest.mark.timeout(120)
@pytest.mark.parametrize("fault", [*REFUSING, *SILENT], ids=lambda fault: fault.__name__)
def test_the_work_pauses_and_goes_on(
    stack: Stack, api: Api, receiver: Receiver, fault: Fault
) -> None:
    """For longer than the lease: no attempt is made twice, no process ends, no log is flooded."""
    receiver.reply("/held", Reply(200, delay=1))
    series = api.create(receiver.url("/series"), schedule={"every": "1s"})
    receiver.wait_for(1, 30, "/series")
    held = api.create(receiver.url("/held"))
    receiver.wait_for(1, 30, "/held")
    due = api.create(receiver.url("/due"), ahead=0.5)
    pids = {program.name: program.pid for program in stack.programs}
    lines = sum(program.output.count("\n") for program in stack.programs)
    begun = time.monotonic()
    with fault(stack):
        assert_unavailable(api, "GET", "/health")
        if fault in REFUSING:
            body = {"name": "x", "webhook": receiver.url("/"), "start_time": at(time.time())}
            assert_unavailable(api, "POST", "/events", body)
            assert api.event(due["id"])["id"] == due["id"]
            assert "store_refuses" in problems(api, 200)
        else:
            assert problems(api, 503) == ["store_away"]
        wait_until(lambda: time.monotonic() > begun + LEASE_S + 2, "every lease has ended")
    lasted_s = time.monotonic() - begun
    for event in (held, due):
        ended = api.wait_for_status(event["id"], "completed")
        assert ended["attempt_count"] == 1, ended
    assert len(receiver.requests_to("/held")) == len(receiver.requests_to("/due")) == 1
    receiver.wait_for(len(receiver.requests_to("/series")) + 2, 30, "/series")
    wait_until(api.answers, "all is well again")
    api.wait_for_status(api.create(receiver.url("/after"))["id"], "completed")
    api.client.events.delete(series["id"])
    assert {program.name: program.pid for program in stack.programs if program.running} == pids
    written = sum(program.output.count("\n") for program in stack.programs) - lines
    assert written <= MOST_LINES_A_SECOND * lasted_s
    with stack.redis() as client:
        wait_until(lambda: not broken(client), "the store is sound")


@pytest.mark.timeout(120)
def test_a_store_that_is_loading_is_waited_for(stack: Stack, api: Api, receiver: Receiver) -> None:
    """It answers, but with nothing else than that it is loading."""
    due = api.create(receiver.url("/due"), ahead=1)
    for _ in range(30):
        api.create(receiver.url("/later"), ahead=3_600)
    pids = {program.name: program.pid for program in stack.programs}
    with stack.redis() as client, client.pipeline(transaction=False) as pipe:
        for _ in range(PADDING):
            pipe.incr("padding")
        pipe.execute()
    stack.store.stop()
    stack.store.start("--key-load-delay", "1000", loaded=False)
    assert_unavailable(api, "GET", "/health")
    assert_unavailable(api, "GET", f"/events/{due['id']}")
    assert problems(api, 503) == ["store_away"]
    stack.store.wait_until_loaded()
    assert api.wait_for_status(due["id"], "completed")["attempt_count"] == 1
    assert {program.name: program.pid for program in stack.programs if program.running} == pids


@pytest.mark.timeout(120)
@pytest.mark.parametrize("fault", [full, read_only], ids=lambda fault: fault.__name__)
def test_a_worker_stops_although_nothing_can_be_written(
    stack: Stack, api: Api, receiver: Receiver, fault: Fault
) -> None:
    """SIGTERM in mid-delivery: status 0 within the grace; what was not recorded is tried again."""
    receiver.reply("/held", Reply(200, delay=1))
    held = api.create(receiver.url("/held"))
    receiver.wait_for(1, 30, "/held")
    with fault(stack):
        for worker in stack.workers:
            worker.signal(signal.SIGTERM)
        assert [worker.wait() for worker in stack.workers] == [0, 0]
    stack.up()
    assert api.wait_for_status(held["id"], "completed")["attempt_count"] == 2


def test_a_killed_worker_is_forgotten_soon(stack: Stack, api: Api, receiver: Receiver) -> None:
    """In mid-drain, when RQ itself would have it counted for seven minutes."""
    receiver.reply("/held", Reply(200, delay=2))
    api.create(receiver.url("/held"))
    receiver.wait_for(1, 30, "/held")
    with stack.redis() as client:
        workers = client.smembers("rq:workers:deliver")
        alive_s = [client.ttl(worker) for worker in workers]
    assert workers
    assert max(alive_s) <= 45
