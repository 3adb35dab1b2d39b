"""A record that is packed is like any other to everybody, at any moment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.domain import ids
from app.domain.access import MASTER
from app.store import keys, page_keys
from app.store import pages as module
from app.store.calls import Unattempted
from app.store.codec import OCCURRENCE_FIELDS
from app.store.event_plans import NOTHING, Plan, Saved
from app.store.fields import OccurrenceField
from app.store.page_reads import read_pages
from app.store.page_records import PAGE_RECORDS
from app.store.redeliveries import RedeliveryStore
from app.store.scripts import Scripts
from app.store.short_forms import read_occurrences
from tests.store.conftest import Stores
from tests.store.test_short_forms import LINE, claim, create, ended
from tests.support.builders import DAILY, an_event
from tests.support.clock import NOW_MS
from tests.support.invariants import broken, snapshot

HOUR_MS = 3_600_000
LATER_MS = NOW_MS + 3 * HOUR_MS
BEFORE_MS = LATER_MS - HOUR_MS
ALL = (OccurrenceField.EVENT, *(one for one in OccurrenceField if one != OccurrenceField.EVENT))


def ended_ones(stores: Stores) -> list[bytes]:
    """Occurrences of every kind that there is, in the last partition."""
    made = [create(stores), create(stores, schedule=DAILY), create(stores, tags=())]
    claims = {one.event_id: one for one in claim(stores, made[0].start_ms)}
    simple, series, dead = (claims[one.id] for one in made)
    at_ms = made[0].start_ms + 40
    stores.work.record(
        [
            ended(simple, started_ms=made[0].start_ms, log_line=line_of(made[0].start_ms)),
            ended(series, started_ms=made[0].start_ms, log_line=line_of(made[0].start_ms)),
            ended(dead, verdict="failed", status_code=500, error_message="HTTP 500"),
        ],
        at_ms,
    )
    notes = [
        Unattempted(made[1].id, NOW_MS - 9_000 * number, ("red",), status, "because")
        for number, status in enumerate(("missed", "skipped", "cancelled"), 1)
    ]
    stores.work.record_unattempted(notes, NOW_MS)
    return sorted(
        [
            *(one.occurrence_id for one in claims.values()),
            *(ids.occurrence_id(made[1].id, one.scheduled_ms) for one in notes),
        ]
    )


def line_of(at_ms: int) -> bytes:
    return LINE.replace(b"1767225660000", b"%d" % at_ms)


def pack(stores: Stores, some: list[bytes]) -> int:
    partition = stores.partitions - 1
    count = stores.work.pages.pack(partition, some, BEFORE_MS)
    stores.work.pages.trim(partition, stores.work.pages.ended(partition, 0, LATER_MS, 99).groups)
    assert broken(stores.client, stores.partitions) == []
    return count


def has_own_record(stores: Stores, one: bytes) -> bool:
    fresh = keys.fresh(stores.partitions - 1)
    return bool(stores.client.exists(keys.occurrence_of(one))) or bool(
        stores.client.hexists(fresh, one)
    )


def test_everybody_reads_the_same_of_a_packed_record(stores: Stores) -> None:
    found = ended_ones(stores)
    before = snapshot(stores.client)
    fields = read_occurrences(stores.client, found, ALL)
    read, logs = stores.occurrences.get_many(found), [*map(stores.occurrences.attempts, found)]
    assert len(found) == 6
    assert None not in read
    assert pack(stores, found) == 6
    assert not any(has_own_record(stores, one) for one in found)
    assert not stores.client.exists(keys.ended(stores.partitions - 1))
    assert not stores.client.exists(keys.endings(stores.partitions - 1))
    assert read_occurrences(stores.client, found, ALL) == fields
    assert stores.occurrences.get_many(found) == read
    assert [*map(stores.occurrences.attempts, found)] == logs
    assert pack(stores, found) == 0
    assert stores.work.pages.unpack(found) == 6
    after = snapshot(stores.client)
    # (Those that ended together are not listed together any more.)
    endings = keys.endings(stores.partitions - 1)
    assert sorted(b"".join(after.pop(endings))) == sorted(b"".join(before.pop(endings)))
    assert after == before


def test_what_is_young_or_yet_to_come_is_left_alone(stores: Stores) -> None:
    found = ended_ones(stores)
    event = create(stores, start_ms=LATER_MS)
    assert stores.events.delete(event, any_version=True, now_ms=NOW_MS) is Saved.DONE
    cancelled = ids.occurrence_id(event.id, LATER_MS)
    open_one = create(stores)
    waits = ids.occurrence_id(open_one.id, open_one.start_ms)
    partition = stores.partitions - 1
    assert stores.work.pages.pack(partition, [*found, cancelled, waits], NOW_MS + 60_040) == 3
    assert pack(stores, [*found, cancelled, waits]) == 3
    assert has_own_record(stores, cancelled)
    assert has_own_record(stores, waits)


def test_a_packed_occurrence_is_not_made_again(stores: Stores) -> None:
    """Whatever schedules, notes or moves finds that it exists, though no script can read it."""
    found = ended_ones(stores)
    pack(stores, found)
    before = snapshot(stores.client)
    (series,) = (one for one in stores.occurrences.get_many(found) if one.status == "missed")
    event = stores.events.get(series.event_id)
    note = Unattempted(event.id, series.scheduled_ms, ("red",), "missed", "again")
    assert stores.work.record_unattempted([note], LATER_MS) == 0
    times = [(series.scheduled_ms, LATER_MS), (event.start_ms, LATER_MS)]
    assert stores.events.add_occurrences(event, times, LATER_MS) == 0
    assert snapshot(stores.client) == before
    again = event.changed(version=event.version + 1, name="again")
    plan = Plan(scheduled_ms=event.start_ms, due_ms=LATER_MS)
    assert stores.events.save(again, plan, event, LATER_MS) is Saved.TAKEN
    assert snapshot(stores.client) == before


def test_a_one_time_event_that_is_changed_lists_its_packed_occurrence(stores: Stores) -> None:
    """What its definition says then is another."""
    found = ended_ones(stores)
    pack(stores, found)
    read = [one for one in stores.occurrences.get_many(found) if one is not None]
    listed = [keys.event_occurrences(stores.partitions - 1, one.event_id) for one in read]
    apart = [
        one
        for one, place in zip(read, listed, strict=True)
        if stores.client.zscore(place, one.id) is None
    ]
    assert len(apart) == 2
    for one in apart:
        event = stores.events.get(one.event_id)
        again = event.changed(version=event.version + 1, start_ms=event.start_ms + 1)
        assert stores.events.save(again, NOTHING, event, LATER_MS) is Saved.DONE
        assert stores.client.zscore(listed[read.index(one)], one.id) == one.scheduled_ms
    assert broken(stores.client, stores.partitions) == []


def test_a_packed_record_that_one_was_skipped_gives_way(stores: Stores) -> None:
    found = ended_ones(stores)
    pack(stores, found)
    (skipped,) = (one for one in stores.occurrences.get_many(found) if one.status == "skipped")
    event = stores.events.get(skipped.event_id)
    assert stores.events.add_occurrences(event, [(skipped.scheduled_ms, LATER_MS)], LATER_MS) == 1
    assert stores.occurrences.get(skipped.id).status == "scheduled"
    assert broken(stores.client, stores.partitions) == []


def test_a_packed_dead_letter_is_redelivered(stores: Stores) -> None:
    redeliveries = RedeliveryStore(stores.client, Scripts(stores.client))
    found = ended_ones(stores)
    pack(stores, found)
    unknown = ids.occurrence_id(an_event(partition=stores.partitions - 1).id, NOW_MS)
    words = redeliveries.redeliver(
        [(one, LATER_MS) for one in [*found, unknown]], "again", LATER_MS, MASTER
    )
    assert sorted(words) == ["completed"] * 2 + ["retried"] * 4 + ["unknown"]
    (again,) = [one for one in claim(stores, LATER_MS, 2) if one.attempt == 2]
    stores.work.record([ended(again, verdict="failed")], LATER_MS)
    assert broken(stores.client, stores.partitions) == []
    rounds = redeliveries.rounds([again.occurrence_id])
    stores.work.pages.pack(stores.partitions - 1, found, LATER_MS + 1)
    assert not has_own_record(stores, again.occurrence_id)
    assert redeliveries.rounds([again.occurrence_id]) == rounds != [None]


def test_retention_deletes_those_of_a_page_that_are_old_enough(stores: Stores) -> None:
    found = ended_ones(stores)
    pack(stores, found)
    partition, end_ms = stores.partitions - 1, NOW_MS + 60_040
    assert stores.work.delete_ended(partition, end_ms, 9) == 3
    assert broken(stores.client, stores.partitions) == []
    left = [one for one in stores.occurrences.get_many(found) if one is not None]
    assert {one.completed_ms for one in left} == {end_ms}
    assert stores.work.delete_ended(partition, end_ms + 1, 9) == 3
    assert stores.work.delete_ended(partition, LATER_MS, 9) == 0
    for place in (page_keys.pages, page_keys.page_ends, page_keys.packed):
        assert not stores.client.exists(place(partition))
    assert broken(stores.client, stores.partitions) == []


def test_a_store_that_is_full_lets_go_of_what_is_packed(stores: Stores) -> None:
    """Packing makes room, too. Of a page, what is too young to go is written anew."""
    some = ended_ones(stores)
    stores.client.config_set("maxmemory", 1)
    try:
        assert pack(stores, some) == 6
        assert stores.work.delete_ended(stores.partitions - 1, NOW_MS + 60_040, 9) == 3
    finally:
        stores.client.config_set("maxmemory", 0)
    assert broken(stores.client, stores.partitions) == []


def test_pages_are_cut_as_they_grow(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes in order fills them; what comes late goes where it belongs."""
    event, partition = create(stores, schedule=DAILY), stores.partitions - 1
    times = [NOW_MS - 1_000 * number for number in range(2 * PAGE_RECORDS + 20)]
    notes = [Unattempted(event.id, at, ("red",), "missed", "because") for at in times]
    stores.work.record_unattempted(notes, NOW_MS)
    made = sorted(ids.occurrence_id(event.id, at) for at in times)
    late = made[5::40]
    monkeypatch.setattr(module, "AT_ONCE", 40)
    assert pack(stores, [one for one in made if one not in late]) == len(made) - len(late)
    assert pack(stores, late) == len(late)
    assert [one.id for one in stores.occurrences.get_many(made) if one] == made
    sizes = [len(page.records) for found in read_pages(stores.client, made) for page in found.pages]
    assert sum(sizes) == len(made)
    assert max(sizes) <= PAGE_RECORDS
    assert 3 <= len(sizes) <= 5
    assert stores.work.delete_ended(partition, LATER_MS, 1_000) == len(made)


