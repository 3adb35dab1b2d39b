"""RQ's dashboard under ``/rq``, on real queues with real workers."""

from __future__ import annotations

import time

import pytest

from tests.support.api_client import Api, at
from tests.support.receiver import Receiver
from tests.support.stack import Stack
from tests.support.wait import wait_until

pytestmark = pytest.mark.e2e


def token(api: Api, access: str) -> str:
    answer = api.call(
        "POST",
        "/tokens",
        {
            "type": "jwt",
            "sub": "somebody",
            "access": access,
            "scope": ["a"],
            "expires_at": at(time.time() + 600),
        },
    )
    assert answer.status == 200, answer
    return str(answer.json["token"])


def test_only_admins_may_look(api: Api) -> None:
    """Without a token 401, with one that is no admin's 403, with an admin's 200."""
    assert api.with_token(None).call("GET", "/rq/").status == 401
    assert api.with_token("wrong").call("GET", "/rq/").status == 401
    assert api.with_token(token(api, "read_write")).call("GET", "/rq/").status == 403
    assert api.with_token(token(api, "admin")).call("GET", "/rq/").status == 200
    assert api.call("GET", "/rq/").status == 200


def test_nobody_may_touch(api: Api) -> None:
    """What would change a queue is a 405, for admins too."""
    for path in ("/rq/", "/rq/requeue/deliver", "/rq/queue/deliver/queued/empty"):
        assert api.call("POST", path).status == 405


def test_the_queues_and_their_workers_are_seen(stack: Stack, api: Api, receiver: Receiver) -> None:
    """The dashboard names both queues, once they have been used, and every worker.

    (Those that a test before has killed as well, for less than a minute.)
    """
    api.create(receiver.url("/"))
    receiver.wait_for(1, 30)

    def names() -> set[str]:
        queues = api.get("/rq/0/data/queues.json")["queues"]
        return {queue["name"] for queue in queues}

    wait_until(lambda: {"deliver", "upkeep"} <= names(), "both queues are listed")
    seen = {one["name"] for one in api.get("/rq/0/data/workers.json")["workers"]}
    programs = [one for one in (stack.upkeep, *stack.workers) if one is not None]
    pids = {one.pid for one in programs}
    running = {one.name for one in stack.listening_workers() if one.pid in pids}
    assert len(running) == 3
    assert running <= seen
