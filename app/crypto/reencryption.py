"""Encrypts every stored secret with the current key, so that the previous key can be deleted."""

from __future__ import annotations

from typing import NamedTuple

from app.crypto.encryption import DecryptionFailed, Encryptor
from app.store.encrypted_secrets import EncryptedSecret, EncryptedSecrets


class Reencrypted(NamedTuple):
    """How many secrets were encrypted again, and whose secrets no key decrypts."""

    replaced: int
    unreadable: tuple[str, ...]


def reencrypt(secrets: EncryptedSecrets, encryptor: Encryptor) -> Reencrypted:
    """Encrypt all secrets with the current key; harmless beside running processes, or repeated.

    Restart the processes that still encrypt with the previous key first.
    """
    replaced, unreadable = 0, []
    for batch in secrets.batches():
        replacements: list[tuple[EncryptedSecret, bytes]] = []
        for one in batch:
            if encryptor.is_current(one.encrypted):
                continue
            try:
                plain = encryptor.decrypt(one.encrypted, one.owner)
            except DecryptionFailed:
                unreadable.append(one.name)
            else:
                replacements.append((one, encryptor.encrypt(plain, one.owner)))
        replaced += secrets.replace(replacements)
    if not unreadable:
        secrets.forget_other_keys(encryptor.current)
    return Reencrypted(replaced, tuple(unreadable))
