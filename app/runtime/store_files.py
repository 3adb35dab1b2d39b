"""Whether the files of the store of ``make run`` are those that it left, and what to do if not."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from pathlib import Path

from app.errors import ConfigError, StoreDamaged
from app.runtime.append_only import find_damage, listed, put_aside
from app.runtime.stamp import has_stamp, remove_stamp

LEAST_ROOM = 1_048_576
"""Bytes; a disk with less is full."""


def check_files(store: Path, *, accept_empty: bool) -> None:
    """Refuse to begin empty where a server has run before, unless that is accepted.

    What is left is put aside then. Raises ``StoreDamaged``.
    """
    if accept_empty:
        if not _is_whole(store):
            put_aside(store)
            remove_stamp(store)
    elif not _size(store) and has_stamp(store):
        raise StoreDamaged(
            f"The files of the store in {store} are empty or gone, though it has been used before: "
            "restore a backup, or start with --accept-empty (make run ARGS=--accept-empty)."
        )


def forget_if_unused(store: Path) -> None:
    """After a server that nothing was written to: the next start begins as this one did."""
    with contextlib.suppress(StoreDamaged, OSError):
        if not _size(store):
            remove_stamp(store)


def why_not(store: Path) -> ConfigError | None:
    """Say why a server did not start on a directory, if its files or the disk tell."""
    try:
        damage = find_damage(store)
    except StoreDamaged as error:
        return error
    if damage:
        return StoreDamaged(damage.sentence)
    if shutil.disk_usage(store).free < LEAST_ROOM:
        return cant_write(store, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    return None


def cant_write(store: Path, error: OSError) -> ConfigError:
    """The error for a directory that can't be written."""
    return ConfigError(
        f"The store can't be written in {store} ({error.strerror}): make room there and let this "
        "user write, or set QHRONOS_DATA_DIR to another directory."
    )


def _size(store: Path) -> int:
    return sum(file.stat().st_size for file in listed(store))


def _is_whole(store: Path) -> bool:
    try:
        return _size(store) > 0
    except StoreDamaged:
        return False
