"""What the store answers to a write, word for word, and what the caller is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.domain import ids
from app.domain.access import MASTER
from app.domain.action import webhook
from app.domain.event import Event
from app.domain.once import AlreadyMade, Once
from app.errors import Conflict, NotFound, StaleVersion
from app.services.event_writes import WRITE_TRIES, is_written, require_version, with_next
from app.services.queries import EventChanges
from app.store.event_plans import KEEP, NOTHING, Plan, Saved
from app.store.events import EventStore
from app.wiring.services import Services
from tests.support.builders import an_event
from tests.support.clock import NOW_MS
from tests.support.services import HOUR_MS

GIVEN = {"name": "n", "start_time": NOW_MS + HOUR_MS, "action": webhook("https://example.com/")}
Create = Callable[..., Event]


@pytest.fixture
def answered(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Saved]]:
    """Has the store answer these words in turn instead of writing, and then write."""

    def lay_down(*words: Saved) -> list[Saved]:
        left = list(words)
        save = EventStore.save

        def answer(store: EventStore, *args: Any, **named: Any) -> Saved:
            return left.pop(0) if left else save(store, *args, **named)

        monkeypatch.setattr(EventStore, "save", answer)
        return left

    return lay_down


@pytest.mark.parametrize("saved", Saved)
def test_only_what_is_done_is_written(saved: Saved) -> None:
    assert is_written(saved) == (saved is Saved.DONE)


def test_an_id_that_is_taken_is_a_conflict_and_nothing_is_said_to_be_created(
    services: Services, create: Create, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store answers that another version is there: 201 would name an event that is not."""
    there = create()
    monkeypatch.setattr(ids.EventIds, "make", lambda *_args: there.id)
    with pytest.raises(Conflict, match="look for it"):
        services.events.create(EventChanges(GIVEN), MASTER)
    assert services.events.get(ids.to_text(there.id), MASTER) == there


@pytest.mark.parametrize("word", [Saved.STALE, Saved.GONE, Saved.MOVED])
def test_creating_what_is_not_stored_is_a_conflict(
    services: Services, answered: Callable[..., list[Saved]], word: Saved
) -> None:
    answered(word)
    with pytest.raises(Conflict):
        services.events.create(EventChanges(GIVEN), MASTER)


def test_a_key_that_is_forgotten_between_two_looks_makes_the_event_after_all(
    services: Services, answered: Callable[..., list[Saved]]
) -> None:
    left = answered(Saved.MADE)
    once = Once.of("key", GIVEN, MASTER)
    made = services.events.create(EventChanges(GIVEN), MASTER, once)
    assert left == []
    assert services.events.get(ids.to_text(made.id), MASTER) == made
    with pytest.raises(AlreadyMade):
        services.events.create(EventChanges(GIVEN), MASTER, once)


def test_a_key_that_comes_and_goes_all_the_time_is_a_conflict(
    services: Services, answered: Callable[..., list[Saved]]
) -> None:
    answered(*[Saved.MADE] * WRITE_TRIES)
    with pytest.raises(Conflict):
        services.events.create(EventChanges(GIVEN), MASTER, Once.of("key", GIVEN, MASTER))


@pytest.mark.parametrize("word", [Saved.STALE, Saved.MOVED, Saved.GONE, Saved.MADE])
def test_a_change_that_is_not_written_is_planned_anew(
    services: Services, create: Create, answered: Callable[..., list[Saved]], word: Saved
) -> None:
    event = create()
    answered(word)
    after = services.events.update(ids.to_text(event.id), EventChanges({"name": "m"}), MASTER, None)
    assert services.events.get(ids.to_text(event.id), MASTER) == after
    answered(*[word] * WRITE_TRIES)
    with pytest.raises(Conflict):
        services.events.update(ids.to_text(event.id), EventChanges({"name": "o"}), MASTER, None)


def test_a_change_of_what_is_gone_meanwhile_finds_nothing(
    services: Services, create: Create, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = create()
    save = EventStore.save

    def deleted_first(store: EventStore, *args: Any, **named: Any) -> Saved:
        store.delete(event, any_version=True, now_ms=NOW_MS)
        return save(store, *args, **named)

    monkeypatch.setattr(EventStore, "save", deleted_first)
    with pytest.raises(NotFound):
        services.events.update(ids.to_text(event.id), EventChanges({"name": "m"}), MASTER, None)


def test_the_service_says_in_its_log_that_it_gave_up(
    services: Services,
    create: Create,
    answered: Callable[..., list[Saved]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    event = create()
    answered(*[Saved.STALE] * WRITE_TRIES)
    services.events.deactivate(event.id)
    assert services.events.get(ids.to_text(event.id), MASTER) == event
    assert "being changed by others" in caplog.text


def test_the_version_that_is_wanted_is_any_or_the_events() -> None:
    event = an_event(version=3)
    require_version(event, None)
    require_version(event, 3)
    with pytest.raises(StaleVersion):
        require_version(event, 2)


def test_an_event_is_answered_with_the_occurrence_that_is_planned() -> None:
    event = an_event(next_ms=5)
    assert with_next(event, KEEP).next_ms == 5
    assert with_next(event, NOTHING).next_ms is None
    assert with_next(event, Plan(scheduled_ms=7)).next_ms == 7
    assert with_next(event, Plan(scheduled_ms=7, missed="late")).next_ms is None
