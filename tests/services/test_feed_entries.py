"""What a feed says of one occurrence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.domain.access import MASTER, Access
from app.domain.ids import occurrence_id, to_text
from app.domain.occurrence import Occurrence, OccurrenceStatus
from app.services.feed_entries import FORGOTTEN, called_then, recorded, scheduled
from app.store.former_names import FormerName
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
    found = recorded(occurrence, FormerName(0, "then", "it was about", ("green",)))
    assert found.uid == scheduled(event, NOW_MS).uid
    assert (found.status, found.attempts, found.status_code, found.error) == (
        "failed",
        3,
        500,
        "no",
    )
    assert (found.name, found.description) == ("then", "it was about")
    assert found.tags == ("blue",)
    assert (found.changed_ms, found.made_ms) == (NOW_MS + 5_000, event.created_ms)
    assert recorded(occurrence, None).name == FORGOTTEN
    assert recorded(replace(occurrence, changed_ms=None), None).changed_ms == event.created_ms


FORMER = (
    FormerName(NOW_MS + 10, "first", "", ("blue",)),
    FormerName(NOW_MS + 20, "second", "", ("blue", "green")),
    FormerName(NOW_MS + 30, "third", "", ("green",)),
)
"""And "now", which has the tag red."""


@pytest.mark.parametrize(
    ("scope", "by_moment"),
    [
        (None, ["first", "second", "third", "now"]),
        (("blue",), ["first", "second", "second", "second"]),
        (("green",), ["second", "second", "third", "third"]),
        (("red",), ["now", "now", "now", "now"]),
        (("white",), [None, None, None, None]),
    ],
)
def test_the_name_of_its_time_for_who_could_read_it(event, occurrence, scope, by_moment):
    """Else the name that was there before, and if none was, the first after."""
    access = MASTER if scope is None else Access("somebody", "read", frozenset(scope))
    for moment_ms, name in zip((10, 11, 30, 31), by_moment, strict=True):
        for field in ("started_ms", "completed_ms", "scheduled_ms"):
            one = replace(occurrence, scheduled_ms=NOW_MS)
            one = replace(one, **{field: NOW_MS + moment_ms})
            found = called_then(one, FORMER, event, access)
            assert (found and found.name) == name, (field, moment_ms)
            without = called_then(one, FORMER, None, access)
            expected = {"now": None if scope == ("red",) else "third"}.get(name, name)
            assert (without and without.name) == expected
