"""The archive as a whole: verified when written, each record once when read."""

from __future__ import annotations

import errno
import json
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

import pytest

from app.archive import names
from app.archive.archive import Archive, Selected, Unread
from app.archive.files import FileWriter
from app.archive.place import ArchiveFailed, ArchivePlace, open_place
from app.domain import ids
from app.domain.times import to_rfc3339
from tests.support.clock import NOW_MS

HOUR_MS = names.HOUR_MS


@pytest.fixture(params=["directory", "memory"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> ArchivePlace:
    url = "archive" if request.param == "directory" else f"memory://{tmp_path.name}"
    return open_place(url, tmp_path)


@pytest.fixture
def archive(place: ArchivePlace) -> Archive:
    return Archive(place)


def name_of(number: int) -> str:
    return ids.to_text(number.to_bytes(16, "big"))


def writer(numbers: Iterable[int], partition: int = 0, hour: int = 0) -> FileWriter:
    """Records that were scheduled a second apart and ended a second later."""
    made = FileWriter(names.OCCURRENCES, partition, names.slot_of(NOW_MS + hour * HOUR_MS))
    for number in numbers:
        at = to_rfc3339(NOW_MS + hour * HOUR_MS + number * 1_000)
        record = {
            "id": name_of(number),
            "event_id": name_of(100 + number % 2),
            "scheduled_at": at,
            "status": "failed" if number % 3 else "completed",
            "tags": [f"tag-{number % 4}"],
            "completed_at": at,
        }
        made.add(json.dumps(record).encode(), at)
    return made


def numbers(archive: Archive, **selected: object) -> list[int]:
    damage = Unread()
    found = archive.records(Selected(**selected), damage)  # type: ignore[arg-type]
    read = [int.from_bytes(bytes.fromhex(one["id"].replace("-", "")), "big") for one in found]
    assert damage.files == []
    return read


def test_each_record_is_read_once_the_oldest_slot_first(archive: Archive) -> None:
    """Whoever was killed before it deleted them wrote them twice."""
    archive.keep(writer([4], hour=1), NOW_MS)
    archive.keep(writer([1, 2]), NOW_MS)
    archive.keep(writer([2, 3]), NOW_MS + 1)
    archive.keep(writer([9], partition=3), NOW_MS)
    assert numbers(archive) == [1, 2, 3, 4, 9]
    assert numbers(archive, partition=3) == [9]


def test_what_has_ended_twice_is_there_twice(archive: Archive) -> None:
    """It was redelivered in between: both ends are true."""
    archive.keep(writer([1]), NOW_MS)
    archive.keep(writer([1], hour=1), NOW_MS)
    assert numbers(archive) == [1, 1]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"event_ids": frozenset({name_of(101)})}, [1, 3, 5, 7, 9]),
        ({"statuses": frozenset({"completed"})}, [0, 3, 6, 9]),
        ({"tags": frozenset({"tag-0", "tag-1"})}, [0, 1, 4, 5, 8, 9]),
        ({"ids": frozenset({name_of(7), name_of(70)})}, [7]),
        ({"from_ms": NOW_MS + 8_000}, [8, 9]),
        ({"to_ms": NOW_MS + 1_000}, [0, 1]),
        ({"from_ms": NOW_MS + 3_001, "to_ms": NOW_MS + 4_999}, [4]),
        ({"from_ms": NOW_MS + HOUR_MS}, []),
        ({"to_ms": NOW_MS - 1}, []),
        ({"statuses": frozenset({"failed"}), "tags": frozenset({"tag-1"})}, [1, 5]),
    ],
)
def test_a_record_is_read_if_every_filter_takes_it(
    archive: Archive, filters: dict[str, object], expected: list[int]
) -> None:
    archive.keep(writer(range(10)), NOW_MS)
    assert numbers(archive, **filters) == expected


def test_a_damaged_file_is_told_of_and_the_others_are_read(
    archive: Archive, place: ArchivePlace
) -> None:
    archive.keep(writer([1]), NOW_MS)
    path = archive.keep(writer([2]), NOW_MS + 1).path
    content = place.read(path).read()
    place.write(f"{path.rpartition('/')[0]}/{names.new_name('20260101T00', NOW_MS)}", content[:-20])
    damage = Unread()
    assert len(list(archive.records(Selected(), damage))) == 2
    ((damaged, _),) = damage.files
    told: list[tuple[str, str]] = []
    assert archive.verify(lambda *one: told.append(one)) == (2, 2, 1)
    assert [one for one, _ in told] == [damaged]


def test_an_archive_that_is_not_there_is_empty(archive: Archive) -> None:
    assert numbers(archive) == []
    assert archive.verify(print) == (0, 0, 0)


@pytest.mark.parametrize("change", [lambda one: one[:-20], lambda one: b"", lambda _: other()])
def test_a_place_that_gives_back_something_else_has_failed(
    place: ArchivePlace, monkeypatch: pytest.MonkeyPatch, change: object
) -> None:
    write = place.write
    monkeypatch.setattr(place, "write", lambda path, content: write(path, change(content)))  # type: ignore[operator]
    with pytest.raises(ArchiveFailed):
        Archive(place).keep(writer([1, 2]), NOW_MS)


class _CutOff(BytesIO):
    """What was written, of a place that is lost while it is read."""

    def readinto(self, _buffer: object, /) -> int:
        raise TimeoutError(errno.ETIMEDOUT, "https://somebody:secret@archive")

    read = readinto  # type: ignore[assignment]


def test_a_place_that_is_lost_while_it_is_read_again_has_failed(
    archive: Archive, place: ArchivePlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, "read", lambda _path: _CutOff())
    with pytest.raises(ArchiveFailed, match=r"^Connection timed out$"):
        archive.keep(writer([1]), NOW_MS)


def other() -> bytes:
    return writer([1]).finish("2026-01-01T00:00:00Z")


def test_whether_all_is_selected() -> None:
    assert Selected().is_all
    assert not Selected(partition=0).is_all
    assert not Selected(from_ms=0).is_all
    assert not Selected(tags=frozenset({"red"})).is_all
