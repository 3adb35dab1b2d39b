"""Seals every stored secret with the current key, so that the one before can be thrown away."""

from __future__ import annotations

from typing import NamedTuple

from app.domain.ids import to_text
from app.store.sealed import SealedSecret, SealedSecrets
from app.store.sealing import Sealer, Unsealable


class Resealed(NamedTuple):
    """How many secrets were sealed anew, and the events whose secret opens with no key."""

    replaced: int
    unreadable: tuple[str, ...]


def reseal(secrets: SealedSecrets, sealer: Sealer) -> Resealed:
    """Look at every secret; harmless beside running processes and when repeated.

    Processes that still seal with the key before must have been restarted first.
    """
    replaced, unreadable = 0, []
    for batch in secrets.batches():
        replacements: list[tuple[SealedSecret, bytes]] = []
        for one in batch:
            if sealer.is_current(one.sealed):
                continue
            try:
                plain = sealer.open(one.sealed, one.belongs_to)
            except Unsealable:
                unreadable.append(to_text(one.event_id))
            else:
                replacements.append((one, sealer.seal(plain, one.belongs_to)))
        replaced += secrets.replace(replacements)
    if not unreadable:
        secrets.forget_other_keys(sealer.current)
    return Resealed(replaced, tuple(unreadable))
