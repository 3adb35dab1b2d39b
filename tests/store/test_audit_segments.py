"""A segment of the audit log: what goes in comes out, and what was tampered with still shows."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.audit import GENESIS, ChainBroken, canonical, check, line, link
from app.store import audit_segments as module
from app.store.audit_segments import (
    SegmentDamaged,
    StoredEntry,
    fitting,
    head,
    pack,
    unpack,
)
from tests.support.clock import NOW_MS

STEPS = st.lists(st.tuples(st.integers(0, 10**12), st.text(max_size=40)), min_size=1, max_size=30)


def chained(steps: list[tuple[int, str]], first: int = 1) -> list[StoredEntry]:
    """Entries, one after another: how many ms after the one before, and what they tell."""
    entries, now_ms, previous = [], NOW_MS, GENESIS
    for number, (wait_ms, told) in enumerate(steps, first):
        now_ms += wait_ms
        text = canonical({"after": told, "seq": number})
        entries.append(StoredEntry((now_ms, number), text, previous, link(previous, text)))
        previous = entries[-1].digest
    return entries


def exported(entries: list[StoredEntry]) -> list[str]:
    return [line(one.text, one.previous, one.digest) for one in entries]


FIVE = chained([(1, "a"), (0, "b"), (9, "c"), (2**40, "d"), (1, "e")], first=7)

STORED = (
    "010000000200000000000000070000019b76daa8010000019b76daa80100000000000000000000000000000000"
    "000000000000000000000000000000008937d971b688623a8456835bd88b971a13fb720dd8d8e5462c1d45c77a"
    "09c11401a607922a90a4a54b8bfd4e708f6ac0661b6cc7339ffae6ff6056737b6b26cd789c63604005d54a8969"
    "25a9454a564a894a3a4ac5a9854a56e6b55c08d12498a8452d001d010cbb"
)
"""The first two of them, as version 1 wrote them; other builds of zlib write other bytes."""


def test_a_segment_of_an_earlier_version_can_be_read() -> None:
    assert unpack(bytes.fromhex(STORED)) == FIVE[:2]


@given(steps=STEPS, first=st.integers(1, 2**53))
def test_what_goes_in_comes_out(steps: list[tuple[int, str]], first: int) -> None:
    entries = chained(steps, first)
    assert fitting(entries) == entries
    segment = pack(entries)
    assert unpack(segment) == entries
    told = head(segment)
    assert (told.size, told.first, told.last) == (len(entries), first, first + len(entries) - 1)
    assert told.oldest_ms == entries[0].position[0]
    assert told.newest_ms == entries[-1].position[0]


@pytest.mark.parametrize(
    ("what", "entries", "fit"),
    [
        ("one alone", FIVE[:1], 1),
        ("an entry is missing", [*FIVE[:2], *FIVE[3:]], 2),
        ("one follows another hash", [*FIVE[:3], FIVE[3]._replace(previous="f" * 64)], 3),
        ("a number is left out", [*FIVE[:1], FIVE[1]._replace(position=(NOW_MS, 9))], 1),
    ],
)
def test_a_segment_ends_where_the_chain_breaks(
    what: str, entries: list[StoredEntry], fit: int
) -> None:
    """So nothing that is derived hides the break."""
    assert len(fitting(entries)) == fit, what


def test_a_segment_has_a_size_beyond_which_it_takes_no_more() -> None:
    """One page decompresses one segment."""
    entries = chained([(0, "x" * (module.MAX_RAW // 2))] * 4)
    assert len(fitting(entries)) == 2
    assert len(fitting(chained([(0, "x" * (2 * module.MAX_RAW))] * 2))) == 1


@pytest.mark.parametrize("index", range(5))
def test_the_very_entry_that_was_changed_is_found(index: int) -> None:
    entries = [*FIVE]
    entries[index] = entries[index]._replace(text=entries[index].text.replace("after", "AFTER"))
    with pytest.raises(ChainBroken, match=rf"line {index + 1}: entry {7 + index} was changed"):
        check(exported(unpack(pack(entries))))


@pytest.mark.parametrize(
    "change",
    [
        {"digest": "no hash"},
        {"digest": "F" * 64},
        {"previous": "no hash"},
        {"text": '{"after":"\n","seq":7}'},
    ],
)
def test_what_was_broken_before_it_was_packed_stays_broken(change: dict[str, str]) -> None:
    """Packing takes whatever is in the stream, and repairs nothing."""
    entries = [FIVE[0]._replace(**change)]
    came = unpack(pack(entries))
    assert [one.position for one in came] == [FIVE[0].position]
    with pytest.raises(ChainBroken):
        check(exported([*came, *FIVE[1:]]))


@given(at=st.integers(0, len(pack(FIVE)) - 1), other=st.integers(1, 255))
def test_no_byte_can_be_changed(at: int, other: int) -> None:
    """The segment can't be read, the chain breaks, or what is told is the same."""
    segment = bytearray(pack(FIVE))
    segment[at] ^= other
    try:
        came = unpack(bytes(segment))
    except SegmentDamaged:
        return
    if exported(came) != exported(FIVE):
        with pytest.raises(ChainBroken):
            check(exported(came))


@pytest.mark.parametrize(
    "segment",
    [
        b"",
        b"\x01",
        b"\x02" + pack(FIVE)[1:],
        pack(FIVE)[:-1],
        pack(FIVE)[:60],
        pack(FIVE)[:221] + zlib.compress(b"short"),
        pack(FIVE)[:221] + zlib.compress(bytes(40) + b"one line"),
    ],
)
def test_what_is_no_segment_is_said_to_be_damaged(segment: bytes) -> None:
    with pytest.raises(SegmentDamaged):
        unpack(segment)


def test_a_segment_that_would_fill_the_memory_is_damaged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_INFLATED", 100)
    with pytest.raises(SegmentDamaged):
        unpack(pack(FIVE))