class Between:
    """Runs something right before a script runs, once."""

    def __init__(self, scripts: Scripts, name: str, act: Callable[[], object]) -> None:
        self.scripts, self.name = scripts, name
        self.acts = [act]

    def __call__(self, name: str, *args: Any) -> Any:
        if name == self.name and self.acts:
            self.acts.pop()()
        return self.scripts(name, *args)


def test_what_changes_while_it_is_packed_is_left_alone(stores: Stores) -> None:
    found = ended_ones(stores)
    redeliveries = RedeliveryStore(stores.client, Scripts(stores.client))
    times = [(one, LATER_MS) for one in found]
    scripts: Any = Between(
        stores.work._scripts,
        "pack_occurrences",
        lambda: redeliveries.redeliver(times, "again", LATER_MS, MASTER),
    )
    stores.work.pages._scripts = scripts
    assert pack(stores, found) == 0
    assert pack(stores, found) == 2
    assert len(claim(stores, LATER_MS, 2)) == 4


def test_two_may_pack_at_once(stores: Stores) -> None:
    found = ended_ones(stores)
    other = module.PageStore(stores.client, stores.work._scripts)
    partition = stores.partitions - 1
    scripts: Any = Between(
        stores.work._scripts,
        "pack_occurrences",
        lambda: other.pack(partition, found[:2], BEFORE_MS),
    )
    stores.work.pages._scripts = scripts
    assert pack(stores, found) == 0
    assert pack(stores, found) == 4
    assert None not in stores.occurrences.get_many(found)


