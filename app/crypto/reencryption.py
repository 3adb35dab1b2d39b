"""Encrypts every stored secret with one key, so that the others can be thrown away."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from app.crypto.encryption import DecryptionFailed, Encryptor
from app.crypto.key_choice import LACKING
from app.domain.process import ProcessFacts
from app.errors import ConfigError
from app.store.encrypted_secrets import EncryptedSecret, EncryptedSecrets
from app.store.key_notes import KeyNotes, key_of

SETTLE_S = 1.0
"""How long whoever has noted a key may take to write what it has encrypted."""


class Reencrypted(NamedTuple):
    """How many secrets were encrypted again, and whose secrets no key decrypts."""

    replaced: int
    unreadable: tuple[str, ...]


def reencrypt(
    secrets: EncryptedSecrets,
    encryptor: Encryptor,
    notes: KeyNotes,
    alive: Sequence[ProcessFacts],
    *,
    pause: Callable[[float], object] = time.sleep,
) -> Reencrypted:
    """Encrypt all secrets with the current key; harmless beside running processes, or repeated.

    What can't be decrypted is left as it is. Raises ``ConfigError``, and changes nothing, if the
    processes that run encrypt with another key, or if this one is a stranger to the store.
    """
    _refuse_stray_key(encryptor, notes.noted(), alive)
    replaced = 0
    while True:
        done, in_use = _replace_all(secrets, encryptor, notes)
        replaced += done.replaced
        # A request that runs beside this may have chosen a key before, and may write after the
        # walk: so what is forgotten is looked for once more. (The current key may be one's first.)
        unused = notes.noted() - in_use - {encryptor.current}
        if not unused:
            return Reencrypted(replaced, done.unreadable)
        notes.forget(unused)
        pause(SETTLE_S)


def _replace_all(
    secrets: EncryptedSecrets, encryptor: Encryptor, notes: KeyNotes
) -> tuple[Reencrypted, set[bytes]]:
    """Walk over all secrets once; returns also under which keys something is stored now."""
    replaced, unreadable = 0, []
    in_use: set[bytes] = set()
    for batch in secrets.batches():
        replacements: list[tuple[EncryptedSecret, bytes]] = []
        for one in batch:
            if encryptor.is_current(one.encrypted):
                in_use.add(encryptor.current)
                continue
            try:
                plain = encryptor.decrypt(one.encrypted, one.owner)
            except DecryptionFailed:
                unreadable.append(one.name)
                in_use.add(key_of(one.encrypted))
            else:
                replacements.append((one, encryptor.encrypt(plain, one.owner)))
        if replacements:
            notes.note(encryptor.current, notes.noted() | encryptor.known)
            in_use.add(encryptor.current)
        replaced += secrets.replace(replacements)
    return Reencrypted(replaced, tuple(unreadable)), in_use


def _refuse_stray_key(
    encryptor: Encryptor, noted: set[bytes], alive: Sequence[ProcessFacts]
) -> None:
    others = [one for one in alive if one.key and one.key != encryptor.current.hex()]
    if others:
        raise ConfigError(
            f"Nothing was changed: {others[0].place} encrypts with another key than this command. "
            "Give both the same QHRONOS_ENCRYPTION_KEY (and the one before as "
            "QHRONOS_ENCRYPTION_KEY_PREVIOUS), restart the process, and run the command again."
        )
    if noted and not noted & encryptor.known:
        raise ConfigError(f"Nothing was changed. {LACKING}")
