"""With which key a process encrypts, so that whatever it stores all others can read.

While a key is changed, hosts are restarted one after the other. A host that has the new key already
goes on with the one that is in use until every process that runs knows the new one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.store.key_notes import KeyNotes, KeyRefused

LACKING = (
    "The store's secrets were encrypted with a key that this process does not have: set "
    "QHRONOS_ENCRYPTION_KEY (without one, QHRONOS_JWT_SECRET) as it is on the other hosts, and "
    "restart."
)
DIFFERING = (
    "Hosts have different encryption keys and nothing says which one is right: set the same "
    "QHRONOS_ENCRYPTION_KEY (without one, QHRONOS_JWT_SECRET) on all of them, and restart."
)


@dataclass(frozen=True, slots=True)
class KeyChoice:
    """The choice of one process. Keys go by their names.

    ``alive`` answers, for each process that runs, the keys that it can decrypt with.
    """

    own: bytes
    known: frozenset[bytes]
    notes: KeyNotes
    alive: Callable[[], Sequence[frozenset[bytes]]]

    def key(self) -> bytes:
        """Return the key to encrypt with.

        It is the process's own if that is in use, or may come into use. Until then it is one that
        is in use. Raises ``KeyRefused`` if neither is possible, ``StoreUnavailable``.
        """
        noted = self.notes.noted()
        if self.own in noted:
            return self.own
        processes = self.alive()
        knowing = sum(self.own in known for known in processes)
        if not noted:
            # Nothing is encrypted yet. What most processes have can't be a stray one's key.
            if 2 * knowing > len(processes) or not processes:
                return self.own
            raise KeyRefused(DIFFERING)
        if noted <= self.known and knowing == len(processes):
            return self.own
        in_use = sorted(noted & self.known)
        if not in_use:
            raise KeyRefused(LACKING)
        return max(in_use, key=lambda name: sum(name in known for known in processes))

    def missing(self) -> set[bytes]:
        """Return the keys in use that this process does not have."""
        return self.notes.noted() - self.known
