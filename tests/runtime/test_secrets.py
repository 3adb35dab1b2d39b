"""Secrets are made once, strong, for the owner's eyes alone, and never replaced."""

from __future__ import annotations

import base64
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from app.config import Settings
from app.errors import ConfigError
from app.runtime.files import create_file, replace_file
from app.runtime.secrets import made_secrets, secret_path
from app.setting_variables import load_settings

NAMES = {"master_token", "jwt_secret", "signing_secret", "encryption_key"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data")


def test_the_same_ones_are_found_again(settings: Settings) -> None:
    made = made_secrets(settings)
    assert made_secrets(settings) == made
    assert set(made) == NAMES


def test_they_are_strong_and_accepted_as_settings(settings: Settings) -> None:
    made = made_secrets(settings)
    assert made["master_token"].startswith("qhr_")
    assert len(base64.b64decode(made["signing_secret"].removeprefix("whsec_"))) == 32
    loaded = load_settings({f"QHRONOS_{name.upper()}": value for name, value in made.items()})
    loaded.require_secrets()
    assert len(base64.urlsafe_b64decode(made["encryption_key"])) == 32
    assert len(set(made.values())) == len(NAMES)


def test_two_directories_get_different_ones(settings: Settings, tmp_path: Path) -> None:
    other = made_secrets(replace(settings, data_dir=tmp_path / "other"))
    assert not set(other.values()) & set(made_secrets(settings).values())


def test_only_the_owner_can_read_them(settings: Settings) -> None:
    made_secrets(settings)
    for name in NAMES:
        path = secret_path(settings.data_dir, name)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_secret_that_was_given_is_not_made(settings: Settings) -> None:
    made = made_secrets(replace(settings, jwt_secret="given " * 10))
    assert set(made) == NAMES - {"jwt_secret"}
    assert not secret_path(settings.data_dir, "jwt_secret").exists()


def test_starts_at_the_same_time_agree(settings: Settings) -> None:
    with ThreadPoolExecutor(16) as pool:
        results = list(pool.map(lambda _: made_secrets(settings), range(16)))
    assert all(result == results[0] for result in results)
    kept = secret_path(settings.data_dir, "master_token").parent
    assert {path.name for path in kept.iterdir()} == NAMES, "nothing is left over"


def test_an_empty_file_is_not_taken_for_a_secret(settings: Settings) -> None:
    made_secrets(settings)
    path = secret_path(settings.data_dir, "jwt_secret")
    path.write_text("\n")
    with pytest.raises(ConfigError, match=f"{path} is in a file that is empty"):
        made_secrets(settings)
    assert path.read_text() == "\n"


def test_a_file_that_cant_be_read_is_named(settings: Settings) -> None:
    made_secrets(settings)
    path = secret_path(settings.data_dir, "jwt_secret")
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=str(path)):
        made_secrets(settings)


class TestFiles:
    def test_creating_never_overwrites(self, tmp_path: Path) -> None:
        path = tmp_path / "file"
        assert create_file(path, "first")
        assert not create_file(path, "second")
        assert path.read_text() == "first"
        assert list(tmp_path.iterdir()) == [path]

    def test_replacing_does_and_stays_private(self, tmp_path: Path) -> None:
        path = tmp_path / "file"
        path.write_text("first")
        replace_file(path, "second")
        assert path.read_text() == "second"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert list(tmp_path.iterdir()) == [path]
