"""A file of the archive: what was written is read, and what is changed is noticed."""

from __future__ import annotations

import contextlib
import io
import json

import pytest
import zstandard

from app.archive.files import FileDamaged, FileReader, FileWriter

LINES = [b'{"id":"%d"}' % number for number in range(1_000)]


def written(lines: list[bytes] = LINES) -> bytes:
    writer = FileWriter("occurrences", 3, "20260101T00")
    for number, line in enumerate(lines):
        writer.add(line, f"2026-01-01T00:00:{number % 60:02d}Z")
    return writer.finish("2026-01-08T00:00:00Z")


def read(content: bytes) -> list[bytes]:
    return list(FileReader(io.BytesIO(content)).records())


@pytest.mark.parametrize("lines", [LINES, LINES[:1], []])
def test_what_was_written_is_read(lines: list[bytes]) -> None:
    assert read(written(lines)) == lines


def test_the_header_says_what_is_in_it() -> None:
    header = FileReader(io.BytesIO(written())).header
    assert (header.holds, header.partition, header.slot) == ("occurrences", 3, "20260101T00")
    assert header.count == 1_000
    assert (header.scheduled_from, header.scheduled_to) == (
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00:59Z",
    )


def test_any_program_that_knows_zstd_reads_it() -> None:
    """A line for the header, then one for each record."""
    unpacked = zstandard.ZstdDecompressor().stream_reader(written(), read_across_frames=True)
    header, *lines = unpacked.read().splitlines()
    assert json.loads(header)["qhronos_archive"] == 1
    assert lines == LINES


def test_no_compressor_is_kept_while_many_files_are_put_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each takes ten megabytes, and the records of a month are in as many files as it has hours."""
    writers = [FileWriter("occurrences", 3, "20260101T00") for _ in range(3)]
    with monkeypatch.context() as patch:
        patch.setattr(zstandard, "ZstdCompressor", None)
        for writer in writers:
            writer.add(LINES[0])
    assert [read(writer.finish("2026-01-08T00:00:00Z")) for writer in writers] == [LINES[:1]] * 3


@pytest.mark.parametrize("cut", [10, 100, 1_000])
def test_a_file_that_was_cut_off_is_damaged(cut: int) -> None:
    with pytest.raises(FileDamaged):
        read(written()[:-cut])


def test_a_file_that_lost_all_records_is_damaged() -> None:
    content = written()
    second = content.index(b"\x28\xb5\x2f\xfd", 4)  # the magic number of the next frame
    with pytest.raises(FileDamaged, match="0 records in place of 1000"):
        read(content[:second])


def test_every_bit_counts() -> None:
    """Whichever is changed, the file is damaged or says the same."""
    content = written(LINES[:20])
    for at in range(len(content)):
        changed = bytearray(content)
        changed[at] ^= 1 << at % 8
        with contextlib.suppress(FileDamaged):
            assert read(bytes(changed)) == LINES[:20]


def test_a_record_that_was_added_is_noticed() -> None:
    more = zstandard.ZstdCompressor().compress(b'{"id":"more"}\n')
    with pytest.raises(FileDamaged):
        read(written() + more)


@pytest.mark.parametrize(
    "line", [b"", b"[]\n", b"{}\n", b'{"qhronos_archive":2}\n', b"no end", b"[" * 99_999 + b"\n"]
)
def test_what_has_no_header_is_none_of_ours(line: bytes) -> None:
    with pytest.raises(FileDamaged):
        FileReader(io.BytesIO(zstandard.ZstdCompressor().compress(line)))


def test_what_is_no_zstd_is_none_of_ours() -> None:
    with pytest.raises(FileDamaged):
        FileReader(io.BytesIO(b"plain text, and not a little of it"))
