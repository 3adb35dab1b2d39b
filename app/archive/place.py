"""Where the archive lies: a directory of this host, or whatever fsspec reaches."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any, BinaryIO, cast

import fsspec

from app.errors import ConfigError

_PRIVATE_DIRECTORY = 0o700
_PRIVATE_FILE = 0o600
_BUCKETS = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oss"})
"""Protocols that know no directories."""


class ArchiveFailed(Exception):
    """The archive takes no file, or does not give back what was written; ``reason`` says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ArchivePlace:
    """Files under one directory or URL. Paths are relative to it, with ``/`` between."""

    def __init__(self, filesystem: Any, root: str, *, is_local: bool) -> None:
        self._files = filesystem
        self._root = root.rstrip("/")
        self._is_local = is_local

    def write(self, path: str, content: bytes) -> None:
        """Write a file of a new name, whole or not at all; raises ``ArchiveFailed``.

        It is on the disk when this returns, or in the hands of the store of objects.
        """
        full = f"{self._root}/{path}"
        try:
            if self._is_local:
                _write_file(Path(full), content)
            else:
                self._write_object(full, content)
        except Exception as error:  # whatever a library for some cloud raises
            raise ArchiveFailed(reason_of(error)) from error

    def _write_object(self, full: str, content: bytes) -> None:
        # Where there are buckets, a directory of a bucket that is missing would make that: a name
        # that was mistyped is to be a failure.
        if not _BUCKETS.intersection(_protocols(self._files)):
            self._files.makedirs(full.rpartition("/")[0], exist_ok=True)
        self._files.pipe_file(full, content)

    def read(self, path: str) -> BinaryIO:
        """Open a file; raises ``ArchiveFailed``."""
        try:
            return cast("BinaryIO", self._files.open(f"{self._root}/{path}", "rb"))
        except Exception as error:
            raise ArchiveFailed(reason_of(error)) from error

    def names(self, directory: str) -> list[str]:
        """The names in a directory, sorted; none if it is not there; raises ``ArchiveFailed``."""
        try:
            found = self._files.ls(f"{self._root}/{directory}", detail=False, refresh=True)
        except FileNotFoundError:
            return []
        except Exception as error:
            raise ArchiveFailed(reason_of(error)) from error
        return sorted({str(name).rstrip("/").rpartition("/")[2] for name in found})


def open_place(url: str, data_dir: Path) -> ArchivePlace:
    """Where a setting leads: a directory, in the data directory if it is relative, or a URL.

    Raises ``ConfigError`` if there is no such place for this process.
    """
    scheme, mark, rest = url.partition("://")
    if not mark or scheme == "file":
        root = (data_dir / (rest if mark else url)).absolute()
        return ArchivePlace(fsspec.filesystem("file"), str(root), is_local=True)
    try:
        filesystem, root = fsspec.core.url_to_fs(url, use_listings_cache=False)
    except ImportError as error:
        raise ConfigError(
            f"QHRONOS_ARCHIVE_URL leads to {scheme}://, which needs another package: {error}."
        ) from None
    except Exception as error:  # noqa: BLE001 - whatever the library for that place raises
        raise ConfigError(f"QHRONOS_ARCHIVE_URL can't be used: {reason_of(error)}.") from None
    return ArchivePlace(filesystem, root, is_local=False)


def reason_of(error: BaseException) -> str:
    """What to tell people of an error: no path and no URL, which may have a password."""
    if isinstance(error, OSError) and error.errno is not None:
        return os.strerror(error.errno)
    if isinstance(error, FileNotFoundError):  # as some libraries raise it
        return os.strerror(errno.ENOENT)
    if isinstance(error, PermissionError):
        return os.strerror(errno.EACCES)
    return type(error).__name__


def _protocols(filesystem: Any) -> tuple[str, ...]:
    protocol = filesystem.protocol
    return (protocol,) if isinstance(protocol, str) else tuple(protocol)


def _write_file(path: Path, content: bytes) -> None:
    _make_directory(path.parent)
    part = path.with_name(f".{path.name}.part")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE_FILE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        part.rename(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    _sync(path.parent)


def _make_directory(path: Path) -> None:
    if path.is_dir():
        return
    _make_directory(path.parent)
    path.mkdir(mode=_PRIVATE_DIRECTORY, exist_ok=True)
    _sync(path.parent)


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
