"""Of an event that has moved it is shown where it is, what leads there, and what it left behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.domain import ids
from app.store import keys
from app.store.fields import EventField
from app.store.inspection import inspect
from tests.backup.moved_stores import MovedStore, moved_store
from tests.support.clock import FakeClock


@pytest.fixture
def store(store_url: str) -> Iterator[MovedStore]:
    ids.keep_to()
    made = moved_store(store_url, FakeClock())
    yield made
    made.client.close()
    ids.keep_to()


def shown(store: MovedStore, raw: bytes) -> list[str]:
    store.look()
    lines = inspect(store.client, ids.to_text(raw))
    assert lines is not None
    return lines


def test_an_event_and_what_it_left_behind_are_found_by_their_ids(store: MovedStore) -> None:
    came_from = {
        one: (store.client.hget(keys.event(home, one), EventField.CAME_FROM) or b"").split()
        for one, home in store.homes().items()
    }
    event = next(one for one, places in came_from.items() if len(places) == 2)
    first, second = map(int, came_from[event])
    home = store.homes()[event]
    lines = shown(store, event)
    assert lines[1].startswith(f"qh:{{{home}}}:event:{ids.to_text(event)}: ")
    at = lines.index(f"moved: it is in partition {home}")
    assert lines[at + 1 : at + 3] == [
        f"  partition {first} leads to partition {second}, and has 1 of its occurrences",
        f"  partition {second} leads to partition {home}, and has 1 of its occurrences",
    ]
    assert lines[-1] == "claimed or ended: 3 occurrences"
    its = sorted(store.content().history[event])
    for one, place in zip(its, (first, second, home, home), strict=True):
        lines = shown(store, one)
        said = f"its event has moved to partition {home}"
        assert (said in lines) == (place != home)
        listed = [line for line in lines if line.startswith("  qh:")]
        assert listed
        assert all(line.startswith(f"  qh:{{{place}}}:") for line in listed)
    unmoved = next(one for one, places in came_from.items() if not places)
    assert not [line for line in shown(store, unmoved) if "moved" in line]
