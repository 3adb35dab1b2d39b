"""An encrypted backup opens with its key, and with no other."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from app.backup.sealing import BackupKeys, decrypt, encrypt, new_key, read_keys
from app.backup.wording import BackupRefused

CONTENT = [os.urandom(70_000), b"", b"y" * 200_000]


def keys_of(directory: Path, text: str) -> BackupKeys:
    path = directory / "key"
    path.write_text(text)
    return read_keys(path)


def sealed(keys: BackupKeys) -> bytes:
    found: list[bytes] = []
    encrypt(CONTENT, keys, found.append)
    return b"".join(found)


def opened(file: bytes, keys: BackupKeys) -> bytes:
    found: list[bytes] = []
    decrypt(io.BytesIO(file).read, keys, found.append, "the file")
    return b"".join(found)


def test_the_public_key_makes_what_the_secret_key_opens(tmp_path: Path) -> None:
    text, public = new_key()
    file = sealed(keys_of(tmp_path, f"# mine\n\n{public}\n"))
    assert file.startswith(b"age-encryption.org/v1\n")
    assert opened(file, keys_of(tmp_path, text)) == b"".join(CONTENT)


def test_without_a_key_nothing_is_encrypted() -> None:
    assert (
        sealed(read_keys(None)) == b"".join(CONTENT) == opened(sealed(BackupKeys()), BackupKeys())
    )


def test_another_key_or_none_is_refused_with_a_sentence(tmp_path: Path) -> None:
    text, public = new_key()
    file = sealed(keys_of(tmp_path, text))
    with pytest.raises(BackupRefused, match="encrypted for another key"):
        opened(file, keys_of(tmp_path, new_key()[0]))
    for keys in (BackupKeys(), keys_of(tmp_path, public)):
        with pytest.raises(BackupRefused, match="with --key"):
            opened(file, keys)


def test_one_that_was_cut_off_or_changed_is_refused(tmp_path: Path) -> None:
    keys = keys_of(tmp_path, new_key()[0])
    file = sealed(keys)
    for wrong in (file[:-1], file[:100_000], file[:60], file[:5_000] + b"?" + file[5_001:]):
        with pytest.raises(BackupRefused, match="cut off or changed"):
            opened(wrong, keys)


@pytest.mark.parametrize(
    "text", ["", "# nothing\n", "a passphrase", "age1short", "AGE-SECRET-KEY-1"]
)
def test_a_key_file_has_keys(tmp_path: Path, text: str) -> None:
    with pytest.raises(BackupRefused, match="backup new-key"):
        keys_of(tmp_path, text)
    with pytest.raises(BackupRefused, match="can't be read"):
        read_keys(tmp_path / "missing")


def test_an_error_of_what_is_read_or_written_is_the_one_that_is_raised(tmp_path: Path) -> None:
    keys = keys_of(tmp_path, new_key()[0])

    def fail(*_: object) -> bytes:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        encrypt(CONTENT, keys, fail)
    with pytest.raises(OSError, match="No space"):
        encrypt((fail() for _ in range(1)), keys, len)
    with pytest.raises(OSError, match="No space"):
        decrypt(io.BytesIO(sealed(keys)).read, keys, fail, "f")
