"""A long value is stored in pieces that keep its hash in the compact encoding, and comes back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.event import Event
from app.store import keys
from app.store.codec import DEFINITION_FIELDS
from app.store.connecting import connect
from app.store.event_plans import KEEP, Plan
from app.store.pieces import PIECE, cut, join
from tests.store.conftest import Stores
from tests.support.builders import an_event
from tests.support.clock import NOW_MS

FIELDS = ("a", "b", "c", "d")


@given(value=st.binary(max_size=5 * PIECE))
def test_what_is_cut_is_joined_again(value: bytes) -> None:
    pieces = cut(value, FIELDS)
    assert join([pieces.get(field) for field in FIELDS]) == (value or None)
    fits = len(value) <= 4 * PIECE
    assert not fits or all(len(piece) <= PIECE for piece in pieces.values())


@pytest.mark.parametrize(
    ("size", "sizes"),
    [(0, []), (64, [64]), (65, [64, 1]), (256, [64] * 4), (257, [257])],
)
def test_a_value_has_at_most_four_pieces(size: int, sizes: list[int]) -> None:
    """A longer one is one value: its hash takes much anyway."""
    assert [len(piece) for piece in cut(b"x" * size, FIELDS).values()] == sizes


def an_event_of(stores: Stores, length: int) -> Event:
    """One whose description and metadata are so long."""
    event = an_event(
        partition=stores.partitions - 1,
        description="d" * length,
        metadata_json='{"text":"%s"}' % ("ü" * (length // 2)),
    )
    plan = Plan(scheduled_ms=event.start_ms, due_ms=event.start_ms)
    stores.events.save(event, plan, None, NOW_MS)
    return stores.events.get(event.id)


@pytest.fixture
def default_settings(store_url: str) -> Iterator[None]:
    """The server is as it comes."""
    setting = "hash-max-listpack-value"
    with connect(store_url) as client:
        before = client.config_get(setting)
        client.config_set(setting, 64)
        yield
        client.config_set(setting, before[setting])


def test_an_event_is_compact_on_a_server_with_default_settings(
    stores: Stores, default_settings: None
) -> None:
    event = an_event_of(stores, 120)
    assert stores.client.object("encoding", keys.event_of(event.id)) == b"listpack"
    assert stores.events.get(event.id) == event


@pytest.mark.parametrize("before", [0, 120, 2_000])
@pytest.mark.parametrize("after", [0, 120, 2_000])
def test_a_change_leaves_no_piece_behind(stores: Stores, before: int, after: int) -> None:
    event = an_event_of(stores, before)
    longer = event.changed(
        version=2, description="e" * after, metadata_json='{"t":"%s"}' % ("y" * after)
    )
    stores.events.save(longer, KEEP, event, NOW_MS)
    assert stores.events.get(event.id) == longer
    pieces = stores.client.hmget(keys.event_of(event.id), DEFINITION_FIELDS)
    assert all(len(piece or b"") <= PIECE for piece in pieces[1:])
