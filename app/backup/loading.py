"""The snapshot of a backup, loaded into a server of its own: so it is known to be usable."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from app.backup.cluster_snapshots import Frames
from app.backup.copying import StoreCopy
from app.backup.packing import BackupHeader, Unpacker
from app.backup.sealing import BackupKeys, decrypt
from app.backup.wording import BackupRefused
from app.errors import ConfigError
from app.runtime.binary import servers
from app.runtime.embedded import EmbeddedStore
from app.runtime.files import private_directory
from app.store import keys
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
def loaded(path: Path, opening: BackupKeys) -> Iterator[LoadedBackup]:
    """Read a backup and load it; raises ``BackupRefused``.

    It takes the room of the whole snapshot in ``TMPDIR``, and the memory of the store.
    """
    with tempfile.TemporaryDirectory(prefix="qhronos-") as place:
        directory = Path(place)
        header, size, is_encrypted = _unpack(path, opening, directory)
        with (
            _servers(directory, header, path.name) as store,
            connect(store.url, timeout_s=PATIENCE_S) as client,
        ):
            yield LoadedBackup(header, client, size, is_encrypted)


def _unpack(path: Path, opening: BackupKeys, directory: Path) -> tuple[BackupHeader, int, bool]:
    try:
        with path.open("rb") as source, _NodeFiles(directory, path.name) as files:
            unpacker = Unpacker(path.name, lambda piece: files.write(piece, unpacker.header))
            is_encrypted = decrypt(source.read, opening, unpacker.feed, path.name)
            return unpacker.end(), unpacker.size, is_encrypted
    except OSError as error:
        if error.filename == str(path):
            raise BackupRefused(f"{path} can't be read ({error.strerror}).") from None
        raise BackupRefused(
            f"{error.filename or directory} can't be used ({error.strerror}): a backup is unpacked "
            "into TMPDIR, which needs the room."
        ) from None


def _place(directory: Path, node: int) -> Path:
    """Where the server works that loads the snapshot of a node."""
    return directory / f"node-{node}"


class _NodeFiles(ExitStack):
    """The files into which a backup is unpacked: one for each node."""

    def __init__(self, directory: Path, name: str) -> None:
        super().__init__()
        self._directory, self._name = directory, name
        self._files: list[IO[bytes]] = []
        self._frames: Frames | None = None

    def write(self, piece: bytes, header: BackupHeader | None) -> None:
        """Write a piece of what follows the header."""
        nodes = header.nodes if header else 0
        if not self._files:
            for node in range(nodes or 1):
                store = _place(self._directory, node) / "store"
                private_directory(store)
                self._files.append(self.enter_context((store / "dump.rdb").open("wb")))
            if nodes:
                self._frames = Frames(nodes, lambda node, some: self._files[node].write(some))
        if self._frames is None:
            self._files[0].write(piece)
            return
        try:
            self._frames.feed(piece)
        except ValueError:
            raise BackupRefused(f"{self._name} is no backup of Qhronos.") from None


@contextmanager
def _servers(directory: Path, header: BackupHeader, name: str) -> Iterator[EmbeddedStore]:
    """Load what was unpacked; of a cluster, all is put together on one server."""
    if not header.nodes:
        with _server(_place(directory, 0), header, name) as store:
            yield store
        return
    whole = EmbeddedStore(directory / "whole", persist=False)
    with whole, connect(whole.url, timeout_s=PATIENCE_S) as client:
        for node in range(header.nodes):
            with (
                _server(_place(directory, node), header, name) as store,
                connect(store.url, timeout_s=PATIENCE_S) as source,
            ):
                _gather(source, client, header.partitions)
        yield whole


def _gather(source: StoreClient, target: StoreClient, partitions: int) -> None:
    StoreCopy(source, target, partitions, partitions, lambda: None).run()
    if meta := source.direct("HGETALL", keys.META):
        target.direct("HSET", keys.META, *meta)


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
