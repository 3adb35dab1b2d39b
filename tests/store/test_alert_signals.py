"""What alerts are made of: read once each, from what the store lists anyway."""

from __future__ import annotations

import pytest

from app.store import alert_signals as module
from app.store import keys
from app.store.alert_signals import AlertSignals, note_set_aside
from tests.store.conftest import Stores


@pytest.fixture
def signals(stores: Stores) -> AlertSignals:
    return AlertSignals(stores.client, stores.partitions)


def end(stores: Stores, status: str, **moments: int) -> None:
    for name, at in moments.items():
        stores.client.zadd(keys.ended(0), {name.encode(): at})
        stores.client.zadd(keys.occurrences(0, status), {name.encode(): 1})


@pytest.fixture(autouse=True)
def _forget(stores: Stores):
    """These members are no records: the check of the store would miss them."""
    yield
    stores.client.flushdb()


def test_dead_letters_are_read_once_each_in_their_order(signals, stores: Stores) -> None:
    end(stores, "completed", a=1, c=3)
    end(stores, "failed", b=2, d=4, e=9)
    first = signals.failed(0, 0, 5, 100, 100)
    assert first == ([(b"b", 2), (b"d", 4)], 5)
    assert signals.failed(0, first.cursor, 9, 100, 100) == ([(b"e", 9)], 9)
    assert signals.failed(0, 9, 12, 100, 100) == ([], 12)


def test_however_short_a_look_is_none_is_passed_over_or_read_twice(signals, stores) -> None:
    moments = {f"m{number}": number // 3 for number in range(40)}
    end(stores, "failed", **moments)
    found, cursor = [], -1
    for _ in range(40):
        stretch = signals.failed(0, cursor, 99, 5, 4)
        found += [one.decode() for one, _ in stretch.found]
        cursor = stretch.cursor
    assert sorted(found) == sorted(moments)
    assert cursor == 99


def test_without_dead_letters_nothing_is_read(signals, stores: Stores) -> None:
    end(stores, "completed", a=1)
    before = stores.client.info("commandstats").get("cmdstat_zrangebyscore", {}).get("calls", 0)
    assert signals.failed(0, 0, 5, 100, 100) == ([], 5)
    after = stores.client.info("commandstats").get("cmdstat_zrangebyscore", {}).get("calls", 0)
    assert after == before


def test_series_that_ended_are_told_from_what_occurs_once(signals, stores: Stores) -> None:
    for name in (b"series", b"once"):
        stores.client.zadd(keys.inactive(0), {name: 7})
    stores.client.zadd(keys.event_occurrences(0, b"series"), {b"o": 1})
    assert signals.ended_series(0, 0, 9, 100, 100) == ([(b"series", 7)], 9)
    assert signals.ended_series(0, 7, 9, 100, 100) == ([], 9)


def test_the_newest_that_are_tried_again_are_read(signals, stores: Stores) -> None:
    for number in range(20):
        stores.client.zadd(keys.occurrences(0, "retrying"), {b"%d" % number: number})
    share = 8 // stores.partitions
    assert signals.retrying(8) == [b"%d" % (19 - number) for number in range(share)]


def test_of_events_that_were_set_aside_the_newest_are_kept(
    signals, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_SET_ASIDE", 10)
    for number in range(13):
        note_set_aside(stores.client, b"%d" % number, number)
    assert len(signals.set_aside(-1, 99_999)) == 10
    assert signals.set_aside(10, 99_999) == [(b"11", 11), (b"12", 12)]
