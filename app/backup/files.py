"""Where backups go: to a file that is whole or not there, or to standard output."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from app.backup.wording import BackupRefused
from app.runtime.files import flush

STDOUT = "-"


@contextmanager
def written(name: str) -> Iterator[Callable[[bytes], object]]:
    """Yield what writes to a file that its owner alone can read; ``-`` is standard output.

    The file has its name once all of it is on the disk. Raises ``BackupRefused`` if it can't be
    written; then nothing is left.
    """
    if name == STDOUT:
        if sys.stdout.isatty():
            raise BackupRefused("A backup is no text for a terminal: name a file, or use a pipe.")
        try:
            yield sys.stdout.buffer.write
            sys.stdout.buffer.flush()
        except OSError as error:
            raise BackupRefused(f"Standard output can't be written ({error.strerror}).") from None
        return
    path = Path(name)
    if path.exists() and not path.is_file():  # as root one would put a file where a device was
        raise BackupRefused(f"{path} is there and no file: name a file, or '-' and a pipe.")
    aside = None
    try:
        handle, aside = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            yield file.write
            file.flush()
            os.fsync(file.fileno())
        Path(aside).replace(path)
        aside = None
        flush(path.parent)
    except OSError as error:
        raise BackupRefused(f"{path} can't be written ({error.strerror}).") from None
    finally:
        if aside is not None:
            with suppress(OSError):
                Path(aside).unlink()
