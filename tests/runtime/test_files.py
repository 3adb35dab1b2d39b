"""Private files: for the owner alone, whole or not there, and the first of several wins."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.errors import ConfigError
from app.runtime.files import create_file, private_directory, replace_file


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_private_directory_is_made_with_those_above_it(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b"
    private_directory(path)
    assert mode(path) == 0o700


def test_a_directory_that_others_could_enter_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "open"
    path.mkdir(mode=0o755)
    private_directory(path)
    assert mode(path) == 0o700


def test_a_directory_that_can_not_be_made_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(ConfigError, match="QHRONOS_DATA_DIR"):
        private_directory(blocked / "data")


def test_a_file_is_replaced_whole_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("old")
    path.chmod(0o644)
    replace_file(path, "new")
    assert (path.read_text(), mode(path)) == ("new", 0o600)
    assert [one.name for one in tmp_path.iterdir()] == ["secret"]


def test_of_several_that_create_a_file_at_once_one_succeeds(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda number: create_file(path, f"text {number}"), range(8)))
    assert made.count(True) == 1
    assert path.read_text() == f"text {made.index(True)}"
    assert mode(path) == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["secret"]