def test_who_unpacks_tries_again_while_the_page_changes(stores: Stores) -> None:
    found = ended_ones(stores)
    pack(stores, found)
    other = module.PageStore(stores.client, stores.work._scripts)
    scripts: Any = Between(
        stores.work._scripts, "unpack_occurrences", lambda: other.unpack(found[:1])
    )
    stores.work.pages._scripts = scripts
    assert stores.work.pages.unpack(found[1:3]) == 2
    assert [has_own_record(stores, one) for one in found] == [True] * 3 + [False] * 3


@pytest.mark.parametrize(
    ("look", "is_packed"), [("HMGET", False), ("HMGET", True), ("EVALSHA", True)]
)
def test_a_reader_misses_no_record_that_moves(
    stores: Stores, monkeypatch: pytest.MonkeyPatch, look: str, is_packed: bool
) -> None:
    """It moves right after one of the looks that a reader takes, in one direction or the other."""
    found = ended_ones(stores)
    expected = read_occurrences(stores.client, found, OCCURRENCE_FIELDS)
    if is_packed:
        pack(stores, found)
    other = module.PageStore(stores.client, Scripts(stores.client))
    moves = [lambda: other.unpack(found)] if is_packed else [
        lambda: other.pack(stores.partitions - 1, found, BEFORE_MS)
    ]  # fmt: skip
    direct = type(stores.client).direct

    def then_moved(client: Any, command: str, *args: Any) -> Any:
        answer = direct(client, command, *args)
        if command == look and moves:
            moves.pop()()
        return answer

    monkeypatch.setattr(type(stores.client), "direct", then_moved)
    assert read_occurrences(stores.client, found, OCCURRENCE_FIELDS) == expected
    assert not moves
