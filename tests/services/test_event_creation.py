"""Several events at once: all are there, in one step, or none ever was."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import redis

from app.domain import ids
from app.domain.access import Access
from app.domain.action import webhook
from app.errors import Conflict, Forbidden, InvalidInput
from app.services.queries import EventChanges, EventQuery
from app.services.quotas import EventQuota
from app.store.connection import StorePipeline
from app.wiring.services import Services
from tests.support.builders import DAILY
from tests.support.clock import NOW_MS
from tests.support.invariants import broken, snapshot

ZOE = Access("Zoë", "read_write", frozenset({"red"}))


@pytest.fixture(autouse=True)
def _sound_store(services: Services) -> Iterator[None]:
    yield
    assert broken(services.storage.client, services.settings.partitions) == []


def draft(name: str, **given: Any) -> tuple[str, EventChanges]:
    values = {"name": name, "start_time": NOW_MS + 1, "action": webhook("https://example.com/")}
    return f"VEVENT {name}", EventChanges({**values, "tags": ("red",), **given})


def seen(services: Services) -> list[str]:
    return [event.name for event in services.events.list(EventQuery(), ZOE).items]


def test_all_are_created_in_order_with_their_occurrences(services: Services) -> None:
    drafts = [draft("a"), draft("b", schedule=DAILY), draft("c", start_time=NOW_MS - 10**9)]
    created = services.imports.create_all(drafts, ZOE)
    assert [event.name for event in created] == ["a", "b", "c"]
    assert [event.next_ms for event in created] == [NOW_MS + 1, NOW_MS + 1, None]
    for event in created:
        assert services.events.get(ids.to_text(event.id), ZOE) == event
    assert len({ids.partition_of_event(event.id) for event in created}) == 1


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        ({"schedule": {"frequency": "never"}}, "schedule.frequency"),
        ({"calendars": ["nobody"], "schedule": DAILY}, "calendars"),
        ({"jitter": "8d"}, "jitter"),
    ],
)
def test_a_wrong_one_is_named_and_nothing_is_written(
    services: Services, bad: dict[str, Any], field: str
) -> None:
    before = snapshot(services.storage.events and services.storage.client)
    with pytest.raises(InvalidInput) as refused:
        services.imports.create_all([draft("a"), draft("b", **bad)], ZOE)
    assert list(refused.value.fields) == [f"VEVENT b.{field}"]
    assert snapshot(services.storage.client) == before


def test_one_that_is_too_many_is_found_before_any_is_written(services: Services) -> None:
    """None is due in between; and the places that were taken are free again."""
    quota = EventQuota(services.storage.owners, 3)
    imports = replace(services.imports, quota=quota)
    with pytest.raises(Forbidden):
        imports.create_all([draft(name) for name in "abcd"], ZOE)
    assert seen(services) == []
    assert len(imports.create_all([draft(name) for name in "abc"], ZOE)) == 3


def test_one_tag_out_of_scope_and_nothing_is_written(services: Services) -> None:
    before = snapshot(services.storage.events and services.storage.client)
    with pytest.raises(Forbidden):
        services.imports.create_all([draft("a"), draft("b", tags=("blue",))], ZOE)
    assert snapshot(services.storage.client) == before


def test_what_a_full_store_took_is_taken_back(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store may refuse the second of two: then the first is deleted again."""
    execute = StorePipeline.execute

    def full(pipe: StorePipeline, raise_on_error: bool = True) -> list[Any]:
        replies = execute(pipe, raise_on_error)
        if not raise_on_error:
            replies[-1] = redis.exceptions.OutOfMemoryError("command not allowed")
        return replies

    monkeypatch.setattr(StorePipeline, "execute", full)
    with pytest.raises(Conflict):
        services.imports.create_all([draft("a"), draft("b")], ZOE)
    monkeypatch.undo()
    assert "a" not in seen(services)


def test_scripts_that_the_store_has_forgotten_do_no_harm(services: Services) -> None:
    services.storage.client.script_flush()
    assert len(services.imports.create_all([draft("a"), draft("b")], ZOE)) == 2
