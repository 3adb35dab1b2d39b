"""Whoever moves events, or works with them, is held up or knows nothing; others go on meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from app.domain import ids
from app.errors import StoreUnavailable
from app.store import keys
from app.store.inspection import inspect
from app.store.moves import BUSY, MoveStore
from app.store.owners import Owners
from app.store.scripts import Argument, ScriptCall, Scripts
from tests.api import test_moving as those
from tests.api.test_moving import HOUR_MS, Moving, changed, from_one, move_one, raw
from tests.support.moves import Interrupted, Killed, kill

about_to_move, ids_as_before, moved = those.about_to_move, those.ids_as_before, those.moved
moving, services = those.moving, those.services


class HeldUp(Interrupted):
    """Scripts before one of which others do something; and something else comes before leaving."""

    leaving: Any = None

    def each(self, name: str, calls: Sequence[ScriptCall]) -> list[Any]:
        if name == "leave_event" and self.leaving is not None:
            self.leaving()
        return super().each(name, calls)

    def __call__(self, name: str, keys: Sequence[bytes], args: Sequence[Argument]) -> Any:
        self._interrupt(name)
        return super().__call__(name, keys, args)


def leaves_by_another(moving: Moving, event: str, target: int) -> None:
    """Another mover ends what was begun, has the event leave, and is killed before it is there."""
    scripts = Interrupted(moving.services.storage.scripts, "open_event", kill)
    other = MoveStore(moving.services.storage.client, scripts)
    other.settle(target)
    other.begin(0)
    with pytest.raises(Killed):
        other.move(0, target, [raw(event)], moving.clock.ms)


@from_one
@pytest.mark.parametrize("who", ["the mover", "upkeep"])
def test_what_left_meanwhile_is_not_dropped(
    about_to_move: tuple[Moving, str, int], who: str
) -> None:
    """Whoever was to forget that it is expected, as it had not left, comes too late for that."""
    moving, event, target = about_to_move
    storage = moving.services.storage
    scripts = HeldUp(
        storage.scripts, "drop_event", lambda: leaves_by_another(moving, event, target)
    )
    store = MoveStore(storage.client, scripts)
    if who == "upkeep":
        with pytest.raises(Killed):
            move_one(moving, event, target, "leave_event", kill)
        assert store.settle(target) == 1
    else:
        scripts.leaving = lambda: changed(moving, event)
        store.begin(0)
        assert store.move(0, target, [raw(event)], moving.clock.ms) == {raw(event): BUSY}
    assert not scripts.before
    moving.forget()
    assert moving.api.get(f"/events/{event}").status_code == 200
    moving.sound()


def test_whoever_holds_leases_knows_where_they_are_for_as_long_as_they_are_renewed(
    moving: Moving, moved: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many others were found since: nothing else says where they are."""
    most = 64
    monkeypatch.setattr(ids, "MOST_FOUND", most)
    work = moving.services.storage.work
    moving.clock.advance(HOUR_MS)
    claims = moving.claim()
    leases = [(one.occurrence_id, one.token) for one in claims]
    elsewhere = next(one for one, place in moving.places().items() if place >= moving.former)
    for number in range(4 * most):
        at_ms = moving.clock.ms + number
        ids.found_in(moving.wanted - 1, [ids.occurrence_id(elsewhere, at_ms)])
        if number % (most // 2) == 0:
            assert work.renew(leases, moving.clock.ms + 60_000) == len(claims)
    moving.follow()
    moving.end(claims)
    moving.sound()


def test_one_whose_place_another_thread_finds_out_meanwhile_is_not_gone(
    moving: Moving, moved: str
) -> None:
    here = moving.places()[raw(moved)]
    store = moving.services.storage.events
    event = store.get(raw(moved))

    class Meanwhile(Scripts):
        def __call__(self, name: str, keys: Sequence[bytes], args: Sequence[Argument]) -> Any:
            answer = super().__call__(name, keys, args)
            ids.found_in(here, [raw(moved)])
            return answer

    store._scripts = Meanwhile(moving.services.storage.client)
    at_ms = moving.clock.ms + 5_000
    moving.forget()
    assert store.add_occurrences(event, [(at_ms, at_ms)], moving.clock.ms) == 1
    moving.sound()


def test_it_counts_for_its_owner_also_where_it_is_about_to_be(
    about_to_move: tuple[Moving, str, int],
) -> None:
    moving, event, target = about_to_move
    owners = Owners(moving.services.storage.client)
    owners.add("s", raw(event), 1)
    with pytest.raises(Killed):
        move_one(moving, event, target, "leave_event", kill)
    ids.found_in(target, [raw(event)])
    owners.drop_gone("s", moving.clock.ms)
    assert owners.count("s") == 1


def test_it_is_inspected_where_it_is(moving: Moving, moved: str) -> None:
    client = moving.services.storage.client
    history = moving.history(moved)
    moving.forget()
    lines = inspect(client, moved)
    assert lines is not None
    assert any(one.endswith("events:active") or "events:active" in one for one in lines)
    for one, status in history.items():
        moving.forget()
        lines = inspect(client, one)
        assert lines is not None
        assert any(f"occurrences:{status}" in line for line in lines)


class Unsafe:
    """A fence whose nth answer is that nothing is known."""

    def __init__(self, number: int) -> None:
        self.left = number

    def is_safe(self) -> bool:
        self.left -= 1
        return self.left != 0


@from_one
@pytest.mark.parametrize("number", [1, 2])
def test_a_step_waits_until_the_one_before_is_on_replicas(
    about_to_move: tuple[Moving, str, int], number: int
) -> None:
    """Else a failover of one node could have it lost, or in two places."""
    moving, event, target = about_to_move
    storage = moving.services.storage
    store = MoveStore(storage.client, storage.scripts, lambda: Unsafe(number))
    store.begin(0)
    with pytest.raises(StoreUnavailable, match="on replicas"):
        store.move(0, target, [raw(event)], moving.clock.ms)
    assert storage.client.hlen(keys.expected(target)) == 1
    assert not storage.client.exists(keys.event(target, raw(event)))
    store.settle(target)
    assert moving.places()[raw(event)] == (0 if number == 1 else target)
    moving.forget()
    assert moving.api.get(f"/events/{event}").status_code == 200
    moving.sound()
