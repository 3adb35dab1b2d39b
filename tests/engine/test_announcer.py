"""Listeners are told of what is delivered: once, if anybody listens, and never at its expense."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any, cast

import pytest

from app.domain.callback import Callback
from app.domain.outcome import CLIENT_BUSY, Outcome, Timings
from app.engine.announcer import Announcer
from app.engine.changes import LiveChanges
from app.errors import StoreUnavailable
from app.store.claims import Claim
from app.store.connecting import connect
from app.store.live import Hint, LiveStore
from app.store.live_keys import EVERYTHING, HINTED
from app.store.scripts import Scripts
from tests.support.builders import a_claim
from tests.support.clock import NOW_MS, FakeClock

LATER_MS = 2**44
"""Later than any clock: what an earlier test has left to do must not find it ended."""


@pytest.fixture
def live(store_url: str) -> LiveStore:
    client = connect(store_url)
    return LiveStore(client, Scripts(client))


@pytest.fixture
def announcer(live: LiveStore) -> Iterator[Announcer]:
    made = Announcer(LiveChanges(live, FakeClock()))
    yield made
    made.close()


def told(live: LiveStore, announcer: Announcer) -> list[Any]:
    announcer.close()
    return [json.loads(one.message) for one in live.told_after(b"0-0", 100)]


def tagged(number: int, *tags: str, **more: Any) -> Claim:
    return a_claim(number, tags=tags, **more)


def test_what_bears_a_tag_that_is_listened_to_is_told(
    live: LiveStore, announcer: Announcer
) -> None:
    live.listen(["a"], LATER_MS)
    announcer.begins(tagged(1, "a", "b"))
    announcer.begins(tagged(2, "b"))
    announcer.begins(tagged(3))
    (message,) = told(live, announcer)
    assert (message["type"], message["tags"], message["payload"]["attempt"]) == (
        "event",
        ["a", "b"],
        1,
    )


def test_who_listens_to_everything_hears_what_has_no_tags(
    live: LiveStore, announcer: Announcer
) -> None:
    live.listen([EVERYTHING], LATER_MS)
    announcer.begins(tagged(1))
    assert len(told(live, announcer)) == 1


def test_a_retry_and_a_callback_are_not_told(live: LiveStore, announcer: Announcer) -> None:
    live.listen(["a"], LATER_MS)
    announcer.begins(tagged(1, "a", attempt=2))
    announcer.begins(tagged(2, "a", attempt=4, attempts_before=3))  # the first of a redelivery
    ended = Callback(b"o" * 16, "completed", 0, 0, 1, 200, None)
    announcer.begins(tagged(3, "a", callback=ended))
    assert [one["payload"]["attempt"] for one in told(live, announcer)] == [4]


def test_nothing_is_told_if_nobody_listens(live: LiveStore, announcer: Announcer) -> None:
    live.listen(["a"], NOW_MS - 1)
    announcer.begins(tagged(1, "a"))
    assert told(live, announcer) == []


def test_a_store_that_is_away_costs_the_listeners_and_nobody_else(
    live: LiveStore, announcer: Announcer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> bytes:
        raise StoreUnavailable

    monkeypatch.setattr(live, "interest_version", away)
    announcer.begins(tagged(1, "a"))
    assert told(live, announcer) == []


def test_who_wants_only_hints_costs_one_message_however_much_is_delivered(
    live: LiveStore, announcer: Announcer
) -> None:
    """It names all tags, and nothing is made for anybody else."""
    live.listen([HINTED], LATER_MS)
    with contextlib.closing(live.mailbox("p")) as mailbox:
        for number in range(500):
            announcer.begins(tagged(number, "a", f"b{number % 3}"))
            announcer.begins(tagged(number))
        assert told(live, announcer) == []
        hints = mailbox.receive(1.0, 100) + mailbox.receive(0.0, 100)
    assert 1 <= len(hints) <= 2, "the first at once, what came meanwhile at the end"
    assert {tag for one in hints for tag in cast("Hint", one).tags} == {"a", "b0", "b1", "b2"}


def test_what_came_of_an_attempt_is_told_with_the_status_that_is_recorded(
    live: LiveStore, announcer: Announcer
) -> None:
    live.listen(["a"], LATER_MS)
    moment = Timings(0, 0, NOW_MS * 1_000)
    announcer.ended(tagged(1, "a"), Outcome(moment, 200))
    announcer.ended(tagged(2, "a"), Outcome(moment, 500, error="status", error_message="no"))
    announcer.ended(tagged(3, "a"), Outcome(moment, error=CLIENT_BUSY))
    changes = [(one["status"], one["status_code"]) for one in told(live, announcer)]
    assert changes == [("completed", 200), ("retrying", 500)]
