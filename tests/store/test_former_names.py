"""What events were called: kept with the time and the tags, for those that have done something."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.domain import ids
from app.store.calls import Unattempted
from app.store.event_plans import KEEP, Plan, Saved
from app.store.former_names import FORMER_NAMES_MS, FormerName, FormerNames, former_name, names_key
from tests.support.builders import an_event
from tests.support.clock import NOW_MS


@pytest.fixture
def names(stores):
    return FormerNames(stores.client)


@pytest.fixture
def event(stores):
    """One that has a recorded occurrence."""
    event = replace(an_event(), tags=("a", "b")).changed(name="first", description="d" * 2_000)
    assert stores.events.save(event, Plan(), None, NOW_MS) is Saved.DONE
    stores.work.record_unattempted(
        [Unattempted(event.id, NOW_MS - 1, event.tags, "missed", "too late")], NOW_MS
    )
    return event


def save(stores, before, at_ms, **values):
    after = replace(before.changed(**values), version=before.version + 1)
    assert stores.events.save(after, KEEP, before, at_ms) is Saved.DONE
    return after


def test_each_name_with_its_end_and_its_tags(stores, names, event):
    """A change of anything else adds none; a description is shortened."""
    assert names.of_many([event.id]) == [()]
    second = save(stores, event, NOW_MS + 1, name="second")
    third = save(stores, second, NOW_MS + 2, metadata_json="{}")
    fourth = save(stores, third, NOW_MS + 3, tags=("c",))
    fifth = save(stores, fourth, NOW_MS + 4, description="")
    stores.events.delete(fifth, any_version=False, now_ms=NOW_MS + 5)
    long = "d" * 1_000
    assert names.of_many([event.id]) == [
        (
            FormerName(NOW_MS + 1, "first", long, ("a", "b")),
            FormerName(NOW_MS + 3, "second", long, ("a", "b")),
            FormerName(NOW_MS + 4, "second", long, ("c",)),
            FormerName(NOW_MS + 5, "second", "", ("c",)),
        )
    ]


def test_what_has_done_nothing_leaves_no_name(stores, names):
    event = an_event()
    stores.events.save(event, Plan(), None, NOW_MS)
    after = save(stores, event, NOW_MS + 1, name="second")
    stores.events.delete(after, any_version=False, now_ms=NOW_MS + 2)
    assert names.of_many([event.id]) == [()]


def test_what_is_cancelled_by_its_deletion_has_a_name(stores, names):
    event = replace(an_event(), next_ms=NOW_MS + 9)
    stores.events.save(event, Plan(scheduled_ms=NOW_MS + 9, due_ms=NOW_MS + 9), None, NOW_MS)
    stores.events.delete(event, any_version=False, now_ms=NOW_MS + 2)
    assert [one.name for one in names.of_many([event.id])[0]] == [event.name]


def test_a_write_that_is_refused_leaves_no_name(stores, names, event):
    stale = replace(event, version=7)
    after = replace(stale.changed(name="second"), version=8)
    assert stores.events.save(after, KEEP, stale, NOW_MS) is Saved.STALE
    assert stores.events.delete(stale, any_version=False, now_ms=NOW_MS) is Saved.STALE
    assert names.of_many([event.id]) == [()]


def test_they_end_by_themselves_and_are_few(stores, names, event):
    for number in range(40):
        event = save(stores, event, NOW_MS + number, name=str(number))
    (kept,) = names.of_many([event.id])
    assert [one.name for one in kept] == [str(number) for number in range(23, 39)]
    left_ms = stores.client.pttl(names_key(ids.partition_of_event(event.id), event.id))
    assert FORMER_NAMES_MS - 60_000 < left_ms <= FORMER_NAMES_MS


def test_they_go_with_the_last_occurrence(stores, names, event):
    save(stores, event, NOW_MS, name="second")
    assert len(names.of_many([event.id])[0]) == 1
    assert stores.work.delete_ended(0, NOW_MS + 1, 10) == 1
    assert names.of_many([event.id]) == [()]


def test_none_is_kept_of_what_is_new_or_goes_on_being_called_so():
    event = an_event()
    assert former_name(None, event, NOW_MS) == b""
    assert former_name(event, replace(event, version=9), NOW_MS) == b""
    assert former_name(event, None, NOW_MS) != b""


def test_no_events_have_no_names(names):
    assert names.of_many([]) == []
