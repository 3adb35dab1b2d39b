"""The commands: what is selected is printed or brought back, and what is wrong is one sentence."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Sequence
from pathlib import Path

import pytest
import zstandard

from app.archive.archive import Archive
from app.archive.command import ArchiveStore, run
from app.archive.files import FileWriter
from app.archive.names import EVENTS, OCCURRENCES, slot_of
from app.archive.place import ArchivePlace, open_place
from app.archive.records import event_line, occurrence_line
from app.domain import ids
from app.domain.occurrence import Occurrence, OccurrenceStatus
from app.domain.past import Past
from app.domain.times import to_rfc3339
from app.errors import ConfigError, StoreUnavailable
from tests.support.builders import an_event
from tests.support.clock import NOW_MS

EVENT = an_event()
PASTS = [
    Past(
        Occurrence(
            ids.occurrence_id(EVENT.id, NOW_MS + number * 1_000),
            EVENT.id,
            NOW_MS + number * 1_000,
            OccurrenceStatus.FAILED if number else OccurrenceStatus.COMPLETED,
            (f"tag-{number}",),
            error_message="gone\x1b[2J" if number else None,
            completed_ms=NOW_MS + number * 1_000,
            planned_ms=NOW_MS + number * 1_000,
        ),
        [],
    )
    for number in range(3)
]


@pytest.fixture
def place(tmp_path: Path) -> ArchivePlace:
    return open_place("archive", tmp_path)


@pytest.fixture
def archive(place: ArchivePlace) -> Archive:
    made = Archive(place)
    writer = FileWriter(OCCURRENCES, 0, slot_of(NOW_MS))
    for past in PASTS:
        writer.add(occurrence_line(past), to_rfc3339(past.occurrence.scheduled_ms))
    made.keep(writer, NOW_MS)
    writer = FileWriter(EVENTS, 0, slot_of(NOW_MS))
    writer.add(event_line(EVENT))
    made.keep(writer, NOW_MS)
    return made


class FakeStore:
    """Remembers what it was given."""

    def __init__(self, partitions: int = 1) -> None:
        self.there: dict[bytes, Past] = {}
        self.partitions = partitions

    def bring_back(self, some: Sequence[Past]) -> int:
        new = {one.occurrence.id: one for one in some if one.occurrence.id not in self.there}
        self.there |= new
        return len(new)

    def __call__(self) -> ArchiveStore:
        return ArchiveStore(self.partitions, self.bring_back)


def test_a_query_prints_a_line_for_each_record(
    archive: Archive, capsys: pytest.CaptureFixture[str]
) -> None:
    """What receivers answered steers no terminal."""
    assert run(["query"], archive, FakeStore()) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[2] for line in lines] == ["completed", "failed", "failed"]
    assert "\x1b" not in "".join(lines)


def test_with_json_each_line_is_the_record(
    archive: Archive, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["query", "--json", "--limit", "2"], archive, FakeStore()) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.encode() for line in lines] == [occurrence_line(one) for one in PASTS[:2]]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--status", "failed,missed"], [1, 2]),
        (["--tag", "tag-0", "--tag", "tag-2"], [0, 2]),
        (["--from", "2026-01-01T00:00:01Z", "--to", "2026-01-01T01:00:01+01:00"], [1]),
        (["--event", ids.to_text(EVENT.id)], [0, 1, 2]),
        (["--event", ids.to_text(an_event(partition=7).id)], []),
        (["--id", ids.to_text(PASTS[2].occurrence.id)], [2]),
    ],
)
def test_filters_are_those_of_lists(
    archive: Archive, capsys: pytest.CaptureFixture[str], words: list[str], expected: list[int]
) -> None:
    assert run(["query", "--json", *words], archive, FakeStore()) == 0
    found = [json.loads(line)["id"] for line in capsys.readouterr().out.splitlines()]
    assert found == [ids.to_text(PASTS[number].occurrence.id) for number in expected]


def test_events_are_records_too(archive: Archive, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["query", "--events", "--status", "active"], archive, FakeStore()) == 0
    assert capsys.readouterr().out.split()[0] == ids.to_text(EVENT.id)


def test_what_is_restored_is_as_it_was_and_a_second_time_changes_nothing(
    archive: Archive, capsys: pytest.CaptureFixture[str]
) -> None:
    store = FakeStore()
    assert run(["restore", "--status", "failed"], archive, store) == 0
    assert list(store.there.values()) == PASTS[1:]
    assert run(["restore", "--all"], archive, store) == 0
    assert list(store.there.values()) == [*PASTS[1:], PASTS[0]]
    assert capsys.readouterr().out.splitlines() == [
        "2 occurrences are back in the store; 0 were there.",
        "1 occurrences are back in the store; 2 were there.",
    ]


def test_no_more_is_restored_than_is_asked_for(
    archive: Archive, capsys: pytest.CaptureFixture[str]
) -> None:
    store = FakeStore()
    assert run(["restore", "--all", "--limit", "2"], archive, store) == 0
    assert len(store.there) == 2
    assert "There are more" in capsys.readouterr().out


def test_what_belongs_to_a_partition_that_is_not_there_is_left_out(
    archive: Archive, capsys: pytest.CaptureFixture[str]
) -> None:
    store = FakeStore(partitions=0)
    assert run(["restore", "--all"], archive, store) == 1
    assert store.there == {}
    assert "3 belong to partitions" in capsys.readouterr().err


def test_a_store_that_is_away_is_a_sentence(
    archive: Archive, capsys: pytest.CaptureFixture[str]
) -> None:
    def away() -> ArchiveStore:
        raise StoreUnavailable

    assert run(["restore", "--all"], archive, away) == 1
    assert "The store" in capsys.readouterr().err


def test_a_damaged_file_is_named_and_the_status_says_so(
    archive: Archive, place: ArchivePlace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["verify"], archive, FakeStore()) == 0
    (path,) = (tmp_path / "archive" / "occurrences").rglob("*.zst")
    path.write_bytes(path.read_bytes()[:-20])
    assert run(["query"], archive, FakeStore()) == 1
    assert run(["verify"], archive, FakeStore()) == 1
    out, err = capsys.readouterr()
    assert "2 files with 4 records are whole; 0 are damaged." in out
    assert "1 files with 1 records are whole; 1 are damaged." in out
    assert err.count(f"{path.name} can't be read: ") == 2


def test_of_a_file_that_was_changed_nothing_is_brought_back(
    archive: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only its end tells that its records are not those that were written. A query shows them."""
    (path,) = (tmp_path / "archive" / "occurrences").rglob("*.zst")
    packed = io.BytesIO(path.read_bytes())
    unpacked = zstandard.ZstdDecompressor().stream_reader(packed, read_across_frames=True)
    changed = unpacked.read().replace(b'"tag-1"', b'"tag-9"')
    path.write_bytes(zstandard.ZstdCompressor().compress(changed))
    store = FakeStore()
    assert run(["query"], archive, store) == 1
    assert len(capsys.readouterr().out.splitlines()) == len(PASTS)
    assert run(["restore", "--all"], archive, store) == 1
    assert store.there == {}
    assert f"{path.name} can't be read: " in capsys.readouterr().err


