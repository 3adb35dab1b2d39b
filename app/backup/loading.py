"""The snapshot of a backup, loaded into a server of its own: so it is known to be usable."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from app.backup.packing import BackupHeader, Unpacker
from app.backup.sealing import BackupKeys, decrypt
from app.backup.wording import BackupRefused
from app.errors import ConfigError
from app.runtime.binary import servers
from app.runtime.embedded import EmbeddedStore
from app.runtime.files import private_directory
from app.store.connecting import connect
from app.store.connection import StoreClient

LOADING_S = 3_600.0
PATIENCE_S = 300.0
"""How long a command may take: a server that loads answers none."""


@dataclass(frozen=True, slots=True)
class LoadedBackup:
    """A backup, and the server that has loaded it."""

    header: BackupHeader
    client: StoreClient
    size: int
    """Bytes of the snapshot."""

    is_encrypted: bool


@contextmanager
def loaded(path: Path, keys: BackupKeys) -> Iterator[LoadedBackup]:
    """Read a backup and load it; raises ``BackupRefused``.

    It takes the room of the whole snapshot in ``TMPDIR``, and the memory of the store.
    """
    with tempfile.TemporaryDirectory(prefix="qhronos-") as place:
        directory = Path(place)
        private_directory(directory / "store")
        header, size, is_encrypted = _unpack(path, keys, directory / "store" / "dump.rdb")
        with (
            _server(directory, header, path.name) as store,
            connect(store.url, timeout_s=PATIENCE_S) as client,
        ):
            yield LoadedBackup(header, client, size, is_encrypted)


def _unpack(path: Path, keys: BackupKeys, target: Path) -> tuple[BackupHeader, int, bool]:
    try:
        with path.open("rb") as source, target.open("wb") as snapshot:
            return _unpacked(source, keys, snapshot, path.name)
    except OSError as error:
        if error.filename == str(path):
            raise BackupRefused(f"{path} can't be read ({error.strerror}).") from None
        raise BackupRefused(
            f"{error.filename or target} can't be used ({error.strerror}): a backup is unpacked "
            "into TMPDIR, which needs the room."
        ) from None


def _unpacked(
    source: IO[bytes], keys: BackupKeys, snapshot: IO[bytes], name: str
) -> tuple[BackupHeader, int, bool]:
    unpacker = Unpacker(name, snapshot.write)
    is_encrypted = decrypt(source.read, keys, unpacker.feed, name)
    return unpacker.end(), unpacker.size, is_encrypted


@contextmanager
def _server(directory: Path, header: BackupHeader, name: str) -> Iterator[EmbeddedStore]:
    tried = []
    for binary in servers():
        store = EmbeddedStore(directory, persist=False, binary=binary)
        try:
            store.start(LOADING_S)
        except ConfigError:
            tried.append(str(binary))
            (directory / "store" / "server.json").unlink(missing_ok=True)
            continue
        # It is in memory now. What is encrypted in the backup is not to lie there in clear.
        (directory / "store" / "dump.rdb").unlink(missing_ok=True)
        try:
            yield store
        finally:
            store.stop()
        return
    raise BackupRefused(
        f"No server of this host can load {name}, which was taken from {header.server} "
        f"(tried: {', '.join(tried) or 'none'}): install that server, or a later version."
    )
