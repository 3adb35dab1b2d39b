"""Who listens is told of events that are written and of occurrences that are acknowledged."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from app.domain.occurrence import Occurrence, OccurrenceStatus
from app.engine.changes import LiveChanges
from app.errors import StoreUnavailable
from app.store.connecting import connect
from app.store.live import LiveStore
from app.store.live_keys import HINTED
from app.store.scripts import Scripts
from tests.support.builders import an_event
from tests.support.clock import NOW_MS, FakeClock

LATER_MS = 2**44
"""Later than any clock: what an earlier test has left to do must not find it ended."""

EVENT = {"id": "an-id", "tags": ["a"], "status": "active", "name": "n"}


@pytest.fixture
def live(store_url: str) -> LiveStore:
    client = connect(store_url)
    return LiveStore(client, Scripts(client))


@pytest.fixture
def changes(live: LiveStore) -> LiveChanges:
    return LiveChanges(live, FakeClock())


def told(live: LiveStore) -> list[Any]:
    return [json.loads(one.message) for one in live.told_after(b"0-0", 1_000)]


def test_an_event_that_is_written_is_told_by_its_tags(
    live: LiveStore, changes: LiveChanges
) -> None:
    live.listen(["a"], LATER_MS)
    changes.event("event.update", json.dumps(EVENT).encode())
    changes.event("event.update", EVENT | {"tags": ["b"]})
    changes.event("event.delete", EVENT)
    changes.event("event.backfill", {"count": 3})
    changes.close()
    assert told(live) == [
        {"type": "event.update", "event_id": "an-id", "tags": ["a"], "status": "active"},
        {"type": "event.delete", "event_id": "an-id", "tags": ["a"], "status": "deleted"},
    ]


def an_occurrence(status: OccurrenceStatus) -> Occurrence:
    return Occurrence(
        id=b"o" * 16,
        event_id=b"e" * 16,
        scheduled_ms=NOW_MS,
        status=status,
        tags=("a",),
        attempt_count=2,
        changed_ms=NOW_MS,
    )


def test_an_occurrence_is_told_with_its_status(live: LiveStore, changes: LiveChanges) -> None:
    live.listen(["a"], LATER_MS)
    changes.occurrence(an_occurrence(OccurrenceStatus.COMPLETED))
    changes.close()
    (message,) = told(live)
    assert (message["type"], message["status"], message["attempt_count"]) == (
        "occurrence",
        "completed",
        2,
    )


def test_many_are_told_one_by_one_and_read_only_if_somebody_listens(
    live: LiveStore, changes: LiveChanges
) -> None:
    asked = []
    one = an_occurrence(OccurrenceStatus.RETRYING)

    def read() -> list[Occurrence | None]:
        asked.append(1)
        return [one, None, replace(one, tags=("b",)), one]

    unheard = LiveChanges(live, FakeClock())
    unheard.occurrences(read)
    unheard.close()
    assert not asked
    live.listen(["a"], LATER_MS)
    changes.occurrences(read)
    for number in range(300):
        changes.written(
            "event.create",
            an_event(created_ms=NOW_MS + number, tags=("a",) if number % 3 else ("b",)),
        )
    changes.close()
    heard = told(live)
    assert [each["type"] for each in heard] == ["occurrence"] * 2 + ["event.create"] * 200
    assert (heard[0]["status"], heard[2]["status"]) == ("retrying", "active")
    assert len({each["event_id"] for each in heard[2:]}) == 200


def test_at_the_end_what_is_to_be_told_is_told_at_once(
    live: LiveStore, changes: LiveChanges, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long it would have waited for others, or for the next hint; later changes cost none.

    ``close`` returns when it has been told.
    """
    for name in ("PAUSE_S", "LONG_PAUSE_S", "HINT_S"):
        monkeypatch.setattr(f"app.engine.changes.{name}", 3_600.0)
    live.listen(["a", HINTED], LATER_MS)
    for _ in range(2):
        changes.event("event.update", EVENT)
    changes.close()
    assert len(told(live)) == 2
    changes.event("event.update", EVENT)
    changes.close()
    assert len(told(live)) == 2


def test_a_process_that_ends_tells_what_is_to_be_told_and_says_no_more(store_url: str) -> None:
    """It does not wait for the next hint, and a store that is gone by then is no news."""
    program = f"""
from app.engine.changes import LiveChanges
from app.store.connecting import connect
from app.store.live import LiveStore
from app.store.live_keys import HINTED
from app.store.scripts import Scripts
from tests.support.clock import FakeClock
import app.engine.changes, sys

app.engine.changes.HINT_S = 3_600.0
client = connect(sys.argv[1])
live = LiveStore(client, Scripts(client))
if sys.argv[2] == "there":
    live.listen(["a", HINTED], {LATER_MS})
for number in range(2):
    LiveChanges(live, FakeClock()).event("event.update", {EVENT!r})
"""
    for url, state in ((store_url, "there"), ("redis://127.0.0.1:1/0", "away")):
        command = [sys.executable, "-c", program, url, state]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
        assert "listeners" not in ended.stderr
    client = connect(store_url)
    assert len(told(LiveStore(client, Scripts(client)))) == 2


def test_a_store_that_is_away_costs_nobody_anything(
    changes: LiveChanges, live: LiveStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> bytes:
        raise StoreUnavailable

    monkeypatch.setattr(live, "interest_version", away)
    changes.event("event.create", EVENT)
    changes.close()
