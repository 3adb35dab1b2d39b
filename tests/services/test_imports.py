"""Imports: what is live is what the last file of each source says, whatever came before.

Tests ``app.services.import_plans``, ``app.services.import_steps``, ``app.services.import_writes``,
``app.store.event_batches``, ``app.store.import_keys`` and ``app.store.imports``, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
import redis

from app.domain import ids
from app.domain.access import MASTER, Access
from app.domain.action import webhook
from app.domain.event import Event
from app.domain.ical.imported import ImportedEntry, ReadCalendar, Refusal
from app.domain.imports import ImportLine, ImportRequest
from app.errors import Conflict, Forbidden, StoreUnavailable
from app.services.event_planner import EventPlanner
from app.services.imports import TooMuch
from app.services.queries import EventChanges, EventQuery
from app.store import import_keys
from app.store.connecting import connect
from app.store.connection import StorePipeline
from app.wiring.doubles import Doubles
from app.wiring.services import Services, build_services
from tests.api.application import settings_for
from tests.support.clock import NOW_MS, FakeClock
from tests.support.invariants import broken, snapshot

HOUR_MS = 3_600_000
ZOE = Access("Zoë", "read_write", frozenset({"red"}))
FEED = ImportRequest(source="team")
LOOSE = ImportRequest()


@pytest.fixture(autouse=True)
def _sound_store(services: Services) -> Iterator[None]:
    yield
    assert broken(services.storage.client, services.settings.partitions) == []


def an_entry(uid: str, hour: int = 1, at: str = "", **given: Any) -> ImportedEntry:
    body = {"name": f"{uid}{at}", "start_time": NOW_MS + hour * HOUR_MS, "tags": ["red"]}
    schedule = given.pop("schedule", None)
    if schedule:
        body["schedule"] = schedule
    return replace(ImportedEntry(uid, at, 1, 1, f"{uid}{at}", body), **given)


def gone(uid: str, at: str = "") -> ImportedEntry:
    return replace(an_entry(uid, 1, at), body=None, is_cancelled=True)


def a_file(*entries: ImportedEntry) -> ReadCalendar:
    ordered = sorted(entries, key=lambda one: (one.uid, one.recurrence_id))
    return ReadCalendar(len(ordered), len(ordered), lambda skipped: iter(ordered[skipped:]))


def load(body: Any) -> EventChanges:
    given = {**body, "tags": tuple(body["tags"]), "action": webhook("https://example.com/")}
    return EventChanges(given)


def run(
    services: Services,
    *entries: ImportedEntry,
    request: ImportRequest = FEED,
    access: Access = ZOE,
) -> list[ImportLine]:
    return services.import_jobs.imports.at_once(a_file(*entries), request, access, load)


def said(lines: Sequence[ImportLine]) -> list[tuple[str, str]]:
    return [(one.name, one.outcome) for one in lines]


def live(services: Services) -> dict[str, int]:
    found = services.events.list(EventQuery(status="active", limit=1000), MASTER).items
    return {event.name: event.start_ms for event in found}


DAILY = {"frequency": "daily", "interval": 1}


class TestSeries:
    def test_an_update_of_a_series_replaces_its_overrides(self, services: Services) -> None:
        """Also where no source is named: they are parts of one entry of a calendar."""
        series, moved = an_entry("a", schedule=DAILY), an_entry("a", 30, "2026-01-02T01:00:00Z")
        run(services, series, moved, request=LOOSE)
        assert len(live(services)) == 2
        lines = run(services, series, request=LOOSE)
        assert said(lines) == [("a", "unchanged"), (moved.name, "cancelled")]
        assert list(live(services)) == ["a"]

    def test_a_series_that_is_called_off_goes_with_its_overrides(self, services: Services) -> None:
        at = "2026-01-02T01:00:00Z"
        run(services, an_entry("a", schedule=DAILY), an_entry("a", 30, at), an_entry("b"))
        lines = run(services, gone("a"), gone("a", at), an_entry("b"))
        assert [one.outcome for one in lines] == ["cancelled", "cancelled", "unchanged"]
        assert list(live(services)) == ["b"]
        again = run(services, gone("a"), gone("a", at), an_entry("b"))
        assert [one.outcome for one in again] == ["cancelled", "cancelled", "unchanged"]

    @pytest.mark.parametrize("is_moved", [True, False])
    def test_a_time_of_a_series_that_is_not_in_the_file(
        self, services: Services, is_moved: bool
    ) -> None:
        """As an invitation is changed by mail: the series stays, but for that time."""
        at = "2026-01-03T01:00:00Z"
        (series,) = run(services, an_entry("a", schedule=DAILY), request=LOOSE)
        one = an_entry("a", 55, at) if is_moved else gone("a", at)
        lines = run(services, one, request=LOOSE)
        assert ("a", "updated") in said(lines)
        stored = services.events.get(ids.to_text(series.event_id or b""), ZOE)
        assert stored.schedule is not None
        assert stored.schedule.given["exclude"] == [at]
        assert len(live(services)) == 1 + is_moved
        # The series as it was before has that time again, and not what stood for it.
        assert ("a", "updated") in said(run(services, an_entry("a", schedule=DAILY), request=LOOSE))
        assert list(live(services)) == ["a"]

    def test_what_is_refused_does_not_end_its_overrides(self, services: Services) -> None:
        at = "2026-01-02T01:00:00Z"
        run(services, an_entry("a", schedule=DAILY), an_entry("a", 30, at))
        bad = replace(an_entry("a"), body=None, refusal=Refusal("names no zone", 7, "DTSTART"))
        (line,) = run(services, bad)
        assert (line.outcome, line.line, line.reason) == ("refused", 7, "names no zone")
        assert len(live(services)) == 2


class TestOver:
    def test_what_is_over_is_not_made_again_once_retention_took_it(
        self, services: Services, clock: FakeClock
    ) -> None:
        """A feed keeps its past for years; a nightly import of it must not fill the store."""
        (line,) = run(services, an_entry("a", -100))
        assert line.outcome == "made"
        event = services.events.get(ids.to_text(line.event_id or b""), ZOE)
        services.storage.events.delete(event, any_version=True, now_ms=clock.now_ms())
        assert said(run(services, an_entry("a", -100))) == [("a", "unchanged")]
        assert said(run(services, an_entry("a", 100))) == [("a", "made")]

    def test_what_has_run_is_no_end_when_it_leaves(
        self, services: Services, clock: FakeClock
    ) -> None:
        run(services, an_entry("a", -100), an_entry("b"))
        assert said(run(services, an_entry("b"))) == [("b", "unchanged")]
        assert said(run(services, an_entry("a", -100), an_entry("b"))) == [
            ("a", "unchanged"),
            ("b", "unchanged"),
        ]

    def test_one_that_has_run_runs_again_at_another_time(self, services: Services) -> None:
        (first,) = run(services, an_entry("a", -100))
        (again,) = run(services, an_entry("a", 5))
        assert (again.outcome, again.event_id) == ("updated", first.event_id)
        assert list(live(services)) == ["a"]


def test_a_paused_event_stays_paused(services: Services) -> None:
    (line,) = run(services, an_entry("a", schedule=DAILY))
    event_id = ids.to_text(line.event_id or b"")
    services.actions.pause(event_id, ZOE, None, None)
    (changed,) = run(services, an_entry("a", 2, schedule=DAILY))
    assert changed.outcome == "updated"
    assert services.events.get(event_id, ZOE).status == "paused"


@pytest.mark.parametrize("is_atomic", [False, True])
def test_a_change_of_another_in_between_does_no_harm(
    services: Services, monkeypatch: pytest.MonkeyPatch, is_atomic: bool
) -> None:
    """Between the decision and the write somebody else changes the event."""
    request = replace(FEED, atomic=is_atomic)
    (line, _) = run(services, an_entry("a"), an_entry("b"), request=request)
    event_id = ids.to_text(line.event_id or b"")
    replacement = EventPlanner.replacement

    def overtaken(self: EventPlanner, before: Event, after: Event, now_ms: int) -> Any:
        write = replacement(self, before, after, now_ms)
        monkeypatch.undo()
        services.events.update(event_id, EventChanges({"description": "mine"}), ZOE, None)
        return write

    monkeypatch.setattr(EventPlanner, "replacement", overtaken)
    lines = run(services, an_entry("a", 9), an_entry("b"), an_entry("c"), request=request)
    assert [one.outcome for one in lines] == ["updated", "unchanged", "made"]
    assert live(services)["a"] == NOW_MS + 9 * HOUR_MS
    again = run(services, an_entry("a", 9), an_entry("b"), an_entry("c"), request=request)
    assert {one.outcome for one in again} == {"unchanged"}


def test_what_a_full_store_took_is_taken_back(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store may refuse the second of two: then the first is deleted again."""
    execute = StorePipeline.execute

    def full(pipe: StorePipeline, raise_on_error: bool = True) -> list[Any]:
        replies = execute(pipe, raise_on_error)
        if not raise_on_error:
            replies[1] = redis.exceptions.OutOfMemoryError("command not allowed")
        return replies

    monkeypatch.setattr(StorePipeline, "execute", full)
    with pytest.raises(StoreUnavailable):
        run(services, an_entry("a"), an_entry("b"), request=replace(FEED, atomic=True))
    monkeypatch.undo()
    assert "a" not in live(services)


