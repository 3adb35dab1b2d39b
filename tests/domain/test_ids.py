"""Ids: where their parts lie, and that what is stored under one is found again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.ids import (
    MAX_PARTITIONS,
    EventIds,
    callback_id,
    created_ms,
    from_text,
    is_written_right,
    keep_to,
    occurrence_id,
    partition_of_event,
    partition_of_occurrence,
    place_of,
    to_text,
)

NOW_US = 1_767_225_600_123_456
EVENT = bytes.fromhex("0196f0a0b1c27abc8042123456789abc")
TEXT = "0196f0a0-b1c2-7abc-8042-123456789abc"


@given(st.integers(0, 2**47 * 1_000), st.integers(0, MAX_PARTITIONS - 1))
def test_an_events_id_tells_when_it_was_made_and_where_it_lies(now_us: int, partition: int) -> None:
    made = EventIds().make(max(now_us, 1), partition)
    assert created_ms(made) == max(now_us, 1) // 1_000
    assert partition_of_event(made) == partition
    assert from_text(to_text(made), version=7) == made


def test_the_fraction_of_the_millisecond_is_in_it_and_what_is_left_is_chance() -> None:
    made = [int.from_bytes(EventIds().make(NOW_US, 5), "big") for _ in range(64)]
    assert {one >> 64 & 0xFFF for one in made} == {456 * 4096 // 1_000}
    low = [one & (1 << 50) - 1 for one in made]
    assert len(set(low)) == len(low)
    assert any(one >> 49 for one in low)


def test_ids_rise_though_the_clock_stands_or_goes_back() -> None:
    maker = EventIds()
    moments = [NOW_US, NOW_US, NOW_US - 5_000_000, NOW_US, NOW_US + 1_000]
    made = [maker.make(one, 0)[:8] for one in moments]
    assert made == sorted(set(made))
    ticks = [int.from_bytes(one, "big") & 0xFFF for one in made[:4]]
    assert [tick - ticks[0] for tick in ticks] == [0, 1, 2, 3]
    assert created_ms(made[4] + bytes(8)) == NOW_US // 1_000 + 1


@pytest.mark.parametrize(
    ("scheduled_ms", "text"),
    [
        (1_767_225_600_000, "019b76da-a800-8010-9243-630287c2e09a"),
        (-1, "ffffffff-ffff-8010-9361-735b07183351"),
    ],
)
def test_an_occurrence_has_the_id_that_it_always_had(scheduled_ms: int, text: str) -> None:
    """It is computed, and stored: another one would be another occurrence."""
    made = occurrence_id(EVENT, scheduled_ms)
    assert to_text(made) == text
    assert from_text(text, version=8) == made
    assert partition_of_occurrence(made) == partition_of_event(EVENT) == 16


def test_a_callback_has_the_id_that_it_always_had() -> None:
    of = occurrence_id(EVENT, 1_767_225_600_000)
    made = callback_id(EVENT, of, "failed")
    assert to_text(made) == "019b76da-a800-8010-b5dc-f4b894a5ed0f"
    assert partition_of_occurrence(made) == partition_of_occurrence(of)
    assert callback_id(EVENT, of, "completed") != made


@given(st.integers(-(2**47), 2**47), st.integers(0, MAX_PARTITIONS - 1))
def test_an_occurrence_lies_where_its_event_does(scheduled_ms: int, partition: int) -> None:
    event = EventIds().make(NOW_US, partition)
    made = occurrence_id(event, scheduled_ms)
    assert partition_of_occurrence(made) == partition
    assert partition_of_occurrence(callback_id(event, made, "failed")) == partition
    assert from_text(to_text(made), version=8) == made


def test_an_id_has_one_spelling() -> None:
    assert to_text(EVENT) == TEXT
    assert from_text(TEXT, version=7) == EVENT
    assert is_written_right(TEXT)
    for wrong in (TEXT.upper(), TEXT.replace("-", ""), f"{TEXT}0", f" {TEXT}", ""):
        assert from_text(wrong, version=7) is None
        assert not is_written_right(wrong)


def test_an_id_of_another_kind_names_nothing() -> None:
    """A UUID may be written well and be none of ours."""
    assert from_text(TEXT, version=8) is None
    other = "0196f0a0-b1c2-4abc-8042-123456789abc"
    assert is_written_right(other)
    assert from_text(other, version=7) is from_text(other, version=8) is None


@pytest.fixture
def _any_store() -> Iterator[None]:
    yield
    keep_to()


@pytest.mark.usefixtures("_any_store")
def test_in_a_store_with_fewer_partitions_ids_and_names_are_where_they_were_brought() -> None:
    """Ids themselves stay: that of an occurrence follows from that of its event, as before."""
    event = EventIds().make(NOW_US, 7)
    before = occurrence_id(event, 1_000), callback_id(event, EVENT, "failed")
    name_before = place_of(1_000_003, 8)
    keep_to(4, former=8, named=8)
    assert partition_of_event(event) == partition_of_occurrence(before[0]) == 7 % 4
    assert (occurrence_id(event, 1_000), callback_id(event, EVENT, "failed")) == before
    assert place_of(1_000_003, 4) == name_before % 4
    canary = EventIds().make(NOW_US, 4)
    assert partition_of_event(canary) == partition_of_occurrence(occurrence_id(canary, 1)) == 4
    keep_to(named=2)
    assert partition_of_event(event) == 7
    assert place_of(1_000_003, 8) == 1_000_003 % 2
