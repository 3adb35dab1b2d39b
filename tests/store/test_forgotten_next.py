"""An event may be given back an occurrence as its next one that it had begun, or has beside it.

That happens if a worker asks for a successor again, late: the successor may have been claimed and
returned since, or somebody may have added an occurrence for that very moment.
"""

from __future__ import annotations

import pytest

from app.domain import ids
from app.domain.event import Event
from app.store import keys
from app.store.calls import Deferral, Successor
from app.store.claims import Claim
from app.store.event_plans import KEEP, NOTHING, Plan, Saved
from app.store.withdrawals import Withdrawal
from tests.store.conftest import Stores
from tests.support.builders import DAILY, an_event
from tests.support.invariants import broken

PERIOD_MS = 4_000


def claim(stores: Stores, now_ms: int, request: int) -> Claim:
    (one,) = stores.work.claim(0, b"w", request, now_ms=now_ms, limit=9, lease_ms=30_000)
    return one


def given_back(stores: Stores) -> tuple[Event, bytes]:
    """An event whose next occurrence was claimed and returned before its event got it back."""
    event = an_event(schedule=DAILY)
    first_ms, next_ms = event.start_ms, event.start_ms + PERIOD_MS
    stores.events.save(event, Plan(scheduled_ms=first_ms, due_ms=first_ms), None, first_ms)
    one = claim(stores, first_ms, 1)
    successor = Successor(event.id, one.plan, first_ms, next_ms, next_ms)
    assert stores.work.schedule_successors([successor], first_ms).scheduled == 1
    other = claim(stores, next_ms, 2)
    stores.work.release([Deferral(other.occurrence_id, other.token, next_ms + 9)], next_ms)
    stores.work.schedule_successors([successor], next_ms)  # it comes late, and again
    found = stores.events.get(event.id)
    assert found.next_ms == next_ms
    return found, other.occurrence_id


@pytest.mark.parametrize("is_recorded", [True, False])
@pytest.mark.parametrize("plan", [NOTHING, Plan(scheduled_ms=1, due_ms=1), None])
def test_it_is_taken_away_like_any_other(
    stores: Stores, plan: Plan | None, *, is_recorded: bool
) -> None:
    event, one = given_back(stores)
    assert event.next_ms is not None
    plan = plan or Plan(scheduled_ms=event.next_ms, due_ms=event.next_ms)
    status = "inactive" if plan is NOTHING else "active"
    changed = event.changed(version=event.version + 1, status=type(event.status)(status))
    withdrawal = Withdrawal(is_recorded=is_recorded)
    saved = stores.events.save(changed, plan, event, event.next_ms, withdrawal=withdrawal)
    assert saved is Saved.DONE
    assert stores.events.get(event.id).next_ms == plan.scheduled_ms
    assert broken(stores.client, stores.partitions) == []
    if plan.scheduled_ms != event.next_ms:
        assert bool(stores.client.exists(keys.occurrence_of(one))) == is_recorded


def test_it_gets_the_tags_of_its_event(stores: Stores) -> None:
    event, one = given_back(stores)
    changed = event.changed(version=event.version + 1, tags=("green",))
    assert stores.events.save(changed, KEEP, event, event.start_ms) is Saved.DONE
    assert stores.occurrences.get(one).tags == ("green",)
    assert broken(stores.client, stores.partitions) == []


def test_it_leaves_the_tags_that_it_has(stores: Stores) -> None:
    """It was added when its event had others, and became the next one afterwards."""
    event = an_event(schedule=DAILY, tags=("red",))
    first_ms, next_ms = event.start_ms, event.start_ms + PERIOD_MS
    stores.events.save(event, Plan(scheduled_ms=first_ms, due_ms=first_ms), None, first_ms)
    stores.events.add_occurrences(stores.events.get(event.id), [(next_ms, next_ms)], first_ms)
    before = stores.events.get(event.id)
    blue = before.changed(version=before.version + 1, tags=("blue",))
    assert stores.events.save(blue, KEEP, before, first_ms) is Saved.DONE
    one = claim(stores, first_ms, 1)
    stores.work.schedule_successors(
        [Successor(event.id, one.plan, first_ms, next_ms, next_ms)], first_ms
    )
    before = stores.events.get(event.id)
    assert before.next_ms == next_ms
    assert stores.events.delete(before, any_version=True, now_ms=first_ms) is Saved.DONE
    assert stores.occurrences.get(ids.occurrence_id(event.id, next_ms)).status == "cancelled"
    assert broken(stores.client, stores.partitions) == []