def test_scripts_that_the_store_has_forgotten_do_no_harm(services: Services) -> None:
    services.storage.client.script_flush()
    assert len(run(services, an_entry("a"), an_entry("b"))) == 2


def test_a_dry_run_writes_nothing_at_all(services: Services) -> None:
    run(services, an_entry("a"), an_entry("b"))
    before = snapshot(services.storage.client)
    lines = run(services, an_entry("a", 2), an_entry("c"), request=replace(FEED, dry_run=True))
    assert said(lines) == [("a", "updated"), ("c", "made"), ("b", "cancelled")]
    assert snapshot(services.storage.client) == before


def test_all_or_none_is_none_if_one_is_refused(services: Services) -> None:
    run(services, an_entry("a"), an_entry("b"))
    before = snapshot(services.storage.client)
    bad = replace(an_entry("d"), body={**(an_entry("d").body or {}), "schedule": {"cron": "x"}})
    lines = run(services, an_entry("a", 2), bad, request=replace(FEED, atomic=True))
    assert ("d", "refused") in said(lines)
    assert snapshot(services.storage.client) == before


def test_a_source_that_is_held_is_let_go_after_a_failure(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken_store(*_: Any) -> Any:
        raise StoreUnavailable

    monkeypatch.setattr(EventPlanner, "creation", broken_store)
    with pytest.raises(StoreUnavailable):
        run(services, an_entry("a"))
    monkeypatch.undo()
    assert said(run(services, an_entry("a"))) == [("a", "made")]


def test_a_source_is_free_a_minute_after_a_process_died_that_imported_it_at_once(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And if its import should go on all the same, it writes nothing any more."""
    source = services.import_jobs.imports.run_of(b"x" * 16, FEED, ZOE, load, 0).source
    key, creation = import_keys.held(source), EventPlanner.creation

    def after_a_minute(*given: Any) -> Any:
        assert 0 < services.storage.client.pttl(key) <= 60_000
        services.storage.client.delete(key)
        return creation(*given)

    monkeypatch.setattr(EventPlanner, "creation", after_a_minute)
    with pytest.raises(Conflict):
        run(services, an_entry("a"))
    assert live(services) == {}


def test_an_empty_file_ends_a_source_only_if_that_is_said(services: Services) -> None:
    run(services, an_entry("a"), an_entry("b"))
    assert (
        said(run(services, request=replace(FEED, max_ended=2)))
        == [
            ("a", "cancelled"),
            ("b", "cancelled"),
        ]
        or live(services) == {}
    )
    assert live(services) == {}


def test_a_file_that_would_end_very_many_is_for_a_job(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.imports.AT_ONCE", 2)
    run(services, *(an_entry(f"e{n}") for n in range(4)))
    with pytest.raises(TooMuch):
        run(services, an_entry("e1"), request=replace(FEED, max_ended=9))


def test_two_at_once(services: Services) -> None:
    source = services.import_jobs.imports.run_of(b"x" * 16, FEED, ZOE, load, 0).source
    assert services.storage.sources.hold(source, b"other")
    with pytest.raises(Conflict):
        run(services, an_entry("a"))
    run(services, an_entry("a"), request=replace(FEED, dry_run=True))
    services.storage.sources.release(source, b"not its holder")
    assert not services.storage.sources.hold(source, b"mine")


@pytest.mark.parametrize("request_", [FEED, LOOSE], ids=["named", "unnamed"])
def test_what_is_gone_is_forgotten_once_its_source_is_not_imported_any_more(
    services: Services, clock: FakeClock, request_: ImportRequest
) -> None:
    lines = run(services, an_entry("a"), an_entry("b"), request=request_)
    imports, keep_ms = services.import_jobs.imports, services.import_jobs.imports.keep_ms
    first = services.events.get(ids.to_text(lines[0].event_id or b""), ZOE)
    services.storage.events.delete(first, any_version=True, now_ms=clock.now_ms())
    source = imports.source_of(request_, ZOE)
    assert imports.forget_gone(clock.now_ms()) == 0
    clock.advance(keep_ms + 1)
    assert imports.forget_gone(clock.now_ms()) == 1
    assert len(list(services.storage.sources.everything(source))) == 1
    second = services.events.get(ids.to_text(lines[1].event_id or b""), ZOE)
    services.storage.events.delete(second, any_version=True, now_ms=clock.now_ms())
    clock.advance(keep_ms + 1)
    imports.forget_gone(clock.now_ms())
    assert [key for key in services.storage.client.scan_iter() if b"source" in key] == []


def test_what_other_tokens_of_a_sub_see_is_neither_shown_nor_ended(services: Services) -> None:
    """Tokens of one ``sub`` share its sources, and each sees what is in its own scope."""
    run(services, an_entry("theirs"))
    blue = replace(ZOE, scope=frozenset({"blue"}))
    both = replace(ZOE, scope=frozenset({"blue", "red"}))
    body = {**(an_entry("mine").body or {}), "tags": ["blue"]}
    mine = an_entry("mine", body=body)
    for dry_run in (True, False):
        request = replace(FEED, max_ended=9, dry_run=dry_run)
        assert said(run(services, mine, request=request, access=blue)) == [("mine", "made")]
    assert set(live(services)) == {"theirs", "mine"}
    assert said(run(services, mine, access=both)) == [
        ("mine", "unchanged"),
        ("theirs", "cancelled"),
    ]


def test_a_change_counts_for_how_often_the_events_of_a_sub_occur(
    store_url: str, clock: FakeClock
) -> None:
    """As a change through the API does; a file that is refused as a whole counts for nothing."""
    limits = replace(settings_for(store_url), max_occurrences_per_sub=61)

    def entry(uid: str, every: str) -> ImportedEntry:
        return an_entry(uid, schedule={"every": every})

    with connect(store_url) as store:
        services = build_services(limits, Doubles(store=store, clock=clock))
        run(services, entry("a", "1d"), entry("b", "1d"))
        often = (entry("a", "1s"), entry("b", "1s"))
        with pytest.raises(Forbidden, match="61 occurrences a minute"):
            run(services, *often, request=replace(FEED, atomic=True))
        assert said(run(services, entry("a", "1d"), entry("b", "1s"))) == [
            ("a", "unchanged"),
            ("b", "updated"),
        ]
        lines = run(services, *often)
        assert said(lines) == [("a", "refused"), ("b", "unchanged")]
        assert "61 occurrences a minute" in str(lines[0].reason)
        assert said(run(services, entry("b", "1d"), entry("a", "1d"))) == [
            ("a", "unchanged"),
            ("b", "updated"),
        ]
        assert said(run(services, entry("a", "1s"))) == [("a", "updated"), ("b", "cancelled")]
