"""Many events changed by real processes, one of which dies."""

from __future__ import annotations

import pytest

from qhronos.bulk_models import BulkJob
from tests.support.api_client import Api
from tests.support.invariants import broken
from tests.support.stack import Stack
from tests.support.wait import wait_until

pytestmark = pytest.mark.e2e


def test_a_bulk_job_does_all_of_it_although_upkeep_dies(stack: Stack, api: Api) -> None:
    """No event is left, none is counted twice, and no other is touched."""
    count = 200
    one = {"name": "gone", "delay": "1d", "webhook": "https://example.com/", "tags": ["bulk"]}
    client = api.client
    other = client.events.create(one, tags=["kept"]).id
    assert all(made.id for made in client.events.create_many([one] * count))
    wish = {"expression": "bulk AND NOT kept"}
    counted = client.bulk_jobs.count("delete", wish)
    assert (counted.count, len(counted.sample)) == (count, 10)
    job_id = client.bulk_jobs.start("delete", wish).id

    def progress() -> BulkJob:
        return client.bulk_jobs.get(job_id)

    wait_until(lambda: progress().done, "some are deleted")
    assert stack.upkeep is not None
    stack.upkeep.kill()
    stack.up()
    wait_until(lambda: progress().status == "completed", "the job ends", 45)
    ended = progress()
    assert (ended.done, ended.left_alone, ended.refused) == (count, 0, 0)
    assert list(client.events.list(tags=["bulk"])) == []
    assert client.events.get(other).status == "active"
    with stack.redis() as store:
        assert not broken(store)
