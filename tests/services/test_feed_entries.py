"""What a feed says of one occurrence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.domain.ids import occurrence_id, to_text
from app.domain.occurrence import Occurrence, OccurrenceStatus
from app.services.feed_entries import FORGOTTEN, recorded, scheduled
from tests.support.clock import NOW_MS


@pytest.fixture
def event(create):
    return create(name="now", description="what it is about", tags=("red",))


@pytest.fixture
def occurrence(event):
    return Occurrence(
        id=occurrence_id(event.id, NOW_MS),
        event_id=event.id,
        scheduled_ms=NOW_MS,
        status=OccurrenceStatus.FAILED,
        tags=("blue",),
        attempt_count=3,
        changed_ms=NOW_MS + 5_000,
        status_code=500,
        error_message="no",
    )


def test_one_to_come_changes_when_its_event_does(event):
    found = scheduled(event, NOW_MS)
    assert found.uid == to_text(occurrence_id(event.id, NOW_MS))
    assert (found.name, found.description) == ("now", "what it is about")
    assert (found.changed_ms, found.made_ms) == (event.updated_ms, event.created_ms)
    assert found.tags == event.tags
    later = replace(event, updated_ms=event.updated_ms + 1)
    assert scheduled(later, NOW_MS).changed_ms == event.updated_ms + 1


def test_a_recorded_one_is_as_it_is_recorded(event, occurrence):
    found = recorded(occurrence, event)
    assert found.uid == scheduled(event, NOW_MS).uid
    assert (found.status, found.attempts, found.status_code, found.error) == (
        "failed",
        3,
        500,
        "no",
    )
    assert found.tags == ("blue",)
    assert (found.changed_ms, found.made_ms) == (NOW_MS + 5_000, event.created_ms)
    assert recorded(occurrence, None).name == FORGOTTEN
    assert recorded(replace(occurrence, changed_ms=None), None).changed_ms == event.created_ms
