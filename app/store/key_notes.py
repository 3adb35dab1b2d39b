"""Which encryption keys have encrypted something in the store. They go by their names.

A key is noted before the first write of what it has encrypted. So a process that encrypts nothing
leaves no trace, and nothing is stored under a key that is not noted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import cast

from app.domain.event import Event
from app.domain.once import Once
from app.domain.partition_count import Count
from app.errors import StoreUnavailable
from app.store import keys
from app.store.connection import StoreClient
from app.store.event_plans import Plan, Saved
from app.store.events import EventStore
from app.store.scripts import Scripts
from app.store.terms import NO_DECLARED, EventTerms
from app.store.withdrawals import NO_WITHDRAWAL, Withdrawal

_PREFIX = "seal:"
_NAME = slice(1, 5)
"""Where an encrypted value has the name of its key; see ``crypto.encryption``."""


class KeyRefused(StoreUnavailable):
    """This process may not encrypt with its key: set the same QHRONOS_ENCRYPTION_KEY everywhere."""


class KeyNotes:
    """The names of the keys that have encrypted something."""

    def __init__(self, client: StoreClient, scripts: Scripts) -> None:
        self._client = client
        self._scripts = scripts

    def noted(self) -> set[bytes]:
        """Return the names; raises ``StoreUnavailable``."""
        fields = cast("list[bytes]", self._client.hkeys(keys.META.decode()))
        names = [field.decode() for field in fields]
        return {
            bytes.fromhex(name.removeprefix(_PREFIX)) for name in names if name.startswith(_PREFIX)
        }

    def note(self, name: bytes, known: Iterable[bytes]) -> None:
        """Note that a key is about to encrypt something.

        Raises ``KeyRefused`` if it never has, and another key has that is not among the known ones.
        """
        args = [_PREFIX + name.hex(), *(_PREFIX + other.hex() for other in known)]
        if not self._scripts("note_key", [keys.META], args):
            raise KeyRefused

    def forget(self, names: Collection[bytes]) -> None:
        """Forget keys under which nothing is stored any more."""
        if names:
            self._client.hdel(keys.META.decode(), *(_PREFIX + name.hex() for name in names))


def key_of(encrypted: bytes) -> bytes:
    """Return the name of the key that a value was encrypted with."""
    return encrypted[_NAME]


class NotedEventStore(EventStore):
    """Events; the key of a secret is noted before the secret is written."""

    def __init__(
        self,
        client: StoreClient,
        scripts: Scripts,
        partitions: Count,
        notes: KeyNotes,
        known: frozenset[bytes],
        terms: EventTerms = NO_DECLARED,
    ) -> None:
        """``known`` are the names of the keys that this process has."""
        super().__init__(client, scripts, partitions, terms)
        self._notes = notes
        self._known = known

    def save(
        self,
        event: Event,
        plan: Plan,
        before: Event | None,
        now_ms: int,
        once: Once | None = None,
        withdrawal: Withdrawal = NO_WITHDRAWAL,
    ) -> Saved:
        """Write an event; see ``EventStore.save``. Raises ``KeyRefused``."""
        self._note(_encrypted(event) - (_encrypted(before) if before else set()))
        return super().save(event, plan, before, now_ms, once, withdrawal)

    def note_keys(self, events: Iterable[Event]) -> None:
        """Note with which keys secrets of new events are encrypted; raises ``KeyRefused``."""
        self._note({value for one in events for value in _encrypted(one)})

    def _note(self, values: set[bytes]) -> None:
        for name in {key_of(value) for value in values}:
            self._notes.note(name, self._known)


def _encrypted(event: Event) -> set[bytes]:
    return {value for value in (event.hmac_secret, event.encrypted_headers) if value}
