r"""The form of a backup.

    zstd( header "\n" snapshot digest "\n" )

The header is one line of JSON. The snapshot is what the store's server wrote, in the RDB format.
The digest is the SHA-256 of everything before it, in hex. An encrypted backup is all that, as a
file of age (https://age-encryption.org/v1). So both open with usual tools.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import zstandard

from app.backup.wording import BackupRefused
from app.domain.times import MAX_MS

FORMAT = 1
OF_CLUSTER = 2
"""The form of a backup with a snapshot of each node, in frames; see ``cluster_snapshots``."""

LEVEL = 3
PIECE = 1 << 10
"""Bytes that are decompressed at once: four can become 128 KiB, and so these 32 MiB, at most."""

_ZSTD = b"\x28\xb5\x2f\xfd"
"""What everything begins with that zstd has packed (RFC 8878, section 3.1.1)."""

_DIGEST = 65
"""Bytes of the digest and the line end after it."""

_LONGEST_HEADER = 65_536

_SECRET = re.compile("[a-z_]{1,64}")
"""What a secret can be called: it becomes the name of a file."""

_CUT = "{file} was cut off or changed: use another backup."
_OTHER = "{file} is no backup of Qhronos."


@dataclass(frozen=True, slots=True)
class BackupHeader:
    """What a backup says of itself."""

    version: str
    """Of the program that made it."""

    taken_ms: int
    """By the store's clock, ms UTC: everything that was answered before is in it."""

    schema: int
    partitions: int
    server: str
    """Of the store, as in ``valkey 9.1.2``."""

    instance: str = ""
    keys: tuple[str, ...] = ()
    """The names of the keys with which secrets in it are encrypted."""

    secrets: dict[str, str] = field(default_factory=dict)
    """Those that ``make run`` made for itself; only an encrypted backup has them."""

    format: int = FORMAT

    nodes: int = 0
    """Of a cluster: how many snapshots there are; 0: one, of one server."""

    def line(self) -> bytes:
        """The header as it is stored."""
        form = OF_CLUSTER if self.nodes else FORMAT
        return json.dumps({"qhronos_backup": form, **asdict(self)}).encode() + b"\n"

    @classmethod
    def read(cls, line: bytes, name: str) -> BackupHeader:
        """Read one; raises ``BackupRefused``."""
        try:
            given: dict[str, Any] = json.loads(line)
            number = given.pop("qhronos_backup")
            if type(number) is not int:
                raise ValueError  # noqa: TRY301 - it is told below
            if number not in (FORMAT, OF_CLUSTER):
                raise BackupRefused(
                    f"{name} has the form {number}, and this version of Qhronos knows none above "
                    f"{OF_CLUSTER}: use a later version."
                )
            known = {one: given[one] for one in cls.__dataclass_fields__ if one in given}
            header = cls(**{**known, "keys": tuple(given.get("keys", ()))})
            header.require_sense()
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise BackupRefused(_OTHER.format(file=name)) from None
        return header

    def require_sense(self) -> None:
        """Raise ``ValueError`` for what no backup says: a terminal shows it, and files have it."""
        texts = (self.version, self.server, self.instance, *self.keys, *self.secrets.values())
        numbers = (self.taken_ms, self.schema, self.partitions, self.nodes)
        if not (
            all(isinstance(one, str) and one.isprintable() for one in texts)
            and all(type(one) is int and 0 <= one <= MAX_MS for one in numbers)
            and all(map(_SECRET.fullmatch, self.secrets))
        ):
            raise ValueError


def pack(header: BackupHeader, snapshot: Iterable[bytes]) -> Iterator[bytes]:
    """Make a backup of a snapshot, in pieces."""
    compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True).compressobj()
    digest = hashlib.sha256()
    for piece in _with(header, snapshot):
        digest.update(piece)
        yield compressor.compress(piece)
    yield compressor.compress(digest.hexdigest().encode() + b"\n")
    yield compressor.flush()


def _with(header: BackupHeader, snapshot: Iterable[bytes]) -> Iterator[bytes]:
    yield header.line()
    yield from snapshot


class Unpacker:
    """Is given a backup in pieces, passes the snapshot on, and knows in the end if it is whole."""

    def __init__(self, name: str, write: Callable[[bytes], object]) -> None:
        """``name`` is the backup's, for errors; ``write`` takes the snapshot."""
        self._name = name
        self._write = write
        self._zstd = zstandard.ZstdDecompressor(max_window_size=1 << 27).decompressobj()
        self._digest = hashlib.sha256()
        self._held = bytearray()
        self._begins = b""
        self.header: BackupHeader | None = None
        """What it says of itself, once that was read: before any of the snapshot."""

        self.size = 0
        """Bytes of the snapshot, so far."""

    def feed(self, piece: bytes) -> None:
        """Take the next piece; raises ``BackupRefused``."""
        self._begins += piece[: len(_ZSTD) - len(self._begins)]
        for at in range(0, len(piece), PIECE):
            try:
                self._held += self._zstd.decompress(piece[at : at + PIECE])
            except zstandard.ZstdError:
                raise self._refused() from None
            self._pass_on()

    def end(self) -> BackupHeader:
        """Say that that was all; raises ``BackupRefused`` if it is not a whole backup."""
        digest = self._digest.hexdigest().encode() + b"\n"
        is_whole = self._zstd.eof and not self._zstd.unused_data
        if self.header is None or not is_whole or bytes(self._held) != digest:
            raise self._refused()
        return self.header

    def _refused(self) -> BackupRefused:
        kind = _CUT if self._begins == _ZSTD else _OTHER
        return BackupRefused(kind.format(file=self._name))

    def _pass_on(self) -> None:
        if self.header is None:
            line, found, rest = self._held.partition(b"\n")
            if not found:
                if len(line) > _LONGEST_HEADER:
                    raise BackupRefused(_OTHER.format(file=self._name))
                return
            self.header = BackupHeader.read(bytes(line), self._name)
            self._digest.update(line + b"\n")
            self._held = rest
        passed = bytes(self._held[:-_DIGEST])
        if passed:
            del self._held[: len(passed)]
            self._digest.update(passed)
            self._write(passed)
            self.size += len(passed)
