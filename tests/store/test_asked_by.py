"""What is stored of the request that asks for something: nothing that nobody has named."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.domain.event import Event
from app.domain.origin import Origin
from app.store.asked_by import Asked, begin, marked, origin_of_added
from app.store.event_plans import KEEP, Plan
from app.store.fields import OccurrenceField
from app.store.keys import occurrence_of
from tests.support.builders import an_event
from tests.support.clock import NOW_MS

AT_MS = NOW_MS + 60_000


@pytest.fixture(autouse=True)
def nobody() -> Iterator[None]:
    yield
    begin(None)


def ask(request_id: str, *, is_kept: bool = True) -> Asked:
    asked = Asked(Origin(request_id), is_kept)
    begin(asked)
    return asked


def saved(stores, event: Event, plan: Plan = KEEP, before: Event | None = None) -> Event:
    stores.events.save(event, plan, before, NOW_MS)
    found: Event = stores.events.get(event.id)
    return found


def test_an_event_keeps_the_id_that_its_caller_gave(stores) -> None:
    """The last request that changed it counts; what the service does changes nothing of that."""
    event = an_event()
    ask("created")
    first = saved(stores, event, Plan(scheduled_ms=AT_MS, due_ms=AT_MS))
    assert first.definition.origin == "created"
    begin(None)
    second = saved(stores, first.changed(name="by upkeep", version=2), before=first)
    assert second.definition.origin == "created"
    ask("changed")
    third = saved(stores, second.changed(name="by a user", version=3), before=second)
    assert third.definition.origin == "changed"
    ask("0123456789abcdef", is_kept=False)
    last = saved(stores, third.changed(name="by another", version=4), before=third)
    assert last.definition.origin == ""


def test_an_id_that_nobody_chose_costs_an_event_nothing(stores) -> None:
    event = an_event()
    assert marked(event) is event
    asked = ask("0123456789abcdef", is_kept=False)
    assert marked(event) is event
    assert asked.scheduled_s is not None


def test_what_is_added_or_redelivered_has_the_id_of_its_own_request(stores) -> None:
    event = an_event()
    ask("created")
    stored = saved(stores, event, Plan(scheduled_ms=AT_MS, due_ms=AT_MS))
    ask("triggered", is_kept=False)
    stores.events.add_occurrences(stored, [(NOW_MS, NOW_MS)], NOW_MS)
    begin(None)
    (added,) = stores.work.claim(0, b"w", 1, now_ms=NOW_MS, limit=9, lease_ms=1_000)
    (scheduled,) = stores.work.claim(0, b"w", 2, now_ms=AT_MS, limit=1, lease_ms=1_000)[:1]
    assert (added.origin, scheduled.origin) == ("triggered", "created")


def test_only_what_a_request_adds_has_a_field_for_it(stores) -> None:
    stored = saved(stores, an_event(), Plan(scheduled_ms=AT_MS, due_ms=AT_MS))
    stores.events.add_occurrences(stored, [(NOW_MS, NOW_MS)], NOW_MS)
    (added,) = stores.work.claim(0, b"w", 1, now_ms=NOW_MS, limit=9, lease_ms=1_000)
    assert not stores.client.hexists(occurrence_of(added.occurrence_id), OccurrenceField.ORIGIN)
    assert (added.asked, added.origin, origin_of_added()) == (None, "", "")