@pytest.mark.parametrize(
    "line",
    [
        *("5", '"id"', "[" * 100_000, '{"id":' * 50_000, '{"id":1}', '{"id":"zz"}', '{"id":null}'),
        *(
            json.dumps({**json.loads(occurrence_line(PASTS[1])), **other})
            for other in (
                *({"completed_at": 5}, {"tags": 5}, {"tags": [5]}, {"tags": ["\ud800"]}),
                *({"status": []}, {"status": "retrying"}, {"status_code": "200"}),
                *({"status_code": -1}, {"attempt_count": math.inf}, {"response_body": 5}),
                *({"error_message": "\udfff"}, {"callback": "\ud800"}, {"attempts": 3}),
                *({"scheduled_at": "2026-01-01T00:00:00"}, {"attempts": [{"number": 10**30}]}),
            )
        ),
    ],
    ids=range(22),
)
def test_what_is_no_record_is_told_of_and_never_brought_back(
    place: ArchivePlace, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever can write into the bucket ends no command with a traceback."""
    made, store = Archive(place), FakeStore()
    writer = FileWriter(OCCURRENCES, 0, slot_of(NOW_MS))
    writer.add(line.encode())
    made.keep(writer, NOW_MS)
    for words in (["query", "--json"], ["query", "--tag", "x", "--status", "failed"]):
        assert run(words, made, store) in {0, 1}
    assert run(["restore", "--all"], made, store) == 1
    assert store.there == {}
    assert "can't be read: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["query", "--status", "scheduled"], "'scheduled' is none of cancelled, completed"),
        (["query", "--event", "mine"], "'mine' is no id"),
        (["query", "--from", "yesterday"], "--from: 'yesterday' must be a time"),
        (["query", "--to", "2026-01-01T00:00:00"], "must say its offset"),
        (["query", "--limit", "0"], "must be a whole number from 1 on"),
        (["query", "--limit", "²"], "must be a whole number from 1 on"),
        (["restore"], "say which, as in --event or --from, or --all"),
        (["burn"], "invalid choice"),
        ([], "required"),
    ],
)
def test_a_wrong_word_is_one_sentence(archive: Archive, words: list[str], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence) as caught:
        run(words, archive, FakeStore())
    assert "\n" not in caught.value.message


def test_without_an_archive_it_says_what_to_set() -> None:
    with pytest.raises(ConfigError, match="set QHRONOS_ARCHIVE_URL"):
        run(["verify"], None, FakeStore())


def test_who_reads_a_part_of_it_is_no_failure(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Closed:
        def write(self, text: str) -> int:
            raise BrokenPipeError

    monkeypatch.setattr("sys.stdout", Closed())
    assert run(["query"], archive, FakeStore()) == 0
