"""Where the archive lies: whole files, private ones, and reasons that tell no secret."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from types import SimpleNamespace

import pytest

from app.archive import place as module
from app.archive.place import ArchiveFailed, ArchivePlace, open_place
from app.errors import ConfigError


@pytest.fixture(params=["directory", "memory"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> ArchivePlace:
    url = "archive" if request.param == "directory" else f"memory://{tmp_path.name}"
    return open_place(url, tmp_path)


def test_what_was_written_is_read(place: ArchivePlace) -> None:
    place.write("a/b/one", b"content")
    place.write("a/b/two", b"")
    with place.read("a/b/one") as stream:
        assert stream.read() == b"content"
    assert place.names("a/b") == ["one", "two"]
    assert place.names("a") == ["b"]
    assert place.names("nothing") == []


def test_what_is_not_there_is_a_failure_to_read(place: ArchivePlace) -> None:
    with pytest.raises(ArchiveFailed, match="No such file or directory"):
        place.read("a/b/one")


def test_a_relative_directory_is_in_the_data_directory(tmp_path: Path) -> None:
    open_place("archive", tmp_path).write("one", b"")
    open_place(f"file://{tmp_path}/other", Path("elsewhere")).write("one", b"")
    assert (tmp_path / "archive" / "one").exists()
    assert (tmp_path / "other" / "one").exists()


def test_nobody_else_on_the_host_reads_it(tmp_path: Path) -> None:
    open_place("archive", tmp_path).write("a/one", b"")
    for path, mode in (("archive", 0o700), ("archive/a", 0o700), ("archive/a/one", 0o600)):
        assert stat.S_IMODE((tmp_path / path).stat().st_mode) == mode


def test_it_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[list[str]] = []

    def fsync(descriptor: int) -> None:
        synced.append(sorted(path.name for path in (tmp_path / "archive").iterdir()))

    (tmp_path / "archive").mkdir()
    monkeypatch.setattr(module.os, "fsync", fsync)
    open_place("archive", tmp_path).write("one", b"content")
    assert synced == [[".one.part"], ["one"]]


def test_nothing_is_left_of_a_file_that_does_not_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fsync(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/srv/archive/name")

    (tmp_path / "archive").mkdir()
    place = open_place("archive", tmp_path)
    monkeypatch.setattr(module.os, "fsync", fsync)
    with pytest.raises(ArchiveFailed) as caught:
        place.write("one", b"content")
    assert caught.value.reason == "No space left on device"
    assert list((tmp_path / "archive").iterdir()) == []


def test_what_a_library_says_is_not_passed_on(
    place: ArchivePlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may hold a password."""

    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("sftp://me:secret@host refuses")

    monkeypatch.setattr(place._files, "ls", refuse)
    with pytest.raises(ArchiveFailed) as caught:
        place.names("a")
    assert caught.value.reason == "RuntimeError"


@pytest.mark.parametrize(("protocol", "makes"), [(("s3", "s3a"), False), ("sftp", True)])
def test_no_bucket_is_made(protocol: object, makes: bool) -> None:
    """One whose name was mistyped is a failure; a directory is made where there are any."""
    made: list[str] = []
    files = SimpleNamespace(
        protocol=protocol,
        makedirs=lambda path, exist_ok: made.append(path),
        pipe_file=lambda path, content: made.append(path),
    )
    ArchivePlace(files, "bucket/root", is_local=False).write("a/one", b"")
    assert made == [*(["bucket/root/a"] if makes else []), "bucket/root/a/one"]


@pytest.mark.parametrize(
    ("url", "words"), [("s3://bucket/path", "another package: "), ("nowhere://x", "can't be used")]
)
def test_a_place_that_no_library_reaches_is_refused(url: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        open_place(url, Path())
