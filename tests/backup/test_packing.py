"""A backup is read as it was written, or refused with a sentence."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import replace

import pytest
import zstandard

from app.backup.packing import BackupHeader, Unpacker, pack
from app.backup.wording import BackupRefused

HEADER = BackupHeader("1.2.3", 1_767_225_600_000, 8, 1, "valkey 9.1.2", keys=("aabbccdd",))
SNAPSHOT = [os.urandom(100_000), b"x" * 300_000, b"end"]


def unpacked(pieces: Sequence[bytes]) -> tuple[BackupHeader, bytes]:
    found: list[bytes] = []
    unpacker = Unpacker("the file", found.append)
    for piece in pieces:
        unpacker.feed(piece)
    header = unpacker.end()
    assert unpacker.size == sum(map(len, found))
    return header, b"".join(found)


def test_what_is_packed_is_unpacked_however_it_is_cut_into_pieces() -> None:
    whole = b"".join(pack(HEADER, SNAPSHOT))
    for size in (1_000, 70_001, len(whole)):
        pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
        assert unpacked(pieces) == (HEADER, b"".join(SNAPSHOT))


def test_the_usual_tool_opens_it() -> None:
    opened = zstandard.ZstdDecompressor().decompressobj()
    line, _, rest = opened.decompress(b"".join(pack(HEADER, SNAPSHOT))).partition(b"\n")
    assert json.loads(line)["taken_ms"] == HEADER.taken_ms
    assert rest[:-65] == b"".join(SNAPSHOT)


def test_one_that_was_cut_off_anywhere_is_refused() -> None:
    whole = b"".join(pack(HEADER, SNAPSHOT))
    for left in (0, 1, 50, 1_000, len(whole) // 2, len(whole) - 1):
        with pytest.raises(BackupRefused, match=r"cut off or changed|no backup"):
            unpacked([whole[:left]])


def test_one_with_a_changed_byte_is_refused() -> None:
    whole = bytearray(b"".join(pack(HEADER, SNAPSHOT)))
    for at in (len(whole) // 3, len(whole) - 30):
        whole[at] ^= 1
        with pytest.raises(BackupRefused, match="cut off or changed"):
            unpacked([bytes(whole)])
        whole[at] ^= 1


@pytest.mark.parametrize(
    "other", [b"", b"REDIS0011", zstandard.compress(b"[]\n"), zstandard.compress(b"x" * 100_000)]
)
def test_what_is_no_backup_is_refused(other: bytes) -> None:
    with pytest.raises(BackupRefused, match="the file"):
        unpacked([other])


def test_one_of_a_later_form_is_refused() -> None:
    line = HEADER.line().replace(b'"qhronos_backup": 1', b'"qhronos_backup": 3')
    with pytest.raises(BackupRefused, match="use a later version"):
        unpacked([zstandard.compress(line)])


def test_a_member_of_the_header_that_is_not_known_is_passed_over() -> None:
    given = {**json.loads(HEADER.line()), "later": 1}
    assert BackupHeader.read(json.dumps(given).encode(), "f") == HEADER
    assert replace(HEADER, schema=9) != HEADER


@pytest.mark.parametrize(
    "wrong",
    [
        {"qhronos_backup": "\x1b[2J"},
        {"taken_ms": "soon"},
        {"taken_ms": 10**300},
        {"version": "\x1b[2J"},
        {"keys": [1]},
        {"secrets": {"../../authorized_keys": "mine"}},
        {"secrets": ["a"]},
    ],
)
def test_a_header_that_says_what_no_backup_does_is_refused(wrong: dict[str, object]) -> None:
    """A terminal shows it, and the names of secrets become those of files."""
    line = json.dumps({**json.loads(HEADER.line()), **wrong}).encode() + b"\n"
    with pytest.raises(BackupRefused, match="no backup"):
        BackupHeader.read(line, "the file")


def test_a_header_too_deep_to_be_read_is_refused() -> None:
    with pytest.raises(BackupRefused, match="no backup"):
        BackupHeader.read(b"[" * 65_000, "the file")


def test_a_small_file_that_becomes_a_huge_one_is_never_held_whole() -> None:
    line = HEADER.line()
    block = (131_072 << 3 | 0b10).to_bytes(3, "little") + b"A"  # RFC 8878: one byte, repeated
    begin = b"\x28\xb5\x2f\xfd\x00\x50" + (len(line) << 3).to_bytes(3, "little") + line
    sizes: list[int] = []
    Unpacker("the file", lambda piece: sizes.append(len(piece))).feed(begin + block * 500)
    assert sum(sizes) > 60_000_000
    assert max(sizes) <= 34_000_000
