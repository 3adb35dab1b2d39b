"""Seals every stored secret with the current key, so that the one before can be thrown away."""

from __future__ import annotations

from typing import NamedTuple

from app.crypto.encryption import DecryptionFailed, Encryptor
from app.domain.ids import to_text
from app.store.encrypted_secrets import EncryptedSecret, EncryptedSecrets


class Reencrypted(NamedTuple):
    """How many secrets were sealed anew, and the events whose secret opens with no key."""

    replaced: int
    unreadable: tuple[str, ...]


def reencrypt(secrets: EncryptedSecrets, sealer: Encryptor) -> Reencrypted:
    """Look at every secret; harmless beside running processes and when repeated.

    Processes that still seal with the key before must have been restarted first.
    """
    replaced, unreadable = 0, []
    for batch in secrets.batches():
        replacements: list[tuple[EncryptedSecret, bytes]] = []
        for one in batch:
            if sealer.is_current(one.sealed):
                continue
            try:
                plain = sealer.open(one.sealed, one.belongs_to)
            except DecryptionFailed:
                unreadable.append(to_text(one.event_id))
            else:
                replacements.append((one, sealer.seal(plain, one.belongs_to)))
        replaced += secrets.replace(replacements)
    if not unreadable:
        secrets.forget_other_keys(sealer.current)
    return Reencrypted(replaced, tuple(unreadable))
