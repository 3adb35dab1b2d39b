"""Many events changed by real processes, one of which dies."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.api_client import Api
from tests.support.invariants import broken
from tests.support.stack import Stack
from tests.support.wait import wait_until

pytestmark = pytest.mark.e2e


def test_a_bulk_job_does_all_of_it_although_upkeep_dies(stack: Stack, api: Api) -> None:
    """No event is left, none is counted twice, and no other is touched."""
    count = 200
    one = {"name": "gone", "delay": "1d", "webhook": "https://example.com/", "tags": ["bulk"]}
    other = api.call("POST", "/events", {**one, "tags": ["kept"]}).json["id"]
    for _ in range(2):
        made = api.call("POST", "/events/batch", {"events": [one] * (count // 2)})
        assert made.status == 201, made
    wish = {"action": "delete", "filter": {"expression": "bulk AND NOT kept"}}
    counted = api.call("POST", "/events/bulk", {**wish, "dry_run": True})
    assert (counted.status, counted.json["count"], len(counted.json["sample"])) == (200, count, 10)
    begun = api.call("POST", "/events/bulk", wish)
    assert begun.status == 202, begun

    def progress() -> dict[str, Any]:
        found: dict[str, Any] = api.get(f"/bulk-jobs/{begun.json['id']}")
        return found

    wait_until(lambda: progress()["done"], "some are deleted")
    assert stack.upkeep is not None
    stack.upkeep.kill()
    stack.up()
    wait_until(lambda: progress()["status"] == "completed", "the job ends", 45)
    ended = progress()
    assert (ended["done"], ended["left_alone"], ended["refused"]) == (count, 0, 0)
    assert api.get("/events?tags=bulk") == []
    assert api.get(f"/events/{other}")["status"] == "active"
    with stack.redis() as client:
        assert not broken(client)
