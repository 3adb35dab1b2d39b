"""A file with many entries, imported by real processes of which one dies in the middle."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.support.api_client import Api
from tests.support.ical import a_file
from tests.support.invariants import broken
from tests.support.stack import Stack
from tests.support.wait import wait_until

pytestmark = pytest.mark.e2e

COUNT = 1_001
MANY = a_file(
    *(f"UID:{n}\nSUMMARY:{n}\nDTSTART:20350201T090000Z\nRRULE:FREQ=DAILY" for n in range(COUNT))
)
ICS = {"Content-Type": "text/calendar"}
QUERY = "webhook=https://example.com/&source=many&tags=imported"


def test_an_import_whose_worker_is_killed_makes_each_event_once(stack: Stack, api: Api) -> None:
    """And cancelled, the next one leaves what it has written."""
    answer = api.call("POST", f"/events?{QUERY}", MANY, ICS)
    assert answer.status == 202, answer
    job = answer.json

    def progress() -> dict[str, Any]:
        found: dict[str, Any] = api.get(f"/imports/{job['id']}")
        return found

    wait_until(lambda: progress()["made"], "some are made")
    assert stack.upkeep is not None
    stack.upkeep.kill()
    assert progress()["made"] < COUNT
    stack.up()
    wait_until(lambda: progress()["status"] == "completed", "the import is over", 90)
    assert progress()["made"] == COUNT
    names: Counter[str] = Counter()
    for _ in range(2):
        listed = api.get("/events?tags=imported&limit=1000")
        names.update(one["name"] for one in listed)
        for one in listed:
            api.call("DELETE", f"/events/{one['id']}")
    assert names == Counter(str(n) for n in range(COUNT))
    again = api.call("POST", f"/events?{QUERY}", MANY, ICS).json
    assert api.call("POST", f"/imports/{again['id']}/cancel").json["status"] == "cancelled"
    for one in api.get("/events?tags=imported&limit=1000"):
        api.call("DELETE", f"/events/{one['id']}")
    with stack.redis() as client:
        assert not broken(client)
