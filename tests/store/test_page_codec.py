"""What is read of a page is what was written, byte for byte, and it takes little."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain import ids
from app.store import page_codec
from app.store.fields import OccurrenceField
from app.store.page_codec import Packed, decode, encode

EVENTS = [ids.EventIds().make(1_767_225_600_000_000 + one, 0) for one in range(5)]
MOMENTS = st.integers(0, (1 << 48) - 1)
TEXT = st.binary(max_size=40)
LINES = st.lists(st.text("abcé", min_size=1, max_size=5), max_size=3).map("\n".join)
NAMES = st.sampled_from([*(one.encode() for one in OccurrenceField), b"of a later version"])
VALUES = st.one_of(TEXT, st.integers(0, 1 << 50).map(lambda one: b"%d" % one), st.just(b"007"))


def callback(draw: Any, event: bytes, at_ms: int, other: bytes) -> Packed:
    """A callback, most of them as they are: of any status, told of late or early, or of others."""
    about = ids.occurrence_id(event, at_ms)
    status = draw(st.sampled_from(["completed", "failed", "é", ""]))
    moments = draw(st.lists(MOMENTS, min_size=2, max_size=2))
    told = draw(st.one_of(st.just(about), st.binary(min_size=16, max_size=16)))
    text = b"%b%b\n%d\n%d\n1\n200\n%b" % (told, status.encode(), *moments, draw(TEXT))
    one = draw(st.sampled_from([ids.callback_id(event, about, status)] * 3 + [other]))
    more = draw(st.dictionaries(NAMES, VALUES, max_size=4))
    field = draw(st.sampled_from([text] * 5 + [text[:30], text.replace(b"\n1\n", b"\n01\n")]))
    return Packed(one, None, more | {b"e": event, b"cb": field})


@st.composite
def records(draw: Any) -> Packed:
    event, at_ms = draw(st.sampled_from(EVENTS)), draw(MOMENTS)
    own = draw(st.one_of(st.none(), st.binary(min_size=10, max_size=10)))
    one = ids.occurrence_id(event, at_ms) if own is None else at_ms.to_bytes(6, "big") + own
    if draw(st.integers(0, 3)) == 0:
        return callback(draw, event, at_ms, one)
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


def callbacks(count: int, event_of: Callable[[int], bytes]) -> list[Packed]:
    """Callbacks as the store has them: each told of an end some milliseconds after it."""
    chance = random.Random(7)
    found = []
    for number in range(count):
        event, at_ms = event_of(number), 1_767_225_660_000 + number * 60_000
        about, ended_ms = ids.occurrence_id(event, at_ms), at_ms + chance.randrange(2_000)
        told_ms = ended_ms + chance.randrange(3, 30)
        line = b"1,%d,%d,-905,,,,,200,%d\n" % (
            told_ms - ended_ms,
            chance.randrange(9_000),
            ended_ms,
        )
        fields = {
            b"e": event, b"at": b"%d" % ended_ms, b"ch": b"%d" % told_ms, b"c": b"%d" % told_ms,
            b"cb": b"%bcompleted\n%d\n%d\n1\n200\n" % (about, at_ms, ended_ms),
            b"tags": b"red\nblue", b"st": b"completed", b"n": b"1", b"l": b"", b"s": b"1",
            b"code": b"200", b"log": line,
        }  # fmt: skip
        found.append(Packed(ids.callback_id(event, about, "completed"), None, fields))
    return sorted(found, key=lambda one: one.id)


def test_a_callback_keeps_neither_its_id_nor_that_of_what_it_tells_of() -> None:
    """Both follow from its event and the time in its id; each would be eight bytes of chance."""
    some = callbacks(128, lambda number: EVENTS[number % 5])
    assert decode(encode(some)) == some
    assert len(encode(some)) / len(some) < 32


def test_a_page_of_before_that_has_callbacks_whole_is_read() -> None:
    some = callbacks(3, lambda _: EVENTS[0])
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(page_codec, "_shortened", lambda *_: None)
        written = encode(some)
    assert written != encode(some)
    assert decode(written) == decode(encode(some)) == some
