"""A backup's file is whole or not there."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from app.backup.files import STDOUT, written
from app.backup.wording import BackupRefused


def test_the_file_has_its_name_once_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "backup"
    path.write_bytes(b"the one before")
    with written(str(path)) as write:
        write(b"new")
        assert path.read_bytes() == b"the one before"
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600


def test_nothing_is_left_of_one_that_failed(tmp_path: Path) -> None:
    path = tmp_path / "backup"

    def fail() -> None:
        with written(str(path)) as write:
            write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BackupRefused, match="can't be written"), written(str(tmp_path / "a/b")):
        pass


def test_what_is_no_file_is_left_as_it_is(tmp_path: Path) -> None:
    """A file took the place of ``/dev/null``, for root."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for place in (pipe, tmp_path):
        with pytest.raises(BackupRefused, match="no file"), written(str(place)):
            pass
    assert [*tmp_path.iterdir()] == [pipe]
    assert pipe.is_fifo()


def test_an_output_that_is_full_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        with pytest.raises(BackupRefused, match="No space left"), written(STDOUT) as write:
            write(b"x" * 100_000)


def test_a_terminal_gets_no_backup(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.TextIOWrapper):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdout", Terminal(io.BytesIO()))
    with pytest.raises(BackupRefused, match="use a pipe"), written(STDOUT):
        pass
