"""Of a drain, what must not be shared is made anew; connections and breakers outlive it."""

from __future__ import annotations

import threading

import pytest

from app.store.live_keys import EVERYTHING
from app.wiring import drains
from app.wiring.drains import WINDOW_FACTOR
from app.wiring.engine import Engine
from app.wiring.other_workers import OtherWorkers


def test_each_drain_has_a_name_and_connections_of_its_own(process: Engine) -> None:
    """Two drains under one name would keep each other's leases alive."""
    one, other = process.drains.new_drain(), process.drains.new_drain()
    assert one._recorder.leases._drain != other._recorder.leases._drain
    assert one._claimer._worker == one._recorder.leases._drain.encode()
    assert one._claimer._channel is not one._recorder._channel
    assert one._claimer._channel is not other._claimer._channel


def test_drains_share_the_sender_and_the_breakers(process: Engine) -> None:
    one, other = process.drains.new_drain(), process.drains.new_drain()
    assert one._sender is other._sender
    assert one._breakers is other._breakers


def test_a_drain_claims_more_than_it_sends_at_once(process: Engine) -> None:
    concurrency = process.services.settings.delivery_concurrency
    assert process.drains.new_drain()._claimer.window.size == concurrency * WINDOW_FACTOR


def test_a_process_that_never_drained_has_nothing_to_close(process: Engine) -> None:
    before = threading.active_count()
    process.close()
    assert "drains" not in vars(process)
    assert threading.active_count() == before


def test_a_process_that_ends_tells_listeners_first_and_waits_for_no_pause(
    process: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.engine.changes.LONG_PAUSE_S", 3_600.0)
    storage = process.services.storage
    storage.live.listen([EVERYTHING], 2**44)
    storage.changes.event("event.update", {"id": "an-id", "tags": []})
    process.close()
    assert len(storage.live.told_after(b"0-0", 10)) == 1


@pytest.mark.parametrize(
    ("files", "concurrency", "connections"),
    [(1_000_000, 128, 1_280), (2_048, 128, 1_280), (1_024, 89, 890), (256, 12, 120), (20, 1, 10)],
)
def test_connections_are_bounded_by_the_files_that_there_may_be(
    process: Engine,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    files: int,
    concurrency: int,
    connections: int,
) -> None:
    monkeypatch.setattr(drains, "open_file_limit", lambda: files)
    drain = process.drains.new_drain()
    assert drain._options.concurrency == concurrency
    assert process.drains.max_connections == connections
    warned = [record.getMessage() for record in caplog.records]
    assert [("QHRONOS_DELIVERY_CONCURRENCY" in one, str(files) in one) for one in warned] == (
        [] if concurrency == 128 else [(True, True)]
    )


def test_another_worker_has_begun_once_a_drain_counts_as_alive(engine: Engine) -> None:
    services = engine.services
    others = OtherWorkers(services)
    assert not others.call(), "there is none"
    assert not others.has_begun()
    services.storage.coordination.drain_alive("another", services.clock.now_ms() + 60_000)
    assert others.has_begun()
