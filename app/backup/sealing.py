"""Encryption of backups, in the format of age: whoever has ``age`` can open one without Qhronos.

A key file has lines as ``age-keygen`` writes them. With the public key alone (``age1…``) one can
make backups and not read them. The secret key (``AGE-SECRET-KEY-1…``) does both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import pyrage

from app.backup.wording import BackupRefused

MAGIC = b"age-encryption.org/"
_SECRET, _PUBLIC = "AGE-SECRET-KEY-1", "age1"
_READ = 1 << 20


@dataclass(frozen=True, slots=True)
class BackupKeys:
    """For whom backups are encrypted, and with what they are opened."""

    recipients: tuple[pyrage.x25519.Recipient, ...] = ()
    identities: tuple[pyrage.x25519.Identity, ...] = ()


def read_keys(path: Path | None) -> BackupKeys:
    """Read a key file (``None``: no keys); raises ``BackupRefused``."""
    if path is None:
        return BackupKeys()
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
        lines = [line for line in lines if line and not line.startswith("#")]
        identities = [
            pyrage.x25519.Identity.from_str(line) for line in lines if line.startswith(_SECRET)
        ]
        others = [line for line in lines if not line.startswith(_SECRET)]
        recipients = [pyrage.x25519.Recipient.from_str(line) for line in others]
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "it is no text"
        raise BackupRefused(f"The key file {path} can't be read ({said}).") from None
    except (pyrage.IdentityError, pyrage.RecipientError):
        lines = []
    if not lines:
        raise BackupRefused(
            f"The key file {path} must have one key in each line, {_PUBLIC}… or {_SECRET}…: make "
            "one with 'qhronos backup new-key FILE' or with age-keygen."
        )
    return BackupKeys((*recipients, *(one.to_public() for one in identities)), tuple(identities))


def new_key() -> tuple[str, str]:
    """Make a key; returns the text of its file, and the public key."""
    identity = pyrage.x25519.Identity.generate()
    public = str(identity.to_public())
    return f"# public key: {public}\n{identity}\n", public


def encrypt(pieces: Iterable[bytes], keys: BackupKeys, write: Callable[[bytes], object]) -> None:
    """Pass pieces on, encrypted if there are keys. Raises what ``pieces`` and ``write`` raise."""
    if not keys.recipients:
        for piece in pieces:
            write(piece)
        return
    source, sink = _Source(pieces), _Sink(write)
    try:
        pyrage.encrypt_io(source, sink, keys.recipients)
    except (pyrage.EncryptError, OSError):
        raise (source.error or sink.error or BackupRefused("It can't be encrypted.")) from None


def decrypt(
    read: Callable[[int], bytes],
    keys: BackupKeys,
    write: Callable[[bytes], object],
    name: str,
) -> bool:
    """Pass a file's content on, decrypted if it is encrypted; tells whether it was.

    Raises ``BackupRefused``, and what ``read`` and ``write`` raise.
    """
    first = read(len(MAGIC))
    if first != MAGIC:
        while first:
            write(first)
            first = read(_READ)
        return False
    if not keys.identities:
        raise BackupRefused(f"{name} is encrypted: name the file of its secret key with --key.")
    source, sink = _Source(_whole(first, read)), _Sink(write)
    try:
        pyrage.decrypt_io(source, sink, keys.identities)
    except (pyrage.DecryptError, OSError) as error:
        if cause := source.error or sink.error:
            raise cause from None
        if "No matching keys" in str(error):
            raise BackupRefused(f"{name} is encrypted for another key.") from None
        raise BackupRefused(f"{name} was cut off or changed: use another backup.") from None
    return True


def _whole(first: bytes, read: Callable[[int], bytes]) -> Iterable[bytes]:
    while first:
        yield first
        first = read(_READ)


class _Source:
    """What the library reads from. It keeps an error, of which the library only tells the text."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._held = b""
        self.error: Exception | None = None

    def read(self, size: int = _READ) -> bytes:
        try:
            while not self._held:
                piece = next(self._pieces, None)
                if piece is None:
                    return b""
                self._held = piece
        except Exception as error:
            self.error = error
            raise
        size = size if size >= 0 else len(self._held)
        some, self._held = self._held[:size], self._held[size:]
        return some


class _Sink:
    """What the library writes to."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self.error: Exception | None = None

    def write(self, piece: bytes) -> int:
        try:
            self._write(bytes(piece))
        except Exception as error:
            self.error = error
            raise
        return len(piece)

    def flush(self) -> None:
        """Nothing is held back here."""
