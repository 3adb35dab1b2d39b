"""A data directory of an earlier version: nothing in it is lost, and its work goes on.

Each ``data_of_….tar.xz`` was made by the commit of that name; ``data_directory`` says how. Their
tokens and records are there until 2036. b0f2240 knows no indexes of events by status, 8d06805 is
0.1.0, 3d6b62e is the last that knows no schema, and bc77731 the last with schema 2.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from tests.e2e.data_directory import (
    FAR,
    SECRET,
    SETTINGS,
    KnownReceiver,
    StillStack,
    tell,
    unpack,
)
from tests.support.api_client import Api
from tests.support.invariants import broken
from tests.support.receiver import Receiver
from tests.support.stack import SIGNING_SECRET
from tests.support.wait import wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(150)]

REWORDED = {
    "on the 1st and 15th in January": "on the 1st and 15th of January",
    '"timezone":null': '"timezone":"UTC"',
    "Sundays and days of days": "Sundays and days of days: then on the next free day",
}
"""What is said better now: sentences about schedules, and the zone that counts where none was
given. That is computed, not stored."""

NEW_NOTICES = re.compile(r',?{"local_time":"[-0-9]+","kind":"end",[^{}]*}')
"""Earlier versions did not say that the days which a calendar lists come to an end."""

ARCHIVES = sorted(Path(__file__).parent.glob("data_of_*.tar.xz"))


class Earlier:
    """A stack on an earlier version's data, and what that version's API told of it."""

    def __init__(self, stack: StillStack, told: dict[str, Any], receiver: Receiver) -> None:
        self.stack = stack
        self.told = told
        self.receiver = receiver
        self.events = {one["name"]: one for one in json.loads(told["/events?limit=1000"]["body"])}

    @property
    def api(self) -> Api:
        return self.stack.api

    def occurrence(self, name: str) -> dict[str, Any]:
        """The only occurrence of an event, by the event's name."""
        return self.api.only_occurrence(self.events[name]["id"])


@pytest.fixture(params=ARCHIVES, ids=lambda path: path.name.split(".")[0])
def earlier(request: pytest.FixtureRequest) -> Iterator[Earlier]:
    """The store and the API run; what would move what is stored does not."""
    with KnownReceiver() as receiver:
        stack = StillStack(**SETTINGS)
        told = unpack(request.param, stack.directory)
        with stack:
            yield Earlier(stack, told, receiver)


def test_everything_is_told_as_it_was(earlier: Earlier) -> None:
    """Events, occurrences, attempts, flows, calendars, previews, tokens, audit: byte for byte."""
    assert len(earlier.told) > 200
    for path, before in earlier.told.items():
        if not path.startswith("/audit"):  # what was recorded stays as it is
            for words, better in REWORDED.items():
                once = before["body"].replace(better, words)  # (some said it better already)
                before["body"] = once.replace(words, better)
        after = tell(earlier.api, path)
        # Some lists say more of themselves than they did.
        after["headers"] = {name: after["headers"].get(name) for name in before["headers"]}
        if event := re.fullmatch(r"/events/([0-9a-f-]{36})", path):  # its tag did not name it
            named = f'"{event[1].replace("-", "")}-'
            version = before["headers"]["etag"].removeprefix(named).removeprefix('"')
            before["headers"]["etag"] = named + version
        for told in (before, after):
            told["body"] = NEW_NOTICES.sub("", told["body"])
        assert after == before, path


def test_its_work_goes_on(earlier: Earlier) -> None:
    """What waited is delivered as what it was, whatever it waited for; changes work as ever."""
    api, receiver = earlier.api, earlier.receiver
    retrying = earlier.occurrence("retrying")
    secrets = earlier.events["secrets"]
    strict = [one["id"] for one in api.occurrences(earlier.events["triggered"]["id"])
              if one["status"] == "scheduled" and one["scheduled_at"] < FAR]  # fmt: skip
    earlier.stack.moves = True
    earlier.stack.up()
    api.wait_for_status(earlier.events["retrying"]["id"], "completed")
    assert earlier.occurrence("retrying")["attempt_count"] == retrying["attempt_count"] + 1
    api.wait_for_status(earlier.events["under way"]["id"], "completed")
    job = json.loads(earlier.told["/retries"]["body"])[0]
    wait_until(lambda: api.get(f"/retries/{job['id']}")["status"] == "completed", "the job ends")
    assert api.get(f"/retries/{job['id']}")["completed"] == job["total"]

    assert receiver.requests_to("/strict") == []
    api.client.flows.resume("strict")
    for one in strict:
        wait_until(lambda it=one: api.get(f"/occurrences/{it}")["status"] == "completed", "it came")

    changed = api.update(secrets["id"], name="renamed", tags=["blue"], metadata={"n": 2})
    assert changed == {
        **secrets, "name": "renamed", "tags": ["blue"], "metadata": {"n": 2}, "timezone": "UTC",
        "updated_at": changed["updated_at"],
    }  # fmt: skip
    triggered = api.client.events.trigger(secrets["id"])
    wait_until(lambda: api.client.occurrences.get(triggered.id).status == "completed", "it is sent")
    (came,) = [one for one in receiver.requests if one.webhook_id == triggered.id]
    assert came.headers["authorization"] == "Bearer of the receiver"
    Webhook(SECRET).verify(came.body, dict(came.headers))
    (other,) = receiver.requests_to("/hangs")[:1]
    Webhook(SIGNING_SECRET).verify(other.body, dict(other.headers))

    paused = earlier.events["paused"]
    assert api.client.events.resume(paused["id"]).status == "active"
    resumed = api.update(paused["id"], schedule=None, start_time=FAR)
    assert resumed["next_occurrence_at"] == FAR
    api.client.events.delete(earlier.events["rotated"]["id"])
    days = json.loads(earlier.told["/calendars/days"]["body"])
    assert api.client.calendars.put("days", dates=days["dates"]).events == 1
    with earlier.stack.redis() as client:
        wait_until(lambda: not broken(client), "the store is sound", 30)
