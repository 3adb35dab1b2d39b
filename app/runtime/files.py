"""Files for the owner's eyes alone, written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from app.errors import ConfigError


def private_directory(path: Path) -> None:
    """Make a directory that only its owner can enter, and the ones above it if need be.

    Raises ``ConfigError`` if that can't be done.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(0o700)
    except OSError as error:
        raise ConfigError(
            f"The directory {path} can't be used ({error.strerror}): make it writable, or set "
            "QHRONOS_DATA_DIR to another directory."
        ) from None


def replace_file(path: Path, text: str) -> None:
    """Write a file readable by its owner alone; readers see the old text or the new one."""
    Path(_written_aside(path, text)).replace(path)


def create_file(path: Path, text: str) -> bool:
    """Write a file unless it exists; of several that try at once, one succeeds."""
    aside = _written_aside(path, text)
    try:
        os.link(aside, path)
    except FileExistsError:
        return False
    finally:
        Path(aside).unlink()
    return True


def flush(path: Path) -> None:
    """Have a file, or the names in a directory, on the disk; raises ``OSError``."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _written_aside(path: Path, text: str) -> str:
    handle, aside = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return aside
