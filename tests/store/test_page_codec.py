"""What is read of a page is what was written, byte for byte, and it takes little."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain import ids
from app.store.fields import OccurrenceField
from app.store.page_codec import Packed, decode, encode

EVENTS = [ids.EventIds().make(1_767_225_600_000_000 + one, 0) for one in range(5)]
MOMENTS = st.integers(0, (1 << 48) - 1)
TEXT = st.binary(max_size=40)
LINES = st.lists(st.text("abcé", min_size=1, max_size=5), max_size=3).map("\n".join)
NAMES = st.sampled_from([*(one.encode() for one in OccurrenceField), b"of a later version"])
VALUES = st.one_of(TEXT, st.integers(0, 1 << 50).map(lambda one: b"%d" % one), st.just(b"007"))


@st.composite
def records(draw: Any) -> Packed:
    event, at_ms = draw(st.sampled_from(EVENTS)), draw(MOMENTS)
    own = draw(st.one_of(st.none(), st.binary(min_size=10, max_size=10)))
    one = ids.occurrence_id(event, at_ms) if own is None else at_ms.to_bytes(6, "big") + own
    if draw(st.booleans()):
        fields = draw(st.dictionaries(NAMES, VALUES, max_size=9)) | {b"e": event}
        return Packed(one, None, fields)
    numbers, body = draw(st.lists(st.integers(0, 999_999), min_size=3, max_size=9)), draw(TEXT)
    took, waited, *line = (b"%d" % one for one in numbers)
    tags = draw(LINES).encode()
    text = b"%b,%b,=%b\n%b\t%b" % (took, waited, b",".join(line), tags, body)
    return Packed(one, event + text, {})


@settings(max_examples=150, deadline=None)
@given(st.lists(records(), max_size=12, unique_by=lambda one: one.id))
def test_a_page_has_what_was_put_into_it(found: list[Packed]) -> None:
    ordered = sorted(found, key=lambda one: one.id)
    assert decode(encode(ordered)) == ordered


def test_a_record_takes_a_few_dozen_bytes() -> None:
    """Of series whose deliveries took as long as chance would have it, and were answered so."""
    chance = random.Random(7)

    def short(number: int) -> Packed:
        event, at_ms = EVENTS[number % 5], 1_767_225_660_000 + number // 5 * 60_000
        began, took = chance.randrange(300, 9_000), chance.randrange(2_000, 300_000)
        line = b"%d,%d,%d,0,0,0,200,0" % (began, began + took, began + took - 200)
        form = b"%b%d,%d,=%b\nbilling\nreports\tok" % (event, took // 1_000 + 5, 3, line)
        return Packed(ids.occurrence_id(event, at_ms), form, {})

    some = sorted((short(number) for number in range(128)), key=lambda one: one.id)
    assert len(encode(some)) / len(some) < 32
