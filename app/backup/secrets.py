"""Secrets without which a restored store is of little use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from app.backup.packing import BackupHeader
from app.backup.wording import BackupRefused
from app.config import Settings
from app.crypto.encryption import Encryptor, encryption_keys
from app.runtime.files import create_file, private_directory
from app.runtime.secrets import secret_path
from app.setting_readers import text_file


@contextmanager
def put_back(secrets: Mapping[str, str], data_dir: Path) -> Iterator[None]:
    """Put secrets of a backup where ``make run`` keeps them; those that fail with the block go.

    Raises ``BackupRefused`` if others are there.
    """
    others = [
        str(path)
        for name, secret in secrets.items()
        if (path := secret_path(data_dir, name)).exists() and text_file(path) != secret
    ]
    if others:
        raise BackupRefused(
            f"{others[0]} is another secret than the one of the backup: move it away, or set "
            "QHRONOS_DATA_DIR to a new directory."
        )
    made: list[Path] = []
    try:
        for name, secret in secrets.items():
            path = secret_path(data_dir, name)
            private_directory(path.parent)
            if create_file(path, secret):
                made.append(path)
        yield
    except BaseException:
        for path in made:
            path.unlink(missing_ok=True)
        raise


def require_keys(header: BackupHeader, settings: Settings) -> None:
    """Raise ``BackupRefused`` unless the settings have the keys that secrets are encrypted with."""
    given = encryption_keys(settings)
    known = {name.hex() for name in Encryptor(given).known} if given else set()
    if missing := sorted(set(header.keys) - known):
        raise BackupRefused(
            "Signing secrets and secret headers in the backup are encrypted with a key that is not "
            f"set (its name is {missing[0]}): set QHRONOS_ENCRYPTION_KEY, or QHRONOS_JWT_SECRET if "
            "that was not set, as they were then; or accept with --accept-lost-key that these "
            "secrets are lost."
        )
