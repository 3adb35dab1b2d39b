"""Local faults: how long they put deliveries off, and how they are counted and told."""

from __future__ import annotations

import logging

import pytest

from app.domain.outcome import FILES, LOCAL_FAULTS, RESOLVER
from app.engine.local_faults import FIRST_MS, LONGEST_MS, REPORT_MS, WARN_MS, LocalFaults
from app.errors import StoreUnavailable
from app.store.local_faults import LocalFaultStore
from app.wiring.services import Services
from tests.support.builders import a_claim
from tests.support.clock import NOW_MS


@pytest.fixture
def store(services: Services) -> LocalFaultStore:
    return services.storage.local_faults


@pytest.fixture
def faults(store: LocalFaultStore) -> LocalFaults:
    return LocalFaults(store)


@pytest.mark.parametrize("number", range(20))
@pytest.mark.parametrize("deferred", [0, 1, 2, 5, 6, 7, 1_000, 10**9])
def test_each_time_in_a_row_doubles_the_pause_and_it_is_spread_over_as_long_again(
    faults: LocalFaults, deferred: int, number: int
) -> None:
    claim = a_claim(number, "example.com")
    claim.deferred = deferred
    pause_ms = faults.put_off(claim, FILES, NOW_MS) - NOW_MS
    least_ms = min(FIRST_MS * 2 ** min(deferred, 30), LONGEST_MS)
    assert least_ms <= pause_ms < 2 * least_ms


def test_they_are_counted_in_the_store_once_a_second(
    faults: LocalFaults, store: LocalFaultStore
) -> None:
    for fault in (FILES, FILES, RESOLVER):
        faults.put_off(a_claim(0, "example.com"), fault, NOW_MS)
    faults.report(NOW_MS)
    assert store.totals() == {FILES: 2, RESOLVER: 1}
    assert store.since(NOW_MS) == [FILES, RESOLVER]
    faults.put_off(a_claim(0, "example.com"), FILES, NOW_MS)
    faults.report(NOW_MS + REPORT_MS - 1)
    assert store.totals()[FILES] == 2
    faults.report(NOW_MS + REPORT_MS)
    assert store.totals()[FILES] == 3
    assert store.since(NOW_MS + 1) == [FILES]


def test_the_log_is_warned_once_a_minute_and_told_how_many(
    faults: LocalFaults, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    for now_ms in range(NOW_MS, NOW_MS + WARN_MS + 2_000, 1_000):
        faults.put_off(a_claim(0, "example.com"), FILES, now_ms)
        faults.report(now_ms)
    assert [record.getMessage() for record in caplog.records] == [
        f"{LOCAL_FAULTS[FILES]}: deliveries are put off"
    ] * 2
    assert [record.__dict__["deliveries"] for record in caplog.records] == [1, 60]


def test_what_the_store_did_not_take_is_counted_later(
    faults: LocalFaults, store: LocalFaultStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise StoreUnavailable

    faults.put_off(a_claim(0, "example.com"), FILES, NOW_MS)
    with monkeypatch.context() as patched:
        patched.setattr(LocalFaultStore, "count", away)
        faults.report(NOW_MS)
    faults.report(NOW_MS + REPORT_MS)
    assert store.totals() == {FILES: 1}


def test_a_store_that_is_away_for_long_ends_no_drain(
    faults: LocalFaults, store: LocalFaultStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits to be counted was told already: no warning is made of nothing."""

    def away(*_: object) -> None:
        raise StoreUnavailable

    faults.put_off(a_claim(0, "example.com"), FILES, NOW_MS)
    with monkeypatch.context() as patched:
        patched.setattr(LocalFaultStore, "count", away)
        for now_ms in range(NOW_MS, NOW_MS + 3 * WARN_MS, REPORT_MS):
            faults.report(now_ms)
    faults.report(NOW_MS + 3 * WARN_MS)
    assert store.totals() == {FILES: 1}
